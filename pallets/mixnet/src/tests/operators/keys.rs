//! Operators' keys: each is proven, each operator has one, and each bond one mixnode.

use super::*;
use crate::{Error, OperatorKeys, RemovalReason, OPERATOR_KEY_DOMAIN};
use codec::Encode;
use frame_support::assert_noop;
use mixnet_primitives::Registrant;
use sp_core::{Pair, H256};

/// A signature of an operator key's payload, made of these fields.
fn sign(key_of: u64, domain: &[u8], genesis_hash: H256, account: u64) -> [u8; 64] {
	let payload = [domain, &genesis_hash.encode(), &account.encode()].concat();
	let signature: sp_core::sr25519::Signature = authority_pair(key_of).sign(&payload).into();
	signature.0
}

#[test]
fn a_key_is_proven_for_this_account_on_this_chain() {
	ext().execute_with(|| {
		run_to_block(1);
		assert_eq!(Mixnet::bond(signed(OPERATOR), 1_000), Ok(()));
		System::reset_events();
		let key_of = 70;
		let right = sign(key_of, OPERATOR_KEY_DOMAIN, GENESIS_HASH, OPERATOR);
		for (proof, what) in [
			(sign(71, OPERATOR_KEY_DOMAIN, GENESIS_HASH, OPERATOR), "another key"),
			(sign(key_of, OPERATOR_KEY_DOMAIN, GENESIS_HASH, OPERATOR + 1), "another account"),
			(sign(key_of, OPERATOR_KEY_DOMAIN, H256::zero(), OPERATOR), "another chain"),
			(sign(key_of, b"mixnet/registration/v2", GENESIS_HASH, OPERATOR), "another purpose"),
			([0; 64], "nothing"),
			([0xff; 64], "nonsense"),
		] {
			let refused = Mixnet::set_operator_key(signed(OPERATOR), registrant(key_of), proof);
			assert_eq!(refused, Err(Error::<Runtime>::BadOperatorKeyProof.into()), "{what}");
		}
		for byte in 0..64 {
			let mut proof = right;
			proof[byte] ^= 1;
			assert_noop!(
				Mixnet::set_operator_key(signed(OPERATOR), registrant(key_of), proof),
				Error::<Runtime>::BadOperatorKeyProof
			);
		}
		// Bytes that are no public key.
		assert_noop!(
			Mixnet::set_operator_key(signed(OPERATOR), [0xff; 32].into(), right),
			Error::<Runtime>::BadOperatorKeyProof
		);
		assert_eq!(events(), []);

		assert_eq!(Mixnet::view_operator_key_payload(OPERATOR), Mixnet::operator_key_payload(&OPERATOR));
		next_block();
		assert_eq!(Mixnet::set_operator_key(signed(OPERATOR), registrant(key_of), right), Ok(()));
		check_invariants();
		assert_eq!(events(), [Event::OperatorKeySet { account: OPERATOR, key: registrant(key_of) }]);
		let operator = Mixnet::operator(&OPERATOR).expect("it has bonded; qed");
		assert_eq!(operator.key, Some(registrant(key_of)));
	});
}

#[test]
fn setting_a_key_is_refused_for_these_reasons() {
	ext().execute_with(|| {
		run_to_block(1);
		let try_set = |account, key_of| {
			Mixnet::set_operator_key(signed(account), registrant(key_of), prove_operator_key(account, key_of))
		};
		assert_noop!(try_set(OPERATOR, 70), Error::<Runtime>::NotBonded);
		bond(OPERATOR, 1_000);
		bond(OPERATOR + 1, 1_000);
		// Keys of authorities, of another operator, and its own.
		for key_of in [0, 9, OPERATOR + 1, OPERATOR] {
			assert_noop!(try_set(OPERATOR, key_of), Error::<Runtime>::OperatorKeyTaken);
		}
		OperatorsEnabled::set(false);
		assert_noop!(try_set(OPERATOR, 70), Error::<Runtime>::OperatorsNotEnabled);
		OperatorsEnabled::set(true);
		assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
		assert_noop!(try_set(OPERATOR, 70), Error::<Runtime>::AlreadyUnbonding);
		// While the bond is being released, its key is still taken.
		assert_noop!(try_set(OPERATOR + 1, OPERATOR), Error::<Runtime>::OperatorKeyTaken);
	});
}

#[test]
fn a_key_that_was_given_up_is_free() {
	ext().execute_with(|| {
		run_to_block(1);
		bond(OPERATOR, 1_000);
		bond(OPERATOR + 1, 1_000);
		set_key(OPERATOR, 70);
		assert_eq!(OperatorKeys::<Runtime>::get(registrant(OPERATOR)), None);
		set_key(OPERATOR + 1, OPERATOR);
		assert_eq!(OperatorKeys::<Runtime>::get(registrant(OPERATOR)), Some(OPERATOR + 1));
		assert_eq!(Mixnet::unbond(signed(OPERATOR)), Ok(()));
		run_to_next_session();
		run_to_next_session();
		assert_eq!(Mixnet::withdraw(signed(OPERATOR)), Ok(()));
		set_key(OPERATOR + 1, 70);
		// Back to the first key.
		set_key(OPERATOR + 1, OPERATOR);
	});
}

#[test]
fn another_key_removes_what_the_former_one_has_registered() {
	ext_with_operator(1_000).execute_with(|| {
		register(OPERATOR, 1);
		register(0, 0);
		assert_eq!(next_registrations(), [(0, Some(1)), (OPERATOR, Some(0))]);
		System::reset_events();
		set_key(OPERATOR, 70);
		assert_eq!(
			events(),
			[
				Event::MixnodeRemoved { session_index: 3, account: OPERATOR, reason: RemovalReason::KeyReplaced },
				Event::OperatorKeySet { account: OPERATOR, key: registrant(70) },
			]
		);
		assert_eq!(next_registrations(), [(0, Some(0))]);
		assert_refused(OPERATOR, 1, RegistrationError::NotARegistrant);
		// Others may register what it had.
		register(1, 1);
		register(70, 2);
	});
}

