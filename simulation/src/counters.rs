//! What a node's driver counts, for [`invariants`](crate::invariants) to compare with what the core says of itself.

use mixnet_node_core::{Parameters, Statistics};

/// What a driver counts to be compared with its core's statistics.
pub(crate) struct DriverCounters {
	/// Packets given to the core.
	pub received: u64,
	/// Packets polled from it.
	pub transmitted: u64,
	/// The longest forward queue, and the largest share of loop cover, of any session so far.
	pub most: Parameters,
	/// Did the last poll give no event, with nothing done since?
	pub is_polled_out: bool,
	/// Has its cache of replies ever been full? Then it may have forgotten requests.
	pub forgets: bool,
	/// Its statistics at the last check.
	pub before: Statistics,
}

impl DriverCounters {
	/// Of a core that is configured with these parameters; `None` of another implementation, which is not checked.
	pub fn new(parameters: Option<Parameters>) -> Self {
		Self {
			received: 0,
			transmitted: 0,
			most: parameters.unwrap_or_default(),
			is_polled_out: true,
			forgets: false,
			before: Statistics::default(),
		}
	}

	/// The chain has these parameters for some session.
	pub fn note_parameters(&mut self, parameters: &Parameters) {
		let most = &mut self.most;
		most.forward_queue_capacity = most.forward_queue_capacity.max(parameters.forward_queue_capacity);
		most.loop_cover_permille = most.loop_cover_permille.max(parameters.loop_cover_permille);
	}
}
