//! The links between nodes, and what goes wrong on them.
//!
//! A packet is under way for the latency and some jitter, which makes packets overtake one another. It may be lost, come
//! twice, or be kept back by somebody who sits on the links. Links draw from a generator of their own, seeded by the
//! world's seed.

use mixnet_node_core::{Packet, PeerId, SessionIndex, Time};
use rand_chacha::{rand_core::RngCore, ChaChaRng};
use std::{
	collections::{BTreeMap, BTreeSet},
	time::Duration,
};

/// What goes wrong on links. May be changed at any time; what is under way is not affected.
pub struct Faults {
	/// How long a packet is under way at least.
	pub latency: Duration,
	/// A packet takes up to this much longer, at random: packets overtake one another.
	pub jitter: Duration,
	/// Probability that a packet is lost on a link.
	pub loss: f64,
	/// Probability that a packet comes twice, the second time after a latency and jitter of its own.
	pub duplication: f64,
	/// Somebody on the links, who keeps packets from this node to that one from arriving.
	pub blocks: Option<Block>,
	/// Somebody on the links, who holds packets from this node to that one for some time before they go on.
	pub holds: Option<Hold>,
	/// Nodes whose links are all cut.
	pub cut_off: BTreeSet<PeerId>,
}

/// Are packets from this node to that one kept from arriving?
pub type Block = Box<dyn Fn(PeerId, PeerId) -> bool>;

/// How long are packets from this node to that one held?
pub type Hold = Box<dyn Fn(PeerId, PeerId) -> Duration>;

impl Default for Faults {
	/// Nothing goes wrong, and every packet takes 30 ms.
	fn default() -> Self {
		Self {
			latency: Duration::from_millis(30),
			jitter: Duration::ZERO,
			loss: 0.0,
			duplication: 0.0,
			blocks: None,
			holds: None,
			cut_off: BTreeSet::new(),
		}
	}
}

impl Faults {
	fn keeps_back(&self, from: PeerId, to: PeerId) -> bool {
		self.cut_off.contains(&from)
			|| self.cut_off.contains(&to)
			|| self.blocks.as_ref().is_some_and(|blocks| blocks(from, to))
	}
}

/// A packet on its way.
#[derive(Clone)]
pub struct InFlight {
	/// The node that sent it.
	pub from: PeerId,
	/// The node that it comes to.
	pub to: PeerId,
	/// The packet itself.
	pub packet: Packet,
	/// The sessions in which its sender took part.
	pub sessions: BTreeSet<SessionIndex>,
}

/// What became of the packets that were put on links.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Count {
	/// Packets that were sent.
	pub sent: u64,
	/// Packets that came twice.
	pub duplicated: u64,
	/// Packets that were lost, or kept back.
	pub lost: u64,
	/// Packets that came to their end, second copies included.
	pub arrived: u64,
}

/// Packets under way, and the faults that act on them.
pub struct Transport {
	/// What goes wrong on them.
	pub faults: Faults,
	/// What became of packets so far.
	pub count: Count,
	rng: ChaChaRng,
	in_flight: BTreeMap<(Time, u64), InFlight>,
	number: u64,
}

/// Is something true that has this probability?
fn chance(rng: &mut ChaChaRng, probability: f64) -> bool {
	f64::from(rng.next_u32()) < probability * 2f64.powi(32)
}

impl Transport {
	pub(crate) fn new(rng: ChaChaRng) -> Self {
		Self { faults: Faults::default(), count: Count::default(), rng, in_flight: BTreeMap::new(), number: 0 }
	}

	/// Puts a packet on its way; `connected`: is there a link?
	pub(crate) fn send(&mut self, now: Time, packet: InFlight, connected: bool) {
		self.count.sent += 1;
		let is_lost = chance(&mut self.rng, self.faults.loss);
		if is_lost || self.faults.keeps_back(packet.from, packet.to) || !connected {
			self.count.lost += 1;
			return;
		}
		if self.faults.duplication > 0.0 && chance(&mut self.rng, self.faults.duplication) {
			self.count.duplicated += 1;
			self.start(now, packet.clone());
		}
		self.start(now, packet);
	}

	fn start(&mut self, now: Time, packet: InFlight) {
		let mut time = self.faults.latency;
		time += self.faults.holds.as_ref().map_or(Duration::ZERO, |holds| holds(packet.from, packet.to));
		if !self.faults.jitter.is_zero() {
			time += self.faults.jitter.mul_f64(f64::from(self.rng.next_u32()) / 2f64.powi(32));
		}
		self.number += 1;
		self.in_flight.insert((now + time, self.number), packet);
	}

	/// When the next packet arrives.
	pub(crate) fn next(&self) -> Option<Time> {
		self.in_flight.keys().next().map(|(at, _)| *at)
	}

	/// The packet that arrives next.
	pub(crate) fn pop(&mut self) -> Option<InFlight> {
		let (_, packet) = self.in_flight.pop_first()?;
		self.count.arrived += 1;
		Some(packet)
	}

	/// How many packets are under way.
	pub fn num_in_flight(&self) -> usize {
		self.in_flight.len()
	}

	/// Takes the `index`th packet that is under way off its link: it is lost, unless it is injected somewhere.
	pub fn take(&mut self, index: usize) -> Option<InFlight> {
		let key = *self.in_flight.keys().nth(index)?;
		self.count.lost += 1;
		self.in_flight.remove(&key)
	}

	/// Checks that every packet is accounted for.
	pub(crate) fn check(&self) {
		let Count { sent, duplicated, lost, arrived } = self.count;
		assert_eq!(sent + duplicated, lost + arrived + self.in_flight.len() as u64, "packets vanished on links");
	}
}
