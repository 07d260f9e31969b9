//! Floods of packets to be forwarded: what honest neighbours lose by them.
//!
//! A mixnode among thirty, with the default parameters, in virtual time. Honest neighbours send what they send in such a
//! network: each user one packet a second, and each of the other mixnodes 5.9, what it authors and what it forwards for the
//! users of all. That is a fifth of what a mixnode can take. Attackers send a hundred packets a second each, or more, and draw
//! until the packet's delay is long.

use mixnet_node_core::{
	sphinx::{build_cover, Hop, KxSecret, Target},
	AddressedPacket, Config, DropReason, Mixnet, MixnodeIndex, Packet, PeerId, SessionPhase, Time,
};
use mixnet_simulation::{mixnode, ours, rng, Ours};
use rand_chacha::{rand_core::RngCore, ChaChaRng};
use std::{collections::BTreeMap, time::Duration};

const MIXNODES: u16 = 30;
/// The node that is flooded.
const VICTIM: u16 = 29;
/// An honest mixnode. Some floods come through it.
const RELAY: u16 = 28;
const USERS: u16 = 30;
/// The rates of honest neighbours, in packets a second. A mixnode authors ten, which it and four others forward, and each of its
/// users one, which four others forward.
const OF_MIXNODE: f64 = (50.0 + 4.0 * USERS as f64 * OF_USER) / 29.0;
const OF_USER: f64 = 1.0;
/// Attackers draw until all delays together are at least this many means: seven times for one delay, on average.
const LONG: f64 = 2.0;
/// When counting begins, and when it ends.
const BEFORE: Duration = Duration::from_secs(5);
const UNTIL: Duration = Duration::from_secs(25);

fn secret(index: u16) -> KxSecret {
	KxSecret::from_bytes([index as u8 + 1; 32])
}

fn mixnode_id(index: u16) -> PeerId {
	PeerId([index as u8 + 1; 32])
}

fn user_id(number: u16) -> PeerId {
	PeerId([number as u8 + 100; 32])
}

fn attacker_id(number: u16) -> PeerId {
	PeerId([number as u8 + 200; 32])
}

fn hop(index: u16) -> Hop {
	Hop { target: Target::Mixnode(MixnodeIndex::new(index).unwrap()), kx_public: secret(index).public() }
}

/// Any mixnode but these.
fn any_but(rng: &mut ChaChaRng, these: &[u16]) -> u16 {
	loop {
		let index = (rng.next_u32() % u32::from(MIXNODES)) as u16;
		if !these.contains(&index) {
			return index;
		}
	}
}

/// A packet along `route`, whose delays together are in this range, in means.
fn packet(rng: &mut ChaChaRng, route: &[u16], delays: std::ops::Range<f64>) -> Packet {
	let route: Vec<_> = route.iter().map(|index| hop(*index)).collect();
	loop {
		let built = build_cover(rng, &route, None).unwrap();
		if delays.contains(&built.delay) {
			return built.packet;
		}
	}
}

/// One of the mixnodes, connected to the other mixnodes, the users, and as many attackers.
fn node(index: u16, attackers: u16) -> Ours {
	let mut mixnet = Mixnet::new(Config::default(), mixnode_id(index), rng(1), Some(secret(index))).unwrap();
	let now = Time::ZERO;
	ours::set_status(&mut mixnet, now, 0, SessionPhase::DisconnectFromPrev);
	let mixnodes = (0..MIXNODES).map(|index| mixnode(mixnode_id(index), secret(index).public()));
	ours::set_session(&mut mixnet, now, 0, None, Ok(mixnodes.collect()));
	let mixnodes = (0..MIXNODES).filter(|other| *other != index).map(mixnode_id);
	for peer in mixnodes.chain((0..USERS).map(user_id)).chain((0..attackers).map(attacker_id)) {
		mixnet.peer_connected(now, peer);
	}
	mixnet
}

