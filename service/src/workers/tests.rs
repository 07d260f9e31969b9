use super::*;
use mixnet_node_core::{
	AddressedPacket, ChainSession, Config, DropReason, KxSecret, Mixnet, Mixnode, SessionPhase, SessionStatus, Time,
	MAX_BATCH, PACKET_SIZE,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use std::time::Duration;

const MIXNODES: u8 = 3;

fn secret(mixnode: u8) -> KxSecret {
	KxSecret::from_bytes([mixnode + 1; 32])
}

/// Mixnode 0 of session 0, always in the same state.
fn mixnode() -> Mixnet<ChaCha20Rng> {
	node(0, Config::default())
}

fn node(mixnode: u8, config: Config) -> Mixnet<ChaCha20Rng> {
	let rng = ChaCha20Rng::seed_from_u64(mixnode.into());
	let mut core = Mixnet::new(config, PeerId([mixnode; 32]), rng, Some(secret(mixnode))).expect("valid; qed");
	core.set_status(Time::ZERO, SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev });
	let mixnodes = (0..MIXNODES).map(|mixnode| Mixnode {
		kx_public: secret(mixnode).public(),
		peer_id: PeerId([mixnode; 32]),
		external_addresses: Vec::new(),
	});
	core.set_session(Time::ZERO, ChainSession::new(0, Ok(mixnodes.collect())));
	core
}

/// Cover that mixnode 1 sends to mixnode 0 over so many hops. With one hop it ends there, with two it is forwarded.
fn cover(hops: u8) -> impl Iterator<Item = Packet> {
	let mut config = Config::default();
	(config.parameters.hops, config.parameters.loop_cover_permille) = (hops, 0);
	let mut core = node(1, config);
	std::iter::from_fn(move || {
		let at = core.poll_timeout().expect("a mixnode's clock ticks");
		core.handle_timeout(at);
		Some(core.poll_transmit())
	})
	.flatten()
	.filter(|packet| packet.peer_id == PeerId([0; 32]))
	.map(|packet| packet.packet)
}

/// Packets to be forwarded, copies of earlier ones, cover that ends here, and noise.
fn packets(count: usize) -> Vec<(PeerId, Packet)> {
	let mut rng = ChaCha20Rng::seed_from_u64(1);
	let (mut forwarded, mut delivered) = (cover(2), cover(1));
	let mut packets = Vec::<(PeerId, Packet)>::new();
	for number in 0..count {
		let packet = match number % 5 {
			0 | 1 => forwarded.next().expect("cover without end"),
			2 => delivered.next().expect("cover without end"),
			3 => packets[rng.next_u32() as usize % packets.len()].1.clone(),
			_ => {
				let mut noise = [0; PACKET_SIZE];
				rng.fill_bytes(&mut noise);
				Packet::try_from(&noise[..]).expect("it has the size; qed")
			},
		};
		packets.push((PeerId([9; 32]), packet));
	}
	packets
}

/// Gives the batches to the threads as fast as there is room, and accepts the packets that come back.
async fn handle(core: &mut Mixnet<ChaCha20Rng>, workers: &mut Workers, batches: Vec<Vec<(PeerId, Packet)>>) {
	let mut batches = batches.into_iter();
	let mut left = batches.len();
	while left > 0 {
		while workers.has_room() {
			let Some(batch) = batches.next() else { break };
			workers.open(core.unwrapper(), batch).expect("no thread has died");
		}
		if let Ready::Opened(mut opened) = workers.next().await.expect("no thread has died") {
			core.judge_batch(&mut opened.packets);
			workers.finish(opened).expect("no thread has died");
		}
		while let Some(packets) = workers.pop() {
			left -= 1;
			core.accept(Time::ZERO, packets);
		}
	}
}

/// The packets that are sent within a minute.
fn sent(core: &mut Mixnet<ChaCha20Rng>) -> Vec<AddressedPacket> {
	let mut sent = Vec::new();
	for second in 0..60 {
		core.handle_timeout(Time::from_duration(Duration::from_secs(second)));
		while let Some(packet) = core.poll_transmit() {
			sent.push(packet);
		}
	}
	sent
}

