//! What must hold of a node's private state.

use super::{queued_in, Watched};
use crate::{
	mixnet::{Event, Mixnet, Role},
	request::{RequestId, Stage},
	session::{Session, Slot},
	sphinx::{build_cover, Hop, MixnodeIndex, Target},
	statistics::DropReason,
	traffic::{most_waiting, AuthoredKind, CoverStock},
	KxPublic, PeerId, RelativeSession, Statistics, Time,
};
use core::cell::RefCell;
use rand_chacha::ChaChaRng;
use std::collections::BTreeSet;

impl Watched {
	/// Checks all that must hold between operations.
	pub fn check(&mut self, now: Time) {
		assert!(self.mixnet.now <= now);
		self.check_requests();
		self.check_sessions();
		self.check_keys_seen();
		self.check_queues();
		self.check_bounds();
		check_counters(&self.mixnet.statistics());
	}

	fn check_requests(&self) {
		let Mixnet { pending, events, sessions, now, .. } = &self.mixnet;
		let queued: Vec<_> = pending.post_queue().collect();
		assert_eq!(queued.iter().collect::<BTreeSet<_>>().len(), queued.len(), "queued twice");
		let mut live = 0;
		let mut timers = Vec::new();
		for (number, posted) in self.requests.iter().enumerate() {
			let id = RequestId(number as u64);
			let ends = |event: &&Event| match event {
				Event::RequestAnswered { id: ended, .. } | Event::RequestFailed { id: ended, .. } => *ended == id,
				_ => false,
			};
			let ends = posted.ends + events.iter().filter(ends).count();
			let Some(request) = pending.get(id) else {
				assert_eq!(ends, 1, "a request that ended, but not once");
				assert!(!queued.contains(&id));
				continue;
			};
			live += 1;
			assert_eq!(ends, 0, "a request that ended, and is pending");
			assert_eq!((&request.data, request.sent), (&posted.data, posted.sent));
			assert_eq!(pending.by_message_id(&request.message_id), Some(id));
			assert!(request.taken_at <= *now);
			assert_eq!(queued.contains(&id), matches!(request.stage, Stage::Posting { .. }));

			let takes_requests = |session| sessions.relative(session).is_some_and(|it| sessions.allows_requests(it));
			let is_closed = request.bound_to.is_some_and(|(session, _)| !takes_requests(session));
			assert!(!is_closed || request.sent, "it could start anew in another session");
			let bound_to = request.bound_to.filter(|(session, _)| takes_requests(*session) && queued.contains(&id));
			if let Some((session, destination)) = bound_to {
				let session = sessions.relative(session).and_then(|relative| sessions.session(relative)).unwrap();
				let peer_id = session.topology.mixnode_peer_id(destination).unwrap();
				assert_ne!(peer_id, self.mixnet.local_peer_id);
			}
			match &request.stage {
				Stage::Waiting => timers.push(request.retry_at),
				Stage::Posting { blocked: Some((until, _)), copies, .. } => {
					assert!((1..=self.config.request.copies).contains(copies));
					assert!(*until <= *now + self.config.request.max_wait);
					timers.push(*until);
				},
				Stage::Posting { blocked: None, copies, .. } => {
					assert!((1..=self.config.request.copies).contains(copies));
					// It waits for room, which will come; or there is room, and it is queued when the next cover is built.
					let ticks = |relative: RelativeSession| {
						let session = sessions.session(relative).filter(|_| sessions.allows_requests(relative));
						session.is_some_and(|session| session.clock.next().is_some())
					};
					let is_due = self.mixnet.copies_due || self.building.is_some();
					assert!(is_due || RelativeSession::BOTH.into_iter().any(ticks), "{id:?} waits for nothing");
				},
			}
		}
		assert_eq!(pending.len(), live);
		assert_eq!(pending.next_timer(), timers.into_iter().min());
	}

