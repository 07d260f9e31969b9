//! Copies of our requests: each is built and put into the authored queue of a session.

use super::{
	asking::NoSession,
	send::{build_on_route, NoPacket},
	Mixnet,
};
use crate::{
	message::{split, FragmentPlan},
	parameters::ParametersExt,
	request::{queue_delay, HandlingDelay, Pending, QueueEnd, RequestError, RequestId, RouteMetrics},
	session::{Session, SessionId},
	sphinx::{
		complete_requests, Backend, BatchBuilder, BuildError, BuiltPacket, BuiltSurb, MixnodeIndex, SurbId, SurbKeys,
		PAYLOAD_DATA_SIZE,
	},
	time::scale,
	topology::{Route, RouteError, RouteKind},
	traffic::{AddressedPacket, FirstHops},
	MessageId, Parameters, PeerId, RelativeSession,
};
use alloc::{boxed::Box, collections::BTreeSet, sync::Arc, vec::Vec};
use core::time::Duration;
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

/// Why a copy of a request was not queued.
enum NotPosted {
	/// The authored queue has no room for the packets of a copy.
	NoRoom { relative: RelativeSession },
	/// It waits its turn: another request waits for room in the authored queue.
	InTurn,
	/// Something else is missing, which may come.
	Blocked(RequestError),
	/// It can never be queued.
	Failed(RequestError),
	/// It cannot be sent to this destination.
	BadDestination,
	/// The destination is the only gateway that is connected. It would see whose packets the fragments are.
	OnlyGateway,
}

/// What came of a look at a waiting request.
enum Looked {
	/// A copy of it is to be built.
	Drafted(Box<CopyDraft>),
	/// It has ended, or another destination is to be tried.
	Changed,
	/// It waits on.
	Waits,
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// Queues what can be queued of the waiting requests: one copy of each in turn, so that a large request does not hold up
	/// the others with all of its copies. If a request finds no room in its session, those behind it in the same session wait
	/// too. Otherwise small requests could starve it.
	///
	/// If the driver builds, it gets the copies one by one: see [`poll_build`](Self::poll_build).
	pub(super) fn post_pending(&mut self) {
		if self.config.driver_builds {
			self.forget_what_was_queued();
			self.copies_due = true;
			return;
		}
		while let Some(draft) = self.draft_next_copy() {
			if !self.queue_copy(draft.build(self.backend)) {
				return;
			}
		}
	}

	/// The copy that is to be built next, if there is room for one.
	pub(super) fn draft_next_copy(&mut self) -> Option<CopyDraft> {
		self.forget_what_was_queued();
		let draft = self.look_for_copy();
		self.forget_what_was_queued();
		draft
	}

	/// The answers to some packets could not be read any more. They are not sent: the request is, anew under another message
	/// ID. And their SURBs leave room for others.
	fn forget_what_was_queued(&mut self) {
		let forgotten = self.pending.take_forgotten();
		for (_, session) in self.sessions.iter_mut() {
			for (id, _) in &forgotten {
				session.authored.remove_request(*id);
			}
		}
		for (_, message_id) in forgotten {
			self.forget_message(&message_id);
		}
	}

	fn look_for_copy(&mut self) -> Option<CopyDraft> {
		// Each round ends a request, uses up a destination, or is the last one.
		loop {
			let mut full = BTreeSet::new();
			let mut progress = false;
			let waiting: Vec<_> = self.pending.post_queue().collect();
			for id in waiting {
				match self.look_at(id, &mut full) {
					Looked::Drafted(draft) => return Some(*draft),
					Looked::Changed => progress = true,
					Looked::Waits => (),
				}
			}
			if !progress || full.len() == RelativeSession::BOTH.len() {
				return None;
			}
		}
	}

