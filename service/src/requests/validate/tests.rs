use super::*;
use sp_blockchain::{BlockStatus, Info};
use sp_core::H256;
use sp_externalities::Extensions;
use sp_runtime::{
	generic,
	traits::BlakeTwo256,
	transaction_validity::{InvalidTransaction, UnknownTransaction, ValidTransaction},
	OpaqueExtrinsic,
};
use sp_state_machine::InMemoryBackend;
use sp_version::RuntimeVersion;
use std::sync::Mutex;

type Header = generic::Header<u32, BlakeTwo256>;
type Block = generic::Block<Header, OpaqueExtrinsic>;

const BEST: H256 = H256::repeat_byte(7);

/// The block at which the runtime was asked, the function, and its arguments.
type Asked = (H256, &'static str, Vec<u8>);

/// A runtime that answers with these bytes, and keeps what it was asked.
struct Runtime {
	answer: Vec<u8>,
	/// Whether its state can be had.
	has_state: bool,
	asked: Mutex<Vec<Asked>>,
}

impl Runtime {
	fn new(answer: impl Encode) -> Self {
		Self { answer: answer.encode(), has_state: true, asked: Mutex::default() }
	}

	/// What becomes of an extrinsic, and what the runtime was asked for that.
	fn validate(self, extrinsic: &[u8]) -> (Result<Takes, Invalid>, Vec<Asked>) {
		let client = Arc::new(self);
		let validity = AtBestBlock::<Block, _>::new(client.clone()).validate(extrinsic);
		let asked = std::mem::take(&mut *client.asked.lock().expect("no test panics while it holds this; qed"));
		(validity, asked)
	}
}

impl CallApiAt<Block> for Runtime {
	type StateBackend = InMemoryBackend<BlakeTwo256>;

	fn call_api_at(&self, call: CallApiAtParams<Block>) -> Result<Vec<u8>, ApiError> {
		assert_eq!(call.call_context, CallContext::Offchain);
		let asked = (call.at, call.function, call.arguments);
		self.asked.lock().expect("no test panics while it holds this; qed").push(asked);
		Ok(self.answer.clone())
	}

	fn runtime_version_at(&self, _: H256, _: CallContext) -> Result<RuntimeVersion, ApiError> {
		unreachable!("extrinsics are the runtime's, whatever its version")
	}

	fn state_at(&self, _: H256) -> Result<Self::StateBackend, ApiError> {
		unreachable!("the runtime is asked, not its storage")
	}

	fn initialize_extensions(&self, at: H256, _: &mut Extensions) -> Result<(), ApiError> {
		assert_eq!(at, BEST);
		self.has_state.then_some(()).ok_or(ApiError::StateBackendIsNotTrie)
	}
}

impl HeaderBackend<Block> for Runtime {
	fn header(&self, _: H256) -> sp_blockchain::Result<Option<Header>> {
		unreachable!("only the best block's hash is needed")
	}

	fn info(&self) -> Info<Block> {
		Info {
			best_hash: BEST,
			best_number: 9,
			genesis_hash: H256::repeat_byte(1),
			finalized_hash: H256::repeat_byte(2),
			finalized_number: 5,
			finalized_state: None,
			number_leaves: 1,
			block_gap: None,
		}
	}

	fn status(&self, _: H256) -> sp_blockchain::Result<BlockStatus> {
		unreachable!("only the best block's hash is needed")
	}

	fn number(&self, _: H256) -> sp_blockchain::Result<Option<u32>> {
		unreachable!("only the best block's hash is needed")
	}

	fn hash(&self, _: u32) -> sp_blockchain::Result<Option<H256>> {
		unreachable!("only the best block's hash is needed")
	}
}

#[test]
fn an_extrinsic_with_a_later_nonce_is_valid_and_not_taken_yet() {
	let later = ValidTransaction { requires: vec![vec![1]], ..Default::default() };
	let (validity, _) = Runtime::new(TransactionValidity::Ok(later)).validate(&extrinsic());
	assert!(matches!(validity, Ok(Takes::Later)), "{validity:?}");
}

/// Bytes that this node's own types cannot read, as an upgraded runtime may have them.
fn extrinsic() -> Vec<u8> {
	vec![0xff_u8; 100].encode()
}

#[test]
fn the_runtime_at_the_best_block_gets_the_bytes_as_they_are() {
	let (validity, asked) = Runtime::new(TransactionValidity::Ok(ValidTransaction::default())).validate(&extrinsic());
	assert!(matches!(validity, Ok(Takes::Now)), "{validity:?}");
	// From outside: what only the node itself may submit is not taken.
	let arguments = (TransactionSource::External, OpaqueExtrinsic::from_blob(vec![0xff; 100]), BEST).encode();
	assert_eq!(asked, [(BEST, "TaggedTransactionQueue_validate_transaction", arguments)]);
}

#[test]
fn what_the_runtime_says_is_what_the_caller_is_told() {
	for (answer, words) in [
		(InvalidTransaction::Stale.into(), "outdated"),
		(InvalidTransaction::BadProof.into(), "bad signature"),
		(UnknownTransaction::CannotLookup.into(), "Could not lookup"),
	] {
		let (validity, _) = Runtime::new(TransactionValidity::Err(answer)).validate(&extrinsic());
		assert!(matches!(validity, Err(Invalid::Refused(why)) if why.contains(words)), "{validity:?}");
	}
}

#[test]
fn an_answer_that_is_none_is_not_held_against_the_extrinsic() {
	let valid = TransactionValidity::Ok(ValidTransaction::default()).encode();
	for answer in [vec![], vec![9], valid[..valid.len() - 1].to_vec(), [&valid[..], &[0]].concat()] {
		let runtime = Runtime { answer, ..Runtime::new(()) };
		let (validity, _) = runtime.validate(&extrinsic());
		assert!(matches!(validity, Err(Invalid::CannotAsk(_))), "{validity:?}");
	}
	let (validity, asked) = Runtime { has_state: false, ..Runtime::new(valid) }.validate(&extrinsic());
	assert!(matches!(validity, Err(Invalid::CannotAsk(_))), "{validity:?}");
	assert_eq!(asked, []);
}

#[test]
fn the_runtime_is_not_asked_about_what_is_no_extrinsic() {
	for bytes in [&[][..], &[4], &[4, 0, 0], &[0xff; 10]] {
		let (validity, asked) = Runtime::new(()).validate(bytes);
		assert!(matches!(validity, Err(Invalid::Malformed(_))), "{validity:?}");
		assert_eq!(asked, []);
	}
}

#[test]
fn the_length_of_an_extrinsic_is_checked_and_nothing_else() {
	for size in [0, 1, 63, 64, 20_000] {
		let extrinsic = vec![0xff_u8; size].encode();
		assert!(check_length(&extrinsic).is_ok(), "{size}");
		assert!(check_length(&[&extrinsic[..], &[0]].concat()).is_err(), "{size}");
		assert!(check_length(&extrinsic[..extrinsic.len() - 1]).is_err(), "{size}");
	}
	assert!(check_length(&[]).is_err());
}

#[test]
fn what_is_wrong_with_the_node_is_not_held_against_the_extrinsic() {
	let execution: ApiError = sp_blockchain::Error::Execution(Box::new("a trap".to_string())).into();
	assert!(matches!(why(execution), Invalid::Malformed(_)));
	let no_state: ApiError = sp_blockchain::Error::UnknownBlock("0x".into()).into();
	assert!(matches!(why(no_state), Invalid::CannotAsk(_)));
	assert!(matches!(why(ApiError::StateBackendIsNotTrie), Invalid::CannotAsk(_)));
}
