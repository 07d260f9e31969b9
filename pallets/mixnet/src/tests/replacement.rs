//! A registrant that lost its key replaces its registration until the session begins.

use crate::{mock::*, registration::invalid, Event, Rank, RemovalReason};
use mixnet_primitives::{Mixnode, Registration, RegistrationError, Standing};
use sp_runtime::transaction_validity::TransactionValidityError;

fn assert_refused(account: u64, n: u64, registration: Registration, error: RegistrationError) {
	let proofs = prove(account, n, &registration);
	let expected = TransactionValidityError::Invalid(invalid(error));
	assert_eq!(validate(registration.clone(), proofs.clone()), Err(expected));
	assert_eq!(apply_registration(registration, proofs), Err(expected));
}

/// The candidates, each with its rank and standing.
fn candidates() -> Vec<(mixnet_primitives::Registrant, u128, Standing)> {
	let all = Mixnet::next_registrations(0, u32::MAX);
	all.into_iter().map(|registered| (registered.registrant, registered.rank, registered.standing)).collect()
}

#[test]
fn a_replacement_keeps_rank_and_place() {
	Policy::set(TestPolicy::WeightedLottery);
	MaxMixnodes::set(6);
	MaxStandbys::set(3);
	ext().execute_with(|| {
		run_to_block(1);
		for account in 0..9 {
			register(account, account);
		}
		let before = candidates();
		assert_eq!(before.iter().filter(|(_, _, standing)| *standing == Standing::Standby).count(), 3);
		// Elected and standbys replace theirs, in another order.
		for account in [5, 0, 8, 3, 1, 2, 7, 6, 4] {
			next_block();
			register(account, 100 + account);
			let registered = Mixnet::registration_status(registrant(account), mixnode(100 + account).kx_public)
				.registered
				.expect("it is");
			assert_eq!(
				events(),
				[Event::MixnodeRegistered {
					session_index: 1,
					account,
					registrant: registrant(account),
					rank: Rank(registered.rank),
					standing: registered.standing,
					revision: 1,
				}]
			);
			assert_eq!(registered.kx_public, mixnode(100 + account).kx_public);
			assert_eq!(candidates(), before);
		}
		run_to_next_session();
		let expected: std::collections::BTreeMap<_, _> = before
			.into_iter()
			.filter_map(|(name, _, standing)| match standing {
				Standing::Elected(place) => {
					let account = (0..9).find(|account| registrant(*account) == name).expect("one of the nine");
					Some((place, mixnode(100 + account)))
				},
				Standing::Standby => None,
			})
			.collect();
		assert_eq!(Mixnet::current_mixnodes(), Ok(expected.into_values().collect()));
	});
}

#[test]
fn a_replacement_frees_the_former_key_and_peer_id() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		assert_refused(1, 0, registration(1, mixnode(0)), RegistrationError::KxPublicTaken);
		register(0, 1);
		register(1, 0);
		// Its new ones are taken.
		assert_refused(2, 1, registration(2, mixnode(1)), RegistrationError::KxPublicTaken);
		// It does not get back what another has registered since.
		assert_refused(0, 0, registration(0, mixnode(0)), RegistrationError::KxPublicTaken);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(1), mixnode(0)]));
	});
}

/// A mixnode with the key of `kx` and the peer identity of `peer`, registered by account 0 with the proofs of both.
fn register_mixed(kx: u64, peer: u64, address: &[u8]) -> Mixnode {
	let mixed = Mixnode {
		kx_public: mixnode(kx).kx_public,
		peer_id: mixnode(peer).peer_id,
		external_addresses: vec![address.to_vec()],
	};
	let registration = registration(0, mixed.clone());
	let mut proofs = prove(0, kx, &registration);
	proofs.peer = prove(0, peer, &registration).peer;
	assert_eq!(apply_registration(registration, proofs), Ok(Ok(())));
	mixed
}

#[test]
fn a_replacement_may_keep_its_own_key_or_peer_id() {
	MaxRevisions::set(4);
	ext().execute_with(|| {
		run_to_block(1);
		register(1, 1);
		register_mixed(0, 0, b"/dns/a.example");
		// Only new addresses, then a new peer identity, then a new key, and then the first ones again.
		register_mixed(0, 0, b"/dns/b.example");
		register_mixed(0, 2, b"/dns/b.example");
		register_mixed(3, 2, b"/dns/b.example");
		let last = register_mixed(0, 0, b"/dns/a.example");
		// The keys and peer IDs in between are free.
		register(2, 2);
		register(3, 3);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(1), last, mixnode(2), mixnode(3)]));
	});
}

#[test]
fn a_replacement_that_is_refused_leaves_the_mixnode_as_it_was() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		register(1, 1);
		assert_refused(0, 1, registration(0, mixnode(1)), RegistrationError::KxPublicTaken);
		let mut useless = mixnode(2);
		useless.external_addresses.push(Vec::new());
		assert_refused(0, 2, registration(0, useless), RegistrationError::BadAddress);
		assert_refused(0, 3, registration(0, mixnode(2)), RegistrationError::BadPossessionProof);
		// No refused registration uses up a revision.
		register(0, 3);
		register(0, 4);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(4), mixnode(1)]));
	});
}

