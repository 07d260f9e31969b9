//! The mixnet in the runtime, in whole blocks: what its configuration and its transaction extensions must achieve.

use super::chain::{held, places, Chain, Registering};
use crate::*;
use configs::mixnet::{MIN_BOND, VALIDATOR_WEIGHT};
use frame_support::traits::Get;
use mixnet_primitives::{KxPublic, Parameters, RegistrationAdvice, RegistrationError, Standing};
use pallet_mixnet::{Call, Candidate, ElectionPolicy, NextElection, RegistrantClass, WeightedLottery};
use sp_keyring::Sr25519Keyring::{self, Alice, AliceStash, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::{traits::Dispatchable, transaction_validity::InvalidTransaction};

const VALIDATORS: [Sr25519Keyring; 6] = [Alice, Bob, Charlie, Dave, Eve, Ferdie];

/// Makes `AliceStash` an operator with this bond and the key of `BobStash`, in the present session.
fn bond(chain: &mut Chain, amount: Balance) -> Registering {
	let operator = Registering::new(Sr25519Keyring::BobStash);
	let proof = chain.read(|| operator.prove_operator_key(&AliceStash.to_account_id()));
	let bond = chain.signed(AliceStash, 0, Call::<Runtime>::bond { amount });
	let set_key = chain.signed(AliceStash, 1, Call::<Runtime>::set_operator_key { key: operator.name(), proof });
	chain.apply(vec![bond, set_key]);
	operator
}

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
	assert_eq!(
		advice(&mut chain, &Registering::new(Sr25519Keyring::BobStash)),
		missing(RegistrationError::NotARegistrant)
	);

	let amount = 10 * VALIDATOR_WEIGHT;
	let operator = bond(&mut chain, amount);
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
		assert!(seed.is_some(), "BABE's randomness is fresh");
		let (class, weight) = if entry.registrant == registrants[6].name() {
			(RegistrantClass::Operator, amount)
		} else {
			(RegistrantClass::Validator, VALIDATOR_WEIGHT)
		};
		let candidate = Candidate { registrant: entry.registrant, session_index: 3, class, weight, seed };
		assert_eq!(WeightedLottery::rank(&candidate).0, entry.rank);
	}

	chain.next_session();
	let list = chain.read(Mixnet::current_mixnodes).expect("there are enough; qed");
	let elected: Vec<_> = registered[..places()].iter().map(|entry| entry.kx_public).collect();
	assert_eq!(list.len(), places());
	assert!(list.iter().all(|mixnode| elected.contains(&mixnode.kx_public)));
}

/// With the same keys and weights, the order differs from session to session.
#[test]
fn every_session_draws_anew() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	let mut orders = std::collections::BTreeSet::new();
	for _ in 0..5 {
		let registrations = VALIDATORS.map(|validator| chain.registration(&Registering::new(validator)));
		chain.apply(registrations.into());
		let registered = chain.read(|| Mixnet::next_registrations(0, 100));
		orders.insert(registered.into_iter().map(|entry| entry.registrant).collect::<Vec<_>>());
		chain.next_session();
	}
	assert!(orders.len() > 1, "{orders:?}");
}

#[test]
fn only_governance_sets_the_next_sessions_parameters() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	let before = chain.read(Mixnet::parameters).current;
	let after = Parameters { mean_forwarding_delay_ms: before.mean_forwarding_delay_ms / 2, ..before };
	let set = RuntimeCall::from(Call::<Runtime>::set_parameters { parameters: after });
	chain.read(|| {
		set.clone().dispatch(RuntimeOrigin::signed(Alice.to_account_id())).expect_err("Alice is not root; qed")
	});
	let by_sudo = chain.signed(Alice, 0, pallet_sudo::Call::<Runtime>::sudo { call: Box::new(set) });
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
	bond(&mut chain, 2 * MIN_BOND);
	let account = AliceStash.to_account_id();
	let slash = RuntimeCall::from(Call::<Runtime>::slash { account: account.clone(), amount: MIN_BOND });
	let issued = chain.read(Balances::total_issuance);
	let by_sudo = chain.signed(Alice, 0, pallet_sudo::Call::<Runtime>::sudo { call: Box::new(slash) });
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

/// This is what `pallet_mixnet::Config::Randomness` asks for. If the mixnet came before BABE, nobody would ever draw.
#[test]
fn elections_have_a_seed_from_the_first_one_on() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	for _ in 0..4 {
		assert!(chain.read(NextElection::<Runtime>::get).seed.is_some());
		chain.next_session();
	}
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
