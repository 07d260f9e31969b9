//! Signed balance transfers.
//!
//! Each comes from an account of its own: packets are delayed at random, so that transfers of one account would arrive
//! out of the order of their nonces and wait for one another.

use super::extrinsic;
use mixnet_runtime::{AccountId, Balance, Hash, Runtime, EXISTENTIAL_DEPOSIT, UNIT};
use sp_core::{sr25519, Pair as _};

/// What each sender starts with: enough for a transfer, its fee, and the existential deposit.
pub const ENDOWMENT: Balance = 10 * UNIT;

/// What each transfer moves.
pub const AMOUNT: Balance = 2 * EXISTENTIAL_DEPOSIT;

fn sender(index: u16) -> sr25519::Pair {
	sr25519::Pair::from_string(&format!("//Sender//{index}"), None)
		.expect("a name and a number, with slashes before them, are a valid derivation path; qed")
}

/// The account that the transfer of this index comes from.
pub fn sender_account(index: u16) -> AccountId {
	sender(index).public().into()
}

/// The account that all transfers go to. It has nothing before.
pub fn receiver_account() -> AccountId {
	sr25519::Pair::from_string("//Receiver", None)
		.expect("two slashes and a name are a valid derivation path; qed")
		.public()
		.into()
}

/// The transfer of this index on the chain that begins with the block `genesis`, as `mixnet_submitExtrinsic` takes it.
pub fn signed(index: u16, genesis: Hash) -> Vec<u8> {
	let call = pallet_balances::Call::<Runtime>::transfer_allow_death { dest: receiver_account().into(), value: AMOUNT };
	extrinsic::signed(&sender(index), 0, call, genesis)
}

#[cfg(test)]
mod tests {
	use super::*;
	#[test]
	fn senders_differ() {
		assert_ne!(sender_account(0), sender_account(1));
	}
}
