//! What a node asks before it registers, and how it sends its registration.

use crate::{mock::*, Call, Candidacies, Candidacy, CandidacyState, Event};
use mixnet_primitives::{
	KxPublic, RegisteredMixnode, Registrant, Registration, RegistrationAdvice, RegistrationError, RegistrationProofs,
	RegistrationStatus, Standing, SubmitError,
};
use sp_core::offchain::{testing::PoolState, TransactionPool, TransactionPoolExt};

/// The status of `account` if its mixnode is the one made from `n`.
fn status(account: u64, n: u64) -> RegistrationStatus {
	Mixnet::registration_status(registrant(account), mixnode(n).kx_public)
}

fn advice(account: u64, n: u64) -> RegistrationAdvice {
	status(account, n).advice
}

fn missing(error: RegistrationError) -> RegistrationAdvice {
	RegistrationAdvice::Missing(error)
}

#[test]
fn a_registrant_waits_for_its_turn_registers_and_is_registered() {
	ext().execute_with(|| {
		run_to_next_session();
		for session_index in 1..4u32 {
			let mut waited = 0;
			while advice(4, 7) == RegistrationAdvice::Wait {
				waited += 1;
				next_block();
			}
			assert!((2..18).contains(&waited), "it waited for {waited} blocks of session {session_index}");
			let expected = RegistrationStatus {
				session_index: session_index + 1,
				registered: None,
				revision: 0,
				advice: RegistrationAdvice::Register,
			};
			assert_eq!(status(4, 7), expected);
			register(4, 7);
			let registered = RegisteredMixnode {
				registrant: registrant(4),
				rank: 0,
				standing: Standing::Elected(0),
				revision: 0,
				kx_public: mixnode(7).kx_public,
				peer_id: mixnode(7).peer_id,
			};
			let expected = RegistrationStatus {
				session_index: session_index + 1,
				registered: Some(registered),
				revision: 1,
				advice: RegistrationAdvice::Registered,
			};
			while Mixnet::session_status().current_index == session_index {
				assert_eq!(status(4, 7), expected);
				next_block();
			}
		}
	});
}

#[test]
fn who_has_lost_its_key_registers_another_at_once() {
	ext().execute_with(|| {
		// In the slack at the beginning, when others should wait.
		run_to_next_session();
		register(4, 7);
		let lost = status(4, 8);
		assert_eq!(lost.advice, RegistrationAdvice::Register);
		assert_eq!(lost.registered.expect("the other key is").kx_public, mixnode(7).kx_public);
		assert_eq!(lost.revision, 1);
		assert_eq!(advice(5, 8), RegistrationAdvice::Wait);
		register(4, 8);
		assert_eq!(advice(4, 8), RegistrationAdvice::Registered);
		assert_eq!(status(4, 8).registered.map(|registered| registered.revision), Some(1));
		assert_eq!(advice(4, 7), RegistrationAdvice::Register);

		// As often as allowed.
		register(4, 9);
		let last = status(4, 10);
		assert_eq!(last.advice, missing(RegistrationError::TooManyRevisions));
		assert_eq!(last.revision, 3);
		assert_eq!(last.registered.map(|registered| registered.kx_public), Some(mixnode(9).kx_public));
		assert_eq!(advice(4, 9), RegistrationAdvice::Registered);
	});
}

#[test]
fn standbys_are_registered_too() {
	MaxMixnodes::set(2);
	MaxStandbys::set(1);
	ext().execute_with(|| {
		run_to_block(1);
		for account in 0..3 {
			register(account, account);
		}
		assert_eq!(advice(2, 2), RegistrationAdvice::Registered);
		assert_eq!(status(2, 2).registered.map(|registered| registered.standing), Some(Standing::Standby));
		// They may replace their registrations, but others come too late.
		assert_eq!(advice(2, 20), RegistrationAdvice::Register);
		assert_eq!(advice(3, 3), missing(RegistrationError::RankTooLow));
		// Once there is room, the others are told to register.
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 0), Ok(()));
		run_to_block(19);
		assert_eq!(advice(3, 3), RegistrationAdvice::Register);
	});
}

