//! A session's mixnodes: which of them we are, and which are our gateways.

use super::gateways::Gateways;
use crate::{
	bytes::{list, sum, tree},
	sphinx::{MixnodeIndex, Target},
	KxPublic, Mixnode, PeerId, RestingReason,
};
use alloc::{collections::BTreeSet, vec::Vec};
use rand_core::RngCore;
use rand_distr::{Distribution, Uniform};

/// Our own part in a session.
#[derive(Debug)]
enum LocalNode {
	/// The mixnode with this index.
	Mixnode(MixnodeIndex),
	/// A user, which stays connected to its gateways.
	NonMixnode {
		/// Distinct, in the order of their preference.
		gateways: Vec<MixnodeIndex>,
		/// Those of them that are silent: connected or not, nothing is sent by them.
		silent: Vec<MixnodeIndex>,
	},
}

/// A session's mixnodes, as seen from one node. Nothing but a user's gateways changes during the session.
#[derive(Debug)]
pub(crate) struct Topology {
	pub(super) mixnodes: Vec<Mixnode>,
	pub(super) local_peer_id: PeerId,
	pub(super) local_kx_public: KxPublic,
	local_node: LocalNode,
	/// Mixnodes that no packet of ours should visit, sorted. First, those with our peer ID. At most one of them is really us.
	/// The others are entries from before our restart, whose keys are lost, or bogus ones, and we cannot connect to ourselves.
	/// Second, those with a public key of low order, with which nobody can share a secret.
	pub(super) unusable: Vec<MixnodeIndex>,
}

impl Topology {
	/// Bytes that are counted for a mixnode: it may have 16 addresses of 128 bytes each. The driver allocates them.
	pub const MAX_BYTES_PER_MIXNODE: usize = size_of::<Mixnode>() + 16 * (size_of::<Vec<u8>>() + 128);

	/// The most bytes of heap for this many mixnodes, all of which may be connected.
	pub fn max_bytes(mixnodes: usize) -> usize {
		sum([
			mixnodes.saturating_mul(Self::MAX_BYTES_PER_MIXNODE),
			// The gateways, the silent ones, and the unusable ones.
			list(mixnodes, 3 * size_of::<MixnodeIndex>()),
			tree(mixnodes, size_of::<PeerId>()),
		])
	}

	/// We are a mixnode if an entry has both our key and our peer ID. Otherwise we connect to some of `gateways`, of which there
	/// may have to be more for this session.
	pub fn new<R: RngCore + ?Sized>(
		rng: &mut R,
		mixnodes: Vec<Mixnode>,
		local_peer_id: PeerId,
		local_kx_public: KxPublic,
		gateways: &mut Gateways,
	) -> Result<Self, RestingReason> {
		const MAX: usize = MixnodeIndex::MAX.get() as usize + 1;
		if mixnodes.len() > MAX {
			return Err(RestingReason::TooManyMixnodes { num: mixnodes.len(), max: MAX });
		}
		let mut unusable = Vec::new();
		let mut local_index = None;
		for (index, mixnode) in indexed(&mixnodes) {
			let is_ours = mixnode.peer_id == local_peer_id;
			if is_ours && mixnode.kx_public == local_kx_public && local_index.is_none() {
				local_index = Some(index);
			}
			if is_ours || mixnode.kx_public.is_low_order() {
				unusable.push(index);
			}
		}
		let local_node = match local_index {
			Some(index) => LocalNode::Mixnode(index),
			None => {
				gateways.draw(rng, &mixnodes, &unusable);
				LocalNode::NonMixnode { gateways: Vec::new(), silent: Vec::new() }
			},
		};
		let mut topology = Self { mixnodes, local_peer_id, local_kx_public, local_node, unusable };
		topology.set_gateways(gateways);
		Ok(topology)
	}

	/// Takes over who is in use as a gateway, and who is silent. Returns whether there are others to be connected to than
	/// before. A mixnode has no gateways.
	pub fn set_gateways(&mut self, gateways: &Gateways) -> bool {
		if self.is_mixnode() {
			return false;
		}
		let in_use = gateways.in_use(|peer_id| self.may_visit(peer_id));
		let in_use: Vec<_> = in_use.filter_map(|peer_id| self.usable_index(peer_id)).collect();
		let is_silent = |index: &MixnodeIndex| self.mixnode_peer_id(*index).is_some_and(|id| gateways.is_silent(&id));
		let now_silent = in_use.iter().copied().filter(is_silent).collect();
		let LocalNode::NonMixnode { gateways, silent } = &mut self.local_node else { return false };
		*silent = now_silent;
		let changed = *gateways != in_use;
		*gateways = in_use;
		changed
	}

	/// Our index among the mixnodes, if we are one.
	pub fn local_index(&self) -> Option<MixnodeIndex> {
		match self.local_node {
			LocalNode::Mixnode(index) => Some(index),
			LocalNode::NonMixnode { .. } => None,
		}
	}

