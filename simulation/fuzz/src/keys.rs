//! Keys of nodes, and routes through them.

use super::reader::Reader;
use mixnet_node_core::{
	sphinx::{Hop, Target},
	KxPublic, KxSecret, MixnodeIndex, PeerId,
};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::sync::LazyLock;

/// How many nodes there are: more than a route has hops.
pub const NODES: usize = 8;

/// The nodes' public keys.
static PUBLICS: LazyLock<Vec<KxPublic>> = LazyLock::new(|| (0..NODES).map(|node| secret(node).public()).collect());

/// The secret key of a node.
pub fn secret(node: usize) -> KxSecret {
	KxSecret::from_bytes([node as u8 + 1; 32])
}

/// The public key of a node.
pub fn public(node: usize) -> KxPublic {
	PUBLICS[node]
}

/// The peer ID of a node.
pub fn peer_id(node: usize) -> PeerId {
	PeerId([node as u8 + 101; 32])
}

/// A mixnode index. Numbers that are too large become the last one.
pub fn mixnode_index(index: u16) -> MixnodeIndex {
	MixnodeIndex::new(index).unwrap_or(MixnodeIndex::MAX)
}

/// Randomness with this seed.
pub fn rng(seed: u64) -> ChaChaRng {
	ChaChaRng::seed_from_u64(seed)
}

/// A route of `hops` hops that the input chooses, and the nodes on it. A node may come twice, even in a row. At most one
/// hop is named by its peer ID, since more do not fit.
pub fn route(reader: &mut Reader, hops: usize) -> (Vec<usize>, Vec<Hop>) {
	let named = reader.below(8);
	let nodes: Vec<_> = (0..hops).map(|_| reader.below(NODES)).collect();
	let hop = |(index, node): (usize, &usize)| {
		let target = match index == named {
			true => Target::Peer(peer_id(*node)),
			false => Target::Mixnode(mixnode_index(*node as u16)),
		};
		Hop { target, kx_public: public(*node) }
	};
	let route = nodes.iter().enumerate().map(hop).collect();
	(nodes, route)
}
