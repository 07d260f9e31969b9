//! Each live session runs with the parameters that the chain has for it.
//!
//! One node alone, in virtual time: in session 1 with [`default_parameters`], in session 2 with [`OTHERS`]. What it sends
//! is compared with the Poisson law, as in `phases.rs`.

use mixnet_node_core::{
	message::split,
	request::extrinsic_delay,
	sphinx::{build_cover, build_request, build_surb, Action, Hop, Opened, SurbId, Target, PAYLOAD_DATA_SIZE},
	DropReason, Event, HandlingDelay, KxPublic, MessageId, Mixnet, MixnodeIndex, Packet, Parameters, PeerId, PostError,
	RelativeSession, ReplyError, ReplyTo, SessionIndex, SessionPhase, Time,
};
use mixnet_simulation::{
	alone::{
		default_parameters, node_with_parameters, others,
		rates::{assert_poisson, assert_proportion, run},
		secrets, session_of,
	},
	ours, rng,
};
use rand_chacha::ChaChaRng;
use std::time::Duration;
use RelativeSession::{Current, Previous};
use SessionPhase::{CoverToCurrent, DisconnectFromPrev, RequestsToCurrent};

/// Each value differs from the default, and from its double, which periods have at half rate.
const OTHERS: Parameters = Parameters {
	hops: 4,
	min_mixnodes: 2,
	mean_forwarding_delay_ms: 300,
	mean_extrinsic_delay_ms: 70,
	mixnode_mean_period_ms: 60,
	non_mixnode_mean_period_ms: 1_700,
	loop_cover_permille: 600,
	forward_queue_capacity: 1_100,
	mixnode_queue_capacity: 30,
	non_mixnode_queue_capacity: 11,
	max_fragments_per_message: 7,
	reply_cooldown_ms: 2_000,
};

/// The peer that packets come from.
const PEER: PeerId = PeerId([0xee; 32]);

fn hop(index: u16, kx_public: KxPublic) -> Hop {
	Hop { target: Target::Mixnode(MixnodeIndex::new(index).unwrap()), kx_public }
}

/// A node in sessions 1 and 2, which have different parameters. It is a mixnode of both, or of neither.
struct Node {
	mixnet: Mixnet<ChaChaRng>,
	now: Time,
	keys: [KxPublic; 3],
}

impl Node {
	fn new(seed: u64, is_mixnode: bool, phase: SessionPhase) -> Self {
		let (mut mixnet, now, keys) = node_with_parameters(seed, is_mixnode, phase, [None, None, Some(OTHERS)]);
		while mixnet.poll_event().is_some() {}
		Self { mixnet, now, keys }
	}

	fn set_phase(&mut self, current_index: SessionIndex, phase: SessionPhase) {
		ours::set_status(&mut self.mixnet, self.now, current_index, phase);
	}

	/// A cover packet that the node is to forward to mixnode 0 of this session, and its delay in mean delays.
	fn to_forward(&self, session: u32, seed: u64) -> (Packet, f64) {
		let route = [hop(9, self.keys[session as usize]), hop(0, secrets(session)[0].public())];
		let built = build_cover(&mut rng(seed), &route, None).unwrap();
		(built.packet, built.delay)
	}

	/// Gives the node a request of this many fragments. Returns what to reply to, if it was taken.
	fn ask(&mut self, session: u32, message_id: MessageId, fragments: usize) -> Result<ReplyTo, DropReason> {
		let data = vec![7; fragments * 2025];
		for plan in split(message_id, &data, 0, usize::MAX).unwrap() {
			let mut payload = [0; PAYLOAD_DATA_SIZE];
			plan.write(&mut payload, &data, &[]).unwrap();
			let hops = [hop(9, self.keys[session as usize])];
			let packet = build_request(&mut rng(self.mixnet.statistics().packets_received), &hops, &payload).unwrap();
			if let Some(reason) = self.mixnet.handle_packet(self.now, PEER, packet.packet) {
				return Err(reason);
			}
		}
		let mut events = std::iter::from_fn(|| self.mixnet.poll_event());
		let request = events.find_map(|event| match event {
			Event::Request { reply_to, .. } => Some(reply_to),
			_ => None,
		});
		Ok(request.expect("nothing was dropped; qed"))
	}
}

