//! Cover that was built before its tick.

use super::AddressedPacket;
use crate::{
	bytes::{list, sum},
	sphinx::{CoverId, MixnodeIndex, MAX_HOPS, PACKET_SIZE},
};
use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use core::{mem, time::Duration};

/// Loop cover that is ready to be sent: what its return will be judged by.
#[derive(Debug)]
pub(crate) struct PreparedLoop {
	pub id: CoverId,
	/// The sum of the forwarding delays on its route.
	pub forwarding_delay: Duration,
	/// Number of links on its route.
	pub links: u32,
	/// The mixnodes on its route, in order, without ourselves.
	pub route: Box<[MixnodeIndex]>,
}

/// A cover packet that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Cover {
	/// The mixnode that it is sent to.
	pub first: MixnodeIndex,
	pub packet: AddressedPacket,
	/// `None` for drop cover.
	pub loops: Option<PreparedLoop>,
}

/// What takes the place of a tick's cover, if it waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Replacement {
	/// A packet of a request.
	Request,
	/// A packet of a reply.
	Reply,
}

/// What one tick sends, unless a request or a reply takes its place.
///
/// A packet that is not sent is zeroised: nobody who reads our memory later may find out which ones were cover.
#[derive(Debug)]
pub(crate) struct Prepared {
	/// What may take its place. Nothing, if it is loop cover.
	pub replacement: Option<Replacement>,
	/// `None` if there was no route.
	cover: Option<Cover>,
}

impl Prepared {
	pub fn new(replacement: Option<Replacement>, cover: Option<Cover>) -> Self {
		Self { replacement, cover }
	}

	/// The mixnode that the cover would be sent to.
	pub fn first(&self) -> Option<MixnodeIndex> {
		self.cover.as_ref().map(|cover| cover.first)
	}

	/// Takes the cover, to send it.
	pub fn take(mut self) -> Option<Cover> {
		self.cover.take()
	}
}

impl Drop for Prepared {
	fn drop(&mut self) {
		if let Some(cover) = &mut self.cover {
			cover.packet.packet.zeroize();
		}
	}
}

/// The cover of the ticks to come in one session, an entry for each tick.
///
/// What a tick is for, loop or drop cover, requests or replies, is drawn when its cover is built. Every tick takes one entry,
/// also if a request or a reply leaves in the cover's place. So what is in stock, and when more is built, depends on the ticks alone, and not on
/// what left. And a tick has nothing to build, whatever leaves.
///
/// A user's routes go by its connected gateways. If those change, all is built anew.
#[derive(Debug, Default)]
pub(crate) struct CoverStock {
	prepared: VecDeque<Prepared>,
	/// The connected gateways that it was built for. None at a mixnode.
	gateways: Vec<MixnodeIndex>,
	/// Does a tick wait for it?
	is_awaited: bool,
}

impl CoverStock {
	/// Number of entries that are built together.
	pub const BATCH: usize = 8;

	/// The most entries that are kept.
	pub const SIZE: usize = 2 * Self::BATCH;

	/// The most bytes of heap that a stock takes at a node with at most this many gateways.
	pub fn max_bytes(gateways: usize) -> usize {
		sum([
			Self::SIZE * (PACKET_SIZE + MAX_HOPS * size_of::<MixnodeIndex>()),
			list(Self::SIZE, size_of::<Prepared>()),
			list(gateways, size_of::<MixnodeIndex>()),
		])
	}

	/// Throws everything away that was built for other connected gateways than these.
	pub fn keep_for(&mut self, gateways: &[MixnodeIndex]) {
		if !self.is_for(gateways) {
			self.prepared.clear();
			self.gateways = gateways.into();
		}
	}

	/// Was it built for these connected gateways?
	pub fn is_for(&self, gateways: &[MixnodeIndex]) -> bool {
		self.gateways == gateways
	}

	/// Is nothing left?
	pub fn is_empty(&self) -> bool {
		self.prepared.is_empty()
	}

	/// Is there room for another batch?
	pub fn is_low(&self) -> bool {
		self.prepared.len() + Self::BATCH <= Self::SIZE
	}

	/// Adds the entry of the tick after all those that have one.
	pub fn push(&mut self, prepared: Prepared) {
		self.prepared.push_back(prepared);
	}

	/// Takes the entry of the next tick.
	pub fn pop(&mut self) -> Option<Prepared> {
		let prepared = self.prepared.pop_front()?;
		self.is_awaited = false;
		Some(prepared)
	}

	/// A tick found it empty, and waits. Returns whether this is news.
	pub fn wait(&mut self) -> bool {
		!mem::replace(&mut self.is_awaited, true)
	}

	/// Number of entries.
	#[cfg(test)]
	pub fn len(&self) -> usize {
		self.prepared.len()
	}
}
