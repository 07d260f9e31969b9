//! A user's request whose destination is one of its gateways, when all others are gone.

use super::*;
use crate::{
	mixnet::{tests::build, ChainSession, Event, PostError},
	Config, DropReason, KxSecret, Mixnode, SessionPhase, SessionStatus, Time,
};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

const START: Time = Time::from_duration(Duration::from_secs(1000));
const MIXNODES: u8 = 6;

fn mixnode(index: u8) -> Mixnode {
	let kx_public = KxSecret::from_bytes([index + 100; 32]).public();
	Mixnode { kx_public, peer_id: PeerId([index; 32]), external_addresses: Vec::new() }
}

/// A user that is connected to two gateways.
struct User {
	mixnet: Mixnet<ChaChaRng>,
	gateways: Vec<PeerId>,
	now: Time,
}

impl User {
	fn new(seed: u64, destinations: u32) -> Self {
		let mut config = Config { gateways: 2, per_hop_network_delay: Duration::ZERO, ..Config::default() };
		config.request.destinations = destinations;
		config.parameters.hops = 3;
		config.parameters.min_mixnodes = 2;
		config.parameters.loop_cover_permille = 0;
		let mut mixnet = Mixnet::new(config, PeerId([99; 32]), ChaChaRng::seed_from_u64(seed), None).unwrap();
		mixnet.set_status(START, SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev });
		mixnet.set_session(START, ChainSession::new(0, Ok((0..MIXNODES).map(mixnode).collect())));
		let gateways: Vec<_> = mixnet.reserved_peers().iter().map(|gateway| gateway.peer_id).collect();
		assert_eq!(gateways.len(), 2);
		for gateway in &gateways {
			mixnet.peer_connected(START, *gateway);
		}
		build(&mut mixnet);
		Self { mixnet, gateways, now: START }
	}

	/// A user with a request to one of its gateways, of which the first attempt was sent, and that gateway.
	fn asking_a_gateway(destinations: u32) -> (Self, RequestId, PeerId) {
		for seed in 0.. {
			let mut user = Self::new(seed, destinations);
			let id = user.mixnet.post_request(START, vec![1], 2, HandlingDelay::Fixed(Duration::ZERO)).unwrap();
			let destination = user.destination(id).unwrap();
			if user.gateways.contains(&destination) {
				user.run(|user| user.mixnet.pending.get(id).is_some_and(|request| request.sent));
				return (user, id, destination);
			}
		}
		unreachable!("one of three is a gateway")
	}

	fn destination(&self, id: RequestId) -> Option<PeerId> {
		let (session, destination) = self.mixnet.pending.get(id)?.bound_to?;
		let relative = self.mixnet.sessions.relative(session)?;
		self.mixnet.sessions.session(relative)?.topology.mixnode_peer_id(destination)
	}

	/// Runs until `done`.
	fn run(&mut self, mut done: impl FnMut(&mut Self) -> bool) {
		while !done(self) {
			assert!(self.now < START + Duration::from_secs(3600), "it never happens");
			self.now = self.mixnet.poll_timeout().unwrap();
			self.mixnet.handle_timeout(self.now);
			while self.mixnet.poll_transmit().is_some() {}
		}
	}

	/// The other gateway goes, and what waits for it. Returns it.
	fn leave_only(&mut self, gateway: PeerId) -> PeerId {
		let other = *self.gateways.iter().find(|other| **other != gateway).unwrap();
		self.mixnet.peer_disconnected(self.now, other);
		while self.mixnet.poll_event().is_some() {}
		other
	}

	fn requests_sent(&self) -> u64 {
		self.mixnet.statistics().requests_authored
	}

	/// Runs until the request's timer has led to something, and for some minutes more.
	fn run_for_minutes(&mut self) -> Vec<Event> {
		let end = self.now + Duration::from_secs(600);
		self.run(|user| user.now >= end);
		// A gateway that is gone for minutes is replaced, but nobody connects to the new one here.
		let events = core::iter::from_fn(|| self.mixnet.poll_event());
		events.filter(|event| !matches!(event, Event::ReservedPeersChanged)).collect()
	}
}

