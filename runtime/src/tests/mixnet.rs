//! The mixnet in the runtime, in whole blocks: what its configuration and its transaction extensions must achieve.

use super::{
	chain::{held, places, Chain, Registering},
	history::VALIDATORS,
};
use crate::*;
use configs::mixnet::{MIN_BOND, VALIDATOR_WEIGHT};
use frame_support::traits::Get;
use mixnet_primitives::{KxPublic, Parameters, RegistrationAdvice, RegistrationError, Standing};
use pallet_mixnet::{Call, Candidate, ElectionPolicy, NextElection, RegistrantClass, WeightedLottery};
use sp_keyring::Sr25519Keyring::{Alice, AliceStash, BobStash};
use sp_runtime::{transaction_validity::InvalidTransaction, DispatchError};

#[test]
fn version_2_of_the_api_is_declared() {
	use sp_api::RuntimeApiInfo;
	let id = <dyn mixnet_runtime_api::MixnetApi<Block> as RuntimeApiInfo>::ID;
	assert_eq!(sp_version::RuntimeVersion::api_version(&VERSION, &id), Some(2));
}

#[test]
fn validators_register_without_an_account_and_make_a_session() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	let registrants = VALIDATORS.map(Registering::new);
	for registrant in &registrants {
		let registration = chain.registration(registrant);
		chain.apply(vec![registration.clone()]);
		// The same once more: its number is used up.
		let wrong = InvalidTransaction::Custom(RegistrationError::WrongRevision.code());
		assert_eq!(chain.block(vec![registration]), [Err(wrong.into())]);
	}
	// Again, by its next number, as after a restart.
	let again = chain.registration(&registrants[3]);
	chain.apply(vec![again]);

	chain.next_session();
	let list = chain.read(Mixnet::current_mixnodes).expect("there are enough; qed");
	assert_eq!(list, registrants.map(|registrant| registrant.mixnode()));
}

/// Neither validator nor operator, one cannot register. An operator can, once a whole session has passed.
#[test]
fn an_operator_waits_for_a_whole_session_and_then_competes_by_its_bond() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	let advice = |chain: &mut Chain, of: &Registering| {
		chain.read(|| Mixnet::registration_status(of.name(), KxPublic([1; 32])).advice)
	};
	let missing = RegistrationAdvice::Missing;
	assert_eq!(advice(&mut chain, &Registering::new(BobStash)), missing(RegistrationError::NotARegistrant));

	let amount = 10 * VALIDATOR_WEIGHT;
	let operator = chain.bond(AliceStash, BobStash, amount);
	assert_eq!(chain.read(|| held(&AliceStash.to_account_id())), amount);
	for _ in 0..2 {
		assert_eq!(advice(&mut chain, &operator), missing(RegistrationError::OperatorTooRecent));
		let registration = chain.registration(&operator);
		let too_recent = InvalidTransaction::Custom(RegistrationError::OperatorTooRecent.code());
		assert_eq!(chain.block(vec![registration]), [Err(too_recent.into())]);
		chain.next_session();
	}

	let mut registrants: Vec<_> = VALIDATORS.map(Registering::new).into();
	registrants.push(operator);
	for registrant in &registrants {
		let registration = chain.registration(registrant);
		chain.apply(vec![registration]);
	}
	let registered = chain.read(|| Mixnet::next_registrations(0, 100));
	assert_eq!(registered.len(), registrants.len());
	assert!(registered.windows(2).all(|pair| pair[0].rank < pair[1].rank), "in the order of their ranks");
	for (index, entry) in registered.iter().enumerate() {
		assert_eq!(matches!(entry.standing, Standing::Elected(_)), index < places(), "{entry:?}");
		// Anybody can draw again.
		let seed = chain.read(NextElection::<Runtime>::get).seed;
		assert!(seed.is_some(), "whoever was queued before draws");
		let (account, class, weight) = if entry.registrant == registrants[6].name() {
			(AliceStash.to_account_id(), RegistrantClass::Operator, amount)
		} else {
			// The validators' session keys are those of their accounts.
			(AccountId::from(entry.registrant.0), RegistrantClass::Validator, VALIDATOR_WEIGHT)
		};
		let candidate = Candidate { account, session_index: 3, class, weight, seed };
		assert_eq!(WeightedLottery::rank(&candidate).0, entry.rank);
	}

	chain.next_session();
	let list = chain.read(Mixnet::current_mixnodes).expect("there are enough; qed");
	let elected: Vec<_> = registered[..places()].iter().map(|entry| entry.kx_public).collect();
	assert_eq!(list.len(), places());
	assert!(list.iter().all(|mixnode| elected.contains(&mixnode.kx_public)));
}

