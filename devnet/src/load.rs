//! When transfers are sent, and what became of them.
//!
//! Transfers shall be in flight during two rotations, and in every phase between them. Time is counted in **periods**: one
//! for each phase, from the phase in which the load begins. Eight periods contain two rotations.

mod latencies;

pub use latencies::Latencies;

use mixnet_primitives::{SessionPhase, SessionStatus};
use mixnet_runtime::{configs::mixnet::PHASE_BLOCKS, MILLISECONDS_PER_BLOCK, SESSION_BLOCKS};
use std::{
	collections::{BTreeMap, BTreeSet},
	time::{Duration, Instant},
};

/// Phases of a session.
const PHASES: u32 = SessionPhase::ALL.len() as u32;

/// The periods over which the transfers are spread: those of two sessions.
const PERIODS: u32 = 2 * PHASES;

/// When a transfer is sent within its share of a period: 0 is the beginning, 1 the end.
const LATE: f64 = 0.75;

/// The rotations that shall happen under load.
pub const ROTATIONS: u32 = 2;

/// Number of a phase, counted over all sessions.
fn position(status: SessionStatus) -> u32 {
	status.current_index * PHASES + status.phase as u32
}

/// How long a phase lasts if every slot has its block.
fn duration(phase: SessionPhase) -> Duration {
	let blocks = match phase {
		SessionPhase::DisconnectFromPrev => SESSION_BLOCKS - (PHASES - 1) * PHASE_BLOCKS,
		_ => PHASE_BLOCKS,
	};
	Duration::from_millis(u64::from(blocks) * MILLISECONDS_PER_BLOCK)
}

/// When a transfer is due.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Slot {
	/// The period, from 0.
	period: u32,
	/// The part of the period that passes before: at least 0, below 1.
	part: f64,
}

/// When each of `count` transfers is due, in order.
///
/// The transfers take turns over the periods, in steps of three. Three and eight have no common divisor, so eight transfers
/// reach each period once. Any four in a row reach all four phases, so four are enough to have one in each. A transfer is
/// sent late in its period, so that it is still on its way in the next one, and across the rotation between them.
fn schedule(count: u16) -> Vec<Slot> {
	let mut per_period = BTreeMap::<u32, u32>::new();
	for index in 0..u32::from(count) {
		*per_period.entry(3 * index % PERIODS).or_default() += 1;
	}
	let slots = per_period.into_iter().flat_map(|(period, number)| {
		(0..number).map(move |index| Slot { period, part: (f64::from(index) + LATE) / f64::from(number) })
	});
	slots.collect()
}

/// A transfer, and what became of it.
#[derive(Debug, Default)]
struct Transfer {
	sent: Option<Instant>,
	answer: Option<(Instant, Result<(), String>)>,
	finalised: Option<Instant>,
}

/// All transfers of a run.
pub struct Load {
	schedule: Vec<Slot>,
	transfers: Vec<Transfer>,
	extrinsics: Vec<Vec<u8>>,
	/// The transfer that an extrinsic is.
	by_extrinsic: BTreeMap<Vec<u8>, usize>,
	/// Number of the phase in which the load began.
	start: u32,
	/// The present session and phase, and since when.
	now: SessionStatus,
	since: Instant,
	phases: BTreeSet<u8>,
	rotations: u32,
}

impl Load {
	/// Transfers that are to be sent from now on.
	pub fn new(extrinsics: Vec<Vec<u8>>, status: SessionStatus, now: Instant) -> Self {
		Self {
			schedule: schedule(extrinsics.len() as u16),
			transfers: extrinsics.iter().map(|_| Transfer::default()).collect(),
			by_extrinsic: extrinsics.iter().cloned().zip(0..).collect(),
			extrinsics,
			start: position(status),
			now: status,
			since: now,
			phases: BTreeSet::new(),
			rotations: 0,
		}
	}

	/// Takes note of the session and phase.
	pub fn observe(&mut self, status: SessionStatus, now: Instant) {
		if self.in_flight() > 0 {
			// A phase in which nobody looked has passed under load all the same.
			let passed = position(self.now)..=position(status);
			self.phases.extend(passed.rev().take(PHASES as usize).map(|position| (position % PHASES) as u8));
			self.rotations += status.current_index.saturating_sub(self.now.current_index);
		}
		if position(status) > position(self.now) {
			self.now = status;
			self.since = now;
		}
	}

