//! Whose turn comes when, and how many nodes register in time: a model of sessions in slots.
//!
//! In the model each slot of a session has a block with the same chance. 100 nodes ask at each block whether their turn
//! has come. A registration that is sent at one block misses the next, whose author may have begun already, and may be
//! included from the one after that on. A block takes the oldest, and so many. What is not included when the session ends
//! is too late.
//!
//! `cargo test --release --locked -p pallet-mixnet --features runtime-benchmarks,try-runtime turns -- --nocapture`
//! prints the tables of docs/REGISTRATION.md.

use crate::{
	mock::Rng,
	registration::turns::{point, share_due, Slack},
};
use codec::Encode;
use mixnet_primitives::KxPublic;
use sp_runtime::{Perbill, Permill};
use std::collections::VecDeque;

const NODES: u64 = 100;
const SESSIONS: u32 = 1_000;

/// The most registrations in a block. Each takes up to 43 kB of proof and 3 ms (`weights.rs`). So these fill a quarter of
/// what a parachain's block of 5 MB has for ordinary transactions, which leaves room for others of their priority.
const PER_BLOCK: usize = 20;

/// How many blocks after the one at which it is sent a registration is included at the earliest.
const DELAY: usize = 2;

/// The slack of the example chain.
const SLACK: Slack = Slack { start: 3, end: 8 };

/// By what a node knows that its turn has come. All give the part of the nodes that should have registered.
enum Rule {
	/// The pallet's rule.
	Pace,
	/// A part of the session's slots, and slack in slots.
	Slots,
	/// The rule before: each block is drawn with a chance of 1 in the slots left. The number is the part of the nodes that
	/// no block has been drawn for.
	Draws(f64),
}

impl Rule {
	fn share_due(&mut self, slots: u64, slot: u64, elapsed: u64, slack: Slack) -> Perbill {
		// What BABE answers.
		let progress = Permill::from_rational(slot + 1, slots);
		match self {
			Rule::Pace => share_due(elapsed, Some(Perbill::from_parts(progress.deconstruct() * 1_000)), slack),
			Rule::Slots if elapsed < slack.start => Perbill::zero(),
			Rule::Slots => {
				Perbill::from_rational((slot + 1).saturating_sub(slack.start), slots - slack.start - slack.end)
			},
			Rule::Draws(_) if elapsed < slack.start => Perbill::zero(),
			Rule::Draws(left) => {
				*left *= match (slots - slot).saturating_sub(slack.end) {
					0 => 0.0,
					blocks_left => 1.0 - 1.0 / blocks_left as f64,
				};
				Perbill::from_float(1.0 - *left)
			},
		}
	}
}

/// What sessions are like.
#[derive(Clone, Copy)]
struct Model {
	slots: u64,
	slack: Slack,
	/// The most registrations that a block includes.
	per_block: usize,
}

const LONG: Model = Model { slots: 600, slack: SLACK, per_block: PER_BLOCK };
/// As on the example chain.
const SHORT: Model = Model { slots: 30, ..LONG };

/// What became of the nodes in some sessions.
#[derive(Default)]
struct Outcome {
	nodes: u64,
	in_time: u64,
	sessions: u64,
	/// The most that were sent at one block, summed over the sessions.
	fullest: u64,
}

impl Outcome {
	fn share_in_time(&self) -> f64 {
		self.in_time as f64 / self.nodes as f64
	}

	/// The most registrations that are sent at one block, on average.
	fn mean_fullest(&self) -> f64 {
		self.fullest as f64 / self.sessions as f64
	}
}

/// Runs one session. Its blocks are in these slots.
fn run_session(mut rule: Rule, model: Model, blocks: &[u64], session: u32, outcome: &mut Outcome) {
	let mut waiting: Vec<_> = (0..NODES)
		.map(|node| point(session, &KxPublic(sp_io::hashing::blake2_256(&(node, session).encode()))))
		.collect();
	// At which block each was sent, the oldest first.
	let mut sent = VecDeque::new();
	let mut fullest = 0;
	for (elapsed, slot) in blocks.iter().enumerate() {
		for _ in 0..model.per_block {
			if sent.front().is_some_and(|at| at + DELAY <= elapsed) {
				sent.pop_front();
				outcome.in_time += 1;
			}
		}
		let due = rule.share_due(model.slots, *slot, elapsed as u64, model.slack);
		let before = waiting.len();
		waiting.retain(|point| *point >= due);
		let told = before - waiting.len();
		sent.extend(std::iter::repeat_n(elapsed, told));
		fullest = fullest.max(told as u64);
	}
	outcome.nodes += NODES;
	outcome.sessions += 1;
	outcome.fullest += fullest;
}

/// Runs [`SESSIONS`] sessions, of whose slots so many per cent are filled.
fn run(rule: impl Fn() -> Rule, model: Model, filled: u64) -> Outcome {
	let mut rng = Rng(model.slots * filled);
	let mut outcome = Outcome::default();
	for session in 0..SESSIONS {
		let blocks: Vec<_> = (0..model.slots).filter(|_| rng.below(100) < filled).collect();
		run_session(rule(), model, &blocks, session, &mut outcome);
	}
	outcome
}

