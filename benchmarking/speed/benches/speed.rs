//! All measurements of time, ours and others' in turn.
//!
//! A repetition measures everything once with criterion, each for a short time. The machine's speed and its other work
//! change from minute to minute. So two times that are compared are measured within seconds of each other, and ratios are
//! taken within a repetition. The environment variable `REPETITIONS` sets the number of repetitions (3).
//!
//! A group of criterion's is a work. A function is an implementation and the size of its batches, separated by a slash. The
//! parameter is the repetition.

use criterion::{measurement::WallTime, Bencher, BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use curve25519_dalek::MontgomeryPoint;
use mixnet_node_core::{
	replay::ReplayTag,
	sphinx::{Backend, Scratch},
	KxSecret, Packet,
};
use mixnet_speed::{
	ours, peer, queues, rng,
	sphinx_packet::{self, Theirs},
	stages::{self, Inputs, STAGES},
};
use rand_chacha::{rand_core::RngCore, ChaChaRng};
use std::{
	hint::black_box,
	mem,
	sync::Barrier,
	thread,
	time::{Duration, Instant},
};
use x25519_batch::{x25519, x25519_base};

/// How many new packets a node gets before it is replaced by one with an empty replay filter.
const POOL: usize = 4096;
/// The sizes of batches whose speed is plotted.
const SIZES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
/// How many tags the replay filters have whose checks are measured.
const FILLS: [usize; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// How many packets wait in a queue.
const WAITING: usize = 1_000_000;
const QUEUES: [&str; 2] = ["forward", "authored"];

fn main() {
	let repetitions = std::env::var("REPETITIONS").map_or(3, |number| number.parse().expect("a number of repetitions"));
	let mut criterion = Criterion::default().without_plots().configure_from_args();
	let pool = ours::packets_to_forward(POOL);
	let mut inputs = Inputs::new();
	for repetition in 0..repetitions {
		let mut run = Run { criterion: &mut criterion, repetition };
		run.x25519();
		run.forward(&pool);
		run.threads(&pool);
		run.refuse(&pool);
		run.cover();
		run.send_cover();
		run.sphinx_packet();
		run.stages(&mut inputs);
	}
	drop(inputs);
	filter_checks(&mut criterion, repetitions);
	for queue in QUEUES {
		turn_queue(&mut criterion, repetitions, queue);
	}
	criterion.final_summary();
}

/// One repetition.
struct Run<'c> {
	criterion: &'c mut Criterion,
	repetition: usize,
}

impl Run<'_> {
	fn group(&mut self, work: &str, measure: impl FnOnce(&mut Group)) {
		let group = self.criterion.benchmark_group(work);
		let mut group = Group { group, repetition: self.repetition };
		measure(&mut group);
		group.group.finish();
	}

	/// Multiplications on the curve, alone.
	fn x25519(&mut self) {
		// What is multiplied makes no difference to the time.
		let (mut rng, mut inputs) = (rng(6), [[0; 32]; 32]);
		inputs.iter_mut().for_each(|input| rng.fill_bytes(input));
		for size in [1, 32] {
			let inputs = &inputs[..size];
			self.group("x25519", |group| {
				group.each("curve25519-dalek", size, || {
					for input in black_box(inputs) {
						black_box(MontgomeryPoint(*input).mul_clamped(*input));
					}
				});
				for backend in Backend::available() {
					let mut out = [[0; 32]; 32];
					let out = &mut out[..size];
					group.each(backend.name(), size, || x25519(backend, black_box(inputs), inputs, black_box(out)));
				}
			});
			self.group("x25519_base", |group| {
				group.each("curve25519-dalek", size, || {
					for input in black_box(inputs) {
						black_box(MontgomeryPoint::mul_base_clamped(*input));
					}
				});
				for backend in Backend::available() {
					let mut out = [[0; 32]; 32];
					let out = &mut out[..size];
					group.each(backend.name(), size, || x25519_base(backend, black_box(inputs), black_box(out)));
				}
			});
		}
	}

	/// Unwrapping new packets, and putting them into the forward queue.
	fn forward(&mut self, pool: &[Packet]) {
		self.group("forward", |group| {
			for (i, size) in SIZES.into_iter().enumerate() {
				for backend in Backend::available() {
					group.timed(backend.name(), size, |turns| forward(backend, size, pool, turns));
				}
				// The peer is measured between ours.
				if i == SIZES.len() / 2 {
					group.timed("mixnet", 1, |turns| forward_by_peer(pool, turns));
				}
			}
		});
	}

	/// Unwrapping with one thread and with two, each with its own batches.
	fn threads(&mut self, pool: &[Packet]) {
		const SIZE: usize = 32;
		self.group("threads", |group| {
			for backend in [Backend::best(), Backend::Portable] {
				for threads in [1, 2] {
					group.group.throughput(Throughput::Elements((SIZE * threads) as u64));
					let id = format!("{backend}/{threads}");
					group.bench(&id, |b| b.iter_custom(|turns| unwrap_in_threads(backend, threads, SIZE, pool, turns)));
				}
			}
		});
	}

	/// Refusing packets that were forwarded before, and packets that fit neither of two keys.
	fn refuse(&mut self, pool: &[Packet]) {
		let packets = &pool[..64];
		self.group("replay", |group| {
			group.timed("mixnet", 1, |turns| {
				let mut node = peer::node();
				packets.iter().for_each(|packet| assert!(node.handle_packet(packet.as_bytes()).is_none()));
				handle_by_peer(node, packets, turns)
			});
			for backend in Backend::available() {
				for size in [1, 32] {
					group.timed(backend.name(), size, |turns| {
						let mut node = ours::node(backend);
						ours::handle(&mut node, ours::received(packets));
						handle_again(node, size, packets, turns)
					});
				}
			}
		});
		let packets = ours::bad_packets(64);
		self.group("bad", |group| {
			group.timed("mixnet", 1, |turns| handle_by_peer(peer::node_in_two_sessions(), &packets, turns));
			for backend in Backend::available() {
				for size in [1, 32] {
					group.timed(backend.name(), size, |turns| {
						handle_again(ours::node_in_two_sessions(backend), size, &packets, turns)
					});
				}
			}
		});
	}

	/// Building cover packets over six hops.
	fn cover(&mut self) {
		let route = ours::route(mixnet_speed::HOPS);
		let mut node = peer::node();
		self.group("cover", |group| {
			for backend in Backend::available() {
				for size in [1, 32] {
					let mut rng = rng(7);
					group.each(backend.name(), size, || {
						black_box(ours::build_cover(backend, &mut rng, black_box(&route), size));
					});
				}
				if backend == Backend::best() {
					group.each("mixnet", 1, || {
						black_box(peer::build_cover(&mut node));
					});
				}
			}
		});
	}

	/// Building and sending a cover packet, as a node does at a tick of its clock.
	fn send_cover(&mut self) {
		let mut theirs = peer::node();
		self.group("send_cover", |group| {
			group.each("mixnet", 1, || {
				black_box(peer::build_cover(&mut theirs));
			});
			for backend in Backend::available() {
				let mut node = ours::node_with_drop_cover(backend);
				group.each(backend.name(), 1, || {
					black_box(ours::send_cover(&mut node));
				});
			}
		});
	}

	/// Unwrapping and building beside `sphinx-packet`: five hops, without a node.
	fn sphinx_packet(&mut self) {
		let theirs = Theirs::new();
		let (secret, packets) = (ours::secret(0), sphinx_packet::our_packets(32));
		self.group("unwrap_5", |group| {
			group.timed("sphinx-packet", 1, |turns| {
				let bytes = theirs.build().to_bytes();
				let packet = || ::sphinx_packet::SphinxPacket::from_bytes(&bytes).expect("it was made so");
				sum(turns, || {
					let packet = packet();
					time(|| theirs.unwrap(packet))
				})
			});
			for backend in Backend::available() {
				for size in [1, 32] {
					group.timed(backend.name(), size, |turns| unwrap_alone(backend, &secret, &packets[..size], turns));
				}
			}
		});
		let route = ours::route(sphinx_packet::HOPS);
		self.group("build_5", |group| {
			group.each("sphinx-packet", 1, || {
				black_box(theirs.build());
			});
			for backend in Backend::available() {
				for size in [1, 32] {
					let mut rng = rng(8);
					group.each(backend.name(), size, || {
						black_box(sphinx_packet::build_ours(backend, &mut rng, black_box(&route), size));
					});
				}
			}
		});
	}

	/// The stages of unwrapping, without the multiplications.
	fn stages(&mut self, inputs: &mut Inputs) {
		self.group("stage", |group| {
			for (name, stage) in STAGES {
				group.timed(name, stages::BATCH, |turns| sum(turns, || stage(inputs)));
			}
		});
	}
}