#[test]
fn who_was_put_out_is_told_when_there_is_room() {
	Policy::set(TestPolicy::HighestWeight);
	ValidatorWeights::set([(0, 5), (1, 9), (2, 7)].into_iter().collect());
	MaxMixnodes::set(2);
	MaxStandbys::set(0);
	ext().execute_with(|| {
		run_to_block(16);
		register(2, 2);
		register(0, 0);
		register(1, 1);
		let expected = RegistrationStatus {
			session_index: 1,
			registered: None,
			revision: 1,
			advice: missing(RegistrationError::RankTooLow),
		};
		assert_eq!(status(0, 0), expected);
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 1), Ok(()));
		assert_eq!(status(0, 0), RegistrationStatus { advice: RegistrationAdvice::Register, ..expected });
		register(0, 0);
		assert_eq!(advice(0, 0), RegistrationAdvice::Registered);
	});
}

#[test]
fn who_cannot_register_is_told_what_is_missing() {
	ext().execute_with(|| {
		run_to_next_session();
		run_to_next_session();
		// Neither an authority nor an operator.
		assert_eq!(advice(VALIDATORS, 0), missing(RegistrationError::NotARegistrant));
		assert_eq!(advice(50, 0), missing(RegistrationError::NotARegistrant));
		assert_eq!(
			Mixnet::registration_status(Registrant([0; 32]), KxPublic([0; 32])).advice,
			missing(RegistrationError::NotARegistrant)
		);
		// An operator that may not stand, for each of the reasons.
		bond(50, 1000);
		assert_eq!(advice(50, 0), missing(RegistrationError::OperatorTooRecent));
		MinBond::set(1001);
		assert_eq!(advice(50, 0), missing(RegistrationError::BondTooSmall));
		OperatorsEnabled::set(false);
		assert_eq!(advice(50, 0), missing(RegistrationError::OperatorsNotEnabled));
		OperatorsEnabled::set(true);
		MinBond::set(1000);
		// Barred, or without revisions left.
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 3), Ok(()));
		assert_eq!(advice(3, 0), missing(RegistrationError::Barred));
		let candidacy = Candidacy { registered_as: None, next_revision: 3, state: CandidacyState::Out };
		Candidacies::<Runtime>::insert(3, 4, candidacy);
		assert_eq!(advice(4, 0), missing(RegistrationError::TooManyRevisions));
		assert_eq!(status(4, 0).revision, 3);
		// None of these lasts beyond the session.
		run_to_next_session();
		run_to_block(System::block_number() + 17);
		for account in [3, 4] {
			assert_eq!(advice(account, 0), RegistrationAdvice::Register);
		}
		run_to_next_session();
		run_to_block(System::block_number() + 17);
		assert_eq!(advice(50, 0), RegistrationAdvice::Register);
	});
}

/// A registration stays even if its registrant could not make it now.
#[test]
fn who_is_registered_has_nothing_to_do() {
	ext().execute_with(|| {
		run_to_block(1);
		bond(50, 1_000);
		run_to_next_session();
		run_to_next_session();
		register(50, 0);
		OperatorsEnabled::set(false);
		assert_eq!(advice(50, 0), RegistrationAdvice::Registered);
		assert_eq!(advice(50, 1), missing(RegistrationError::OperatorsNotEnabled));
	});
}

/// A validator that is not queued any more has lost its place.
#[test]
fn who_has_left_is_no_registrant() {
	SessionsPerMixnetSession::set(2);
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		NextValidators::set(Some(vec![1, 2, 3]));
		run_to_rotation();
		assert_eq!(advice(0, 0), missing(RegistrationError::NotARegistrant));
		assert_eq!(status(0, 0).registered, None);
	});
}

