//! Unwrapping, which needs the keys of live sessions and nothing else of the state.
//!
//! It is nearly all of a mixnode's work. Since it depends on no other packet, it can be done on any number of threads, in
//! batches. What the node then does with the packets depends on their order, and one thread does it:
//!
//! ```text
//! Unwrapper::open -> Mixnet::judge_batch -> Unwrapper::finish -> Mixnet::accept
//!     any thread                                any thread
//! ```
//!
//! [`Mixnet::judge_batch`](super::Mixnet::judge_batch) saves the work of finishing packets that will be dropped. It changes
//! nothing else.

use super::being_finished::BeingFinished;
use crate::{
	replay::ReplayTag,
	session::{LiveKey, SessionId},
	sphinx::{finish_batch, open_batch, Backend, KxSecret, Packet, Scratch, Unwrapping},
	PeerId,
};
use alloc::vec::Vec;

/// A packet that came, and what is known of it so far.
pub(super) struct Received {
	pub from: PeerId,
	pub unwrapping: Unwrapping,
	/// The session whose key opened it.
	pub session: Option<SessionId>,
	/// The tag by which that session's replay filter knows it, once the packet was judged.
	pub tag: Option<ReplayTag>,
	/// Is it to be finished?
	pub is_wanted: bool,
}

impl Received {
	fn new(from: PeerId, packet: Packet) -> Self {
		Self { from, unwrapping: packet.into(), session: None, tag: None, is_wanted: false }
	}
}

impl AsRef<Unwrapping> for Received {
	fn as_ref(&self) -> &Unwrapping {
		&self.unwrapping
	}
}

impl AsMut<Unwrapping> for Received {
	fn as_mut(&mut self) -> &mut Unwrapping {
		&mut self.unwrapping
	}
}

/// Packets that came together, in their order, on their way from [`Unwrapper::open`] to
/// [`Mixnet::accept`](super::Mixnet::accept).
#[derive(Default)]
pub struct Batch {
	pub(super) packets: Vec<Received>,
}

impl Batch {
	/// The most bytes of heap that a batch of this many packets takes, beside the packets; and the tags of those under way.
	pub(crate) const fn max_bytes(packets: usize) -> usize {
		packets * size_of::<Received>() + BeingFinished::max_bytes()
	}

	/// Number of packets.
	pub fn len(&self) -> usize {
		self.packets.len()
	}

	/// Are there no packets?
	pub fn is_empty(&self) -> bool {
		self.packets.is_empty()
	}

	/// Is there a packet for [`Unwrapper::finish`] to finish?
	pub fn has_wanted(&self) -> bool {
		self.packets.iter().any(|received| received.is_wanted && !received.unwrapping.is_finished())
	}

	/// Has other packets finished than [`Mixnet::judge_batch`](super::Mixnet::judge_batch) would: those for which `is_wanted`
	/// is true. The outcome is the same.
	#[cfg(feature = "unstable")]
	pub fn set_wanted(&mut self, mut is_wanted: impl FnMut() -> bool) {
		self.packets.iter_mut().for_each(|received| received.is_wanted = is_wanted());
	}

	/// Which packets are to be finished, in order.
	#[cfg(feature = "unstable")]
	pub fn wanted(&self) -> impl Iterator<Item = bool> + '_ {
		self.packets.iter().map(|received| received.is_wanted)
	}

	/// Which packets were opened, in order.
	#[cfg(feature = "unstable")]
	pub fn opened(&self) -> impl Iterator<Item = bool> + '_ {
		self.packets.iter().map(|received| received.unwrapping.opened().is_ok())
	}
}

/// Unwraps packets under the keys of the sessions that were live when [`Mixnet::unwrapper`](super::Mixnet::unwrapper)
/// made it.
///
/// It does not keep those keys alive. They are destroyed when their sessions end, or once a batch that is being opened at
/// that moment is open. Packets that were unwrapped under the key of a session that has ended since are not accepted.
#[derive(Clone)]
pub struct Unwrapper {
	backend: Backend,
	/// In the order in which they are tried.
	keys: [Option<LiveKey>; 2],
}

