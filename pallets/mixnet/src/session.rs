//! Rotation, phases, and when the session will end.
//!
//! pallet-session tells us of its rotations through [`OneSessionHandler`]. Every one brings the authorities that may
//! register from then on; every k-th one begins a session of the mixnet. Neither touches the mixnodes themselves: the
//! list is ready, and what is stored of the new session is its length. So rotation costs the same whatever the number
//! of mixnodes.

use crate::{
	ranked_set::{RankedSet, SetId},
	AuthorityId, BoundedMixnodeFor, Config, CurrentSession, Election, Event, LastRotation, ListedMixnode, MixnodeIndex,
	Mixnodes, NextElection, Pallet, RemovalReason, Roster, Rotation, Seed, Session, SessionsParameters, LOG_TARGET,
};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::Encode;
use frame_support::{
	storage::unhashed,
	traits::{Defensive, EstimateNextSessionRotation, Get, OneSessionHandler, Randomness},
};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{
	Mixnode, MixnodesError, MixnodesPage, Registrant, SessionForecast, SessionIndex, SessionParameters, SessionPhase,
	SessionStatus,
};
use sp_runtime::{
	traits::{Saturating, Zero},
	BoundToRuntimeAppPublic,
};

/// What seeds are drawn for: separates them from whatever else the same randomness is asked for.
const SEED_SUBJECT: &[u8; 23] = b"mixnet/election-seed/v1";

/// Session 0, with `registered` mixnodes of at least `required`.
pub(crate) fn first_session<T: Config>(registered: u32, required: u32) -> Session<BlockNumberFor<T>> {
	Session {
		index: 0,
		started_at: Zero::zero(),
		rotations: 0,
		current: Roster { registered, required },
		previous: Roster { registered: 0, required },
	}
}

/// The phase of a session that began `elapsed` blocks ago. Its first block is in the first phase that is not empty.
pub(crate) fn phase_after<T: Config>(elapsed: BlockNumberFor<T>) -> SessionPhase {
	let requests_to_current = T::NumCoverToCurrentBlocks::get();
	let cover_to_prev = requests_to_current.saturating_add(T::NumRequestsToCurrentBlocks::get());
	let disconnect_from_prev = cover_to_prev.saturating_add(T::NumCoverToPrevBlocks::get());
	if elapsed < requests_to_current {
		SessionPhase::CoverToCurrent
	} else if elapsed < cover_to_prev {
		SessionPhase::RequestsToCurrent
	} else if elapsed < disconnect_from_prev {
		SessionPhase::CoverToPrev
	} else {
		SessionPhase::DisconnectFromPrev
	}
}

impl<T: Config> Pallet<T> {
	/// The current session and its phase.
	pub fn session_status() -> SessionStatus {
		let session = CurrentSession::<T>::get();
		let elapsed = frame_system::Pallet::<T>::block_number().saturating_sub(session.started_at);
		SessionStatus { current_index: session.index, phase: phase_after::<T>(elapsed) }
	}

