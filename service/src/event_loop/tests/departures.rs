//! Who sees when a node's packets leave does not see what they are.
//!
//! A node runs in real time, with real timers and threads, at a mean period of 5 ms. All others are played by this test, which
//! knows their keys: after the run it follows each packet that left, and so finds out what it was. Then two things are asked
//! of each pair of kinds. Are the times within a millisecond distributed alike (Kolmogorov-Smirnov)? And how often is a
//! classifier right that has learned from half of the packets, by that time and by the time since the packet before?
//!
//! `MIXNET_DEPARTURES=10000` makes it 10,000 packets of each kind: `make soak` does that.

use super::*;
use crate::network::testing::Sent;
use mixnet_node_core::{request::Request, Config as CoreConfig, HandlingDelay, Packet, RequestConfig};
use rand_core::OsRng;
use std::{collections::BTreeMap, thread, time::Instant};

/// What a packet is. All but forwarded ones leave at ticks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
	Forwarded,
	Loop,
	DropCover,
	Request,
	Reply,
}

/// The node's ID among peers, and its user's. Mixnodes have those in between.
const NODE: u8 = 0;
const USER: u8 = 6;
/// When the others' time begins. They take none.
const START: Time = Time::from_duration(Duration::from_secs(1000));

fn secret(index: u8) -> KxSecret {
	KxSecret::from_bytes([index + 1; 32])
}

/// Everybody's peer ID: they must be keys.
fn peer_ids() -> Vec<PeerId> {
	(NODE..=USER).map(|_| PeerId(Keypair::generate().public().to_bytes())).collect()
}

/// A core of one of these nodes. Only the first `USER` are mixnodes, and the first one only if it `mixes`.
fn core(index: u8, peer_ids: &[PeerId], mixes: bool, config: CoreConfig) -> Mixnet<OsRng> {
	let mut core = Mixnet::new(config, peer_ids[usize::from(index)], OsRng, Some(secret(index))).expect("valid; qed");
	core.set_status(START, SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev });
	core.set_session(START, ChainSession::new(0, Ok(mixnodes(peer_ids, mixes))));
	for peer_id in peer_ids {
		core.peer_connected(START, *peer_id);
	}
	core
}

fn mixnodes(peer_ids: &[PeerId], mixes: bool) -> Vec<Mixnode> {
	(u8::from(!mixes)..USER)
		.map(|index| Mixnode {
			kx_public: secret(index).public(),
			peer_id: peer_ids[usize::from(index)],
			external_addresses: vec![b"/ip4/127.0.0.1/tcp/1".to_vec()],
		})
		.collect()
}

/// The others send at once, and nothing of their own if they are not asked for it.
fn of_others(hops: u8) -> CoreConfig {
	CoreConfig {
		parameters: Parameters {
			hops,
			mean_forwarding_delay_ms: 0,
			loop_cover_permille: 0,
			mixnode_queue_capacity: 1000,
			non_mixnode_queue_capacity: 1000,
			..Parameters::default()
		},
		gateways: 5,
		request: RequestConfig {
			capacity: 1_000_000,
			destinations: 1,
			attempts: 1,
			copies: 1,
			max_wait: Duration::ZERO,
		},
		surb_keystore_capacity: 1_000_000,
		..CoreConfig::default()
	}
}

/// The node's own: a period of 5 ms.
fn of_node() -> CoreConfig {
	CoreConfig {
		parameters: Parameters {
			hops: 3,
			mean_forwarding_delay_ms: 50,
			mean_extrinsic_delay_ms: 5,
			loop_cover_permille: 250,
			// Room for all that comes at once: nothing is to be posted when there is room again.
			mixnode_queue_capacity: 200,
			non_mixnode_queue_capacity: 400,
			mixnode_mean_period_ms: 5,
			non_mixnode_mean_period_ms: 5,
			..Parameters::default()
		},
		gateways: 3,
		request: RequestConfig {
			capacity: 100_000,
			destinations: 1,
			attempts: 1,
			copies: 2,
			max_wait: Duration::from_secs(5),
		},
		surb_keystore_capacity: 1_000_000,
		driver_builds: true,
		..CoreConfig::default()
	}
}

