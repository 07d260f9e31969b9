//! Handles one packet at a time, so that callgrind can count the instructions.
//!
//! ```text
//! valgrind --tool=callgrind --toggle-collect='*counted*' instructions WORK WHO
//! ```
//!
//! WORK is `forward`, `replay`, `bad` or `cover`. WHO is `mixnet`, or one of our backends. The work is done [`TURNS`]
//! times, so divide the number that valgrind prints by that. Preparations are not counted.

use mixnet_node_core::sphinx::Backend;
use mixnet_speed::{ours, peer, rng, HOPS};
use std::hint::black_box;

/// How many times the work is done.
const TURNS: usize = 20;
/// How many times the work is done before that, for what happens only once: tables, and the first tags in the filter.
const WARM_UP: usize = 100;

fn main() {
	let args: Vec<_> = std::env::args().skip(1).collect();
	let [work, who] = &args[..] else { panic!("usage: instructions WORK WHO") };
	if who == "mixnet" {
		of_peer(work);
	} else {
		of_ours(work, who.parse().expect("the name of a backend"));
	}
}

/// Runs the work that is counted. Callgrind finds this function by its name.
#[inline(never)]
fn counted(turn: &mut dyn FnMut()) {
	turn();
	// Keeps the call from being a tail call, so that callgrind sees the end.
	black_box(());
}

fn count(mut turn: impl FnMut()) {
	for _ in 0..WARM_UP {
		turn();
	}
	for _ in 0..TURNS {
		counted(&mut turn);
	}
}

fn of_ours(work: &str, backend: Backend) {
	let mut node = ours::node(backend);
	let packets = ours::packets_to_forward(WARM_UP + TURNS);
	let mut new = ours::received(&packets).into_iter();
	let mut handle_next = |node: &mut ours::Node| {
		let (from, packet) = new.next().expect("there are as many as turns; qed");
		node.handle_packet(mixnet_node_core::Time::ZERO, from, packet);
	};
	match work {
		"forward" => count(|| handle_next(&mut node)),
		"replay" => {
			ours::handle(&mut node, ours::received(&packets));
			count(|| handle_next(&mut node));
		},
		"bad" => {
			let mut node = ours::node_in_two_sessions(backend);
			let mut bad = ours::received(&ours::bad_packets(WARM_UP + TURNS)).into_iter();
			count(|| ours::handle(&mut node, bad.next().into_iter().collect()));
		},
		"cover" => {
			let (mut rng, route) = (rng(0), ours::route(HOPS));
			count(|| {
				black_box(ours::build_cover(backend, &mut rng, &route, 1));
			});
		},
		_ => panic!("no such work: {work}"),
	}
}

fn of_peer(work: &str) {
	let mut node = peer::node();
	let packets = ours::packets_to_forward(WARM_UP + TURNS);
	let mut new = packets.iter();
	let mut handle_next = |node: &mut peer::Node| {
		let packet = new.next().expect("there are as many as turns; qed");
		assert!(node.handle_packet(packet.as_bytes()).is_none());
	};
	match work {
		"forward" => count(|| handle_next(&mut node)),
		"replay" => {
			packets.iter().for_each(|packet| assert!(node.handle_packet(packet.as_bytes()).is_none()));
			count(|| handle_next(&mut node));
		},
		"bad" => {
			let (mut node, bad) = (peer::node_in_two_sessions(), ours::bad_packets(WARM_UP + TURNS));
			let mut bad = bad.iter();
			count(|| {
				let packet = bad.next().expect("there are as many as turns; qed");
				assert!(node.handle_packet(packet.as_bytes()).is_none());
			});
		},
		"cover" => count(|| {
			black_box(peer::build_cover(&mut node));
		}),
		_ => panic!("no such work: {work}"),
	}
}
