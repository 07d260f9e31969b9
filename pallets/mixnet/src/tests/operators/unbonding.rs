//! Parts of bonds: released while the operator goes on, taken back, withdrawn.

use super::*;
use crate::{Error, Operators, RemovalReason, MAX_UNBONDING_PARTS};
use frame_support::assert_noop;
use mixnet_primitives::SessionIndex;

fn unbond_part(account: u64, amount: u64) -> Vec<Event<Runtime>> {
	events_of(|| assert_eq!(Mixnet::unbond_part(signed(account), amount), Ok(())))
}

fn rebond(account: u64) -> Vec<Event<Runtime>> {
	events_of(|| assert_eq!(Mixnet::rebond(signed(account)), Ok(())))
}

fn withdraw(account: u64) -> Vec<Event<Runtime>> {
	events_of(|| assert_eq!(Mixnet::withdraw(signed(account)), Ok(())))
}

fn events_of(call: impl FnOnce()) -> Vec<Event<Runtime>> {
	System::reset_events();
	call();
	check_invariants();
	events()
}

fn unbonding(amount: u64, bond: u64, releasable_in: SessionIndex) -> Event<Runtime> {
	Event::Unbonding { account: OPERATOR, amount, bond, releasable_in }
}

fn rebonded(amount: u64, bond: u64) -> Event<Runtime> {
	Event::Rebonded { account: OPERATOR, amount, bond }
}

fn withdrawn(amount: u64, bond: Option<u64>) -> Event<Runtime> {
	Event::Withdrawn { account: OPERATOR, amount, bond }
}

/// The parts that are being released: how much, and from which session on.
fn parts() -> Vec<(u64, SessionIndex)> {
	let operator = Mixnet::operator(&OPERATOR).expect("it has bonded; qed");
	operator.unbonding.iter().map(|part| (part.amount, part.releasable_in)).collect()
}

fn current_session() -> SessionIndex {
	Mixnet::session_status().current_index
}

#[test]
fn a_part_is_on_hold_until_it_is_due_and_the_operator_goes_on() {
	Policy::set(TestPolicy::HighestWeight);
	ext_with_operator(1_000).execute_with(|| {
		register(OPERATOR, 1);
		assert_eq!(unbond_part(OPERATOR, 300)[1..], [unbonding(300, 700, 4)]);
		assert_eq!(weighing(OPERATOR), Ok(700));
		for session in 2..4 {
			assert_eq!(current_session(), session);
			assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::StillUnbonding);
			assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (1_000, ENDOWMENT - 1_000));
			assert_eq!(next_registrations(), [(OPERATOR, Some(0))]);
			run_to_next_session();
			register(OPERATOR, 1);
		}
		assert_eq!(withdraw(OPERATOR), [withdrawn(300, Some(700))]);
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (700, ENDOWMENT - 700));
		assert_eq!(next_registrations(), [(OPERATOR, Some(0))]);
		assert_eq!((weighing(OPERATOR), parts()), (Ok(700), vec![]));
		assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::NotUnbonding);
		// Its key is still its own, and it can release more.
		register(OPERATOR, 2);
		assert_eq!(unbond_part(OPERATOR, 600)[1..], [unbonding(600, 100, 6)]);
	});
}

/// A validator and an operator are elected, and another operator stands by.
fn ext_with_two() -> sp_io::TestExternalities {
	Policy::set(TestPolicy::HighestWeight);
	MaxMixnodes::set(2);
	MaxStandbys::set(1);
	ValidatorWeights::set([(0, 5_000)].into_iter().collect());
	let mut ext = ext();
	ext.execute_with(|| {
		run_to_block(1);
		bond(OPERATOR, 1_000);
		bond(OPERATOR + 1, 800);
		run_to_next_session();
		run_to_next_session();
		register(0, 0);
		register(OPERATOR, 1);
		register(OPERATOR + 1, 2);
		assert_eq!(next_registrations(), [(0, Some(0)), (OPERATOR, Some(1)), (OPERATOR + 1, None)]);
	});
	ext
}

#[test]
fn who_releases_what_counts_may_lose_its_place() {
	ext_with_two().execute_with(|| {
		// Still before the standby.
		let events = unbond_part(OPERATOR, 199);
		assert!(matches!(events[..], [Event::MixnodeRankedAgain { account: OPERATOR, .. }, _]), "{events:?}");
		assert_eq!(events[1], unbonding(199, 801, 4));
		assert_eq!(next_registrations(), [(0, Some(0)), (OPERATOR, Some(1)), (OPERATOR + 1, None)]);
		// Behind it.
		let events = unbond_part(OPERATOR, 2);
		assert_eq!(events[0], Event::StandbyPromoted { session_index: 3, account: OPERATOR + 1, place: 1 });
		assert_eq!(events.last(), Some(&unbonding(2, 799, 4)));
		assert_eq!(next_registrations(), [(0, Some(0)), (OPERATOR + 1, Some(1)), (OPERATOR, None)]);
		// Taking it back does not give it the place again. Nobody could know what the seed is when it bonded.
		assert_eq!(rebond(OPERATOR), [rebonded(201, 1_000)]);
		register(OPERATOR, 1);
		assert_eq!(weighing(OPERATOR), Ok(799));
		assert_eq!(next_registrations(), [(0, Some(0)), (OPERATOR + 1, Some(1)), (OPERATOR, None)]);
	});
}