/// Packets that the node is to forward, and requests that it is to answer.
struct Inputs {
	to_forward: Vec<(PeerId, Packet)>,
	requests: Vec<(PeerId, Packet)>,
}

/// The others, who know all keys but the node's.
struct Others {
	peer_ids: Vec<PeerId>,
	cores: BTreeMap<PeerId, Mixnet<OsRng>>,
	now: Time,
}

impl Others {
	fn new(peer_ids: &[PeerId], mixes: bool) -> Self {
		let cores = (NODE + 1..USER).map(|index| {
			let config = CoreConfig { max_queued_requests: 1_000_000, ..of_others(3) };
			(peer_ids[usize::from(index)], core(index, peer_ids, mixes, config))
		});
		Self { peer_ids: peer_ids.to_vec(), cores: cores.collect(), now: START }
	}

	/// Has a mixnode handle a packet. Returns where it forwards it, or what it was if it ends there.
	fn handle(&mut self, at: PeerId, packet: Packet) -> Result<(PeerId, Packet), Kind> {
		let core = self.cores.get_mut(&at).expect("the node sends to mixnodes only");
		let before = core.statistics();
		self.now += Duration::from_micros(1);
		core.handle_packet(self.now, self.peer_ids[usize::from(NODE)], packet);
		// Its own packets may be due, too, and have to be built first.
		while core.poll_timeout().is_some_and(|at| at <= self.now) {
			core.handle_timeout(self.now);
			while let Some(sent) = core.poll_transmit() {
				if core.statistics().packets_forwarded > before.packets_forwarded {
					return Ok((sent.peer_id, sent.packet));
				}
			}
		}
		let after = core.statistics();
		while core.poll_event().is_some() {}
		match (
			after.drop_cover_delivered - before.drop_cover_delivered,
			after.requests_delivered - before.requests_delivered,
		) {
			(1, 0) => Err(Kind::DropCover),
			(0, 1) => Err(Kind::Request),
			_ => panic!("a packet that is neither: {after:?}"),
		}
	}

	/// Follows a packet that the node sent.
	fn kind(&mut self, to: PeerId, packet: Packet) -> Kind {
		let (mut to, mut packet) = (to, packet);
		for hops in 1.. {
			match self.handle(to, packet) {
				// Those that the node is to forward go one hop further, and its own go three.
				Err(Kind::DropCover) if hops == 1 => return Kind::Forwarded,
				Err(kind) => return kind,
				Ok((next, _)) if next == self.peer_ids[usize::from(NODE)] => return Kind::Loop,
				Ok((next, _)) if next == self.peer_ids[usize::from(USER)] => return Kind::Reply,
				Ok(next) => (to, packet) = next,
			}
		}
		unreachable!("no route is that long")
	}

	/// Makes as many packets of each sort.
	fn inputs(&mut self, num: usize) -> Inputs {
		let node = self.peer_ids[usize::from(NODE)];
		let mut to_forward = Vec::new();
		let from = self.peer_ids[1];
		let mut source = core(1, &self.peer_ids, true, of_others(2));
		while to_forward.len() < num {
			let at = source.poll_timeout().expect("a mixnode's clock ticks");
			source.handle_timeout(at);
			to_forward
				.extend(source.poll_transmit().filter(|sent| sent.peer_id == node).map(|sent| (from, sent.packet)));
		}
		let mut requests = Vec::new();
		let mut user = core(USER, &self.peer_ids, true, of_others(2));
		let mut now = START;
		while requests.len() < num {
			let request = Request::SubmitExtrinsic(text("please")).encode();
			while user.post_request(now, request.clone(), 2, HandlingDelay::Extrinsic).is_ok() {}
			let at = user.poll_timeout().expect("a user's clock ticks");
			now = now.max(at);
			user.handle_timeout(now);
			while let Some(sent) = user.poll_transmit() {
				// A user's gateways may be the node.
				if sent.peer_id != node {
					if let Ok((next, packet)) = self.handle(sent.peer_id, sent.packet) {
						requests.extend((next == node).then_some((sent.peer_id, packet)));
					}
				}
			}
			while user.poll_event().is_some() {}
		}
		Inputs { to_forward, requests }
	}
}

