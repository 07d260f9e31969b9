//! Signed balance transfers.
//!
//! Each comes from an account of its own. Packets are delayed at random, so transfers of one account would arrive out of
//! the order of their nonces, and wait for one another.

use super::transactions;
use mixnet_runtime::{AccountId, Balance, Hash, Runtime, RuntimeCall, EXISTENTIAL_DEPOSIT, UNIT};
use sp_core::{sr25519, Pair as _};

/// What each sender starts with. It covers a transfer, the fee, and the existential deposit.
pub const ENDOWMENT: Balance = 10 * UNIT;

/// The most transfers of a run. Each has an account of its own in the genesis.
pub const MAX_TRANSFERS: u16 = 1_000;

/// The amount of each transfer.
pub const AMOUNT: Balance = 2 * EXISTENTIAL_DEPOSIT;

fn sender(index: u16) -> sr25519::Pair {
	sr25519::Pair::from_string(&format!("//Sender//{index}"), None)
		.expect("a name and a number, with slashes before them, are a valid derivation path; qed")
}

/// The account that the transfer of this index comes from.
pub fn sender_account(index: u16) -> AccountId {
	sender(index).public().into()
}

/// The account that all transfers go to. It starts with nothing.
pub fn receiver_account() -> AccountId {
	sr25519::Pair::from_string("//Receiver", None)
		.expect("two slashes and a name are a valid derivation path; qed")
		.public()
		.into()
}

/// The transfer of this index, for the chain that begins with the block `genesis`. Encoded as `mixnet_submitExtrinsic`
/// takes it.
pub fn signed(index: u16, genesis: Hash) -> Vec<u8> {
	let call = RuntimeCall::Balances(pallet_balances::Call::<Runtime>::transfer_allow_death {
		dest: receiver_account().into(),
		value: AMOUNT,
	});
	transactions::signed(call, &sender(index), 0, genesis)
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::DecodeAll;
	use mixnet_runtime::UncheckedExtrinsic;
	use sp_runtime::traits::Checkable;

	#[test]
	fn a_transfer_decodes_and_its_sender_has_signed_it() {
		let genesis = Hash::repeat_byte(7);
		let mut state = sp_io::TestExternalities::default();
		state.execute_with(|| {
			frame_system::BlockHash::<Runtime>::insert(0, genesis);
			let extrinsic =
				UncheckedExtrinsic::decode_all(&mut &signed(3, genesis)[..]).expect("it was just encoded; qed");
			extrinsic
				.check(&frame_system::ChainContext::<Runtime>::default())
				.expect("the signature covers what the chain expects");
			let other_chain = UncheckedExtrinsic::decode_all(&mut &signed(3, Hash::zero())[..]).expect("as above; qed");
			assert!(other_chain.check(&frame_system::ChainContext::<Runtime>::default()).is_err());
		});
	}

	#[test]
	fn each_transfer_has_its_own_sender() {
		assert_ne!(sender_account(0), sender_account(1));
	}
}
