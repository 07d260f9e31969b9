//! Our pallet: its storage, filled without calls, and the work that it is asked for.

use crate::{mixnode, AccountId, Mixnet, Runtime, RuntimeCall, TxExtension, UncheckedExtrinsic};
use alloc::vec::Vec;
use frame_support::traits::OneSessionHandler;
use frame_system::{AuthorizeCall, RawOrigin};
use mixnet_primitives::{Mixnode, PeerId, Registrant, Registration, RegistrationProofs};
use pallet_mixnet::{
	benchmarking::setup::{self, Signer, CURRENT, NEXT},
	AuthorityId, Call, Candidate, CurrentSession, ElectionPolicy, NextElection, NextToPrune, Operator, OperatorKeys,
	Operators, RegisteredAs, RegistrantClass, SessionsParameters,
};
use sp_core::sr25519;

/// How many authorities there are if all mixnodes are operators'.
pub const AUTHORITIES_BESIDE_OPERATORS: u32 = 100;

/// The session that [`fill_for_pruning`] leaves to be pruned.
pub const PRUNED: u32 = CURRENT - 2;

fn addresses(_peer_id: &PeerId, index: u32) -> Vec<Vec<u8>> {
	mixnode::external_addresses(index)
}

fn registrants(n: u32) -> Vec<Registrant> {
	(0..n).map(|index| Registrant(mixnode::registrant(index))).collect()
}

/// Lists `n` mixnodes in the current and in the previous session. Queues `n` authorities, of which `last`, if given, is
/// the last. Lists the mixnodes of all authorities but `last` in the next session.
fn fill_with(n: u32, last: Option<Registrant>) {
	SessionsParameters::<Runtime>::kill();
	setup::begin_session::<Runtime>(n);
	setup::list_past::<Runtime>(CURRENT - 1, n, addresses);
	setup::list_past::<Runtime>(CURRENT, n, addresses);
	let mut authorities = registrants(n - last.map_or(0, |_| 1));
	for (index, registrant) in (0..).zip(&authorities) {
		add_candidate(index, *registrant, RegistrantClass::Validator);
	}
	authorities.extend(last);
	setup::set_authorities::<Runtime>(&authorities);
	setup::forget_events::<Runtime>();
}

fn add_candidate(index: u32, registrant: Registrant, class: RegistrantClass) {
	let seed = NextElection::<Runtime>::get().seed;
	let account = setup::account::<Runtime>(&registrant);
	let candidate = Candidate { account, session_index: NEXT, class, weight: 1, seed };
	let rank = <Runtime as pallet_mixnet::Config>::ElectionPolicy::rank(&candidate);
	setup::add_candidate::<Runtime>(index, RegisteredAs { class, registrant }, rank, &addresses);
}

/// Lists `n` mixnodes in each of the three sessions, registered by `n` authorities, which are queued again.
pub fn fill(n: u32) {
	fill_with(n, None);
}

/// Does the same with operators. Beside them there are [`AUTHORITIES_BESIDE_OPERATORS`].
pub fn fill_by_operators(n: u32) {
	setup::begin_session::<Runtime>(n);
	setup::list_past::<Runtime>(CURRENT - 1, n, addresses);
	setup::list_past::<Runtime>(CURRENT, n, addresses);
	for index in 0..n {
		let key = setup::registrant("operator", index);
		let account = AccountId::from(key.0);
		let bond = crate::MIN_BOND;
		let operator = Operator {
			bond,
			recent: 0,
			recent_since: 0,
			waiting: 0,
			waiting_since: 0,
			key: Some(key),
			releasable_in: None,
			unbonding: Default::default(),
		};
		OperatorKeys::<Runtime>::insert(key, &account);
		Operators::<Runtime>::insert(account, operator);
		add_candidate(index, key, RegistrantClass::Operator);
	}
	setup::set_authorities::<Runtime>(&registrants(AUTHORITIES_BESIDE_OPERATORS));
	setup::forget_events::<Runtime>();
}

/// Lists `n` mixnodes in each session, but not the last authority's in the next one. Returns its registration, with the
/// proofs.
pub fn registration(n: u32) -> (Registration, RegistrationProofs) {
	let signer = Signer::generate();
	fill_with(n, Some(signer.registrant()));
	signer.registration::<Runtime>(0, mixnode::external_addresses(n - 1))
}

/// The registration as a transaction of a block.
pub fn extrinsic((registration, proofs): (Registration, RegistrationProofs)) -> UncheckedExtrinsic {
	let extension: TxExtension = (AuthorizeCall::new(),);
	UncheckedExtrinsic::new_transaction(RuntimeCall::Mixnet(Call::register { registration, proofs }), extension)
}

/// Dispatches the registration, as if it had been authorised.
pub fn dispatch((registration, proofs): (Registration, RegistrationProofs)) {
	Mixnet::register(RawOrigin::Authorized.into(), registration, proofs).expect("it was prepared to succeed; qed");
}

/// How many mixnodes are elected for the next session so far.
pub fn registered() -> u32 {
	NextElection::<Runtime>::get().elected
}

/// What pallet-session hands over when it rotates: authorities `from` to `from + n - 1`.
pub fn authorities(from: u32, n: u32) -> Vec<(AccountId, AuthorityId)> {
	(from..from + n)
		.map(|index| {
			let key = mixnode::registrant(index);
			(key.into(), sr25519::Public::from_raw(key).into())
		})
		.collect()
}

/// Rotates: the same validators go on, and `queued` are queued.
pub fn rotate(changed: bool, queued: &[(AccountId, AuthorityId)]) {
	let named = || queued.iter().map(|(account, key)| (account, key.clone()));
	<Mixnet as OneSessionHandler<AccountId>>::on_new_session(changed, named(), named());
}

/// Did the session begin, with `n` mixnodes?
pub fn rotated(n: u32) -> bool {
	let session = CurrentSession::<Runtime>::get();
	session.index == NEXT && session.current.registered == n
}

/// Lists `n` mixnodes in the session that is to be pruned.
pub fn fill_for_pruning(n: u32) {
	setup::begin_session::<Runtime>(n);
	setup::list_past::<Runtime>(PRUNED, n, addresses);
	NextToPrune::<Runtime>::put(PRUNED);
}

/// The mixnodes of the current session, as the runtime API serves them.
pub fn current_mixnodes() -> Vec<Mixnode> {
	Mixnet::current_mixnodes().unwrap_or_default()
}

/// The first page of the current session's mixnodes.
pub fn first_page(count: u32) -> Vec<Mixnode> {
	Mixnet::mixnodes_page(CURRENT, 0, count).map(|page| page.mixnodes).unwrap_or_default()
}
