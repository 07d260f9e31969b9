//! Requests of others, and our replies to them.

use super::Mixnet;
use crate::{
	message::{split, FragmentPlan},
	parameters::ParametersExt,
	request::{CachedReply, ReplyTo, Seen},
	sphinx::{use_surb, PAYLOAD_DATA_SIZE},
	statistics::DropReason,
	traffic::AddressedPacket,
	MessageId, SessionIndex, Time,
};
use alloc::vec::Vec;
use rand_core::{CryptoRng, RngCore};

/// Why no copy of a reply was sent.
///
/// The reply is remembered all the same, unless it is too large for any message. It is sent when the request is repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
	/// The session that the request came in takes no replies any more.
	#[error("session {0} takes no replies any more")]
	SessionClosed(SessionIndex),
	/// Too much data for one message.
	#[error("the reply takes {fragments} fragments, {max} can be sent")]
	TooLarge {
		/// How many fragments it takes.
		fragments: usize,
		/// How many can be sent.
		max: usize,
	},
	/// The request came with too few SURBs.
	#[error("the reply takes {needed} SURBs, {given} were given")]
	TooFewSurbs {
		/// How many a copy takes.
		needed: usize,
		/// How many there are.
		given: usize,
	},
	/// The places for replies in the authored queue are taken.
	#[error("the authored queue is full")]
	QueueFull,
	/// A SURB names no mixnode of the session.
	#[error("bad SURB")]
	BadSurb,
	/// The request was replied to already, and that reply stands.
	#[error("replied to already")]
	AlreadyReplied,
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// A request of another node is complete.
	pub(super) fn handle_request(&mut self, reply_to: ReplyTo, data: Vec<u8>) -> Result<(), DropReason> {
		let cooldown = reply_to.parameters.reply_cooldown();
		match self.replies.see(self.now, reply_to.message_id, reply_to.session, cooldown) {
			Seen::New if self.queued_requests >= self.config.max_queued_requests => {
				self.replies.abandon(&reply_to.message_id);
				Err(DropReason::TooManyQueuedRequests)
			},
			Seen::New => {
				self.push_request_event(reply_to, data);
				Ok(())
			},
			Seen::NoRoom => Err(DropReason::TooManyRequestsInProgress),
			Seen::InProgress => Err(DropReason::RequestInProgress),
			Seen::InCooldown => Err(DropReason::RequestInCooldown),
			Seen::Answered(reply) => {
				// Errors are counted, and there is nobody to tell.
				let _ = self.send_reply(reply_to, &reply);
				Ok(())
			},
		}
	}

	/// Replies to a request, and remembers the reply for repeats of it. As many copies are sent as are configured, if there
	/// are SURBs and room in the authored queue for them. `Ok` if at least one copy is on its way.
	pub fn post_reply(&mut self, now: Time, reply_to: ReplyTo, data: Vec<u8>) -> Result<(), ReplyError> {
		self.advance(now);
		let max = reply_to.parameters.max_fragments();
		if let Err(error) = split(reply_to.message_id, &data, 0, max) {
			self.abandon_request(reply_to);
			self.statistics.count_drop(DropReason::ReplyNotSent);
			return Err(ReplyError::TooLarge { fragments: error.needed, max: error.max });
		}
		let reply = CachedReply { message_id: MessageId::random(&mut self.rng), data };
		if !self.replies.answer(reply_to.message_id, reply.clone()) {
			return Err(ReplyError::AlreadyReplied);
		}
		self.send_reply(reply_to, &reply)
	}

	/// Gives a request back without a reply. If it is repeated, it counts as new.
	pub fn abandon_request(&mut self, reply_to: ReplyTo) {
		self.replies.abandon(&reply_to.message_id);
	}

	/// Sends copies of a reply. Counts those that are not sent, unless SURBs are all that is missing.
	fn send_reply(&mut self, mut reply_to: ReplyTo, reply: &CachedReply) -> Result<(), ReplyError> {
		let mut result = Ok(());
		for copy in 0..self.config.reply.copies {
			match self.send_reply_copy(&mut reply_to, reply) {
				Ok(()) => self.replies.sent(self.now, &reply_to.message_id),
				// The SURBs are used up.
				Err(ReplyError::TooFewSurbs { .. }) if copy > 0 => break,
				Err(error) => {
					self.statistics.count_drop(match error {
						ReplyError::QueueFull => DropReason::ReplyQueueFull,
						_ => DropReason::ReplyNotSent,
					});
					log::debug!(target: "mixnet", "Copy {copy} of a reply not sent: {error}");
					if copy == 0 {
						result = Err(error);
					}
					break;
				},
			}
		}
		result
	}

	/// Sends one copy, all of it or nothing, over the last of the SURBs.
	fn send_reply_copy(&mut self, reply_to: &mut ReplyTo, reply: &CachedReply) -> Result<(), ReplyError> {
		let closed = ReplyError::SessionClosed(reply_to.session);
		let relative = self.sessions.relative(reply_to.session).ok_or(closed)?;
		if !self.sessions.allows_requests(relative) || reply_to.generation != self.sessions.generation() {
			return Err(closed);
		}
		let session = self.sessions.session_mut(relative).ok_or(closed)?;
		let max = session.parameters.max_fragments().min(session.authored.max_replies());
		let plans = split(reply.message_id, &reply.data, 0, max)
			.map_err(|error| ReplyError::TooLarge { fragments: error.needed, max: error.max })?;
		let Some(rest) = reply_to.surbs.len().checked_sub(plans.len()) else {
			return Err(ReplyError::TooFewSurbs { needed: plans.len(), given: reply_to.surbs.len() });
		};
		if !session.authored.has_room_for_reply(plans.len()) {
			return Err(ReplyError::QueueFull);
		}
		let mut packets = Vec::with_capacity(plans.len());
		for (plan, surb) in plans.iter().zip(reply_to.surbs.drain(rest..)) {
			let fragment = write_fragment(plan, &reply.data);
			let (first, packet) = use_surb(surb, &fragment).map_err(|_| ReplyError::BadSurb)?;
			// Only in a bad SURB can we be the first mixnode ourselves.
			let peer_id = session
				.topology
				.mixnode_peer_id(first)
				.filter(|peer_id| *peer_id != self.local_peer_id)
				.ok_or(ReplyError::BadSurb)?;
			packets.push(AddressedPacket { peer_id, packet });
		}
		session.authored.push_reply(packets);
		Ok(())
	}
}