	pub fn is_mixnode(&self) -> bool {
		self.local_index().is_some()
	}

	/// The mixnodes to stay connected to: all others if we are a mixnode, otherwise our gateways. Never ourselves.
	pub fn reserved_peers(&self) -> impl Iterator<Item = &Mixnode> {
		let (all, gateways): (&[Mixnode], &[MixnodeIndex]) = match &self.local_node {
			LocalNode::Mixnode(_) => (&self.mixnodes, &[]),
			LocalNode::NonMixnode { gateways, .. } => (&[], gateways),
		};
		let gateways = gateways.iter().filter_map(|index| self.mixnode(*index));
		all.iter().chain(gateways).filter(|mixnode| mixnode.peer_id != self.local_peer_id)
	}

	pub(super) fn mixnode(&self, index: MixnodeIndex) -> Option<&Mixnode> {
		self.mixnodes.get(usize::from(index.get()))
	}

	/// Number of mixnodes, ourselves included if we are one.
	pub fn len(&self) -> usize {
		self.mixnodes.len()
	}

	/// The peer ID of a mixnode. `None` if there is no such mixnode.
	pub fn mixnode_peer_id(&self, index: MixnodeIndex) -> Option<PeerId> {
		self.mixnode(index).map(|mixnode| mixnode.peer_id)
	}

	/// The peer to forward to. `None` if there is no such mixnode, or if it is us.
	pub fn next_hop(&self, target: &Target) -> Option<PeerId> {
		let peer_id = match target {
			Target::Mixnode(index) => self.mixnode_peer_id(*index)?,
			Target::Peer(peer_id) => *peer_id,
		};
		(peer_id != self.local_peer_id).then_some(peer_id)
	}

	/// Is there a mixnode with this peer ID that our packets may visit?
	pub fn may_visit(&self, peer_id: &PeerId) -> bool {
		self.usable_index(peer_id).is_some()
	}

	/// The index of the mixnode with this peer ID, if our packets may visit it.
	fn usable_index(&self, peer_id: &PeerId) -> Option<MixnodeIndex> {
		let of_peer = indexed(&self.mixnodes).filter(|(_, mixnode)| mixnode.peer_id == *peer_id);
		of_peer.map(|(index, _)| index).find(|index| self.unusable.binary_search(index).is_err())
	}

	/// Our gateways among the `connected` peers, but for those that are silent. None if we are a mixnode.
	pub fn connected_gateways(&self, connected: &BTreeSet<PeerId>) -> Vec<MixnodeIndex> {
		let LocalNode::NonMixnode { gateways, silent } = &self.local_node else { return Vec::new() };
		let is_live = |index: &MixnodeIndex| {
			!silent.contains(index) && self.mixnode_peer_id(*index).is_some_and(|peer_id| connected.contains(&peer_id))
		};
		gateways.iter().copied().filter(is_live).collect()
	}

	/// Is this peer one of the [`connected_gateways`](Self::connected_gateways)?
	pub fn is_live_gateway(&self, connected: &BTreeSet<PeerId>, peer_id: &PeerId) -> bool {
		self.connected_gateways(connected).iter().any(|index| self.mixnode_peer_id(*index) == Some(*peer_id))
	}
}

/// Mixnodes with their indices.
pub(super) fn indexed(mixnodes: &[Mixnode]) -> impl Iterator<Item = (MixnodeIndex, &Mixnode)> {
	(0..=MixnodeIndex::MAX.get()).filter_map(MixnodeIndex::new).zip(mixnodes)
}

/// Draws an index below `num`, uniformly among those that are not in `excluded`. `None` if there are none. Sorts `excluded`.
pub(super) fn draw<R: RngCore + ?Sized>(
	rng: &mut R,
	num: usize,
	excluded: &mut Vec<MixnodeIndex>,
) -> Option<MixnodeIndex> {
	excluded.sort_unstable();
	excluded.dedup();
	excluded.retain(|index| usize::from(index.get()) < num);
	let left = num.checked_sub(excluded.len()).and_then(|left| u32::try_from(left).ok()).filter(|left| *left > 0)?;
	let mut index = Uniform::new(0, left).sample(rng);
	// Count up past the excluded ones, which are sorted.
	for excluded in excluded.iter() {
		if index >= u32::from(excluded.get()) {
			index += 1;
		}
	}
	u16::try_from(index).ok().and_then(MixnodeIndex::new)
}

/// Draws one of `choices`, uniformly.
pub(super) fn draw_from<R: RngCore + ?Sized>(rng: &mut R, choices: &[MixnodeIndex]) -> Option<MixnodeIndex> {
	let num = u32::try_from(choices.len()).ok().filter(|num| *num > 0)?;
	choices.get(Uniform::new(0, num).sample(rng) as usize).copied()
}
