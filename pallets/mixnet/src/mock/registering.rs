//! Registrations and operators, as pool and blocks take them.

use super::{blocks::check_invariants, keys::*, runtime::*};
use crate::{BalanceOf, Call, Candidacies};
use codec::{Decode, Encode};
use frame_support::{dispatch::GetDispatchInfo, traits::Authorize};
use frame_system::offchain::CreateAuthorizedTransaction;
use mixnet_primitives::{Mixnode, Registration, RegistrationProofs, Standing};
use sp_core::{offchain::testing::PoolState, Pair};
use sp_runtime::{
	traits::{Applyable, Checkable},
	transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
	DispatchResult,
};

/// The next registration of an account's session key, or operator key, for the next session.
pub fn registration(account: u64, mixnode: Mixnode) -> Registration {
	let session_index = Mixnet::session_status().current_index + 1;
	let account_of_key = Mixnet::account_of(&registrant(account));
	let candidacy = account_of_key.and_then(|account| Candidacies::<Runtime>::get(session_index, account));
	let revision = candidacy.map_or(0, |candidacy| candidacy.next_revision);
	Registration { session_index, registrant: registrant(account), revision, mixnode }
}

/// Proves a registration with an account's key, and the secrets of mixnode `n`.
pub fn prove(account: u64, n: u64, registration: &Registration) -> RegistrationProofs {
	sign_registration(account, n, &Mixnet::signing_payload(registration))
}

/// The three proofs of a registration with this payload, which may be of another runtime.
pub fn sign_registration(account: u64, n: u64, payload: &[u8]) -> RegistrationProofs {
	let signature: sp_core::sr25519::Signature = authority_pair(account).sign(payload).into();
	RegistrationProofs {
		registrant: signature.0,
		possession: prove_possession(n, payload),
		peer: peer_pair(n).sign(payload).0,
	}
}

/// What the transaction pool answers to a registration.
pub fn validate(
	registration: Registration,
	proofs: RegistrationProofs,
) -> Result<ValidTransaction, TransactionValidityError> {
	let call: RuntimeCall = Call::register { registration, proofs }.into();
	call.authorize(TransactionSource::External).expect("the call can be authorised").map(|(valid, _refund)| valid)
}

/// Puts an extrinsic into the block.
pub fn apply(extrinsic: Extrinsic) -> Result<DispatchResult, TransactionValidityError> {
	let (info, size) = (extrinsic.get_dispatch_info(), extrinsic.encoded_size());
	let checked = extrinsic.check(&frame_system::ChainContext::<Runtime>::default())?;
	let result = checked.apply::<Runtime>(&info, size)?;
	check_invariants();
	Ok(result.map(|_| ()).map_err(|error| error.error))
}

/// The extrinsic of a registration.
pub fn extrinsic(registration: Registration, proofs: RegistrationProofs) -> Extrinsic {
	let call = Call::<Runtime>::register { registration, proofs };
	<Runtime as CreateAuthorizedTransaction<Call<Runtime>>>::create_authorized_transaction(call.into())
}

/// Puts a registration into the block.
pub fn apply_registration(
	registration: Registration,
	proofs: RegistrationProofs,
) -> Result<DispatchResult, TransactionValidityError> {
	apply(extrinsic(registration, proofs))
}

/// What a block answers to the registration of mixnode `n` by `account`, for the next session.
pub fn try_register(account: u64, n: u64) -> Result<DispatchResult, TransactionValidityError> {
	let registration = registration(account, mixnode(n));
	let proofs = prove(account, n, &registration);
	apply_registration(registration, proofs)
}

/// Registers mixnode `n` as `account` for the next session, which must succeed.
pub fn register(account: u64, n: u64) {
	assert_eq!(try_register(account, n), Ok(Ok(())));
}

/// Makes `account` an operator with a bond of `amount`. Its key is the one of [`authority`].
pub fn bond(account: u64, amount: BalanceOf<Runtime>) {
	let origin = RuntimeOrigin::signed(account);
	assert_eq!(Mixnet::bond(origin.clone(), amount), Ok(()));
	assert_eq!(Mixnet::set_operator_key(origin, registrant(account), prove_operator_key(account, account)), Ok(()));
	check_invariants();
}

/// The proof with which `account` sets the session key of `key_of` as its operator key.
pub fn prove_operator_key(account: u64, key_of: u64) -> [u8; 64] {
	let signature: sp_core::sr25519::Signature =
		authority_pair(key_of).sign(&Mixnet::operator_key_payload(&account)).into();
	signature.0
}

/// The registrations for the next session in the order of ranks: account, and place or `None` for standbys.
pub fn next_registrations() -> Vec<(u64, Option<u32>)> {
	Mixnet::next_registrations(0, u32::MAX)
		.into_iter()
		.map(|registered| {
			let account = (0..2 * CANDIDATES).find(|account| registrant(*account) == registered.registrant);
			let place = match registered.standing {
				Standing::Elected(place) => Some(place),
				Standing::Standby => None,
			};
			(account.expect("only accounts of the tests register"), place)
		})
		.collect()
}

/// Takes the only extrinsic out of the pool.
pub fn take_from_pool(pool: &parking_lot::RwLock<PoolState>) -> Extrinsic {
	let transactions = std::mem::take(&mut pool.write().transactions);
	assert_eq!(transactions.len(), 1);
	Extrinsic::decode(&mut &transactions[0][..]).expect("it was encoded as one")
}
