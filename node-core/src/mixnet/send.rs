//! Packets out: forwarded ones, and those that we author at the ticks of the sessions' clocks.

use super::Mixnet;
use crate::{
	loops::SentLoop,
	parameters::ParametersExt,
	sphinx::{build_one_cover, BatchBuilder, BuildError, BuiltPacket, CoverId, Hop, MixnodeIndex, Target},
	statistics::DropReason,
	time::scale,
	topology::{Route, RouteError, RouteKind, Topology},
	traffic::{AddressedPacket, AuthoredKind, CoverStock},
	PeerId, RelativeSession, SessionPhase,
};
use alloc::vec::Vec;
use rand_core::{CryptoRng, RngCore};
use rand_distr::{Bernoulli, Distribution};

/// Why a packet of ours could not be built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoPacket {
	/// There is no route.
	Route(RouteError),
	/// The actions of the route do not fit into a packet. (Keys of low order are no reason: no route visits them.)
	Build,
}

/// Draws a route and builds something for it.
pub(super) fn build_on_route<R: RngCore + CryptoRng, T>(
	rng: &mut R,
	topology: &Topology,
	connected_gateways: &[MixnodeIndex],
	kind: RouteKind,
	hops: usize,
	build: impl FnOnce(&mut R, &Route) -> Result<T, BuildError>,
) -> Result<(Route, T), NoPacket> {
	let route = topology.draw_route(rng, connected_gateways, kind, hops).map_err(NoPacket::Route)?;
	let built = build(rng, &route).map_err(|error| {
		log::debug!(target: "mixnet", "Cannot build a packet: {error}");
		NoPacket::Build
	})?;
	Ok((route, built))
}

