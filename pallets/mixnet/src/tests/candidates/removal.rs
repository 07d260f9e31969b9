//! Elected candidates and standbys are removed, and others take their places.

use super::*;
use crate::{BalanceOf, RemovalReason};

/// The bond of each operator of [`ext_with_operators`], in units of 100.
const OPERATORS: [(u64, u64); 4] = [(50, 50), (51, 40), (52, 30), (53, 20)];

/// Two operators are elected for session 3, and two stand by.
fn ext_with_operators() -> sp_io::TestExternalities {
	let mut ext = ext_by_weight(2, 2);
	ext.execute_with(|| {
		for (account, bonded) in OPERATORS {
			bond(account, bonded * 100);
		}
		run_to_next_session();
		run_to_next_session();
		for (account, _) in OPERATORS {
			register(account, account);
		}
		assert_eq!(next_registrations(), [(50, Some(0)), (51, Some(1)), (52, None), (53, None)]);
	});
	ext
}

fn removed(account: u64, reason: RemovalReason) -> Event<Runtime> {
	Event::MixnodeRemoved { session_index: 3, account, reason }
}

fn promoted(account: u64, place: u32) -> Event<Runtime> {
	Event::StandbyPromoted { session_index: 3, account, place }
}

type Removal = (&'static str, fn(u64), RemovalReason, fn(u64) -> Event<Runtime>);

/// Everything that removes an operator's mixnode, with the reason in the event, and the event that follows.
const REMOVALS: [Removal; 4] = [
	(
		"force_remove",
		|account| assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), account), Ok(())),
		RemovalReason::Forced,
		|account| Event::AccountBarred { session_index: 3, account, reason: RemovalReason::Forced },
	),
	(
		"unbond",
		|account| assert_eq!(Mixnet::unbond(RuntimeOrigin::signed(account)), Ok(())),
		RemovalReason::BondTooSmall,
		|account| Event::Unbonding { account, amount: bonded(account), bond: 0, releasable_in: 4 },
	),
	(
		"slash",
		|account| assert_eq!(Mixnet::slash(RuntimeOrigin::root(), account, bonded(account) - 99), Ok(())),
		RemovalReason::BondTooSmall,
		|account| Event::Slashed { account, amount: bonded(account) - 99, bond: 99, unbonding: 0 },
	),
	(
		"set_operator_key",
		|account| {
			let key = account + 100;
			let proof = prove_operator_key(account, key);
			assert_eq!(Mixnet::set_operator_key(RuntimeOrigin::signed(account), registrant(key), proof), Ok(()));
		},
		RemovalReason::KeyReplaced,
		|account| Event::OperatorKeySet { account, key: registrant(account + 100) },
	),
];

fn bonded(account: u64) -> BalanceOf<Runtime> {
	let (_, bonded) = OPERATORS[account as usize - 50];
	bonded * 100
}

#[test]
fn the_best_standby_takes_the_place_of_an_elected_one_that_is_removed() {
	for (name, remove, reason, follows) in REMOVALS {
		for (account, place) in [(50, 0), (51, 1)] {
			ext_with_operators().execute_with(|| {
				let events = events_of(|| remove(account));
				assert_eq!(events, [removed(account, reason), promoted(52, place), follows(account)], "{name}");
				let other = 101 - account;
				assert_eq!(next_registrations(), [(other, Some(1 - place)), (52, Some(place)), (53, None)], "{name}");
				run_to_next_session();
				let mut list = vec![mixnode(other); 2];
				list[place as usize] = mixnode(52);
				assert_eq!(Mixnet::current_mixnodes(), Ok(list), "{name}");
			});
		}
	}
}

#[test]
fn where_a_standby_is_removed_the_others_stay() {
	for (name, remove, reason, follows) in REMOVALS {
		for account in [52, 53] {
			ext_with_operators().execute_with(|| {
				assert_eq!(events_of(|| remove(account)), [removed(account, reason), follows(account)], "{name}");
				let other = 105 - account;
				assert_eq!(next_registrations(), [(50, Some(0)), (51, Some(1)), (other, None)], "{name}");
				// The standby that is left can still move up.
				let events = events_of(|| remove(50));
				assert_eq!(events[1], promoted(other, 0), "{name}");
				assert_eq!(next_registrations(), [(51, Some(1)), (other, Some(0))], "{name}");
			});
		}
	}
}