#[test]
fn nobody_registers_at_block_0() {
	NumRegisterStartSlackBlocks::set(0);
	NumRegisterEndSlackBlocks::set(19);
	ext().execute_with(|| {
		// The hash of block 0, which the proofs sign, is not known in block 0.
		assert_eq!(advice(4, 4), RegistrationAdvice::Wait);
		assert_eq!(advice(VALIDATORS, 0), missing(RegistrationError::NotARegistrant));
		next_block();
		assert_eq!(advice(4, 4), RegistrationAdvice::Register);
	});
}

#[test]
fn a_registration_that_was_lost_is_asked_for_again_in_the_end() {
	ext().execute_with(|| {
		run_to_block(1);
		let mut asked = Vec::new();
		while Mixnet::session_status().current_index == 0 {
			match advice(2, 0) {
				RegistrationAdvice::Register => asked.push(System::block_number()),
				other => assert_eq!(other, RegistrationAdvice::Wait),
			}
			next_block();
		}
		// In the slack at the end, in every block.
		assert!(asked.ends_with(&[16, 17, 18, 19]), "{asked:?}");
	});
}

#[test]
fn who_comes_late_still_registers() {
	ext().execute_with(|| {
		for block in 16..20 {
			run_to_block(block);
			for account in 0..VALIDATORS {
				assert_eq!(advice(account, account), RegistrationAdvice::Register, "block {block}");
			}
		}
	});
}

