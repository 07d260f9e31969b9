//! What a packet costs, in microseconds: ours, by backend and size of batch, beside the `mixnet` crate, in one run.
//!
//! ```sh
//! cargo run --release -p mixnet-node-core --features aws-lc --example pipeline_speed
//! ```
//!
//! Each number is the best of as many runs as fit into its time, on one core. Both are whole nodes that are handed
//! packets; what is built is built for six hops. `MIXNET_SPEED_MS` is the time for each number.

use mixnet::core as reference;
use mixnet_node_core::{
	sphinx::{
		build_cover, complete_requests, Action, Backend, BatchBuilder, BatchUnwrapper, Hop, Target, Unwrapping,
		MAX_HOPS, PAYLOAD_DATA_SIZE,
	},
	Config, KxSecret, Mixnet, Mixnode, MixnodeIndex, Packet, Parameters, PeerId, SessionPhase, SessionStatus, Time,
};
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};
use std::{
	hint::black_box,
	time::{Duration, Instant},
};
use x25519_batch::{x25519, x25519_base};

const SIZES: [usize; 4] = [1, 8, 32, 64];
/// Packets in a run.
const PACKETS: usize = 192;
/// Mixnodes of each session, us included: we are the first.
const MIXNODES: u8 = 20;
const NOW: Time = Time::from_duration(Duration::from_secs(1));

fn budget() -> Duration {
	let ms = std::env::var("MIXNET_SPEED_MS").map_or(150, |ms| ms.parse().expect("MIXNET_SPEED_MS: a number"));
	Duration::from_millis(ms)
}

/// Microseconds for each of `count`: the best of the runs. What is prepared for them, and what they leave, does not count.
fn measure<T, U>(count: usize, mut prepare: impl FnMut() -> T, mut run: impl FnMut(T) -> U) -> f64 {
	let started = Instant::now();
	let mut best = Duration::MAX;
	while started.elapsed() < budget() || best == Duration::MAX {
		let prepared = prepare();
		let start = Instant::now();
		let left = run(prepared);
		best = best.min(start.elapsed());
		drop(left);
	}
	best.as_secs_f64() * 1e6 / count as f64
}

fn peer_id(index: u8) -> PeerId {
	PeerId([index + 1; 32])
}

fn secret(index: u8) -> [u8; 32] {
	[index + 50; 32]
}

fn mixnodes() -> Vec<Mixnode> {
	let public = |index| KxSecret::from_bytes(secret(index)).public();
	let mixnode = |index| Mixnode { kx_public: public(index), peer_id: peer_id(index), external_addresses: vec![] };
	(0..MIXNODES).map(mixnode).collect()
}

fn hop(index: u8) -> Hop {
	let target = Target::Mixnode(MixnodeIndex::new(index.into()).expect("a small number; qed"));
	Hop { target, kx_public: KxSecret::from_bytes(secret(index)).public() }
}

/// Our node, a mixnode in session 0; with `two`, in session 1 as well, and both live.
fn ours(backend: Backend, two: bool) -> Mixnet<ChaChaRng> {
	let parameters = Parameters { forward_queue_capacity: 100_000, ..Parameters::default() };
	let config = Config { parameters, ..Config::default() };
	let secret = KxSecret::from_bytes(secret(0));
	let mut mixnet = Mixnet::new(config, peer_id(0), ChaChaRng::seed_from_u64(1), Some(secret)).expect("it is valid");
	mixnet.set_backend(backend);
	let mut enter = |current_index, phase, mixnodes| {
		mixnet.set_session_status(NOW, SessionStatus { current_index, phase });
		mixnet.set_mixnodes(NOW, current_index, Ok(mixnodes));
	};
	enter(0, SessionPhase::DisconnectFromPrev, mixnodes());
	if two {
		enter(1, SessionPhase::CoverToPrev, mixnodes());
	}
	mixnet
}

