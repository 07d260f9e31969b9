//! Our own requests, from waiting to the authored queue.

use super::{
	requests::NoSession,
	send::{build_on_route, NoPacket},
	AddressedPacket, Mixnet,
};
use crate::{
	message::{split, FragmentPlan},
	parameters::InUnits,
	request::{queue_delay, HandlingDelay, QueueEnd, RequestError, RequestId, RouteMetrics},
	session::Session,
	sphinx::{build_request, build_surb, MixnodeIndex, Surb, SurbId, SurbKeys, PAYLOAD_DATA_SIZE},
	topology::{RouteError, RouteKind},
	MessageId, Parameters, RelativeSession,
};
use alloc::{collections::BTreeSet, vec::Vec};
use core::time::Duration;
use rand_core::{CryptoRng, RngCore};

/// Why a copy of a request was not posted.
enum NotPosted {
	/// The authored queue has no room for a copy, of so many packets.
	NoRoom { relative: RelativeSession, packets: usize },
	/// Another request waits for room in the authored queue.
	InTurn,
	/// Something else is missing that may come.
	Blocked(RequestError),
	/// It will never be.
	Failed(RequestError),
	/// Not to this destination.
	BadDestination,
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// Posts what can be posted of the requests that wait to be: a copy of each in turn, so that a large one does not hold
	/// up the others with all of its copies. A request that finds no room in its session holds up those behind it in the
	/// same session, and has room kept for it, lest small ones or replies starve it.
	pub(super) fn post_pending(&mut self) {
		let mut full = BTreeSet::new();
		let forgotten = self.pending.take_forgotten();
		for (_, session) in self.sessions.iter_mut() {
			session.authored.reserve(0);
			// Packets whose answers could not be read any more: the request is sent anew, under another message ID.
			for (id, _) in &forgotten {
				session.authored.remove_request(*id);
			}
		}
		// Each round posts at least one copy, or ends a request, or is the last.
		let mut progress = true;
		while progress && full.len() < RelativeSession::BOTH.len() {
			progress = false;
			let waiting: Vec<_> = self.pending.post_queue().collect();
			for id in waiting {
				progress |= self.post_one(id, &mut full);
			}
		}
		// Nothing is queued of those that were forgotten meanwhile: they found no way to be.
		for (_, message_id) in forgotten.into_iter().chain(self.pending.take_forgotten()) {
			self.surb_keystore.remove_for(&message_id);
		}
	}

	/// Posts a copy of a request, if it can be. Returns whether anything changed. `full`: sessions in which a request waits
	/// for room.
	fn post_one(&mut self, id: RequestId, full: &mut BTreeSet<RelativeSession>) -> bool {
		match self.post_copy_somewhere(id, full) {
			Ok(()) => true,
			Err(NotPosted::NoRoom { relative, packets }) => {
				full.insert(relative);
				if let Some(session) = self.sessions.session_mut(relative) {
					session.authored.reserve(packets);
				}
				false
			},
			Err(NotPosted::InTurn) => false,
			Err(NotPosted::Blocked(error)) => {
				self.pending.blocked(id, self.now, error);
				false
			},
			Err(NotPosted::Failed(error)) => {
				self.fail(id, error);
				true
			},
			// Comes to an end, as there is a limit to destinations.
			Err(NotPosted::BadDestination) => {
				if !self.pending.next_destination(id, &mut self.rng) {
					self.fail(id, RequestError::NoReply);
				}
				true
			},
		}
	}

	/// Posts a copy of a request in the session that it belongs in.
	fn post_copy_somewhere(&mut self, id: RequestId, full: &BTreeSet<RelativeSession>) -> Result<(), NotPosted> {
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
		self.post_copy(id, relative)
	}

