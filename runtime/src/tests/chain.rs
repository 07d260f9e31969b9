//! A chain in a test: whole blocks, which one of the validators makes, and which are then executed as every node does.
//!
//! Blocks have no seals. Everything else is as on a real chain: authors take turns, and the outputs of their VRFs are in
//! the headers. With the feature `try-runtime`, each block is executed with all the checks that the pallets have.

use super::{author::Claim, started_from};
use crate::*;
use codec::Encode;
use frame_support::storage::with_transaction_unchecked;
use mixnet_node_core::KxSecret;
use mixnet_primitives::{KxPublic, Mixnode, Registrant, Registration, RegistrationProofs};
use pallet_session::DisabledValidators;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sp_core::{ed25519, sr25519, Pair as _};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	generic::Era,
	traits::Header as _,
	ApplyExtrinsicResult, Digest,
	TransactionOutcome::{Commit, Rollback},
};

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

	/// A chain with this storage: a key and a value in each line, in hex. It is between two blocks.
	pub fn from_storage(lines: &str) -> Self {
		let unhex = |text| sp_core::bytes::from_hex(text).expect("it is hex; qed");
		let mut state = TestExternalities::default();
		let (number, slot) = state.execute_with(|| {
			for line in lines.lines() {
				let (key, value) = line.split_once(' ').expect("there are a key and a value; qed");
				sp_io::storage::set(&unhex(key), &unhex(value));
			}
			(System::block_number(), *Babe::current_slot())
		});
		state.commit_all().expect("no transaction is open; qed");
		// The storage has no hash of the last block; the next block brings it.
		Self { state, number, slot, parent: Hash::repeat_byte(1) }
	}

	/// Makes the next block, in the next slot, of these extrinsics. Returns what became of each.
	pub fn block(&mut self, extrinsics: Vec<UncheckedExtrinsic>) -> Vec<ApplyExtrinsicResult> {
		let author = self.next_author();
		self.block_by(author, Claim::Primary, extrinsics)
	}

	/// The validator whose turn it is, of those that are not disabled.
	pub fn next_author(&mut self) -> u32 {
		let number = self.number;
		self.read(|| {
			let disabled: Vec<_> = DisabledValidators::<Runtime>::get().into_iter().map(|(index, _)| index).collect();
			let able: Vec<_> =
				(0..Session::validators().len() as u32).filter(|index| !disabled.contains(index)).collect();
			able[number as usize % able.len()]
		})
	}

	/// Makes the next block, in the next slot, of these extrinsics, as this validator. Returns what became of each.
	pub fn block_by(
		&mut self,
		author: u32,
		claim: Claim,
		extrinsics: Vec<UncheckedExtrinsic>,
	) -> Vec<ApplyExtrinsicResult> {
		self.number += 1;
		self.slot += 1;
		let (number, slot, parent) = (self.number, self.slot, self.parent);
		let (digest, vrf_output) = self.read(|| claim.digest(author, slot.into()));
		let header = Header::new(number, Hash::default(), Hash::default(), parent, Digest { logs: vec![digest] });
		// The author works on a copy of the state. Like everybody else, it then executes the block that it has made.
		let mut copy = TestExternalities::default();
		copy.backend = self.state.as_backend();
		let (block, results) = copy.execute_with(|| make(&header, slot, extrinsics));
		self.parent = block.header.hash();
		self.read(|| {
			execute(block);
			assert_eq!(Babe::author_vrf_randomness(), Some(vrf_output), "BABE computes it from the author's signature");
		});
		// Without this, hooks that remove a bounded number of keys in each block would not get on.
		self.state.commit_all().expect("no transaction is open; qed");
		results
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
		self.skip_to_end_of_epoch();
		self.apply(vec![]);
		assert_eq!(self.read(Mixnet::session_status).current_index, before + 1);
	}

	/// Leaves slots empty, so that the next block is the first one of the next epoch.
	pub fn skip_to_end_of_epoch(&mut self) {
		self.slot = self.read(|| *Babe::current_epoch_start()) + u64::from(SESSION_BLOCKS) - 1;
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

	/// A call by root: a transaction of Alice, who has sudo.
	pub fn by_sudo(&mut self, call: impl Into<RuntimeCall>) -> UncheckedExtrinsic {
		let call = Box::new(call.into());
		self.signed(Sr25519Keyring::Alice, 0, pallet_sudo::Call::<Runtime>::sudo { call })
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

/// Makes a block as its author does: of the time, and of the extrinsics that are valid. Returns it with what became of
/// each of these extrinsics.
fn make(header: &Header, slot: u64, extrinsics: Vec<UncheckedExtrinsic>) -> (Block, Vec<ApplyExtrinsicResult>) {
	Executive::initialize_block(header);
	let now = pallet_timestamp::Call::set { now: slot * MILLISECONDS_PER_BLOCK };
	let mut body = vec![UncheckedExtrinsic::new_bare(now.into())];
	Executive::apply_extrinsic(body[0].clone()).expect("the time is right; qed").expect("the time is right; qed");
	let mut results = Vec::new();
	for extrinsic in extrinsics {
		let result = with_transaction_unchecked(|| match Executive::apply_extrinsic(extrinsic.clone()) {
			Ok(result) => Commit(Ok(result)),
			Err(error) => Rollback(Err(error)),
		});
		if result.is_ok() {
			body.push(extrinsic);
		}
		results.push(result);
	}
	(Block { header: Executive::finalize_block(), extrinsics: body }, results)
}

/// Executes a block, which must be right.
#[cfg(not(feature = "try-runtime"))]
fn execute(block: Block) {
	Executive::execute_block(block.into());
}

/// Executes a block, which must be right, with the checks of all pallets, as `try-runtime` does.
#[cfg(feature = "try-runtime")]
fn execute(block: Block) {
	use frame_try_runtime::{runtime_decl_for_try_runtime::TryRuntimeV1, TryStateSelect};
	<Runtime as TryRuntimeV1<Block>>::execute_block(block.into(), true, true, TryStateSelect::All);
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