/// A packet that comes.
struct Arrival {
	at: Duration,
	from: PeerId,
	packet: Packet,
}

/// Arrivals as in a Poisson process.
fn arrivals(
	rng: &mut ChaChaRng,
	from: PeerId,
	rate: f64,
	mut packet: impl FnMut(&mut ChaChaRng) -> Packet,
) -> Vec<Arrival> {
	let mut at = Duration::ZERO;
	let mut arrivals = Vec::new();
	loop {
		let uniform = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
		at += Duration::from_secs_f64(-(1.0 - uniform).ln() / rate);
		if at > UNTIL {
			return arrivals;
		}
		arrivals.push(Arrival { at, from, packet: packet(rng) });
	}
}

/// A packet from an honest neighbour to this mixnode, and on to any other.
fn honest_packet(rng: &mut ChaChaRng, from: PeerId, to: &[u16]) -> Packet {
	let sender = (0..MIXNODES).find(|index| mixnode_id(*index) == from);
	let next = any_but(rng, &[to, sender.as_slice()].concat());
	packet(rng, &[to, &[next]].concat(), 0.0..100.0)
}

/// What honest neighbours send to the victim: all but the relay.
fn honest(rng: &mut ChaChaRng, except: &[PeerId]) -> Vec<Arrival> {
	let mixnodes = (0..RELAY).map(|index| (mixnode_id(index), OF_MIXNODE));
	let users = (0..USERS).map(|number| (user_id(number), OF_USER));
	let neighbours = mixnodes.chain(users).filter(|(peer, _)| !except.contains(peer));
	neighbours.flat_map(|(peer, rate)| arrivals(rng, peer, rate, |rng| honest_packet(rng, peer, &[VICTIM]))).collect()
}

/// Packets of one neighbour or of many: how many were sent, and how many lost.
#[derive(Clone, Copy, Default, Debug)]
struct Loss {
	sent: usize,
	lost: usize,
}

impl Loss {
	fn note(&mut self, is_lost: bool) {
		self.sent += 1;
		self.lost += usize::from(is_lost);
	}

	fn share(self) -> f64 {
		self.lost as f64 / self.sent.max(1) as f64
	}
}

/// What was lost of honest packets, by neighbour, and what of the attackers'.
#[derive(Default, Debug)]
struct Outcome {
	honest: BTreeMap<PeerId, Loss>,
	attack: Loss,
}

impl Outcome {
	fn note(&mut self, from: PeerId, is_honest: bool, is_lost: bool) {
		let loss = if is_honest { self.honest.entry(from).or_default() } else { &mut self.attack };
		loss.note(is_lost);
	}

	fn all_honest(&self) -> Loss {
		let add = |sum: Loss, loss: &Loss| Loss { sent: sum.sent + loss.sent, lost: sum.lost + loss.lost };
		self.honest.values().fold(Loss::default(), add)
	}

	/// The most that is lost of any neighbour's honest packets, beyond one.
	fn worst(&self) -> f64 {
		self.honest.values().map(|loss| loss.lost.saturating_sub(1) as f64 / loss.sent as f64).fold(0.0, f64::max)
	}

	fn assert_fair(&self, what: &str, most: f64) {
		let honest = self.all_honest();
		println!(
			"{what}: lost {:.2} % of {} honest packets, {:.1} % of the worst neighbour's, {:.0} % of {} of the flood",
			100.0 * honest.share(),
			honest.sent,
			100.0 * self.worst(),
			100.0 * self.attack.share(),
			self.attack.sent,
		);
		assert!(honest.sent > 1000, "{what}");
		assert!(honest.share() <= most, "{what}: {honest:?}");
		assert!(self.worst() <= 10.0 * most, "{what}: {:?}", self.honest);
	}
}