/// How many hops a packet makes until it ends, or comes to the node itself.
fn hops(peer_id: PeerId, mut packet: Packet) -> usize {
	let session = session_of(peer_id);
	let mut at = usize::from(peer_id.0[0] % 10) - 1;
	for hops in 1.. {
		let opened = Opened::open(&secrets(session)[at], &packet).unwrap();
		match *opened.action() {
			Action::Forward { target: Target::Mixnode(next), .. } if next.get() < 9 => {
				packet = opened.forward(packet);
				at = usize::from(next.get());
			},
			// To the node itself: by its index, or by its peer ID.
			Action::Forward { .. } => return hops + 1,
			_ => return hops,
		}
	}
	unreachable!("a packet has few hops; qed")
}

#[test]
fn each_session_has_rates_and_loop_cover_of_its_own() {
	for (is_mixnode, periods) in [(true, [100, 60]), (false, [1_000, 1_700u64])] {
		let mut node = Node::new(10 + u64::from(is_mixnode), is_mixnode, RequestsToCurrent);
		let time = Duration::from_millis(2_000 * periods[0]);
		let sent = run(&mut node.mixnet, &mut node.now, time, |_, _| ());
		for (session, relative) in [Previous, Current].into_iter().enumerate() {
			let what = format!("session {}, mixnode: {is_mixnode}", session + 1);
			// At half rate.
			let expected = time.as_millis() as f64 / (2 * periods[session]) as f64;
			assert_poisson(&sent.times[session], time, expected, &what);
			let loops = node.mixnet.loop_report(relative).unwrap().sent as f64;
			let share = [0.25, 0.6][session];
			assert_proportion(loops, sent.times[session].len() as f64, share, &format!("{what}, loop cover"));
		}
		// The previous session is over: the current one's full rate.
		node.set_phase(2, DisconnectFromPrev);
		let time = Duration::from_millis(1_000 * periods[1]);
		let sent = run(&mut node.mixnet, &mut node.now, time, |_, _| ());
		assert!(sent.times[0].is_empty());
		assert_poisson(&sent.times[1], time, 1_000.0, "alone");
	}
}

#[test]
fn each_session_has_hops_of_its_own() {
	let mut node = Node::new(20, true, RequestsToCurrent);
	// Requests, cover and loops.
	for _ in 0..5 {
		node.mixnet.post_request(node.now, vec![1], 1, HandlingDelay::Extrinsic).unwrap();
	}
	let mut seen = [0; 3];
	while seen[1].min(seen[2]) < 50 {
		node.now = node.mixnet.poll_timeout().unwrap();
		node.mixnet.handle_timeout(node.now);
		while let Some(packet) = node.mixnet.poll_transmit() {
			let session = session_of(packet.peer_id) as usize;
			assert_eq!(hops(packet.peer_id, packet.packet), [0, 2, 4][session], "session {session}");
			seen[session] += 1;
		}
	}
}

#[test]
fn each_session_has_a_forwarding_delay_of_its_own() {
	for (session, mean) in [(1, Duration::from_millis(1_000)), (2, Duration::from_millis(300))] {
		let mut node = Node::new(30, true, RequestsToCurrent);
		for seed in 0..20 {
			let (packet, delay) = node.to_forward(session, seed);
			assert_eq!(node.mixnet.handle_packet(node.now, PEER, packet), None);
			let before = node.mixnet.statistics().packets_forwarded;
			let (due, mut at) = (node.now + mean.mul_f64(delay), node.now);
			while node.mixnet.statistics().packets_forwarded == before {
				at = node.mixnet.poll_timeout().unwrap();
				node.mixnet.handle_timeout(at);
				let _ = node.mixnet.poll_transmit();
			}
			assert!((at - due).max(due - at) < Duration::from_micros(1), "{at:?}, not {due:?}");
			node.now = at;
		}
	}
}