	/// When the next phase and the next session are expected to begin.
	pub fn session_forecast() -> SessionForecast<BlockNumberFor<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		let started_at = CurrentSession::<T>::get().started_at;
		let requests_to_current = started_at.saturating_add(T::NumCoverToCurrentBlocks::get());
		let cover_to_prev = requests_to_current.saturating_add(T::NumRequestsToCurrentBlocks::get());
		let disconnect_from_prev = cover_to_prev.saturating_add(T::NumCoverToPrevBlocks::get());
		// The last of those that begin at the same time: phases may be empty.
		let next_phase = [
			(SessionPhase::RequestsToCurrent, requests_to_current),
			(SessionPhase::CoverToPrev, cover_to_prev),
			(SessionPhase::DisconnectFromPrev, disconnect_from_prev),
		]
		.into_iter()
		.filter(|(_, begins)| *begins > now)
		.reduce(|first, other| if other.1 == first.1 { other } else { first });
		SessionForecast { next_phase, next_session: Self::estimate_next_start(now) }
	}

	/// The mixnodes of the previous session, in the order of their indices.
	///
	/// ## Errors
	/// The mixnet rested during that session; or there was none before session 0, which is answered in the same way.
	pub fn prev_mixnodes() -> Result<Vec<Mixnode>, MixnodesError> {
		let session = CurrentSession::<T>::get();
		session.previous.check()?;
		// `required` is at least 1, so that the check fails in session 0, for which nobody registered before it.
		Ok(Self::list(session.index.saturating_sub(1), 0..session.previous.registered))
	}

	/// The mixnodes of the current session, in the order of their indices.
	///
	/// ## Errors
	/// The mixnet rests during this session.
	pub fn current_mixnodes() -> Result<Vec<Mixnode>, MixnodesError> {
		let session = CurrentSession::<T>::get();
		session.current.check()?;
		Ok(Self::list(session.index, 0..session.current.registered))
	}

	/// At most `count` mixnodes of the current or the previous session, from place `start` of its list on; `None` for other
	/// sessions. For lists that are too large for one answer.
	pub fn mixnodes_page(session_index: SessionIndex, start: u32, count: u32) -> Option<MixnodesPage> {
		let session = CurrentSession::<T>::get();
		let roster = if session_index == session.index {
			session.current
		} else if session_index.saturating_add(1) == session.index {
			session.previous
		} else {
			return None;
		};
		let end = start.saturating_add(count).min(roster.registered);
		let mixnodes = Self::list(session_index, start..end);
		Some(MixnodesPage { total: roster.registered, required: roster.required, mixnodes })
	}

	/// The mixnodes at some places of a session's list, all of which must be there.
	fn list(session_index: SessionIndex, places: core::ops::Range<u32>) -> Vec<Mixnode> {
		// In the order of the keys, where each read finds most of its way in what the one before it has read, and decoded
		// without bounds to what is asked for: a list may be long.
		let mut reads: Vec<_> = places.collect();
		reads.sort_unstable_by_key(|place| place.to_le_bytes());
		let mut listed: Vec<_> = reads
			.into_iter()
			.filter_map(|place| {
				// A list has no gaps, and is pruned only once its session is neither current nor previous.
				let key = Mixnodes::<T>::hashed_key_for(session_index, place);
				Some((place, unhashed::get::<ListedMixnode<Mixnode>>(&key).defensive()?.mixnode))
			})
			.collect();
		listed.sort_unstable_by_key(|(place, _)| *place);
		listed.into_iter().map(|(_, mixnode)| mixnode).collect()
	}

	/// The parameters of the previous, the current and the next session.
	pub fn parameters() -> SessionParameters {
		SessionsParameters::<T>::get()
	}

	/// The block in which the next session is expected to begin; `None` if there is no telling.
	pub(crate) fn estimate_next_start(now: BlockNumberFor<T>) -> Option<BlockNumberFor<T>> {
		let (next_rotation, _weight) = T::NextSessionRotation::estimate_next_session_rotation(now);
		let further_rotations =
			T::SessionsPerMixnetSession::get().saturating_sub(CurrentSession::<T>::get().rotations).saturating_sub(1);
		let further_blocks = T::NextSessionRotation::average_session_length().saturating_mul(further_rotations.into());
		Some(next_rotation?.saturating_add(further_blocks))
	}

	/// Begins session 0.
	///
	/// # Panics
	/// If the chain specification is wrong about `mixnodes`.
	pub(crate) fn begin_at_genesis(mixnodes: &[Mixnode]) {
		let max = T::MaxMixnodes::get();
		assert!(
			mixnodes.len() <= max as usize,
			"genesis names {} mixnodes, a session has at most {max}",
			mixnodes.len()
		);
		let (mut keys, mut peers) = (BTreeSet::new(), BTreeSet::new());
		for (index, mixnode) in mixnodes.iter().enumerate() {
			if let Err(error) = Self::check_mixnode(mixnode) {
				panic!("genesis mixnode {index} cannot be used: {error}");
			}
			assert!(
				keys.insert(mixnode.kx_public) && peers.insert(mixnode.peer_id),
				"genesis mixnode {index} has its key or its peer ID in common with an earlier one"
			);
			let mixnode = BoundedMixnodeFor::<T>::try_from(mixnode.clone())
				.unwrap_or_else(|error| panic!("genesis mixnode {index} is out of bounds: {error}"));
			Mixnodes::<T>::insert(0, index as MixnodeIndex, ListedMixnode { registrant: None, mixnode });
		}
		let required = SessionsParameters::<T>::get().current.min_mixnodes;
		CurrentSession::<T>::put(first_session::<T>(mixnodes.len() as u32, required));
	}

	/// Counts a rotation of pallet-session, and begins the next session if it is time.
	fn note_rotation(before: Rotation<BlockNumberFor<T>>) {
		let mut session = CurrentSession::<T>::get();
		session.rotations.saturating_inc();
		if session.rotations >= T::SessionsPerMixnetSession::get() {
			session = Self::begin_next(session, before);
		}
		CurrentSession::<T>::put(session);
	}

	/// The session that follows `ended`. From here on its roster is fixed. `before` is the rotation before this one.
	fn begin_next(
		ended: Session<BlockNumberFor<T>>,
		before: Rotation<BlockNumberFor<T>>,
	) -> Session<BlockNumberFor<T>> {
		let parameters = SessionsParameters::<T>::mutate(|parameters| {
			parameters.previous = parameters.current;
			parameters.current = parameters.next;
			parameters.current
		});
		let elected = NextElection::<T>::get().elected;
		let session = Session {
			// 2^32 sessions of a minute take 8000 years.
			index: ended.index.saturating_add(1),
			started_at: frame_system::Pallet::<T>::block_number(),
			rotations: 0,
			current: Roster { registered: elected, required: parameters.min_mixnodes },
			previous: ended.current,
		};
		RankedSet::<T>::clear(SetId::Elected);
		RankedSet::<T>::clear(SetId::Standby);
		NextElection::<T>::put(Self::new_election(session.index.saturating_add(1), before));
		Self::deposit_event(match session.current.check() {
			Ok(()) => Event::SessionStarted { session_index: session.index, mixnodes: elected },
			Err(MixnodesError::InsufficientRegistrations { num, min }) => {
				Event::SessionResting { session_index: session.index, registered: num, required: min }
			},
		});
		session
	}

	/// The election of session `index`, without candidates yet. `before` is the rotation of pallet-session before the one
	/// with which the election begins.
	///
	/// The seed is drawn now, and may have been known to some, in part, since the rotation before, when what it is made
	/// from began to be published. Who was known to the chain by then could not choose a key with the seed in view.
	/// Randomness of earlier than that is no good.
	pub(crate) fn new_election(
		index: SessionIndex,
		before: Rotation<BlockNumberFor<T>>,
	) -> Election<BlockNumberFor<T>> {
		let (seed, known_since) = T::Randomness::random(&(SEED_SUBJECT, index).encode());
		// At genesis there is no before: what it names was chosen by who made the chain.
		let is_fresh = known_since > before.at || frame_system::Pallet::<T>::block_number().is_zero();
		if !is_fresh {
			log::error!(
				target: LOG_TARGET,
				"The randomness for the election of session {index} is known since block {known_since:?}, which is too \
				 long: nobody draws. Name the mixnet behind the source of randomness in the session keys.",
			);
		}
		Election {
			seed: is_fresh.then(|| Seed(sp_io::hashing::blake2_256(seed.as_ref()))),
			committed_by_rotation: before.count,
			committed_before: before.at,
			elected: 0,
			standbys: 0,
			ranked: 0,
		}
	}
}

