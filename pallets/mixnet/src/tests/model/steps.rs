//! The steps of a sequence.

use crate::mock::*;
use proptest::{prelude::*, sample::select};

/// Accounts that may become operators. The last two have session keys, and may become validators.
pub const OPERATORS: [u64; 5] = [40, 41, 42, 12, 13];
/// The accounts whose keys operators set. Some are keys of others.
const OPERATOR_KEYS: [u64; 9] = [40, 41, 42, 43, 12, 13, 14, 3, IDENTITY];
/// The accounts whose keys validators set. Some are operators' keys, and one is nobody's and everybody's.
const SESSION_KEYS: [u64; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 50, 51, 52, 40, 42, IDENTITY];
/// Accounts that try to register. Some may not, and account 44 is nobody.
const REGISTRANTS: [u64; 21] = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 50, 51, 52, 40, 41, 42, 43, 44];
/// The validators are some of these.
const VALIDATORS: std::ops::Range<u64> = 0..15;
/// How many key-exchange keys and peer IDs there are: few, so that they are often taken.
const NAMES: u64 = 24;

/// Constants that a sequence begins with.
#[derive(Clone, Debug)]
pub struct Constants {
	mixnodes: u32,
	standbys: u32,
	revisions: u32,
	rotations: u32,
	unbonding: u32,
	min_mixnodes: u32,
	weights: Vec<u128>,
	policy: TestPolicy,
	period: u64,
}

impl Constants {
	pub fn set(&self) {
		MaxMixnodes::set(self.mixnodes);
		MaxStandbys::set(self.standbys);
		MaxRevisions::set(self.revisions);
		SessionsPerMixnetSession::set(self.rotations);
		UnbondingSessions::set(self.unbonding);
		MinMixnodes::set(self.min_mixnodes);
		ValidatorWeights::set((0..).zip(self.weights.iter().copied()).collect());
		Policy::set(self.policy);
		Period::set(self.period);
		// Earlier sequences may have changed these.
		set_phases([3, 4, 5]);
		MinBond::set(100);
		OperatorsEnabled::set(true);
		RandomnessAge::set(0);
		NextValidators::set(None);
		SlashedAmount::set(0);
	}
}

/// Sets the lengths of the first three phases.
pub fn set_phases([cover_to_current, requests_to_current, cover_to_prev]: [u64; 3]) {
	NumCoverToCurrentBlocks::set(cover_to_current);
	NumRequestsToCurrentBlocks::set(requests_to_current);
	NumCoverToPrevBlocks::set(cover_to_prev);
}

pub fn constants() -> impl Strategy<Value = Constants> {
	let weights = prop::collection::vec(prop_oneof![1 => Just(0), 6 => 1u128..1_000], VALIDATORS.end as usize);
	(2u32..5, 0u32..4, 0u32..3, 1u32..3, 2u32..4, 2u32..3, weights, policy(), period()).prop_map(
		|(mixnodes, standbys, revisions, rotations, unbonding, min_mixnodes, weights, policy, period)| Constants {
			mixnodes,
			standbys,
			revisions,
			rotations,
			unbonding,
			min_mixnodes,
			weights,
			policy,
			period,
		},
	)
}

/// What is wrong with a registration. The model knows in which order it is found.
#[derive(Clone, Copy, Default, Debug)]
pub struct Faults {
	/// By how much the session is off: negative if it is too old.
	pub session: i32,
	/// By how much the revision is off.
	pub revision: i32,
	pub no_address: bool,
	pub too_many_addresses: bool,
	pub address_too_long: bool,
	pub bad_address: bool,
	pub unreachable_address: bool,
	pub too_many_hosts: bool,
	pub bad_kx_public: bool,
	pub bad_peer_id: bool,
	/// Is this signature by another key?
	pub registrant_proof: bool,
	pub possession_proof: bool,
	pub peer_proof: bool,
}