/// A node that runs on a thread of its own, and all that it sent.
async fn run(mixes: bool, wanted: usize) -> Vec<(Instant, Kind)> {
	let peer_ids = peer_ids();
	let mut others = Others::new(&peer_ids, mixes);
	// More than are needed.
	let inputs =
		if mixes { others.inputs(wanted * 3) } else { Inputs { to_forward: Vec::new(), requests: Vec::new() } };
	let names: Vec<_> = peer_ids.iter().map(|id| to_network_peer_id(id).expect("an Ed25519 key; qed")).collect();
	let own = names[usize::from(NODE)];
	let sinks = Sinks::default();
	let mut unread = Vec::new();
	let mut events = None;
	for name in &names {
		let (sender, receiver) = mpsc::unbounded_channel();
		sinks.lock().expect("no test panics while it holds this; qed").insert(*name, sender);
		match *name == own {
			true => events = Some(receiver),
			false => unread.push(receiver),
		}
	}
	let to_node = sinks.lock().expect("no test panics while it holds this; qed")[&own].clone();
	let sent = Sent::default();
	let notifications =
		Notifications::new(own, sinks, events.expect("the node is one of them; qed")).noting(sent.clone());
	let (handle, commands) = Handle::new(64);
	let (updates, receiver) = mpsc::channel(1);
	let config = Config { dialled: Reach::Any, core: of_node(), ..Config::new(true) };
	let update = Update {
		status: SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev },
		sessions: vec![ChainSession::new(0, Ok(mixnodes(&peer_ids, mixes)))],
	};
	updates.send(update).await.expect("the receiver is here; qed");
	let local = peer_ids[usize::from(NODE)];
	let hung_up = handle.hung_up();
	let (end, ended) = tokio::sync::oneshot::channel::<()>();
	let node = thread::spawn(move || {
		let network = Recorder::new(own);
		let (inbound_sender, inbound) = inbound::channel(Box::new(network.clone()), 150);
		let runtime =
			tokio::runtime::Builder::new_current_thread().enable_time().build().expect("it can be built; qed");
		runtime.block_on(async move {
			tokio::spawn(inbound_sender.run(Box::new(notifications)));
			let mut server = Server::default();
			server.add(ServeSubmissions::new(Pool::default()), config.submissions);
			let event_loop = EventLoop::new(EventLoopParts {
				core: Mixnet::new(config.core.clone(), local, OsRng, Some(secret(NODE))).expect("valid; qed"),
				config,
				server,
				peer_control: Arc::new(network),
				inbound,
				workers: Workers::start(NonZeroUsize::MIN).expect("there are threads; qed"),
				commands: Arc::new(tokio::sync::Mutex::new(commands)).lock_owned().await,
				gateways: Arc::new(tokio::sync::Mutex::default()).lock_owned().await,
				hung_up,
				updates: receiver,
				next_key: watch::channel(None).0,
				reachability: watch::channel(Default::default()).1,
				restarts: 0,
			});
			tokio::select! {
				ended = event_loop.run() => panic!("{ended}"),
				_ = ended => (),
			}
		});
	});
	for peer in names.iter().filter(|peer| **peer != own) {
		to_node.send(opened(*peer)).expect("it is alive; qed");
	}
	feed(&handle, &to_node, inputs, wanted, mixes).await;
	drop(end);
	node.join().expect("it has not panicked");
	let sent = std::mem::take(&mut *sent.lock().expect("no test panics while it holds this; qed"));
	let departure = |(at, to, packet): (Instant, NetworkPeerId, Vec<u8>)| {
		let to = to_mixnet_peer_id(&to).expect("an Ed25519 key; qed");
		(at, others.kind(to, Packet::try_from(&packet[..]).expect("it has the size; qed")))
	};
	sent.into_iter().map(departure).collect()
}