	/// Posts one copy of a request in this session.
	fn post_copy(&mut self, id: RequestId, relative: RelativeSession) -> Result<(), NotPosted> {
		let max = self.max_fragments(relative);
		let Some(request) = self.pending.get(id) else { return Err(NotPosted::InTurn) };
		let Some(session) = self.sessions.session_mut(relative) else { return Err(NotPosted::BadDestination) };

		let plans = split(request.message_id, &request.data, request.surbs, max)
			.map_err(|error| NotPosted::Failed(RequestError::TooLarge { fragments: error.needed, max: error.max }))?;
		if !session.authored.has_room_for_request(plans.len()) {
			return Err(NotPosted::NoRoom { relative, packets: plans.len() });
		}
		let connected_gateways = session.topology.connected_gateways(&self.connected);
		let destination = match request.bound_to {
			Some((_, destination)) => destination,
			None => session
				.topology
				.draw_destination(&mut self.rng, &connected_gateways)
				.map_err(|error| not_posted(NoPacket::Route(error)))?,
		};
		let mut copy = Copy {
			session,
			connected_gateways: &connected_gateways,
			hops: usize::from(session.parameters.hops),
			destination,
			packets: Vec::with_capacity(plans.len()),
			surb_keys: Vec::with_capacity(request.surbs),
			metrics: RouteMetrics::default(),
		};
		for plan in &plans {
			copy.add_fragment(&mut self.rng, plan, &request.data).map_err(not_posted)?;
		}
		let Copy { packets, surb_keys, metrics, .. } = copy;

		let message_id = request.message_id;
		let delay = handling_delay(&session.parameters, request.delay, &message_id);
		session.authored.push_request(id, packets);
		for (surb_id, keys) in surb_keys {
			self.surb_keystore.insert(message_id, surb_id, keys);
		}
		let round_trip = round_trip(session, &metrics, self.network_delay.per_hop());
		let answer_by = self.now + round_trip.saturating_add(delay);
		self.pending.posted(id, (session.index, destination), answer_by);
		Ok(())
	}
}

/// A copy of a request, while it is built.
struct Copy<'a> {
	session: &'a Session,
	connected_gateways: &'a [MixnodeIndex],
	hops: usize,
	destination: MixnodeIndex,
	packets: Vec<AddressedPacket>,
	surb_keys: Vec<(SurbId, SurbKeys)>,
	metrics: RouteMetrics,
}

impl Copy<'_> {
	/// Builds a fragment's SURBs and its packet, each with a route of its own.
	fn add_fragment<R: RngCore + CryptoRng>(
		&mut self,
		rng: &mut R,
		plan: &FragmentPlan,
		data: &[u8],
	) -> Result<(), NoPacket> {
		let surbs = (0..plan.surbs()).map(|_| self.add_surb(rng)).collect::<Result<Vec<_>, _>>()?;
		let mut payload = [0; PAYLOAD_DATA_SIZE];
		plan.write(&mut payload, data, &surbs)
			.expect("planned for this data, and as many SURBs were made as the plan says; qed");
		let kind = RouteKind::To(self.destination);
		let (route, built) =
			build_on_route(rng, &self.session.topology, self.connected_gateways, kind, self.hops, |rng, route| {
				build_request(rng, &route.hops, &payload)
			})?;
		self.metrics.add_request(route.hops.len(), built.delay);
		self.packets.push(AddressedPacket { peer_id: route.first_peer_id, packet: built.packet });
		Ok(())
	}

	fn add_surb<R: RngCore + CryptoRng>(&mut self, rng: &mut R) -> Result<Surb, NoPacket> {
		let id = SurbId::random(rng);
		let kind = RouteKind::From(self.destination);
		let (route, (surb, keys, delay)) =
			build_on_route(rng, &self.session.topology, self.connected_gateways, kind, self.hops, |rng, route| {
				build_surb(rng, route.first, &route.hops, id)
			})?;
		self.metrics.add_surb(route.hops.len(), delay);
		self.surb_keys.push((id, keys));
		Ok(surb)
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

/// How long it takes, but for handling, until the last packet of the reply to what is queued in `session` now has come.
/// (PROTOCOL.md, section 10)
///
/// `per_hop`: what a hop takes, network and processing: as measured, if that is more than configured.
fn round_trip(session: &Session, metrics: &RouteMetrics, per_hop: Duration) -> Duration {
	let parameters = &session.parameters;
	let loops = parameters.loop_cover_proportion();
	let here = QueueEnd::new(session.authoring().mean_period, session.authored.len(), loops);
	let mixnode = parameters.authoring(true);
	let there = QueueEnd::new(mixnode.mean_period, mixnode.queue_capacity, loops);
	metrics.travel_time(parameters.mean_forwarding_delay(), per_hop).saturating_add(queue_delay(here, there))
}