/// Sends what is due by `until`. Returns it with the times.
fn send_due(node: &mut Ours, until: Time) -> Vec<(Time, AddressedPacket)> {
	let mut sent = Vec::new();
	while let Some(at) = node.poll_timeout().filter(|at| *at <= until) {
		node.handle_timeout(at);
		while let Some(packet) = node.poll_transmit() {
			sent.push((at, packet));
		}
		while node.poll_event().is_some() {}
	}
	sent
}

/// A flood from each of these peers.
///
/// Most of it is refused. What was refused may come again, so a packet is drawn for each that is taken only.
fn flood(victim: &mut Ours, mut honest: Vec<Arrival>, attackers: &[PeerId], rate: f64) -> Outcome {
	let mut rng = rng(7);
	honest.sort_by_key(|arrival| arrival.at);
	let mut honest = honest.into_iter().peekable();
	let long = |rng: &mut ChaChaRng| {
		let next = any_but(rng, &[VICTIM]);
		packet(rng, &[VICTIM, next], LONG..100.0)
	};
	let mut stock: Vec<Packet> = attackers.iter().map(|_| long(&mut rng)).collect();
	let mut outcome = Outcome::default();
	let step = Duration::from_secs_f64(1.0 / rate);
	let mut at = Duration::ZERO;
	while at < UNTIL {
		let is_watched = at > BEFORE;
		let now = Time::ZERO + at;
		send_due(victim, now);
		for (attacker, next) in attackers.iter().zip(&mut stock) {
			let reason = victim.handle_packet(now, *attacker, next.clone());
			if reason.is_none() {
				*next = long(&mut rng);
			}
			if is_watched {
				outcome.note(*attacker, false, reason.is_some());
			}
		}
		at += step;
		while let Some(arrival) = honest.next_if(|arrival| arrival.at <= at) {
			let now = Time::ZERO + arrival.at;
			send_due(victim, now);
			let reason = victim.handle_packet(now, arrival.from, arrival.packet);
			if is_watched {
				outcome.note(arrival.from, true, reason.is_some());
			}
		}
	}
	outcome
}

#[test]
fn a_flood_from_one_peer_costs_others_next_to_nothing() {
	for rate in [100.0, 1000.0] {
		let honest = honest(&mut rng(1), &[]);
		let outcome = flood(&mut node(VICTIM, 1), honest, &[attacker_id(0)], rate);
		outcome.assert_fair(&format!("one user, {rate} a second"), 0.005);
	}
	let attacker = mixnode_id(1);
	let honest = honest(&mut rng(2), &[attacker]);
	let outcome = flood(&mut node(VICTIM, 0), honest, &[attacker], 1000.0);
	outcome.assert_fair("one mixnode, 1000 a second", 0.005);
}

#[test]
fn floods_from_twenty_peers_cost_others_at_most_a_fiftieth() {
	let attackers: Vec<_> = (0..20).map(attacker_id).collect();
	let outcome = flood(&mut node(VICTIM, 20), honest(&mut rng(3), &[]), &attackers, 100.0);
	outcome.assert_fair("twenty users", 0.02);
	// Twice what a user sends is all that the service takes from a user (`network/limits.rs`), and is no offence.
	let outcome = flood(&mut node(VICTIM, 20), honest(&mut rng(3), &[]), &attackers, 2.0);
	outcome.assert_fair("twenty users, two a second", 0.005);
}

/// Mixnodes have a stake, or the trust of those who chose them. Where many of them are corrupt, there are worse attacks.
#[test]
fn floods_from_many_corrupt_mixnodes_cost_others_next_to_nothing() {
	for attackers in [3, 10, 20] {
		let attackers: Vec<_> = (1..=attackers).map(mixnode_id).collect();
		let honest = honest(&mut rng(4), &attackers);
		let outcome = flood(&mut node(VICTIM, 0), honest, &attackers, 100.0);
		outcome.assert_fair(&format!("{} mixnodes", attackers.len()), 0.02);
	}
}

