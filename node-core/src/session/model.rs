//! Sessions, compared with a model after any status changes. The model maps a session's index to what is known of it.

use super::*;
use crate::{
	loops::LoopMonitor,
	replay::ReplayFilter,
	sphinx::{build_cover, Backend, Hop, MixnodeIndex, Opened, Target},
	topology::{Gateways, Topology},
	traffic::{AuthoredQueue, CoverStock, PoissonClock, Shares},
	Config, KxPublic, KxSecret, PeerId, RelativeSession, RestingReason, SessionIndex, SessionPhase, SessionStatus,
	Time,
};
use proptest::{prelude::*, test_runner::RngSeed};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::{collections::BTreeSet, time::Duration};

#[derive(Clone, Copy, Debug)]
enum Operation {
	/// Any status.
	SetStatus {
		index: SessionIndex,
		phase: usize,
	},
	/// The status that follows when all is well.
	NextStatus,
	NextKeys,
	RestoreKey {
		index: SessionIndex,
	},
	/// A session becomes known: we take part in it, or it rests.
	Learn {
		relative: RelativeSession,
		full: bool,
	},
}

/// Operations on sessions from `base` on.
fn operation(base: SessionIndex) -> impl Strategy<Value = Operation> {
	use Operation::*;
	let index = move || (0u32..6).prop_map(move |index| base + index);
	let relative = prop_oneof![Just(RelativeSession::Previous), Just(RelativeSession::Current)];
	prop_oneof![
		2 => (index(), 0usize..4).prop_map(|(index, phase)| SetStatus { index, phase }),
		6 => Just(NextStatus),
		3 => Just(NextKeys),
		3 => index().prop_map(|index| RestoreKey { index }),
		4 => (relative, prop::bool::weighted(0.8)).prop_map(|(relative, full)| Learn { relative, full }),
	]
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
	Nothing,
	Key(KxPublic),
	Rests,
	Full(KxPublic),
}

fn known(slot: Option<&Slot>) -> Option<Known> {
	Some(match slot? {
		Slot::Empty => Known::Nothing,
		Slot::KeyOnly(keys) => Known::Key(keys.public),
		Slot::Resting(_) => Known::Rests,
		Slot::Full(session) => Known::Full(session.keys.public),
	})
}

#[derive(Default)]
struct Model {
	status: Option<SessionStatus>,
	/// The live sessions.
	live: Vec<(SessionIndex, Known)>,
	/// Keys for sessions that are not live yet.
	future: Vec<(SessionIndex, KxPublic)>,
	/// All sessions below this one are over.
	first_live: SessionIndex,
}

impl Model {
	/// Sets the status. Returns whether anything changed.
	fn set_status(&mut self, status: SessionStatus) -> bool {
		if self.status == Some(status) {
			return false;
		}
		let current = status.current_index;
		if self.status.is_some_and(|old| current < old.current_index) {
			*self = Self::default();
		}
		let over = if status.phase == SessionPhase::DisconnectFromPrev { current } else { current.saturating_sub(1) };
		self.first_live = self.first_live.max(over);
		self.live.retain(|(index, _)| *index >= self.first_live);
		for index in self.first_live..=current {
			if self.get(index).is_none() {
				let key = self.future.iter().find(|(other, _)| *other == index);
				self.live.push((index, key.map_or(Known::Nothing, |(_, key)| Known::Key(*key))));
			}
		}
		self.future.retain(|(index, _)| index.checked_sub(1) == Some(current));
		self.status = Some(status);
		true
	}

	fn get(&self, index: SessionIndex) -> Option<Known> {
		self.live.iter().find(|(other, _)| *other == index).map(|(_, known)| *known)
	}

	fn set(&mut self, index: SessionIndex, known: Known) {
		self.live.retain(|(other, _)| *other != index);
		self.live.push((index, known));
	}

	/// The session that the next key is made for.
	fn next(&self) -> SessionIndex {
		self.status.map_or(1, |status| status.current_index.saturating_add(1))
	}

	/// Restores a key. Returns whether it was taken.
	fn restore(&mut self, index: SessionIndex, key: KxPublic) -> bool {
		if self.status.is_some_and(|status| index <= status.current_index) {
			let may = self.get(index) == Some(Known::Nothing);
			if may {
				self.set(index, Known::Key(key));
			}
			return may;
		}
		let may_begin = self.status.is_none() || index == self.next();
		let may = may_begin && self.future.iter().all(|(other, _)| *other != index);
		if may {
			self.future.push((index, key));
		}
		may
	}
}

/// Makes a known session, as the state machine does.
fn full(rng: &mut ChaChaRng, index: SessionIndex, keys: KeyPair) -> Slot {
	let config = Config::default();
	let second = Duration::from_secs(1);
	Slot::Full(Box::new(Session {
		index,
		topology: Topology::new(rng, Vec::new(), PeerId([0; 32]), keys.public, &mut Gateways::new(1)).unwrap(),
		keys,
		replay: ReplayFilter::new(rng, 1 << 16),
		parameters: config.parameters,
		clock: PoissonClock::default(),
		authored: AuthoredQueue::new(1, false),
		shares: Shares::new(300, second, second, BTreeSet::new()),
		cover: CoverStock::default(),
		loops: LoopMonitor::new(Time::ZERO, &config, &config.parameters, true, 0),
	}))
}

