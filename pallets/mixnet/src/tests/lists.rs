//! The lists: they do not change, rotation does not depend on them, and they are pruned step by step.

use crate::{mock::*, Mixnodes, NextToPrune, PruneCursor};
use codec::Encode;
use frame_support::traits::OneSessionHandler;
use std::collections::BTreeSet;

fn stored() -> BTreeSet<(u32, u32)> {
	Mixnodes::<Runtime>::iter_keys().collect()
}

fn list(session_index: u32, count: u32) -> impl Iterator<Item = (u32, u32)> {
	(0..count).map(move |index| (session_index, index))
}

#[test]
fn a_list_is_in_the_order_of_registration_and_stays() {
	ext().execute_with(|| {
		run_to_block(1);
		let order = [7, 2, 9, 0, 4];
		for account in order {
			register(account, mixnode(account));
			next_block();
		}
		run_to_next_session();
		let expected = order.map(mixnode).to_vec();
		assert_eq!(Mixnet::current_mixnodes(), Ok(expected.clone()));
		// Whatever happens in this session and the next is no part of this one's list.
		for account in 0..VALIDATORS {
			register(account, mixnode(100 + account));
			assert_eq!(Mixnet::current_mixnodes(), Ok(expected.clone()));
			next_block();
		}
		run_to_next_session();
		for account in 0..VALIDATORS {
			assert_eq!(Mixnet::prev_mixnodes(), Ok(expected.clone()));
			register(account, mixnode(200 + account));
			next_block();
		}
		while Mixnet::session_status().current_index == 2 {
			assert_eq!(Mixnet::prev_mixnodes(), Ok(expected.clone()));
			next_block();
		}
	});
}

#[test]
fn registrations_and_rotations_prune_a_step_each() {
	ext().execute_with(|| {
		let all: BTreeSet<_> = list(1, 4).collect();
		run_to_block(1);
		for account in 0..4 {
			register(account, mixnode(account));
		}
		run_to_next_session();
		run_to_next_session();
		// While the session is the current or the previous one nothing is removed.
		assert_eq!(stored(), all);
		// The last rotation's step passed over session 0, which had no mixnodes.
		assert_eq!(NextToPrune::<Runtime>::get(), PruneCursor { session_index: 1, mixnode_index: 0 });

		run_to_next_session();
		assert_eq!(NextToPrune::<Runtime>::get(), PruneCursor { session_index: 1, mixnode_index: 1 });
		for removed in 2..=4 {
			register(removed.into(), mixnode(removed.into()));
			let expected: BTreeSet<_> = list(1, 4).skip(removed as usize).chain(list(4, removed - 1)).collect();
			assert_eq!(stored(), expected);
		}
		// And the last step passes on; after that there is nothing to do.
		register(0, mixnode(0));
		register(1, mixnode(1));
		assert_eq!(NextToPrune::<Runtime>::get(), PruneCursor { session_index: 2, mixnode_index: 0 });
		assert_eq!(stored(), list(4, 5).collect());
	});
}

#[test]
fn what_waits_for_pruning_is_bounded() {
	MaxMixnodes::set(4);
	Period::set(1);
	ext_with_genesis((0..4).map(mixnode).collect()).execute_with(|| {
		next_block();
		let mut most = 0;
		// All or nobody, in every pattern of five sessions.
		for pattern in 0..32u32 {
			for session in 0..5 {
				if pattern & (1 << session) != 0 {
					for account in 0..4 {
						register(account, mixnode(account));
					}
				}
				run_to_next_session();
				most = most.max(stored().len());
			}
		}
		// When a session has just begun: two live lists, and at most three full ones behind them. The invariants, which
		// are checked after each step, tell these apart.
		assert!(most <= 5 * 4, "{most} mixnodes are stored");
	});
}

/// Rotates once in the given storage; returns the keys that were written, and the size of what was read, in proof.
fn measure_rotation(mixnodes: u32) -> (BTreeSet<Vec<u8>>, usize) {
	let mut ext = ext();
	ext.execute_with(|| {
		for _ in 0..4 {
			next_block();
			for account in 0..mixnodes.into() {
				register(account, mixnode(account));
			}
			run_to_next_session();
		}
		for account in 0..mixnodes.into() {
			register(account, mixnode(account));
		}
		// Not what the test itself reads.
		System::reset_events();
	});
	ext.commit_all().expect("storage can be committed");
	let accounts: Vec<_> = (0..VALIDATORS).collect();
	let validators: Vec<_> = accounts.iter().map(|account| (account, authority(*account))).collect();
	let rotate = || Mixnet::on_new_session(false, validators.clone().into_iter(), validators.clone().into_iter());
	let ((), proof) = ext.execute_and_prove(rotate);
	ext.execute_with(rotate);
	let written = ext.overlayed_changes().changes().map(|(key, _)| key.clone()).collect();
	(written, proof.encoded_size())
}

#[test]
fn rotation_costs_the_same_whatever_the_number_of_mixnodes() {
	MaxAuthorities::set(10);
	let (few, small_proof) = measure_rotation(2);
	let (many, large_proof) = measure_rotation(10);
	assert_eq!(few.len(), many.len());
	// The tree of storage is a little deeper; eight mixnodes more would be twelve hundred bytes each time.
	assert!(large_proof < small_proof + 1000, "{small_proof} bytes to {large_proof}");
}
