//! Packets in: they are judged, and those that are taken are acted on.

use super::{
	unwrapper::{Batch, Received, Unwrapper},
	Event, Mixnet,
};
use crate::{
	message::FragmentError,
	parameters::ParametersExt,
	replay::{ReplayError, ReplayTag},
	request::ReplyTo,
	session::Session,
	sphinx::{finish_batch, reply_payload, Action, CoverId, Opened, Packet, SurbId, UnwrapError},
	statistics::DropReason,
	time::scale,
	traffic::{AddressedPacket, ForwardPacket, Refused},
	PeerId, RelativeSession, Time,
};
use alloc::vec::Vec;
use core::{mem, slice};
use rand_core::{CryptoRng, RngCore};

/// Most packets that are unwrapped together.
pub const MAX_BATCH: usize = 64;

/// What to do with a packet that is taken.
enum Task {
	/// Send it to `peer_id` after `delay` times the mean forwarding delay.
	Forward { tag: ReplayTag, peer_id: PeerId, delay: f64 },
	/// Put the fragment of another node's request to the others of its message.
	DeliverRequest { tag: ReplayTag },
	/// Decrypt the fragment of a reply with the SURB's keys.
	DeliverReply { surb_id: SurbId },
	/// Count the drop cover; nothing else is done with it.
	DeliverDropCover,
	/// Note that the loop came back.
	DeliverLoopCover { cover_id: CoverId },
}

impl Task {
	/// Must the packet be finished for this?
	fn needs_finish(&self) -> bool {
		matches!(self, Self::Forward { .. } | Self::DeliverRequest { .. })
	}
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// Handles a packet that came from the peer `from`. Returns why it was dropped, if it was. That is counted already, and
	/// what it says of the peer is for the driver to decide.
	///
	/// The checks come in the order of their cost: MAC, replay, role, room in queues. Only then is the payload decrypted or
	/// the packet made ready for the next hop. A packet that is dropped for want of room may come again.
	pub fn handle_packet(&mut self, now: Time, from: PeerId, packet: Packet) -> Option<DropReason> {
		let mut reason = None;
		self.handle_batch(&self.unwrapper(), now, [(from, packet)], |_, dropped| reason = dropped);
		reason
	}

	/// Handles packets in order, each with the peer it came from. The effects are those of
	/// [`handle_packet`](Self::handle_packet) for one after the other, but the more packets there are, the less each costs.
	pub fn handle_packets(&mut self, now: Time, packets: impl IntoIterator<Item = (PeerId, Packet)>) {
		let unwrapper = self.unwrapper();
		let mut packets = packets.into_iter();
		self.batch.packets.reserve_exact(MAX_BATCH);
		while self.handle_batch(&unwrapper, now, packets.by_ref().take(MAX_BATCH), |_, _| ()) == MAX_BATCH {}
	}

	/// Unwraps and accepts packets. Returns how many there were.
	fn handle_batch(
		&mut self,
		unwrapper: &Unwrapper,
		now: Time,
		packets: impl IntoIterator<Item = (PeerId, Packet)>,
		outcome: impl FnMut(PeerId, Option<DropReason>),
	) -> usize {
		let mut batch = mem::take(&mut self.batch);
		unwrapper.open_into(&mut self.scratch, packets, &mut batch);
		self.judge_batch(&mut batch);
		unwrapper.finish(&mut self.scratch, &mut batch);
		let len = batch.len();
		self.accept_all(now, &mut batch, outcome);
		self.batch = batch;
		len
	}

	/// Unwraps packets under the keys that are live now, on any thread.
	///
	/// Ask for a new one after [`set_status`](Self::set_status) and [`set_session`](Self::set_session): an old one does not
	/// know the new keys.
	pub fn unwrapper(&self) -> Unwrapper {
		Unwrapper::new(self.backend, self.sessions.live_keys())
	}

