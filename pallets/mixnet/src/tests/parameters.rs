//! Parameters are checked, set for the next session, and in force from its beginning on.

use crate::{mock::*, CurrentSession, Error, Event, ParameterName, Roster};
use frame_support::assert_noop;
use frame_system::RawOrigin;
use mixnet_primitives::{BadParameters, MixnodesError, Parameter, Parameters, SessionParameters};
use sp_runtime::DispatchError;

fn with_hops(hops: u8) -> Parameters {
	Parameters { hops, ..parameters() }
}

fn with_minimum(min_mixnodes: u32) -> Parameters {
	Parameters { min_mixnodes, ..parameters() }
}

fn set(parameters: Parameters) {
	assert_eq!(Mixnet::set_parameters(RuntimeOrigin::root(), parameters), Ok(()));
	check_invariants();
}

fn assert_hops(previous: u8, current: u8, next: u8) {
	let expected =
		SessionParameters { previous: with_hops(previous), current: with_hops(current), next: with_hops(next) };
	assert_eq!(Mixnet::parameters(), expected);
}

#[test]
fn parameters_are_in_force_from_the_next_session_on() {
	ext().execute_with(|| {
		run_to_block(5);
		assert_hops(6, 6, 6);
		set(with_hops(3));
		assert_eq!(events(), [Event::ParametersSet { session_index: 1, parameters: with_hops(3) }]);
		assert_hops(6, 6, 3);
		run_to_block(19);
		assert_hops(6, 6, 3);
		run_to_block(20);
		assert_hops(6, 3, 3);
		set(with_hops(4));
		assert_hops(6, 3, 4);
		run_to_next_session();
		assert_hops(3, 4, 4);
		run_to_next_session();
		assert_hops(4, 4, 4);
	});
}

#[test]
fn a_rotation_within_a_session_changes_no_parameters() {
	SessionsPerMixnetSession::set(3);
	ext().execute_with(|| {
		run_to_block(1);
		set(with_hops(3));
		run_to_rotation();
		run_to_rotation();
		assert_hops(6, 6, 3);
		run_to_rotation();
		assert_hops(6, 3, 3);
	});
}

#[test]
fn until_the_session_begins_they_may_be_set_again() {
	ext().execute_with(|| {
		run_to_block(1);
		for hops in [2, 3, 4, 5] {
			set(with_hops(hops));
		}
		assert_eq!(events().len(), 4);
		run_to_next_session();
		assert_hops(6, 5, 5);
	});
}

#[test]
fn only_the_admin_origin_sets_them() {
	ext().execute_with(|| {
		run_to_block(1);
		for origin in [RawOrigin::None, RawOrigin::Signed(0), RawOrigin::Authorized] {
			assert_noop!(Mixnet::set_parameters(origin.into(), with_hops(3)), DispatchError::BadOrigin);
		}
	});
}

fn assert_refused(bad: Parameters, parameter: Parameter) {
	assert_noop!(
		Mixnet::set_parameters(RuntimeOrigin::root(), bad),
		Error::<Runtime>::BadParameters(ParameterName(parameter))
	);
}

