//! One account has one mixnode and one stake, whatever its keys.

use crate::{mock::*, Event, RemovalReason};
use mixnet_primitives::{Registrant, RegistrationAdvice, RegistrationError, Standing};

/// How many mixnodes of the next session belong to this account.
fn mixnodes_of(account: u64) -> usize {
	let session_index = Mixnet::session_status().current_index + 1;
	crate::Mixnodes::<Runtime>::iter_prefix(session_index).filter(|(_, listed)| listed.account == Some(account)).count()
}

fn advice(key_of: u64) -> RegistrationAdvice {
	Mixnet::registration_status(registrant(key_of), mixnode(key_of).kx_public).advice
}

fn refused(error: RegistrationError) -> sp_runtime::transaction_validity::TransactionValidityError {
	crate::registration::invalid(error).into()
}

/// Account 3 has all the stake and account 4 none. Both belong to one party, which moves keys between them.
#[test]
fn a_stake_counts_for_the_account_that_it_was_queued_with() {
	Policy::set(TestPolicy::HighestWeight);
	ValidatorWeights::set([(3, 1_000), (4, 0)].into_iter().collect());
	SessionsPerMixnetSession::set(2);
	ext().execute_with(|| {
		run_to_next_session();
		register(3, 3);
		assert_eq!(set_session_key(3, 70), Ok(()));
		assert_eq!(set_session_key(4, 3), Ok(()));
		run_to_rotation();
		// Account 4 has the key with which account 3 had registered, and account 3 another.
		register(3, 30);
		register(70, 31);
		let ranks: Vec<_> = Mixnet::next_registrations(0, 9).into_iter().map(|one| one.registrant).collect();
		assert_eq!(ranks, [registrant(70), registrant(3)]);
		assert_eq!((mixnodes_of(3), mixnodes_of(4)), (1, 1));
	});
}

/// What is added to a stake when the seed is known does not count, and what is taken away does.
#[test]
fn a_weight_is_that_of_before_the_seed_or_a_later_one_if_that_is_less() {
	Policy::set(TestPolicy::HighestWeight);
	SessionsPerMixnetSession::set(2);
	ValidatorWeights::set((0..VALIDATORS).map(|account| (account, 100)).collect());
	let weigh = |account, weight| {
		ValidatorWeights::mutate(|weights| {
			weights.insert(account, weight);
		})
	};
	ext().execute_with(|| {
		run_to_next_session();
		for account in [1, 2, 3] {
			register(account, account);
		}
		weigh(1, 1_000);
		weigh(2, 10);
		run_to_rotation();
		assert_eq!(Mixnet::session_status().current_index, 1);
		let order = || next_registrations().into_iter().map(|(account, _)| account).collect::<Vec<_>>();
		assert_eq!(order().last(), Some(&2));
		register(4, 4);
		assert_eq!(order().last(), Some(&2));
		let ranked_again =
			events().into_iter().filter(|event| matches!(event, Event::MixnodeRankedAgain { .. })).count();
		assert_eq!(ranked_again, 1, "only the weight that has fallen counts");
		// The election after counts what was queued by the rotation before it.
		run_to_next_session();
		for account in [1, 2, 3] {
			register(account, account);
		}
		assert_eq!((order()[0], order()[2]), (1, 2));
	});
}

/// A weight that falls and rises again within one election still counts as the least that it was.
#[test]
fn a_weight_that_comes_back_does_not_count_before_the_next_election() {
	Policy::set(TestPolicy::HighestWeight);
	SessionsPerMixnetSession::set(3);
	ext().execute_with(|| {
		run_to_next_session();
		let committed = || Mixnet::queued_authority(&registrant(5)).map(|entry| (entry.weight, entry.committed_weight));
		// Rotations 4, 5, and 6, with which an election begins that counts what rotation 5 queued; then 7 and 8; then 9.
		for (weight, counts) in [(7, 1), (9, 1), (20, 9), (3, 3), (8, 3), (30, 8)] {
			ValidatorWeights::set([(5, weight)].into_iter().collect());
			run_to_rotation();
			assert_eq!(committed(), Some((weight, counts)));
		}
	});
}

