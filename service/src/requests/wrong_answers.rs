//! Which mixnodes gave answers that proved wrong.
//!
//! A mixnode that is counted here once may have been unlucky: it lagged, or the node that counted did. One that is counted
//! again and again, while others are not, lies or is broken.

use mixnet_node_core::PeerId;
use std::collections::BTreeMap;

/// How an answer proved wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
	/// It said that it had submitted the extrinsic, which was not seen, and which the chain would still take.
	SubmittedNothing,
	/// It refused the extrinsic, which came into a block later.
	RefusedValid,
}

/// The answers of one mixnode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerCounts {
	/// All.
	pub answers: u64,
	/// Those that were [`Wrong::SubmittedNothing`].
	pub submitted_nothing: u64,
	/// Those that were [`Wrong::RefusedValid`].
	pub refused_valid: u64,
}

/// The answers of all mixnodes.
#[derive(Debug, Default)]
pub struct WrongAnswers(BTreeMap<PeerId, AnswerCounts>);

/// The most mixnodes remembered. Those without a wrong answer are forgotten first, and then those with the fewest.
const MAX_MIXNODES: usize = 1_000;

impl WrongAnswers {
	/// A mixnode has answered.
	pub fn answered(&mut self, mixnode: PeerId) {
		self.of(mixnode).answers += 1;
	}

	/// An answer of a mixnode has proved wrong.
	pub fn proved(&mut self, mixnode: PeerId, wrong: Wrong) {
		let counts = self.of(mixnode);
		match wrong {
			Wrong::SubmittedNothing => counts.submitted_nothing += 1,
			Wrong::RefusedValid => counts.refused_valid += 1,
		}
	}

	fn of(&mut self, mixnode: PeerId) -> &mut AnswerCounts {
		if self.0.len() >= MAX_MIXNODES && !self.0.contains_key(&mixnode) {
			let least = self.0.iter().min_by_key(|(_, counts)| (counts.wrong(), counts.answers)).map(|(peer, _)| *peer);
			if let Some(least) = least {
				self.0.remove(&least);
			}
		}
		self.0.entry(mixnode).or_default()
	}

	/// The mixnodes with a wrong answer.
	pub fn wrong(&self) -> impl Iterator<Item = (PeerId, AnswerCounts)> + '_ {
		self.0.iter().filter(|(_, counts)| counts.wrong() > 0).map(|(mixnode, counts)| (*mixnode, *counts))
	}
}

impl AnswerCounts {
	fn wrong(&self) -> u64 {
		self.submitted_nothing + self.refused_valid
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn mixnode(number: u32) -> PeerId {
		let mut id = [0; 32];
		id[..4].copy_from_slice(&number.to_be_bytes());
		PeerId(id)
	}

	#[test]
	fn mixnodes_with_wrong_answers_are_remembered_longest() {
		let mut answers = WrongAnswers::default();
		for number in 0..MAX_MIXNODES as u32 {
			answers.answered(mixnode(number));
		}
		assert_eq!(answers.wrong().count(), 0);
		answers.proved(mixnode(0), Wrong::RefusedValid);
		answers.proved(mixnode(0), Wrong::SubmittedNothing);
		for number in 0..3 * MAX_MIXNODES as u32 {
			answers.answered(mixnode(1_000_000 + number));
			assert!(answers.0.len() <= MAX_MIXNODES);
		}
		let counts = AnswerCounts { answers: 1, submitted_nothing: 1, refused_valid: 1 };
		assert_eq!(answers.wrong().collect::<Vec<_>>(), [(mixnode(0), counts)]);
	}
}