/// What floods through the relay to the victim cost.
#[derive(Default)]
struct ThroughRelay {
	/// Of honest packets, at the relay: of those that go on to the victim, and of those that go on to others.
	at_relay: [Loss; 2],
	/// At the victim, of all that the relay sends. It cannot tell the relay's honest packets from others, so it loses the same
	/// share of them.
	of_relay: Loss,
	/// At the victim, of what others send.
	others: Loss,
}

impl ThroughRelay {
	fn assert_small(&self, most: f64) {
		let [to_victim, to_others] = self.at_relay;
		for loss in [to_victim, to_others, self.of_relay, self.others] {
			assert!(loss.share() <= most, "{loss:?}");
		}
	}
}

/// Floods of `attackers` that all go through the relay to the victim, and of others that send as much to it directly.
fn through_the_relay(attackers: &[PeerId], rate: f64, direct: &[PeerId]) -> ThroughRelay {
	let mut cost = ThroughRelay::default();
	let mut rng = rng(5);
	let (mut relay, mut victim) = (node(RELAY, 20), node(VICTIM, 0));
	// What comes to the relay: honest packets, a part of which goes on to the victim, and the flood.
	let mixnodes = (0..RELAY).map(|index| (mixnode_id(index), OF_MIXNODE));
	let neighbours = mixnodes.chain((0..USERS).map(|number| (user_id(number), OF_USER)));
	let mut to_relay = Vec::new();
	for (peer, rate) in neighbours.filter(|(peer, _)| !attackers.contains(peer)) {
		let to_victim = arrivals(&mut rng, peer, rate / 28.0, |rng| honest_packet(rng, peer, &[RELAY, VICTIM]));
		to_relay.extend(to_victim.into_iter().map(|arrival| (arrival, 0)));
		// To any mixnode, the victim too: counted with the others.
		let to_others = arrivals(&mut rng, peer, rate, |rng| honest_packet(rng, peer, &[RELAY]));
		to_relay.extend(to_others.into_iter().map(|arrival| (arrival, 1)));
	}
	to_relay.sort_by_key(|(arrival, _)| arrival.at);
	let mut to_relay = to_relay.into_iter().peekable();
	// As above, only what is taken of the flood is drawn anew.
	let long = |rng: &mut ChaChaRng| {
		let next = any_but(rng, &[RELAY, VICTIM]);
		packet(rng, &[RELAY, VICTIM, next], LONG..100.0)
	};
	let mut stock: Vec<_> = attackers.iter().map(|_| long(&mut rng)).collect();
	let mut sent = Vec::new();
	let mut at = Duration::ZERO;
	while at < UNTIL {
		let now = Time::ZERO + at;
		sent.extend(send_due(&mut relay, now));
		for (attacker, next) in attackers.iter().zip(&mut stock) {
			if relay.handle_packet(now, *attacker, next.clone()).is_none() {
				*next = long(&mut rng);
			}
		}
		at += Duration::from_secs_f64(1.0 / rate);
		while let Some((Arrival { at, from, packet }, kind)) = to_relay.next_if(|(arrival, _)| arrival.at <= at) {
			let now = Time::ZERO + at;
			sent.extend(send_due(&mut relay, now));
			let reason = relay.handle_packet(now, from, packet);
			if at > BEFORE {
				cost.at_relay[kind].note(reason.is_some());
			}
		}
	}
	sent.extend(send_due(&mut relay, Time::ZERO + UNTIL));

	let mut to_victim = honest(&mut rng, &[attackers, direct].concat());
	for from in direct {
		to_victim.extend(arrivals(&mut rng, *from, rate, |rng| honest_packet(rng, *from, &[VICTIM])));
	}
	for (at, AddressedPacket { peer_id, packet }) in sent {
		if peer_id == mixnode_id(VICTIM) {
			to_victim.push(Arrival { at: at.since_epoch(), from: mixnode_id(RELAY), packet });
		}
	}
	to_victim.sort_by_key(|arrival| arrival.at);
	for Arrival { at, from, packet } in to_victim {
		let now = Time::ZERO + at;
		send_due(&mut victim, now);
		let reason = victim.handle_packet(now, from, packet);
		if at <= BEFORE {
			continue;
		}
		if from == mixnode_id(RELAY) {
			cost.of_relay.note(reason.is_some());
		} else if !direct.contains(&from) {
			cost.others.note(reason.is_some());
		}
	}
	let percent = |loss: Loss| format!("{:.2} % of {}", 100.0 * loss.share(), loss.sent);
	println!(
		"{} peers, {rate} a second each, through the relay, and {} directly: lost at the relay {} to the victim and {} to others; at the \
		 victim {} of the relay and {} of others",
		attackers.len(),
		direct.len(),
		percent(cost.at_relay[0]),
		percent(cost.at_relay[1]),
		percent(cost.of_relay),
		percent(cost.others),
	);
	cost
}