	fn check_sessions(&self) {
		let sessions = &self.mixnet.sessions;
		let status = sessions.status().unwrap();
		assert!(sessions.slot(RelativeSession::Current).is_some());
		if !status.phase.needs_previous() {
			assert!(sessions.slot(RelativeSession::Previous).is_none(), "over");
		}
		let mut next = Vec::new();
		for relative in RelativeSession::BOTH {
			let wants = self.mixnet.wanted_mixnodes().contains(&relative);
			let slot = sessions.slot(relative);
			assert_eq!(wants, matches!(slot, Some(Slot::Empty | Slot::KeyOnly(_))));
			let Some(session) = sessions.session(relative) else {
				let is_known = matches!(self.mixnet.role(relative), Role::Mixnode(_) | Role::NonMixnode);
				assert!(!is_known);
				continue;
			};
			assert_eq!(Some(session.index), relative.index(status.current_index));
			let told = self.told.get(&(sessions.generation(), session.index)).copied();
			assert_eq!(session.parameters, told.unwrap_or(self.config.parameters));
			assert_eq!(self.mixnet.parameters(relative), Some(session.parameters));
			assert_eq!(session.clock.next().is_some(), status.phase.allows_cover(relative));
			next.extend(session.clock.next());
			assert!(session.cover.len() <= CoverStock::SIZE);
			assert!(session.replay.allocated_bytes() <= self.config.replay_filter_bytes);
			assert!(session.topology.is_mixnode() || session.replay.is_empty());
			assert!(session.topology.is_mixnode() || self.config.non_mixnode);
			self.check_peers(session);
		}
		next.extend(self.mixnet.forward_queue.next_deadline());
		assert_eq!(self.mixnet.is_building, self.building.is_some());
		if self.mixnet.waits_for_build() {
			// It will be called when that has come back.
			assert!(self.building.is_some() && next.iter().any(|at| *at <= self.mixnet.now));
			next.clear();
		}
		next.extend(self.mixnet.pending.next_timer());
		next.extend(self.mixnet.gateways.next_deadline());
		if self.mixnet.has_to_build() {
			// At once, or as soon as what is due has been polled.
			next.push(self.mixnet.now);
		}
		assert_eq!(self.mixnet.poll_timeout(), next.into_iter().min());
		for peer in self.mixnet.reserved_peers() {
			assert_ne!(peer.peer_id, self.mixnet.local_peer_id);
		}
	}

	/// Checks whom a session needs, and who of them counts as connected.
	fn check_peers(&self, session: &Session) {
		let Mixnet { connected, gateways, .. } = &self.mixnet;
		let reserved: Vec<_> = session.topology.reserved_peers().map(|mixnode| mixnode.peer_id).collect();
		let mut live: Vec<_> = reserved.iter().filter(|peer| connected.contains(peer)).collect();
		let mut wanted = reserved.len();
		if !session.topology.is_mixnode() {
			live.retain(|peer| !gateways.is_silent(peer));
			wanted = wanted.min(self.config.gateways);
			let sample: Vec<_> = gateways.sample().collect();
			assert!(reserved.iter().all(|peer| sample.contains(&peer)), "a gateway that is not in the sample");
			assert_eq!(session.topology.connected_gateways(connected).len(), live.len());
			assert!(live.len() <= self.config.gateways, "more gateways than wanted");
		}
		assert_eq!(session.loops.connected(), (live.len(), wanted));
	}

	/// Checks that a key that has left its slot never comes back.
	fn check_keys_seen(&mut self) {
		let live: BTreeSet<_> = self.live_keys().into_iter().map(|(key, _)| key).collect();
		self.gone_keys.extend(self.keys.difference(&live));
		assert!(live.is_disjoint(&self.gone_keys), "a key of a session that is over");
		self.keys.extend(live);

		// The key may be on the chain already, so the session must keep it.
		let current = self.mixnet.session_status().unwrap().current_index;
		if current < self.current {
			self.promised.clear();
		}
		self.current = current;
		for (session, promised) in &self.promised {
			let relative = self.mixnet.sessions.relative(*session);
			match relative.and_then(|relative| self.mixnet.sessions.slot(relative)) {
				Some(Slot::KeyOnly(keys)) => assert_eq!(keys.public, *promised),
				Some(Slot::Full(session)) => assert_eq!(session.keys.public, *promised),
				Some(Slot::Empty) => panic!("a key that was lost"),
				Some(Slot::Resting(_)) | None => (),
			}
		}
	}

	/// The keys in slots, and whether packets to them are opened.
	fn live_keys(&self) -> Vec<(KxPublic, bool)> {
		let slots = RelativeSession::BOTH.into_iter().filter_map(|relative| self.mixnet.sessions.slot(relative));
		let key = |slot: &Slot| match slot {
			Slot::KeyOnly(keys) => Some((keys.public, false)),
			Slot::Full(session) => Some((session.keys.public, true)),
			Slot::Empty | Slot::Resting(_) => None,
		};
		slots.filter_map(key).collect()
	}

	fn check_queues(&mut self) {
		let gateways_gone = self.mixnet.statistics().dropped(DropReason::GatewayGone);
		let Mixnet { sessions, forward_queue, pending, local_peer_id, now, rng, .. } = &mut self.mixnet;
		let mut queued = BTreeSet::new();
		let forwarding = RefCell::new(BTreeSet::new());
		forward_queue.retain_sessions(|session| {
			forwarding.borrow_mut().insert(session);
			true
		});
		for session in forwarding.into_inner() {
			let relative = sessions.relative(session).expect("forward packets are of live sessions");
			assert!(sessions.session(relative).unwrap().topology.is_mixnode());
		}
		let status = sessions.status().unwrap();
		for (relative, session) in sessions.iter_mut() {
			let queue = queued_in(&session.authored);
			assert_eq!(queue.len(), session.authored.len());
			assert!(queue.len() <= session.authoring().queue_capacity.max(2));
			assert!(queue.is_empty() || status.phase.allows_requests(relative), "the session takes no requests");
			let mut requests = 0;
			for (kind, packet) in &queue {
				assert!(!packet.contains(&local_peer_id.to_string()), "a packet to ourselves");
				if let AuthoredKind::Request(id) = kind {
					requests += 1;
					assert!(pending.get(*id).is_some(), "a packet of a request that is not pending");
					queued.insert(*id);
				}
			}
			assert!(requests <= session.authored.max_requests());
			assert!(queue.len() - requests <= session.authored.max_replies());
			// Setting the clock's present mean again must change nothing.
			let tick = session.clock.next();
			let mean = session.authoring().mean_period * if status.phase.needs_previous() { 2 } else { 1 };
			session.clock.set_mean(*now, Some(mean), rng);
			assert_eq!(session.clock.next(), tick, "the phase's rate, full or half");
		}
		for (number, posted) in self.requests.iter().enumerate() {
			let id = RequestId(number as u64);
			// (A twin that has not begun is bound to nothing.)
			let is_waiting =
				pending.get(id).is_some_and(|request| request.stage == Stage::Waiting && request.bound_to.is_some());
			if is_waiting && !posted.sent && gateways_gone == 0 {
				assert!(queued.contains(&id), "it waits for an answer, but nothing of it was sent or is queued");
			}
		}
	}

