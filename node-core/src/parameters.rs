//! A session's parameters, in the units that the other modules use.

use crate::{
	message::MessageId,
	sphinx::{derive, exponential, MAX_HOPS},
	time::scale,
};
use core::time::Duration;
use mixnet_primitives::parameters::{
	MAX_FORWARD_QUEUE_CAPACITY, MAX_LOOP_COVER_PERMILLE, MAX_MAX_FRAGMENTS_PER_MESSAGE, MAX_MEAN_DELAY_MS,
	MAX_QUEUE_CAPACITY, MIN_MEAN_PERIOD_MS,
};
use mixnet_primitives::Parameters;

const _: () = assert!(mixnet_primitives::parameters::MAX_HOPS as usize == MAX_HOPS);

/// How a node authors packets in a session. (PROTOCOL.md, section 9)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Authoring {
	/// Mean time between authored packets, at full rate.
	pub mean_period: Duration,
	/// Most request and reply packets that may wait to replace drop cover.
	pub queue_capacity: usize,
}

/// Parameters in units that are ready for use.
pub(crate) trait ParametersExt {
	fn authoring(&self, is_mixnode: bool) -> Authoring;
	fn loop_cover_proportion(&self) -> f64;
	fn mean_forwarding_delay(&self) -> Duration;
	fn reply_cooldown(&self) -> Duration;
	fn max_fragments(&self) -> usize;
	/// The time that the destination of a request waits before it submits the extrinsic in it.
	fn extrinsic_delay(&self, message_id: &MessageId) -> Duration;
	/// Of each field on which memory depends, the value that takes more of it.
	fn larger(&self, other: &Self) -> Self;
}

/// Field by field, the parameters that take the most memory of all that [`Parameters::check`] lets a chain choose.
pub(crate) const LARGEST: Parameters = Parameters {
	hops: MAX_HOPS as u8,
	mean_forwarding_delay_ms: MAX_MEAN_DELAY_MS,
	mixnode_mean_period_ms: MIN_MEAN_PERIOD_MS,
	non_mixnode_mean_period_ms: MIN_MEAN_PERIOD_MS,
	loop_cover_permille: MAX_LOOP_COVER_PERMILLE,
	forward_queue_capacity: MAX_FORWARD_QUEUE_CAPACITY,
	mixnode_queue_capacity: MAX_QUEUE_CAPACITY,
	non_mixnode_queue_capacity: MAX_QUEUE_CAPACITY,
	max_fragments_per_message: MAX_MAX_FRAGMENTS_PER_MESSAGE,
	// No memory depends on these.
	min_mixnodes: 0,
	mean_extrinsic_delay_ms: 0,
	reply_cooldown_ms: 0,
};

fn ms(ms: u32) -> Duration {
	Duration::from_millis(u64::from(ms))
}

impl ParametersExt for Parameters {
	fn authoring(&self, is_mixnode: bool) -> Authoring {
		let (period, capacity) = match is_mixnode {
			true => (self.mixnode_mean_period_ms, self.mixnode_queue_capacity),
			false => (self.non_mixnode_mean_period_ms, self.non_mixnode_queue_capacity),
		};
		Authoring { mean_period: ms(period), queue_capacity: capacity as usize }
	}

	fn loop_cover_proportion(&self) -> f64 {
		f64::from(self.loop_cover_permille) / 1000.0
	}

	fn mean_forwarding_delay(&self) -> Duration {
		ms(self.mean_forwarding_delay_ms)
	}

	fn reply_cooldown(&self) -> Duration {
		ms(self.reply_cooldown_ms)
	}

	fn max_fragments(&self) -> usize {
		self.max_fragments_per_message as usize
	}

	fn extrinsic_delay(&self, message_id: &MessageId) -> Duration {
		scale(ms(self.mean_extrinsic_delay_ms), extrinsic_delay(message_id))
	}

	fn larger(&self, other: &Self) -> Self {
		Self {
			hops: self.hops.max(other.hops),
			mean_forwarding_delay_ms: self.mean_forwarding_delay_ms.max(other.mean_forwarding_delay_ms),
			mixnode_mean_period_ms: self.mixnode_mean_period_ms.min(other.mixnode_mean_period_ms),
			non_mixnode_mean_period_ms: self.non_mixnode_mean_period_ms.min(other.non_mixnode_mean_period_ms),
			loop_cover_permille: self.loop_cover_permille.max(other.loop_cover_permille),
			forward_queue_capacity: self.forward_queue_capacity.max(other.forward_queue_capacity),
			mixnode_queue_capacity: self.mixnode_queue_capacity.max(other.mixnode_queue_capacity),
			non_mixnode_queue_capacity: self.non_mixnode_queue_capacity.max(other.non_mixnode_queue_capacity),
			max_fragments_per_message: self.max_fragments_per_message.max(other.max_fragments_per_message),
			..*self
		}
	}
}

/// The time that the destination waits before it submits the extrinsic of the request message `message_id`, in multiples of
/// the [mean](Parameters::mean_extrinsic_delay_ms). Both sides compute it, so that the source knows how long to wait.
pub fn extrinsic_delay(message_id: &MessageId) -> f64 {
	exponential(&derive(b"submit-extrn-dly", 0, &message_id.0))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn of_two_sessions_each_field_counts_that_takes_more_memory() {
		let changes: [fn(&mut Parameters); 9] = [
			|parameters| parameters.hops += 1,
			|parameters| parameters.mean_forwarding_delay_ms += 1,
			// Shorter periods make more loops.
			|parameters| parameters.mixnode_mean_period_ms -= 1,
			|parameters| parameters.non_mixnode_mean_period_ms -= 1,
			|parameters| parameters.loop_cover_permille += 1,
			|parameters| parameters.forward_queue_capacity += 1,
			|parameters| parameters.mixnode_queue_capacity += 1,
			|parameters| parameters.non_mixnode_queue_capacity += 1,
			|parameters| parameters.max_fragments_per_message += 1,
		];
		let less = Parameters { hops: 3, ..Parameters::default() };
		let mut all = less;
		for change in changes {
			let mut more = less;
			change(&mut more);
			assert_ne!(more, less);
			assert_eq!((less.larger(&more), more.larger(&less)), (more, more));
			all = all.larger(&more);
		}
		let mut each = less;
		changes.iter().for_each(|change| change(&mut each));
		assert_eq!(all, each);
	}
}
