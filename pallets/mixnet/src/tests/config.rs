//! Constants that do not fit together are found before the chain starts.

use crate::{mock::*, MEASURED_UP_TO};
use frame_support::traits::Hooks;
use mixnet_primitives::MIXNODE_INDEX_LIMIT;

fn integrity_test() {
	ext().execute_with(<Mixnet as Hooks<u64>>::integrity_test);
}

#[test]
fn the_constants_of_the_tests_fit_together() {
	integrity_test();
}

#[test]
fn the_largest_and_smallest_constants_are_taken() {
	MaxAuthorities::set(MEASURED_UP_TO.authorities);
	MaxMixnodes::set(MEASURED_UP_TO.mixnodes);
	MaxStandbys::set(MEASURED_UP_TO.standbys);
	MaxRevisions::set(254);
	NumCoverToPrevBlocks::set(12);
	NumRegisterEndSlackBlocks::set(17);
	integrity_test();
	MaxMixnodes::set(2);
	MaxStandbys::set(0);
	MaxRevisions::set(0);
	MinBond::set(1);
	integrity_test();
	// A session that is three times as long has room for more.
	SessionsPerMixnetSession::set(3);
	NumCoverToPrevBlocks::set(52);
	NumRegisterEndSlackBlocks::set(57);
	integrity_test();
}

#[test]
#[should_panic(expected = "MaxMixnodes must be at least 1")]
fn sessions_without_room_for_mixnodes_are_refused() {
	// Not at genesis, where the parameters would ask for more.
	ext().execute_with(|| {
		MaxMixnodes::set(0);
		<Mixnet as Hooks<u64>>::integrity_test();
	});
}

#[test]
#[should_panic(expected = "packets cannot address that many")]
fn more_than_packets_can_address_are_refused() {
	MaxMixnodes::set(MIXNODE_INDEX_LIMIT + 1);
	integrity_test();
}

#[test]
#[should_panic(expected = "they are kept like mixnodes")]
fn more_standbys_than_there_can_be_mixnodes_are_refused() {
	MaxStandbys::set(MIXNODE_INDEX_LIMIT + 1);
	integrity_test();
}

/// A larger chain costs more than its weights say.
#[test]
#[should_panic(expected = "MaxAuthorities (1001) is above 1000, with which the weights were measured")]
fn more_authorities_than_were_measured_are_refused() {
	MaxAuthorities::set(MEASURED_UP_TO.authorities + 1);
	integrity_test();
}

#[test]
#[should_panic(expected = "MaxMixnodes (1001) is above 1000, with which the weights were measured")]
fn more_mixnodes_than_were_measured_are_refused() {
	MaxMixnodes::set(MEASURED_UP_TO.mixnodes + 1);
	integrity_test();
}

#[test]
#[should_panic(expected = "MaxStandbys (101) is above 100, with which the weights were measured")]
fn more_standbys_than_were_measured_are_refused() {
	MaxStandbys::set(MEASURED_UP_TO.standbys + 1);
	integrity_test();
}

#[test]
#[should_panic(expected = "revisions are counted in a byte")]
fn more_revisions_than_a_byte_counts_are_refused() {
	MaxRevisions::set(255);
	integrity_test();
}

#[test]
fn the_greatest_priority_leaves_room_for_revisions() {
	RegistrationPriority::set(u64::MAX - 255);
	integrity_test();
}

#[test]
#[should_panic(expected = "RegistrationPriority leaves no room above it")]
fn a_priority_without_room_for_revisions_is_refused() {
	RegistrationPriority::set(u64::MAX - 254);
	integrity_test();
}

#[test]
#[should_panic(expected = "SessionsPerMixnetSession must be at least 1")]
fn sessions_of_no_length_are_refused() {
	SessionsPerMixnetSession::set(0);
	integrity_test();
}

#[test]
#[should_panic(expected = "UnbondingSessions must be at least 2")]
fn bonds_that_are_gone_before_they_can_be_slashed_are_refused() {
	UnbondingSessions::set(1);
	integrity_test();
}

#[test]
#[should_panic(expected = "anybody could have any number of mixnodes for nothing")]
fn operators_without_a_bond_are_refused() {
	MinBond::set(0);
	integrity_test();
}

#[test]
fn without_operators_there_need_be_no_bond() {
	MinBond::set(0);
	OperatorsEnabled::set(false);
	integrity_test();
}

#[test]
#[should_panic(expected = "the first three phases take 20 blocks")]
fn phases_longer_than_a_session_are_refused() {
	NumCoverToPrevBlocks::set(13);
	integrity_test();
}

#[test]
#[should_panic(expected = "the slack at the two ends takes 20 blocks")]
fn slack_longer_than_a_session_is_refused() {
	NumRegisterEndSlackBlocks::set(18);
	integrity_test();
}