/// The measurements of a work in one repetition.
struct Group<'c> {
	group: BenchmarkGroup<'c, WallTime>,
	repetition: usize,
}

impl Group<'_> {
	fn bench(&mut self, id: &str, measure: impl FnMut(&mut Bencher)) {
		self.group.bench_function(BenchmarkId::new(id, self.repetition), measure);
	}

	/// Measures `turn`, in which `who` handles `size` packets at once.
	fn each(&mut self, who: &str, size: usize, mut turn: impl FnMut()) {
		self.group.throughput(Throughput::Elements(size as u64));
		self.bench(&format!("{who}/{size}"), |b| b.iter(&mut turn));
	}

	/// Like [`each`](Self::each), but `turns` measures by itself: it returns how long so many turns took.
	fn timed(&mut self, who: &str, size: usize, mut turns: impl FnMut(u64) -> Duration) {
		self.group.throughput(Throughput::Elements(size as u64));
		self.bench(&format!("{who}/{size}"), |b| b.iter_custom(&mut turns));
	}
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
	let start = Instant::now();
	black_box(work());
	start.elapsed()
}

fn sum(turns: u64, turn: impl FnMut() -> Duration) -> Duration {
	std::iter::repeat_with(turn).take(turns as usize).sum()
}

fn forward(backend: Backend, size: usize, pool: &[Packet], turns: u64) -> Duration {
	let (mut node, mut new) = (ours::node(backend), pool.chunks_exact(size));
	sum(turns, || {
		let packets = new.next().unwrap_or_else(|| {
			node = ours::node(backend);
			new = pool.chunks_exact(size);
			new.next().expect("the pool is larger than a batch; qed")
		});
		let packets = ours::received(packets);
		time(|| ours::handle(&mut node, packets))
	})
}

