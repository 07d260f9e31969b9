//! A chain of the example runtime, as a transaction pool sees one: whole blocks, without seals, and their states.

use async_trait::async_trait;
use codec::Encode;
use mixnet_node_core::KxSecret;
use mixnet_primitives::{KxPublic, Mixnode, Registrant, Registration, RegistrationProofs, RegistrationStatus};
use mixnet_runtime::{
	genesis, tx_extension, Block, BlockNumber, Executive, Hash, Header, Mixnet, RuntimeCall, RuntimeGenesisConfig,
	UncheckedExtrinsic, MILLISECONDS_PER_BLOCK,
};
use rand_core::OsRng;
use sc_transaction_pool::{ChainApi, ValidateTransactionPriority};
use sc_transaction_pool_api::error::Error;
use sp_blockchain::{HashAndNumber, TreeRoute};
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryPlainPreDigest},
	Slot, BABE_ENGINE_ID,
};
use sp_core::{ed25519, sr25519, storage::StateVersion, Pair as _};
use sp_io::TestExternalities;
use sp_runtime::{
	generic::{BlockId, Era},
	traits::{BlakeTwo256, Hash as _, Header as _},
	transaction_validity::{TransactionSource, TransactionValidity},
	BuildStorage, Digest, DigestItem,
};
use std::sync::{Arc, Mutex};

/// What [`TestExternalities`] can be made from again.
type Snapshot = (Vec<(Vec<u8>, (Vec<u8>, i32))>, Hash);

struct Made {
	header: Header,
	body: Vec<UncheckedExtrinsic>,
	state: Snapshot,
}

/// A chain from the preset `local`, without forks.
pub struct Chain(Mutex<Vec<Made>>);

impl Chain {
	/// With the first block and one more, from which on registrations are possible.
	pub fn new() -> Arc<Self> {
		let patch = genesis::preset(&"local".into()).expect("the preset exists");
		let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("it serialises");
		sc_chain_spec::json_merge(&mut config, serde_json::from_slice(&patch).expect("it is JSON"));
		let config: RuntimeGenesisConfig = serde_json::from_value(config).expect("it is a genesis config");
		let state = TestExternalities::from(config.build_storage().expect("it builds"));
		let header = Header::new(0, Hash::default(), Hash::default(), Hash::repeat_byte(0xee), Digest::default());
		let chain = Self(Mutex::new(vec![Made { header, body: vec![], state: snapshot(state) }]));
		chain.make_block(vec![]);
		Arc::new(chain)
	}

	/// Makes the next block, of these extrinsics, which must all succeed. Returns its hash.
	pub fn make_block(&self, body: Vec<UncheckedExtrinsic>) -> Hash {
		let mut made = self.0.lock().expect("no test panics while it holds this");
		let parent = made.last().expect("there is the first block");
		let number = parent.header.number + 1;
		let slot = Slot::from(1_000 + u64::from(number));
		let author = PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: 0, slot });
		let digest = Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, author.encode())] };
		let parent_hash = parent.header.hash();
		let mut state = restored(&parent.state);
		let header = state.execute_with(|| {
			Executive::initialize_block(&Header::new(number, Hash::default(), Hash::default(), parent_hash, digest));
			let now = pallet_timestamp::Call::set { now: u64::from(slot) * MILLISECONDS_PER_BLOCK };
			for extrinsic in std::iter::once(UncheckedExtrinsic::new_bare(now.into())).chain(body.clone()) {
				assert_eq!(Executive::apply_extrinsic(extrinsic), Ok(Ok(())));
			}
			Executive::finalize_block()
		});
		let hash = header.hash();
		made.push(Made { header, body, state: snapshot(state) });
		hash
	}

	/// The hash of the last block.
	pub fn best(&self) -> Hash {
		self.last(0)
	}

	/// The hash of the block so many before the last one.
	pub fn last(&self, before: usize) -> Hash {
		let made = self.0.lock().expect("no test panics while it holds this");
		made[made.len() - 1 - before].header.hash()
	}

	/// Asks the runtime, in the state after a block.
	fn at<R>(&self, hash: Hash, question: impl FnOnce() -> R) -> Result<R, Error> {
		let mut state = self.find(hash, |made| restored(&made.state))?;
		Ok(state.execute_with(question))
	}

	fn find<R>(&self, hash: Hash, found: impl FnOnce(&Made) -> R) -> Result<R, Error> {
		let made = self.0.lock().expect("no test panics while it holds this");
		let block = made.iter().find(|block| block.header.hash() == hash);
		block.map(found).ok_or_else(|| Error::InvalidBlockId(format!("{hash}")))
	}

	/// A block's extrinsics, without those of its author.
	pub fn body(&self, hash: Hash) -> Vec<UncheckedExtrinsic> {
		self.find(hash, |made| made.body.clone()).expect("it was made")
	}

	/// A block's header.
	pub fn header(&self, hash: Hash) -> Header {
		self.find(hash, |made| made.header.clone()).expect("it was made")
	}

	/// What the chain says of this registrant.
	pub fn status(&self, registrant: &Registering) -> RegistrationStatus {
		let name = Registrant(registrant.key.public().0);
		let status = || Mixnet::registration_status(name, KxPublic([1; 32]));
		self.at(self.best(), status).expect("the last block is there")
	}

	/// The transaction that registers the registrant's mixnode for the next session.
	pub fn registration(&self, registrant: &Registering, revision: u8) -> UncheckedExtrinsic {
		let registration = Registration {
			session_index: self.status(registrant).session_index,
			registrant: Registrant(registrant.key.public().0),
			revision,
			mixnode: registrant.mixnode(),
		};
		let genesis = self.0.lock().expect("no test panics while it holds this")[0].header.hash();
		let payload = registration.signing_payload(&genesis);
		let proofs = RegistrationProofs {
			registrant: registrant.key.sign(&payload).0,
			possession: registrant.secret.prove_possession(&mut OsRng, &payload).into(),
			peer: registrant.peer.sign(&payload).0,
		};
		let call = pallet_mixnet::Call::register { registration, proofs };
		UncheckedExtrinsic::new_transaction(RuntimeCall::Mixnet(call), tx_extension(Era::Immortal, 0, 0))
	}
}