	/// Marks the packets of a batch, of at most [`MAX_BATCH`], that are wanted: those that would be taken, and that
	/// [`Unwrapper::finish`] has work with.
	///
	/// A packet that comes twice, in this batch or in others that were judged and not accepted yet, is wanted once: whoever
	/// sends a header many times, with one payload or many, has it finished once. The decision is not final. Each packet is
	/// judged again when it is accepted, after those before it.
	pub fn judge_batch(&mut self, batch: &mut Batch) {
		// Packets count already now against what their neighbours may send, but only against others of this batch.
		let mut counted = [0; 2];
		for received in &mut batch.packets {
			let judged = self.judge(received).ok().filter(|(_, task)| task.needs_finish());
			received.is_wanted = judged.is_some() && received.tag.is_some_and(|tag| self.being_finished.insert(tag));
			let Some((relative, Task::Forward { .. })) = judged.filter(|_| received.is_wanted) else { continue };
			if let Some(session) = self.sessions.session_mut(relative) {
				session.shares.count(self.now, received.from);
				counted[usize::from(relative == RelativeSession::Current)] += 1;
			}
		}
		for (relative, session) in self.sessions.iter_mut() {
			session.shares.take_back(counted[usize::from(relative == RelativeSession::Current)]);
		}
	}

	/// Accepts the packets of a batch in order: those that are taken are queued, delivered or counted, and the others
	/// dropped.
	///
	/// Packets that must be finished and are not are finished now, one by one.
	pub fn accept(&mut self, now: Time, batch: Batch) {
		self.accept_each(now, batch, |_, _| ());
	}

	/// As [`accept`](Self::accept). For each packet `outcome` learns the peer that it came from and why it was dropped, if it
	/// was: see [`handle_packet`](Self::handle_packet).
	pub fn accept_each(&mut self, now: Time, mut batch: Batch, outcome: impl FnMut(PeerId, Option<DropReason>)) {
		self.accept_all(now, &mut batch, outcome);
	}

	fn accept_all(&mut self, now: Time, batch: &mut Batch, mut outcome: impl FnMut(PeerId, Option<DropReason>)) {
		for received in batch.packets.drain(..) {
			self.advance(now);
			self.statistics.packets_received += 1;
			if let Some(tag) = received.tag.filter(|_| received.is_wanted) {
				self.being_finished.remove(tag);
			}
			let from = received.from;
			let reason = self.accept_one(received).err();
			if let Some(reason) = reason {
				log::trace!(target: "mixnet", "Dropped a packet from {from}: {}", reason.name());
				self.statistics.count_drop(reason);
			}
			outcome(from, reason);
		}
	}

	/// Judges a packet: what is to be done with it, and in which session; or why it is to be dropped. Changes nothing of the
	/// state.
	///
	/// Whether a SURB or a loop is ours, and whether a payload is intact, shows only when the packet is accepted.
	fn judge(&self, received: &mut Received) -> Result<(RelativeSession, Task), DropReason> {
		let Received { from, unwrapping, session, tag, .. } = received;
		let (_, opened) = unwrapping.opened().map_err(|error| match error {
			UnwrapError::BadMac => DropReason::UnknownKey,
			_ => DropReason::Malformed,
		})?;
		let relative = session.and_then(|id| self.sessions.relative_of(id)).ok_or(DropReason::UnknownKey)?;
		let session = self.sessions.session(relative).ok_or(DropReason::UnknownKey)?;
		let task = match *opened.action() {
			Action::Forward { target, delay } => {
				let tag = judge_replay(session, opened, tag)?;
				let peer_id = session.topology.next_hop(&target).ok_or(DropReason::BadNextHop)?;
				if self.forward_queue.is_full() {
					return Err(DropReason::ForwardQueueFull);
				}
				session.shares.check(from).map_err(|refused| match refused {
					Refused::Full => DropReason::ForwardQueueFull,
					Refused::ShareUsed => DropReason::ForwardShareUsed,
				})?;
				Task::Forward { tag, peer_id, delay }
			},
			Action::DeliverRequest => Task::DeliverRequest { tag: judge_replay(session, opened, tag)? },
			Action::DeliverReply { surb_id } => Task::DeliverReply { surb_id },
			Action::DeliverCover { cover_id: None } => Task::DeliverDropCover,
			Action::DeliverCover { cover_id: Some(cover_id) } => Task::DeliverLoopCover { cover_id },
		};
		Ok((relative, task))
	}

	/// Judges a packet and, if it is taken, does what its source wants done with it.
	fn accept_one(&mut self, mut received: Received) -> Result<(), DropReason> {
		let (relative, task) = self.judge(&mut received)?;
		match task {
			Task::Forward { tag, peer_id, delay } => self.accept_to_forward(relative, received, tag, peer_id, delay),
			Task::DeliverRequest { tag } => self.accept_request(relative, received, tag),
			Task::DeliverReply { surb_id } => self.accept_reply(relative, received.unwrapping.packet_mut(), surb_id),
			Task::DeliverDropCover => {
				self.statistics.drop_cover_delivered += 1;
				Ok(())
			},
			Task::DeliverLoopCover { cover_id } => self.accept_loop(relative, &cover_id),
		}
	}

