//! The configuration: everything that a node may choose for itself.

use crate::sphinx::MAX_HOPS;
use core::time::Duration;
use mixnet_primitives::Parameters;

/// How requests are repeated until they are answered. (PROTOCOL.md, section 10)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestConfig {
	/// Most requests pending at a time. One that is [posted twice](crate::Mixnet::post_request_twice) counts twice. Each takes
	/// its data, at most 2,025 bytes x [`max_fragments_per_message`](Parameters::max_fragments_per_message) (51 kB by
	/// default), and 2.5 kB; an allocator may add a quarter.
	pub capacity: usize,
	/// Destinations to try before giving up. They are drawn with replacement. At least 1.
	pub destinations: u32,
	/// Attempts per destination; after each we wait for the estimated round-trip time. At least 1.
	pub attempts: u32,
	/// Copies of the message per attempt, each with routes and SURBs of its own. At least 1. The two requests that one
	/// becomes which is [posted twice](crate::Mixnet::post_request_twice) share them.
	pub copies: u32,
	/// How long a request may wait for a connected gateway or a session's mixnodes before it fails. Waiting for room in the
	/// authored queue does not count.
	pub max_wait: Duration,
}

/// How replies are remembered. (PROTOCOL.md, section 10)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReplyConfig {
	/// Most requests remembered, those in progress included. The least recently seen one of those that were answered is
	/// forgotten first. Each takes the data of its reply, at
	/// most 2,025 bytes x [`max_fragments_per_message`](Parameters::max_fragments_per_message) (51 kB by default), and
	/// 0.5 kB; an allocator may add a quarter.
	pub capacity: usize,
	/// Copies of a reply per copy of its request; its SURBs limit them as well.
	pub copies: u32,
}

/// When losses of loop cover are alarming. (docs/loops.md)
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LoopConfig {
	/// The share of loops that may get lost without an alarm, in a bad network say. Above 0, below 1. A loop takes six links:
	/// if 1 % are lost on each, 6 % of the loops are. The same for loops that come back slowly.
	pub max_loss: f64,
	/// Losses of loops that are sent within this time after a session's mixnodes are known are no evidence: others may not know
	/// the session yet, or may be starting like us. No longer than it takes until all nodes have seen a block finalised.
	pub settling: Duration,
	/// How long fewer than half of the peers that a session needs may be connected without an alarm. Longer than a node takes
	/// to restart and to be found again.
	pub max_disconnected: Duration,
}

/// Configuration of a [`Mixnet`](crate::Mixnet): what is a node's own choice. Most defaults are the
/// reference's. (PROTOCOL.md, sections 6 to 10)
///
/// The [`Parameters`] of each session, on which all nodes must agree, are not a node's choice: they come from the chain
/// ([`ChainSession`](crate::ChainSession)).
///
/// More fields may come: construct one with `..Config::default()`, as below.
///
/// Whatever others send, the memory of a node is bounded by some of the fields, which say what they amount to, and by
/// parameters. [`memory_bytes`](Self::memory_bytes) is the sum.
///
/// ```
/// use mixnet_node_core::{Config, Parameters};
///
/// // A node in a small machine. All but the replay filter are less than 200 MB, and a few hundred if the chain goes to the
/// // limits of what it may set.
/// let config = Config { replay_filter_bytes: 4 << 20, ..Config::default() };
/// config.validate()?;
/// assert!(config.memory_bytes(&Parameters::default(), 50) < 190 << 20);
/// assert!(config.max_memory_bytes(50) < 350 << 20);
/// # Ok::<(), mixnet_node_core::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
	/// The parameters of sessions for which the chain has none. All nodes of a session must have the same. They need not pass
	/// [`Parameters::check`], which is for chains: a node takes any that it can run with.
	pub parameters: Parameters,
	/// Take part in sessions in which we are not a mixnode?
	pub non_mixnode: bool,
	/// The number of random mixnodes that a user connects to. They stay from session to session. At least 1.
	pub gateways: usize,
	/// When losses of loop cover are alarming.
	pub loops: LoopConfig,
	/// Time per hop, network and processing: a conservative estimate. Retry timers never count with less. They count with more
	/// if loop cover shows that a hop takes longer, up to ten times this. Loops are overdue by this estimate.
	pub per_hop_network_delay: Duration,
	/// Most SURBs whose keys we keep, and fragments that came over them and wait for others; each takes at most 6 kB. A request
	/// is taken if those of all copies of all pending requests fit, or if none is pending; so no request costs another one its
	/// answer. The default is enough for as many requests as may be pending, with two SURBs in each copy.
	pub surb_keystore_capacity: usize,
	/// Most incomplete requests of others kept; the least recently used is forgotten first. Each takes at most 1.3 kB beside its
	/// fragments.
	pub max_incomplete_messages: usize,
	/// Most fragments kept over all incomplete requests; each takes at most 2.9 kB.
	pub max_incomplete_fragments: usize,
	/// Most bytes of a session's replay filter, also while it grows; there are two sessions. It takes as much as it needs: 3
	/// bytes for each of a million packets, 2 for each of 10^8. When it is full, the mixnode refuses packets for the rest of
	/// the session. The default is full at 137 million packets, which are 2,000 a second for 19 hours, and then takes one new
	/// packet in 1,000 for one that it acted on before; with 10^6 packets it is one in 137,000.
	pub replay_filter_bytes: usize,
	/// Most requests from others that may wait for [`poll_event`](crate::Mixnet::poll_event). Each takes at most twice
	/// its data and SURBs, which are at most 2,025 bytes x
	/// [`max_fragments_per_message`](Parameters::max_fragments_per_message) (101 kB by default), and 0.4 kB; an
	/// allocator may add a quarter.
	pub max_queued_requests: usize,
	/// Does the driver build packets, on threads of its own? Then it polls for what is to be built
	/// ([`Mixnet::poll_build`](crate::Mixnet::poll_build)), and nothing is built in calls that packets wait for. Otherwise
	/// [`handle_timeout`](crate::Mixnet::handle_timeout) and [`post_request`](crate::Mixnet::post_request) build.
	pub driver_builds: bool,
	/// Requests of our own.
	pub request: RequestConfig,
	/// Replies of ours to others.
	pub reply: ReplyConfig,
}