#[test]
fn a_request_to_the_only_gateway_goes_to_another_destination() {
	let (mut user, id, gateway) = User::asking_a_gateway(2);
	user.leave_only(gateway);
	user.run(|user| user.destination(id) != Some(gateway));
	let sent = user.requests_sent();
	user.run(|user| user.requests_sent() > sent);
	assert!(user.destination(id).is_some_and(|destination| destination != gateway));
	// What waited for the gateway that is gone was dropped. Nothing else of the first destination's was sent.
	assert!(sent + user.mixnet.statistics().dropped(DropReason::GatewayGone) <= 2, "two copies");
}

#[test]
fn a_request_is_never_sent_by_way_of_its_destination() {
	let (mut user, id, gateway) = User::asking_a_gateway(1);
	let other = user.leave_only(gateway);
	let sent = user.requests_sent();
	let events = user.run_for_minutes();
	assert_eq!(user.requests_sent(), sent, "the only gateway is the destination");
	let [Event::RequestFailed { id: failed, error: RequestError::OnlyGateway, sent: true }] = events[..] else {
		panic!("{events:?}")
	};
	assert_eq!(failed, id);

	// If another one comes in time, it is sent by way of that.
	let (mut user, id, gateway) = User::asking_a_gateway(1);
	let sent = user.requests_sent();
	let same = user.leave_only(gateway);
	assert_eq!(same, other, "the same seed");
	let is_blocked = |user: &mut User| {
		let request = user.mixnet.pending.get(id).unwrap();
		matches!(request.stage, crate::request::Stage::Posting { blocked: Some(_), .. })
	};
	user.run(is_blocked);
	assert_eq!(user.requests_sent(), sent);
	user.mixnet.peer_connected(user.now, other);
	user.run(|user| user.requests_sent() > sent);
	assert_eq!(user.destination(id), Some(gateway));
}

#[test]
fn a_request_that_waits_for_room_does_not_fail_for_what_was_missing_before() {
	let mut config = Config { gateways: 2, ..Config::default() };
	config.parameters.non_mixnode_mean_period_ms = 20_000;
	let max_wait = config.request.max_wait;
	let mut mixnet = Mixnet::new(config, PeerId([99; 32]), ChaChaRng::seed_from_u64(1), None).unwrap();
	mixnet.set_status(START, SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev });
	mixnet.set_session(START, ChainSession::new(0, Ok((0..MIXNODES).map(mixnode).collect())));
	// No gateway is connected. And there is room for one of them.
	for _ in 0..2 {
		mixnet.post_request(START, vec![1; 38_000], 2, HandlingDelay::Fixed(Duration::ZERO)).unwrap();
	}
	let mut now = START + max_wait / 2;
	for gateway in mixnet.reserved_peers() {
		mixnet.peer_connected(now, gateway.peer_id);
	}
	while now < START + max_wait + Duration::from_secs(1) {
		mixnet.handle_timeout(now);
		while mixnet.poll_transmit().is_some() {}
		now = mixnet.poll_timeout().unwrap().max(now);
	}
	assert_eq!(mixnet.pending.post_queue().len(), 2);
	assert!(core::iter::from_fn(|| mixnet.poll_event()).all(|event| !matches!(event, Event::RequestFailed { .. })));
}

/// The second copy waits, since the queue has 25 places.
#[test]
fn a_request_that_waits_for_room_keeps_it_for_all_its_packets() {
	let mut user = User::new(1, 2);
	let delay = HandlingDelay::Fixed(Duration::ZERO);
	user.mixnet.post_request(START, vec![1; 36_000], 0, delay).unwrap();
	build(&mut user.mixnet);
	let fragments = user.mixnet.statistics().current_authored_queue_len as usize;
	assert!((15..25).contains(&fragments), "{fragments}");
	let refused = user.mixnet.post_request(START, vec![1], 0, delay);
	let in_the_way = 2 * fragments + 1 - 25;
	assert!(matches!(refused, Err(PostError::NoRoom { packets, .. }) if packets == in_the_way), "{refused:?}");
}
