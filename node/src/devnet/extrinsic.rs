//! Signed extrinsics.

use codec::Encode;
use mixnet_runtime::{
	tx_extension, AccountId, Hash, Nonce, RuntimeCall, Signature, SignedPayload, UncheckedExtrinsic, VERSION,
};
use sp_core::{sr25519, Pair as _};
use sp_runtime::generic::Era;

/// A call by the account of this key, as its `nonce`-th, on the chain that begins with the block `genesis`; as
/// `author_submitExtrinsic` and `mixnet_submitExtrinsic` take it.
pub fn signed(key: &sr25519::Pair, nonce: Nonce, call: impl Into<RuntimeCall>, genesis: Hash) -> Vec<u8> {
	let call = call.into();
	let extension = tx_extension(Era::Immortal, nonce, 0);
	// What each part of the extension adds to what is signed, without being sent; in the order of the parts.
	let implicit = ((), (), VERSION.spec_version, VERSION.transaction_version, genesis, genesis, (), (), (), ());
	let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
	let signature = payload.using_encoded(|payload| key.sign(payload));
	let account = AccountId::from(key.public());
	UncheckedExtrinsic::new_signed(call, account.into(), Signature::Sr25519(signature), extension).encode()
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::DecodeAll;
	use mixnet_runtime::Runtime;
	use sp_runtime::traits::Checkable;

	#[test]
	fn an_extrinsic_decodes_and_its_signature_is_its_senders() {
		let key = sr25519::Pair::from_seed(&[3; 32]);
		let call = || frame_system::Call::<Runtime>::remark { remark: vec![1, 2, 3] };
		let genesis = Hash::repeat_byte(7);
		let mut state = sp_io::TestExternalities::default();
		state.execute_with(|| {
			frame_system::BlockHash::<Runtime>::insert(0, genesis);
			let check = |genesis| {
				let extrinsic = UncheckedExtrinsic::decode_all(&mut &signed(&key, 5, call(), genesis)[..]);
				let extrinsic = extrinsic.expect("it was just encoded; qed");
				extrinsic.check(&frame_system::ChainContext::<Runtime>::default())
			};
			assert!(check(genesis).is_ok(), "the signature covers what the chain expects");
			assert!(check(Hash::zero()).is_err(), "another chain");
		});
	}
}