impl<T: Config> BoundToRuntimeAppPublic for Pallet<T> {
	type Public = AuthorityId;
}

impl<T: Config> OneSessionHandler<T::AccountId> for Pallet<T> {
	type Key = AuthorityId;

	fn on_genesis_session<'a, I>(validators: I)
	where
		I: Iterator<Item = (&'a T::AccountId, AuthorityId)> + 'a,
	{
		// pallet-session promises that these are also the authorities of its second session.
		Self::set_queued_authorities(validators.map(|(_, authority)| registrant(&authority)));
		Self::set_queued_authorities_active();
		let first = LastRotation::<T>::get();
		NextElection::<T>::put(Self::new_election(1, first));
	}

	fn on_new_session<'a, I>(_changed: bool, _validators: I, queued_validators: I)
	where
		I: Iterator<Item = (&'a T::AccountId, AuthorityId)> + 'a,
	{
		let before = LastRotation::<T>::get();
		let count = before.count.saturating_add(1);
		LastRotation::<T>::put(Rotation { count, at: frame_system::Pallet::<T>::block_number() });
		// `changed` is no reason to skip this: it speaks of the validators whose session begins, while those whose keys
		// we want have just been queued behind them.
		Self::set_queued_authorities(queued_validators.map(|(_, authority)| registrant(&authority)));
		Self::note_rotation(before);
	}

	fn on_disabled(validator_index: u32) {
		// The current session's list does not change; but who is disabled does not stand for the next one.
		match Self::active_authority(validator_index) {
			Some(registrant) => Self::bar(registrant, RemovalReason::Disabled),
			None => log::warn!(
				target: LOG_TARGET,
				"Validator {validator_index} was disabled, but its key is not known: it may stand in the next election",
			),
		}
	}
}

/// The registrant that a session key names.
pub(crate) fn registrant(authority: &AuthorityId) -> Registrant {
	let mut bytes = [0; Registrant::SIZE];
	let raw: &[u8] = authority.as_ref();
	bytes.copy_from_slice(raw);
	Registrant(bytes)
}