	/// Drafts a copy of a request if it can. `full` holds the sessions in which a request waits for room.
	fn look_at(&mut self, id: RequestId, full: &mut BTreeSet<RelativeSession>) -> Looked {
		match self.draft_copy_somewhere(id, full) {
			Ok(draft) => Looked::Drafted(Box::new(draft)),
			Err(NotPosted::NoRoom { relative }) => {
				full.insert(relative);
				self.pending.unblocked(id);
				Looked::Waits
			},
			Err(NotPosted::InTurn) => {
				self.pending.unblocked(id);
				Looked::Waits
			},
			Err(NotPosted::Blocked(error)) => {
				self.pending.blocked(id, self.now, error);
				Looked::Waits
			},
			Err(NotPosted::Failed(error)) => {
				self.fail(id, error);
				Looked::Changed
			},
			// This ends, since the number of destinations is limited.
			Err(NotPosted::BadDestination) => {
				if !self.pending.next_destination(id, &mut self.rng) {
					self.fail(id, RequestError::NoReply);
				}
				Looked::Changed
			},
			Err(NotPosted::OnlyGateway) => {
				if self.pending.next_destination(id, &mut self.rng) {
					return Looked::Changed;
				}
				self.pending.blocked(id, self.now, RequestError::OnlyGateway);
				Looked::Waits
			},
		}
	}

	/// Drafts a copy of a request for the session that it belongs in.
	fn draft_copy_somewhere(
		&mut self,
		id: RequestId,
		full: &BTreeSet<RelativeSession>,
	) -> Result<CopyDraft, NotPosted> {
		let Some(request) = self.pending.get(id) else { return Err(NotPosted::InTurn) };
		let relative = match request.bound_to {
			Some((session, _)) => self
				.sessions
				.relative(session)
				.filter(|relative| self.sessions.allows_requests(*relative))
				.ok_or(NotPosted::BadDestination)?,
			None => self.request_session().map_err(|error| match error {
				NoSession::NotReady => NotPosted::Blocked(RequestError::NotReady),
				resting => NotPosted::Failed(resting.into()),
			})?,
		};
		if full.contains(&relative) {
			return Err(NotPosted::InTurn);
		}
		self.draft_copy(id, relative)
	}

	/// Draws all that is random in a copy of a request.
	fn draft_copy(&mut self, id: RequestId, relative: RelativeSession) -> Result<CopyDraft, NotPosted> {
		let max = self.max_fragments(relative);
		let Some(request) = self.pending.get(id) else { return Err(NotPosted::InTurn) };
		let Some(session_id) = self.sessions.id(relative) else { return Err(NotPosted::BadDestination) };
		let Some(session) = self.sessions.session_mut(relative) else { return Err(NotPosted::BadDestination) };

		let plans = split(request.message_id, &request.data, request.surbs, max)
			.map_err(|error| NotPosted::Failed(RequestError::TooLarge { fragments: error.needed, max: error.max }))?;
		if !session.authored.has_room_for_request(plans.len()) {
			return Err(NotPosted::NoRoom { relative });
		}
		let connected_gateways = session.topology.connected_gateways(&self.connected);
		let destination = match request.bound_to {
			Some((_, destination)) => destination,
			None => draw_destination(&mut self.rng, session, &connected_gateways, request)
				.map_err(|error| not_posted(NoPacket::Route(error)))?,
		};
		if connected_gateways == [destination] {
			return Err(NotPosted::OnlyGateway);
		}
		let mut routes = Routes {
			session,
			connected_gateways: &connected_gateways,
			hops: usize::from(session.parameters.hops),
			destination,
			batch: BatchBuilder::default(),
			surbs: Vec::with_capacity(request.surbs),
			packets: Vec::with_capacity(plans.len()),
		};
		for plan in &plans {
			routes.add_fragment(&mut self.rng, plan).map_err(not_posted)?;
		}
		let first_hops = routes.first_hops();
		let Routes { batch, surbs, packets, .. } = routes;
		let (message_id, data) = (request.message_id, Zeroizing::new(request.data.clone()));
		// Nothing was missing, or only room.
		self.pending.unblocked(id);
		let target = CopyTarget { id, message_id, session_id, destination, first_hops };
		Ok(CopyDraft { target, data, plans, batch, surbs, packets })
	}

