//! A chain that has seen everything that the mixnet can go through, and the steps on the way there.

use super::chain::{Chain, Registering};
use crate::{
	configs::mixnet::{MIN_BOND, VALIDATOR_WEIGHT},
	*,
};
use mixnet_primitives::Parameters;
use pallet_mixnet::Call;
use sp_keyring::Sr25519Keyring::{self, *};

/// The validators of the preset `local`.
pub const VALIDATORS: [Sr25519Keyring; 6] = [Alice, Bob, Charlie, Dave, Eve, Ferdie];

/// The operators of [`eventful`]: account and key. The first weighs most of all, the second was slashed, and the third
/// is unbonding.
pub const OPERATORS: [(Sr25519Keyring, Sr25519Keyring); 3] =
	[(AliceStash, BobStash), (CharlieStash, DaveStash), (EveStash, FerdieStash)];

/// The validator that was disabled in [`eventful`], in the session that is the current one.
pub const DISABLED: Sr25519Keyring = Bob;

impl Chain {
	/// Makes `account` an operator with this bond and the key of another account, in the present session.
	pub fn bond(&mut self, account: Sr25519Keyring, key: Sr25519Keyring, amount: Balance) -> Registering {
		let operator = Registering::new(key);
		let proof = self.read(|| operator.prove_operator_key(&account.to_account_id()));
		let bond = self.signed(account, 0, Call::<Runtime>::bond { amount });
		let set_key = self.signed(account, 1, Call::<Runtime>::set_operator_key { key: operator.name(), proof });
		self.apply(vec![bond, set_key]);
		operator
	}

	/// Registers mixnodes by these keys, in one block.
	pub fn register_all(&mut self, keys: &[Sr25519Keyring]) {
		let registrations = keys.iter().map(|key| self.registration(&Registering::new(*key))).collect();
		self.apply(registrations);
	}

	/// Disables a validator, as a pallet for offences does.
	pub fn disable(&mut self, validator: Sr25519Keyring) {
		self.read(|| {
			let account = validator.to_account_id();
			let index = Session::validator_id_to_index(&account).expect("it is a validator; qed");
			assert!(Session::disable_index(index));
		});
	}
}

/// A chain in session 4.
///
/// Sessions 1 to 4 have mixnodes. For session 5, all validators are registered but the disabled one, and two operators:
/// more than there are places. Governance has set other parameters from session 4 on.
pub fn eventful() -> Chain {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	for ((account, key), amount) in OPERATORS.into_iter().zip([10 * VALIDATOR_WEIGHT, 3 * MIN_BOND, MIN_BOND]) {
		chain.bond(account, key, amount);
	}
	let keys_of_operators = OPERATORS.map(|(_, key)| key);
	for session in 0..3 {
		chain.register_all(&VALIDATORS);
		if session == 2 {
			// More than a session after they have set their keys.
			chain.register_all(&keys_of_operators[..1]);
		}
		chain.next_session();
	}
	chain.register_all(&VALIDATORS[..5]);
	let parameters = chain.read(Mixnet::parameters).next;
	let parameters = Parameters { mean_forwarding_delay_ms: parameters.mean_forwarding_delay_ms / 2, ..parameters };
	let set = chain.by_sudo(Call::<Runtime>::set_parameters { parameters });
	chain.apply(vec![set]);
	chain.next_session();

	chain.register_all(&VALIDATORS);
	chain.register_all(&keys_of_operators);
	// As after a restart that has lost its key.
	chain.register_all(&[Dave]);
	let slashed = OPERATORS[1].0.to_account_id();
	let slash = chain.by_sudo(Call::<Runtime>::slash { account: slashed, amount: MIN_BOND });
	let unbond = chain.signed(OPERATORS[2].0, 0, Call::<Runtime>::unbond {});
	chain.apply(vec![slash, unbond]);
	chain.disable(DISABLED);
	chain.apply(vec![]);
	chain
}