#[test]
fn only_governance_sets_the_next_sessions_parameters() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	let before = chain.read(Mixnet::parameters).current;
	let after = Parameters { mean_forwarding_delay_ms: before.mean_forwarding_delay_ms / 2, ..before };
	let set = RuntimeCall::from(Call::<Runtime>::set_parameters { parameters: after });
	let by_alice = chain.signed(Alice, 0, set.clone());
	assert_eq!(chain.block(vec![by_alice]), [Ok(Err(DispatchError::BadOrigin))]);
	assert_eq!(chain.read(Mixnet::parameters).next, before);
	let by_sudo = chain.by_sudo(set);
	chain.apply(vec![by_sudo]);
	let parameters = chain.read(Mixnet::parameters);
	assert_eq!((parameters.current, parameters.next), (before, after));
	chain.next_session();
	let parameters = chain.read(Mixnet::parameters);
	assert_eq!((parameters.previous, parameters.current, parameters.next), (before, after, after));
}

#[test]
fn a_bond_can_be_slashed_and_what_is_left_comes_back_after_a_while() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	chain.bond(AliceStash, BobStash, 2 * MIN_BOND);
	let account = AliceStash.to_account_id();
	let slash = Call::<Runtime>::slash { account: account.clone(), amount: MIN_BOND };
	let issued = chain.read(Balances::total_issuance);
	let by_sudo = chain.by_sudo(slash);
	chain.apply(vec![by_sudo]);
	assert_eq!(chain.read(|| held(&account)), MIN_BOND);
	assert!(chain.read(Balances::total_issuance) <= issued - MIN_BOND, "what is slashed is burnt");

	let unbond = chain.signed(AliceStash, 0, Call::<Runtime>::unbond {});
	chain.apply(vec![unbond]);
	for _ in 0..<Runtime as pallet_mixnet::Config>::UnbondingSessions::get() {
		let withdraw = chain.signed(AliceStash, 0, Call::<Runtime>::withdraw {});
		assert!(matches!(chain.block(vec![withdraw])[..], [Ok(Err(_))]), "too early");
		chain.next_session();
	}
	let withdraw = chain.signed(AliceStash, 0, Call::<Runtime>::withdraw {});
	chain.apply(vec![withdraw]);
	assert_eq!(chain.read(|| held(&account)), 0);
}

/// BABE counts slots, and the slack is blocks. How many nodes of 200 have been told to register at each block of session 1,
/// if so many slots are empty before each block.
fn told_to_register(empty: u64) -> Vec<usize> {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	chain.next_session();
	let alice = Registering::new(Alice).name();
	let mut told = Vec::new();
	while chain.read(Mixnet::session_status).current_index == 1 {
		let advice = |node| Mixnet::registration_status(alice, KxPublic([node; 32])).advice;
		told.push(chain.read(|| (0..200).filter(|node| advice(*node) == RegistrationAdvice::Register).count()));
		chain.empty_slots(empty);
		chain.apply(vec![]);
	}
	told
}

#[test]
fn everyone_is_told_to_register_before_the_last_blocks_whatever_slots_are_empty() {
	let start: u32 = <Runtime as pallet_mixnet::Config>::NumRegisterStartSlackBlocks::get();
	let end: u32 = <Runtime as pallet_mixnet::Config>::NumRegisterEndSlackBlocks::get();
	for empty in [0, 1, 2] {
		let told = told_to_register(empty);
		let blocks = told.len();
		let all = told.iter().position(|told| *told == 200).expect("some time everyone is told");
		assert!(all <= (start as usize).max(blocks.saturating_sub(end as usize)), "{empty} empty: {told:?}");
	}
	// Where there is time they take turns.
	let told = told_to_register(0);
	let half = told.iter().position(|told| *told >= 100).expect("everyone is told");
	assert!((8..18).contains(&half), "{told:?}");
}