#[test]
fn each_session_has_authored_queues_of_its_own_length() {
	// Half of a mixnode's queue is for replies.
	for (is_mixnode, most) in [(true, [25, 15]), (false, [25, 11])] {
		let mut node = Node::new(40, is_mixnode, CoverToCurrent);
		for (phase, most) in [CoverToCurrent, RequestsToCurrent].into_iter().zip(most) {
			node.set_phase(2, phase);
			let full = loop {
				let post = node.mixnet.post_request(node.now, vec![1], 0, HandlingDelay::Extrinsic);
				if let Err(error) = post {
					break error;
				}
			};
			assert!(matches!(full, PostError::NoRoom { .. }), "{full}");
			let statistics = node.mixnet.statistics();
			let len = match phase {
				CoverToCurrent => statistics.previous_authored_queue_len,
				_ => statistics.current_authored_queue_len,
			};
			assert_eq!(len, most, "mixnode: {is_mixnode}, {phase}");
		}
	}
}

#[test]
fn each_session_takes_as_many_packets_to_be_forwarded_as_its_parameters_say() {
	// 1,000 within a second in session 1, 1,100 within 300 ms in session 2. Shares leave the last places free.
	let mut node = Node::new(50, true, RequestsToCurrent);
	let mixnodes = |session| others(session).into_iter().map(|mixnode| mixnode.peer_id).collect::<Vec<_>>();
	let fill = |node: &mut Node, session: u32, seed: u64| {
		let packets = (0..1500).map(|number| node.to_forward(session, seed + number).0).collect::<Vec<_>>();
		let before = node.mixnet.statistics();
		for (packet, from) in packets.into_iter().zip(mixnodes(session).iter().cycle()) {
			node.mixnet.handle_packet(node.now, *from, packet);
		}
		let now = node.mixnet.statistics();
		assert_eq!(now.dropped(DropReason::ForwardQueueFull), 0);
		now.forward_queue_len - before.forward_queue_len
	};
	let filled = [fill(&mut node, 1, 0), fill(&mut node, 2, 2000)];
	assert!((950..=1000).contains(&filled[0]) && (1050..=1100).contains(&filled[1]), "{filled:?}");
	// None leaves before its delay is over, but 300 ms later as many may come in session 2, and none in session 1.
	node.now += Duration::from_millis(300);
	assert!(fill(&mut node, 2, 4000) >= 1050);
	assert_eq!(fill(&mut node, 1, 6000), 0);

	// When session 1 ends, what waits in it is dropped, and session 2 takes as many as before.
	let waiting = node.mixnet.statistics().forward_queue_len;
	let of_session_2 = filled[1] + 1050;
	node.set_phase(2, DisconnectFromPrev);
	node.set_phase(3, CoverToCurrent);
	let ended = node.mixnet.statistics().dropped(DropReason::ForwardSessionEnded);
	assert!(ended >= filled[0] && waiting - ended >= of_session_2, "{ended} of {waiting}");
	assert_eq!(fill(&mut node, 2, 8000), 0);
	node.now += Duration::from_millis(300);
	assert!(fill(&mut node, 2, 10_000) >= 1050);
}

