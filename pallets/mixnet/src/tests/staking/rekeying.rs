//! Session keys change and move between accounts. Stakes stay with the accounts.

use super::{chain::*, runtime::*, validators::*};
use mixnet_primitives::RegistrationError::NotARegistrant;

#[test]
fn a_validator_with_a_new_key_stands_once_with_its_stake_once() {
	ext().execute_with(|| {
		rotate();
		register(5);
		set_keys(5, 105);
		// The new key counts once it is queued. Until then the old one does.
		assert_eq!(refusal(105), Some(NotARegistrant));
		register(5);
		assert_eq!(listed(), [Listed { key: 5, weight: stake(5), draws: true }]);
		register(4);

		rotate();
		assert_eq!(mixing(), [4, 5]);
		assert_eq!(refusal(5), Some(NotARegistrant));
		register(105);
		// It was queued before, under another key. So the account was there before the seed.
		assert_eq!(listed(), [Listed { key: 105, weight: stake(5), draws: true }]);
		register(4);
		assert_eq!(queued_weights().len(), ELECTED as usize);

		rotate();
		assert_eq!(mixing(), [4, 105]);
	});
}

/// One entity has the stashes 8, with much at stake, and 2, with little. It registers key 8, and then makes stash 8 the
/// owner of key 2, which is queued for stash 2.
#[test]
fn keys_that_move_between_two_stashes_count_no_stake_twice() {
	ext().execute_with(|| {
		rotate();
		register(8);
		set_keys(8, 108);
		set_keys(2, 102);
		set_keys(8, 2);
		register(2);
		assert_eq!(listed_weights(), [(2, stake(2)), (8, stake(8))].into());

		rotate();
		register(2);
		register(102);
		assert_eq!(refusal(8), Some(NotARegistrant));
		assert_eq!(refusal(108), Some(NotARegistrant));
		assert_eq!(listed_weights(), [(2, stake(8)), (102, stake(2))].into());
	});
}

#[test]
fn keys_that_moved_before_anybody_registered_leave_the_stakes_where_they_are() {
	ext().execute_with(|| {
		rotate();
		set_keys(8, 108);
		set_keys(2, 8);
		register(8);
		register(2);
		assert_eq!(listed_weights(), [(2, stake(2)), (8, stake(8))].into());
	});
}

/// The stake of an account without session keys is nobody's.
#[test]
fn a_validator_that_purges_its_keys_stands_until_others_are_queued() {
	ext().execute_with(|| {
		rotate();
		assert_eq!(Session::purge_keys(RuntimeOrigin::signed(8)), Ok(()));
		register(8);
		assert_eq!(listed_weights(), [(8, stake(8))].into());
		rotate();
		assert!(!queued_weights().contains_key(&8));
		assert_eq!(refusal(8), Some(NotARegistrant));
	});
}

/// A mixnet session that lasts for several of pallet-session's: keys may change within an election.
#[test]
fn an_account_stands_once_in_an_election_whatever_its_keys_do() {
	SessionsPerMixnetSession::set(4);
	SessionsPerEra::set(10);
	ext().execute_with(|| {
		run_to_next_session();
		register(8);
		register(2);
		set_keys(8, 108);
		set_keys(2, 102);
		rotate();
		// With the keys by which they registered, both lost their places. They may register by the new ones.
		assert_eq!(listed(), []);
		register(108);
		register(102);
		assert_eq!(refusal(8), Some(NotARegistrant));
		assert_eq!(listed_weights(), [(102, stake(2)), (108, stake(8))].into());

		set_keys(8, 2);
		rotate();
		register(2);
		assert_eq!(refusal(108), Some(NotARegistrant));
		assert_eq!(listed_weights(), [(2, stake(8)), (102, stake(2))].into());
		// They were there before the seed, by whatever keys.
		assert!(listed().iter().all(|listed| listed.draws));
		run_to_next_session();
		assert_eq!(mixing(), [2, 102]);
	});
}
