//! Packets out: forwarded ones, and those that we author at the ticks of the sessions' clocks.

use super::Mixnet;
use crate::{
	loops::SentLoop,
	parameters::ParametersExt,
	session::{Session, SessionId},
	sphinx::{Backend, BatchBuilder, BuildError, BuiltPacket, CoverId, Hop, MixnodeIndex, Target},
	statistics::DropReason,
	time::scale,
	topology::{Route, RouteError, RouteKind, Topology},
	traffic::{
		AddressedPacket, AuthoredKind, AuthoredPacket, Cover, CoverStock, Prepared, PreparedLoop, Replacement,
		REPLIES_SHARE,
	},
	RelativeSession,
};
use alloc::vec::Vec;
use core::time::Duration;
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

/// What is due: a packet to be forwarded, or a tick of this session's clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Due {
	Forward,
	Tick(RelativeSession),
}

/// What a tick leads to.
enum Ticked {
	Packet(AddressedPacket),
	/// Nothing: there is no route.
	NoRoute,
	/// The tick waits, since no cover is ready for it.
	Waits,
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// The next packet, to be sent at once. `None` if nothing is due at the latest time that the driver told us.
	///
	/// Packets to be forwarded and ticks of the sessions' clocks take turns in the order in which they are due. Each tick is a
	/// packet: of a request or a reply, or cover. Nothing is computed here: all is ready before. If a tick is due and no cover is
	/// ready for it, it waits for that, and so do all packets that are due later: [`poll_timeout`](Self::poll_timeout) is
	/// then in the past, unless the driver builds that cover.
	#[must_use = "the packet is to be sent now"]
	pub fn poll_transmit(&mut self) -> Option<AddressedPacket> {
		while let Some(due) = self.next_due() {
			match due {
				Due::Forward => {
					let packet = self.forward_queue.pop_due(self.now)?;
					self.statistics.packets_forwarded += 1;
					return Some(packet);
				},
				Due::Tick(relative) => match self.tick(relative) {
					Ticked::Packet(packet) => return Some(packet),
					Ticked::NoRoute => self.statistics.count_drop(DropReason::NoRoute),
					Ticked::Waits => return None,
				},
			}
		}
		None
	}

	/// What is due first.
	fn next_due(&self) -> Option<Due> {
		let tick = |relative| Some((self.sessions.session(relative)?.clock.next()?, Due::Tick(relative)));
		let forward = self.forward_queue.next_deadline().map(|deadline| (deadline, Due::Forward));
		let next = RelativeSession::BOTH.into_iter().filter_map(tick).chain(forward).min()?;
		(next.0 <= self.now).then_some(next.1)
	}

	/// Builds something that ticks to come will send, if no packet is ready to be sent: a batch of cover, or the copies of our
	/// requests for which there is room.
	///
	/// When that happens, and for how many ticks of cover, depends on the number of ticks alone: see [`CoverStock`]. Copies
	/// come after a batch of cover. If they were built as soon as there is room, or an answer or a peer comes, others could
	/// see from packets that are late whether requests wait, and some could choose when to look.
	///
	/// [`poll_build`](Self::poll_build) does the same for drivers that build on threads of their own.
	pub(super) fn build_ahead(&mut self) {
		if self.config.driver_builds {
			return;
		}
		let due = self.next_due();
		let sessions = match due {
			Some(Due::Tick(relative)) if self.awaits_cover(relative) => &[relative][..],
			// These packets come first.
			Some(_) => return,
			None => &RelativeSession::BOTH,
		};
		if let Some(relative) = sessions.iter().find(|relative| self.wants_cover(**relative)) {
			if let Some(draft) = self.draft_cover(*relative) {
				self.stock(draft.build(self.backend));
			}
			self.copies_due = true;
		} else if core::mem::take(&mut self.copies_due) {
			self.post_pending();
		}
	}

	/// Does the driver have to call for something to be built, as soon as no packet is due?
	pub(super) fn has_to_build(&self) -> bool {
		if self.config.driver_builds {
			return false;
		}
		self.copies_due || RelativeSession::BOTH.into_iter().any(|relative| self.wants_cover(relative))
	}

	/// Do all packets that are due wait for cover that the driver has built at this moment?
	pub(super) fn waits_for_build(&self) -> bool {
		self.is_building && matches!(self.next_due(), Some(Due::Tick(relative)) if self.awaits_cover(relative))
	}