/// In one, packets wait ten times as long as in the other.
#[test]
fn a_flood_in_one_session_takes_no_places_of_the_other() {
	let parameters = |mean_forwarding_delay_ms| Parameters {
		mixnode_mean_period_ms: 5_000,
		forward_queue_capacity: 50,
		mean_forwarding_delay_ms,
		..Parameters::default()
	};
	let parameters = [None, Some(parameters(1_000)), Some(parameters(10_000))];
	let (mixnet, now, keys) = node_with_parameters(51, true, RequestsToCurrent, parameters);
	let mut node = Node { mixnet, now, keys };
	let (flooding, honest) = (others(2)[0].peer_id, others(1)[1].peer_id);
	let mut long = {
		let mut seed = 10_000;
		let node = Node { mixnet: node_with_parameters(51, true, RequestsToCurrent, parameters).0, now, keys };
		move || loop {
			seed += 1;
			let (packet, delay) = node.to_forward(2, seed);
			if delay > 2.0 {
				return packet;
			}
		}
	};
	let mut next = long();
	let mut taken = 0;
	for step in 0..1200 {
		node.now += Duration::from_millis(50);
		while node.mixnet.poll_timeout().is_some_and(|at| at <= node.now) {
			node.mixnet.handle_timeout(node.now);
			while node.mixnet.poll_transmit().is_some() {}
		}
		if node.mixnet.handle_packet(node.now, flooding, next.clone()).is_none() {
			taken += 1;
			next = long();
		}
		if step % 10 == 0 {
			let (packet, _) = node.to_forward(1, step);
			assert_eq!(node.mixnet.handle_packet(node.now, honest, packet), None, "after {taken} of the flood");
		}
	}
	// 50 within ten seconds.
	assert!((200..350).contains(&taken), "{taken}");
}

#[test]
fn each_session_has_messages_of_its_own_length() {
	let mut node = Node::new(60, true, CoverToCurrent);
	let post = |node: &mut Node, fragments: usize| {
		node.mixnet.post_request(node.now, vec![7; fragments * 2025], 0, HandlingDelay::Extrinsic)
	};
	// Requests from others.
	let id = |number| MessageId([number; 16]);
	assert!(node.ask(1, id(1), 8).is_ok());
	assert!(node.ask(2, id(2), 7).is_ok());
	assert_eq!(node.ask(2, id(3), 8).unwrap_err(), DropReason::BadFragment);

	// Our own requests: the most that any session can take, and the most that the present one takes.
	post(&mut node, 8).unwrap();
	assert!(matches!(post(&mut node, 65), Err(PostError::TooLarge { fragments: 65, max: 64 })), "in no session");
	// The request was not sent in time, and does not fit into the next session.
	node.set_phase(2, SessionPhase::CoverToPrev);
	let failed = std::iter::from_fn(|| node.mixnet.poll_event()).find_map(|event| match event {
		Event::RequestFailed { error, .. } => Some(error.to_string()),
		_ => None,
	});
	assert_eq!(failed.as_deref(), Some("the request takes 8 fragments, 7 can be sent"));
	assert!(matches!(post(&mut node, 8), Err(PostError::TooLarge { fragments: 8, max: 7 })));
	post(&mut node, 7).unwrap();

	// Replies.
	let reply_to = node.ask(2, id(4), 1).unwrap();
	let posted = node.mixnet.post_reply(node.now, reply_to, vec![7; 8 * 2025]);
	assert_eq!(posted, Err(ReplyError::TooLarge { fragments: 8, max: 7 }));
}

#[test]
fn each_session_has_delays_of_its_own_for_extrinsics_and_for_repeats() {
	for (session, mean, cooldown) in [(1, 1.0, 10), (2, 0.07, 2)] {
		let mut node = Node::new(70, true, RequestsToCurrent);
		let id = MessageId([9; 16]);
		let reply_to = node.ask(session, id, 1).unwrap();
		let delay = reply_to.extrinsic_delay().as_secs_f64();
		assert!((delay - mean * extrinsic_delay(&id)).abs() < 1e-6, "{delay}");

		// It is answered over a SURB, and asked again.
		node.mixnet.abandon_request(reply_to);
		let first = hop(0, secrets(session)[0].public());
		let us = Hop { target: Target::Peer(PEER), kx_public: secrets(session)[1].public() };
		let ask = |node: &mut Node, seed: u64| {
			let mixnode_0 = MixnodeIndex::new(0).unwrap();
			let surb = build_surb(&mut rng(seed), mixnode_0, &[first, us], SurbId([1; 16]));
			let mut payload = [0; PAYLOAD_DATA_SIZE];
			split(id, b"?", 1, 1).unwrap()[0].write(&mut payload, b"?", &[surb.unwrap().0]).unwrap();
			let packet =
				build_request(&mut rng(seed), &[hop(9, node.keys[session as usize])], &payload).unwrap().packet;
			node.mixnet.handle_packet(node.now, PEER, packet)
		};
		assert_eq!(ask(&mut node, 1), None);
		let Some(Event::Request { reply_to, .. }) = node.mixnet.poll_event() else { panic!("no request") };
		node.mixnet.post_reply(node.now, reply_to, b"!".to_vec()).unwrap();
		node.now += Duration::from_secs(cooldown) - Duration::from_millis(1);
		assert_eq!(ask(&mut node, 2), Some(DropReason::RequestInCooldown), "session {session}");
		node.now += Duration::from_millis(1);
		assert_eq!(ask(&mut node, 3), None, "session {session}");
	}
}

