//! A chain in a test: whole blocks through the executive, as validators make them, but without seals.

use super::started_from;
use crate::*;
use codec::Encode;

use mixnet_node_core::KxSecret;
use mixnet_primitives::{KxPublic, Mixnode, Registrant, Registration, RegistrationProofs};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryPlainPreDigest},
	Slot, BABE_ENGINE_ID,
};
use sp_core::{ed25519, sr25519, Pair as _};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{generic::Era, traits::Header as _, ApplyExtrinsicResult, Digest, DigestItem};

/// A chain from the preset `local`.
pub struct Chain {
	state: TestExternalities,
	number: BlockNumber,
	slot: u64,
	parent: Hash,
}

/// The hash of the first block, as the runtime knows it.
const GENESIS: Hash = Hash::repeat_byte(0xee);

impl Chain {
	/// Before block 1.
	pub fn new() -> Self {
		Self { state: started_from("local"), number: 0, slot: 1_000, parent: GENESIS }
	}

	/// A chain with this storage: a key and a value in each line, in hex.
	pub fn with_storage(lines: &str) -> Self {
		let mut state = TestExternalities::default();
		let (number, slot) = state.execute_with(|| {
			for line in lines.lines() {
				let (key, value) = line.split_once(' ').expect("a key and a value; qed");
				let unhex = |text| sp_core::bytes::from_hex(text).expect("hex; qed");
				sp_io::storage::set(&unhex(key), &unhex(value));
			}
			(System::block_number(), Babe::current_slot().into())
		});
		Self { state, number, slot, parent: Hash::repeat_byte(0xdd) }
	}

	/// Makes the next block, in the next slot, of these extrinsics. Returns what became of each.
	pub fn block(&mut self, extrinsics: Vec<UncheckedExtrinsic>) -> Vec<ApplyExtrinsicResult> {
		self.number += 1;
		self.slot += 1;
		let slot = Slot::from(self.slot);
		let author = PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: 0, slot });
		let digest = Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, author.encode())] };
		let header = Header::new(self.number, Hash::default(), Hash::default(), self.parent, digest);
		self.state.execute_with(|| {
			Executive::initialize_block(&header);
			let now = pallet_timestamp::Call::set { now: u64::from(slot) * MILLISECONDS_PER_BLOCK };
			Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(now.into()))
				.expect("the time is right; qed")
				.expect("the time is right; qed");
			let results = extrinsics.into_iter().map(Executive::apply_extrinsic).collect();
			self.parent = Executive::finalize_block().hash();
			results
		})
	}

	/// Leaves this many slots empty.
	pub fn empty_slots(&mut self, slots: u64) {
		self.slot += slots;
	}

	/// Makes a block of extrinsics, which must all succeed.
	pub fn apply(&mut self, extrinsics: Vec<UncheckedExtrinsic>) {
		for result in self.block(extrinsics) {
			assert_eq!(result, Ok(Ok(())));
		}
	}

	/// Makes the first block of the next session, as if the slots before it had been empty.
	pub fn next_session(&mut self) {
		let before = self.read(Mixnet::session_status).current_index;
		self.slot += u64::from(SESSION_BLOCKS);
		self.apply(vec![]);
		assert_eq!(self.read(Mixnet::session_status).current_index, before + 1);
	}

	/// Asks the runtime, in the state after the last block.
	pub fn read<R>(&mut self, question: impl FnOnce() -> R) -> R {
		self.state.execute_with(question)
	}

	/// A transaction of an account, with its next nonce after `further` others.
	pub fn signed(&mut self, from: Sr25519Keyring, further: Nonce, call: impl Into<RuntimeCall>) -> UncheckedExtrinsic {
		self.read(|| {
			let nonce = System::account_nonce(from.to_account_id()) + further;
			let (call, extension) = (call.into(), tx_extension(Era::Immortal, nonce, 0));
			let payload = SignedPayload::new(call.clone(), extension.clone()).expect("the extension is complete; qed");
			let signature = payload.using_encoded(|payload| from.pair().sign(payload));
			UncheckedExtrinsic::new_signed(call, from.to_account_id().into(), signature.into(), extension)
		})
	}

	/// The registration of `registrant` for the next session, of a mixnode of its own.
	pub fn registration(&mut self, registrant: &Registering) -> UncheckedExtrinsic {
		let status = self.read(|| Mixnet::registration_status(registrant.name(), KxPublic([1; 32])));
		let registration = Registration {
			session_index: status.session_index,
			registrant: registrant.name(),
			revision: status.revision,
			mixnode: registrant.mixnode(),
		};
		let payload = registration.signing_payload(&GENESIS);
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
}

/// A registrant with a mixnode.
pub struct Registering {
	pub key: sr25519::Pair,
	pub secret: KxSecret,
	pub peer: ed25519::Pair,
}

impl Registering {
	/// A registrant with the key of this account, and a mixnode that is made from the account's number.
	pub fn new(key: Sr25519Keyring) -> Self {
		let seed = key as u8 + 1;
		Self { key: key.pair(), secret: KxSecret::from_bytes([seed; 32]), peer: ed25519::Pair::from_seed(&[seed; 32]) }
	}

	pub fn name(&self) -> Registrant {
		Registrant(self.key.public().0)
	}

	pub fn mixnode(&self) -> Mixnode {
		Mixnode {
			kx_public: self.secret.public(),
			peer_id: self.peer.public().0.into(),
			external_addresses: vec![b"/ip4/1.2.3.4/tcp/30333".to_vec()],
		}
	}

	/// Its signature that lets `account` register by its key.
	pub fn prove_operator_key(&self, account: &AccountId) -> [u8; 64] {
		self.key.sign(&Mixnet::operator_key_payload(account)).0
	}
}

/// How much of an account's balance is on hold as a bond.
pub fn held(account: &AccountId) -> Balance {
	use frame_support::traits::fungible::InspectHold;
	Balances::balance_on_hold(&pallet_mixnet::HoldReason::OperatorBond.into(), account)
}

/// How many mixnodes a session can have.
pub fn places() -> usize {
	configs::mixnet::MAX_MIXNODES as usize
}