	/// Is no cover ready for the session's next tick?
	fn awaits_cover(&self, relative: RelativeSession) -> bool {
		self.sessions.session(relative).is_some_and(|session| {
			session.cover.is_empty() || !session.cover.is_for(&session.topology.connected_gateways(&self.connected))
		})
	}

	/// Is there room for a batch of cover?
	pub(super) fn wants_cover(&self, relative: RelativeSession) -> bool {
		let ticks = |session: &&Session| session.clock.next().is_some();
		let is_low = |session: &Session| {
			session.cover.is_low() || !session.cover.is_for(&session.topology.connected_gateways(&self.connected))
		};
		self.sessions.session(relative).filter(ticks).is_some_and(is_low)
	}

	/// Draws cover for the next ticks of a session.
	pub(super) fn draft_cover(&mut self, relative: RelativeSession) -> Option<CoverDraft> {
		let id = self.sessions.id(relative)?;
		let session = self.sessions.session_mut(relative)?;
		let gateways = session.topology.connected_gateways(&self.connected);
		session.cover.keep_for(&gateways);
		let hops = usize::from(session.parameters.hops);
		let loop_cover = Bernoulli::new(session.parameters.loop_cover_proportion())
			.expect("below 1 in any parameters that passed their check; qed");
		// Users send no replies.
		let replies = if session.topology.is_mixnode() { REPLIES_SHARE } else { 0.0 };
		let replies = Bernoulli::new(replies).expect("a constant below 1; qed");
		let mut batch = BatchBuilder::default();
		let mut drawn = Vec::with_capacity(CoverStock::BATCH);
		for _ in 0..CoverStock::BATCH {
			let loop_id = loop_cover.sample(&mut self.rng).then(|| CoverId::random(&mut self.rng));
			let add = |rng: &mut R, route: &Route| batch.add_cover(rng, &route.hops, loop_id);
			let kind = match loop_id {
				Some(_) => Ok(RouteKind::Loop),
				None => session.topology.draw_destination(&mut self.rng, &gateways).map(RouteKind::To),
			};
			let route = kind
				.ok()
				.and_then(|kind| build_on_route(&mut self.rng, &session.topology, &gateways, kind, hops, add).ok());
			let replacement = match (loop_id, replies.sample(&mut self.rng)) {
				(Some(_), _) => None,
				(None, true) => Some(Replacement::Reply),
				(None, false) => Some(Replacement::Request),
			};
			drawn.push((loop_id, replacement, route.map(|(route, ())| route)));
		}
		Some(CoverDraft {
			id,
			gateways,
			local: session.topology.local_index(),
			mean_delay: session.parameters.mean_forwarding_delay(),
			drawn,
			batch,
		})
	}

	/// Puts cover that was built into the stock, unless its session has ended or other gateways are connected now.
	pub(super) fn stock(&mut self, built: BuiltCover) {
		let BuiltCover { id, gateways, prepared } = built;
		let Some(session) = self.sessions.relative_of(id).and_then(|relative| self.sessions.session_mut(relative))
		else {
			return;
		};
		if session.cover.is_for(&gateways) {
			prepared.into_iter().for_each(|prepared| session.cover.push(prepared));
		}
	}

	/// Takes the tick of a session that is due, if there is cover for it.
	fn tick(&mut self, relative: RelativeSession) -> Ticked {
		let Some(session) = self.sessions.session_mut(relative) else { return Ticked::NoRoute };
		session.cover.keep_for(&session.topology.connected_gateways(&self.connected));
		let Some(prepared) = session.cover.pop() else {
			self.statistics.ticks_awaiting_cover += u64::from(session.cover.wait());
			return Ticked::Waits;
		};
		session.clock.advance(&mut self.rng);
		let replacement = match prepared.replacement {
			Some(_) if !self.sessions.allows_requests(relative) => None,
			Some(Replacement::Request) => self.pop_request(relative, prepared.first()),
			Some(Replacement::Reply) => self.pop_reply(relative),
			None => None,
		};
		if let Some(packet) = replacement {
			return Ticked::Packet(packet);
		}
		prepared.take().map_or(Ticked::NoRoute, |cover| Ticked::Packet(self.send_cover(relative, cover)))
	}

