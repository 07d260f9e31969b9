//! Signed transactions, as any wallet makes them.

use codec::Encode;
use mixnet_runtime::{
	tx_extension, AccountId, Hash, Nonce, RuntimeCall, Signature, SignedPayload, UncheckedExtrinsic, VERSION,
};
use sp_core::{sr25519, Pair as _};
use sp_runtime::generic::Era;

/// Signs a call, for the chain that begins with the block `genesis`. `nonce` counts the signer's earlier transactions.
///
/// Returns the encoded extrinsic with its length in front, as nodes take it.
pub fn signed(call: RuntimeCall, signer: &sr25519::Pair, nonce: Nonce, genesis: Hash) -> Vec<u8> {
	let extension = tx_extension(Era::Immortal, nonce, 0);
	// What each part of the extension adds to the signed bytes without being sent, in the order of the parts.
	let implicit = ((), (), VERSION.spec_version, VERSION.transaction_version, genesis, genesis, (), (), (), ());
	let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
	let signature = payload.using_encoded(|payload| signer.sign(payload));
	let account = AccountId::from(signer.public());
	UncheckedExtrinsic::new_signed(call, account.into(), Signature::Sr25519(signature), extension).encode()
}
