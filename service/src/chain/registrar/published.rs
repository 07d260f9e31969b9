//! Which addresses were registered, and whether they are still right.
//!
//! What a node knows of its addresses changes: it learns them from other nodes, some time after its start, and a provider
//! may give it others. Others cannot be kept from telling it wrong ones, so a registration is replaced a few times only.

use crate::{config::Reach, network::addresses::published};
use mixnet_primitives::{PeerId, Registrant, SessionIndex};
use sc_network_types::multiaddr::Multiaddr;

/// How often a registration is replaced in one session because addresses have changed.
const MAX_REPLACEMENTS: u8 = 2;

/// The last registration that was sent.
#[derive(Debug)]
struct Last {
	session: SessionIndex,
	registrant: Registrant,
	addresses: Vec<Vec<u8>>,
	/// The hosts that the chain takes, as far as we know.
	reach: Reach,
	replaced: u8,
}

/// Remembers what was registered.
#[derive(Default, Debug)]
pub struct Published {
	last: Option<Last>,
	/// This node's addresses at the last look.
	seen: Vec<Multiaddr>,
}

impl Published {
	/// A registration with these addresses was sent.
	pub fn note(&mut self, session: SessionIndex, registrant: Registrant, addresses: Vec<Vec<u8>>, reach: Reach) {
		let before = self.last.take().filter(|last| (last.session, last.registrant) == (session, registrant));
		let replaced = match before {
			Some(before) => before.replaced.saturating_add(u8::from(before.addresses != addresses)),
			None => 0,
		};
		self.last = Some(Last { session, registrant, addresses, reach, replaced });
	}

	/// Are the registered addresses wrong, or are they fewer than they could be? `external` is what this node knows of its
	/// addresses now. Told once for each change.
	pub fn has_moved(
		&mut self,
		session: SessionIndex,
		registrant: Registrant,
		external: &[Multiaddr],
		own: &PeerId,
	) -> bool {
		if self.seen == external {
			return false;
		}
		self.seen = external.to_vec();
		let Some(last) = &self.last else { return false };
		if (last.session, last.registrant) != (session, registrant) || last.replaced >= MAX_REPLACEMENTS {
			return false;
		}
		// They may come in any order, and we may know more than can be registered.
		let is_known = |address: &Vec<u8>| external.iter().any(|known| known.to_string().as_bytes() == address);
		let now = published(external, own, last.reach);
		!now.is_empty() && (now.len() > last.addresses.len() || !last.addresses.iter().all(is_known))
	}
}
