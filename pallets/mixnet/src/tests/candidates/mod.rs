//! The elected and the standbys of the next session, as candidates come and go.

mod displacement;
mod policies;
mod removal;
mod statistics;

use crate::{mock::*, Candidate, ElectionPolicy, Event, NextElection, Rank, RegistrantClass, RegistrantWeights, Seed};
use mixnet_primitives::{RegistrationError, Standing};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

/// The pallet's events of an action.
fn events_of(action: impl FnOnce()) -> Vec<Event<Runtime>> {
	System::reset_events();
	action();
	check_invariants();
	events()
}

/// Asserts that the transaction pool refuses a registration.
fn assert_refused(account: u64, n: u64, error: RegistrationError) {
	let refused = TransactionValidityError::Invalid(InvalidTransaction::Custom(error.code()));
	assert_eq!(try_register(account, n), Err(refused));
}

/// Elections by weight, with this many places, among the validators of genesis. Account n weighs 10 n.
fn ext_by_weight(mixnodes: u32, standbys: u32) -> sp_io::TestExternalities {
	Policy::set(TestPolicy::HighestWeight);
	ValidatorWeights::set((0..CANDIDATES).map(|account| (account, u128::from(account) * 10)).collect());
	// Genesis asks for two mixnodes.
	MaxMixnodes::set(mixnodes.max(2));
	MaxStandbys::set(standbys);
	let mut ext = ext();
	ext.execute_with(|| {
		NextElection::<Runtime>::mutate(|election| election.max_elected = mixnodes);
		run_to_block(1);
	});
	ext
}

/// The rank of a validator that draws in the election of the next session.
fn rank(account: u64) -> Rank {
	rank_with_seed(account, NextElection::<Runtime>::get().seed)
}

/// The rank of a validator with a seed, or without.
fn rank_with_seed(account: u64, seed: Option<Seed>) -> Rank {
	Policy::rank(&Candidate {
		account,
		session_index: Mixnet::session_status().current_index + 1,
		class: RegistrantClass::Validator,
		weight: TestWeights::validator(&account),
		seed,
	})
}

/// The rank of an operator with a bond.
fn operator_rank(account: u64, bond: u64) -> Rank {
	Policy::rank(&Candidate {
		account,
		session_index: Mixnet::session_status().current_index + 1,
		class: RegistrantClass::Operator,
		weight: bond.into(),
		seed: NextElection::<Runtime>::get().seed,
	})
}

/// The event of a validator's registration for session 1.
fn registered(account: u64, standing: Standing, revision: u8) -> Event<Runtime> {
	Event::MixnodeRegistered {
		session_index: Mixnet::session_status().current_index + 1,
		account,
		registrant: registrant(account),
		rank: rank(account),
		standing,
		revision,
	}
}