	/// Queues a copy that was built, unless its request has ended or goes elsewhere now. Returns whether it was queued.
	pub(super) fn queue_copy(&mut self, copy: BuiltCopy) -> bool {
		let BuiltCopy { target, mut packets, surb_keys, metrics } = copy;
		let CopyTarget { id, message_id, session_id, destination, first_hops } = target;
		let relative =
			self.sessions.relative_of(session_id).filter(|relative| self.sessions.allows_requests(*relative));
		let connected_gateways = relative
			.and_then(|relative| self.sessions.session(relative))
			.map(|session| session.topology.connected_gateways(&self.connected))
			.unwrap_or_default();
		let session = relative.and_then(|relative| self.sessions.session_mut(relative));
		let request = self.pending.get(id).filter(|request| request.awaits_copy(&message_id));
		let (Some(session), Some(request), true) = (session, request, first_hops.are_all_in(&connected_gateways))
		else {
			packets.iter_mut().for_each(|packet| packet.packet.zeroize());
			return false;
		};
		let delay = handling_delay(&session.parameters, request.delay, &message_id);
		if !session.authored.push_request(id, packets, &first_hops) {
			return false;
		}
		for (surb_id, keys) in surb_keys {
			self.surb_keystore.insert(message_id, surb_id, keys);
		}
		let round_trip = round_trip(session, &metrics, self.network_delay.per_hop(), &connected_gateways);
		let answer_by = self.now + round_trip.saturating_add(delay);
		self.pending.posted(id, (session.index, destination), answer_by);
		true
	}
}

/// How often a destination is drawn that is to be avoided, until it is taken all the same. If one of six is left, that happens by
/// chance once in 10^20 times.
const MAX_DRAWS: usize = 256;

/// Draws a destination for a request: another one than its own earlier ones and those of its twin, unless there are too
/// few mixnodes for that.
fn draw_destination<R: RngCore + CryptoRng>(
	rng: &mut R,
	session: &Session,
	connected_gateways: &[MixnodeIndex],
	request: &Pending,
) -> Result<MixnodeIndex, RouteError> {
	let mut destination = session.topology.draw_destination(rng, connected_gateways)?;
	for _ in 1..MAX_DRAWS {
		if !request.avoids((session.index, destination)) {
			break;
		}
		destination = session.topology.draw_destination(rng, connected_gateways)?;
	}
	Ok(destination)
}

/// Where a copy of a request goes.
struct CopyTarget {
	id: RequestId,
	/// The request's message ID when the copy was drafted.
	message_id: MessageId,
	session_id: SessionId,
	destination: MixnodeIndex,
	first_hops: FirstHops,
}

/// A copy of a request, with all that is random in it.
pub(super) struct CopyDraft {
	target: CopyTarget,
	data: Zeroizing<Vec<u8>>,
	plans: Vec<FragmentPlan>,
	batch: BatchBuilder,
	/// The ID of each SURB in `batch`, and the number of its hops.
	surbs: Vec<(SurbId, usize)>,
	/// For each packet in `batch`, the peer that it is sent to first and the number of its hops.
	packets: Vec<(PeerId, usize)>,
}

/// The same, built.
pub(super) struct BuiltCopy {
	target: CopyTarget,
	packets: Vec<AddressedPacket>,
	surb_keys: Vec<(SurbId, SurbKeys)>,
	/// How long the packets travel.
	metrics: RouteMetrics,
}

/// Draws the routes of a copy.
struct Routes<'a> {
	session: &'a Session,
	connected_gateways: &'a [MixnodeIndex],
	hops: usize,
	destination: MixnodeIndex,
	batch: BatchBuilder,
	surbs: Vec<(SurbId, usize)>,
	packets: Vec<(PeerId, usize)>,
}

impl Routes<'_> {
	/// Draws a fragment's SURBs and its packet, each with a route of its own.
	fn add_fragment<R: RngCore + CryptoRng>(&mut self, rng: &mut R, plan: &FragmentPlan) -> Result<(), NoPacket> {
		for _ in 0..plan.surbs() {
			let id = SurbId::random(rng);
			let route = self.add(rng, RouteKind::From(self.destination), |batch, rng, route| {
				batch.add_surb(rng, route.first, &route.hops, id)
			})?;
			self.surbs.push((id, route.hops.len()));
		}
		let route =
			self.add(rng, RouteKind::To(self.destination), |batch, rng, route| batch.add_request(rng, &route.hops))?;
		self.packets.push((route.first_peer_id, route.hops.len()));
		Ok(())
	}

	fn add<R: RngCore + CryptoRng>(
		&mut self,
		rng: &mut R,
		kind: RouteKind,
		add: impl FnOnce(&mut BatchBuilder, &mut R, &Route) -> Result<(), BuildError>,
	) -> Result<Route, NoPacket> {
		let Self { session, connected_gateways, hops, batch, .. } = self;
		let add = |rng: &mut R, route: &Route| add(batch, rng, route);
		build_on_route(rng, &session.topology, connected_gateways, kind, *hops, add).map(|(route, ())| route)
	}

	/// The mixnodes of which the first hops of the packets are drawn: see [`draw_path`](crate::topology::Topology::draw_path).
	/// A user's are never the destination; a mixnode's are if there are no others.
	fn first_hops(&self) -> FirstHops {
		if self.session.topology.is_mixnode() {
			let peer_id = self.session.topology.mixnode_peer_id(self.destination);
			let goes_there_first = self.packets.iter().any(|(first, _)| Some(*first) == peer_id);
			return if goes_there_first { FirstHops::Any } else { FirstHops::AllBut(self.destination) };
		}
		let gateways = self.connected_gateways.iter().copied();
		FirstHops::Gateways(Arc::new(gateways.filter(|gateway| *gateway != self.destination).collect()))
	}
}