	/// The next transfer and its extrinsic, if it is due; to be sent now.
	pub fn next_due(&mut self, now: Instant) -> Option<(usize, &[u8])> {
		let index = self.sent();
		let slot = self.schedule.get(index)?;
		let period = position(self.now) - self.start;
		let due = slot.period < period
			|| (slot.period == period && now.duration_since(self.since) >= duration(self.now.phase).mul_f64(slot.part));
		if !due {
			return None;
		}
		self.transfers[index].sent = Some(now);
		Some((index, &self.extrinsics[index]))
	}

	/// Takes note of the answer to a transfer.
	pub fn answered(&mut self, index: usize, answer: Result<(), String>, now: Instant) {
		self.transfers[index].answer = Some((now, answer));
	}

	/// Takes note that an extrinsic is in a finalised block; it need not be one of ours.
	pub fn finalised(&mut self, extrinsic: &[u8], now: Instant) {
		if let Some(index) = self.by_extrinsic.get(extrinsic) {
			self.transfers[*index].finalised.get_or_insert(now);
		}
	}

	/// Are all transfers answered and finalised, and have enough rotations happened?
	pub fn is_complete(&self) -> bool {
		self.num_finalised() == self.total() && self.answers() == self.total() && self.rotations_passed() >= ROTATIONS
	}

	/// A transfer that was answered by an error at least `patience` ago, but did not get onto the chain all the same.
	pub fn failed(&self, now: Instant, patience: Duration) -> Option<(usize, &str)> {
		self.transfers.iter().enumerate().find_map(|(index, transfer)| match &transfer.answer {
			Some((at, Err(error))) if transfer.finalised.is_none() && now.duration_since(*at) >= patience => {
				Some((index, error.as_str()))
			},
			_ => None,
		})
	}

	/// How many transfers there are.
	pub fn total(&self) -> usize {
		self.transfers.len()
	}

	/// How many were sent.
	pub fn sent(&self) -> usize {
		self.transfers.iter().filter(|transfer| transfer.sent.is_some()).count()
	}

	/// A transfer whose answer was an error, though it may be on the chain. A wallet would tell its user that it failed.
	pub fn wrongly_answered(&self) -> Option<(usize, &str)> {
		self.transfers.iter().enumerate().find_map(|(index, transfer)| match &transfer.answer {
			Some((_, Err(error))) => Some((index, error.as_str())),
			_ => None,
		})
	}

	/// How many were answered, by success.
	pub fn num_answered(&self) -> usize {
		self.transfers.iter().filter(|transfer| matches!(transfer.answer, Some((_, Ok(()))))).count()
	}

	fn answers(&self) -> usize {
		self.transfers.iter().filter(|transfer| transfer.answer.is_some()).count()
	}

	/// How many are in finalised blocks.
	pub fn num_finalised(&self) -> usize {
		self.transfers.iter().filter(|transfer| transfer.finalised.is_some()).count()
	}

	/// How many are on their way: sent, and neither in a finalised block nor refused.
	pub fn in_flight(&self) -> usize {
		let in_flight = |transfer: &&Transfer| {
			transfer.sent.is_some() && transfer.finalised.is_none() && !matches!(transfer.answer, Some((_, Err(_))))
		};
		self.transfers.iter().filter(in_flight).count()
	}

	/// The phases in which transfers were in flight.
	pub fn phases(&self) -> &BTreeSet<u8> {
		&self.phases
	}

	/// How many rotations happened since the load began.
	pub fn rotations_passed(&self) -> u32 {
		position(self.now) / PHASES - self.start / PHASES
	}

	/// How many of them happened while transfers were in flight.
	pub fn rotations_in_flight(&self) -> u32 {
		self.rotations
	}

	/// How long the answers took, from the moment at which the transfer was sent.
	pub fn answer_latencies(&self) -> Option<Latencies> {
		self.latencies(|transfer| match &transfer.answer {
			Some((at, Ok(()))) => Some(*at),
			_ => None,
		})
	}

	/// How long finalisation took, from the moment at which the transfer was sent.
	pub fn finalisation_latencies(&self) -> Option<Latencies> {
		self.latencies(|transfer| transfer.finalised)
	}

