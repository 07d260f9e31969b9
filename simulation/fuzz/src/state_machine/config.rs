//! Configurations, and parameters of sessions, with small bounds, so that inputs reach them.

use super::super::reader::Reader;
use core::time::Duration;
use mixnet_node_core::{Config, Parameters, ReplyConfig, RequestConfig};

/// How many bytes of the input make the configuration.
pub const SIZE: usize = 26;

/// A configuration for all nodes. With zeroes, requests are answered within seconds.
pub fn read(reader: &mut Reader) -> Config {
	let bytes: [u8; SIZE] = reader.array();
	let reader = &mut Reader::new(&bytes);
	let ms = Duration::from_millis;
	let mixnode_mean_period_ms = reader.one_of(&[50, 50, 200, 1000]);
	let mixnode_queue_capacity = reader.one_of(&[30, 50, 4, 1]);
	let non_mixnode_queue_capacity = reader.one_of(&[20, 4, 1]);
	let non_mixnode = reader.below(4) < 3;
	let gateways = reader.one_of(&[3, 1]);
	let hops = reader.one_of(&[2, 1, 3, 6]);
	let loop_cover_permille = reader.one_of(&[250, 0, 900]);
	let mean_forwarding_delay_ms = reader.one_of(&[20, 0, 1000]);
	let per_hop_network_delay = reader.one_of(&[ms(100), ms(0)]);
	let forward_queue_capacity = reader.one_of(&[50, 4, 1]);
	let mut config = Config {
		parameters: Parameters {
			hops,
			mean_forwarding_delay_ms,
			mixnode_mean_period_ms,
			non_mixnode_mean_period_ms: mixnode_mean_period_ms * 2,
			loop_cover_permille,
			forward_queue_capacity,
			mixnode_queue_capacity,
			non_mixnode_queue_capacity,
			..Parameters::default()
		},
		non_mixnode,
		gateways,
		loops: Config::default().loops,
		per_hop_network_delay,
		surb_keystore_capacity: reader.one_of(&[480, 8, 1]),
		max_incomplete_messages: reader.one_of(&[20, 2, 1]),
		max_incomplete_fragments: reader.one_of(&[50, 4, 1]),
		..Config::default()
	};
	config.parameters.max_fragments_per_message = reader.one_of(&[25, 3, 1]);
	// The last two hold a few thousand tags, and none.
	config.replay_filter_bytes = reader.one_of(&[1 << 20, 40_000, 1]);
	config.max_queued_requests = reader.one_of(&[20, 2, 1]);
	config.parameters.mean_extrinsic_delay_ms = reader.one_of(&[100, 0]);
	config.request = RequestConfig {
		capacity: reader.one_of(&[6, 2, 1]),
		destinations: reader.one_of(&[2, 1]),
		attempts: reader.one_of(&[2, 1]),
		copies: reader.one_of(&[2, 1, 3]),
		max_wait: reader.one_of(&[ms(5000), ms(0)]),
	};
	config.reply = ReplyConfig { capacity: reader.one_of(&[20, 2, 1]), copies: reader.one_of(&[2, 1, 3]) };
	config.parameters.reply_cooldown_ms = reader.one_of(&[1000, 0]);
	config.driver_builds = reader.bool();
	config
}

/// Parameters that a chain may have for a session. Zeroes give valid ones; the first byte may make them invalid.
pub fn parameters(reader: &mut Reader) -> Parameters {
	if reader.below(8) == 7 {
		let number = |reader: &mut Reader| match reader.bool() {
			true => u32::from(reader.u16()) << 16 | u32::from(reader.u16()),
			false => u32::from(reader.byte()),
		};
		return Parameters {
			hops: reader.byte(),
			min_mixnodes: number(reader),
			mean_forwarding_delay_ms: number(reader),
			mean_extrinsic_delay_ms: number(reader),
			mixnode_mean_period_ms: number(reader),
			non_mixnode_mean_period_ms: number(reader),
			loop_cover_permille: reader.u16(),
			forward_queue_capacity: number(reader),
			mixnode_queue_capacity: number(reader),
			non_mixnode_queue_capacity: number(reader),
			max_fragments_per_message: number(reader),
			reply_cooldown_ms: number(reader),
		};
	}
	let max_fragments_per_message = reader.one_of(&[4, 25, 1]);
	Parameters {
		hops: reader.one_of(&[3, 2, 6]),
		min_mixnodes: 2,
		mean_forwarding_delay_ms: reader.one_of(&[50, 20, 1000]),
		mean_extrinsic_delay_ms: reader.one_of(&[50, 0]),
		mixnode_mean_period_ms: reader.one_of(&[50, 20, 1000]),
		non_mixnode_mean_period_ms: reader.one_of(&[50, 200, 1000]),
		loop_cover_permille: reader.one_of(&[100, 10, 900]),
		forward_queue_capacity: reader.one_of(&[100, 50, 200]),
		mixnode_queue_capacity: 2 * max_fragments_per_message + reader.below(8) as u32,
		non_mixnode_queue_capacity: max_fragments_per_message + reader.below(8) as u32,
		max_fragments_per_message,
		reply_cooldown_ms: reader.one_of(&[500, 0]),
	}
}