fn write_fragment(plan: &FragmentPlan, data: &[u8]) -> [u8; PAYLOAD_DATA_SIZE] {
	let mut fragment = [0; PAYLOAD_DATA_SIZE];
	plan.write(&mut fragment, data, &[]).expect("planned for this data and no SURBs; qed");
	fragment
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		sphinx::{Surb, SURB_SIZE},
		ChainSession, Config, KxSecret, Mixnode, PeerId, SessionPhase, SessionStatus,
	};
	use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

	/// A mixnode, and a request that it was handed with these SURBs.
	fn asked(surbs: Vec<Surb>) -> (Mixnet<ChaChaRng>, ReplyTo) {
		let secret = |number| KxSecret::from_bytes([number; 32]);
		let mixnode = |number| Mixnode {
			kx_public: secret(number).public(),
			peer_id: PeerId([number; 32]),
			external_addresses: Vec::new(),
		};
		let rng = ChaChaRng::seed_from_u64(1);
		let mut node = Mixnet::new(Config::default(), PeerId([1; 32]), rng, Some(secret(1))).unwrap();
		let status = SessionStatus { current_index: 0, phase: SessionPhase::DisconnectFromPrev };
		node.set_status(Time::ZERO, status);
		node.set_session(Time::ZERO, ChainSession::new(0, Ok((1..=5).map(mixnode).collect())));
		let (generation, parameters) = (node.sessions.generation(), node.config.parameters);
		let reply_to = ReplyTo { session: 0, generation, parameters, message_id: MessageId([1; 16]), surbs };
		(node, reply_to)
	}

	/// A SURB that names the second mixnode as the first to send to.
	fn surb() -> Surb {
		let mut bytes = [0; SURB_SIZE];
		bytes[0] = 1;
		bytes.into()
	}

	#[test]
	fn a_reply_for_which_there_is_no_surb_is_refused_and_counted() {
		let (mut node, reply_to) = asked(Vec::new());
		let posted = node.post_reply(Time::ZERO, reply_to, vec![1]);
		assert_eq!(posted, Err(ReplyError::TooFewSurbs { needed: 1, given: 0 }));
		assert_eq!(node.statistics().dropped(DropReason::ReplyNotSent), 1);
	}

	#[test]
	fn a_reply_with_surbs_for_fewer_copies_is_sent_as_often_as_it_can_be() {
		for (given, copies) in [(1, 1), (2, 2), (3, 2)] {
			let (mut node, reply_to) = asked((0..given).map(|_| surb()).collect());
			assert_eq!(node.config.reply.copies, 2);
			assert_eq!(node.post_reply(Time::ZERO, reply_to, vec![1]), Ok(()));
			assert_eq!(node.statistics().current_authored_queue_len, copies);
			assert_eq!(node.statistics().dropped(DropReason::ReplyNotSent), 0);
		}
	}
}
