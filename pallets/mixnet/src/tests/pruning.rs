//! What sessions leave behind is removed bit by bit, and does no harm before that.

use crate::{
	mock::*, BoundedMixnode, Candidacies, Error, Event, KxPublics, ListedMixnode, Mixnodes, NextToPrune, PeerIds,
	WeightInfo, MAX_PRUNED_AT_ONCE, MIN_PRUNED_FOR_FREE,
};
use frame_support::{
	assert_noop, assert_storage_noop,
	dispatch::{GetDispatchInfo, Pays},
	traits::Hooks,
	weights::Weight,
};
use frame_system::RawOrigin;
use sp_runtime::DispatchError;

/// How many keys are stored of each session.
fn stored() -> Vec<usize> {
	let mut counts = vec![0; Mixnet::session_status().current_index as usize + 2];
	let sessions = (Mixnodes::<Runtime>::iter_keys().map(|(session_index, _)| session_index))
		.chain(Candidacies::<Runtime>::iter_keys().map(|(session_index, _)| session_index))
		.chain(KxPublics::<Runtime>::iter_keys().map(|(session_index, _)| session_index))
		.chain(PeerIds::<Runtime>::iter_keys().map(|(session_index, _)| session_index));
	for session_index in sessions {
		counts[session_index as usize] += 1;
	}
	counts
}

/// Registers the first `count` accounts' mixnodes, and runs to the next session.
fn run_session(count: u64) {
	for account in 0..count {
		register(account, account);
	}
	run_to_next_session();
}

/// Writes `count` mixnodes to a session that is over, and has no others from place 10 on.
fn leave_behind(session_index: u32, count: u32) {
	for place in 0..count {
		let mixnode = BoundedMixnode::try_from(mixnode(0)).expect("it fits");
		Mixnodes::<Runtime>::insert(session_index, 10 + place, ListedMixnode { account: None, mixnode });
	}
	check_invariants();
}

/// The weight of pruning this many keys.
fn weight_of(keys: u32) -> Weight {
	<() as WeightInfo>::prune(keys)
}

/// Prunes in the idle time of the present block, with `weight` to spend. Returns how many keys were removed.
fn idle_with(weight: Weight) -> usize {
	let before: usize = stored().iter().sum();
	let taken = Mixnet::on_idle(System::block_number(), weight);
	check_invariants();
	assert!(taken.all_lte(weight), "{taken} of {weight}");
	let removed = before - stored().iter().sum::<usize>();
	let least = if taken == Weight::zero() { Weight::zero() } else { weight_of(removed as u32) };
	assert!(taken.all_gte(least), "{taken} for {removed} keys");
	removed
}

#[test]
fn idle_blocks_prune_the_sessions_that_are_over() {
	ext().execute_with(|| {
		run_to_block(1);
		for count in [4, 3, 2, 5] {
			run_session(count);
		}
		// Four keys for each mixnode.
		assert_eq!(stored(), [0, 16, 12, 8, 20, 0]);
		// Session by session, until only the previous and the current session are left.
		idle();
		assert_eq!(NextToPrune::<Runtime>::get(), 1);
		idle();
		assert_eq!(stored(), [0, 0, 12, 8, 20, 0]);
		idle();
		assert_eq!(stored(), [0, 0, 0, 8, 20, 0]);
		assert_eq!(NextToPrune::<Runtime>::get(), 3);
		assert_storage_noop!({
			idle();
		});
	});
}

#[test]
fn nothing_of_the_live_sessions_and_the_next_one_is_pruned() {
	ext_with_genesis((0..4).map(mixnode).collect()).execute_with(|| {
		run_to_block(1);
		for _ in 0..6 {
			let lists = (Mixnet::prev_mixnodes(), Mixnet::current_mixnodes());
			for account in 0..5 {
				register(account, account);
			}
			let next = next_registrations();
			assert_eq!(next.len(), 5);
			let live: usize = stored().iter().rev().take(3).sum();
			for _ in 0..5 {
				idle();
			}
			assert_eq!(stored().iter().sum::<usize>(), live);
			assert_eq!((Mixnet::prev_mixnodes(), Mixnet::current_mixnodes()), lists);
			assert_eq!(next_registrations(), next);
			run_to_next_session();
		}
	});
}

#[test]
fn all_that_a_session_left_is_pruned() {
	MaxMixnodes::set(3);
	MaxStandbys::set(2);
	ext().execute_with(|| {
		run_to_block(1);
		// Elected, standbys, replaced ones and barred ones.
		for account in 0..5 {
			register(account, account);
		}
		register(1, 7);
		for account in [0, 4, 9] {
			assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), account), Ok(()));
		}
		for _ in 0..3 {
			run_to_next_session();
		}
		// Three mixnodes with their keys, peer IDs and candidacies, and the candidacies of those that were barred.
		assert_eq!(stored()[1], 3 * 4 + 3);
		idle();
		idle();
		assert_eq!(stored(), [0; 5]);
	});
}