fn forward_by_peer(pool: &[Packet], turns: u64) -> Duration {
	let (mut node, mut new) = (peer::node(), pool.iter());
	sum(turns, || {
		let packet = new.next().unwrap_or_else(|| {
			node = peer::node();
			new = pool.iter();
			new.next().expect("the pool is not empty; qed")
		});
		time(|| node.handle_packet(packet.as_bytes()))
	})
}

/// Gives the node batches of packets that it refuses, again and again.
fn handle_again(mut node: ours::Node, size: usize, packets: &[Packet], turns: u64) -> Duration {
	let mut again = packets.chunks_exact(size).cycle();
	let before = node.statistics().packets_accepted_to_forward;
	let time = sum(turns, || {
		let packets = ours::received(again.next().expect("there are more packets than in a batch; qed"));
		time(|| ours::handle(&mut node, packets))
	});
	assert_eq!(node.statistics().packets_accepted_to_forward, before);
	time
}

fn handle_by_peer(mut node: peer::Node, packets: &[Packet], turns: u64) -> Duration {
	let mut again = packets.iter().cycle();
	sum(turns, || {
		let packet = again.next().expect("there are packets; qed");
		time(|| node.handle_packet(packet.as_bytes()))
	})
}

/// The time from when the first thread begins until the last one ends.
fn unwrap_in_threads(backend: Backend, threads: usize, size: usize, pool: &[Packet], turns: u64) -> Duration {
	let node = ours::node(backend);
	let all_ready = Barrier::new(threads);
	let work = |pool: &[Packet]| {
		let unwrapper = node.unwrapper();
		let mut scratch = Scratch::new();
		let mut packets = pool.chunks_exact(size).cycle();
		all_ready.wait();
		let start = Instant::now();
		for _ in 0..turns {
			// The time includes copying the packets, which is a small part.
			let packets = ours::received(packets.next().expect("the pool is larger than a batch; qed"));
			let mut batch = unwrapper.open(&mut scratch, packets);
			batch.set_wanted(|| true);
			unwrapper.finish(&mut scratch, &mut batch);
			black_box(&batch);
		}
		(start, Instant::now())
	};
	let work = &work;
	let times: Vec<_> = thread::scope(|scope| {
		let pools = pool.chunks(pool.len() / threads).take(threads);
		let threads: Vec<_> = pools.map(|pool| scope.spawn(move || work(pool))).collect();
		threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
	});
	let start = times.iter().map(|(start, _)| *start).min();
	let end = times.iter().map(|(_, end)| *end).max();
	end.zip(start).map_or(Duration::ZERO, |(end, start)| end - start)
}

