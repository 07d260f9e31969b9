//! Constants that do not go together are found before the chain starts.

use crate::{mock::*, MIXNODE_INDEX_LIMIT};
use frame_support::traits::Hooks;

fn integrity_test() {
	ext().execute_with(<Mixnet as Hooks<u64>>::integrity_test);
}

#[test]
fn the_largest_and_smallest_constants_are_taken() {
	MinMixnodes::set(1);
	MaxMixnodes::set(MIXNODE_INDEX_LIMIT);
	NumCoverToPrevBlocks::set(12);
	NumRegisterEndSlackBlocks::set(17);
	integrity_test();
	MaxMixnodes::set(1);
	integrity_test();
	// Three times as long a session has room for more.
	SessionsPerMixnetSession::set(3);
	NumCoverToPrevBlocks::set(52);
	integrity_test();
}

#[test]
#[should_panic(expected = "a session without mixnodes has to rest")]
fn a_minimum_of_none_is_refused() {
	MinMixnodes::set(0);
	integrity_test();
}

#[test]
#[should_panic(expected = "MinMixnodes (5) is above MaxMixnodes (4)")]
fn a_minimum_above_the_maximum_is_refused() {
	MinMixnodes::set(5);
	MaxMixnodes::set(4);
	integrity_test();
}

#[test]
#[should_panic(expected = "packets cannot address that many")]
fn more_than_packets_can_address_are_refused() {
	MaxMixnodes::set(MIXNODE_INDEX_LIMIT + 1);
	integrity_test();
}

#[test]
#[should_panic(expected = "MaxAuthorities (2) is below MinMixnodes (3)")]
fn too_few_authorities_are_refused() {
	MaxAuthorities::set(2);
	MinMixnodes::set(3);
	integrity_test();
}

#[test]
#[should_panic(expected = "SessionsPerMixnetSession must be at least 1")]
fn sessions_of_no_length_are_refused() {
	SessionsPerMixnetSession::set(0);
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
