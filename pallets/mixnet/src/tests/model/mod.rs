//! The whole pallet beside a model of it, through random sequences of calls by anybody, rotations, and upgrades that
//! change constants.
//!
//! The model keeps lists, and searches and sorts them from the beginning each time, so that it is easy to see that it
//! is right. For every step it predicts whether the step is accepted, with which error if not, and with which events.
//! After every step it predicts what the pallet answers: the lists of the current and the previous session (which
//! nothing in the model changes once they have begun), the elected of the next session with their places, the standbys,
//! every bond, and all balances. The pallet's invariants are checked as well.
//!
//! - `steps`: the steps of a sequence.
//! - `world`: takes a step, in the pallet and in the model; with `registration`, `calls` and `compare`.
//! - `sessions`: sessions, authorities, parameters, and what is left to prune.
//! - `election`: the candidates.
//! - `operators`: bonds and keys.
//!
//! A few thousand steps are run with all tests; `make soak` runs more, `make fuzz` others every time.

mod calls;
mod compare;
mod election;
mod operators;
mod registration;
mod sessions;
mod steps;
mod world;

use crate::mock::ext;
use proptest::test_runner::{contextualize_config, Config, RngSeed, TestError, TestRunner};
use std::{cell::RefCell, collections::BTreeMap};
use world::World;

/// How many sequences are run, unless the environment says otherwise.
const CASES: u32 = 60;

/// How often each outcome was met: errors and events by their names.
type Tally = BTreeMap<String, u32>;

/// Outcomes that must be met. They show that the sequences reach every part of the pallet.
const OUTCOMES: [&str; 76] = [
	// Refusals of registrations.
	"StaleSession",
	"FutureSession",
	"NotARegistrant",
	"OperatorsNotEnabled",
	"BondTooSmall",
	"OperatorTooRecent",
	"Barred",
	"WrongRevision",
	"TooManyRevisions",
	"NoAddress",
	"TooManyAddresses",
	"AddressTooLong",
	"BadAddress",
	"UnreachableAddress",
	"TooManyHosts",
	"BadKxPublic",
	"BadPeerId",
	"KxPublicTaken",
	"PeerIdTaken",
	"RankTooLow",
	"OtherKey",
	"BadRegistrantProof",
	"BadPossessionProof",
	"BadPeerProof",
	// Errors of the other calls.
	"bond: AlreadyBonded",
	"bond: BondTooSmall",
	"bond: FundsUnavailable",
	"bond_extra: NotBonded",
	"bond_extra: AlreadyUnbonding",
	"set_operator_key: OperatorKeyTaken",
	"set_operator_key: BadOperatorKeyProof",
	"set_operator_key: BadOperatorKey",
	"set_keys: accepted",
	"set_keys: refused",
	"unbond: AlreadyUnbonding",
	"unbond_part: NothingToRelease",
	"unbond_part: NotBonded",
	"unbond_part: AlreadyUnbonding",
	"unbond_part: RestTooSmall",
	"unbond_part: TooManyUnbondingParts",
	"rebond: OperatorsNotEnabled",
	"rebond: NotBonded",
	"rebond: NotUnbonding",
	"withdraw: NotUnbonding",
	"withdraw: StillUnbonding",
	"slash: BadOrigin",
	"set_parameters: BadParameters",
	"force_remove: BadOrigin",
	"prune: NothingToPrune",
	// Events.
	"SessionStarted",
	"SessionResting",
	"MixnodeRegistered",
	"MixnodeDisplaced",
	"StandbyDropped",
	"StandbyPromoted",
	"MixnodeRemoved",
	"AccountBarred",
	"MixnodeRankedAgain",
	"ParametersSet",
	"Bonded",
	"OperatorKeySet",
	"Unbonding",
	"Rebonded",
	"Withdrawn",
	"Slashed",
	"Pruned",
	"PruningBehind",
	// What an event does not tell by its name.
	"withdraw: all",
	"withdraw: a part",
	"slash: of what was being released",
	"an operator was elected",
	"removed: Disabled",
	"removed: KeyReplaced",
	"removed: NoLongerQueued",
	"removed: BondTooSmall",
	"removed: Forced",
];

#[test]
fn the_pallet_does_what_lists_would() {
	let config = contextualize_config(Config {
		cases: CASES,
		rng_seed: RngSeed::Fixed(1),
		failure_persistence: None,
		..Config::default()
	});
	let is_long_enough = config.cases >= CASES;
	let tally = RefCell::new(Tally::new());
	let result = TestRunner::new(config).run(&(steps::constants(), steps::steps()), |(constants, steps)| {
		constants.set();
		ext().execute_with(|| {
			let mut world = World::new();
			for step in steps {
				world.take(step);
			}
			world.end();
			for (outcome, count) in world.tally {
				*tally.borrow_mut().entry(outcome).or_default() += count;
			}
		});
		Ok(())
	});
	match result {
		Ok(()) => {},
		Err(TestError::Fail(reason, (constants, steps))) => panic!("{reason}\n{constants:#?}\n{steps:#?}"),
		Err(TestError::Abort(reason)) => panic!("{reason}"),
	}
	let tally = tally.into_inner();
	if is_long_enough {
		let missed: Vec<_> = OUTCOMES.iter().filter(|outcome| !tally.contains_key(**outcome)).collect();
		assert!(missed.is_empty(), "never met: {missed:?}; met: {tally:#?}");
	}
}
