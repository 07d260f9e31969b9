//! What a driver builds on threads of its own: cover, and copies of our requests.
//!
//! Building multiplies points, for some milliseconds. A node that does so itself sends nothing meanwhile, and whoever sees
//! when its packets leave could see what it built. So all that is random is drawn here, with the state at hand, and the rest is
//! handed out: it needs neither state nor randomness. What comes back counts only if the state has not moved on.
//!
//! One thing is handed out at a time. So cover comes back in the order of its ticks, and a copy finds the room that it was
//! built for.

use super::{
	copies::{BuiltCopy, CopyDraft},
	send::{BuiltCover, CoverDraft},
	Mixnet,
};
use crate::{
	bytes::{list, sum},
	message::{max_data, FragmentPlan, MAX_SURBS_PER_FRAGMENT},
	sphinx::{Backend, BatchBuilder, SurbId, SurbKeys, PACKET_SIZE},
	AddressedPacket, PeerId, RelativeSession, Time,
};
use rand_core::{CryptoRng, RngCore};

/// Something to be built on any thread: see [`Mixnet::poll_build`]. It holds secrets of packets that are not sent yet. Keys and
/// contents are zeroised, whatever becomes of it.
#[must_use = "nothing else is built until it comes back"]
pub struct Build {
	backend: Backend,
	work: Work,
}

enum Work {
	Cover(CoverDraft),
	Copy(CopyDraft),
}

/// What was built, to be handed to [`Mixnet::accept_built`].
#[must_use = "nothing else is built until the core has it"]
pub struct Built(Done);

enum Done {
	Cover(BuiltCover),
	Copy(BuiltCopy),
}

impl Build {
	/// The most bytes of heap that one takes, before it is run or after, where messages have this many fragments.
	pub(crate) fn max_bytes(fragments: usize) -> usize {
		let surbs = fragments.saturating_mul(MAX_SURBS_PER_FRAGMENT);
		let of_packet = size_of::<FragmentPlan>() + size_of::<(PeerId, usize)>() + size_of::<AddressedPacket>();
		let of_surb = size_of::<(SurbId, usize)>() + size_of::<(SurbId, SurbKeys)>();
		let built = fragments.saturating_mul(PACKET_SIZE).saturating_add(surbs.saturating_mul(SurbKeys::max_bytes()));
		sum([
			max_data(fragments, 0),
			BatchBuilder::max_bytes(fragments, surbs),
			built,
			list(fragments, of_packet),
			list(surbs, of_surb),
		])
	}

	/// Builds it. Takes up to some milliseconds.
	pub fn run(self) -> Built {
		Built(match self.work {
			Work::Cover(draft) => Done::Cover(draft.build(self.backend)),
			Work::Copy(draft) => Done::Copy(draft.build(self.backend)),
		})
	}
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// Something that is to be built now: eight packets of cover, or a copy of a request. Run it on any thread, and hand the
	/// result to [`accept_built`](Self::accept_built). `None` if there is nothing, or while something is being built.
	///
	/// For drivers with [`driver_builds`](crate::Config::driver_builds). It has nothing otherwise.
	pub fn poll_build(&mut self) -> Option<Build> {
		if !self.config.driver_builds || self.is_building {
			return None;
		}
		let work = match RelativeSession::BOTH.into_iter().find(|relative| self.wants_cover(*relative)) {
			Some(relative) => {
				self.copies_due = true;
				Work::Cover(self.draft_cover(relative)?)
			},
			None => {
				if !core::mem::take(&mut self.copies_due) {
					return None;
				}
				Work::Copy(self.draft_next_copy()?)
			},
		};
		self.is_building = true;
		Some(Build { backend: self.backend, work })
	}

	/// Takes what was built. It is thrown away, and built anew, if it is of no use any more: its session has ended, a
	/// user's gateway that it was built for is gone, the request has ended.
	pub fn accept_built(&mut self, now: Time, built: Built) {
		self.advance(now);
		self.is_building = false;
		match built.0 {
			Done::Cover(cover) => self.stock(cover),
			Done::Copy(copy) => {
				self.queue_copy(copy);
				// There may be room for another one, or this one has to be built anew.
				self.copies_due = true;
			},
		}
	}
}
