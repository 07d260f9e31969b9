//! The part of the migration that runs in the block of the upgrade, and the whole for chains without steps.

use super::{authorities, candidates, steps::FinishV2, v1, Unfinished};
use crate::{
	authorities::Generation, migrations::AccountsOfKeys, Config, CurrentSession, Pallet, PhaseLengths, Session,
	WeightInfo, LOG_TARGET,
};
#[cfg(feature = "try-runtime")]
use alloc::vec::Vec;
use core::marker::PhantomData;
use frame_support::{
	migrations::SteppedMigration,
	traits::{Defensive, Get, UncheckedOnRuntimeUpgrade},
	weights::{Weight, WeightMeter},
};
use frame_system::pallet_prelude::BlockNumberFor;

#[cfg(feature = "try-runtime")]
use {super::checks, codec::Encode, sp_runtime::TryRuntimeError};

/// Migrates what handlers of sessions and nodes read, without a check of the version on chain.
pub struct MigrateWhatHandlersRead<T, Accounts>(PhantomData<(T, Accounts)>);

impl<T: Config, Accounts: AccountsOfKeys<T::AccountId>> UncheckedOnRuntimeUpgrade
	for MigrateWhatHandlersRead<T, Accounts>
{
	fn on_runtime_upgrade() -> Weight {
		migrate_session::<T>();
		let authorities = authorities::migrate::<T, Accounts>();
		let found = candidates::migrate::<T>();
		// Version 1 barred the keys with which they were disabled.
		let active = Pallet::<T>::authorities(Generation::Active).map(|entry| (entry.validator_index, entry.account));
		Pallet::<T>::bar_disabled(active);
		Unfinished::<T>::put(Pallet::<T>::next_session_index());
		log::info!(
			target: LOG_TARGET,
			"Migrated {authorities} authorities and {found} candidates to version 2. The rest follows in steps.",
		);
		T::WeightInfo::migrate_to_v2(authorities, found)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, TryRuntimeError> {
		checks::check_weight::<T>(checks::weight_at_once::<T>())?;
		Ok(checks::Lists::<T>::of_version_1().encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(state: Vec<u8>) -> Result<(), TryRuntimeError> {
		checks::Lists::<T>::decode_all(&state)?.check()
	}
}

/// Migrates everything, without a check of the version on chain.
pub struct MigrateEverything<T, Accounts>(PhantomData<(T, Accounts)>);

impl<T: Config, Accounts: AccountsOfKeys<T::AccountId>> UncheckedOnRuntimeUpgrade for MigrateEverything<T, Accounts> {
	fn on_runtime_upgrade() -> Weight {
		let weight = MigrateWhatHandlersRead::<T, Accounts>::on_runtime_upgrade();
		let mut meter = WeightMeter::new();
		let mut cursor = None;
		loop {
			// With all the weight that there is, a single step takes everything.
			cursor = FinishV2::<T>::step(cursor, &mut meter).defensive_unwrap_or(None);
			if cursor.is_none() {
				break;
			}
		}
		weight.saturating_add(meter.consumed())
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, TryRuntimeError> {
		let steps = checks::weight_of_steps::<T>(
			v1::CurrentSession::<T>::get().map_or(1, |session| session.index.saturating_add(1)),
		);
		checks::check_weight::<T>(checks::weight_at_once::<T>().saturating_add(steps))?;
		Ok((checks::Lists::<T>::of_version_1(), checks::operators_of_version_1::<T>()).encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(state: Vec<u8>) -> Result<(), TryRuntimeError> {
		use codec::Decode;
		let input = &mut &state[..];
		let lists = checks::Lists::<T>::decode(input).map_err(|_| "the lists before do not decode")?;
		let operators = checks::Operators::<T>::decode(input).map_err(|_| "the operators before do not decode")?;
		lists.check()?;
		checks::check_operators::<T>(operators)
	}
}

/// Completes the session by what was constant in version 1: it goes on with the runtime's lengths of now.
fn migrate_session<T: Config>() {
	let last_rotation = v1::LastRotation::<T>::take();
	let Some(v1::Session { index, started_at, rotations, current, previous }) = v1::CurrentSession::<T>::get() else {
		return;
	};
	CurrentSession::<T>::put(Session::<BlockNumberFor<T>> {
		index,
		started_at,
		rotations,
		// A session of version 1 ended when it had been due, were its length now shorter.
		length: T::SessionsPerMixnetSession::get().max(rotations.saturating_add(1)),
		phases: PhaseLengths {
			cover_to_current: T::NumCoverToCurrentBlocks::get(),
			requests_to_current: T::NumRequestsToCurrentBlocks::get(),
			cover_to_prev: T::NumCoverToPrevBlocks::get(),
		},
		current,
		previous,
		last_rotation,
	});
}
