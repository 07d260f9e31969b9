//! Configurations with small bounds, so that they are met.

use super::super::reader::Reader;
use core::time::Duration;
use mixnet_node_core::{AuthoredConfig, Config, LoopConfig, ReplyConfig, RequestConfig};

/// How many bytes of the input make the configuration.
pub const SIZE: usize = 25;

/// A configuration for all nodes. Zeroes give one under which requests are answered within seconds.
pub fn read(reader: &mut Reader) -> Config {
	let bytes: [u8; SIZE] = reader.array();
	let reader = &mut Reader::new(&bytes);
	let ms = Duration::from_millis;
	let period = reader.one_of(&[ms(50), ms(50), ms(200), ms(1000)]);
	let queue_capacity = reader.one_of(&[20, 50, 4, 1]);
	let non_mixnode = AuthoredConfig { mean_period: period * 2, queue_capacity: reader.one_of(&[20, 4, 1]) };
	Config {
		mixnode: AuthoredConfig { mean_period: period, queue_capacity },
		non_mixnode: (reader.below(4) < 3).then_some(non_mixnode),
		gateways: reader.one_of(&[3, 1]),
		hops: reader.one_of(&[2, 1, 3, 6]),
		loop_cover_proportion: reader.one_of(&[0.25, 0.0, 0.9]),
		loops: LoopConfig { max_loss: 0.1 },
		mean_forwarding_delay: reader.one_of(&[ms(20), ms(0), ms(1000)]),
		per_hop_network_delay: reader.one_of(&[ms(100), ms(0)]),
		forward_queue_capacity: reader.one_of(&[50, 4, 1]),
		surb_keystore_capacity: reader.one_of(&[100, 8, 1]),
		max_incomplete_messages: reader.one_of(&[20, 2, 1]),
		max_incomplete_fragments: reader.one_of(&[50, 4, 1]),
		max_fragments_per_message: reader.one_of(&[25, 3, 1]),
		// The last two hold a few thousand tags, and none.
		replay_filter_bytes: reader.one_of(&[1 << 20, 40_000, 1]),
		max_queued_requests: reader.one_of(&[20, 2, 1]),
		mean_extrinsic_delay: reader.one_of(&[ms(100), ms(0)]),
		request: RequestConfig {
			capacity: reader.one_of(&[6, 2, 1]),
			destinations: reader.one_of(&[2, 1]),
			attempts: reader.one_of(&[2, 1]),
			copies: reader.one_of(&[2, 1, 3]),
			max_wait: reader.one_of(&[ms(5000), ms(0)]),
		},
		reply: ReplyConfig {
			capacity: reader.one_of(&[20, 2, 1]),
			copies: reader.one_of(&[2, 1, 3]),
			cooldown: reader.one_of(&[ms(1000), ms(0)]),
		},
	}
}
