//! A node of the mixed network, ours or theirs, as the world drives it.

use super::theirs::{TheirReplyTo, Theirs};
use mixnet_node_core::{
	AddressedPacket, DropReason, HandlingDelay, KxPublic, Mixnode, MixnodesError, Packet, Parameters, PeerId,
	PostError, ReplyError, ReplyTo, RequestId, SessionIndex, SessionStatus, Time,
};
use mixnet_simulation::{Core, Event, Ours};
use std::collections::BTreeSet;

#[allow(clippy::large_enum_variant)] // There are only ten of them.
pub enum Kind {
	Ours(Ours),
	Theirs(Theirs),
}

#[derive(Debug)]
pub enum KindReplyTo {
	Ours(ReplyTo),
	Theirs(TheirReplyTo),
}

/// Makes the same call on either kind.
macro_rules! both {
	($kind:expr, $core:ident => $call:expr) => {
		match $kind {
			Kind::Ours($core) => $call,
			Kind::Theirs($core) => $call,
		}
	};
}

fn event<R>(event: Event<R>, kind: impl FnOnce(R) -> KindReplyTo) -> Event<KindReplyTo> {
	match event {
		Event::Request { message_id, data, reply_to } => Event::Request { message_id, data, reply_to: kind(reply_to) },
		Event::Answered { id, data, round_trip } => Event::Answered { id, data, round_trip },
		Event::Failed { id, error, sent } => Event::Failed { id, error, sent },
		Event::ReservedPeersChanged => Event::ReservedPeersChanged,
		Event::SessionChanged(status) => Event::SessionChanged(status),
		Event::Resting { session, reason } => Event::Resting { session, reason },
		Event::LoopAlarm { session, alarm } => Event::LoopAlarm { session, alarm },
	}
}

impl Core for Kind {
	type ReplyTo = KindReplyTo;

	fn session_of(reply_to: &KindReplyTo) -> SessionIndex {
		match reply_to {
			KindReplyTo::Ours(reply_to) => Ours::session_of(reply_to),
			KindReplyTo::Theirs(reply_to) => Theirs::session_of(reply_to),
		}
	}

	fn set_status(&mut self, now: Time, status: SessionStatus) {
		both!(self, core => Core::set_status(core, now, status));
	}

	fn wanted_sessions(&self) -> Vec<SessionIndex> {
		both!(self, core => Core::wanted_sessions(core))
	}

	fn set_session(
		&mut self,
		now: Time,
		session: SessionIndex,
		parameters: Option<Parameters>,
		mixnodes: Result<Vec<Mixnode>, MixnodesError>,
	) {
		both!(self, core => Core::set_session(core, now, session, parameters, mixnodes));
	}

	fn told(&mut self) {
		both!(self, core => Core::told(core));
	}

	fn sessions(&self) -> BTreeSet<SessionIndex> {
		both!(self, core => Core::sessions(core))
	}

	fn next_kx_public(&mut self) -> (SessionIndex, KxPublic) {
		both!(self, core => Core::next_kx_public(core))
	}

	fn reserved_peers(&self) -> BTreeSet<PeerId> {
		both!(self, core => Core::reserved_peers(core))
	}

	fn set_connected(&mut self, now: Time, peer_id: PeerId, is_connected: bool) {
		both!(self, core => Core::set_connected(core, now, peer_id, is_connected));
	}

	fn post_request(
		&mut self,
		now: Time,
		data: Vec<u8>,
		surbs: usize,
		delay: HandlingDelay,
	) -> Result<RequestId, PostError> {
		both!(self, core => Core::post_request(core, now, data, surbs, delay))
	}

	fn cancel_request(&mut self, now: Time, id: RequestId) -> bool {
		both!(self, core => Core::cancel_request(core, now, id))
	}

	fn post_reply(&mut self, now: Time, reply_to: KindReplyTo, data: Vec<u8>) -> Result<(), ReplyError> {
		match (self, reply_to) {
			(Self::Ours(ours), KindReplyTo::Ours(reply_to)) => Core::post_reply(ours, now, reply_to, data),
			(Self::Theirs(theirs), KindReplyTo::Theirs(reply_to)) => theirs.post_reply(now, reply_to, data),
			_ => panic!("a request of the other kind of node"),
		}
	}

	fn abandon_request(&mut self, _: KindReplyTo) {
		panic!("every request is answered here");
	}

	fn handle_packet(&mut self, now: Time, from: PeerId, packet: Packet) -> Option<DropReason> {
		both!(self, core => Core::handle_packet(core, now, from, packet))
	}

	fn handle_timeout(&mut self, now: Time) {
		both!(self, core => Core::handle_timeout(core, now));
	}

	fn poll_timeout(&self) -> Option<Time> {
		both!(self, core => Core::poll_timeout(core))
	}

	fn poll_transmit(&mut self) -> Option<AddressedPacket> {
		both!(self, core => Core::poll_transmit(core))
	}

	fn poll_event(&mut self) -> Option<Event<KindReplyTo>> {
		match self {
			Self::Ours(ours) => Core::poll_event(ours).map(|it| event(it, KindReplyTo::Ours)),
			Self::Theirs(theirs) => theirs.poll_event().map(|it| event(it, KindReplyTo::Theirs)),
		}
	}

	fn ours(&self) -> Option<&Ours> {
		match self {
			Self::Ours(ours) => Some(ours),
			Self::Theirs(_) => None,
		}
	}
}