/// The account whose key a step uses.
#[derive(Clone, Copy, Debug)]
pub enum Who {
	/// One of those who can register: this one, modulo how many there are.
	Registrant(usize),
	/// This account.
	Account(u64),
}

#[derive(Clone, Debug)]
pub enum Step {
	/// This many empty blocks.
	Blocks(u64),
	/// The mixnode has one number's key and another's peer ID.
	Register {
		who: Who,
		kx: u64,
		peer: u64,
		faults: Faults,
	},
	Bond {
		account: u64,
		amount: u64,
	},
	BondExtra {
		account: u64,
		amount: u64,
	},
	/// The proof is for account `proof_for`.
	SetOperatorKey {
		account: u64,
		key: u64,
		proof_for: u64,
	},
	Unbond {
		account: u64,
	},
	UnbondPart {
		account: u64,
		amount: u64,
	},
	Rebond {
		account: u64,
	},
	Withdraw {
		account: u64,
	},
	Slash {
		by_admin: bool,
		account: u64,
		amount: u64,
	},
	SetParameters {
		by_admin: bool,
		min_mixnodes: u32,
	},
	ForceRemove {
		by_admin: bool,
		who: Who,
	},
	Prune {
		keys: u32,
	},
	/// A block has idle time for pruning this many keys.
	Idle {
		keys: u32,
	},
	/// A validator is disabled, by its index.
	Disable {
		validator: u32,
	},
	/// pallet-session enables a validator again, by its index.
	Enable {
		validator: u32,
	},
	/// An account sets the session key of another, or its own.
	SetSessionKey {
		account: u64,
		key: u64,
	},
	/// A runtime upgrade changes constants.
	Upgrade {
		mixnodes: u32,
		standbys: u32,
		revisions: u32,
		rotations: u32,
		unbonding: u32,
		phases: [u64; 3],
	},
	/// The validators that the session manager answers with next.
	Validators(Vec<u64>),
	Period(u64),
	RandomnessAge(u64),
	OperatorsEnabled(bool),
	MinBond(u64),
	Policy(TestPolicy),
	Weigh {
		account: u64,
		weight: u128,
	},
}

fn period() -> impl Strategy<Value = u64> {
	prop_oneof![3 => 3u64..9, 1 => 1u64..3]
}

fn policy() -> impl Strategy<Value = TestPolicy> {
	select(&[TestPolicy::AllAuthorities, TestPolicy::HighestWeight, TestPolicy::WeightedLottery][..])
}

fn faults() -> impl Strategy<Value = Faults> {
	// One of them, or two.
	let fault = || (0..14u32, any::<bool>());
	prop_oneof![
		6 => Just(Faults::default()),
		1 => prop::collection::vec(fault(), 1..3).prop_map(|faults| {
			let mut all = Faults::default();
			for (fault, up) in faults {
				match fault {
					0 => all.session = if up { 1 } else { -1 },
					1 => all.revision = if up { 1 } else { -1 },
					2 => all.too_many_addresses = true,
					3 => all.address_too_long = true,
					4 => all.bad_address = true,
					5 => all.bad_kx_public = true,
					6 => all.bad_peer_id = true,
					7 => all.registrant_proof = true,
					8 => all.possession_proof = true,
					9 => all.no_address = true,
					10 => all.unreachable_address = true,
					11 => all.too_many_hosts = true,
					_ => all.peer_proof = true,
				}
			}
			all
		}),
	]
}

fn who() -> impl Strategy<Value = Who> {
	prop_oneof![
		9 => (0..120usize).prop_map(Who::Registrant),
		1 => select(&REGISTRANTS[..]).prop_map(Who::Account),
	]
}

fn register() -> impl Strategy<Value = Step> {
	(who(), 0..NAMES, prop_oneof![4 => Just(None), 1 => (0..NAMES).prop_map(Some)], faults())
		.prop_map(|(who, kx, peer, faults)| Step::Register { who, kx, peer: peer.unwrap_or(kx), faults })
}

