//! Makes `data/v1-storage.txt`. Ran once, with the code of storage version 1 of the pallet.

use super::chain::{Chain, Registering};
use crate::*;
use mixnet_primitives::{KxPublic, Mixnode, Registration, RegistrationProofs};
use pallet_mixnet::Call;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sp_core::Pair as _;
use sp_keyring::Sr25519Keyring::{Alice, AliceStash, Bob, BobStash, Charlie, Dave, Eve, Ferdie};

/// The registration of a mixnode that anybody can reach.
fn registration(chain: &mut Chain, registrant: &Registering) -> UncheckedExtrinsic {
	let status = chain.read(|| Mixnet::registration_status(registrant.name(), KxPublic([1; 32])));
	let registration = Registration {
		session_index: status.session_index,
		registrant: registrant.name(),
		revision: status.revision,
		mixnode: Mixnode {
			external_addresses: vec![b"/dns4/mixnet.example.org/tcp/30333".to_vec()],
			..registrant.mixnode()
		},
	};
	let payload = registration.signing_payload(&Hash::repeat_byte(0xee));
	let proofs = RegistrationProofs {
		registrant: registrant.key.sign(&payload).0,
		possession: registrant.secret.prove_possession(&mut ChaCha20Rng::seed_from_u64(1), &payload).into(),
		peer: registrant.peer.sign(&payload).0,
	};
	let call = pallet_mixnet::Call::<Runtime>::register { registration, proofs };
	<Runtime as frame_system::offchain::CreateAuthorizedTransaction<RuntimeCall>>::create_authorized_transaction(
		call.into(),
	)
}

#[test]
#[ignore = "ran once, with the code of storage version 1"]
fn write_the_storage_of_version_1() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	let operator = Registering::new(BobStash);
	let proof = chain.read(|| operator.prove_operator_key(&AliceStash.to_account_id()));
	let amount = 2 * configs::mixnet::MIN_BOND;
	let bond = chain.signed(AliceStash, 0, Call::<Runtime>::bond { amount });
	let set_key = chain.signed(AliceStash, 1, Call::<Runtime>::set_operator_key { key: operator.name(), proof });
	chain.apply(vec![bond, set_key]);
	for session in 0..4 {
		for validator in [Alice, Bob, Charlie, Dave, Eve, Ferdie] {
			let extrinsic = registration(&mut chain, &Registering::new(validator));
			chain.apply(vec![extrinsic]);
		}
		if session >= 2 {
			let extrinsic = registration(&mut chain, &operator);
			println!("{:?}", chain.block(vec![extrinsic]));
		}
		chain.next_session();
	}
	for validator in [Alice, Bob, Charlie, Dave] {
		let extrinsic = registration(&mut chain, &Registering::new(validator));
		chain.apply(vec![extrinsic]);
	}
	let extrinsic = registration(&mut chain, &operator);
	println!("{:?}", chain.block(vec![extrinsic]));
	chain.read(|| {
		println!("{:?}", pallet_mixnet::CurrentSession::<Runtime>::get());
		println!("{:?}", pallet_mixnet::NextElection::<Runtime>::get());
		println!("{:?}", pallet_mixnet::NextToPrune::<Runtime>::get());
		let mut lines = String::new();
		let mut key = Vec::new();
		while let Some(next) = sp_io::storage::next_key(&key) {
			let value = sp_io::storage::get(&next).expect("the key is there");
			let hex = |bytes: &[u8]| sp_core::bytes::to_hex(bytes, false)[2..].to_string();
			// The runtime's wasm is no part of what we need.
			if !next.starts_with(b":code") {
				lines += &format!("{} {}\n", hex(&next), hex(&value));
			}
			key = next;
		}
		std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/data")).expect("created");
		std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/data/v1-storage.txt"), lines).expect("written");
	});
}