impl Unwrapper {
	pub(super) fn new(backend: Backend, keys: [Option<LiveKey>; 2]) -> Self {
		Self { backend, keys }
	}

	/// Opens `packets`, each with the peer it came from: the cheaper half of unwrapping.
	///
	/// The more packets there are, the less each costs, up to [`MAX_BATCH`](super::MAX_BATCH). More should not be in a batch.
	pub fn open(&self, scratch: &mut Scratch, packets: impl IntoIterator<Item = (PeerId, Packet)>) -> Batch {
		let mut batch = Batch::default();
		self.open_into(scratch, packets, &mut batch);
		batch
	}

	/// As [`open`](Self::open), into a batch that is empty and whose memory is used again.
	pub(super) fn open_into(
		&self,
		scratch: &mut Scratch,
		packets: impl IntoIterator<Item = (PeerId, Packet)>,
		batch: &mut Batch,
	) {
		batch.packets.extend(packets.into_iter().map(|(from, packet)| Received::new(from, packet)));
		let upgrade = |key: &Option<LiveKey>| key.as_ref().and_then(|key| Some((key.session, key.secret.upgrade()?)));
		match self.keys.each_ref().map(upgrade) {
			[Some((first, first_key)), Some((second, second_key))] => {
				self.open_with(scratch, &[&first_key, &second_key], &[first, second], batch);
			},
			[Some((session, key)), None] | [None, Some((session, key))] => {
				self.open_with(scratch, &[&key], &[session], batch);
			},
			[None, None] => (),
		}
	}

	/// `sessions` are those of the `keys`, in order.
	fn open_with(&self, scratch: &mut Scratch, keys: &[&KxSecret], sessions: &[SessionId], batch: &mut Batch) {
		open_batch(self.backend, scratch, keys, &mut batch.packets);
		for received in &mut batch.packets {
			received.session = received.unwrapping.opened().ok().and_then(|(key, _)| sessions.get(key).copied());
		}
	}

	/// Finishes the wanted packets of `batch`, as [`Mixnet::judge_batch`](super::Mixnet::judge_batch) has marked them: the
	/// dearer half of unwrapping.
	///
	/// Packets that are accepted without it are finished one by one then, which takes longer.
	pub fn finish(&self, scratch: &mut Scratch, batch: &mut Batch) {
		finish_batch(self.backend, scratch, &mut batch.packets, |received| received.is_wanted);
	}
}

#[cfg(test)]
mod tests {
	use super::{
		super::tests::{node, packet_to_forward, peer_id, NOW},
		*,
	};

	/// A driver may leave out the second half, which is done when the batch is accepted.
	#[test]
	fn a_batch_that_was_not_finished_is_finished_when_it_is_accepted() {
		let (forwarder, packet) = packet_to_forward();
		let mut mixnet = node(forwarder, |_| ());
		let batch = mixnet.unwrapper().open(&mut Scratch::new(), [(peer_id(0), packet)]);
		mixnet.accept(NOW, batch);
		assert_eq!(mixnet.statistics().packets_accepted_to_forward, 1);
	}

	#[test]
	fn a_batch_of_noise_or_of_replays_has_nothing_to_be_finished() {
		let (forwarder, packet) = packet_to_forward();
		let mut mixnet = node(forwarder, |_| ());
		let judged = |mixnet: &mut crate::Mixnet<_>, packet| {
			let mut batch = mixnet.unwrapper().open(&mut Scratch::new(), [(peer_id(0), packet)]);
			mixnet.judge_batch(&mut batch);
			batch
		};
		assert!(!judged(&mut mixnet, Packet::from([7; crate::PACKET_SIZE])).has_wanted());
		let batch = judged(&mut mixnet, packet.clone());
		assert!(batch.has_wanted());
		mixnet.accept(NOW, batch);
		assert!(!judged(&mut mixnet, packet).has_wanted());
	}
}