impl Default for Config {
	fn default() -> Self {
		Self {
			parameters: Parameters::default(),
			non_mixnode: true,
			gateways: 3,
			loops: LoopConfig {
				max_loss: 0.1,
				settling: Duration::from_secs(60),
				max_disconnected: Duration::from_secs(120),
			},
			per_hop_network_delay: Duration::from_millis(300),
			surb_keystore_capacity: 480,
			max_incomplete_messages: 2000,
			max_incomplete_fragments: 2000,
			replay_filter_bytes: 256 << 20,
			max_queued_requests: 256,
			driver_builds: false,
			request: RequestConfig {
				capacity: 40,
				destinations: 3,
				attempts: 2,
				copies: 2,
				max_wait: Duration::from_secs(60),
			},
			reply: ReplyConfig { capacity: 400, copies: 2 },
		}
	}
}

/// Why a [`Config`] is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
	/// The field must not be zero.
	#[error("`{0}` must not be zero")]
	Zero(&'static str),
	/// The field is out of its range.
	#[error("`{field}` must be {range}")]
	OutOfRange {
		/// The field's name.
		field: &'static str,
		/// The range that it must be in.
		range: &'static str,
	},
}

/// The longest duration that a [`Config`] may hold: sums of a few hundred of them are far from overflow.
const MAX_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