fn step() -> impl Strategy<Value = Step> {
	use Step::*;
	let account = || select(&OPERATORS[..]);
	let amount = || {
		prop_oneof![
			8 => 0u64..1_000,
			2 => Just(100u64),
			1 => prop_oneof![ENDOWMENT / 2 .. ENDOWMENT, Just(ENDOWMENT - 1), Just(ENDOWMENT), Just(u64::MAX)],
		]
	};
	let by_admin = || prop::bool::weighted(0.9);
	prop_oneof![
		20 => prop_oneof![4 => 1u64..4, 1 => 4u64..20].prop_map(Blocks),
		60 => register(),
		6 => (account(), amount()).prop_map(|(account, amount)| Bond { account, amount }),
		4 => (account(), amount()).prop_map(|(account, amount)| BondExtra { account, amount }),
		8 => (account(), select(&OPERATOR_KEYS[..]), prop::bool::weighted(0.9)).prop_map(|(account, key, right)| {
			SetOperatorKey { account, key, proof_for: if right { account } else { account + 1 } }
		}),
		2 => account().prop_map(|account| Unbond { account }),
		8 => (account(), prop_oneof![6 => amount(), 1 => Just(0)]).prop_map(|(account, amount)| {
			UnbondPart { account, amount }
		}),
		2 => account().prop_map(|account| Rebond { account }),
		4 => account().prop_map(|account| Withdraw { account }),
		3 => (by_admin(), account(), amount()).prop_map(|(by_admin, account, amount)| {
			Slash { by_admin, account, amount }
		}),
		2 => (by_admin(), 1u32..6).prop_map(|(by_admin, min_mixnodes)| SetParameters { by_admin, min_mixnodes }),
		4 => (by_admin(), who()).prop_map(|(by_admin, who)| ForceRemove { by_admin, who }),
		3 => prop_oneof![0u32..30, Just(u32::MAX)].prop_map(|keys| Prune { keys }),
		3 => (0u32..30).prop_map(|keys| Idle { keys }),
		3 => (0u32..12).prop_map(|validator| Disable { validator }),
		1 => (0u32..12).prop_map(|validator| Enable { validator }),
		6 => (VALIDATORS, select(&SESSION_KEYS[..])).prop_map(|(account, key)| SetSessionKey { account, key }),
		2 => (2u32..6, 0u32..4, 0u32..3, 1u32..4, 2u32..6, [0u64..4, 0u64..4, 0u64..4]).prop_map(
			|(mixnodes, standbys, revisions, rotations, unbonding, phases)| {
				Upgrade { mixnodes, standbys, revisions, rotations, unbonding, phases }
			}
		),
		3 => prop::sample::subsequence(VALIDATORS.collect::<Vec<_>>(), 1..=12).prop_shuffle().prop_map(Validators),
		1 => period().prop_map(Period),
		1 => prop_oneof![2 => Just(0u64), 1 => 1u64..12].prop_map(RandomnessAge),
		2 => prop::bool::weighted(0.8).prop_map(OperatorsEnabled),
		1 => prop_oneof![2 => Just(100u64), 1 => 1u64..500].prop_map(MinBond),
		1 => policy().prop_map(Policy),
		3 => (VALIDATORS, 0u128..1_000).prop_map(|(account, weight)| Weigh { account, weight }),
	]
}

/// An operator asks for one part after another, and withdraws none.
fn many_parts() -> impl Strategy<Value = Vec<Step>> {
	(select(&OPERATORS[..]), 1u64..20).prop_map(|(account, amount)| {
		let ask = [Step::UnbondPart { account, amount }, Step::Blocks(12)];
		std::iter::once(Step::Bond { account, amount: 1_000 }).chain(ask.into_iter().cycle().take(18)).collect()
	})
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
	let steps = prop_oneof![200 => step().prop_map(|step| vec![step]), 1 => many_parts()];
	prop::collection::vec(steps, 0..300).prop_map(|steps| steps.concat())
}