#[test]
fn without_standbys_the_last_of_the_list_fills_the_gap() {
	for (name, remove, reason, follows) in REMOVALS {
		ext_with_operators().execute_with(|| {
			for account in [50, 51] {
				remove(account);
			}
			assert_eq!(next_registrations(), [(52, Some(0)), (53, Some(1))], "{name}");
			assert_eq!(events_of(|| remove(52)), [removed(52, reason), follows(52)], "{name}");
			assert_eq!(next_registrations(), [(53, Some(0))], "{name}");
			assert_eq!(events_of(|| remove(53)), [removed(53, reason), follows(53)], "{name}");
			assert_eq!(next_registrations(), []);
			// There is room for another.
			register(9, 9);
			assert_eq!(next_registrations(), [(9, Some(0))]);
			run_to_next_session();
			assert_eq!(crate::CurrentSession::<Runtime>::get().current.registered, 1);
		});
	}
}

/// Five are removed in all orders, without standbys. The list stays without gaps, which is an invariant, and all the
/// others keep a place.
#[test]
fn a_list_has_no_gaps_whoever_goes_first() {
	let mut ext = ext_by_weight(5, 0);
	ext.execute_with(|| {
		for account in 0..5 {
			register(account, account);
		}
	});
	let mut orders = vec![vec![]];
	for account in 0..5u64 {
		orders = orders
			.iter()
			.flat_map(|order: &Vec<u64>| {
				(0..=order.len()).map(move |at| {
					let mut order = order.clone();
					order.insert(at, account);
					order
				})
			})
			.collect();
	}
	assert_eq!(orders.len(), 120);
	ext.commit_all().expect("no transaction is open; qed");
	for order in orders {
		ext.execute_with(|| {
			sp_io::storage::start_transaction();
			let mut left: Vec<u64> = (0..5).collect();
			for account in order {
				let place = left.iter().position(|other| *other == account).expect("each is removed once; qed");
				left.swap_remove(place);
				assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), account), Ok(()));
				check_invariants();
				let mut registered = next_registrations();
				registered.sort_by_key(|(_, place)| *place);
				assert_eq!(registered, left.iter().copied().zip((0..).map(Some)).collect::<Vec<_>>());
			}
			sp_io::storage::rollback_transaction();
		});
	}
}

#[test]
fn a_validator_that_is_disabled_gives_way_to_a_standby_and_is_barred() {
	ext_by_weight(2, 1).execute_with(|| {
		// Validators of session 0 are known by their indices from the first rotation on.
		run_to_next_session();
		for account in [7, 8, 9] {
			register(account, account);
		}
		assert_eq!(next_registrations(), [(9, Some(0)), (8, Some(1)), (7, None)]);
		let barred = |account| Event::AccountBarred { session_index: 2, account, reason: RemovalReason::Disabled };
		let removed = |account| Event::MixnodeRemoved { session_index: 2, account, reason: RemovalReason::Disabled };
		assert_eq!(
			events_of(|| assert!(Session::disable_index(9))),
			[removed(9), Event::StandbyPromoted { session_index: 2, account: 7, place: 0 }, barred(9)]
		);
		assert_refused(9, 9, RegistrationError::Barred);
		// A registrant without a mixnode is barred as well.
		assert_eq!(events_of(|| assert!(Session::disable_index(3))), [barred(3)]);
		assert_refused(3, 3, RegistrationError::Barred);
		assert_eq!(next_registrations(), [(8, Some(1)), (7, Some(0))]);
	});
}

#[test]
fn who_is_barred_stays_out_until_the_next_election_and_keeps_nothing() {
	ext_by_weight(2, 1).execute_with(|| {
		register(5, 5);
		register(5, 6);
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::signed(5), 5), Err(sp_runtime::DispatchError::BadOrigin));
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 5), Ok(()));
		check_invariants();
		for n in [5, 6, 7] {
			assert_refused(5, n, RegistrationError::Barred);
		}
		// A second time changes nothing, and reports the same.
		let barred = Event::AccountBarred { session_index: 1, account: 5, reason: RemovalReason::Forced };
		let again = events_of(|| assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 5), Ok(())));
		assert_eq!(again, [barred]);
		assert_refused(5, 5, RegistrationError::Barred);
		// Others may register what it had.
		register(6, 6);
		register(7, 5);

		run_to_next_session();
		register(5, 5);
		assert_eq!(registration(5, mixnode(5)).revision, 1);
	});
}

/// Barring one registrant keeps nobody else from registering.
#[test]
fn who_does_not_exist_can_be_barred_and_it_makes_no_difference() {
	ext_by_weight(2, 1).execute_with(|| {
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 1000), Ok(()));
		assert_refused(1000, 0, RegistrationError::NotARegistrant);
		register(0, 0);
	});
}
