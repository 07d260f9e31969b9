//! What a node may choose, and what all nodes must agree on.

use crate::{
	message::MAX_DATA,
	request::extrinsic_delay,
	sphinx::{MAX_HOPS, SURB_SIZE},
	time::scale,
	traffic::max_requests,
	MessageId,
};
use core::time::Duration;

/// How a node authors packets in a session. (PROTOCOL.md, section 9)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuthoredConfig {
	/// Mean time between authored packets, at full rate. All nodes should agree on the mixnodes' one: it is part of the
	/// round-trip estimate.
	pub mean_period: Duration,
	/// Most request and reply packets that may wait to replace drop cover. All nodes should agree on the mixnodes' one.
	/// No message of more fragments can be posted. Each takes at most 3 kB; there is a queue in each of two sessions.
	pub queue_capacity: usize,
}

/// How requests are repeated until they are answered. (PROTOCOL.md, section 10)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestConfig {
	/// Most requests pending at a time. Each takes its data, at most 2,025 bytes x
	/// [`max_fragments_per_message`](Config::max_fragments_per_message) (51 kB by default), and 2.5 kB; an allocator
	/// may add a quarter.
	pub capacity: usize,
	/// Destinations to try before giving up. They are drawn with replacement. At least 1.
	pub destinations: u32,
	/// Attempts per destination; after each we wait for the estimated round-trip time. At least 1.
	pub attempts: u32,
	/// Copies of the message per attempt, each with routes and SURBs of its own. At least 1.
	pub copies: u32,
	/// How long a request may wait for what it cannot be posted without (a connected gateway, a session's mixnodes)
	/// before it fails. Waiting for room in the authored queue does not count.
	pub max_wait: Duration,
}

/// How replies are remembered. (PROTOCOL.md, section 10)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReplyConfig {
	/// Most requests remembered; the least recently seen one is forgotten first. Each takes the data of its reply, at
	/// most 2,025 bytes x [`max_fragments_per_message`](Config::max_fragments_per_message) (51 kB by default), and
	/// 0.5 kB; an allocator may add a quarter.
	pub capacity: usize,
	/// Copies of a reply per copy of its request; its SURBs limit them as well.
	pub copies: u32,
	/// For how long after a reply was sent repeats of its request are ignored: longer than the copies of one attempt are
	/// apart, shorter than the attempts are.
	pub cooldown: Duration,
}

/// When losses of loop cover are alarming. (See [`loops`](crate::loops).)
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LoopConfig {
	/// Share of loops that may get lost without an alarm, in a bad network say. Above 0, below 1. A loop takes
	/// six links: 1 % lost on each are 6 % of the loops.
	pub max_loss: f64,
}