fn unwrap_alone(backend: Backend, secret: &KxSecret, packets: &[Packet], turns: u64) -> Duration {
	let mut scratch = Scratch::new();
	sum(turns, || {
		let packets = packets.to_vec();
		time(|| sphinx_packet::unwrap_ours(backend, &mut scratch, secret, packets))
	})
}

/// Checks of tags that are not in the filter, as those of most packets are not.
fn filter_checks(criterion: &mut Criterion, repetitions: usize) {
	const TAGS: usize = 10_000;
	let mut rng = rng(9);
	for fill in FILLS {
		let filter = stages::filled_filter(&mut rng, fill);
		for repetition in 0..repetitions {
			let mut group = Group { group: criterion.benchmark_group("filter_check"), repetition };
			let mut tags = Tags::new(&mut rng);
			group.timed(&fill.to_string(), TAGS, |turns| {
				sum(turns, || {
					let tags = tags.next(TAGS);
					time(|| tags.iter().filter(|tag| filter.check(**tag).is_err()).count())
				})
			});
			group.group.finish();
		}
	}
}

/// A source of new tags, which are made before the time is measured.
struct Tags<'r> {
	rng: &'r mut ChaChaRng,
	tags: Vec<ReplayTag>,
}

impl<'r> Tags<'r> {
	fn new(rng: &'r mut ChaChaRng) -> Self {
		Self { rng, tags: Vec::new() }
	}

	fn next(&mut self, number: usize) -> &[ReplayTag] {
		let mut tags = mem::take(&mut self.tags);
		tags.clear();
		tags.extend((0..number).map(|_| ReplayTag::from_bits(self.rng.next_u64())));
		self.tags = tags;
		&self.tags
	}
}

/// A pop and a push of a queue.
fn turn_queue(criterion: &mut Criterion, repetitions: usize, name: &str) {
	/// How many packets are measured at a time, so that the clock is read seldom.
	const PACKETS: usize = 1000;
	let mut turn: Box<dyn FnMut(u64) -> Duration> = if name == QUEUES[0] {
		let mut queue = queues::Forward::with_packets(WAITING);
		Box::new(move |packets| queue.turn(packets))
	} else {
		let mut queue = queues::Authored::with_packets(WAITING);
		Box::new(move |packets| queue.turn(packets))
	};
	for repetition in 0..repetitions {
		let mut group = Group { group: criterion.benchmark_group("queue"), repetition };
		group.timed(name, PACKETS, |turns| sum(turns, || turn(PACKETS as u64)));
		group.group.finish();
	}
}
