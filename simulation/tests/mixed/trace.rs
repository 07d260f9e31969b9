//! Follows each packet of session 0, whose keys are known here. Those of other sessions are not.
//!
//! A node cannot tell a packet's author, and the reference does not report cover. So the trace unwraps every packet when
//! it arrives at a node, and recognises it when the node forwards it.

use super::is_ours;
use mixnet_node_core::{
	sphinx::{Action, KxSecret, Opened},
	Packet,
};
use std::{
	collections::{BTreeMap, BTreeSet},
	fmt,
};

/// The kind of a packet, as its last hop learns it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum What {
	Request,
	Reply,
	DropCover,
	LoopCover,
}

impl What {
	pub fn is_cover(self) -> bool {
		matches!(self, Self::DropCover | Self::LoopCover)
	}
}

/// A packet in flight.
#[derive(Clone, Copy)]
struct UnderWay {
	by: usize,
	authored_in: usize,
	/// Was it forwarded by a node of the other kind than its author?
	through_other: bool,
}

/// Packets that arrived, by the era in which they were authored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
	authored_in: usize,
	what: What,
	by_ours: bool,
	at_ours: bool,
	through_other: bool,
}

/// The trace of session 0's packets. An era is the time between two changes of the session status.
pub struct Trace {
	secrets: Vec<KxSecret>,
	era: usize,
	/// Packets in flight by their public key, which is different for every packet and at every hop.
	under_way: BTreeMap<[u8; 32], UnderWay>,
	arrived: BTreeMap<Kind, u64>,
	/// Packets authored in this era.
	authored: u64,
	/// Packets of other sessions in this era: are they from ours, and to ours?
	elsewhere: BTreeSet<(bool, bool)>,
}

impl Trace {
	/// A trace of nodes with these secrets in session 0.
	pub fn new(secrets: impl Iterator<Item = KxSecret>) -> Self {
		Self {
			secrets: secrets.collect(),
			era: 0,
			under_way: BTreeMap::new(),
			arrived: BTreeMap::new(),
			authored: 0,
			elsewhere: BTreeSet::new(),
		}
	}

	pub fn begin_era(&mut self) {
		self.era += 1;
		self.authored = 0;
		self.elsewhere.clear();
	}

	/// Takes note that a packet goes from one node to another. Returns its kind if this is its last hop.
	pub fn pass(&mut self, from: usize, to: usize, packet: &Packet) -> Option<What> {
		let known = self.under_way.remove(&public_key(packet));
		let Ok(opened) = Opened::open(&self.secrets[to], packet) else {
			assert!(known.is_none(), "forwarded to the wrong node");
			self.elsewhere.insert((is_ours(from), is_ours(to)));
			return None;
		};
		let mut way = known.unwrap_or_else(|| {
			self.authored += 1;
			UnderWay { by: from, authored_in: self.era, through_other: false }
		});
		let what = match *opened.action() {
			Action::Forward { .. } => {
				way.through_other |= is_ours(to) != is_ours(way.by);
				self.under_way.insert(public_key(&opened.forward(packet.clone())), way);
				return None;
			},
			Action::DeliverRequest => What::Request,
			Action::DeliverReply { .. } => What::Reply,
			// The reference's loops have no ID. Drop cover never goes to its author.
			Action::DeliverCover { cover_id } if cover_id.is_some() || to == way.by => {
				assert_eq!(to, way.by, "a loop that is none");
				assert_eq!(cover_id.is_some(), is_ours(to));
				What::LoopCover
			},
			Action::DeliverCover { .. } => What::DropCover,
		};
		let kind = Kind {
			authored_in: way.authored_in,
			what,
			by_ours: is_ours(way.by),
			at_ours: is_ours(to),
			through_other: way.through_other,
		};
		*self.arrived.entry(kind).or_default() += 1;
		Some(what)
	}

	/// How many packets that ours (or theirs) authored in this era arrived at theirs (or ours). Loops count if they
	/// returned through theirs (or ours).
	pub fn crossed(&self, what: What, by_ours: bool) -> u64 {
		self.count(|kind| {
			let crosses = if what == What::LoopCover { kind.through_other } else { kind.at_ours != by_ours };
			kind.authored_in == self.era && kind.what == what && kind.by_ours == by_ours && crosses
		})
	}

	/// Did packets of this kind cross in this era, in both directions?
	pub fn crossed_both_ways(&self, what: What) -> bool {
		[true, false].into_iter().all(|by_ours| self.crossed(what, by_ours) > 0)
	}

	/// How many packets authored in this era arrived anywhere.
	pub fn arrived(&self, what: What) -> u64 {
		self.count(|kind| kind.authored_in == self.era && kind.what == what)
	}

	/// How many packets arrived at ours in all eras.
	pub fn arrived_at_ours(&self, what: What) -> u64 {
		self.count(|kind| kind.at_ours && kind.what == what)
	}

	fn count(&self, counts: impl Fn(&Kind) -> bool) -> u64 {
		self.arrived.iter().filter(|(kind, _)| counts(kind)).map(|(_, count)| count).sum()
	}

	/// How many packets were authored in this era.
	pub fn authored(&self) -> u64 {
		self.authored
	}

	/// How many packets authored before this era have not arrived.
	pub fn under_way_from_before(&self) -> usize {
		self.under_way.values().filter(|way| way.authored_in < self.era).count()
	}

	/// Did packets of other sessions go from ours to theirs and from theirs to ours in this era?
	pub fn crossed_elsewhere(&self) -> bool {
		self.elsewhere.contains(&(true, false)) && self.elsewhere.contains(&(false, true))
	}
}

impl fmt::Display for Trace {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		write!(f, "session 0 in this era: {} authored", self.authored)?;
		for what in [What::Request, What::Reply, What::DropCover, What::LoopCover] {
			let (ours, theirs) = (self.crossed(what, true), self.crossed(what, false));
			write!(f, ", {what:?}: {} arrived, {ours} and {theirs} crossed", self.arrived(what))?;
		}
		Ok(())
	}
}

/// The key that a packet has for its next hop.
fn public_key(packet: &Packet) -> [u8; 32] {
	packet.as_bytes()[..32].try_into().expect("a slice of 32 bytes; qed")
}