/// Gives the node packets and requests, long enough for so many packets of each kind.
///
/// Requests and replies wait for one of two seconds, and there are none for the other one. If one of them came now and then, the packet after
/// a long gap would be it more often, since more comes in longer times: that is no matter of how long the node works.
async fn feed(
	handle: &Handle,
	to_node: &mpsc::UnboundedSender<NotificationEvent>,
	inputs: Inputs,
	wanted: usize,
	mixes: bool,
) {
	let mut rng = ChaCha20Rng::seed_from_u64(0);
	let Inputs { mut to_forward, mut requests } = inputs;
	let mut asked = tokio::task::JoinSet::new();
	let arrive = |from: PeerId, packet: Packet| {
		let peer = to_network_peer_id(&from).expect("an Ed25519 key; qed");
		let received = NotificationEvent::NotificationReceived { peer, notification: packet.as_bytes().to_vec() };
		to_node.send(received).expect("it is alive; qed");
	};
	let mut milliseconds = tokio::time::interval(Duration::from_millis(1));
	for millisecond in 0..1000 + wanted * 1000 / 30 {
		milliseconds.tick().await;
		if millisecond % 2000 == 0 {
			// One of them leads to two packets, of a reply or of ours. There are 150 ticks a second for drop cover, of which a mixnode
			// gives half to each.
			for _ in 0..if mixes { 37 } else { 75 } {
				let handle = handle.clone();
				asked.spawn(async move { drop(handle.ask(SubmitExtrinsic(text("hello"))).await) });
				requests.pop().into_iter().for_each(|(from, packet)| arrive(from, packet));
			}
		}
		if rng.next_u32() % 1000 < 50 {
			to_forward.pop().into_iter().for_each(|(from, packet)| arrive(from, packet));
		}
	}
}

/// What somebody sees of a packet: the time within the millisecond, and since the packet before, both in nanoseconds.
type Seen = (u64, u64);

/// What is seen of the packets of each kind.
fn seen(departures: &[(Instant, Kind)]) -> BTreeMap<Kind, Vec<Seen>> {
	let start = departures.first().expect("packets have left").0;
	let nanos = |from: Instant, to: Instant| to.duration_since(from).as_nanos() as u64;
	let mut of_kinds: BTreeMap<_, Vec<_>> = BTreeMap::new();
	for pair in departures.windows(2) {
		let [(before, _), (at, kind)] = *pair else { unreachable!("windows of two; qed") };
		of_kinds.entry(kind).or_default().push((nanos(start, at) % 1_000_000, nanos(before, at)));
	}
	of_kinds
}

/// The largest difference between the distributions of the times within the millisecond, in units of what it would exceed by
/// chance once in 100,000 times (Kolmogorov-Smirnov).
fn kolmogorov_smirnov(a: &[Seen], b: &[Seen]) -> f64 {
	let sorted = |of: &[Seen]| {
		let mut times: Vec<_> = of.iter().map(|(phase, _)| *phase).collect();
		times.sort_unstable();
		times
	};
	let (a, b) = (sorted(a), sorted(b));
	let (n, m) = (a.len() as f64, b.len() as f64);
	let up_to = |of: &[u64], time: u64| of.partition_point(|at| *at <= time) as f64;
	let largest =
		a.iter().chain(&b).map(|time| (up_to(&a, *time) / n - up_to(&b, *time) / m).abs()).fold(0.0, f64::max);
	let limit = (-(1e-5_f64 / 2.0).ln() / 2.0).sqrt() * ((n + m) / (n * m)).sqrt();
	largest / limit
}