/// The same of the `mixnet` crate.
fn theirs(two: bool) -> reference::Mixnet<()> {
	let mut mixnet = reference::Mixnet::new(reference::Config {
		session_0_kx_secret: Some(secret(0)),
		forward_packet_queue_capacity: 100_000,
		..Default::default()
	});
	let mixnode =
		|mixnode: Mixnode| reference::Mixnode { kx_public: mixnode.kx_public.0, peer_id: mixnode.peer_id.0, extra: () };
	let mut enter = |current_index, phase| {
		mixnet.set_session_status(reference::SessionStatus { current_index, phase });
		let mixnodes: Vec<_> = mixnodes().into_iter().map(mixnode).collect();
		mixnet.maybe_set_mixnodes(reference::RelSessionIndex::Current, &mut || Ok(mixnodes.clone()));
	};
	enter(0, reference::SessionPhase::DisconnectFromPrev);
	if two {
		enter(1, reference::SessionPhase::CoverToPrev);
	}
	mixnet
}

struct Connected;

impl reference::NetworkStatus for Connected {
	fn local_peer_id(&self) -> reference::PeerId {
		peer_id(0).0
	}

	fn is_connected(&self, _: &reference::PeerId) -> bool {
		true
	}
}

fn print_line(name: &str, numbers: impl IntoIterator<Item = f64>) {
	print!("{name:<34}");
	for number in numbers {
		print!("{number:>9.2}");
	}
	println!();
}

/// Hands packets over, one by one or in batches.
fn hand_over(mixnet: &mut Mixnet<ChaChaRng>, packets: Vec<Packet>, size: usize) {
	let mut packets = packets.into_iter().map(|packet| (peer_id(1), packet));
	if size == 1 {
		packets.for_each(|(from, packet)| {
			mixnet.handle_packet(NOW, from, packet);
		});
	} else {
		while packets.len() > 0 {
			mixnet.handle_packets(NOW, packets.by_ref().take(size));
		}
	}
}

fn main() {
	let mut rng = ChaChaRng::seed_from_u64(2);
	let to_forward: Vec<_> = (0..PACKETS)
		.map(|_| build_cover(&mut rng, &[hop(0), hop(1), hop(2)], None).expect("a good route").packet)
		.collect();
	let bad: Vec<Packet> = (0..PACKETS)
		.map(|_| {
			let mut bytes = [0; 2252];
			rng.fill_bytes(&mut bytes);
			bytes.into()
		})
		.collect();

	print!("{:<34}", "us, batches of");
	for size in SIZES {
		print!("{size:>9}");
	}
	println!();
	receiving(&to_forward, &bad);
	building(&mut rng);
	stages(&mut rng, &to_forward);
}

fn receiving(to_forward: &[Packet], bad: &[Packet]) {
	let clones = |packets: &[Packet]| packets.to_vec();
	let bytes = |packets: &[Packet]| packets.iter().map(|packet| *packet.as_bytes()).collect::<Vec<_>>();
	let forward = measure(
		PACKETS,
		|| (theirs(false), bytes(to_forward)),
		|(mut mixnet, packets)| {
			packets.iter().for_each(|packet| assert!(mixnet.handle_packet(packet).is_none()));
			mixnet
		},
	);
	let mut once = theirs(false);
	bytes(to_forward).iter().for_each(|packet| assert!(once.handle_packet(packet).is_none()));
	let handle = |mixnet: &mut reference::Mixnet<()>, packets: Vec<[u8; 2252]>| {
		packets.iter().for_each(|packet| assert!(mixnet.handle_packet(packet).is_none()));
	};
	let replay = measure(PACKETS, || bytes(to_forward), |packets| handle(&mut once, packets));
	let bad_of_one = measure(PACKETS, || bytes(bad), |packets| handle(&mut once, packets));
	let mut two = theirs(true);
	let bad_of_two = measure(PACKETS, || bytes(bad), |packets| handle(&mut two, packets));
	print_line("forward, crate mixnet", [forward]);
	print_line("replay, crate mixnet", [replay]);
	print_line("bad, one session, crate mixnet", [bad_of_one]);
	print_line("bad, two sessions, crate mixnet", [bad_of_two]);

	for backend in Backend::available() {
		let by_size = |f: &dyn Fn(usize) -> f64| SIZES.map(f);
		let numbers = by_size(&|size| {
			let prepare = || {
				let mut mixnet = ours(backend, false);
				// Room that is there in the steady state.
				hand_over(&mut mixnet, clones(bad), size);
				(mixnet, clones(to_forward))
			};
			measure(PACKETS, prepare, |(mut mixnet, packets)| {
				hand_over(&mut mixnet, packets, size);
				assert_eq!(mixnet.statistics().packets_accepted_to_forward, PACKETS as u64);
				mixnet
			})
		});
		print_line(&format!("forward, {backend}"), numbers);
		print_line("  times as fast", numbers.map(|number| forward / number));
		let mut mixnet = ours(backend, false);
		hand_over(&mut mixnet, clones(to_forward), 1);
		let numbers =
			SIZES.map(|size| measure(PACKETS, || clones(to_forward), |packets| hand_over(&mut mixnet, packets, size)));
		print_line(&format!("replay, {backend}"), numbers);
		print_line("  times as fast", numbers.map(|number| replay / number));
		let mut mixnet = ours(backend, true);
		let numbers =
			SIZES.map(|size| measure(PACKETS, || clones(bad), |packets| hand_over(&mut mixnet, packets, size)));
		print_line(&format!("bad, two sessions, {backend}"), numbers);
		print_line("  times as fast", numbers.map(|number| bad_of_two / number));
	}
}

