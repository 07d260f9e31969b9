//! Chooses the revisions of registrations.
//!
//! A pool has one registration of each registrant, and takes another only if its revision is greater. So a node that was
//! started again after it had registered, and has lost that key, must use a greater revision than its former self, or it
//! waits until the first one is in a block. It cannot know what that one was: it may be in other nodes' pools only, and
//! not even this node's pool says that it refuses a registration for another. So the node counts up as long as the
//! chain has not taken anything.
//!
//! A node that has run since before the session began has no former self to replace, and does not use up revisions.

use mixnet_primitives::{Registrant, SessionIndex};

/// What was tried last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Tried {
	session: SessionIndex,
	registrant: Registrant,
	/// The least revision that the chain would have taken.
	least: u8,
	/// The revision of the registration.
	revision: u8,
}

/// Remembers what this node has tried since it was started.
#[derive(Default, Debug)]
pub struct Revisions {
	/// The session that registrations were for when the node was started.
	started_for: Option<SessionIndex>,
	last: Option<Tried>,
}

impl Revisions {
	/// Registrations are for this session at present.
	pub fn note_session(&mut self, session: SessionIndex) {
		self.started_for.get_or_insert(session);
	}

	/// The revision of the next registration, if the chain takes `least` and more.
	pub fn next(&self, session: SessionIndex, registrant: Registrant, least: u8) -> u8 {
		let may_replace = self.started_for == Some(session);
		match self.last {
			Some(last)
				if may_replace && (last.session, last.registrant, last.least) == (session, registrant, least) =>
			{
				last.revision.saturating_add(1)
			},
			_ => least,
		}
	}

	/// A registration with this revision was given to the chain or the pool.
	pub fn note_tried(&mut self, session: SessionIndex, registrant: Registrant, least: u8, revision: u8) {
		self.last = Some(Tried { session, registrant, least, revision });
	}

	/// The chain takes no revision as great as the last one. Returns whether it takes smaller ones; then it begins anew
	/// with the least.
	pub fn begin_anew(&mut self) -> bool {
		self.last.take().is_some_and(|last| last.revision > last.least)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const NODE: Registrant = Registrant([1; 32]);
	const OTHER: Registrant = Registrant([2; 32]);

	/// Tries once for each of these least revisions. Returns the revisions.
	fn tried<const N: usize>(revisions: &mut Revisions, registrant: Registrant, least: [u8; N]) -> [u8; N] {
		least.map(|least| {
			let revision = revisions.next(8, registrant, least);
			assert_eq!(revisions.next(8, registrant, least), revision, "nothing was tried in between");
			revisions.note_tried(8, registrant, least, revision);
			revision
		})
	}

	#[test]
	fn a_node_that_was_started_in_the_session_counts_up_until_the_chain_takes_one() {
		let mut revisions = Revisions::default();
		revisions.note_session(8);
		assert_eq!(tried(&mut revisions, NODE, [0, 0, 0]), [0, 1, 2]);
		// One was included: that of its former self, say.
		assert_eq!(tried(&mut revisions, NODE, [2, 2, 2]), [2, 3, 4]);
		// Another registrant has revisions of its own.
		assert_eq!(tried(&mut revisions, OTHER, [0]), [0]);
	}

	#[test]
	fn a_node_that_ran_before_the_session_began_uses_one_revision() {
		let mut revisions = Revisions::default();
		revisions.note_session(7);
		revisions.note_session(8);
		assert_eq!(tried(&mut revisions, NODE, [0, 0, 0, 1, 1]), [0, 0, 0, 1, 1]);
	}

	#[test]
	fn counting_begins_anew_at_the_greatest_revision() {
		let mut revisions = Revisions::default();
		revisions.note_session(8);
		assert_eq!(tried(&mut revisions, NODE, [0, 0, 0]), [0, 1, 2]);
		assert!(revisions.begin_anew());
		assert_eq!(tried(&mut revisions, NODE, [0, 0]), [0, 1]);
		// There is none left.
		assert_eq!(tried(&mut revisions, NODE, [5]), [5]);
		assert!(!revisions.begin_anew());
	}
}