	fn check_bounds(&self) {
		let Mixnet { config, events, queued_requests, .. } = &self.mixnet;
		let requests = events.iter().filter(|event| matches!(event, Event::Request { .. })).count();
		assert_eq!(*queued_requests, requests);
		assert!(requests <= config.max_queued_requests);
		assert!(self.mixnet.pending.len() <= config.request.capacity);
		assert!(self.mixnet.replies.len() <= config.reply.capacity);
		// Earlier sessions may have had longer queues.
		let ever = self.told.values().chain([&config.parameters]).map(|parameters| parameters.forward_queue_capacity);
		let most = ever.max().map_or(0, |capacity| most_waiting(capacity as usize));
		assert!(self.mixnet.forward_queue.len() <= 2 * most, "more than two sessions take");
		assert!(self.mixnet.surb_keystore.len() <= config.surb_keystore_capacity);
		assert!(
			self.mixnet.pending.len() > 0 || self.mixnet.surb_keystore.is_empty(),
			"SURB keys of no pending request"
		);
		assert!(self.mixnet.request_assembler.messages() <= config.max_incomplete_messages);
		assert!(self.mixnet.request_assembler.fragments() <= config.max_incomplete_fragments);
		assert!(self.mixnet.reply_assembler.fragments() <= config.surb_keystore_capacity);
		let Mixnet { reply_assembler, pending, .. } = &self.mixnet;
		assert!(reply_assembler.answered().all(|request| pending.by_message_id(&request).is_some()));
	}

	/// Checks that all kept SURB keys belong to pending requests. Removes them, so this must be the last check.
	pub fn check_surb_keys(&mut self) {
		let Mixnet { pending, surb_keystore, .. } = &mut self.mixnet;
		for number in 0..self.requests.len() {
			for message_id in pending.remove(RequestId(number as u64)).into_iter().flat_map(|(_, ids)| ids) {
				surb_keystore.remove_for(&message_id);
			}
		}
		assert!(surb_keystore.is_empty(), "SURB keys of no pending request");
	}

	/// Checks that packets open only with keys of live sessions whose mixnodes are known.
	pub fn check_keys(&mut self, now: Time, rng: &mut ChaChaRng) {
		let opens: BTreeSet<_> =
			self.live_keys().into_iter().filter(|(_, is_full)| *is_full).map(|(key, _)| key).collect();
		for key in self.keys.clone() {
			let hop = Hop { target: Target::Mixnode(MixnodeIndex::MAX), kx_public: key };
			let packet = build_cover(rng, &[hop], None).unwrap().packet;
			let reason = self.mixnet.handle_packet(now, PeerId([0; 32]), packet);
			assert_eq!(reason, (!opens.contains(&key)).then_some(DropReason::UnknownKey));
		}
	}
}

/// Checks that no packet is lost without being counted.
fn check_counters(statistics: &Statistics) {
	let dropped = |reasons: &[DropReason]| reasons.iter().map(|reason| statistics.dropped(*reason)).sum::<u64>();
	assert_eq!(
		statistics.packets_received,
		statistics.packets_accepted_to_forward
			+ statistics.requests_delivered
			+ statistics.replies_delivered
			+ statistics.drop_cover_delivered
			+ statistics.loop_cover_returned
			+ dropped(&[
				DropReason::UnknownKey,
				DropReason::Malformed,
				DropReason::Replayed,
				DropReason::ReplayFilterFull,
				DropReason::NotMixnode,
				DropReason::BadNextHop,
				DropReason::ForwardQueueFull,
				DropReason::ForwardShareUsed,
				DropReason::BadPayload,
				DropReason::UnknownSurb,
				DropReason::UnknownLoopCover,
			])
	);
	assert_eq!(
		statistics.packets_accepted_to_forward,
		statistics.packets_forwarded
			+ statistics.forward_queue_len
			+ dropped(&[DropReason::ForwardSessionEnded, DropReason::ForwardTooLate])
	);
}