/// Draws a destination and a route to it, for cover, and builds something for it.
fn draw_cover<R: RngCore + CryptoRng, T>(
	rng: &mut R,
	topology: &Topology,
	connected_gateways: &[MixnodeIndex],
	hops: usize,
	build: impl FnOnce(&mut R, &Route) -> Result<T, BuildError>,
) -> Option<(Route, T)> {
	let destination = topology.draw_destination(rng, connected_gateways).ok()?;
	build_on_route(rng, topology, connected_gateways, RouteKind::To(destination), hops, build).ok()
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// The next packet, to be sent at once. `None` if nothing is due at the latest time that the driver told us.
	///
	/// Packets to be forwarded come first, by deadline. Then each tick of a session's clock is a packet: of a request or a
	/// reply, or cover. When nothing is due, cover is built for ticks to come.
	#[must_use = "the packet is to be sent now"]
	pub fn poll_transmit(&mut self) -> Option<AddressedPacket> {
		if let Some(packet) = self.forward_queue.pop_due(self.now) {
			self.statistics.packets_forwarded += 1;
			return Some(packet);
		}
		while let Some(relative) = self.take_tick() {
			let packet = self.author(relative);
			if packet.is_some() {
				return packet;
			}
			self.statistics.count_drop(DropReason::NoRoute);
		}
		// Now is the time: nothing is due.
		self.stock_cover();
		None
	}

	/// Builds cover for the ticks to come in sessions that have none left.
	fn stock_cover(&mut self) {
		for relative in RelativeSession::BOTH {
			let session = self.sessions.session(relative);
			if session.is_some_and(|session| session.clock.next().is_some() && session.cover.is_empty()) {
				self.fill_cover(relative);
			}
		}
	}

	/// Builds cover ahead if we are a mixnode. A user cannot: at the tick other gateways may be connected.
	fn fill_cover(&mut self, relative: RelativeSession) {
		let Some(session) = self.sessions.session_mut(relative).filter(|session| session.topology.is_mixnode()) else {
			return;
		};
		let hops = usize::from(session.parameters.hops);
		let mut batch = BatchBuilder::default();
		let mut peers = Vec::with_capacity(CoverStock::SIZE);
		let build = |batch: &mut BatchBuilder, rng: &mut R, route: &Route| batch.add_cover(rng, &route.hops, None);
		while peers.len() < CoverStock::SIZE {
			let drawn =
				draw_cover(&mut self.rng, &session.topology, &[], hops, |rng, route| build(&mut batch, rng, route));
			match drawn {
				Some((route, ())) => peers.push(route.first_peer_id),
				None => break,
			}
		}
		let covers = batch.build(self.backend).covers.into_iter();
		let address = |(peer_id, built): (_, BuiltPacket)| AddressedPacket { peer_id, packet: built.packet };
		session.cover.fill(peers.into_iter().zip(covers).map(address).collect());
	}

	/// Takes the earliest due tick. Returns the session that it belongs to.
	fn take_tick(&mut self) -> Option<RelativeSession> {
		let now = self.now;
		let (_, relative, session) = self
			.sessions
			.iter_mut()
			.filter_map(|(relative, session)| Some((session.clock.next()?, relative, session)))
			.filter(|(tick, ..)| *tick <= now)
			.min_by_key(|(tick, relative, _)| (*tick, *relative))?;
		session.clock.advance(&mut self.rng);
		Some(relative)
	}

	/// The packet for a tick in this session.
	fn author(&mut self, relative: RelativeSession) -> Option<AddressedPacket> {
		let loop_cover = self.sessions.session(relative)?.parameters.loop_cover_proportion();
		let is_loop = Bernoulli::new(loop_cover)
			.expect("below 1 in any parameters that passed their check; qed")
			.sample(&mut self.rng);
		if is_loop {
			return self.build_loop_cover(relative);
		}
		if let Some(packet) = self.pop_authored(relative) {
			return Some(packet);
		}
		self.build_drop_cover(relative)
	}

	/// The next request or reply packet, which takes the place of drop cover.
	fn pop_authored(&mut self, relative: RelativeSession) -> Option<AddressedPacket> {
		if !self.sessions.allows_requests(relative) {
			return None;
		}
		let authored = self.sessions.session_mut(relative)?.authored.pop()?;
		let reachable = self.is_reachable(relative, &authored.packet.peer_id);
		if !reachable {
			self.statistics.count_drop(DropReason::GatewayGone);
		} else {
			match authored.kind {
				AuthoredKind::Request(id) => {
					self.statistics.requests_authored += 1;
					self.pending.note_sent(id);
				},
				AuthoredKind::Reply => self.statistics.replies_authored += 1,
			}
		}
		// There is room for one packet more.
		self.post_pending();
		reachable.then_some(authored.packet)
	}

	/// Could cover be sent to this peer? A user's cover goes to connected gateways only. If the gateway of a queued packet is
	/// gone, cover is sent instead: a gap would show that there was something to say.
	fn is_reachable(&self, relative: RelativeSession, peer_id: &PeerId) -> bool {
		let topology = self.sessions.session(relative).map(|session| &session.topology);
		topology.is_some_and(|topology| topology.is_mixnode() || topology.is_live_gateway(&self.connected, peer_id))
	}

	/// Drop cover for a random mixnode.
	fn build_drop_cover(&mut self, relative: RelativeSession) -> Option<AddressedPacket> {
		if self.sessions.session(relative)?.cover.is_empty() {
			self.fill_cover(relative);
		}
		let session = self.sessions.session_mut(relative)?;
		let packet = match session.cover.pop() {
			Some(packet) => packet,
			None => {
				let gateways = session.topology.connected_gateways(&self.connected);
				let backend = self.backend;
				let build = |rng: &mut R, route: &Route| build_one_cover(backend, rng, &route.hops, None);
				let hops = usize::from(session.parameters.hops);
				let (route, built) = draw_cover(&mut self.rng, &session.topology, &gateways, hops, build)?;
				AddressedPacket { peer_id: route.first_peer_id, packet: built.packet }
			},
		};
		self.statistics.drop_cover_authored += 1;
		Some(packet)
	}

	/// Builds a loop cover packet, and notes when it should be back.
	fn build_loop_cover(&mut self, relative: RelativeSession) -> Option<AddressedPacket> {
		let phase = self.sessions.status()?.phase;
		let session = self.sessions.session_mut(relative)?;
		let gateways = session.topology.connected_gateways(&self.connected);
		let id = CoverId::random(&mut self.rng);
		let backend = self.backend;
		let build = |rng: &mut R, route: &Route| build_one_cover(backend, rng, &route.hops, Some(id));
		let hops = usize::from(session.parameters.hops);
		let (route, built) =
			build_on_route(&mut self.rng, &session.topology, &gateways, RouteKind::Loop, hops, build).ok()?;

		let forwarding_delay = scale(session.parameters.mean_forwarding_delay(), built.delay);
		let links = route.hops.len() as u32;
		let others = |hop: &Hop| match hop.target {
			Target::Mixnode(index) => (Some(index) != session.topology.local_index()).then_some(index),
			Target::Peer(_) => None,
		};
		let sent = SentLoop {
			sent_at: self.now,
			deadline: self.now + forwarding_delay + self.config.per_hop_network_delay.saturating_mul(links),
			forwarding_delay,
			links,
			route: route.hops.iter().filter_map(others).collect(),
			connected_gateways: gateways.into(),
			// At first, mixnodes may not know the session yet. And a loop that cannot be sent says nothing of anybody.
			weighs: (relative, phase) != (RelativeSession::Current, SessionPhase::CoverToCurrent)
				&& self.connected.contains(&route.first_peer_id),
		};
		session.loops.sent(id, sent);
		self.statistics.loop_cover_authored += 1;
		Some(AddressedPacket { peer_id: route.first_peer_id, packet: built.packet })
	}
}
