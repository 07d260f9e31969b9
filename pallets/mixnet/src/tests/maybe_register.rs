//! Registration from the outside, by a node with its keystore.

use crate::{mock::*, Call, Event};
use mixnet_primitives::KxPublic;
use sp_runtime::transaction_validity::TransactionSource;

/// Calls it in each block until it sends something; returns that block.
fn block_of_registration(account_mixnode: u64) -> Option<u64> {
	let session_index = Mixnet::session_status().current_index;
	while Mixnet::session_status().current_index == session_index {
		if Mixnet::maybe_register(session_index, mixnode(account_mixnode)) {
			return Some(System::block_number());
		}
		next_block();
	}
	None
}

#[test]
fn a_node_registers_once_in_a_session() {
	let mut ext = ext();
	let pool = as_node(&mut ext, &[4, 100]);
	ext.execute_with(|| {
		run_to_next_session();
		for session_index in 1..4 {
			let block = block_of_registration(7).expect("it registers");
			let start = u64::from(session_index) * 20;
			assert!((start + 2..start + 20).contains(&block), "block {block} of session {session_index}");

			let extrinsic = take_from_pool(&pool);
			let RuntimeCall::Mixnet(Call::register { registration, signature }) = extrinsic.function.clone() else {
				panic!("{:?}", extrinsic.function)
			};
			assert_eq!(registration, crate::mock::registration(4, mixnode(7)));
			assert!(validate(registration, signature).is_ok());
			next_block();
			assert_eq!(apply(extrinsic), Ok(Ok(())));
			assert_eq!(
				events(),
				[Event::MixnodeRegistered {
					session_index: session_index + 1,
					mixnode_index: 0,
					registrant: authority(4)
				}]
			);

			assert_eq!(block_of_registration(7), None);
			assert!(pool.read().transactions.is_empty());
		}
	});
}

#[test]
fn nothing_is_sent_for_another_session() {
	let mut ext = ext();
	as_node(&mut ext, &[4]);
	ext.execute_with(|| {
		// In the slack at the end of session 1 it would be sent for sure.
		run_to_block(39);
		for session_index in [0, 2, u32::MAX] {
			assert!(!Mixnet::maybe_register(session_index, mixnode(0)));
		}
		assert!(Mixnet::maybe_register(1, mixnode(0)));
	});
}

#[test]
fn nothing_is_sent_at_block_0() {
	NumRegisterStartSlackBlocks::set(0);
	NumRegisterEndSlackBlocks::set(19);
	let mut ext = ext();
	as_node(&mut ext, &[4]);
	ext.execute_with(|| {
		// The hash to be signed is not known there.
		assert!(!Mixnet::maybe_register(0, mixnode(0)));
		next_block();
		assert!(Mixnet::maybe_register(0, mixnode(0)));
	});
}

#[test]
fn nothing_is_sent_without_an_authority() {
	let mut ext = ext();
	let pool = as_node(&mut ext, &[VALIDATORS, 100]);
	ext.execute_with(|| {
		run_to_block(1);
		assert_eq!(block_of_registration(0), None);
		assert!(pool.read().transactions.is_empty());
	});
}

#[test]
fn a_node_with_several_authorities_registers_once() {
	let mut ext = ext();
	let pool = as_node(&mut ext, &[2, 3, 4]);
	ext.execute_with(|| {
		run_to_block(1);
		assert!(block_of_registration(0).is_some());
		let extrinsic = take_from_pool(&pool);
		assert_eq!(apply(extrinsic), Ok(Ok(())));
		assert_eq!(block_of_registration(1), None);
	});
}

#[test]
fn a_mixnode_beyond_the_bounds_is_not_registered_with_less() {
	let mut ext = ext();
	let pool = as_node(&mut ext, &[2]);
	ext.execute_with(|| {
		run_to_block(19);
		let mut too_many = mixnode(0);
		too_many.external_addresses = vec![b"/dns/example.com".to_vec(); MAX_ADDRESSES as usize + 1];
		assert!(!Mixnet::maybe_register(0, too_many));
		let mut too_long = mixnode(0);
		too_long.external_addresses.push(vec![b'a'; MAX_ADDRESS_SIZE as usize + 1]);
		assert!(!Mixnet::maybe_register(0, too_long));
		assert!(pool.read().transactions.is_empty());
		assert!(Mixnet::maybe_register(0, mixnode(0)));
	});
}

