//! The chain of a [`World`](crate::World), scripted by the test: the session status, and what it publishes of sessions.
//!
//! Nodes learn [`News`] from it: all at once ([`World::set_status`](crate::World::set_status)), or each in its own time
//! ([`World::tell_after`](crate::World::tell_after)), since nodes of a real chain see blocks at different times.

use mixnet_node_core::{Mixnode, MixnodesError, Parameters, SessionIndex, SessionStatus, Time};
use std::collections::BTreeMap;

/// What the chain knows.
#[derive(Default)]
pub struct Chain {
	/// The status that it was last set to.
	pub status: Option<SessionStatus>,
	/// The mixnodes of each session, or why it has none. Nodes do not learn of sessions that are not in it.
	pub mixnodes: BTreeMap<SessionIndex, Result<Vec<Mixnode>, MixnodesError>>,
	/// The parameters of each session; of those that are not in it the chain has none.
	pub parameters: BTreeMap<SessionIndex, Parameters>,
	told: u64,
	news: BTreeMap<(Time, u64), (usize, News)>,
}

/// What one node learns from the chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
	/// The session status.
	Status(SessionStatus),
	/// Parameters and mixnodes of all sessions that it wants to know of, and that the chain publishes.
	Mixnodes,
}

impl Chain {
	/// Lets a node learn something at this time.
	pub(crate) fn tell_at(&mut self, at: Time, node: usize, news: News) {
		self.told += 1;
		self.news.insert((at, self.told), (node, news));
	}

	/// When a node next learns something.
	pub(crate) fn next(&self) -> Option<Time> {
		self.news.keys().next().map(|(at, _)| *at)
	}

	/// What is learnt next, and by whom.
	pub(crate) fn pop(&mut self) -> Option<(usize, News)> {
		self.news.pop_first().map(|(_, news)| news)
	}
}