/// An upgrade may bring another policy while an election goes on. Operators can be ranked again whenever they like, and
/// would do so if it helped.
#[test]
fn nobody_gets_a_better_rank_by_releasing_a_part() {
	ext_with_two().execute_with(|| {
		let before = Mixnet::next_registrations(0, 3);
		Policy::set(TestPolicy::AllAuthorities);
		for account in [OPERATOR, OPERATOR + 1] {
			assert_eq!(unbond_part(account, 1).len(), 1);
		}
		assert_eq!(Mixnet::next_registrations(0, 3), before);
	});
}

/// So an operator can undo an addition, and weighs what it did before.
#[test]
fn what_was_added_last_is_released_first() {
	Policy::set(TestPolicy::HighestWeight);
	ext_with_operator(1_000).execute_with(|| {
		let add = |amount| assert_eq!(Mixnet::bond_extra(signed(OPERATOR), amount), Ok(()));
		register(OPERATOR, 1);
		add(50);
		run_to_next_session();
		register(OPERATOR, 1);
		add(500);
		assert_eq!(weighing(OPERATOR), Ok(1_000));
		// The mixnode is not ranked again.
		assert_eq!(unbond_part(OPERATOR, 500), [unbonding(500, 1_050, 5)]);
		assert_eq!(unbond_part(OPERATOR, 49), [unbonding(49, 1_001, 5)]);
		assert_eq!(weighing(OPERATOR), Ok(1_000));
		assert_eq!(unbond_part(OPERATOR, 2).len(), 2);
		assert_eq!(weighing(OPERATOR), Ok(999));
		run_to_next_session();
		run_to_next_session();
		assert_eq!(weighing(OPERATOR), Ok(999));
	});
}

#[test]
fn releasing_a_part_is_refused_for_these_reasons() {
	UnbondingSessions::set(20);
	ext_with_operator(1_000).execute_with(|| {
		let try_part = |account, amount| Mixnet::unbond_part(signed(account), amount);
		let min = MinBond::get();
		assert_noop!(try_part(OPERATOR + 1, 1), Error::<Runtime>::NotBonded);
		assert_noop!(try_part(OPERATOR, 0), Error::<Runtime>::NothingToRelease);
		for amount in [1_001 - min, 1_000, 1_001, u64::MAX] {
			assert_noop!(try_part(OPERATOR, amount), Error::<Runtime>::RestTooSmall);
		}
		for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
			assert_noop!(Mixnet::unbond_part(origin, 1), sp_runtime::DispatchError::BadOrigin);
		}
		// Whoever has bonded can release, though the chain takes no operators any more.
		OperatorsEnabled::set(false);
		for session in 0..MAX_UNBONDING_PARTS {
			assert_eq!(unbond_part(OPERATOR, 1), [unbonding(1, 999 - u64::from(session), 22 + session)]);
			run_to_next_session();
		}
		assert_noop!(try_part(OPERATOR, 1), Error::<Runtime>::TooManyUnbondingParts);
		OperatorsEnabled::set(true);
		rebond(OPERATOR);
		unbond_part(OPERATOR, 1_000 - min);
		assert_noop!(try_part(OPERATOR, 1), Error::<Runtime>::RestTooSmall);
		assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
		assert_noop!(try_part(OPERATOR, 1), Error::<Runtime>::AlreadyUnbonding);
	});
}

#[test]
fn what_is_asked_for_in_one_session_is_one_part() {
	UnbondingSessions::set(10);
	ext_with_operator(1_000).execute_with(|| {
		for session in 0..MAX_UNBONDING_PARTS {
			for _ in 0..20 {
				unbond_part(OPERATOR, 1);
			}
			if session + 1 < MAX_UNBONDING_PARTS {
				run_to_next_session();
			}
		}
		// There is room for more in this session, but not in the next one.
		unbond_part(OPERATOR, 30);
		let expected: Vec<_> = (12..20).map(|session| (if session < 19 { 20 } else { 50 }, session)).collect();
		assert_eq!(parts(), expected);
		run_to_next_session();
		assert_noop!(Mixnet::unbond_part(signed(OPERATOR), 1), Error::<Runtime>::TooManyUnbondingParts);
		// Three are due.
		while current_session() < 14 {
			run_to_next_session();
		}
		assert_eq!(withdraw(OPERATOR), [withdrawn(60, Some(810))]);
		assert_eq!(unbond_part(OPERATOR, 1), [unbonding(1, 809, 24)]);
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (940, ENDOWMENT - 940));
	});
}