#[test]
fn what_would_be_refused_is_not_sent() {
	MaxMixnodes::set(2);
	let mut ext = ext();
	let pool = as_node(&mut ext, &[2]);
	ext.execute_with(|| {
		run_to_block(18);
		let mut useless = mixnode(0);
		useless.kx_public = KxPublic([0; 32]);
		assert!(!Mixnet::maybe_register(0, useless));
		register(0, mixnode(0));
		assert!(!Mixnet::maybe_register(0, mixnode(0)), "key and peer ID are taken");
		register(1, mixnode(1));
		assert!(!Mixnet::maybe_register(0, mixnode(2)), "the session is full");
		assert!(pool.read().transactions.is_empty());
	});
}

#[test]
fn a_lost_registration_is_sent_again() {
	let mut ext = ext();
	let pool = as_node(&mut ext, &[2]);
	ext.execute_with(|| {
		run_to_block(1);
		let mut sent = 0;
		while Mixnet::session_status().current_index == 0 {
			if Mixnet::maybe_register(0, mixnode(0)) {
				sent += 1;
			}
			next_block();
		}
		assert!(sent > 1);
		// In the slack at the end, in every block.
		let last: Vec<_> = pool.read().transactions.iter().rev().take(4).cloned().collect();
		assert_eq!(last.len(), 4);
		// With another hash each time, lest the pool has banned the first.
		assert_ne!(last[0], last[1]);
	});
}

/// The blocks, counted from the session's start, at which nodes with different keys register, counted.
fn spread(nodes: u64) -> Vec<u64> {
	let mut ext = ext();
	let pool = as_node(&mut ext, &[2]);
	ext.execute_with(|| {
		run_to_next_session();
		let status = Mixnet::session_status();
		let start = System::block_number();
		let mut counts = Vec::new();
		let mut waiting: Vec<_> = (0..nodes).collect();
		while Mixnet::session_status().current_index == status.current_index {
			let now = System::block_number();
			let before = waiting.len();
			waiting.retain(|node| {
				let mut key = mixnode(*node).kx_public;
				key.0[20] = start as u8;
				let decision = Mixnet::is_time_to_register(now, &key);
				// However often it is asked.
				assert_eq!(decision, Mixnet::is_time_to_register(now, &key));
				!decision
			});
			counts.push((before - waiting.len()) as u64);
			next_block();
		}
		assert!(waiting.is_empty());
		assert!(pool.read().transactions.is_empty());
		counts
	})
}

/// Asserts that `counts` might be draws from a uniform distribution.
fn assert_uniform(counts: &[u64]) {
	let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
	let chi_squared: f64 = counts.iter().map(|count| (*count as f64 - mean).powi(2) / mean).sum();
	let freedom = (counts.len() - 1) as f64;
	// Five standard deviations.
	assert!(chi_squared < freedom + 5.0 * (2.0 * freedom).sqrt(), "{chi_squared} with {freedom}: {counts:?}");
}

#[test]
fn registrations_are_spread_evenly_over_the_session() {
	let counts = spread(14_000);
	assert_eq!(counts.len(), 20);
	// Slack of 2 at the start; of 4 at the end, before which everyone has registered.
	assert_eq!(counts[..2], [0; 2]);
	assert_eq!(counts[16..], [0; 4]);
	assert_uniform(&counts[2..16]);
}

#[test]
fn registrations_are_spread_over_all_of_a_longer_session() {
	SessionsPerMixnetSession::set(3);
	let counts = spread(14_000);
	assert_eq!(counts.len(), 60);
	assert_eq!(counts[..2], [0; 2]);
	assert_eq!(counts[56..], [0; 4]);
	assert_uniform(&counts[2..56]);
}

#[test]
fn a_node_that_comes_late_still_registers() {
	let mut ext = ext();
	as_node(&mut ext, &[2]);
	ext.execute_with(|| {
		for block in 16..20 {
			run_to_block(block);
			for node in 0..10 {
				assert!(Mixnet::maybe_register(0, mixnode(node)), "block {block}");
			}
		}
	});
}

#[test]
fn a_registration_is_valid_wherever_it_comes_from() {
	ext().execute_with(|| {
		use frame_support::traits::Authorize;
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		let signature = sign(0, &registration);
		let call: RuntimeCall = Call::register { registration, signature }.into();
		for source in [TransactionSource::InBlock, TransactionSource::Local, TransactionSource::External] {
			assert!(call.authorize(source).expect("the call can be authorised").is_ok());
		}
	});
}
