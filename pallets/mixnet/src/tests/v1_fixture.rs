//! Makes `data/v1-storage.txt`. Ran once, with the code of storage version 1.

use crate::{
	mock::{Session, *},
	*,
};
use codec::Encode;
use frame_support::traits::fungible::Mutate;
use frame_support::traits::tokens::Preservation;
use mixnet_primitives::Mixnode;
use sp_core::{proof_of_possession::ProofOfPossessionGenerator, Pair};

/// Mixnode `n`, with an address that anybody can reach.
fn reachable(n: u64) -> Mixnode {
	Mixnode { external_addresses: vec![format!("/dns4/mix{n}.example.org/tcp/30333").into_bytes()], ..mixnode(n) }
}

fn register_mixnode(key: u64, n: u64, mixnode: Mixnode) {
	let registration = registration(key, mixnode);
	let proofs = prove(key, n, &registration);
	let result = apply_registration(registration, proofs);
	println!("block {}: key {key} registers {n}: {result:?}", System::block_number());
	assert_eq!(result, Ok(Ok(())));
}

/// Registers a mixnode of the next session by an account's session key or operator key.
fn list(key: u64) {
	let n = 10_000 * u64::from(Mixnet::session_status().current_index + 1) + key;
	register_mixnode(key, n, reachable(n));
}

fn set_keys(account: u64, key: u64) {
	let mut seed = [0; 32];
	seed[..8].copy_from_slice(&key.to_le_bytes());
	let proof = sp_core::sr25519::Pair::from_seed(&seed).generate_proof_of_possession(&account.encode());
	let keys = SessionKeys { mixnet: authority(key) };
	assert_eq!(Session::set_keys(RuntimeOrigin::signed(account), keys, proof.encode()), Ok(()));
}

fn set_operator_key(account: u64, key: u64) {
	let proof = prove_operator_key(account, key);
	assert_eq!(Mixnet::set_operator_key(RuntimeOrigin::signed(account), registrant(key), proof), Ok(()));
}

fn disable(account: u64) {
	let index = Session::validators().iter().position(|validator| *validator == account).expect("it is one");
	assert!(Session::disable_index(index as u32));
}

fn state_of(key: u64) -> Option<Candidacy> {
	Candidacies::<Runtime>::get(Mixnet::session_status().current_index + 1, registrant(key))
}

fn is_listed(key: u64) -> bool {
	matches!(state_of(key), Some(Candidacy { state: CandidacyState::Listed { .. }, .. }))
}

