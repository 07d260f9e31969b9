//! Extrinsics that do nothing.

use codec::Encode;
use jsonrpsee::{core::client::ClientT, rpc_params};
use mixnet_runtime::{
	tx_extension, AccountId, Hash, Nonce, RuntimeCall, Signature, SignedPayload, UncheckedExtrinsic, VERSION,
};
use sp_core::{sr25519, Pair as _};
use sp_runtime::generic::Era;

/// A call with `size` bytes of data in it.
pub fn call(size: usize) -> RuntimeCall {
	RuntimeCall::System(frame_system::Call::remark { remark: vec![7; size] })
}

/// Such a call, signed by Alice, as `author_submitExtrinsic` takes it. For the chain of this node.
pub async fn signed(client: &impl ClientT, size: usize) -> Vec<u8> {
	let genesis: Hash = client.request("chain_getBlockHash", rpc_params![0]).await.expect("there is a genesis");
	let alice = sr25519::Pair::from_string("//Alice", None).expect("it is a derivation path; qed");
	let account = AccountId::from(alice.public());
	let nonce = client.request("system_accountNextIndex", rpc_params![&account]).await;
	let nonce: Nonce = nonce.expect("it counts what Alice has sent");
	let extension = tx_extension(Era::Immortal, nonce, 0);
	let implicit = ((), (), VERSION.spec_version, VERSION.transaction_version, genesis, genesis, (), (), (), ());
	let payload = SignedPayload::from_raw(call(size), extension.clone(), implicit);
	let signature = payload.using_encoded(|payload| alice.sign(payload));
	UncheckedExtrinsic::new_signed(call(size), account.into(), Signature::Sr25519(signature), extension).encode()
}