impl CopyDraft {
	/// Builds the packets and the SURBs in them. Nothing random is drawn.
	pub fn build(self, backend: Backend) -> BuiltCopy {
		let Self { target, data, plans, batch, surbs: surb_ids, packets } = self;
		let built = batch.build(backend);
		let mut metrics = RouteMetrics::default();
		let mut surbs = Vec::with_capacity(surb_ids.len());
		let mut surb_keys = Vec::with_capacity(surb_ids.len());
		for ((id, hops), BuiltSurb { surb, keys, delay }) in surb_ids.into_iter().zip(built.surbs) {
			metrics.add_surb(hops, delay);
			surbs.push(surb);
			surb_keys.push((id, keys));
		}
		let mut surbs = &surbs[..];
		let write = |plan: &FragmentPlan| {
			let (own, others) = surbs.split_at(plan.surbs());
			surbs = others;
			let mut payload = Zeroizing::new([0; PAYLOAD_DATA_SIZE]);
			plan.write(&mut payload, &data, own)
				.expect("planned for this data, and as many SURBs were made as the plans say; qed");
			payload
		};
		let payloads: Vec<_> = plans.iter().map(write).collect();
		let complete = complete_requests(built.requests.into_iter().zip(payloads.iter().map(|payload| &**payload)));
		let address = |((peer_id, hops), BuiltPacket { packet, delay }): ((_, usize), _)| {
			metrics.add_request(hops, delay);
			AddressedPacket { peer_id, packet }
		};
		let packets = packets.into_iter().zip(complete).map(address).collect();
		BuiltCopy { target, packets, surb_keys, metrics }
	}
}

fn not_posted(error: NoPacket) -> NotPosted {
	match error {
		NoPacket::Route(RouteError::NoConnectedGateways) => NotPosted::Blocked(RequestError::NoConnectedGateways),
		NoPacket::Route(RouteError::TooFewMixnodes) => NotPosted::Failed(RequestError::TooFewMixnodes),
		NoPacket::Build => NotPosted::BadDestination,
	}
}

fn handling_delay(parameters: &Parameters, delay: HandlingDelay, message_id: &MessageId) -> Duration {
	match delay {
		HandlingDelay::Fixed(delay) => delay,
		HandlingDelay::Extrinsic => parameters.extrinsic_delay(message_id),
	}
}

/// The time until the last packet of the reply has come, if the last packet of the request is queued in `session` now.
/// Handling the request is not included. (PROTOCOL.md, section 10)
///
/// `per_hop` is the time that a hop takes, network and processing: the measured one, if it is more than the configured.
///
/// Packets wait for a tick whose place they may take. The mean time between those of one packet is longer than that between
/// all ticks, by the same factor for all packets: the mean of theirs.
fn round_trip(
	session: &Session,
	metrics: &RouteMetrics,
	per_hop: Duration,
	connected_gateways: &[MixnodeIndex],
) -> Duration {
	let parameters = &session.parameters;
	let loops = parameters.loop_cover_proportion();
	let queued = session.authored.requests_len();
	let ticks = session.authored.ticks_to_send(queued, connected_gateways, session.topology.len().saturating_sub(1));
	let period = scale(session.authoring().mean_period, ticks / queued.max(1) as f64);
	let here = QueueEnd::new(period, queued, loops);
	let mixnode = parameters.authoring(true);
	let there = QueueEnd::new(mixnode.mean_period, mixnode.queue_capacity, loops);
	metrics.travel_time(parameters.mean_forwarding_delay(), per_hop).saturating_add(queue_delay(here, there))
}

#[cfg(test)]
mod tests;