#[tokio::test]
async fn many_threads_do_the_same_as_one_in_the_same_order() {
	let packets = packets(1000);
	let mut alone = mixnode();
	alone.handle_packets(Time::ZERO, packets.clone());

	for (threads, size) in [(1, 1), (1, MAX_BATCH), (2, 7), (3, MAX_BATCH), (4, 30)] {
		let mut core = mixnode();
		let mut workers =
			Workers::start(NonZeroUsize::new(threads).expect("not zero; qed")).expect("there are threads");
		let batches = packets.chunks(size).map(<[_]>::to_vec).collect();
		handle(&mut core, &mut workers, batches).await;
		assert_eq!(core.statistics(), alone.statistics(), "{threads} threads, batches of {size}");
		assert!(core.statistics().dropped(DropReason::Replayed) > 0);
		let mut other = mixnode();
		other.handle_packets(Time::ZERO, packets.clone());
		assert_eq!(sent(&mut core), sent(&mut other), "{threads} threads, batches of {size}");
	}
}

#[tokio::test]
async fn each_thread_has_two_batches_and_a_late_one_holds_up_the_others() {
	let mut workers = Workers::start(NonZeroUsize::new(2).expect("not zero; qed")).expect("there are threads");
	let core = mixnode();
	for packet in packets(2 * MAX_UNDER_WAY) {
		assert!(workers.has_room());
		workers.open(core.unwrapper(), vec![packet]).expect("no thread has died");
	}
	assert!(!workers.has_room());

	// All but the first go on.
	let mut first = None;
	for _ in 0..2 * MAX_UNDER_WAY {
		let Ok(Ready::Opened(opened)) = workers.next().await else { panic!("none was given back to be finished") };
		if opened.number == 0 {
			first = Some(opened);
		} else {
			workers.finish(opened).expect("no thread has died");
		}
	}
	assert!(workers.pop().is_none());
	assert!(!workers.has_room(), "packets that wait for others are in memory, too");

	workers.finish(first.expect("the first was opened, too")).expect("no thread has died");
	for _ in 0..2 * MAX_UNDER_WAY {
		assert_eq!(workers.pop().map(|packets| packets.len()), Some(1));
	}
	assert!(workers.pop().is_none() && workers.has_room());
}

#[tokio::test]
async fn what_is_built_comes_back_beside_batches() {
	let mut workers = Workers::start(NonZeroUsize::MIN).expect("there are threads");
	let mut core = node(0, Config { driver_builds: true, ..Config::default() });
	let build = core.poll_build().expect("a mixnode wants cover at once");
	workers.open(core.unwrapper(), packets(1)).expect("no thread has died");
	workers.build(build).expect("no thread has died");
	assert!(core.poll_build().is_none(), "one thing at a time");
	let (mut opened, mut is_built) = (false, false);
	while !(opened && is_built) {
		match workers.next().await.expect("no thread has died") {
			Ready::Opened(_) => opened = true,
			Ready::Finished => panic!("none was given back to be finished"),
			Ready::Built(built) => {
				core.accept_built(Time::ZERO, built);
				is_built = true;
			},
		}
	}
	assert!(core.poll_build().is_some(), "there is room for more");
}

/// Otherwise the event loop would wait for ever, and the node would live on without mixing.
#[tokio::test]
async fn a_thread_that_panics_says_so() {
	crate::unwinding::testing::use_the_sdks_hook_if_told();
	let mut core = node(0, Config { driver_builds: true, ..Config::default() });
	let panicking = || {
		let (done_sender, done) = mpsc::channel(1);
		let (jobs, receiver) = sync_channel::<Job>(1);
		let thread = thread::spawn(move || work(receiver.into_iter().map(|_| panic!("on purpose")), &done_sender));
		let worker = Worker { jobs: jobs.clone(), batches: 0 };
		(Workers { workers: vec![worker], builder: jobs, done, batches: VecDeque::new(), first: 0 }, thread)
	};

	let (mut workers, thread) = panicking();
	workers.open(core.unwrapper(), packets(1)).expect("the thread lives");
	assert_eq!(workers.next().await.err(), Some(WorkerDied));
	assert!(thread.join().is_err());
	assert_eq!(workers.open(core.unwrapper(), packets(1)), Err(WorkerDied));

	let (mut workers, thread) = panicking();
	workers.build(core.poll_build().expect("a mixnode wants cover at once")).expect("the thread lives");
	assert_eq!(workers.next().await.err(), Some(WorkerDied));
	assert!(thread.join().is_err());
}
