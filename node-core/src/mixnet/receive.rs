//! Packets in.

use super::{AddressedPacket, Event, Mixnet};
use crate::{
	message::{AssembledMessage, Assembler, FragmentError},
	parameters::InUnits,
	replay::{ReplayError, ReplayTag},
	request::ReplyTo,
	sphinx::{reply_payload, Action, CoverId, Opened, Packet, PayloadData, SurbId, Target, UnwrapError},
	statistics::DropReason,
	time::scale,
	traffic::ForwardPacket,
	Parameters, PeerId, RelativeSession, Time,
};
use alloc::vec::Vec;
use rand_core::{CryptoRng, RngCore};

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// Handles a packet that came from the peer `from`. Returns why it was dropped, if it was: that is counted already,
	/// and what it says of the peer is for the driver to judge.
	///
	/// The checks come in the order of their cost: MAC, replay, role, room in queues; only then is the payload decrypted
	/// or the packet made ready for the next hop. A packet that is dropped for want of room may come again.
	pub fn handle_packet(&mut self, now: Time, from: PeerId, packet: Packet) -> Option<DropReason> {
		self.advance(now);
		self.statistics.packets_received += 1;
		let reason = self.accept(packet).err()?;
		log::trace!(target: "mixnet", "Dropped a packet from {from}: {}", reason.name());
		self.statistics.count_drop(reason);
		Some(reason)
	}

	/// Handles packets in order, each with the peer it came from.
	pub fn handle_packets(&mut self, now: Time, packets: impl IntoIterator<Item = (PeerId, Packet)>) {
		for (from, packet) in packets {
			self.handle_packet(now, from, packet);
		}
	}

	fn accept(&mut self, packet: Packet) -> Result<(), DropReason> {
		let (relative, opened) = self.sessions.open(&packet).map_err(|error| match error {
			UnwrapError::BadMac => DropReason::UnknownKey,
			_ => DropReason::Malformed,
		})?;
		match *opened.action() {
			Action::Forward { target, delay } => self.accept_to_forward(relative, opened, packet, target, delay),
			Action::DeliverRequest => self.accept_request(relative, opened, packet),
			Action::DeliverReply { surb_id } => self.accept_reply(relative, packet, surb_id),
			Action::DeliverCover { cover_id: None } => {
				self.statistics.drop_cover_delivered += 1;
				Ok(())
			},
			Action::DeliverCover { cover_id: Some(id) } => self.accept_loop(relative, &id),
		}
	}

	/// Checks that we are a mixnode in the session, and that the packet was not acted on before.
	///
	/// Replies and cover need no such check: a SURB's ID, or a loop's, is forgotten when the first packet with it comes,
	/// and drop cover is not acted on at all. So the filter stays empty where we are not a mixnode.
	fn check_replay(&self, relative: RelativeSession, opened: &Opened) -> Result<ReplayTag, DropReason> {
		let session = self.sessions.session(relative).ok_or(DropReason::UnknownKey)?;
		let tag = session.replay.tag(opened);
		session.replay.check(tag).map_err(drop_reason)?;
		if !session.topology.is_mixnode() {
			return Err(DropReason::NotMixnode);
		}
		Ok(tag)
	}

	fn accept_to_forward(
		&mut self,
		relative: RelativeSession,
		opened: Opened,
		packet: Packet,
		target: Target,
		delay: f64,
	) -> Result<(), DropReason> {
		let tag = self.check_replay(relative, &opened)?;
		let session = self.sessions.session_mut(relative).ok_or(DropReason::UnknownKey)?;
		let peer_id = session.topology.next_hop(&target).ok_or(DropReason::BadNextHop)?;
		if self.forward_queue.is_full() {
			return Err(DropReason::ForwardQueueFull);
		}
		session.replay.insert(tag).map_err(drop_reason)?;
		let deadline = self.now + scale(session.parameters.mean_forwarding_delay(), delay);
		let packet = AddressedPacket { peer_id, packet: opened.forward(packet) };
		self.forward_queue.push(ForwardPacket { deadline, session: session.index, packet });
		self.statistics.packets_accepted_to_forward += 1;
		Ok(())
	}

	fn accept_request(
		&mut self,
		relative: RelativeSession,
		opened: Opened,
		mut packet: Packet,
	) -> Result<(), DropReason> {
		let tag = self.check_replay(relative, &opened)?;
		let fragment = opened.request_payload(&mut packet).map_err(|_| DropReason::BadPayload)?;
		let session = self.sessions.session_mut(relative).ok_or(DropReason::UnknownKey)?;
		session.replay.insert(tag).map_err(drop_reason)?;
		let (session, parameters) = (session.index, session.parameters);
		self.statistics.requests_delivered += 1;
		let Some(message) = assemble(&mut self.request_assembler, fragment, &parameters)? else { return Ok(()) };
		let generation = self.sessions.generation();
		let reply_to = ReplyTo { session, generation, parameters, message_id: message.id, surbs: message.surbs };
		self.handle_request(reply_to, message.data)
	}

	fn accept_reply(
		&mut self,
		relative: RelativeSession,
		mut packet: Packet,
		surb_id: SurbId,
	) -> Result<(), DropReason> {
		let parameters = self.sessions.session(relative).ok_or(DropReason::UnknownKey)?.parameters;
		let (request_message_id, keys) = self.surb_keystore.take(&surb_id).ok_or(DropReason::UnknownSurb)?;
		let fragment = reply_payload(&keys, &mut packet).map_err(|_| DropReason::BadPayload)?;
		self.statistics.replies_delivered += 1;
		// SURBs in a reply have no use: nothing can be sent back for it.
		let Some(message) = assemble(&mut self.reply_assembler, fragment, &parameters)? else { return Ok(()) };
		self.handle_reply(&request_message_id, message.data)
	}

	fn accept_loop(&mut self, relative: RelativeSession, id: &CoverId) -> Result<(), DropReason> {
		let session = self.sessions.session_mut(relative).ok_or(DropReason::UnknownKey)?;
		let returned = session.loops.returned(self.now, id).ok_or(DropReason::UnknownLoopCover)?;
		self.network_delay.measure(returned.round_trip, returned.forwarding_delay, returned.links);
		self.statistics.loop_cover_returned += 1;
		self.statistics.loop_cover_late += u64::from(returned.late);
		Ok(())
	}

	/// Queues the event that a new request of another node is.
	pub(super) fn push_request_event(&mut self, reply_to: ReplyTo, data: Vec<u8>) {
		self.queued_requests += 1;
		self.events.push_back(Event::Request { message_id: reply_to.message_id, data, reply_to });
	}
}

fn assemble(
	assembler: &mut Assembler,
	fragment: &PayloadData,
	parameters: &Parameters,
) -> Result<Option<AssembledMessage>, DropReason> {
	assembler.insert(fragment, parameters.max_fragments()).map_err(|error| match error {
		FragmentError::Duplicate => DropReason::RepeatedFragment,
		_ => DropReason::BadFragment,
	})
}

fn drop_reason(error: ReplayError) -> DropReason {
	match error {
		ReplayError::Seen => DropReason::Replayed,
		ReplayError::Full => DropReason::ReplayFilterFull,
	}
}