/// Otherwise a validator could try keys until one has a good draw.
#[test]
fn another_session_key_does_not_change_the_rank() {
	Policy::set(TestPolicy::WeightedLottery);
	SessionsPerMixnetSession::set(2);
	ext().execute_with(|| {
		run_to_next_session();
		register(3, 3);
		let rank = || Mixnet::next_registrations(0, 1)[0].rank;
		let before = rank();
		assert_eq!(set_session_key(3, 70), Ok(()));
		run_to_rotation();
		assert_eq!(
			events(),
			[Event::MixnodeRemoved { session_index: 2, account: 3, reason: RemovalReason::KeyReplaced }]
		);
		assert_eq!(next_registrations(), []);
		register(70, 3);
		assert_eq!(rank(), before);
		assert_eq!(mixnodes_of(3), 1);
	});
}

/// It stands as that by whose key it registers first.
#[test]
fn who_is_validator_and_operator_stands_once() {
	Policy::set(TestPolicy::HighestWeight);
	ext().execute_with(|| {
		run_to_block(1);
		assert_eq!(Mixnet::bond(RuntimeOrigin::signed(3), 5_000), Ok(()));
		let proof = prove_operator_key(3, 50);
		assert_eq!(Mixnet::set_operator_key(RuntimeOrigin::signed(3), registrant(50), proof), Ok(()));
		run_to_next_session();
		run_to_next_session();
		register(3, 3);
		assert_eq!(try_register(50, 4), Err(refused(RegistrationError::OtherKey)));
		assert_eq!(advice(50), RegistrationAdvice::Missing(RegistrationError::OtherKey));
		assert_eq!(mixnodes_of(3), 1);
		// Its bond does not count for the validator's mixnode, nor does a slash.
		assert_eq!(Mixnet::slash(RuntimeOrigin::root(), 3, 4_950), Ok(()));
		check_invariants();
		assert_eq!(mixnodes_of(3), 1);
		assert_eq!(Mixnet::bond_extra(RuntimeOrigin::signed(3), 5_000), Ok(()));

		run_to_next_session();
		run_to_next_session();
		register(50, 4);
		assert_eq!(try_register(3, 3), Err(refused(RegistrationError::OtherKey)));
		assert_eq!(mixnodes_of(3), 1);
		// Disabled as a validator, it loses its place as an operator.
		assert!(Session::disable_index(3));
		check_invariants();
		assert_eq!(mixnodes_of(3), 0);
		assert_eq!(try_register(50, 4), Err(refused(RegistrationError::Barred)));
	});
}

/// Governance names an account. No key of it helps.
#[test]
fn who_is_removed_by_force_is_out_with_all_its_keys() {
	SessionsPerMixnetSession::set(2);
	ext().execute_with(|| {
		run_to_next_session();
		register(3, 3);
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 3), Ok(()));
		assert_eq!(set_session_key(3, 70), Ok(()));
		run_to_rotation();
		assert_eq!(try_register(70, 3), Err(refused(RegistrationError::Barred)));
	});
}

/// With 32 zero bytes as its session key, a validator would let anybody register in its name.
#[test]
fn nobody_registers_by_a_key_that_all_have() {
	ext().execute_with(|| {
		assert_eq!(set_session_key(3, IDENTITY), Ok(()));
		run_to_next_session();
		run_to_next_session();
		assert!(pallet_session::QueuedKeys::<Runtime>::get()
			.iter()
			.any(|(_, keys)| keys.mixnet == authority(IDENTITY)));
		let mut registration = registration(4, mixnode(4));
		registration.registrant = Registrant([0; 32]);
		let mut proofs = prove(4, 4, &registration);
		proofs.registrant = identity_signature();
		let payload = Mixnet::signing_payload(&registration);
		assert!(sp_io::crypto::sr25519_verify(&proofs.registrant.into(), &payload, &[0; 32].into()));
		assert_eq!(apply_registration(registration, proofs), Err(refused(RegistrationError::NotARegistrant)));
		// The others are not concerned.
		register(4, 4);
	});
}

