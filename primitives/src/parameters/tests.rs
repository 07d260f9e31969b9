//! The bounds, each field at both of them and beyond, and what the defaults amount to.

use super::*;
use crate::RelativeSession;
use codec::{Decode, Encode, MaxEncodedLen};

fn changed(change: impl FnOnce(&mut Parameters)) -> Result<(), BadParameters> {
	let mut parameters = Parameters::default();
	change(&mut parameters);
	parameters.check()
}

#[test]
fn the_defaults_are_good() {
	assert_eq!(Parameters::default().check(), Ok(()));
}

/// Each field at both its bounds and one beyond. The others are the default ones, or such that they do not matter.
#[test]
fn every_field_is_held_to_its_bounds_and_named() {
	use Parameter::*;
	type Set = fn(&mut Parameters, u32);
	let fields: [(Parameter, Set, u32, u32); 12] = [
		(Hops, |p, v| p.hops = v as u8, 2, 6),
		(MinMixnodes, |p, v| p.min_mixnodes = v, 2, 0xff00),
		(
			MeanForwardingDelay,
			|p, v| {
				(p.mixnode_mean_period_ms, p.forward_queue_capacity, p.mean_forwarding_delay_ms) =
					(50 + v / 100, 10_000, v)
			},
			10,
			60_000,
		),
		(MeanExtrinsicDelay, |p, v| p.mean_extrinsic_delay_ms = v, 0, 60_000),
		(
			MixnodeMeanPeriod,
			|p, v| {
				(p.forward_queue_capacity, p.mixnode_queue_capacity, p.max_fragments_per_message) = (10_000, 2, 1);
				(p.mean_forwarding_delay_ms, p.mixnode_mean_period_ms) = (12_000.min(v * 60), v);
			},
			5,
			60_000,
		),
		(
			NonMixnodeMeanPeriod,
			|p, v| {
				(p.non_mixnode_queue_capacity, p.max_fragments_per_message) = (1, 1);
				p.non_mixnode_mean_period_ms = v;
			},
			5,
			60_000,
		),
		(LoopCover, |p, v| p.loop_cover_permille = v as u16, 10, 900),
		(ForwardQueueCapacity, |p, v| (p.mean_forwarding_delay_ms, p.forward_queue_capacity) = (500, v), 50, 10_000),
		(MixnodeQueueCapacity, |p, v| p.mixnode_queue_capacity = v, 50, 1_000),
		(
			NonMixnodeQueueCapacity,
			|p, v| (p.non_mixnode_mean_period_ms, p.non_mixnode_queue_capacity) = (100, v),
			25,
			1_000,
		),
		(
			MaxFragmentsPerMessage,
			|p, v| {
				(p.mixnode_queue_capacity, p.non_mixnode_queue_capacity) = (200, 100);
				p.max_fragments_per_message = v;
			},
			1,
			64,
		),
		(ReplyCooldown, |p, v| p.reply_cooldown_ms = v, 0, 60_000),
	];
	for (parameter, set, min, max) in fields {
		for value in [min, max] {
			assert_eq!(changed(|parameters| set(parameters, value)), Ok(()), "{parameter}: {value}");
		}
		for value in [min.checked_sub(1), Some(max + 1)].into_iter().flatten() {
			// With 60 s the round trip is too long as well. The field must be named first.
			let error = changed(|parameters| set(parameters, value)).expect_err("out of range; qed");
			let BadParameters::OutOfRange { parameter: named, value: told, .. } = error else {
				panic!("{parameter}: {value}: {error}");
			};
			assert_eq!((named, told), (parameter, value), "{error}");
			assert!(error.to_string().contains(parameter.name()), "{error}");
		}
	}
}

#[test]
fn queues_must_hold_the_average_traffic_and_the_longest_message() {
	assert_eq!(Parameters::default().mean_forward_queue(), 50);
	let error = changed(|parameters| parameters.mean_forwarding_delay_ms = 10_001).unwrap_err();
	let expected =
		BadParameters::OutOfRange { parameter: Parameter::ForwardQueueCapacity, value: 1_000, min: 1_002, max: 10_000 };
	assert_eq!(error, expected);
	// No queue would be long enough.
	let error = changed(|parameters| {
		(parameters.mean_forwarding_delay_ms, parameters.mixnode_mean_period_ms) = (60_000, 5);
		parameters.forward_queue_capacity = 10_000;
	});
	assert!(error.unwrap_err().to_string().contains("choose a shorter mean forwarding delay"), "{error:?}");
	assert!(changed(|parameters| parameters.mixnode_queue_capacity = 49).is_err());
	assert!(changed(|parameters| parameters.non_mixnode_queue_capacity = 24).is_err());
}

#[test]
fn a_packet_must_find_another_to_mix_with() {
	let error = changed(|parameters| parameters.mean_forwarding_delay_ms = 19).unwrap_err();
	let expected =
		BadParameters::OutOfRange { parameter: Parameter::MeanForwardingDelay, value: 19, min: 20, max: 60_000 };
	assert_eq!(error, expected);
}

#[test]
fn answers_must_come_within_the_longest_round_trip() {
	// 25 packets x 2 s / 0.75, 50 x 0.2 s / 0.75, 12 delays of 1 s, and 1 s.
	assert_eq!(Parameters::default().round_trip_ms(), 66_666 + 13_333 + 12_000 + 1_000);
	let error = changed(|parameters| parameters.non_mixnode_mean_period_ms = 60_000).unwrap_err();
	assert!(matches!(error, BadParameters::RoundTripTooLong { .. }), "{error}");
	assert!(error.to_string().contains("choose shorter queues"), "{error}");
}

#[test]
fn extreme_values_are_refused_without_overflow() {
	for value in [0, u32::MAX] {
		let parameters = Parameters {
			hops: value as u8,
			min_mixnodes: value,
			mean_forwarding_delay_ms: value,
			mean_extrinsic_delay_ms: value,
			mixnode_mean_period_ms: value,
			non_mixnode_mean_period_ms: value,
			loop_cover_permille: value as u16,
			forward_queue_capacity: value,
			mixnode_queue_capacity: value,
			non_mixnode_queue_capacity: value,
			max_fragments_per_message: value,
			reply_cooldown_ms: value,
		};
		assert!(parameters.check().is_err());
		parameters.round_trip_ms();
		parameters.mean_forward_queue();
	}
}

#[test]
fn parameters_encode_as_their_fields_in_order() {
	let parameters = Parameters::default();
	assert_eq!(parameters.encode().len(), Parameters::max_encoded_len());
	assert_eq!(parameters.encode()[..9], [6, 3, 0, 0, 0, 0xe8, 3, 0, 0]);
	let all = SessionParameters { next: Parameters { hops: 3, ..parameters }, ..Default::default() };
	assert_eq!(SessionParameters::decode(&mut &all.encode()[..]), Ok(all));
	assert_eq!(all.of(RelativeSession::Previous), &parameters);
}