fn snapshot(mut state: TestExternalities) -> Snapshot {
	state.commit_all().expect("no storage transaction is open");
	state.into_raw_snapshot()
}

fn restored((raw, root): &Snapshot) -> TestExternalities {
	TestExternalities::from_raw_snapshot(raw.clone(), *root, StateVersion::V1)
}

/// A registrant, with the mixnode that it registers.
pub struct Registering {
	key: sr25519::Pair,
	secret: KxSecret,
	peer: ed25519::Pair,
}

impl Registering {
	/// A validator, with a key for the session that is made from `secret`.
	pub fn new(validator: &str, secret: u8) -> Self {
		Self {
			key: sr25519::Pair::from_string(validator, None).expect("it is a path"),
			secret: KxSecret::from_bytes([secret; 32]),
			peer: ed25519::Pair::from_string(validator, None).expect("it is a path"),
		}
	}

	pub fn mixnode(&self) -> Mixnode {
		Mixnode {
			kx_public: self.secret.public(),
			peer_id: self.peer.public().0.into(),
			external_addresses: vec![b"/ip4/1.2.3.4/tcp/30333".to_vec()],
		}
	}
}

#[async_trait]
impl ChainApi for Chain {
	type Block = Block;
	type Error = Error;

	async fn validate_transaction(
		&self,
		at: Hash,
		source: TransactionSource,
		extrinsic: Arc<UncheckedExtrinsic>,
		_: ValidateTransactionPriority,
	) -> Result<TransactionValidity, Error> {
		self.validate_transaction_blocking(at, source, extrinsic)
	}

	fn validate_transaction_blocking(
		&self,
		at: Hash,
		source: TransactionSource,
		extrinsic: Arc<UncheckedExtrinsic>,
	) -> Result<TransactionValidity, Error> {
		self.at(at, || Executive::validate_transaction(source, (*extrinsic).clone(), at))
	}

	fn block_id_to_number(&self, at: &BlockId<Block>) -> Result<Option<BlockNumber>, Error> {
		Ok(match at {
			BlockId::Number(number) => Some(*number),
			BlockId::Hash(hash) => self.find(*hash, |made| made.header.number).ok(),
		})
	}

	fn block_id_to_hash(&self, at: &BlockId<Block>) -> Result<Option<Hash>, Error> {
		Ok(match at {
			BlockId::Number(number) => {
				let made = self.0.lock().expect("no test panics while it holds this");
				made.get(*number as usize).map(|made| made.header.hash())
			},
			BlockId::Hash(hash) => Some(*hash),
		})
	}

	fn hash_and_length(&self, extrinsic: &UncheckedExtrinsic) -> (Hash, usize) {
		let encoded = extrinsic.encode();
		(BlakeTwo256::hash(&encoded), encoded.len())
	}

	async fn block_body(&self, at: Hash) -> Result<Option<Vec<UncheckedExtrinsic>>, Error> {
		self.find(at, |made| Some(made.body.clone()))
	}

	fn block_header(&self, at: Hash) -> Result<Option<Header>, Error> {
		Ok(self.find(at, |made| made.header.clone()).ok())
	}

	fn tree_route(&self, from: Hash, to: Hash) -> Result<TreeRoute<Block>, Error> {
		let [from, to] = [from, to].map(|hash| self.find(hash, |made| made.header.number as usize));
		let (from, to) = (from?, to?);
		let made = self.0.lock().expect("no test panics while it holds this");
		let named = |number: usize| HashAndNumber { hash: made[number].header.hash(), number: number as BlockNumber };
		let route: Vec<_> =
			if from <= to { (from..=to).map(named).collect() } else { (to..=from).rev().map(named).collect() };
		let pivot = from.saturating_sub(to);
		Ok(TreeRoute::new(route, pivot).expect("the pivot is the block that both share"))
	}
}