/// How often a classifier tells two kinds apart, and the standard deviation of that. It knows how often each combination of
/// times has occurred among half of the packets, and is asked for the others.
fn accuracy(a: &[Seen], b: &[Seen]) -> (f64, f64) {
	let num = a.len().min(b.len());
	let bin = |(phase, gap): &Seen| (phase / 50_000, (gap / 1000).max(1).ilog2());
	let half = |of: &[Seen], odd: usize| of[..num].iter().skip(odd).step_by(2).map(bin).collect::<Vec<_>>();
	let mut learned: BTreeMap<_, i64> = BTreeMap::new();
	half(a, 0).into_iter().for_each(|bin| *learned.entry(bin).or_default() += 1);
	half(b, 0).into_iter().for_each(|bin| *learned.entry(bin).or_default() -= 1);
	// Where it does not know, it is right half of the time.
	let right = |bins: Vec<_>, sign: i64| -> f64 {
		let score = |bin| (1 + sign * learned.get(&bin).copied().unwrap_or_default().signum()) as f64 / 2.0;
		bins.into_iter().map(score).sum()
	};
	let asked = (num / 2 * 2) as f64;
	((right(half(a, 1), 1) + right(half(b, 1), -1)) / asked, 0.5 / asked.sqrt())
}

#[tokio::test]
async fn kinds_of_packets_cannot_be_told_by_when_they_leave() {
	let wanted = std::env::var("MIXNET_DEPARTURES").map_or(300, |num| num.parse().expect("a number"));
	for mixes in [true, false] {
		let departures = run(mixes, wanted).await;
		let of_kinds = seen(&departures);
		let role = if mixes { "mixnode" } else { "user" };
		for (kind, seen) in &of_kinds {
			println!("{role}, {kind:?}: {} packets", seen.len());
			assert!(seen.len() >= wanted / 2, "{kind:?}: too few packets");
		}
		assert_eq!(of_kinds.len(), if mixes { 5 } else { 3 });
		for (one, a) in &of_kinds {
			for (other, b) in of_kinds.range((std::ops::Bound::Excluded(one), std::ops::Bound::Unbounded)) {
				let (a, b) = (&a[..wanted.min(a.len())], &b[..wanted.min(b.len())]);
				let (ks, (accuracy, deviation)) = (kolmogorov_smirnov(a, b), accuracy(a, b));
				println!(
					"{role}, {one:?} or {other:?}: Kolmogorov-Smirnov {ks:.2} of the limit; right for {accuracy:.4} +- {:.4}",
					1.96 * deviation
				);
				assert!(ks < 1.0, "{one:?} and {other:?} leave at other times");
				assert!(accuracy - 3.0 * deviation <= 0.52, "{one:?} and {other:?} can be told apart");
			}
		}
	}
}

#[test]
fn the_classifier_finds_out_what_is_built_at_its_tick() {
	let mut rng = ChaCha20Rng::seed_from_u64(1);
	// Timers fire on the millisecond and are late by up to 100 us. Every fourth packet takes this much longer.
	let mut told_apart = |late: u64| {
		let mut times = Vec::new();
		let mut now = 0;
		for number in 0..4000 {
			now += 1_000_000 * u64::from(1 + rng.next_u32() % 10);
			let kind = if number % 4 == 0 { Kind::DropCover } else { Kind::Request };
			times.push((now + u64::from(rng.next_u32() % 100_000) + if number % 4 == 0 { late } else { 0 }, kind));
		}
		let start = Instant::now();
		let departures: Vec<_> = times.iter().map(|(at, kind)| (start + Duration::from_nanos(*at), *kind)).collect();
		let of_kinds = seen(&departures);
		let (a, b) = (&of_kinds[&Kind::DropCover], &of_kinds[&Kind::Request]);
		(kolmogorov_smirnov(a, b), accuracy(a, b).0)
	};
	let (ks, right) = told_apart(0);
	assert!(ks < 1.0 && right < 0.58, "{ks}, {right}");
	let (ks, right) = told_apart(100_000);
	assert!(ks > 2.0 && right > 0.9, "{ks}, {right}");
}