#[test]
fn revisions_are_counted_and_bounded_within_a_session() {
	MaxRevisions::set(3);
	ext().execute_with(|| {
		run_to_block(1);
		for session in 1..4 {
			for revision in 0..4 {
				let n = 10 * session + u64::from(revision);
				assert_eq!(registration(0, mixnode(n)).revision, revision);
				register(0, n);
			}
			let again = registration(0, mixnode(99));
			assert_refused(0, 99, again.clone(), RegistrationError::TooManyRevisions);
			for revision in [0, 3, 5, 255] {
				let other = Registration { revision, ..again.clone() };
				assert_refused(0, 99, other, RegistrationError::TooManyRevisions);
			}
			register(1, 1);
			run_to_next_session();
			assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(10 * session + 3), mixnode(1)]));
		}
	});
}

#[test]
fn a_chain_may_allow_no_replacements() {
	MaxRevisions::set(0);
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		assert_refused(0, 1, registration(0, mixnode(1)), RegistrationError::TooManyRevisions);
	});
}

#[test]
fn up_to_254_revisions_are_counted() {
	MaxRevisions::set(254);
	ext().execute_with(|| {
		run_to_block(1);
		for n in 0..=254 {
			register(0, n);
		}
		assert_refused(0, 255, registration(0, mixnode(255)), RegistrationError::TooManyRevisions);
	});
}

#[test]
fn a_registration_cannot_be_put_back_over_the_one_that_replaced_it() {
	ext().execute_with(|| {
		run_to_block(1);
		let mut sent = Vec::new();
		for n in 0..3 {
			let registration = registration(0, mixnode(n));
			let proofs = prove(0, n, &registration);
			assert_eq!(apply_registration(registration.clone(), proofs.clone()), Ok(Ok(())));
			sent.push((registration, proofs));
			for (earlier, proofs) in &sent {
				let error = if n < 2 { RegistrationError::WrongRevision } else { RegistrationError::TooManyRevisions };
				let expected = Err(TransactionValidityError::Invalid(invalid(error)));
				assert_eq!(apply_registration(earlier.clone(), proofs.clone()), expected);
				// Nor with a new revision, which the proofs do not sign.
				let renumbered = Registration { revision: n as u8 + 1, ..earlier.clone() };
				assert!(apply_registration(renumbered, proofs.clone()).is_err());
			}
		}
		register(1, 5);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(2), mixnode(5)]));
	});
}

/// Both are valid until one of them is included. Then the other is not.
#[test]
fn of_two_registrations_with_one_revision_the_first_counts() {
	ext().execute_with(|| {
		run_to_block(1);
		let (one, other) = (registration(0, mixnode(0)), registration(0, mixnode(1)));
		let (one_proofs, other_proofs) = (prove(0, 0, &one), prove(0, 1, &other));
		assert!(validate(one.clone(), one_proofs.clone()).is_ok());
		assert!(validate(other.clone(), other_proofs.clone()).is_ok());
		assert_eq!(apply_registration(other, other_proofs), Ok(Ok(())));
		let expected = Err(TransactionValidityError::Invalid(invalid(RegistrationError::WrongRevision)));
		assert_eq!(apply_registration(one, one_proofs), expected);
	});
}

#[test]
fn nothing_is_replaced_once_the_session_has_begun() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		register(1, 1);
		// In the last block it is still possible.
		run_to_block(19);
		register(0, 2);
		let late = registration(0, mixnode(3));
		next_block();
		assert_refused(0, 3, late, RegistrationError::StaleSession);
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(2), mixnode(1)]));
	});
}

#[test]
fn who_is_no_registrant_any_more_cannot_replace_its_mixnode() {
	SessionsPerMixnetSession::set(2);
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		register(1, 1);
		register(2, 3);
		NextValidators::set(Some((1..VALIDATORS).collect()));
		run_to_rotation();
		assert_refused(0, 2, registration(0, mixnode(2)), RegistrationError::NotARegistrant);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(3), mixnode(1)]));
	});
}

/// A candidate that better ones put out may register again when there is room, with the same key or another, unless
/// somebody else has taken the key by then.
#[test]
fn who_was_put_out_may_register_its_own_key_again() {
	Policy::set(TestPolicy::HighestWeight);
	ValidatorWeights::set((0..4).map(|account| (account, 10 + u128::from(account))).collect());
	MaxMixnodes::set(2);
	MaxStandbys::set(0);
	ext().execute_with(|| {
		run_to_block(1);
		for account in 0..3 {
			register(account, account);
		}
		assert_eq!(next_registrations(), [(2, Some(0)), (1, Some(1))]);
		assert_refused(0, 0, registration(0, mixnode(0)), RegistrationError::RankTooLow);

		// While it is out, anybody who can prove possession of its key may register it.
		register(2, 0);
		register(2, 2);

		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 2), Ok(()));
		let again = registration(0, mixnode(0));
		assert_eq!(again.revision, 1);
		assert_refused(0, 0, Registration { revision: 0, ..again.clone() }, RegistrationError::WrongRevision);
		register(0, 0);
		assert_eq!(next_registrations(), [(1, Some(0)), (0, Some(1))]);
	});
}

#[test]
fn who_was_removed_stays_barred_whatever_it_registers() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 0), Ok(()));
		assert!(events().contains(&Event::MixnodeRemoved {
			session_index: 1,
			account: 0,
			reason: RemovalReason::Forced
		}));
		for n in [0, 1] {
			assert_refused(0, n, registration(0, mixnode(n)), RegistrationError::Barred);
		}
		// Its key and peer ID are free.
		register(1, 0);
	});
}
