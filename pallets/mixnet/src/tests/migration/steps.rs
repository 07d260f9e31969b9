//! The migration to version 2 in steps: sessions rotate and validators are disabled between them.

use super::{
	from_v1::{candidacy, is_listed, list_before, survivors, v1, NEXT},
	*,
};
use crate::migrations::v2::{Cursor, FinishV2};
use frame_support::{
	assert_storage_noop,
	migrations::{SteppedMigration, SteppedMigrationError},
	weights::{Weight, WeightMeter},
};
use mixnet_primitives::Mixnode;

/// Begins the migration, as the block of the upgrade does.
fn begin() {
	upgrade::<v2::MigrateToV2<Runtime, SessionAccounts>>();
	MigrationOngoing::set(true);
	assert_eq!(Mixnet::on_chain_storage_version(), StorageVersion::new(2));
	check_invariants();
}

/// The least weight with which a step gets on.
fn least_weight(cursor: Option<Cursor>) -> Weight {
	match FinishV2::<Runtime>::step(cursor, &mut WeightMeter::with_limit(Weight::zero())) {
		Err(SteppedMigrationError::InsufficientWeight { required }) => required,
		other => panic!("without weight a step answers {other:?}"),
	}
}

/// Makes a step that migrates one entry, or looks for one in vain. Returns `false` at the end.
fn step(cursor: &mut Option<Cursor>) -> bool {
	let weight = least_weight(*cursor);
	let mut meter = WeightMeter::with_limit(weight);
	*cursor = FinishV2::<Runtime>::transactional_step(*cursor, &mut meter).expect("there is enough weight");
	assert!(meter.consumed().all_lte(weight));
	MigrationOngoing::set(cursor.is_some());
	cursor.is_some()
}

/// Makes the steps that are left.
fn finish(cursor: &mut Option<Cursor>) {
	while MigrationOngoing::get() {
		step(cursor);
	}
	check_invariants();
	everything_decodes();
	assert_storage_noop!(assert_eq!(FinishV2::<Runtime>::step(None, &mut WeightMeter::new()), Ok(None)));
}

/// How many steps of one entry there are.
fn number_of_steps() -> usize {
	v1().execute_with(|| {
		begin();
		let (mut steps, mut cursor) = (1, None);
		while step(&mut cursor) {
			steps += 1;
		}
		steps
	})
}

/// After every step, or after every so many of those that only remove leftovers, does something and then completes the
/// migration.
fn between_steps(something: impl Fn(), then: impl Fn()) {
	let mut steps = 0;
	loop {
		let is_last = v1().execute_with(|| {
			begin();
			let mut cursor = None;
			let mut made = 0;
			while MigrationOngoing::get()
				&& (made < steps || matches!(cursor, Some(Cursor::Leftovers(_)) if made % 40 != 0))
			{
				step(&mut cursor);
				made += 1;
			}
			steps = made + 1;
			check_invariants();
			something();
			check_invariants();
			let is_last = !MigrationOngoing::get();
			finish(&mut cursor);
			then();
			is_last
		});
		if is_last {
			return;
		}
	}
}

#[test]
fn lists_are_the_same_after_every_step() {
	v1().execute_with(|| {
		let lists = (Ok(list_before(3)), Ok(list_before(4)));
		begin();
		let mut cursor = None;
		while step(&mut cursor) {
			check_invariants();
			assert_eq!((Mixnet::prev_mixnodes(), Mixnet::current_mixnodes()), lists);
		}
		assert_eq!((Mixnet::prev_mixnodes(), Mixnet::current_mixnodes()), lists);
	});
}

#[test]
fn steps_come_to_what_migrating_at_once_comes_to() {
	let storage = |migrate: fn()| {
		v1().execute_with(|| {
			migrate();
			let mut all = Vec::new();
			let prefix = sp_io::hashing::twox_128(b"Mixnet");
			let mut key = prefix.to_vec();
			while let Some(next) = sp_io::storage::next_key(&key).filter(|next| next.starts_with(&prefix)) {
				all.push((next.clone(), sp_io::storage::get(&next)));
				key = next;
			}
			all
		})
	};
	let in_steps = storage(|| {
		begin();
		finish(&mut None);
	});
	assert_eq!(in_steps, storage(to_version_2));
}

#[test]
fn a_step_takes_no_more_weight_than_it_is_given() {
	v1().execute_with(|| {
		begin();
		let mut cursor = None;
		let limit = least_weight(cursor).saturating_mul(7);
		let mut calls = 0;
		loop {
			let mut meter = WeightMeter::with_limit(limit);
			cursor = FinishV2::<Runtime>::transactional_step(cursor, &mut meter).expect("there is enough weight");
			assert!(meter.consumed().all_lte(limit) && meter.consumed().ref_time() > 0);
			calls += 1;
			if cursor.is_none() {
				break;
			}
		}
		MigrationOngoing::set(false);
		assert!(calls > 5 && calls < number_of_steps(), "{calls} calls");
		check_invariants();
	});
}

