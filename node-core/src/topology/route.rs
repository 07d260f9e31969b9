//! Random routes.
//!
//! A route leads to a mixnode, from a mixnode, or from ourselves to ourselves. The hops between its ends are drawn
//! uniformly among the mixnodes: none twice, and not ourselves, as long as there are others. In a session with few
//! mixnodes some come twice, but never twice in a row. A user can reach, and be reached by, its gateways alone, so those
//! come first and last.

use super::mixnodes::{draw, draw_from, Topology};
use crate::{
	sphinx::{Hop, MixnodeIndex, Target},
	PeerId,
};
use alloc::vec::Vec;
use rand_core::RngCore;

/// Where a route begins and where it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RouteKind {
	/// From us to a mixnode: requests and drop cover.
	To(MixnodeIndex),
	/// From a mixnode to us: SURBs.
	From(MixnodeIndex),
	/// From us to us: loop cover.
	Loop,
}

/// Why there is no route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RouteError {
	/// We are not a mixnode, and no gateway is connected.
	NoConnectedGateways,
	/// The session has too few mixnodes for this.
	TooFewMixnodes,
}

/// A route, ready for building a packet.
#[derive(Debug)]
pub(crate) struct Route {
	/// The mixnode that the packet is sent to first.
	pub first: MixnodeIndex,
	/// Its peer ID.
	pub first_peer_id: PeerId,
	/// The hops, the first and the delivering one included.
	pub hops: Vec<Hop>,
}

impl Topology {
	/// Draws a destination for a request or for drop cover: any mixnode but ourselves. If only one gateway is connected, it is
	/// excluded too, since it must be the first hop.
	pub fn draw_destination<R: RngCore + ?Sized>(
		&self,
		rng: &mut R,
		connected_gateways: &[MixnodeIndex],
	) -> Result<MixnodeIndex, RouteError> {
		let mut excluded = self.unusable.clone();
		match connected_gateways {
			[] if !self.is_mixnode() => return Err(RouteError::NoConnectedGateways),
			[only] => excluded.push(*only),
			_ => (),
		}
		draw(rng, self.mixnodes.len(), &mut excluded).ok_or(RouteError::TooFewMixnodes)
	}

	/// Draws a route of `hops` hops, the delivering one included. There are more if gateways demand it, and fewer if otherwise
	/// a mixnode would come twice in a row. `connected_gateways` are those of
	/// [`connected_gateways`](Self::connected_gateways).
	pub fn draw_route<R: RngCore + ?Sized>(
		&self,
		rng: &mut R,
		connected_gateways: &[MixnodeIndex],
		kind: RouteKind,
		hops: usize,
	) -> Result<Route, RouteError> {
		let path = self.draw_path(rng, connected_gateways, kind, hops)?;
		let mut route: Vec<Hop> = path
			.iter()
			.filter_map(|index| {
				let kx_public = self.mixnode(*index)?.kx_public;
				Some(Hop { target: Target::Mixnode(*index), kx_public })
			})
			.collect();
		// Without an index, packets reach us by peer ID. (If we have an index, it is the last of `path`.)
		if self.local_index().is_none() && !matches!(kind, RouteKind::To(_)) {
			route.push(Hop { target: Target::Peer(self.local_peer_id), kx_public: self.local_kx_public });
		}

		let first = *path.first().ok_or(RouteError::TooFewMixnodes)?;
		let first_peer_id = self.mixnode_peer_id(first).ok_or(RouteError::TooFewMixnodes)?;
		if first_peer_id == self.local_peer_id && !matches!(kind, RouteKind::From(_)) {
			// We are the only mixnode.
			return Err(RouteError::TooFewMixnodes);
		}
		Ok(Route { first, first_peer_id, hops: route })
	}

	/// Draws the mixnodes of such a route, in order. We are among them if the route leads to us and we are a mixnode.
	pub fn draw_path<R: RngCore + ?Sized>(
		&self,
		rng: &mut R,
		connected_gateways: &[MixnodeIndex],
		kind: RouteKind,
		hops: usize,
	) -> Result<Vec<MixnodeIndex>, RouteError> {
		let local = self.local_index();
		let (source, destination) = match kind {
			RouteKind::To(destination) => (local, Some(destination)),
			RouteKind::From(source) => (Some(source), local),
			RouteKind::Loop => (local, local),
		};
		let needs_first_gateway = local.is_none() && !matches!(kind, RouteKind::From(_));
		let needs_last_gateway = local.is_none() && !matches!(kind, RouteKind::To(_));

		let other_end = if needs_first_gateway { destination } else { source };
		let first_gateway =
			needs_first_gateway.then(|| draw_gateway(rng, connected_gateways, other_end)).transpose()?;
		let last_gateway = needs_last_gateway
			.then(|| draw_gateway(rng, connected_gateways, first_gateway.or(other_end)))
			.transpose()?;

		// The gap to be filled with freely drawn hops lies between these two. `left` is the source, which is no hop, or a
		// gateway. `right` is the destination or a gateway.
		let left = first_gateway.or(source);
		let right = last_gateway.or(destination);
		let fixed = usize::from(needs_first_gateway) + usize::from(needs_last_gateway) + 1;
		// If both ends of the gap are the same mixnode, something must part them.
		let gap = hops.saturating_sub(fixed).max(usize::from(left == right));

		let mut used = self.unusable.clone();
		used.extend([source, destination, first_gateway, last_gateway].into_iter().flatten());
		let mut indices: Vec<MixnodeIndex> = first_gateway.into_iter().collect();
		for i in 0..gap {
			let before = indices.last().copied().or(left);
			let after = if i + 1 == gap { right } else { None };
			if let Some(index) = self.draw_hop(rng, &mut used, before, after) {
				used.push(index);
				indices.push(index);
			}
		}
		// If there was no mixnode to part two hops, the route is one hop shorter.
		for index in [last_gateway, destination].into_iter().flatten() {
			if indices.last().copied().or(source) != Some(index) {
				indices.push(index);
			}
		}
		Ok(indices)
	}

	/// Draws a hop to come after `before` and, if known, before `after`: an unused mixnode if there is one, otherwise any but
	/// those two, otherwise ourselves. `None` if there is no mixnode to put here.
	fn draw_hop<R: RngCore + ?Sized>(
		&self,
		rng: &mut R,
		used: &mut Vec<MixnodeIndex>,
		before: Option<MixnodeIndex>,
		after: Option<MixnodeIndex>,
	) -> Option<MixnodeIndex> {
		if let Some(index) = draw(rng, self.mixnodes.len(), used) {
			return Some(index);
		}
		let mut excluded = self.unusable.clone();
		excluded.extend([before, after].into_iter().flatten());
		draw(rng, self.mixnodes.len(), &mut excluded)
			.or_else(|| self.local_index().filter(|local| before != Some(*local) && after != Some(*local)))
	}
}

/// Draws a connected gateway, another than `avoid` if there is one.
fn draw_gateway<R: RngCore + ?Sized>(
	rng: &mut R,
	connected_gateways: &[MixnodeIndex],
	avoid: Option<MixnodeIndex>,
) -> Result<MixnodeIndex, RouteError> {
	let others: Vec<_> = connected_gateways.iter().copied().filter(|index| Some(*index) != avoid).collect();
	draw_from(rng, &others).or_else(|| draw_from(rng, connected_gateways)).ok_or(RouteError::NoConnectedGateways)
}