/// The error names the field that is wrong, and nothing is set.
#[test]
fn values_that_nodes_cannot_live_with_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let good = parameters();
		for (parameter, bad) in [
			(Parameter::Hops, Parameters { hops: 1, ..good }),
			(Parameter::Hops, Parameters { hops: 7, ..good }),
			(Parameter::MinMixnodes, Parameters { min_mixnodes: 0, ..good }),
			(Parameter::MinMixnodes, Parameters { min_mixnodes: 1, ..good }),
			(Parameter::MinMixnodes, Parameters { min_mixnodes: u32::MAX, ..good }),
			(Parameter::MeanForwardingDelay, Parameters { mean_forwarding_delay_ms: 0, ..good }),
			(Parameter::MeanForwardingDelay, Parameters { mean_forwarding_delay_ms: 60_001, ..good }),
			(Parameter::MeanExtrinsicDelay, Parameters { mean_extrinsic_delay_ms: 60_001, ..good }),
			(Parameter::MixnodeMeanPeriod, Parameters { mixnode_mean_period_ms: 4, ..good }),
			(Parameter::MixnodeMeanPeriod, Parameters { mixnode_mean_period_ms: 60_001, ..good }),
			(Parameter::NonMixnodeMeanPeriod, Parameters { non_mixnode_mean_period_ms: 4, ..good }),
			(Parameter::NonMixnodeMeanPeriod, Parameters { non_mixnode_mean_period_ms: 60_001, ..good }),
			(Parameter::LoopCover, Parameters { loop_cover_permille: 9, ..good }),
			(Parameter::LoopCover, Parameters { loop_cover_permille: 901, ..good }),
			(Parameter::ForwardQueueCapacity, Parameters { forward_queue_capacity: 49, ..good }),
			(Parameter::ForwardQueueCapacity, Parameters { forward_queue_capacity: 10_001, ..good }),
			(Parameter::MixnodeQueueCapacity, Parameters { mixnode_queue_capacity: 49, ..good }),
			(Parameter::MixnodeQueueCapacity, Parameters { mixnode_queue_capacity: 1_001, ..good }),
			(Parameter::NonMixnodeQueueCapacity, Parameters { non_mixnode_queue_capacity: 24, ..good }),
			(Parameter::NonMixnodeQueueCapacity, Parameters { non_mixnode_queue_capacity: 1_001, ..good }),
			(Parameter::MaxFragmentsPerMessage, Parameters { max_fragments_per_message: 0, ..good }),
			(Parameter::MaxFragmentsPerMessage, Parameters { max_fragments_per_message: 65, ..good }),
			(Parameter::ReplyCooldown, Parameters { reply_cooldown_ms: 60_001, ..good }),
		] {
			assert_refused(bad, parameter);
		}
		let slow = Parameters { non_mixnode_mean_period_ms: 60_000, ..good };
		assert_noop!(Mixnet::set_parameters(RuntimeOrigin::root(), slow), Error::<Runtime>::RoundTripTooLong);
		// The parameters that were set last still count.
		set(good);
	});
}

#[test]
fn no_more_mixnodes_can_be_asked_for_than_a_session_has() {
	ext().execute_with(|| {
		run_to_block(1);
		set(with_minimum(30));
		assert_refused(with_minimum(31), Parameter::MinMixnodes);
		let error = Mixnet::check_parameters(&with_minimum(31));
		let expected = BadParameters::OutOfRange { parameter: Parameter::MinMixnodes, value: 31, min: 2, max: 30 };
		assert_eq!(error, Err(expected));
	});
}

/// The number of mixnodes that a session needs is fixed when it begins, like its mixnodes.
#[test]
fn a_session_that_has_begun_is_not_put_to_rest_or_woken() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		register(1, 1);
		run_to_next_session();
		set(with_minimum(5));
		assert_eq!(Mixnet::current_mixnodes().map(|mixnodes| mixnodes.len()), Ok(2));
		for account in 0..4 {
			register(account, account);
		}
		run_to_next_session();
		// The session that they were set for rests. The one before it goes on.
		let resting = Err(MixnodesError::InsufficientRegistrations { num: 4, min: 5 });
		assert_eq!(Mixnet::current_mixnodes(), resting);
		assert_eq!(Mixnet::prev_mixnodes().map(|mixnodes| mixnodes.len()), Ok(2));
		assert_eq!(CurrentSession::<Runtime>::get().current, Roster { registered: 4, required: 5 });

		set(with_minimum(3));
		assert_eq!(Mixnet::current_mixnodes(), resting);
		for account in 0..4 {
			register(account, account);
		}
		run_to_next_session();
		assert_eq!(Mixnet::prev_mixnodes(), resting);
		assert_eq!(Mixnet::current_mixnodes().map(|mixnodes| mixnodes.len()), Ok(4));
	});
}

/// Parameters keep nobody from registering: they only say how many mixnodes a session needs.
#[test]
fn parameters_are_no_reason_to_refuse_a_registration() {
	ext().execute_with(|| {
		run_to_block(1);
		set(with_minimum(30));
		register(0, 0);
		set(with_minimum(2));
		register(1, 1);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(0), mixnode(1)]));
	});
}
