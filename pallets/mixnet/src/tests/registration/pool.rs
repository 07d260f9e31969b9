//! What the transaction pool learns of a registration, and of its refusal.

use crate::{mock::*, registration::invalid, Error, Refusal, WeightInfo};
use codec::{Decode, Encode};
use frame_support::dispatch::GetDispatchInfo;
use mixnet_primitives::{Registration, RegistrationError};
use sp_runtime::{transaction_validity::InvalidTransaction, DispatchError};

#[test]
fn the_pool_is_told_how_to_keep_a_registration() {
	ext().execute_with(|| {
		run_to_block(1);
		let valid = |account, n, registration: &Registration| {
			validate(registration.clone(), prove(account, n, registration)).expect("it is")
		};
		let first = registration(0, mixnode(0));
		let kept = valid(0, 0, &first);
		assert_eq!(kept.priority, RegistrationPriority::get());
		assert_eq!(kept.longevity, 20);
		assert!(kept.propagate);
		assert!(kept.requires.is_empty());
		assert_eq!(kept.provides, [(crate::REGISTRATION_TAG, (1u32, registrant(0))).encode()]);

		// The pool cannot hold another one of the same registrant. But it can hold others' registrations of the same
		// mixnode, so that nobody can keep another's out.
		assert_eq!(valid(0, 1, &registration(0, mixnode(1))).provides, kept.provides);
		assert_ne!(valid(1, 0, &registration(1, mixnode(0))).provides, kept.provides);
	});
}

/// A pool replaces a transaction by one of a greater priority. What the registrant has not signed plays no part: neither
/// the block, nor which came first.
#[test]
fn only_a_greater_revision_replaces_a_registration_in_the_pool() {
	ext().execute_with(|| {
		let priority = |n, revision| {
			let registration = Registration { revision, ..registration(0, mixnode(n)) };
			validate(registration.clone(), prove(0, n, &registration)).expect("it is").priority
		};
		for block in [1, 2, 15] {
			run_to_block(block);
			for n in 0..3 {
				for revision in 0..=2 {
					assert_eq!(priority(n, revision), RegistrationPriority::get() + u64::from(revision));
				}
			}
		}
	});
}

#[test]
fn longevity_is_bounded() {
	Period::set(1000);
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		assert_eq!(validate(registration.clone(), prove(0, 0, &registration)).expect("it is").longevity, 64);
	});
}

#[test]
fn longevity_is_that_of_a_whole_mixnet_session() {
	SessionsPerMixnetSession::set(3);
	ext().execute_with(|| {
		run_to_block(1);
		let registration = registration(0, mixnode(0));
		assert_eq!(validate(registration.clone(), prove(0, 0, &registration)).expect("it is").longevity, 60);
	});
}

/// Wallets and nodes see the codes, so they must not change.
#[test]
fn refusals_keep_their_codes() {
	use RegistrationError::*;
	assert_eq!(invalid(StaleSession), InvalidTransaction::Stale);
	assert_eq!(invalid(FutureSession), InvalidTransaction::Future);
	for (code, error) in [
		(2, NotARegistrant),
		(3, OperatorsNotEnabled),
		(4, BondTooSmall),
		(5, OperatorTooRecent),
		(6, Barred),
		(7, WrongRevision),
		(8, TooManyRevisions),
		(9, TooManyAddresses),
		(10, AddressTooLong),
		(11, BadAddress),
		(12, BadKxPublic),
		(13, BadPeerId),
		(14, KxPublicTaken),
		(15, PeerIdTaken),
		(16, RankTooLow),
		(17, BadRegistrantProof),
		(18, BadPossessionProof),
		(19, BadPeerProof),
		(20, NoAddress),
		(21, UnreachableAddress),
		(22, TooManyHosts),
		(23, OtherKey),
	] {
		assert_eq!(invalid(error), InvalidTransaction::Custom(code));
	}
}

/// A module's error has four bytes. The first one names the pallet's error, the second one the reason.
#[test]
fn every_refusal_survives_the_way_into_a_dispatch_error_and_back() {
	for code in 0..24 {
		let error = RegistrationError::from_code(code).expect("there are that many");
		let dispatched = DispatchError::from(Error::<Runtime>::from(error));
		// As it reaches a node.
		let received = DispatchError::decode(&mut &dispatched.encode()[..]).expect("it was encoded as one");
		assert_eq!(received, dispatched);
		let DispatchError::Module(module) = received else { panic!("a pallet's error is one") };
		assert_eq!(module.error, [0, code, 0, 0]);
		let decoded = Error::<Runtime>::decode(&mut &module.error[..]).expect("it was encoded as one");
		assert!(matches!(decoded, Error::Registration(Refusal(refusal)) if refusal == error));
	}
	assert_eq!(RegistrationError::from_code(24), None);
}

#[test]
fn a_registration_is_weighed_with_its_authorisation_by_its_addresses() {
	ext().execute_with(|| {
		run_to_block(1);
		for addresses in [0, 1, 4, 50] {
			let mut mixnode = mixnode(0);
			mixnode.external_addresses = vec![b"/dns/example.com".to_vec(); addresses as usize];
			let registration = registration(0, mixnode);
			let proofs = prove(0, 0, &registration);
			let info = extrinsic(registration, proofs).get_dispatch_info();
			assert_eq!(info.call_weight, <() as WeightInfo>::register(addresses));
			assert_eq!(info.extension_weight, <() as WeightInfo>::authorize_register(addresses));
		}
	});
}