/// The best standby takes the place of an operator that was slashed below it.
#[test]
fn a_slash_ranks_again() {
	Policy::set(TestPolicy::HighestWeight);
	MaxMixnodes::set(2);
	MaxStandbys::set(2);
	ext().execute_with(|| {
		run_to_block(1);
		for (account, amount) in [(60, 1_000), (61, 900), (62, 800), (63, 700)] {
			bond(account, amount);
		}
		run_to_next_session();
		run_to_next_session();
		for account in 60..64 {
			register(account, account);
		}
		assert_eq!(next_registrations(), [(60, Some(0)), (61, Some(1)), (62, None), (63, None)]);
		System::reset_events();
		// Still better than the best standby.
		assert_eq!(Mixnet::slash(RuntimeOrigin::root(), 60, 150), Ok(()));
		assert_eq!(next_registrations(), [(61, Some(1)), (60, Some(0)), (62, None), (63, None)]);
		assert_eq!(Mixnet::slash(RuntimeOrigin::root(), 60, 100), Ok(()));
		check_invariants();
		assert_eq!(next_registrations(), [(61, Some(1)), (62, Some(0)), (60, None), (63, None)]);
		let promoted = Event::StandbyPromoted { session_index: 3, account: 62, place: 0 };
		let events = events();
		assert_eq!(events[2], promoted);
		assert!(matches!(events[3], Event::MixnodeRankedAgain { account: 60, standing: Standing::Standby, .. }));
		// A standby that is slashed stays one.
		assert_eq!(Mixnet::slash(RuntimeOrigin::root(), 60, 100), Ok(()));
		check_invariants();
		assert_eq!(next_registrations(), [(61, Some(1)), (62, Some(0)), (63, None), (60, None)]);
	});
}

/// Else the rank of a bond would stay when the bond is gone.
#[test]
fn who_stands_by_its_bond_does_not_go_on_by_its_stake() {
	Policy::set(TestPolicy::HighestWeight);
	SessionsPerMixnetSession::set(2);
	ext().execute_with(|| {
		run_to_block(1);
		assert_eq!(set_session_key(15, 70), Ok(()));
		assert_eq!(Mixnet::bond(RuntimeOrigin::signed(15), 5_000), Ok(()));
		let proof = prove_operator_key(15, 70);
		assert_eq!(Mixnet::set_operator_key(RuntimeOrigin::signed(15), registrant(70), proof), Ok(()));
		run_to_next_session();
		run_to_next_session();
		register(70, 1);
		// In the middle of the election, the account is queued as a validator with the same key.
		NextValidators::set(Some((0..16).collect()));
		run_to_rotation();
		assert!(Mixnet::queued_authority(&registrant(70)).is_some());
		assert_eq!(try_register(70, 2), Err(refused(RegistrationError::OtherKey)));
		assert_eq!(mixnodes_of(15), 1);
		assert_eq!(Mixnet::unbond(RuntimeOrigin::signed(15)), Ok(()));
		check_invariants();
		assert_eq!(mixnodes_of(15), 0);
		// Now it stands as a validator.
		register(70, 2);
	});
}

/// A validator of the same party takes the operator's key for its session key.
#[test]
fn a_slash_counts_whoever_has_the_key_now() {
	Policy::set(TestPolicy::HighestWeight);
	SessionsPerMixnetSession::set(2);
	ValidatorWeights::set([(3, 50_000)].into_iter().collect());
	ext().execute_with(|| {
		run_to_block(1);
		bond(60, 5_000);
		bond(61, 4_000);
		run_to_next_session();
		run_to_next_session();
		register(60, 60);
		register(61, 61);
		assert_eq!(set_session_key(3, 60), Ok(()));
		run_to_rotation();
		assert_eq!(Mixnet::account_of(&registrant(60)), Some(3));
		assert_eq!(Mixnet::slash(RuntimeOrigin::root(), 60, 2_000), Ok(()));
		check_invariants();
		let ranked_again = |event: &Event<Runtime>| matches!(event, Event::MixnodeRankedAgain { account: 60, .. });
		assert!(events().iter().any(ranked_again));
		let order: Vec<_> = Mixnet::next_registrations(0, 2).into_iter().map(|one| one.registrant).collect();
		assert_eq!(order, [registrant(61), registrant(60)]);
	});
}

/// Its session key is one that cannot be used, so that the pallet does not know it as an authority.
#[test]
fn a_disabled_validator_with_a_useless_key_does_not_stand_as_an_operator() {
	ext().execute_with(|| {
		run_to_block(1);
		bond(60, 5_000);
		assert_eq!(Mixnet::bond(RuntimeOrigin::signed(3), 5_000), Ok(()));
		let proof = prove_operator_key(3, 70);
		assert_eq!(Mixnet::set_operator_key(RuntimeOrigin::signed(3), registrant(70), proof), Ok(()));
		assert_eq!(set_session_key(3, IDENTITY), Ok(()));
		for _ in 0..3 {
			run_to_next_session();
		}
		assert!(Session::disable_index(3));
		run_to_next_session();
		assert_eq!(try_register(70, 70), Err(refused(RegistrationError::Barred)));
		register(60, 60);
	});
}
