//! Unwrapping, which needs the keys of live sessions and nothing else of the state.
//!
//! It is nearly all of a mixnode's work, and none of it depends on what else came: it can be done on any thread, by as many
//! as there are, and in batches. What the node then does with a packet it does in order, alone:
//!
//! ```text
//! Unwrapper::open -> Mixnet::note_wanted -> BatchUnwrapper::finish -> Mixnet::accept
//!     any thread                                  any thread
//! ```
//!
//! [`Mixnet::note_wanted`](super::Mixnet::note_wanted) in between saves the work for replays, and changes nothing else.

use crate::{
	replay::ReplayTag,
	session::{LiveKey, SessionId},
	sphinx::{BatchUnwrapper, Packet, Unwrapping},
	PeerId,
};
use alloc::vec::Vec;

/// A packet that came, and as much as is known of it.
pub struct ReceivedPacket {
	pub(super) from: PeerId,
	pub(super) unwrapping: Unwrapping,
	/// The session whose key opened it.
	pub(super) session: Option<SessionId>,
	/// What the session's replay filter knows it by, once that was asked.
	pub(super) tag: Option<ReplayTag>,
	/// Is the dearer half of unwrapping to be done for it?
	pub(super) is_wanted: bool,
}

impl ReceivedPacket {
	fn new(from: PeerId, packet: Packet) -> Self {
		Self { from, unwrapping: packet.into(), session: None, tag: None, is_wanted: false }
	}

	/// The peer that it came from.
	pub fn from(&self) -> PeerId {
		self.from
	}

	/// Is the dearer half of unwrapping to be done for it, as [`Mixnet::note_wanted`](super::Mixnet::note_wanted) noted?
	pub fn is_wanted(&self) -> bool {
		self.is_wanted
	}
}

impl AsRef<Unwrapping> for ReceivedPacket {
	fn as_ref(&self) -> &Unwrapping {
		&self.unwrapping
	}
}

impl AsMut<Unwrapping> for ReceivedPacket {
	fn as_mut(&mut self) -> &mut Unwrapping {
		&mut self.unwrapping
	}
}

/// Unwraps packets under the keys of the sessions that were live when [`Mixnet::unwrapper`](super::Mixnet::unwrapper)
/// made it.
///
/// It does not keep those keys alive: they are destroyed when their sessions end, or as soon as a batch that is being
/// opened at that moment is. What is unwrapped under a key whose session has ended since is not accepted.
#[derive(Clone)]
pub struct Unwrapper {
	/// In the order in which they are tried.
	keys: [Option<LiveKey>; 2],
}

impl Unwrapper {
	pub(super) fn new(keys: [Option<LiveKey>; 2]) -> Self {
		Self { keys }
	}

	/// Opens `packets`, each with the peer it came from, and appends them to `batch`, in order.
	///
	/// With `scratch` it is the caller's choice who multiplies; one for each thread is enough.
	pub fn open(
		&self,
		scratch: &mut BatchUnwrapper,
		packets: impl IntoIterator<Item = (PeerId, Packet)>,
		batch: &mut Vec<ReceivedPacket>,
	) {
		let first = batch.len();
		batch.extend(packets.into_iter().map(|(from, packet)| ReceivedPacket::new(from, packet)));
		let batch = &mut batch[first..];
		let upgrade = |key: &Option<LiveKey>| key.as_ref().and_then(|key| Some((key.session, key.secret.upgrade()?)));
		match self.keys.each_ref().map(upgrade) {
			[Some((first, first_key)), Some((second, second_key))] => {
				scratch.open(&[&first_key, &second_key], batch);
				note_sessions(batch, &[first, second]);
			},
			[Some((session, key)), None] | [None, Some((session, key))] => {
				scratch.open(&[&key], batch);
				note_sessions(batch, &[session]);
			},
			[None, None] => (),
		}
	}
}

/// Notes whose key opened each packet. `sessions`: of the keys, in order.
fn note_sessions(batch: &mut [ReceivedPacket], sessions: &[SessionId]) {
	for received in batch {
		received.session = received.unwrapping.opened().ok().and_then(|(key, _)| sessions.get(key).copied());
	}
}