/// Parameters are taken if they are valid and come with the session's mixnodes, while it is live.
#[test]
fn parameters_are_taken_in_time_or_not_at_all() {
	let (mut mixnet, now, _) = node_with_parameters(80, true, DisconnectFromPrev, [None; 3]);
	let changed = |hops| Parameters { hops, ..OTHERS };
	assert_eq!(mixnet.parameters(Current), Some(default_parameters()), "the configured ones");
	// Too late: the session is known already.
	assert!(!ours::set_session(&mut mixnet, now, 2, Some(OTHERS), Ok(others(2))));
	assert!(ours::set_session(&mut mixnet, now, 2, Some(default_parameters()), Ok(others(2))), "it runs with them");
	assert_eq!(mixnet.parameters(Current), Some(default_parameters()));
	// For a session that is not live: it is over, or has not begun.
	for session in [0, 1, 3, 4, SessionIndex::MAX] {
		assert!(!ours::set_session(&mut mixnet, now, session, Some(OTHERS), Ok(others(2))), "{session}");
	}

	ours::set_status(&mut mixnet, now, 3, CoverToCurrent);
	assert_eq!(mixnet.parameters(Current), None, "not known yet");
	// The status may change meanwhile.
	ours::set_status(&mut mixnet, now, 3, RequestsToCurrent);
	assert!(ours::set_session(&mut mixnet, now, 3, Some(changed(5)), Ok(others(3))));
	assert_eq!(mixnet.parameters(Current), Some(changed(5)));
	assert_eq!(mixnet.parameters(Previous), Some(default_parameters()));
	// Twice: the first counts.
	assert!(!ours::set_session(&mut mixnet, now, 3, Some(changed(3)), Ok(others(3))));

	// They stay with their session, and end with it.
	ours::set_status(&mut mixnet, now, 4, CoverToCurrent);
	ours::set_session(&mut mixnet, now, 4, None, Ok(others(4)));
	assert_eq!(mixnet.parameters(Previous), Some(changed(5)));
	assert_eq!(mixnet.parameters(Current), Some(default_parameters()));
	ours::set_status(&mut mixnet, now, 4, DisconnectFromPrev);
	assert_eq!(mixnet.parameters(Previous), None);

	// Invalid parameters are refused, and the configured ones count.
	for (index, bad) in [(5, changed(7)), (6, Parameters { mixnode_mean_period_ms: 0, ..OTHERS })] {
		ours::set_status(&mut mixnet, now, index, CoverToCurrent);
		assert!(!ours::set_session(&mut mixnet, now, index, Some(bad), Ok(others(index))));
		assert_eq!(mixnet.parameters(Current), Some(default_parameters()));
	}

	// A chain that starts over tells the parameters of its sessions anew.
	ours::set_status(&mut mixnet, now, 7, CoverToCurrent);
	assert!(ours::set_session(&mut mixnet, now, 7, Some(OTHERS), Ok(others(7))));
	ours::set_status(&mut mixnet, now, 6, CoverToCurrent);
	ours::set_status(&mut mixnet, now, 7, CoverToCurrent);
	ours::set_session(&mut mixnet, now, 7, None, Ok(others(7)));
	assert_eq!(mixnet.parameters(Current), Some(default_parameters()));
}