fn compare(sessions: &Sessions, model: &Model, base: SessionIndex) -> Result<(), TestCaseError> {
	prop_assert_eq!(sessions.status(), model.status);
	let mut full = Vec::new();
	for relative in RelativeSession::BOTH {
		let index = model.status.and_then(|status| relative.index(status.current_index));
		let expected = index.and_then(|index| model.get(index));
		prop_assert_eq!(known(sessions.slot(relative)), expected);
		let is_full = matches!(expected, Some(Known::Full(_)));
		prop_assert_eq!(sessions.session(relative).map(|session| session.index), index.filter(|_| is_full));
		full.extend(index.filter(|_| is_full));
		let allows = model.status.is_some_and(|status| status.phase.allows_requests(relative));
		prop_assert_eq!(sessions.allows_requests(relative), allows);
	}
	prop_assert_eq!(sessions.iter().map(|session| session.index).collect::<Vec<_>>(), full);
	for index in base.saturating_sub(2)..=base.saturating_add(8) {
		let relative = sessions.relative(index);
		prop_assert_eq!(relative.is_some(), model.get(index).is_some());
		if let (Some(relative), Some(status)) = (relative, model.status) {
			prop_assert_eq!(relative.index(status.current_index), Some(index));
		}
	}
	Ok(())
}

/// A packet opens only if its key belongs to a live session whose mixnodes are known.
fn compare_opening(
	rng: &mut ChaChaRng,
	sessions: &Sessions,
	model: &Model,
	keys: &[KxPublic],
) -> Result<(), TestCaseError> {
	for key in keys {
		let hop = Hop { target: Target::Mixnode(MixnodeIndex::MAX), kx_public: *key };
		let packet = build_cover(rng, &[hop], None).unwrap().packet;
		let opened = sessions.live_keys().into_iter().flatten().find_map(|live| {
			Opened::open(&*live.secret.upgrade()?, &packet).ok()?;
			sessions.relative_of(live.session)
		});
		let expected = model.live.iter().find(|(_, known)| *known == Known::Full(*key)).map(|(index, _)| *index);
		prop_assert_eq!(opened, expected.and_then(|index| sessions.relative(index)));
		prop_assert_eq!(opened.is_some(), expected.is_some());
	}
	Ok(())
}

fn run(base: SessionIndex, session_0: bool, operations: Vec<Operation>) -> Result<(), TestCaseError> {
	let mut rng = ChaChaRng::seed_from_u64(0);
	// Every key that ever existed.
	let mut keys: Vec<KxPublic> = Vec::new();
	let mut model = Model::default();
	let secret = session_0.then(|| KxSecret::random(&mut rng));
	keys.extend(secret.as_ref().map(KxSecret::public));
	model.future.extend(keys.iter().map(|key| (0, *key)));
	let mut sessions = Sessions::new(Backend::Portable, secret);
	for operation in operations {
		match operation {
			Operation::SetStatus { index, phase } => {
				let status = SessionStatus { current_index: index, phase: SessionPhase::ALL[phase] };
				prop_assert_eq!(sessions.set_status(status), model.set_status(status));
			},
			Operation::NextStatus => {
				let status = match model.status {
					None => SessionStatus { current_index: base, phase: SessionPhase::CoverToCurrent },
					Some(SessionStatus { current_index, phase: SessionPhase::DisconnectFromPrev }) => {
						let Some(current_index) = current_index.checked_add(1) else { continue };
						SessionStatus { current_index, phase: SessionPhase::CoverToCurrent }
					},
					Some(SessionStatus { current_index, phase }) => {
						SessionStatus { current_index, phase: SessionPhase::ALL[phase as usize + 1] }
					},
				};
				prop_assert!(model.set_status(status));
				prop_assert!(sessions.set_status(status));
			},
			Operation::NextKeys => {
				let (index, key) = sessions.next_public(Backend::Portable, &mut rng);
				prop_assert_eq!(index, model.next());
				match model.future.iter().find(|(other, _)| *other == index) {
					Some((_, expected)) => prop_assert_eq!(key, *expected, "the same until that session begins"),
					None => {
						prop_assert!(!keys.contains(&key), "a key is for one session");
						keys.push(key);
						model.future.push((index, key));
					},
				}
			},
			Operation::RestoreKey { index } => {
				let secret = KxSecret::random(&mut rng);
				let key = secret.public();
				keys.push(key);
				prop_assert_eq!(sessions.restore_key(Backend::Portable, index, secret), model.restore(index, key));
			},
			Operation::Learn { relative, full: is_full } => {
				let Some(slot) = sessions.slot_mut(relative).filter(|slot| slot.wants_mixnodes()) else { continue };
				let index = relative.index(model.status.unwrap().current_index).unwrap();
				let pair = match core::mem::replace(slot, Slot::Empty) {
					Slot::KeyOnly(pair) => pair,
					_ => KeyPair::new(Backend::Portable, KxSecret::random(&mut rng)),
				};
				match model.get(index) {
					Some(Known::Key(key)) => prop_assert_eq!(pair.public, key),
					expected => {
						prop_assert_eq!(expected, Some(Known::Nothing));
						keys.push(pair.public);
					},
				}
				model.set(index, if is_full { Known::Full(pair.public) } else { Known::Rests });
				*slot = match is_full {
					true => full(&mut rng, index, pair),
					false => Slot::Resting(RestingReason::NotMixnode),
				};
			},
		}
		compare(&sessions, &model, base)?;
	}
	compare_opening(&mut rng, &sessions, &model, &keys)
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 400,
		rng_seed: RngSeed::Fixed(5),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn a_key_lives_as_long_as_its_session_whatever_the_chain_does(
		session_0 in any::<bool>(),
		operations in prop::collection::vec(operation(0), 0..60),
	) {
		run(0, session_0, operations)?;
	}

	#[test]
	fn a_key_lives_as_long_as_its_session_up_to_the_last_session(
		operations in prop::collection::vec(operation(u32::MAX - 5), 0..60),
	) {
		run(u32::MAX - 5, false, operations)?;
	}
}