	/// The next packet of a request, if it may take the place of drop cover that was to go to `first`.
	fn pop_request(&mut self, relative: RelativeSession, first: Option<MixnodeIndex>) -> Option<AddressedPacket> {
		let session = self.sessions.session_mut(relative)?;
		let next = session.authored.first_request()?;
		// A user's cover goes to live gateways only. If the gateway of a queued packet is gone, cover is sent instead: a gap
		// would show that there was something to say.
		let gateway = &next.packet.peer_id;
		if !session.topology.is_mixnode() && !session.topology.is_live_gateway(&self.connected, gateway) {
			session.authored.pop_request();
			self.statistics.count_drop(DropReason::GatewayGone);
			return None;
		}
		if !first.is_none_or(|first| next.first_hops.contains(first)) {
			return None;
		}
		let AuthoredPacket { kind, packet, .. } = session.authored.pop_request()?;
		if let AuthoredKind::Request(id) = kind {
			self.pending.note_sent(id);
		}
		self.statistics.requests_authored += 1;
		Some(packet)
	}

	/// The next packet of a reply.
	fn pop_reply(&mut self, relative: RelativeSession) -> Option<AddressedPacket> {
		let AuthoredPacket { packet, .. } = self.sessions.session_mut(relative)?.authored.pop_reply()?;
		self.statistics.replies_authored += 1;
		Some(packet)
	}

	/// Cover is sent now. If it is a loop, it should be back after a time.
	fn send_cover(&mut self, relative: RelativeSession, cover: Cover) -> AddressedPacket {
		let Cover { packet, loops, .. } = cover;
		let Some(PreparedLoop { id, forwarding_delay, links, route }) = loops else {
			self.statistics.drop_cover_authored += 1;
			return packet;
		};
		self.statistics.loop_cover_authored += 1;
		let Some(session) = self.sessions.session_mut(relative) else { return packet };
		let sent = SentLoop {
			sent_at: self.now,
			deadline: self.now + forwarding_delay + self.config.per_hop_network_delay.saturating_mul(links),
			forwarding_delay,
			links,
			route,
			connected_gateways: session.topology.connected_gateways(&self.connected).into(),
			// A loop that cannot be sent says nothing of anybody. And after a suspension nobody knows which connections have
			// survived.
			weighs: self.connected.contains(&packet.peer_id) && self.now >= self.settled_at,
		};
		session.loops.sent(id, sent);
		packet
	}
}

/// What is drawn for one tick: the ID of a loop, what may take its place, and its route, if there is one.
type Drawn = (Option<CoverId>, Option<Replacement>, Option<Route>);

/// Cover for the next ticks of a session, with all that is random in it.
pub(super) struct CoverDraft {
	id: SessionId,
	/// The connected gateways that it is for. None at a mixnode.
	gateways: Vec<MixnodeIndex>,
	/// Our own index, if we are a mixnode.
	local: Option<MixnodeIndex>,
	mean_delay: Duration,
	drawn: Vec<Drawn>,
	batch: BatchBuilder,
}

/// The same, built.
pub(super) struct BuiltCover {
	id: SessionId,
	gateways: Vec<MixnodeIndex>,
	prepared: Vec<Prepared>,
}

impl CoverDraft {
	/// Builds it. Nothing random is drawn.
	pub fn build(self, backend: Backend) -> BuiltCover {
		let Self { id, gateways, local, mean_delay, drawn, batch } = self;
		let mut built = batch.build(backend).covers.into_iter();
		let prepare = |(loop_id, replacement, route): Drawn| {
			let cover = route.and_then(|route| Some(prepare_cover(local, mean_delay, route, loop_id, built.next()?)));
			Prepared::new(replacement, cover)
		};
		BuiltCover { id, gateways, prepared: drawn.into_iter().map(prepare).collect() }
	}
}

/// Makes cover ready to be sent over this route.
fn prepare_cover(
	local: Option<MixnodeIndex>,
	mean_delay: Duration,
	route: Route,
	loop_id: Option<CoverId>,
	built: BuiltPacket,
) -> Cover {
	let others = |hop: &Hop| match hop.target {
		Target::Mixnode(index) => (Some(index) != local).then_some(index),
		Target::Peer(_) => None,
	};
	let loops = loop_id.map(|id| PreparedLoop {
		id,
		forwarding_delay: scale(mean_delay, built.delay),
		links: route.hops.len() as u32,
		route: route.hops.iter().filter_map(others).collect(),
	});
	Cover { first: route.first, packet: AddressedPacket { peer_id: route.first_peer_id, packet: built.packet }, loops }
}

#[cfg(test)]
mod tests;