#[test]
fn little_weight_prunes_little_and_none_nothing() {
	ext().execute_with(|| {
		run_to_block(1);
		run_session(4);
		run_session(0);
		run_session(0);
		assert_eq!(idle_with(Weight::MAX), 0);
		assert_eq!(NextToPrune::<Runtime>::get(), 1, "session 0 left nothing");

		// Not enough weight to look.
		for weight in [
			Weight::zero(),
			weight_of(0) - Weight::from_parts(1, 0),
			weight_of(0) - Weight::from_parts(0, 1),
			Weight::from_parts(u64::MAX, 0),
			Weight::from_parts(0, u64::MAX),
		] {
			assert_storage_noop!(assert_eq!(Mixnet::on_idle(System::block_number(), weight), Weight::zero()));
		}
		// Enough weight to look, but not to remove a key.
		for weight in [weight_of(0), weight_of(1) - Weight::from_parts(1, 0)] {
			assert_storage_noop!(assert_eq!(Mixnet::on_idle(System::block_number(), weight), weight_of(0)));
		}
		assert_eq!(idle_with(weight_of(1)), 1);
		assert_eq!(idle_with(weight_of(2)), 2);
		assert_eq!(idle_with(weight_of(6) - Weight::from_parts(1, 0)), 5);
		assert_eq!(idle_with(weight_of(100)), 8);
		assert_eq!(NextToPrune::<Runtime>::get(), 2);
	});
}

#[test]
fn a_block_without_anything_to_prune_takes_hardly_any_weight() {
	ext().execute_with(|| {
		run_to_block(1);
		assert_eq!(idle(), weight_of(0));
		run_session(4);
		assert_eq!(idle(), weight_of(0));
		run_session(0);
		run_session(0);
		idle();
		assert_eq!(idle(), weight_of(16));
		assert_eq!(idle(), weight_of(0));
	});
}

#[test]
fn a_large_session_takes_several_blocks() {
	let mut ext = ext();
	ext.execute_with(|| {
		run_to_block(1);
		for _ in 0..3 {
			run_session(0);
		}
		leave_behind(1, 600);
		idle();
	});
	let mut counts = Vec::new();
	for _ in 0..5 {
		// Removed keys are still in the storage beneath until the block is over.
		ext.commit_all().expect("storage can be committed");
		ext.execute_with(|| {
			run_to_block(System::block_number());
			counts.push(stored()[1]);
			idle();
		});
	}
	let at_once = MAX_PRUNED_AT_ONCE as usize;
	assert_eq!(counts, [600, 600 - at_once, 600 - 2 * at_once, 0, 0]);
}

#[test]
fn pruning_goes_on_where_it_stopped_within_one_block_too() {
	let mut ext = ext();
	ext.execute_with(|| {
		run_to_block(1);
		run_session(3);
		run_session(2);
		run_session(0);
		idle();
	});
	ext.commit_all().expect("storage can be committed");
	ext.execute_with(|| {
		let mut left: usize = stored().iter().sum();
		assert_eq!(left, 20);
		for _ in 0..2 {
			assert_eq!(idle_with(weight_of(5)), 5);
			left -= 5;
			assert_eq!(stored().iter().sum::<usize>(), left);
		}
		let origin = RuntimeOrigin::signed(0);
		assert!(Mixnet::prune(origin, 2).is_ok());
		assert_eq!(stored(), [0, 0, 8, 0, 0]);
	});
}

/// All lists are right though nothing is pruned for a hundred sessions, and only little in the next hundred.
#[test]
fn pruning_is_never_needed() {
	Period::set(1);
	for weight in [Weight::zero(), weight_of(3)] {
		let mut rng = Rng(7);
		ext().execute_with(|| {
			next_block();
			let mut lists = vec![Vec::new(), Vec::new()];
			for session in 0..100 {
				let mut list = Vec::new();
				for account in 0..6 {
					if rng.below(2) == 0 {
						// The same keys are registered again and again.
						register(account, account);
						list.push(mixnode(account));
					}
				}
				lists.push(list);
				run_to_next_session();
				idle_with(weight);
				let expected = |list: &Vec<_>| match list.len() {
					0 | 1 => None,
					_ => Some(list.clone()),
				};
				assert_eq!(Mixnet::current_mixnodes().ok(), expected(&lists[session + 2]));
				assert_eq!(Mixnet::prev_mixnodes().ok(), expected(&lists[session + 1]));
				assert_eq!(next_registrations(), []);
			}
			// Then everything is pruned.
			for _ in 0..200 {
				idle();
			}
			let stored = stored();
			assert_eq!(stored[..100], [0; 100]);
			assert_eq!(stored[100..], [4 * lists[100].len(), 4 * lists[101].len(), 0]);
		});
	}
}