fn building(rng: &mut ChaChaRng) {
	const COVERS: usize = 32;
	let mut mixnet = theirs(false);
	let cover = measure(
		COVERS,
		|| (),
		|()| (0..COVERS).for_each(|_| assert!(mixnet.pop_next_authored_packet(&Connected).is_some())),
	);
	print_line("cover, crate mixnet", [cover]);
	let route: Vec<_> = (1..=MAX_HOPS as u8).map(hop).collect();
	for backend in Backend::available() {
		let numbers = SIZES.map(|size| {
			measure(
				size,
				|| (),
				|()| {
					let mut batch = BatchBuilder::default();
					for _ in 0..size {
						batch.add_cover(rng, &route, None).expect("a good route");
					}
					black_box(batch.build(backend));
				},
			)
		});
		print_line(&format!("cover, {backend}"), numbers);
		print_line("  times as fast", numbers.map(|number| cover / number));
		let payload = [7; PAYLOAD_DATA_SIZE];
		let numbers = SIZES.map(|size| {
			measure(
				size,
				|| (),
				|()| {
					let mut batch = BatchBuilder::default();
					for _ in 0..size {
						batch.add_request(rng, &route).expect("a good route");
					}
					let requests = batch.build(backend).requests.into_iter();
					black_box(complete_requests(requests.map(|request| (request, &payload))));
				},
			)
		});
		print_line(&format!("request, {backend}"), numbers);
	}
}

/// Where the time goes.
fn stages(rng: &mut ChaChaRng, to_forward: &[Packet]) {
	let key = KxSecret::from_bytes(secret(0));
	for backend in Backend::available() {
		let inputs: Vec<[u8; 32]> = (0..64)
			.map(|_| {
				let mut bytes = [0; 32];
				rng.fill_bytes(&mut bytes);
				bytes
			})
			.collect();
		let mut out = [[0; 32]; 64];
		let numbers = SIZES.map(|size| {
			let (inputs, out) = (&inputs[..size], &mut out[..size]);
			measure(size, || (), |()| x25519(backend, black_box(inputs), black_box(inputs), black_box(&mut *out)))
		});
		print_line(&format!("stage x25519, {backend}"), numbers);
		let numbers = SIZES.map(|size| {
			let (inputs, out) = (&inputs[..size], &mut out[..size]);
			measure(size, || (), |()| x25519_base(backend, black_box(inputs), black_box(&mut *out)))
		});
		print_line(&format!("stage x25519 of base, {backend}"), numbers);

		let mut unwrapper = BatchUnwrapper::new(backend);
		let sealed = |size: usize| to_forward[..size].iter().cloned().map(Unwrapping::from).collect::<Vec<_>>();
		let numbers = SIZES.map(|size| {
			measure(
				size,
				|| sealed(size),
				|mut batch| {
					unwrapper.open(&[&key], black_box(&mut batch));
					batch
				},
			)
		});
		print_line(&format!("stage open, {backend}"), numbers);
		let mut opener = BatchUnwrapper::new(backend);
		let numbers = SIZES.map(|size| {
			let opened = || {
				let mut batch = sealed(size);
				opener.open(&[&key], &mut batch);
				batch
			};
			measure(size, opened, |mut batch| {
				unwrapper.finish(black_box(&mut batch), |_| true);
				assert!(matches!(batch[0].action(), Ok(Action::Forward { .. })));
				batch
			})
		});
		print_line(&format!("stage finish, {backend}"), numbers);
	}
}
