//! A chain of version 1 of the pallet's storage gets the present runtime.
//!
//! `data/v1-storage.txt` is the storage of a chain from the preset `local` in session 4: `data/README.md`. Six validators
//! were registered in each session, in the last ones also an operator, AliceStash with the key of BobStash, in competition
//! for six places. For session 5, Alice, Bob, Charlie, Dave and the operator are registered.

use super::chain::{held, Chain, Registering};
use crate::*;
use frame_support::traits::{Get, StorageVersion};
use mixnet_primitives::Mixnode;
use pallet_mixnet::{
	migrations::v2::v1, Call, Candidacies, CandidacyState, CurrentSession, Operators, RegistrantClass,
};
use sp_keyring::Sr25519Keyring::{Alice, AliceStash, Bob, BobStash, Charlie, Dave};

fn chain() -> Chain {
	Chain::with_storage(include_str!("data/v1-storage.txt"))
}

fn list_before(session_index: u32) -> Vec<Mixnode> {
	(0..).map_while(|place| v1::Mixnodes::<Runtime>::get(session_index, place)).map(|listed| listed.mixnode).collect()
}

#[test]
fn a_chain_of_version_1_goes_on_in_the_block_of_the_upgrade() {
	let mut chain = chain();
	let (previous, current, next) = chain.read(|| (list_before(3), list_before(4), list_before(5)));
	assert_eq!((previous.len(), current.len(), next.len()), (6, 6, 5));
	chain.apply(vec![]);
	chain.read(|| {
		assert_eq!(StorageVersion::get::<Mixnet>(), StorageVersion::new(2));
		let max = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
		assert!(max.all_gt(System::block_weight().total()), "the migration takes less than a block");
		assert_eq!(CurrentSession::<Runtime>::get().index, 4);
		assert_eq!(Mixnet::prev_mixnodes(), Ok(previous));
		assert_eq!(Mixnet::current_mixnodes(), Ok(current.clone()));
		// Accounts of this chain have the bytes of their session keys, but for the operator's.
		let accounts = [Alice, Bob, Charlie, Dave].map(|validator| (validator, RegistrantClass::Validator));
		for (account, class) in accounts.into_iter().chain([(AliceStash, RegistrantClass::Operator)]) {
			let candidacy = Candidacies::<Runtime>::get(5, account.to_account_id()).expect("it has registered");
			assert!(matches!(candidacy.state, CandidacyState::Listed { .. }));
			let registered_as = candidacy.registered_as.expect("it has registered");
			let key = if account == AliceStash { BobStash } else { account };
			assert_eq!((registered_as.class, registered_as.registrant), (class, Registering::new(key).name()));
		}
		let bond = Operators::<Runtime>::get(AliceStash.to_account_id()).map(|operator| operator.bond);
		assert_eq!(bond, Some(held(&AliceStash.to_account_id())));
	});

	chain.next_session();
	assert_eq!(chain.read(Mixnet::prev_mixnodes), Ok(current));
	let mut list = chain.read(Mixnet::current_mixnodes).expect("there are enough");
	let mut expected = next;
	for mixnodes in [&mut list, &mut expected] {
		mixnodes.sort_by_key(|mixnode| mixnode.peer_id);
	}
	assert_eq!(list, expected);

	// The operator's bond can be read, and whoever was registered may register again.
	let unbond = chain.signed(AliceStash, 0, Call::<Runtime>::unbond {});
	chain.apply(vec![unbond]);
	for validator in [Alice, Bob, Charlie] {
		let registration = chain.registration(&Registering::new(validator));
		chain.apply(vec![registration]);
	}
	chain.next_session();
	assert_eq!(chain.read(Mixnet::current_mixnodes).map(|list| list.len()), Ok(3));
}

/// All that the migrations and the pallets have to check.
#[cfg(feature = "try-runtime")]
#[test]
fn the_checks_of_an_upgrade_from_version_1_pass() {
	use frame_try_runtime::UpgradeCheckSelect;
	chain().read(|| Executive::try_runtime_upgrade(UpgradeCheckSelect::All)).expect("all checks pass");
}
