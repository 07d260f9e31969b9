//! What tests need to set up a [`World`](crate::World): generators, peer IDs, configurations, answers.

use mixnet_node_core::{Config, KxPublic, Mixnode, PeerId};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

/// A generator with this seed.
pub fn rng(seed: u64) -> ChaChaRng {
	ChaChaRng::seed_from_u64(seed)
}

/// The peer ID of the node with this index.
pub fn peer_id(index: usize) -> PeerId {
	PeerId([index as u8 + 1; 32])
}

/// A configuration whose delays let a request be answered in seconds of virtual time.
pub fn fast_config() -> Config {
	let mut config = Config::default();
	config.parameters.mixnode_mean_period_ms = 50;
	config.parameters.non_mixnode_mean_period_ms = 100;
	config.parameters.mean_forwarding_delay_ms = 100;
	config.parameters.mean_extrinsic_delay_ms = 100;
	config
}

/// A mixnode as the chain lists it.
pub fn mixnode(peer_id: PeerId, kx_public: KxPublic) -> Mixnode {
	Mixnode { kx_public, peer_id, external_addresses: vec![b"/dns/example.org/tcp/30333".to_vec()] }
}

/// What nodes answer: as long as the request, up to one fragment, and different.
pub fn answer(data: &[u8]) -> Vec<u8> {
	data.iter().take(1500).map(|byte| byte ^ 0xff).collect()
}

/// How many times more than usual shall be done: once, or as often as `MIXNET_SOAK` says.
pub fn soak() -> usize {
	std::env::var("MIXNET_SOAK").map_or(1, |times| times.parse().expect("MIXNET_SOAK is a number"))
}
