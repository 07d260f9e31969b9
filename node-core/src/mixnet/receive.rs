//! Packets in.

use super::{AddressedPacket, Event, Mixnet, ReceivedPacket, Unwrapper};
use crate::{
	message::{AssembledMessage, Assembler, FragmentError},
	parameters::InUnits,
	replay::{ReplayError, ReplayTag},
	request::ReplyTo,
	session::Session,
	sphinx::{reply_payload, Action, CoverId, Packet, PayloadData, SurbId, Target, UnwrapError, Unwrapping},
	statistics::DropReason,
	time::scale,
	traffic::ForwardPacket,
	Parameters, PeerId, RelativeSession, Time,
};
use alloc::vec::Vec;
use core::mem;
use rand_core::{CryptoRng, RngCore};

/// Most packets that are unwrapped together.
pub const MAX_BATCH: usize = 64;

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// Handles a packet that came from the peer `from`. Returns why it was dropped, if it was: that is counted already,
	/// and what it says of the peer is for the driver to judge.
	///
	/// The checks come in the order of their cost: MAC, replay, role, room in queues; only then is the payload decrypted
	/// or the packet made ready for the next hop. A packet that is dropped for want of room may come again.
	pub fn handle_packet(&mut self, now: Time, from: PeerId, packet: Packet) -> Option<DropReason> {
		let mut batch = mem::take(&mut self.batch);
		let unwrapper = self.unwrapper();
		unwrapper.open(&mut self.scratch, [(from, packet)], &mut batch);
		self.note_wanted(&mut batch);
		self.scratch.finish(&mut batch, ReceivedPacket::is_wanted);
		let reason = batch.pop().and_then(|received| self.accept(now, received));
		self.batch = batch;
		reason
	}

	/// Handles packets in order, each with the peer it came from: as [`handle_packet`](Self::handle_packet) would one by
	/// one, but faster the more there are.
	pub fn handle_packets(&mut self, now: Time, packets: impl IntoIterator<Item = (PeerId, Packet)>) {
		let unwrapper = self.unwrapper();
		let mut packets = packets.into_iter();
		let mut batch = mem::take(&mut self.batch);
		batch.reserve_exact(MAX_BATCH);
		self.batch_tags.reserve_exact(MAX_BATCH);
		loop {
			unwrapper.open(&mut self.scratch, packets.by_ref().take(MAX_BATCH), &mut batch);
			let is_last = batch.len() < MAX_BATCH;
			self.note_wanted(&mut batch);
			self.scratch.finish(&mut batch, ReceivedPacket::is_wanted);
			for received in batch.drain(..) {
				self.accept(now, received);
			}
			if is_last {
				break;
			}
		}
		self.batch = batch;
	}

	/// Unwraps packets under the keys that are live now, on any thread.
	///
	/// To be asked for anew after [`set_session_status`](Self::set_session_status) and
	/// [`set_mixnodes`](Self::set_mixnodes): an old one does not know the new keys.
	pub fn unwrapper(&self) -> Unwrapper {
		Unwrapper::new(self.sessions.live_keys())
	}

	/// Notes which packets of a batch, of at most [`MAX_BATCH`], are to be [finished](crate::sphinx::BatchUnwrapper::finish): those that would
	/// be acted on and take the dearer half of unwrapping, as far as can be told before the packets that came with them are
	/// accepted. Each once: who sends a new packet many times has it finished once.
	pub fn note_wanted(&mut self, batch: &mut [ReceivedPacket]) {
		let mut tags = mem::take(&mut self.batch_tags);
		tags.clear();
		for received in batch {
			received.is_wanted = self.is_wanted(received) && !tags.contains(&received.tag);
			if received.is_wanted {
				tags.push(received.tag);
			}
		}
		self.batch_tags = tags;
	}

	fn is_wanted(&self, received: &mut ReceivedPacket) -> bool {
		let Some((relative, session)) = self.session_of(received) else { return false };
		let ReceivedPacket { unwrapping, tag, .. } = received;
		let Ok((_, opened)) = unwrapping.opened() else { return false };
		let has_way = match opened.action() {
			Action::Forward { target, .. } => {
				!self.forward_queue.is_full() && session.topology.next_hop(target).is_some()
			},
			Action::DeliverRequest => true,
			Action::DeliverReply { .. } | Action::DeliverCover { .. } => return false,
		};
		let tag = *tag.get_or_insert_with(|| session.replay.tag(opened));
		has_way && self.check_replay(relative, tag).is_ok()
	}

	/// Does what a packet's sender wants done with it. Returns why it was dropped, if it was, as
	/// [`handle_packet`](Self::handle_packet) does.
	///
	/// What of `received` is not finished yet is finished now, alone.
	pub fn accept(&mut self, now: Time, received: ReceivedPacket) -> Option<DropReason> {
		self.advance(now);
		self.statistics.packets_received += 1;
		let from = received.from;
		let reason = self.act_on(received).err()?;
		log::trace!(target: "mixnet", "Dropped a packet from {from}: {}", reason.name());
		self.statistics.count_drop(reason);
		Some(reason)
	}

	/// The live session whose key opened the packet.
	fn session_of(&self, received: &ReceivedPacket) -> Option<(RelativeSession, &Session)> {
		let relative = self.sessions.relative_of(received.session?)?;
		Some((relative, self.sessions.session(relative)?))
	}

	fn act_on(&mut self, mut received: ReceivedPacket) -> Result<(), DropReason> {
		let action = *received.unwrapping.action().map_err(|error| match error {
			UnwrapError::BadMac => DropReason::UnknownKey,
			_ => DropReason::Malformed,
		})?;
		let (relative, session) = self.session_of(&received).ok_or(DropReason::UnknownKey)?;
		match action {
			Action::Forward { .. } | Action::DeliverRequest => {
				let (_, opened) = received.unwrapping.opened().map_err(|_| DropReason::UnknownKey)?;
				let tag = received.tag.unwrap_or_else(|| session.replay.tag(opened));
				self.check_replay(relative, tag)?;
				match action {
					Action::Forward { target, delay } => {
						self.accept_to_forward(relative, received.unwrapping, tag, target, delay)
					},
					_ => self.accept_request(relative, received.unwrapping, tag),
				}
			},
			Action::DeliverReply { surb_id } => self.accept_reply(relative, received.unwrapping.packet_mut(), surb_id),
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
	fn check_replay(&self, relative: RelativeSession, tag: ReplayTag) -> Result<(), DropReason> {
		let session = self.sessions.session(relative).ok_or(DropReason::UnknownKey)?;
		session.replay.check(tag).map_err(drop_reason)?;
		if !session.topology.is_mixnode() {
			return Err(DropReason::NotMixnode);
		}
		Ok(())
	}

	fn accept_to_forward(
		&mut self,
		relative: RelativeSession,
		unwrapping: Unwrapping,
		tag: ReplayTag,
		target: Target,
		delay: f64,
	) -> Result<(), DropReason> {
		let session = self.sessions.session_mut(relative).ok_or(DropReason::UnknownKey)?;
		let peer_id = session.topology.next_hop(&target).ok_or(DropReason::BadNextHop)?;
		if self.forward_queue.is_full() {
			return Err(DropReason::ForwardQueueFull);
		}
		session.replay.insert(tag).map_err(drop_reason)?;
		let deadline = self.now + scale(session.parameters.mean_forwarding_delay(), delay);
		let packet = unwrapping.into_forwarded().expect("its action is to be forwarded; qed");
		let packet = AddressedPacket { peer_id, packet };
		self.forward_queue.push(ForwardPacket { deadline, session: session.index, packet });
		self.statistics.packets_accepted_to_forward += 1;
		Ok(())
	}

	fn accept_request(
		&mut self,
		relative: RelativeSession,
		mut unwrapping: Unwrapping,
		tag: ReplayTag,
	) -> Result<(), DropReason> {
		let payload = unwrapping.request_payload().expect("its action is to deliver a request; qed");
		let fragment = payload.map_err(|_| DropReason::BadPayload)?;
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
		packet: &mut Packet,
		surb_id: SurbId,
	) -> Result<(), DropReason> {
		let parameters = self.sessions.session(relative).ok_or(DropReason::UnknownKey)?.parameters;
		let (request_message_id, keys) = self.surb_keystore.take(&surb_id).ok_or(DropReason::UnknownSurb)?;
		let fragment = reply_payload(&keys, packet).map_err(|_| DropReason::BadPayload)?;
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