/// How many of `nodes` nodes, with different keys, are told to register in each block of a session.
fn spread(nodes: u64) -> Vec<u64> {
	ext().execute_with(|| {
		run_to_next_session();
		let session = Mixnet::session_status().current_index;
		let mut counts = Vec::new();
		let registrant = registrant(2);
		let mut waiting: Vec<_> =
			(0..nodes).map(|node| KxPublic(sp_io::hashing::blake2_256(&node.to_le_bytes()))).collect();
		while Mixnet::session_status().current_index == session {
			let before = waiting.len();
			waiting.retain(|kx_public| {
				let advice = Mixnet::registration_status(registrant, *kx_public).advice;
				// The answer is the same however often it is asked for.
				assert_eq!(Mixnet::registration_status(registrant, *kx_public).advice, advice);
				match advice {
					RegistrationAdvice::Wait => true,
					RegistrationAdvice::Register => false,
					other => panic!("{other:?}"),
				}
			});
			counts.push((before - waiting.len()) as u64);
			next_block();
		}
		assert!(waiting.is_empty());
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
	// There are 2 blocks of slack at the start. Everyone has registered before the 4 blocks of slack at the end.
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

fn submit(registration: &Registration, proofs: &RegistrationProofs) -> Result<(), SubmitError> {
	Mixnet::submit_registration(registration.clone(), proofs.clone())
}

#[test]
fn a_registration_is_sent_to_the_pool() {
	let mut ext = ext();
	let pool = with_pool(&mut ext);
	ext.execute_with(|| {
		run_to_block(5);
		let registration = registration(4, mixnode(7));
		let proofs = prove(4, 7, &registration);
		assert_eq!(submit(&registration, &proofs), Ok(()));
		// Nothing has happened yet.
		assert_eq!(next_registrations(), []);

		let extrinsic = take_from_pool(&pool);
		let RuntimeCall::Mixnet(Call::register { registration: sent, proofs: sent_proofs }) =
			extrinsic.function.clone()
		else {
			panic!("{:?}", extrinsic.function)
		};
		assert_eq!((&sent, &sent_proofs), (&registration, &proofs));
		assert!(validate(sent, sent_proofs).is_ok());
		next_block();
		assert_eq!(apply(extrinsic), Ok(Ok(())));
		assert!(matches!(events()[..], [Event::MixnodeRegistered { session_index: 1, revision: 0, .. }]));
		assert_eq!(advice(4, 7), RegistrationAdvice::Registered);
	});
}

#[test]
fn what_would_be_refused_is_not_sent() {
	MaxMixnodes::set(2);
	MaxStandbys::set(0);
	let mut ext = ext();
	let pool = with_pool(&mut ext);
	ext.execute_with(|| {
		run_to_block(1);
		let refused = |account: u64, n: u64, registration: Registration, error: RegistrationError| {
			let proofs = prove(account, n, &registration);
			assert_eq!(submit(&registration, &proofs), Err(SubmitError::Refused(error)));
			assert!(pool.read().transactions.is_empty());
		};
		let good = registration(4, mixnode(4));
		refused(4, 4, Registration { session_index: 0, ..good.clone() }, RegistrationError::StaleSession);
		refused(4, 4, Registration { session_index: 2, ..good.clone() }, RegistrationError::FutureSession);
		refused(50, 4, registration(50, mixnode(4)), RegistrationError::NotARegistrant);
		refused(4, 4, Registration { revision: 1, ..good.clone() }, RegistrationError::WrongRevision);
		let mut beyond = good.clone();
		beyond.mixnode.external_addresses = vec![b"/dns/example.com".to_vec(); MAX_ADDRESSES as usize + 1];
		refused(4, 4, beyond.clone(), RegistrationError::TooManyAddresses);
		beyond.mixnode.external_addresses = vec![vec![b'a'; MAX_ADDRESS_SIZE as usize + 1]];
		refused(4, 4, beyond.clone(), RegistrationError::AddressTooLong);
		beyond.mixnode.external_addresses = vec![b"example.com".to_vec()];
		refused(4, 4, beyond, RegistrationError::BadAddress);
		let mut useless = good.clone();
		useless.mixnode.kx_public = KxPublic([0; 32]);
		refused(4, 4, useless, RegistrationError::BadKxPublic);
		// Proofs of another account, and of another mixnode.
		refused(5, 4, good.clone(), RegistrationError::BadRegistrantProof);
		refused(4, 5, good.clone(), RegistrationError::BadPossessionProof);
		register(0, 0);
		refused(4, 0, registration(4, mixnode(0)), RegistrationError::KxPublicTaken);
		register(1, 1);
		refused(4, 4, good, RegistrationError::RankTooLow);
		refused(0, 1, registration(0, mixnode(1)), RegistrationError::KxPublicTaken);
		let another = registration(0, mixnode(4));
		assert_eq!(submit(&another, &prove(0, 4, &another)), Ok(()));
	});
}

/// A pool that takes no transactions.
struct FullPool;
impl TransactionPool for FullPool {
	fn submit_transaction(&mut self, _: Vec<u8>) -> Result<(), ()> {
		Err(())
	}
}

#[test]
fn who_sends_to_a_pool_that_refuses_is_told() {
	let mut ext = ext();
	ext.register_extension(TransactionPoolExt::new(FullPool));
	ext.execute_with(|| {
		run_to_block(1);
		let registration = registration(4, mixnode(7));
		let proofs = prove(4, 7, &registration);
		assert_eq!(submit(&registration, &proofs), Err(SubmitError::Pool));
		// The pool is not even asked for what it would refuse.
		let wrong = Registration { revision: 1, ..registration };
		assert_eq!(submit(&wrong, &proofs), Err(SubmitError::Refused(RegistrationError::WrongRevision)));
	});
}

/// A registration that is sent again is the same transaction. A pool that has it refuses it.
#[test]
fn what_is_sent_twice_is_one_transaction() {
	let mut ext = ext();
	let pool: std::sync::Arc<parking_lot::RwLock<PoolState>> = with_pool(&mut ext);
	ext.execute_with(|| {
		run_to_block(1);
		let registration = registration(4, mixnode(7));
		let proofs = prove(4, 7, &registration);
		for _ in 0..2 {
			assert_eq!(submit(&registration, &proofs), Ok(()));
		}
		let transactions = pool.read().transactions.clone();
		assert_eq!(transactions[0], transactions[1]);
	});
}