	fn latencies(&self, end: impl Fn(&Transfer) -> Option<Instant>) -> Option<Latencies> {
		let latencies =
			self.transfers.iter().filter_map(|transfer| Some(end(transfer)?.duration_since(transfer.sent?)));
		Latencies::of(latencies.collect())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn status(current_index: u32, phase: usize) -> SessionStatus {
		SessionStatus { current_index, phase: SessionPhase::ALL[phase] }
	}

	fn load(count: u8, now: Instant) -> Load {
		Load::new((0..count).map(|index| vec![index]).collect(), status(1, 1), now)
	}

	#[test]
	fn four_transfers_reach_all_phases() {
		let phases: BTreeSet<_> = schedule(4).iter().map(|slot| slot.period % PHASES).collect();
		assert_eq!(phases.len(), 4);
	}

	#[test]
	fn eight_transfers_reach_all_periods_in_order() {
		for count in [8, 20, 100] {
			let schedule = schedule(count);
			assert_eq!(schedule.len(), usize::from(count));
			let periods: BTreeSet<_> = schedule.iter().map(|slot| slot.period).collect();
			assert_eq!(periods.into_iter().collect::<Vec<_>>(), (0..PERIODS).collect::<Vec<_>>());
			assert!(schedule.windows(2).all(|pair| (pair[0].period, pair[0].part) < (pair[1].period, pair[1].part)));
		}
	}

	#[test]
	fn transfers_are_sent_when_they_are_due_and_not_before() {
		let start = Instant::now();
		let mut load = load(16, start);
		assert_eq!(load.next_due(start), None);
		// Two in the first period, each late in its half.
		let first = start + duration(SessionPhase::RequestsToCurrent).mul_f64(LATE / 2.0);
		assert_eq!(load.next_due(first - Duration::from_millis(1)), None);
		assert_eq!(load.next_due(first), Some((0, &[0][..])));
		assert_eq!(load.next_due(first), None);
		// The next period has begun: what is left of the last one is due at once.
		load.observe(status(1, 2), first);
		assert_eq!(load.next_due(first), Some((1, &[1][..])));
		assert_eq!(load.next_due(first), None);
	}

	#[test]
	fn phases_and_rotations_count_while_transfers_are_in_flight() {
		let start = Instant::now();
		let mut load = load(4, start);
		load.observe(status(1, 2), start);
		assert!(load.phases().is_empty());
		assert_eq!(load.next_due(start), Some((0, &[0][..])));
		// Nobody looked during phase 3.
		load.observe(status(2, 0), start);
		assert_eq!(load.phases().iter().copied().collect::<Vec<_>>(), [0, 2, 3]);
		assert_eq!((load.rotations_passed(), load.rotations_in_flight()), (1, 1));
		for index in 0..4 {
			load.finalised(&[index], start);
		}
		load.observe(status(3, 1), start);
		assert_eq!((load.rotations_passed(), load.rotations_in_flight()), (2, 1));
	}

	#[test]
	fn a_load_is_complete_when_all_is_finalised_after_two_rotations() {
		let start = Instant::now();
		let mut load = load(1, start);
		let start = start + Duration::from_secs(60);
		assert!(load.next_due(start).is_some());
		load.observe(status(3, 0), start);
		load.finalised(&[0], start);
		assert!(!load.is_complete());
		load.answered(0, Ok(()), start);
		assert!(load.is_complete());
	}

	#[test]
	fn a_refused_transfer_fails_unless_it_gets_onto_the_chain() {
		let start = Instant::now();
		let mut load = load(1, start);
		let start = start + Duration::from_secs(60);
		assert!(load.next_due(start).is_some());
		load.answered(0, Err("no".into()), start);
		assert_eq!(load.failed(start, Duration::from_secs(1)), None);
		assert_eq!(load.failed(start + Duration::from_secs(1), Duration::from_secs(1)), Some((0, "no")));
		load.finalised(&[0], start);
		assert_eq!(load.failed(start + Duration::from_secs(1), Duration::from_secs(1)), None);
	}

	#[test]
	fn an_error_is_no_good_answer_even_if_the_transfer_is_on_the_chain() {
		let start = Instant::now();
		let mut load = load(2, start);
		load.answered(0, Ok(()), start);
		assert_eq!(load.wrongly_answered(), None);
		load.answered(1, Err("no".into()), start);
		load.finalised(&[1], start);
		assert_eq!(load.wrongly_answered(), Some((1, "no")));
		assert_eq!(load.num_answered(), 1);
	}
}