	/// Finishes a packet, unless that was done already.
	fn finish_one(&mut self, received: &mut Received) {
		if !received.unwrapping.is_finished() {
			finish_batch(self.backend, &mut self.scratch, slice::from_mut(received), |_| true);
		}
	}

	fn accept_to_forward(
		&mut self,
		relative: RelativeSession,
		mut received: Received,
		tag: ReplayTag,
		peer_id: PeerId,
		delay: f64,
	) -> Result<(), DropReason> {
		let session = self.sessions.session_mut(relative).ok_or(DropReason::UnknownKey)?;
		session.replay.insert(tag).map_err(drop_reason)?;
		let deadline = self.now + scale(session.parameters.mean_forwarding_delay(), delay);
		session.shares.count(self.now, received.from);
		let session = session.index;
		self.finish_one(&mut received);
		let packet = received.unwrapping.into_forwarded().expect("to be forwarded, and finished just now; qed");
		let packet = AddressedPacket { peer_id, packet };
		self.forward_queue.push(ForwardPacket { deadline, session, packet });
		self.statistics.packets_accepted_to_forward += 1;
		Ok(())
	}

	fn accept_request(
		&mut self,
		relative: RelativeSession,
		mut received: Received,
		tag: ReplayTag,
	) -> Result<(), DropReason> {
		let session = self.sessions.session_mut(relative).ok_or(DropReason::UnknownKey)?;
		// Before the payload is decrypted, and whatever is in it: a header with ever other payloads must not cost a decryption
		// each.
		session.replay.insert(tag).map_err(drop_reason)?;
		let (session, parameters) = (session.index, session.parameters);
		self.finish_one(&mut received);
		let payload = received.unwrapping.request_payload().expect("a request, and finished just now; qed");
		let fragment = payload.map_err(|_| DropReason::BadPayload)?;
		self.statistics.requests_delivered += 1;
		let message = self.request_assembler.insert(fragment, parameters.max_fragments()).map_err(bad_fragment)?;
		let Some(message) = message else { return Ok(()) };
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
		let message = self.reply_assembler.insert_reply(request_message_id, fragment, parameters.max_fragments());
		let Some(message) = message.map_err(bad_fragment)? else { return Ok(()) };
		self.handle_reply(&request_message_id, message.data)
	}

	fn accept_loop(&mut self, relative: RelativeSession, id: &CoverId) -> Result<(), DropReason> {
		let session = self.sessions.session_mut(relative).ok_or(DropReason::UnknownKey)?;
		let returned = session.loops.returned(self.now, id, &self.network_delay).ok_or(DropReason::UnknownLoopCover)?;
		self.network_delay.measure(returned.round_trip, returned.forwarding_delay, returned.links);
		self.statistics.loop_cover_returned += 1;
		self.statistics.loop_cover_late += u64::from(returned.late);
		Ok(())
	}

	/// Queues the event of a new request from another node.
	pub(super) fn push_request_event(&mut self, reply_to: ReplyTo, data: Vec<u8>) {
		self.queued_requests += 1;
		self.events.push_back(Event::Request { message_id: reply_to.message_id, data, reply_to });
	}
}

/// Checks that the packet was not acted on before, and that we are a mixnode in its session. Returns its tag.
///
/// Replies and cover need no such check. The ID of a SURB or a loop is forgotten when the first packet with it comes, and
/// drop cover is not acted on. So the filter stays empty where we are not a mixnode.
fn judge_replay(session: &Session, opened: &Opened, tag: &mut Option<ReplayTag>) -> Result<ReplayTag, DropReason> {
	let tag = *tag.get_or_insert_with(|| session.replay.tag(opened));
	session.replay.check(tag).map_err(drop_reason)?;
	if !session.topology.is_mixnode() {
		return Err(DropReason::NotMixnode);
	}
	Ok(tag)
}

fn bad_fragment(error: FragmentError) -> DropReason {
	match error {
		FragmentError::Duplicate => DropReason::RepeatedFragment,
		_ => DropReason::BadFragment,
	}
}

fn drop_reason(error: ReplayError) -> DropReason {
	match error {
		ReplayError::Seen => DropReason::Replayed,
		ReplayError::Full => DropReason::ReplayFilterFull,
	}
}