/// Otherwise an operator would change keys until one has a good draw.
#[test]
fn another_key_does_not_change_the_rank() {
	Policy::set(TestPolicy::WeightedLottery);
	ext_with_operator(1_000).execute_with(|| {
		register(OPERATOR, 1);
		let rank = || Mixnet::next_registrations(0, 1)[0].rank;
		let before = rank();
		for key_of in [70, 71, 72] {
			set_key(OPERATOR, key_of);
			register(key_of, 1);
			assert_eq!(rank(), before);
			MaxRevisions::mutate(|max| *max += 1);
		}
	});
}

/// The list names the account. Else the bond of whoever takes the key next would answer for the mixnode.
#[test]
fn a_live_list_leads_to_the_bond_that_it_was_elected_with() {
	ext_with_operator(1_000).execute_with(|| {
		bond(OPERATOR + 1, 1_000);
		register(OPERATOR, 1);
		register(0, 0);
		run_to_next_session();
		let session_index = Mixnet::session_status().current_index;
		let account = || crate::Mixnodes::<Runtime>::get(session_index, 0).and_then(|listed| listed.account);
		assert_eq!(account(), Some(OPERATOR));
		set_key(OPERATOR, 70);
		set_key(OPERATOR + 1, OPERATOR);
		assert_eq!(account(), Some(OPERATOR));
	});
}

/// Bytes for which anybody can sign, or nobody.
#[test]
fn degenerate_keys_are_no_operator_keys() {
	ext().execute_with(|| {
		run_to_block(1);
		assert_eq!(Mixnet::bond(signed(OPERATOR), 1_000), Ok(()));
		let proof = identity_signature();
		let identity = Registrant([0; 32]);
		for message in [&b"anything"[..], &Mixnet::operator_key_payload(&OPERATOR)] {
			assert!(sp_io::crypto::sr25519_verify(&proof.into(), message, &identity.0.into()));
		}
		assert_noop!(Mixnet::set_operator_key(signed(OPERATOR), identity, proof), Error::<Runtime>::BadOperatorKey);
		for (key, what) in degenerate_keys() {
			for proof in [proof, [0; 64], prove_operator_key(OPERATOR, OPERATOR)] {
				let refused = Mixnet::set_operator_key(signed(OPERATOR), key.into(), proof);
				assert_eq!(refused, Err(Error::<Runtime>::BadOperatorKeyProof.into()), "{what}");
			}
		}
	});
}

/// How many mixnodes of the next session are registered by one of these keys.
fn registered_by(keys_of: &[u64]) -> usize {
	next_registrations().iter().filter(|(account, _)| keys_of.contains(account)).count()
}

/// The owner of a bond has two accounts and three keys, and tries everything that could help, at random. There is never
/// more than one mixnode for a bond.
#[test]
fn nobody_gets_two_mixnodes_for_one_bond() {
	let mut rng = Rng(11);
	let (mut registered, mut most) = (0, 0);
	for round in 0..60 {
		SessionsPerMixnetSession::set(1 + round % 2);
		Period::set(6);
		ext().execute_with(|| {
			run_to_block(1);
			let accounts = [OPERATOR, OPERATOR + 1];
			let keys = [70, 71, 72];
			bond(OPERATOR, 1_000);
			for step in 0..120 {
				let account = accounts[rng.below(2) as usize];
				let key_of = keys[rng.below(3) as usize];
				let _ = match rng.below(12) {
					0 => Mixnet::bond(signed(account), 1_000),
					1 | 2 => {
						let proof = prove_operator_key(account, key_of);
						Mixnet::set_operator_key(signed(account), registrant(key_of), proof)
					},
					3 if rng.below(4) == 0 => Mixnet::unbond(signed(account)),
					4 => Mixnet::withdraw(signed(account)),
					5..9 => {
						registered += u32::from(try_register(key_of, 1_000 * (round + 1) as u64 + step).is_ok());
						Ok(())
					},
					_ => {
						run_to_block(System::block_number() + 1 + rng.below(6));
						Ok(())
					},
				};
				check_invariants();
				let bonds = accounts.iter().filter(|account| on_hold(**account) > 0).count();
				assert!(registered_by(&keys) <= bonds);
				most = most.max(registered_by(&keys));
			}
		});
	}
	assert!(registered > 100 && most == 2, "{registered} registrations, {most} at a time");
}

/// With its session key a validator registers as a validator, even if it is an operator as well.
#[test]
fn an_operator_whose_key_is_queued_stands_as_a_validator() {
	ext_with_operator(1_000).execute_with(|| {
		// Account 15 has a session key, but is no validator yet.
		bond(15, 5_000);
		Policy::set(TestPolicy::HighestWeight);
		ValidatorWeights::set([(15, 1)].into_iter().collect());
		NextValidators::set(Some((10..20).collect()));
		run_to_next_session();
		register(OPERATOR, 1);
		register(15, 2);
		// It weighs 1 as a validator, not 5,000 as an operator.
		assert_eq!(next_registrations(), [(OPERATOR, Some(0)), (15, Some(1))]);
		run_to_next_session();
		run_to_next_session();
		// It can leave as an operator, and goes on as a validator.
		assert_eq!(Mixnet::unbond(signed(15)), Ok(()));
		register(15, 3);
		run_to_next_session();
		run_to_next_session();
		assert_eq!(Mixnet::withdraw(signed(15)), Ok(()));
		check_invariants();
		register(15, 4);
	});
}
