//! Our core as a node of a [`World`](crate::World).
//!
//! The calls by which a core learns from the chain are named here alone: tests that drive one core by hand use
//! [`set_status`] and [`set_session`].

use crate::node::{Core, Event, Ours};
use mixnet_node_core::{
	AddressedPacket, ChainSession, DropReason, Event as OurEvent, HandlingDelay, KxPublic, Mixnode, MixnodesError,
	Packet, Parameters, PeerId, PostError, RelativeSession, ReplyError, ReplyTo, RequestId, Role, SessionIndex,
	SessionPhase, SessionStatus, Time,
};
use std::collections::BTreeSet;

/// The chain is in this phase of this session.
pub fn set_status(mixnet: &mut Ours, now: Time, current_index: SessionIndex, phase: SessionPhase) {
	mixnet.set_status(now, SessionStatus { current_index, phase });
}

/// The chain has these mixnodes for a session, and these parameters, if it has any. Returns whether the session runs with
/// the parameters.
pub fn set_session(
	mixnet: &mut Ours,
	now: Time,
	session: SessionIndex,
	parameters: Option<Parameters>,
	mixnodes: Result<Vec<Mixnode>, MixnodesError>,
) -> bool {
	mixnet.set_session(now, ChainSession::new(session, mixnodes).with_parameters(parameters));
	let current = mixnet.session_status().map(|status| status.current_index);
	let relative = current.and_then(|current| RelativeSession::of(session, current));
	parameters.is_none() || relative.and_then(|relative| mixnet.parameters(relative)) == parameters
}

impl Core for Ours {
	type ReplyTo = ReplyTo;

	fn session_of(reply_to: &ReplyTo) -> SessionIndex {
		reply_to.session()
	}

	fn set_status(&mut self, now: Time, status: SessionStatus) {
		set_status(self, now, status.current_index, status.phase);
		assert_eq!(self.session_status(), Some(status));
	}

	fn wanted_sessions(&self) -> Vec<SessionIndex> {
		let Some(status) = self.session_status() else { return Vec::new() };
		let index = |relative: RelativeSession| {
			relative.index(status.current_index).expect("no session before the first is wanted; qed")
		};
		self.wanted_mixnodes().into_iter().map(index).collect()
	}

	fn set_session(
		&mut self,
		now: Time,
		session: SessionIndex,
		parameters: Option<Parameters>,
		mixnodes: Result<Vec<Mixnode>, MixnodesError>,
	) {
		set_session(self, now, session, parameters, mixnodes);
		assert!(!self.wanted_sessions().contains(&session), "it wants to know what it was told");
	}

	fn sessions(&self) -> BTreeSet<SessionIndex> {
		let Some(status) = self.session_status() else { return BTreeSet::new() };
		let takes_part = |role| matches!(role, Role::Mixnode(_) | Role::NonMixnode);
		RelativeSession::BOTH
			.into_iter()
			.filter(|relative| takes_part(self.role(*relative)))
			.filter_map(|relative| relative.index(status.current_index))
			.collect()
	}

	fn next_kx_public(&mut self) -> (SessionIndex, KxPublic) {
		self.next_kx_public()
	}

	fn reserved_peers(&self) -> BTreeSet<PeerId> {
		self.reserved_peers().into_iter().map(|peer| peer.peer_id).collect()
	}

	fn set_connected(&mut self, now: Time, peer_id: PeerId, is_connected: bool) {
		match is_connected {
			true => self.peer_connected(now, peer_id),
			false => self.peer_disconnected(now, peer_id),
		}
	}

	fn post_request(
		&mut self,
		now: Time,
		data: Vec<u8>,
		surbs: usize,
		delay: HandlingDelay,
	) -> Result<RequestId, PostError> {
		self.post_request(now, data, surbs, delay)
	}

	fn cancel_request(&mut self, now: Time, id: RequestId) -> bool {
		self.cancel_request(now, id)
	}

	fn post_reply(&mut self, now: Time, reply_to: ReplyTo, data: Vec<u8>) -> Result<(), ReplyError> {
		self.post_reply(now, reply_to, data)
	}

	fn abandon_request(&mut self, reply_to: ReplyTo) {
		self.abandon_request(reply_to);
	}

	fn handle_packet(&mut self, now: Time, from: PeerId, packet: Packet) -> Option<DropReason> {
		self.handle_packet(now, from, packet)
	}

	fn handle_timeout(&mut self, now: Time) {
		self.handle_timeout(now);
	}

	fn build_one(&mut self, now: Time) -> bool {
		let build = self.poll_build();
		let is_one = build.is_some();
		build.into_iter().for_each(|build| self.accept_built(now, build.run()));
		is_one
	}

	fn poll_timeout(&self) -> Option<Time> {
		self.poll_timeout()
	}

	fn poll_transmit(&mut self) -> Option<AddressedPacket> {
		self.poll_transmit()
	}

	fn poll_event(&mut self) -> Option<Event<ReplyTo>> {
		Some(match self.poll_event()? {
			OurEvent::Request { message_id, data, reply_to } => {
				assert_eq!(message_id, reply_to.message_id());
				Event::Request { message_id, data, reply_to }
			},
			OurEvent::RequestAnswered { id, data, round_trip, .. } => {
				Event::Answered { id, data, round_trip: Some(round_trip) }
			},
			OurEvent::RequestFailed { id, error, sent } => Event::Failed { id, error, sent },
			OurEvent::ReservedPeersChanged => Event::ReservedPeersChanged,
			OurEvent::SessionChanged(status) => Event::SessionChanged(status),
			OurEvent::SessionResting { session, reason } => Event::Resting { session, reason: reason.to_string() },
			OurEvent::LoopAlarm { session, alarm } => Event::LoopAlarm { session, alarm },
			other => unreachable!("the world knows all events, and not {other:?}"),
		})
	}

	fn ours(&self) -> Option<&Ours> {
		Some(self)
	}
}