/// Configuration of a [`Mixnet`](crate::Mixnet). The defaults are the reference's. (PROTOCOL.md, sections 6 to 10)
///
/// Whatever others send, the memory of a node is bounded by some of the fields, which say what they amount to.
/// [`max_memory_bytes`](Self::max_memory_bytes) is the sum.
///
/// ```
/// use mixnet_node_core::Config;
///
/// // A node in a small machine. All but the replay filter are a few MB.
/// let config = Config { replay_filter_bytes: 4 << 20, ..Config::default() };
/// config.validate()?;
/// assert!(config.max_memory_bytes(50) < 120 << 20);
/// assert_eq!(config.max_request_size(2), 25 * 2025 - 2 * 222);
/// # Ok::<(), mixnet_node_core::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
	/// Used in sessions in which we are a mixnode.
	pub mixnode: AuthoredConfig,
	/// Used in sessions in which we are not a mixnode; `None`: take no part in such sessions.
	pub non_mixnode: Option<AuthoredConfig>,
	/// How many random mixnodes a node that is none connects to, per session. At least 1.
	pub gateways: usize,
	/// Hops of the packets that we build, the delivering one included; 1 to [`MAX_HOPS`]. Routes grow where gateways
	/// demand it, and shrink in sessions of fewer than three mixnodes.
	pub hops: usize,
	/// Probability that an authored packet is loop cover. In 0..1. All nodes should agree.
	pub loop_cover_proportion: f64,
	/// When losses of loop cover are alarming.
	pub loops: LoopConfig,
	/// Mean time that a mixnode delays a packet before forwarding it. All nodes must agree.
	pub mean_forwarding_delay: Duration,
	/// Time per hop, network and processing: a conservative estimate. Retry timers never count with less, and with more
	/// where loop cover shows that it takes more, up to ten times this. Loops are overdue by this estimate.
	pub per_hop_network_delay: Duration,
	/// Most packets waiting to be forwarded. Each takes at most 3 kB.
	pub forward_queue_capacity: usize,
	/// Most SURBs whose keys we keep, and fragments that came over them and wait for others; each takes at most 6 kB. The
	/// oldest are forgotten first.
	pub surb_keystore_capacity: usize,
	/// Most incomplete requests of others kept; the least recently used is forgotten first. Each takes at most 1.2 kB beside its
	/// fragments.
	pub max_incomplete_messages: usize,
	/// Most fragments kept over all incomplete requests; each takes at most 2.9 kB.
	pub max_incomplete_fragments: usize,
	/// Most fragments of one message, sent or received. All nodes should agree. A message carries at most 2,025 bytes
	/// in each: this bounds what requests and replies take that are kept as a whole.
	pub max_fragments_per_message: usize,
	/// Most bytes of a session's replay filter, also while it grows; there are two sessions. When it is full, the
	/// mixnode refuses packets for the rest of the session.
	pub replay_filter_bytes: usize,
	/// Most requests from others that may wait for [`poll_event`](crate::Mixnet::poll_event). Each takes at most twice
	/// its data and SURBs, which are at most 2,025 bytes x `max_fragments_per_message` (101 kB by default), and 0.4 kB;
	/// an allocator may add a quarter.
	pub max_queued_requests: usize,
	/// Mean time that a destination waits before it submits an extrinsic. All nodes must agree.
	pub mean_extrinsic_delay: Duration,
	/// Requests of our own.
	pub request: RequestConfig,
	/// Replies of ours to others.
	pub reply: ReplyConfig,
}

impl Default for Config {
	fn default() -> Self {
		Self {
			mixnode: AuthoredConfig { mean_period: Duration::from_millis(100), queue_capacity: 50 },
			non_mixnode: Some(AuthoredConfig { mean_period: Duration::from_secs(1), queue_capacity: 25 }),
			gateways: 3,
			hops: MAX_HOPS,
			loop_cover_proportion: 0.25,
			loops: LoopConfig { max_loss: 0.1 },
			mean_forwarding_delay: Duration::from_secs(1),
			per_hop_network_delay: Duration::from_millis(300),
			forward_queue_capacity: 300,
			surb_keystore_capacity: 200,
			max_incomplete_messages: 2000,
			max_incomplete_fragments: 2000,
			max_fragments_per_message: 25,
			replay_filter_bytes: 256 << 20,
			max_queued_requests: 256,
			mean_extrinsic_delay: Duration::from_secs(1),
			request: RequestConfig {
				capacity: 20,
				destinations: 3,
				attempts: 2,
				copies: 2,
				max_wait: Duration::from_secs(60),
			},
			reply: ReplyConfig { capacity: 400, copies: 2, cooldown: Duration::from_secs(10) },
		}
	}
}

/// Why a [`Config`] is refused: the field, and what it must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
	/// The field must not be zero.
	#[error("`{0}` must not be zero")]
	Zero(&'static str),
	/// The field is out of its range.
	#[error("`{field}` must be {range}")]
	OutOfRange {
		/// Which field.
		field: &'static str,
		/// What it must be.
		range: &'static str,
	},
}

/// Longest duration that a [`Config`] may hold: sums of a few hundred of them are far from overflow.
const MAX_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

impl Config {
	/// Most bytes of data that a request with so many SURBs per copy can have, in any session.
	pub fn max_request_size(&self, surbs: usize) -> usize {
		let user = self.non_mixnode.map_or(usize::MAX, |authored| max_requests(authored.queue_capacity, false));
		let mixnode = max_requests(self.mixnode.queue_capacity, true);
		let fragments = self.max_fragments_per_message.min(user).min(mixnode);
		(fragments * MAX_DATA).saturating_sub(surbs.saturating_mul(SURB_SIZE))
	}