/// Calls `prune`. Returns whether it was free, and its weight.
fn prune(keys: u32) -> Result<(bool, Option<Weight>), DispatchError> {
	let result = Mixnet::prune(RuntimeOrigin::signed(5), keys);
	check_invariants();
	result.map(|info| (info.pays_fee == Pays::No, info.actual_weight)).map_err(|error| error.error)
}

#[test]
fn anybody_may_prune_and_pays_nothing_for_what_was_needed() {
	ext().execute_with(|| {
		run_to_block(1);
		run_session(4);
		run_session(3);
		run_session(0);
		idle();
		next_block();
		leave_behind(1, MIN_PRUNED_FOR_FREE);
		assert_eq!(prune(MIN_PRUNED_FOR_FREE), Ok((true, Some(weight_of(MIN_PRUNED_FOR_FREE)))));
		// A few keys are not free: otherwise anybody could fill blocks with such calls for nothing.
		assert_eq!(prune(5), Ok((false, Some(weight_of(5)))));
		assert_eq!(prune(1), Ok((false, Some(weight_of(1)))));
		let pruned = |keys| Event::Pruned { keys };
		assert_eq!(events(), [pruned(MIN_PRUNED_FOR_FREE), pruned(5), pruned(1)]);
		assert_eq!(stored(), [0, 10, 12, 0, 0]);
		// If the call asks for more keys than there are, it is not free.
		assert_eq!(prune(11), Ok((false, Some(weight_of(10)))));
		assert_eq!(stored(), [0, 0, 12, 0, 0]);
		// Session 2 is the previous one.
		assert_noop!(Mixnet::prune(RuntimeOrigin::signed(5), 12), Error::<Runtime>::NothingToPrune);
	});
}

#[test]
fn no_more_is_pruned_at_once_than_is_weighed() {
	ext().execute_with(|| {
		run_to_block(1);
		for _ in 0..3 {
			run_session(0);
		}
		idle();
		leave_behind(1, 600);
		for keys in [MAX_PRUNED_AT_ONCE + 1, u32::MAX] {
			let call = crate::Call::<Runtime>::prune { keys };
			assert_eq!(call.get_dispatch_info().call_weight, weight_of(MAX_PRUNED_AT_ONCE));
		}
		// Asking for more than can be pruned at once is not free.
		assert_eq!(prune(u32::MAX), Ok((false, Some(weight_of(MAX_PRUNED_AT_ONCE)))));
		assert_eq!(prune(MAX_PRUNED_AT_ONCE), Ok((true, Some(weight_of(MAX_PRUNED_AT_ONCE)))));
		assert_eq!(stored()[1], 600 - 2 * MAX_PRUNED_AT_ONCE as usize);
	});
}

#[test]
fn without_anything_to_prune_the_call_fails_and_pays() {
	ext().execute_with(|| {
		run_to_block(1);
		for keys in [0, 1, 100] {
			assert_noop!(Mixnet::prune(RuntimeOrigin::signed(5), keys), Error::<Runtime>::NothingToPrune);
		}
		run_session(4);
		run_session(0);
		run_session(0);
		idle();
		// A call that prunes nothing is an error.
		assert_noop!(Mixnet::prune(RuntimeOrigin::signed(5), 0), Error::<Runtime>::NothingToPrune);
		assert_eq!(prune(16), Ok((false, Some(weight_of(16)))));
	});
}

/// A chain without idle blocks only has the call. It must get past sessions that left nothing, and past sessions of
/// which exactly as many keys were removed as it asked for.
#[test]
fn the_call_alone_prunes_everything() {
	ext().execute_with(|| {
		run_to_block(1);
		for count in [0, 0, 4, 3, 0, 2, 0, 1, 1] {
			run_session(count);
		}
		assert_eq!(stored(), [0, 0, 0, 16, 12, 0, 8, 0, 4, 4, 0]);
		let mut calls = 0;
		while prune(4).is_ok() {
			calls += 1;
		}
		assert_eq!(stored(), [0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 0]);
		assert_eq!(NextToPrune::<Runtime>::get(), 8);
		// Nine calls removed something, and one call for each session found it empty.
		assert!(calls <= 9 + 8, "{calls} calls");
	});
}

#[test]
fn pruning_by_call_is_for_accounts() {
	ext().execute_with(|| {
		run_to_block(1);
		for origin in [RawOrigin::None, RawOrigin::Root, RawOrigin::Authorized] {
			assert_noop!(Mixnet::prune(origin.into(), 1), DispatchError::BadOrigin);
		}
	});
}