#[test]
#[ignore = "ran once, with the code of storage version 1"]
fn write_the_storage_of_version_1() {
	MaxAuthorities::set(200);
	MaxMixnodes::set(14);
	MaxStandbys::set(14);
	SessionsPerMixnetSession::set(2);
	Policy::set(TestPolicy::WeightedLottery);
	let heavy = [3, 4, 5, 6, 8, 10, 11, 13, 21, 22].map(|key| (key, 100_000));
	let newly_queued = [1003, 1004, 1007, 1009].map(|key| (key, 100));
	ValidatorWeights::set(heavy.into_iter().chain(newly_queued).collect());

	ext_with_genesis((0..3).map(reachable).collect()).execute_with(|| {
		run_to_block(1);
		for account in 100..190 {
			Balances::transfer(&79, &account, 1_000, Preservation::Preserve).expect("there is enough");
			set_keys(account, account);
		}
		NextValidators::set(Some((0..40).chain(100..190).collect()));
		for (account, amount) in [(60, 500), (61, 400), (62, 300), (63, 300), (64, 200), (66, 600), (67, 150)] {
			bond(account, amount);
		}
		assert_eq!(Mixnet::bond(RuntimeOrigin::signed(65), 100), Ok(()));
		assert_eq!(Mixnet::bond(RuntimeOrigin::signed(11), 700), Ok(()));
		set_operator_key(11, 1011);
		assert_eq!(Mixnet::bond(RuntimeOrigin::signed(13), 700), Ok(()));
		set_operator_key(13, 1013);
		for key in 0..6 {
			list(key);
		}

		// Session 1.
		run_to_next_session();
		for key in 0..9 {
			list(key);
		}
		assert_eq!(Mixnet::unbond(RuntimeOrigin::signed(67)), Ok(()));

		// Session 2: more candidates than places.
		run_to_next_session();
		for key in (0..25).chain([60, 61, 1011]) {
			list(key);
		}
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), registrant(24)), Ok(()));

		// Session 3.
		run_to_next_session();
		for key in (0..12).chain([60, 63, 66, 100, 189]) {
			list(key);
		}
		run_to_rotation();
		assert_eq!(Mixnet::bond_extra(RuntimeOrigin::signed(61), 11), Ok(()));

		// Session 4, the current one. Its election is for session 5.
		run_to_next_session();
		assert_eq!(Mixnet::session_status().current_index, 4);
		for key in [0, 1, 2, 3, 4, 5, 6, 8, 10, 11, 60, 61, 62, 63, 64, 66, 1011] {
			list(key);
		}
		// Replaced, once and twice.
		for (key, n) in [(0, 50_900), (4, 50_904), (4, 50_914)] {
			register_mixnode(key, n, reachable(n));
		}
		// Addresses that no one can reach, and none at all.
		register_mixnode(
			21,
			50_021,
			Mixnode { external_addresses: vec![b"/ip4/127.0.0.1/tcp/30333".to_vec()], ..mixnode(50_021) },
		);
		register_mixnode(22, 50_022, Mixnode { external_addresses: vec![], ..mixnode(50_022) });
		assert_eq!(Mixnet::bond_extra(RuntimeOrigin::signed(61), 22), Ok(()));
		assert_eq!(Mixnet::unbond(RuntimeOrigin::signed(62)), Ok(()));
		assert_eq!(Mixnet::slash(RuntimeOrigin::root(), 64, 150), Ok(()));
		set_operator_key(63, 1063);
		for key in [7, 1013] {
			assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), registrant(key)), Ok(()));
		}
		disable(8);
		check_invariants();

		// New keys of validators, one of which is the operator key of another account. Validator 6 leaves. The others
		// are queued in another order.
		for (account, key) in [(3, 1003), (4, 1004), (5, 1005), (7, 1007), (9, 1009), (10, 66), (23, 1023)] {
			set_keys(account, key);
		}
		NextValidators::set(Some((0..40).chain(100..190).filter(|account| *account != 6).rev().collect()));
		run_to_rotation();
		assert_eq!(Mixnet::session_status().current_index, 4);
		assert_eq!(Mixnet::bond_extra(RuntimeOrigin::signed(61), 33), Ok(()));
		for key in [1003, 1004, 1007, 1009, 1023] {
			list(key);
		}
		for key in (0..3).chain(12..21) {
			if !is_listed(key) {
				list(key);
			}
		}
		disable(9);
		next_block();
		next_block();

		// Something of session 0 was pruned, and something is left.
		assert!(Mixnet::prune(RuntimeOrigin::signed(1), 5).is_ok());
		check_invariants();
		for key in (0..40).chain(60..67).chain([1003, 1004, 1005, 1007, 1009, 1011, 1013, 1023, 1063]) {
			println!("{key}: {:?}", state_of(key));
		}
		for key in [0, 1, 2, 3, 4, 5, 6, 10, 11, 13, 21, 22, 60, 61, 66, 1003, 1004, 1007, 1009, 1011] {
			assert!(is_listed(key), "{key} is not listed");
		}
		for account in [11, 13, 60, 61, 62, 63, 64, 65, 66, 67] {
			println!("{account}: {:?}", Mixnet::operator(&account));
		}
		println!("{:?}", CurrentSession::<Runtime>::get());
		println!("{:?}", NextElection::<Runtime>::get());
		println!("{:?}", next_registrations_raw());

		System::reset_events();
		let mut lines = String::new();
		let mut key = Vec::new();
		while let Some(next) = sp_io::storage::next_key(&key) {
			let value = sp_io::storage::get(&next).expect("the key is there");
			let hex = |bytes: &[u8]| sp_core::bytes::to_hex(bytes, false)[2..].to_string();
			lines += &format!("{} {}\n", hex(&next), hex(&value));
			key = next;
		}
		std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/data/v1-storage.txt"), lines).expect("written");
	});
}

fn next_registrations_raw() -> Vec<(u128, mixnet_primitives::Standing)> {
	Mixnet::next_registrations(0, 100).into_iter().map(|registered| (registered.rank, registered.standing)).collect()
}
