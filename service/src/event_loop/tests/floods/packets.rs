//! Packets that a node has to forward, and what leaves it for each.
//!
//! A user's core makes them, whose only gateway is the node. Then a double of the node, which has its key, forwards them one by
//! one in virtual time. So it is known before how long the node will hold each, and what comes out of it. That is what an
//! attacker does who looks for packets with long delays: who makes a packet draws its delays.

use super::MEAN_DELAY;
use mixnet_node_core::{
	ChainSession, Config, KxSecret, Mixnet, Packet, Parameters, PeerId, SessionPhase, SessionStatus, Time,
};
use mixnet_primitives::Mixnode;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::time::Duration;

/// What a packet is known by: the public key that it begins with.
pub type Mark = [u8; 32];

/// The mark of a packet, if it is one.
pub fn mark(packet: &[u8]) -> Option<Mark> {
	packet.first_chunk().copied()
}

/// A packet for the node.
pub struct ToForward {
	/// As it comes to the node.
	pub packet: Vec<u8>,
	/// The mark of what leaves the node for it.
	pub leaves_as: Mark,
}

/// Where packets for the node come from.
pub struct Source {
	author: Mixnet<ChaCha20Rng>,
	authors_time: Time,
	drawn: Vec<Packet>,
	double: Mixnet<ChaCha20Rng>,
	doubles_time: Time,
}

impl Source {
	/// Makes packets for the node `node` in a session of these mixnodes.
	pub fn new(seed: u64, node: PeerId, secret: KxSecret, mixnodes: &[Mixnode]) -> Self {
		let core = |config, id, secret, parameters| {
			let rng = ChaCha20Rng::seed_from_u64(seed);
			let mut core = Mixnet::new(config, id, rng, secret).expect("the config is valid; qed");
			core.restore_gateways(&[node]);
			core.set_status(Time::ZERO, SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev });
			core.set_session(Time::ZERO, ChainSession::new(0, Ok(mixnodes.to_vec())).with_parameters(Some(parameters)));
			core
		};
		let config = Config { gateways: 1, ..Config::default() };
		let mut author = core(config, PeerId([0; 32]), None, Parameters::default());
		assert_eq!(author.gateways(), [node]);
		author.peer_connected(Time::ZERO, node);
		// A double with next to no packets of its own.
		let parameters = Parameters { mixnode_mean_period_ms: 24 * 60 * 60 * 1000, ..Parameters::default() };
		let double = core(Config::default(), node, Some(secret), parameters);
		Self { author, authors_time: Time::ZERO, drawn: Vec::new(), double, doubles_time: Time::ZERO }
	}

	/// A packet, and how long the node is to hold it.
	pub fn draw(&mut self) -> (ToForward, Duration) {
		while self.drawn.is_empty() {
			self.authors_time = self.author.poll_timeout().expect("cover is sent all the time; qed");
			self.author.handle_timeout(self.authors_time);
			while let Some(sent) = self.author.poll_transmit() {
				self.drawn.push(sent.packet);
			}
			while self.author.poll_event().is_some() {}
		}
		let packet = self.drawn.pop().expect("there is one; qed");

		let (from, came, before) = (PeerId([0; 32]), self.doubles_time, self.double.statistics().packets_forwarded);
		let bytes = packet.as_bytes().to_vec();
		assert_eq!(self.double.handle_packet(came, from, packet), None);
		loop {
			self.doubles_time = self.double.poll_timeout().expect("a packet waits; qed");
			self.double.handle_timeout(self.doubles_time);
			while self.double.poll_event().is_some() {}
			while let Some(sent) = self.double.poll_transmit() {
				if self.double.statistics().packets_forwarded > before {
					let leaves_as = mark(sent.packet.as_bytes()).expect("a packet is long enough; qed");
					let delay = self.doubles_time - came;
					// None of the others' packets counts any more when the next one comes.
					self.doubles_time += MEAN_DELAY;
					return (ToForward { packet: bytes, leaves_as }, delay);
				}
			}
		}
	}

	/// A packet that the node is to hold for at least so long.
	pub fn draw_long(&mut self, at_least: Duration) -> ToForward {
		loop {
			let (packet, delay) = self.draw();
			if delay >= at_least {
				return packet;
			}
		}
	}
}
