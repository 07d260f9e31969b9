//! A chain whose validators are elected on another chain, as a relay chain's are on AssetHub (pallet-staking-async).
//!
//! What arrives there are names of validators, not what is staked on them. So the stakes have to be sent as well.
//!
//! - `stakes`: keeps them, and lets them come into force with their validators, as the guide shows it.
//! - `runtime`: a runtime with it. In place of pallet-staking-async-ah-client, `Arriving` hands out a set when one has
//!   come.

mod runtime;
mod stakes;

use self::runtime::*;
use crate::{authorities::Generation, mock::authority};
use frame_support::{assert_noop, assert_ok, traits::OnInitialize};
use sp_runtime::{BuildStorage, DispatchError};
use stakes::stakes as pallet_stakes;

/// Storage at block 0, with session keys for the accounts 1 to 9. The validators are 1, 2 and 3.
fn ext() -> sp_io::TestExternalities {
	let keys = |accounts: std::ops::RangeInclusive<AccountId>| {
		accounts.map(|account| (account, account, SessionKeys { mixnet: authority(account) })).collect()
	};
	let genesis = RuntimeGenesisConfig {
		session: pallet_session::GenesisConfig { keys: keys(1..=3), non_authority_keys: keys(4..=9) },
		..Default::default()
	};
	genesis.build_storage().expect("genesis builds").into()
}

fn rotate() {
	let index = Session::current_index();
	while Session::current_index() == index {
		System::set_block_number(System::block_number() + 1);
		Session::on_initialize(System::block_number());
		Mixnet::do_try_state().expect("the invariants hold");
	}
}

/// Stakes of a set arrive, as the staking chain sends them.
fn send_stakes(set: u32, stakes: &[(AccountId, u128)]) {
	let stakes = stakes.to_vec().try_into().expect("there are few");
	assert_ok!(Stakes::note(RuntimeOrigin::root(), set, stakes));
}

/// A validator set arrives.
fn send_set(set: u32, validators: &[AccountId]) {
	Arriving::set(Some((set, validators.to_vec())));
}

/// The queued validators and their weights, in ascending order.
fn queued() -> Vec<(AccountId, u128)> {
	let mut queued: Vec<_> =
		Mixnet::authorities(Generation::Queued).map(|entry| (entry.account, entry.weight)).collect();
	queued.sort();
	queued
}

#[test]
fn stakes_come_into_force_with_the_validators_that_they_are_for() {
	ext().execute_with(|| {
		rotate();
		send_stakes(1, &[(1, 100), (2, 200)]);
		send_stakes(1, &[(4, 400)]);
		send_set(1, &[1, 2, 4]);
		rotate();
		assert_eq!(queued(), [(1, 100), (2, 200), (4, 400)]);

		// The next set's stakes are there long before its validators, which come in two parts.
		send_stakes(2, &[(1, 111), (4, 444), (5, 555)]);
		for _ in 0..2 {
			rotate();
			assert_eq!(queued(), [(1, 100), (2, 200), (4, 400)]);
		}
		send_set(2, &[1, 4, 5]);
		rotate();
		assert_eq!(queued(), [(1, 111), (4, 444), (5, 555)]);
		rotate();
		assert_eq!(queued(), [(1, 111), (4, 444), (5, 555)]);
	});
}

/// The client of the staking chain keeps one set. A newer one takes the place of one that no rotation has taken yet.
#[test]
fn a_set_that_was_never_queued_leaves_nothing_behind() {
	ext().execute_with(|| {
		for set in 1..=3 {
			send_stakes(set, &[(1, 10 * u128::from(set)), (2, 20)]);
			send_set(set, &[1, 2]);
		}
		rotate();
		assert_eq!(queued(), [(1, 30), (2, 20)]);
		assert_eq!(pallet_stakes::Arrived::<Runtime>::iter().count(), 2);
	});
}

#[test]
fn validators_whose_stakes_have_not_arrived_all_weigh_the_same() {
	ext().execute_with(|| {
		assert_eq!(queued(), [(1, 1), (2, 1), (3, 1)]);
		send_set(1, &[4, 5]);
		rotate();
		assert_eq!(queued(), [(4, 1), (5, 1)]);
		// They arrive late, and count from the next rotation on.
		send_stakes(1, &[(4, 400), (5, 500)]);
		assert_eq!(queued(), [(4, 1), (5, 1)]);
		rotate();
		assert_eq!(queued(), [(4, 400), (5, 500)]);
	});
}

#[test]
fn nobody_but_the_staking_chain_says_what_validators_weigh() {
	ext().execute_with(|| {
		let stakes = vec![(1, 1_000_000)].try_into().expect("it is one");
		assert_noop!(Stakes::note(RuntimeOrigin::signed(1), 1, stakes), DispatchError::BadOrigin);
		let stakes = vec![(1, 1_000_000)].try_into().expect("it is one");
		assert_noop!(Stakes::note(RuntimeOrigin::none(), 1, stakes), DispatchError::BadOrigin);
	});
}
