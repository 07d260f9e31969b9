//! What validators, nominators and reporters of offences do, and what the mixnet makes of it.
//!
//! Session keys are numbered, apart from accounts: stash n begins with key n. Each key registers a mixnode of its own.

use super::{chain::check_invariants, runtime::*};
use crate::{
	authorities::Generation,
	election::MAX_WEIGHT,
	mock::{authority, authority_pair, mixnode, registrant, sign_registration},
	Call,
};
use codec::Encode;
use frame_support::{dispatch::GetDispatchInfo, weights::Weight};
use frame_system::offchain::CreateAuthorizedTransaction;
use mixnet_primitives::{RegisteredMixnode, Registrant, Registration, RegistrationAdvice, RegistrationError};
use pallet_staking::{RewardDestination, ValidatorPrefs};
use sp_core::{proof_of_possession::statement_of_ownership, Pair};
use sp_runtime::{
	traits::{Applyable, Checkable},
	transaction_validity::TransactionValidityError,
	DispatchResult, Perbill,
};
use sp_staking::offence::{OffenceDetails, OnOffenceHandler};
use std::collections::BTreeMap;

/// The keys have numbers below this one.
const KEYS: u64 = 200;

fn signed(account: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(account)
}

/// What pallet-session answers to a stash's new session key.
pub fn try_set_keys(stash: AccountId, key: u64) -> DispatchResult {
	let proof = authority_pair(key).sign(&statement_of_ownership(&stash.encode()));
	Session::set_keys(signed(stash), SessionKeys { mixnet: authority(key) }, proof.encode())
}

/// Sets a stash's session key, which counts from the next rotation on.
pub fn set_keys(stash: AccountId, key: u64) {
	assert_eq!(try_set_keys(stash, key), Ok(()));
}

/// Lets a new validator stand in the elections to come, with the session key of its own number.
pub fn stand(stash: AccountId, stake: Balance) {
	assert_eq!(Staking::bond(signed(stash), stake, RewardDestination::Staked), Ok(()));
	assert_eq!(Staking::validate(signed(stash), ValidatorPrefs::default()), Ok(()));
	set_keys(stash, stash);
}

/// Lets a validator stand in no election any more.
pub fn chill(stash: AccountId) {
	assert_eq!(Staking::chill(signed(stash)), Ok(()));
}

pub fn bond_extra(stash: AccountId, amount: Balance) {
	assert_eq!(Staking::bond_extra(signed(stash), amount), Ok(()));
}

pub fn unbond(stash: AccountId, amount: Balance) {
	assert!(Staking::unbond(signed(stash), amount).is_ok());
}

pub fn nominate(nominator: AccountId, stash: AccountId) {
	assert_eq!(Staking::nominate(signed(nominator), vec![stash]), Ok(()));
}

/// Makes an account an operator that registers by the key of this number.
pub fn operate(account: AccountId, bond: Balance, key: u64) {
	assert_eq!(Mixnet::bond(signed(account), bond), Ok(()));
	let proof: sp_core::sr25519::Signature = authority_pair(key).sign(&Mixnet::operator_key_payload(&account)).into();
	assert_eq!(Mixnet::set_operator_key(signed(account), registrant(key), proof.0), Ok(()));
}

/// Reports an offence of the present session, for which a share of the stake is slashed.
pub fn offend(stash: AccountId, percent: u32) {
	let details = OffenceDetails { offender: (stash, ()), reporters: Vec::new() };
	let _: Weight = <Staking as OnOffenceHandler<AccountId, (AccountId, ()), Weight>>::on_offence(
		&[details],
		&[Perbill::from_percent(percent)],
		Session::current_index(),
	);
	check_invariants();
}

/// The stashes of pallet-session's disabled validators.
pub fn disabled() -> Vec<AccountId> {
	let validators = Session::validators();
	Session::disabled_validators().into_iter().map(|index| validators[index as usize]).collect()
}

/// The queued validators, with the weights that the mixnet has taken, by stash.
pub fn queued_weights() -> BTreeMap<AccountId, u128> {
	Mixnet::authorities(Generation::Queued).map(|entry| (entry.account, entry.weight)).collect()
}