#[test]
fn what_is_taken_back_counts_like_what_is_added() {
	for (taken_back_at, weighs_at) in [(41, 80), (59, 80), (60, 100), (79, 100), (110, 140)] {
		ext_with_operator(1_000).execute_with(|| {
			unbond_part(OPERATOR, 400);
			run_to_block(taken_back_at);
			assert_eq!(rebond(OPERATOR), [rebonded(400, 1_000)]);
			assert_eq!((on_hold(OPERATOR), free(OPERATOR), parts()), (1_000, ENDOWMENT - 1_000, vec![]));
			assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::NotUnbonding);
			while System::block_number() < weighs_at {
				assert_eq!(weighing(OPERATOR), Ok(600));
				next_block();
			}
			assert_eq!(weighing(OPERATOR), Ok(1_000));
		});
	}
}

/// Otherwise the owner of many accounts would leave with all, and come back with those that the seed favours.
#[test]
fn who_was_leaving_and_stays_counts_like_who_bonds() {
	for (stays_at, weighs_at) in [(41, 80), (60, 100), (110, 140)] {
		ext_with_operator(1_000).execute_with(|| {
			register(OPERATOR, 1);
			unbond_part(OPERATOR, 200);
			assert_eq!(Mixnet::bond_extra(signed(OPERATOR), 30), Ok(()));
			let events = events_of(|| assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(())));
			let reason = RemovalReason::BondTooSmall;
			assert_eq!(events[0], Event::MixnodeRemoved { session_index: 3, account: OPERATOR, reason });
			assert_eq!(events[1], unbonding(830, 0, 4));
			run_to_block(stays_at);
			assert_eq!(rebond(OPERATOR), [rebonded(1_030, 1_030)]);
			assert_eq!(on_hold(OPERATOR), 1_030);
			while System::block_number() < weighs_at {
				assert_refused(OPERATOR, 1, RegistrationError::OperatorTooRecent);
				next_block();
			}
			assert_eq!(weighing(OPERATOR), Ok(1_030));
			// By the key that it had.
			register(OPERATOR, 1);
			assert_noop!(Mixnet::rebond(signed(OPERATOR)), Error::<Runtime>::NotUnbonding);
		});
	}
}

#[test]
fn taking_back_is_refused_for_these_reasons() {
	ext_with_operator(1_000).execute_with(|| {
		assert_noop!(Mixnet::rebond(signed(OPERATOR + 1)), Error::<Runtime>::NotBonded);
		assert_noop!(Mixnet::rebond(signed(OPERATOR)), Error::<Runtime>::NotUnbonding);
		for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
			assert_noop!(Mixnet::rebond(origin), sp_runtime::DispatchError::BadOrigin);
		}
		unbond_part(OPERATOR, 1);
		OperatorsEnabled::set(false);
		assert_noop!(Mixnet::rebond(signed(OPERATOR)), Error::<Runtime>::OperatorsNotEnabled);
		run_to_next_session();
		run_to_next_session();
		assert_eq!(withdraw(OPERATOR), [withdrawn(1, Some(999))]);
	});
}

#[test]
fn who_leaves_gets_back_each_part_when_it_is_due() {
	UnbondingSessions::set(3);
	ext_with_operator(1_000).execute_with(|| {
		unbond_part(OPERATOR, 10);
		run_to_next_session();
		unbond_part(OPERATOR, 20);
		run_to_next_session();
		assert_eq!(events_of(|| assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()))), [unbonding(970, 0, 7)]);
		run_to_next_session();
		assert_eq!(withdraw(OPERATOR), [withdrawn(10, Some(0))]);
		assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::StillUnbonding);
		run_to_next_session();
		run_to_next_session();
		// The last part with the rest.
		assert_eq!(withdraw(OPERATOR), [withdrawn(990, None)]);
		assert_eq!((on_hold(OPERATOR), free(OPERATOR)), (0, ENDOWMENT));
		assert!(!Operators::<Runtime>::contains_key(OPERATOR));
	});
}

/// An upgrade of the runtime may do it. Otherwise an operator could be gone while a part of its bond is on hold.
#[test]
fn with_a_shorter_time_nothing_is_due_before_what_was_asked_for_earlier() {
	UnbondingSessions::set(6);
	ext_with_operator(1_000).execute_with(|| {
		assert_eq!(unbond_part(OPERATOR, 10), [unbonding(10, 990, 8)]);
		UnbondingSessions::set(2);
		run_to_next_session();
		assert_eq!(unbond_part(OPERATOR, 20), [unbonding(20, 970, 8)]);
		assert_eq!(parts(), [(30, 8)]);
		run_to_next_session();
		assert_eq!(events_of(|| assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()))), [unbonding(970, 0, 8)]);
		while current_session() < 8 {
			assert_noop!(Mixnet::withdraw(signed(OPERATOR)), Error::<Runtime>::StillUnbonding);
			run_to_next_session();
		}
		assert_eq!(withdraw(OPERATOR), [withdrawn(1_000, None)]);
	});
	// With a longer time, what was asked for before is due first.
	UnbondingSessions::set(2);
	ext_with_operator(1_000).execute_with(|| {
		assert_eq!(unbond_part(OPERATOR, 10), [unbonding(10, 990, 4)]);
		UnbondingSessions::set(6);
		assert_eq!(unbond_part(OPERATOR, 20), [unbonding(20, 970, 8)]);
		assert_eq!(parts(), [(10, 4), (20, 8)]);
	});
}