impl Config {
	/// Checks every field.
	pub fn validate(&self) -> Result<(), ConfigError> {
		check_parameters(&self.parameters)?;
		for (field, value) in [
			("gateways", self.gateways),
			("surb_keystore_capacity", self.surb_keystore_capacity),
			("max_incomplete_messages", self.max_incomplete_messages),
			("max_incomplete_fragments", self.max_incomplete_fragments),
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
		// The negation also catches NaN.
		if !(self.loops.max_loss > 0.0 && self.loops.max_loss < 1.0) {
			return Err(ConfigError::OutOfRange { field: "loops.max_loss", range: "above 0 and below 1" });
		}
		for (field, value) in [
			("loops.settling", self.loops.settling),
			("loops.max_disconnected", self.loops.max_disconnected),
			("per_hop_network_delay", self.per_hop_network_delay),
			("request.max_wait", self.request.max_wait),
		] {
			if value > MAX_DURATION {
				return Err(ConfigError::OutOfRange { field, range: "at most a day" });
			}
		}
		Ok(())
	}
}

/// Longest time that a configuration may hold, in milliseconds: sums of a few hundred of them are far from overflow.
const DAY_MS: u32 = 24 * 60 * 60 * 1000;

/// Can a node run with these? What a chain may set is narrower: see [`Parameters::check`].
fn check_parameters(parameters: &Parameters) -> Result<(), ConfigError> {
	for (field, value) in [
		("parameters.hops", u32::from(parameters.hops)),
		("parameters.mixnode_mean_period_ms", parameters.mixnode_mean_period_ms),
		("parameters.non_mixnode_mean_period_ms", parameters.non_mixnode_mean_period_ms),
		("parameters.forward_queue_capacity", parameters.forward_queue_capacity),
		("parameters.mixnode_queue_capacity", parameters.mixnode_queue_capacity),
		("parameters.non_mixnode_queue_capacity", parameters.non_mixnode_queue_capacity),
		("parameters.max_fragments_per_message", parameters.max_fragments_per_message),
	] {
		if value == 0 {
			return Err(ConfigError::Zero(field));
		}
	}
	for (field, value) in [
		("parameters.mean_forwarding_delay_ms", parameters.mean_forwarding_delay_ms),
		("parameters.mean_extrinsic_delay_ms", parameters.mean_extrinsic_delay_ms),
		("parameters.mixnode_mean_period_ms", parameters.mixnode_mean_period_ms),
		("parameters.non_mixnode_mean_period_ms", parameters.non_mixnode_mean_period_ms),
		("parameters.reply_cooldown_ms", parameters.reply_cooldown_ms),
	] {
		if value > DAY_MS {
			return Err(ConfigError::OutOfRange { field, range: "at most a day" });
		}
	}
	if usize::from(parameters.hops) > MAX_HOPS {
		return Err(ConfigError::OutOfRange { field: "parameters.hops", range: "at most 6" });
	}
	if parameters.max_fragments_per_message > 1 << 16 {
		let field = "parameters.max_fragments_per_message";
		return Err(ConfigError::OutOfRange { field, range: "at most 65536" });
	}
	if parameters.loop_cover_permille >= 1000 {
		return Err(ConfigError::OutOfRange { field: "parameters.loop_cover_permille", range: "below 1000" });
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn defaults_are_valid_and_nonsense_is_not() {
		assert_eq!(Config::default().validate(), Ok(()));
		for change in [
			(|parameters| parameters.hops = 7) as fn(&mut Parameters),
			|parameters| parameters.hops = 0,
			|parameters| parameters.loop_cover_permille = 1000,
			|parameters| parameters.mean_forwarding_delay_ms = u32::MAX,
			|parameters| parameters.mixnode_mean_period_ms = 0,
			|parameters| parameters.non_mixnode_mean_period_ms = u32::MAX,
			|parameters| parameters.non_mixnode_queue_capacity = 0,
			|parameters| parameters.max_fragments_per_message = 1 << 17,
		] {
			let mut config = Config::default();
			change(&mut config.parameters);
			let error = config.validate().unwrap_err();
			assert!(error.to_string().contains("parameters."), "{error}");
		}
		for max_loss in [0.0, 1.0, -0.1, f64::NAN] {
			let config = Config { loops: LoopConfig { max_loss, ..Config::default().loops }, ..Config::default() };
			assert!(config.validate().is_err());
		}
		let mut config = Config::default();
		config.request.copies = 0;
		assert_eq!(config.validate(), Err(ConfigError::Zero("request.copies")));
		let config = Config { per_hop_network_delay: Duration::MAX, ..Config::default() };
		assert!(config.validate().is_err());
	}

	#[test]
	fn the_largest_values_that_the_errors_name_are_valid() {
		let mut config = Config::default();
		let parameters = &mut config.parameters;
		(parameters.hops, parameters.max_fragments_per_message, parameters.loop_cover_permille) = (6, 65_536, 999);
		parameters.mean_forwarding_delay_ms = DAY_MS;
		parameters.mean_extrinsic_delay_ms = DAY_MS;
		parameters.mixnode_mean_period_ms = DAY_MS;
		parameters.non_mixnode_mean_period_ms = DAY_MS;
		parameters.reply_cooldown_ms = DAY_MS;
		let day = Duration::from_secs(86_400);
		(config.loops.settling, config.loops.max_disconnected) = (day, day);
		(config.per_hop_network_delay, config.request.max_wait) = (day, day);
		assert_eq!(config.validate(), Ok(()));
		for change in [
			(|config| config.parameters.hops += 1) as fn(&mut Config),
			|config| config.parameters.max_fragments_per_message += 1,
			|config| config.parameters.loop_cover_permille += 1,
			|config| config.parameters.reply_cooldown_ms += 1,
			|config| config.loops.settling += Duration::from_nanos(1),
		] {
			let mut config = config.clone();
			change(&mut config);
			assert!(matches!(config.validate(), Err(ConfigError::OutOfRange { .. })));
		}
	}
}
