//! The example does what it says.

#[allow(dead_code)] // Its `main`.
#[path = "../examples/whole_mixnet.rs"]
mod example;

use std::time::Duration;

#[test]
fn the_example_asks_through_six_hops_and_is_answered() {
	let outcome = example::run(Duration::from_secs(30));
	let (answer, round_trip) = outcome.answer.expect("the user is answered");
	assert!(answer.starts_with("It is ") && answer.ends_with(" s."), "{answer}");
	// Six hops there, six back.
	assert!(round_trip > 12 * example::LATENCY, "{round_trip:?}");
	assert!(round_trip < Duration::from_secs(30), "{round_trip:?}");
	// One packet a second from the user, whatever it asks; ten a second from each mixnode, each over several links.
	assert!((10..=60).contains(&outcome.from_user), "{}", outcome.from_user);
	assert!(outcome.to_user > 2, "{}", outcome.to_user);
	assert!(outcome.between_mixnodes > 6 * 10 * 30 * 3, "{}", outcome.between_mixnodes);
}