/// What the queued validators have behind them in the era in which their session lies: the last one that begins with
/// that session, or before.
pub fn exposures_of_the_queued() -> BTreeMap<AccountId, u128> {
	let session = Session::current_index() + 1;
	let begun = pallet_staking::ErasStartSessionIndex::<Runtime>::iter().filter(|(_, start)| *start <= session);
	let era = begun.map(|(era, _)| era).max().expect("era 0 began with session 0");
	let exposure = |stash| Staking::eras_stakers(era, &stash).total;
	Session::queued_keys().into_iter().map(|(stash, _)| (stash, exposure(stash))).collect()
}

/// What a block answers to the registration of a key's mixnode for the next session.
pub fn try_register(key: u64) -> Result<DispatchResult, TransactionValidityError> {
	let session_index = Mixnet::session_status().current_index + 1;
	let mixnode = mixnode(key);
	let revision = Mixnet::registration_status(registrant(key), mixnode.kx_public).revision;
	let registration = Registration { session_index, registrant: registrant(key), revision, mixnode };
	let proofs = sign_registration(key, key, &Mixnet::signing_payload(&registration));

	let call = Call::<Runtime>::register { registration, proofs };
	let extrinsic: Extrinsic =
		<Runtime as CreateAuthorizedTransaction<Call<Runtime>>>::create_authorized_transaction(call.into());
	let (info, size) = (extrinsic.get_dispatch_info(), extrinsic.encoded_size());
	let result = extrinsic.check(&frame_system::ChainContext::<Runtime>::default())?.apply::<Runtime>(&info, size)?;
	check_invariants();
	Ok(result.map(|_| ()).map_err(|error| error.error))
}

/// Registers a key's mixnode for the next session, which must succeed.
pub fn register(key: u64) {
	assert_eq!(try_register(key), Ok(Ok(())), "key {key}: {:?}", refusal(key));
}

/// The number of a key.
pub fn key_number(key: Registrant) -> u64 {
	thread_local! {
		static NUMBERS: BTreeMap<Registrant, u64> = (0..KEYS).map(|number| (registrant(number), number)).collect();
	}
	NUMBERS.with(|numbers| numbers[&key])
}

/// The stash that pallet-session has queued with this key.
pub fn queued_with(key: u64) -> Option<AccountId> {
	let is_it = |keys: SessionKeys| keys.mixnet == authority(key);
	Session::queued_keys().into_iter().find_map(|(stash, keys)| is_it(keys).then_some(stash))
}

/// Why the mixnet would refuse a key's registration now; `None` if it would not.
pub fn refusal(key: u64) -> Option<RegistrationError> {
	match Mixnet::registration_status(registrant(key), mixnode(key).kx_public).advice {
		RegistrationAdvice::Missing(error) => Some(error),
		_ => None,
	}
}

/// A candidate of the next session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listed {
	pub key: u64,
	/// The weight that the election counts.
	pub weight: u128,
	/// Does it draw from the seed?
	pub draws: bool,
}

/// The candidates of the next session, the best first.
pub fn listed() -> Vec<Listed> {
	let read = |registered: RegisteredMixnode| Listed {
		key: key_number(registered.registrant),
		// `HighestWeight` documents the bits of its ranks.
		weight: MAX_WEIGHT - (registered.rank >> 32),
		draws: registered.rank as u32 != u32::MAX,
	};
	Mixnet::next_registrations(0, u32::MAX).into_iter().map(read).collect()
}

/// The keys of the candidates with their weights, in the order of the keys.
pub fn listed_weights() -> BTreeMap<u64, u128> {
	listed().into_iter().map(|listed| (listed.key, listed.weight)).collect()
}

/// The keys whose mixnodes are in the present session, in ascending order.
pub fn mixing() -> Vec<u64> {
	let mixnodes = Mixnet::current_mixnodes().unwrap_or_default();
	let mut keys: Vec<_> =
		mixnodes.iter().map(|found| (0..KEYS).find(|key| mixnode(*key) == *found).expect("it is a key's")).collect();
	keys.sort();
	keys
}