/// The session that was the next one begins with the list that the block of the upgrade has left, and the mixnodes of
/// those who were barred meanwhile are not in it.
#[test]
fn a_session_may_begin_between_any_two_steps() {
	let list_after = |migrate: fn()| {
		v1().execute_with(|| {
			migrate();
			run_to_next_session();
			Mixnet::current_mixnodes().expect("there are enough")
		})
	};
	let before_steps: Vec<Mixnode> = list_after(begin);
	let after_steps = list_after(to_version_2);
	between_steps(
		|| {
			let previous = Mixnet::current_mixnodes();
			run_to_next_session();
			assert_eq!(Mixnet::prev_mixnodes(), previous);
			let list = Mixnet::current_mixnodes().expect("there are enough");
			assert!(
				list.len() == 14
					&& list.iter().all(|mixnode| before_steps.contains(mixnode) || after_steps.contains(mixnode))
			);
		},
		|| {
			assert_eq!(Mixnet::session_status().current_index, NEXT);
			check_invariants();
			// What is stored of the session that has begun is found by pruning, which knows accounts.
			CurrentSession::<Runtime>::mutate(|session| session.index += 2);
			while NextToPrune::<Runtime>::get() <= NEXT {
				assert!(Mixnet::prune(RuntimeOrigin::signed(1), MAX_PRUNED_AT_ONCE).is_ok());
			}
			let prefix = v2::v1::Candidacies::<Runtime>::iter_key_prefix(NEXT).prefix().to_vec();
			let left = sp_io::storage::next_key(&prefix).filter(|key| key.starts_with(&prefix));
			assert_eq!(left, None, "something is left that no pruning finds");
		},
	);
}

#[test]
fn a_validator_may_be_disabled_between_any_two_steps() {
	// One that is listed by its only key, one that is listed by a new one, one that is out, and one that was barred.
	for account in [12, 3, 5, 7] {
		between_steps(
			|| {
				let index =
					Session::validators().iter().position(|validator| *validator == account).expect("it is one");
				assert!(Session::disable_index(index as u32));
			},
			|| {
				assert_eq!(candidacy(account).state, CandidacyState::Barred, "account {account}");
				assert!(survivors().into_keys().all(|other| other == account || is_listed(other)));
			},
		);
	}
}

/// Until the migration is complete, an operator cannot be read. A runtime that has forgotten the steps must find out.
#[test]
fn a_migration_whose_steps_nobody_makes_is_reported() {
	v1().execute_with(|| {
		begin();
		MigrationOngoing::set(false);
		assert!(Mixnet::do_try_state().is_err());
		MigrationOngoing::set(true);
		finish(&mut None);
		assert_eq!(Mixnet::do_try_state(), Ok(()));
	});
}

#[test]
fn a_chain_of_version_2_has_no_steps_to_make() {
	ext().execute_with(|| {
		run_to_next_session();
		assert_storage_noop!(assert_eq!(FinishV2::<Runtime>::step(None, &mut WeightMeter::new()), Ok(None)));
	});
}

#[cfg(feature = "try-runtime")]
#[test]
fn the_steps_check_operators_before_and_after() {
	v1().execute_with(|| {
		begin();
		let state = FinishV2::<Runtime>::pre_upgrade().expect("operators decode");
		finish(&mut None);
		assert_eq!(FinishV2::<Runtime>::post_upgrade(state.clone()), Ok(()));
		Operators::<Runtime>::mutate_extant(60, |operator| operator.key = None);
		assert!(FinishV2::<Runtime>::post_upgrade(state).is_err());
	});
}

#[cfg(feature = "try-runtime")]
#[test]
fn what_takes_more_than_a_block_is_refused_before_it_begins() {
	type AtOnce = v2::MigrateToV2AtOnce<Runtime, SessionAccounts>;
	type First = v2::MigrateToV2<Runtime, SessionAccounts>;
	v1().execute_with(|| {
		assert!(AtOnce::pre_upgrade().is_ok() && First::pre_upgrade().is_ok());
		// Operators do not matter to the block of the upgrade, if their steps follow.
		let operator = v2::v1::Operators::<Runtime>::get(60).expect("it is one");
		for account in 1_000..21_000 {
			v2::v1::Operators::<Runtime>::insert(account, &operator);
		}
		assert!(AtOnce::pre_upgrade().is_err() && First::pre_upgrade().is_ok());
		v2::v1::NextElection::<Runtime>::mutate(|election| {
			election.as_mut().expect("there is one").elected = 10_000;
		});
		assert!(First::pre_upgrade().is_err());
	});
}