	/// How long a destination waits before it submits the extrinsic of the request message `message_id`.
	/// (PROTOCOL.md, section 10)
	pub fn extrinsic_delay(&self, message_id: &MessageId) -> Duration {
		scale(self.mean_extrinsic_delay, extrinsic_delay(message_id))
	}

	/// Checks every field.
	pub fn validate(&self) -> Result<(), ConfigError> {
		self.validate_authored("mixnode.mean_period", "mixnode.queue_capacity", &self.mixnode)?;
		if let Some(non_mixnode) = &self.non_mixnode {
			self.validate_authored("non_mixnode.mean_period", "non_mixnode.queue_capacity", non_mixnode)?;
		}
		for (field, value) in [
			("gateways", self.gateways),
			("hops", self.hops),
			("forward_queue_capacity", self.forward_queue_capacity),
			("surb_keystore_capacity", self.surb_keystore_capacity),
			("max_incomplete_messages", self.max_incomplete_messages),
			("max_incomplete_fragments", self.max_incomplete_fragments),
			("max_fragments_per_message", self.max_fragments_per_message),
			("replay_filter_bytes", self.replay_filter_bytes),
			("max_queued_requests", self.max_queued_requests),
			("request.capacity", self.request.capacity),
			("request.destinations", self.request.destinations as usize),
			("request.attempts", self.request.attempts as usize),
			("request.copies", self.request.copies as usize),
			("reply.capacity", self.reply.capacity),
			("reply.copies", self.reply.copies as usize),
		] {
			if value == 0 {
				return Err(ConfigError::Zero(field));
			}
		}
		if self.hops > MAX_HOPS {
			return Err(ConfigError::OutOfRange { field: "hops", range: "at most 6" });
		}
		if self.max_fragments_per_message > 1 << 16 {
			return Err(ConfigError::OutOfRange { field: "max_fragments_per_message", range: "at most 65536" });
		}
		// The negation also catches NaN.
		if !(0.0..1.0).contains(&self.loop_cover_proportion) {
			return Err(ConfigError::OutOfRange { field: "loop_cover_proportion", range: "at least 0 and below 1" });
		}
		if !(self.loops.max_loss > 0.0 && self.loops.max_loss < 1.0) {
			return Err(ConfigError::OutOfRange { field: "loops.max_loss", range: "above 0 and below 1" });
		}
		for (field, value) in [
			("mean_forwarding_delay", self.mean_forwarding_delay),
			("per_hop_network_delay", self.per_hop_network_delay),
			("mean_extrinsic_delay", self.mean_extrinsic_delay),
			("request.max_wait", self.request.max_wait),
			("reply.cooldown", self.reply.cooldown),
		] {
			if value > MAX_DURATION {
				return Err(ConfigError::OutOfRange { field, range: "at most a day" });
			}
		}
		Ok(())
	}

	fn validate_authored(
		&self,
		period: &'static str,
		capacity: &'static str,
		config: &AuthoredConfig,
	) -> Result<(), ConfigError> {
		if config.mean_period.is_zero() {
			return Err(ConfigError::Zero(period));
		}
		if config.mean_period > MAX_DURATION {
			return Err(ConfigError::OutOfRange { field: period, range: "at most a day" });
		}
		if config.queue_capacity == 0 {
			return Err(ConfigError::Zero(capacity));
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn defaults_are_valid_and_nonsense_is_not() {
		assert_eq!(Config::default().validate(), Ok(()));
		let config = Config { hops: 7, ..Config::default() };
		assert_eq!(config.validate(), Err(ConfigError::OutOfRange { field: "hops", range: "at most 6" }));
		let config = Config { loop_cover_proportion: f64::NAN, ..Config::default() };
		assert!(config.validate().is_err());
		for max_loss in [0.0, 1.0, -0.1, f64::NAN] {
			let config = Config { loops: LoopConfig { max_loss }, ..Config::default() };
			assert!(config.validate().is_err());
		}
		let mut config = Config::default();
		config.request.copies = 0;
		assert_eq!(config.validate(), Err(ConfigError::Zero("request.copies")));
		let mut config = Config::default();
		config.mixnode.mean_period = Duration::ZERO;
		assert_eq!(config.validate(), Err(ConfigError::Zero("mixnode.mean_period")));
		let config = Config { mean_forwarding_delay: Duration::MAX, ..Config::default() };
		assert!(config.validate().is_err());
	}
}
