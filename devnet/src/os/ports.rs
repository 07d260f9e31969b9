//! Ports that no other devnet uses.
//!
//! A node tells others its address when it starts. So its port must be known before, and the operating system cannot
//! choose it. Instead, a range of ports is divided into blocks. Whoever listens on a block's first port owns the block:
//! another devnet cannot listen there. The range lies below the ports that operating systems give to outgoing
//! connections, which come and go.

use anyhow::bail;
use std::{
	net::{Ipv4Addr, TcpListener},
	ops::Range,
};

/// The ports that are divided into blocks.
const RANGE: Range<u16> = 20_000..32_000;

/// Ports in a block. All blocks have one size, so that blocks of different devnets cannot overlap.
const BLOCK_SIZE: u16 = 80;

/// The most ports that one network may have.
pub const MAX_PORTS: u16 = BLOCK_SIZE - 1;

/// A block of ports. It is ours as long as this lives.
#[derive(Debug)]
pub struct PortBlock {
	_owner: TcpListener,
	ports: Vec<u16>,
}

impl PortBlock {
	/// Finds `count` ports (at most [`MAX_PORTS`]) that are free on the loopback interface. `start` chooses the block that
	/// is tried first.
	pub fn reserve(count: u16, start: u32) -> anyhow::Result<Self> {
		let blocks = (RANGE.end - RANGE.start) / BLOCK_SIZE;
		for step in 0..blocks {
			let block = (start.wrapping_add(u32::from(step)) % u32::from(blocks)) as u16;
			let first = RANGE.start + block * BLOCK_SIZE;
			let Ok(owner) = bind(first) else { continue };
			let ports: Vec<u16> = (first + 1..).take(count.min(MAX_PORTS).into()).collect();
			if ports.iter().all(|port| bind(*port).is_ok()) {
				return Ok(Self { _owner: owner, ports });
			}
		}
		bail!(
			"no {count} ports in a row are free between {} and {}; end other networks on this machine",
			RANGE.start,
			RANGE.end
		)
	}

	/// The reserved ports, in ascending order.
	pub fn ports(&self) -> &[u16] {
		&self.ports
	}
}

fn bind(port: u16) -> std::io::Result<TcpListener> {
	TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::collections::BTreeSet;

	#[test]
	fn blocks_of_one_time_share_no_port() {
		let blocks: Vec<_> = (0..5).map(|_| PortBlock::reserve(14, 7).expect("there are many; qed")).collect();
		let ports: BTreeSet<_> = blocks.iter().flat_map(|block| block.ports().iter().copied()).collect();
		assert_eq!(ports.len(), 5 * 14);
	}

	#[test]
	fn a_port_in_use_is_in_no_block() {
		let first = PortBlock::reserve(3, 1_000).expect("there are many; qed");
		let used = first.ports()[1];
		drop(first);
		let _somebody = bind(used).expect("it was free a moment ago; qed");
		let second = PortBlock::reserve(3, 1_000).expect("there are many; qed");
		assert!(!second.ports().contains(&used));
	}
}