/// The share in time with each part of the slots filled, in per cent. Prints a row of the table.
fn row(name: &str, rule: impl Fn() -> Rule, model: Model) -> [f64; 4] {
	let outcomes = [40, 60, 80, 100].map(|filled| run(&rule, model, filled));
	let cells = outcomes
		.iter()
		.map(|outcome| format!("{:.2} % ({:.1})", 100.0 * outcome.share_in_time(), outcome.mean_fullest()))
		.collect::<Vec<_>>();
	let Model { slots, slack, per_block } = model;
	println!("| {slots} | {name} | {} and {} | {per_block} | {} |", slack.start, slack.end, cells.join(" | "));
	outcomes.map(|outcome| outcome.share_in_time())
}

#[test]
fn all_but_one_in_a_thousand_register_in_time_whatever_slots_stay_empty() {
	for share in row("pace", || Rule::Pace, LONG) {
		assert!(share >= 0.999, "only {share} registered in time");
	}
}

/// What the rule is for: the model must be able to tell it from others.
#[test]
fn who_takes_slots_for_blocks_registers_too_late() {
	let [draws, ..] = row("draws", || Rule::Draws(1.0), LONG);
	assert!(draws < 0.985, "{draws}");
	let [slots, ..] = row("slots", || Rule::Slots, LONG);
	let [pace, ..] = row("pace", || Rule::Pace, LONG);
	assert!(slots < pace, "{slots}, {pace}");
}

/// If 12 blocks are all that there is, the slack of the example chain leaves one, and 20 registrations for each block are
/// too few for 100 nodes. It takes larger blocks and less slack at the beginning.
#[test]
fn a_hundred_nodes_need_large_blocks_in_sessions_of_thirty_slots() {
	let [draws, ..] = row("draws", || Rule::Draws(1.0), SHORT);
	let [slots, ..] = row("slots", || Rule::Slots, SHORT);
	let [pace, ..] = row("pace", || Rule::Pace, SHORT);
	assert!(draws < slots && slots < pace, "{draws}, {slots}, {pace}");
	for per_block in [20, 100] {
		for (start, end) in [(3, 8), (1, 8), (1, 12), (1, 16), (1, 20)] {
			let slack = Slack { start, end };
			let shares = row("pace", || Rule::Pace, Model { slack, per_block, ..SHORT });
			if (start, end, per_block) == (1, 16, 100) {
				assert!(shares.iter().all(|share| *share >= 0.999), "{shares:?}");
			}
		}
	}
}

/// The turns of a session come evenly over its blocks, not over its slots only.
#[test]
fn no_block_gets_many_registrations_of_a_long_session() {
	for filled in [40, 60, 80, 100] {
		let outcome = run(|| Rule::Pace, LONG, filled);
		assert!(outcome.mean_fullest() < 6.0, "{}", outcome.mean_fullest());
	}
}

#[test]
fn turns_follow_the_pace_of_the_session_so_far() {
	let share = |elapsed, permill| share_due(elapsed, Some(Perbill::from_rational(permill, 1_000u32)), SLACK);
	assert_eq!(share(2, 5), Perbill::zero(), "in the slack at the beginning");
	// At this pace there are 300 blocks, of which 289 are the window.
	assert_eq!(share(149, 500), Perbill::from_rational(147u32, 289));
	assert_eq!(share(290, 970), Perbill::from_rational(288u32, 289));
	assert_eq!(share(291, 973), Perbill::one(), "in the slack at the end");
	// Half as fast, and half of that.
	assert_eq!(share(74, 500), Perbill::from_rational(72u32, 139));
	assert_eq!(share(36, 500), Perbill::from_rational(34u32, 63));
	// So few blocks that there is nothing but slack.
	assert_eq!(share(4, 500), Perbill::one());
	assert_eq!(share(3, 300), Perbill::from_rational(1u32, 2));
}

#[test]
fn everyone_registers_while_nobody_knows_when_the_session_ends() {
	for progress in [None, Some(Perbill::zero())] {
		assert_eq!(share_due(2, progress, SLACK), Perbill::zero());
		for elapsed in [3, 4, 1_000, u64::MAX] {
			assert_eq!(share_due(elapsed, progress, SLACK), Perbill::one());
		}
	}
	// It is overdue.
	assert_eq!(share_due(1_000, Some(Perbill::one()), SLACK), Perbill::one());
}

#[test]
fn a_key_has_another_point_in_each_session() {
	let key = KxPublic([7; 32]);
	assert_eq!(point(1, &key), point(1, &key));
	assert_ne!(point(1, &key), point(2, &key));
	assert_ne!(point(1, &key), point(1, &KxPublic([8; 32])));
	// And they are uniform: that no point is near 1 or 0 has a chance of 1 in 10^8.
	let points: Vec<_> = (0..2_000).map(|session| point(session, &key)).collect();
	assert!(points.iter().any(|point| *point < Perbill::from_percent(1)));
	assert!(points.iter().any(|point| *point > Perbill::from_percent(99)));
	assert!(points.iter().all(|point| *point < Perbill::one()), "everybody's turn comes");
}