#[test]
fn users_that_flood_through_an_honest_neighbour_cost_it_next_to_nothing() {
	let users: Vec<_> = (0..20).map(attacker_id).collect();
	// At the rate that the service takes from a user, and at more.
	for (attackers, rate) in [(&users[..], 2.0), (&users[..1], 100.0), (&users[..], 100.0)] {
		through_the_relay(attackers, rate, &[]).assert_small(0.02);
	}
}

/// The relay and the victim take as much of a flood. What is lost of the relay's packets is the more, the more of the flood comes
/// directly.
#[test]
fn corrupt_mixnodes_that_flood_through_an_honest_neighbour_cost_it_what_the_page_says() {
	for (attackers, direct, most) in [(1, 0, 0.05), (3, 0, 0.1), (10, 0, 0.1), (20, 0, 0.1), (1, 1, 0.6)] {
		let direct: Vec<_> = (attackers..attackers + direct).map(mixnode_id).collect();
		let attackers: Vec<_> = (0..attackers).map(mixnode_id).collect();
		let cost = through_the_relay(&attackers, 2000.0 / attackers.len() as f64, &direct);
		assert!(cost.of_relay.share() <= most, "{:?}", cost.of_relay);
		ThroughRelay { of_relay: Loss::default(), ..cost }.assert_small(0.02);
	}
}

/// The same packets come from the same peers at the same times, with delays in this range and by these next hops, one after the
/// other. Why each is refused, if it is.
fn refused(delays: std::ops::Range<f64>, next_hops: &[u16]) -> Vec<Option<&'static str>> {
	let mut victim = node(VICTIM, 3);
	let mut rng = rng(6);
	let mut refused = Vec::new();
	for (number, next) in (0..1500u32).zip(next_hops.iter().cycle()) {
		let now = Time::from_duration(Duration::from_millis(4) * number);
		let from = match number % 5 {
			0 => mixnode_id(1),
			1 => mixnode_id(2 + (number / 5 % 20) as u16),
			_ => attacker_id((number % 3) as u16),
		};
		send_due(&mut victim, now);
		let reason = victim.handle_packet(now, from, packet(&mut rng, &[VICTIM, *next], delays.clone()));
		refused.push(reason.map(DropReason::name));
	}
	let times = refused.iter().flatten().count();
	assert!((100..1400).contains(&times), "{times}");
	refused
}

#[test]
fn no_refusal_depends_on_the_delays_that_were_drawn() {
	assert!(refused(0.0..0.2, &[0]) == refused(2.0..100.0, &[0]));
}

#[test]
fn no_refusal_depends_on_where_packets_go_on_to() {
	let all: Vec<_> = (0..VICTIM).collect();
	let to_one = refused(0.0..100.0, &[0]);
	assert!(to_one == refused(0.0..100.0, &all));
	assert!(to_one == refused(0.0..100.0, &[3, 3, 3, 4]));
}
