//! What a hop derives from the secret that it shares with a packet's source (PROTOCOL.md, section 3).

use super::{
	kx::SharedSecret,
	packet::{field, Actions, Mac, ACTIONS_SIZE, ACTION_SIZE, MAC_SIZE},
	primitives::{apply_stream, derive, exponential, mac},
};
use mixnet_primitives::PeerId;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The small secrets of a hop.
///
/// | bytes  | field         |                                               |
/// |--------|---------------|-----------------------------------------------|
/// | 0..16  | `mac_key`     | for the MAC of the routing actions            |
/// | 16..48 | `actions_key` | of the keystream that the actions are under   |
/// | 48..64 | `delay_seed`  | of the forwarding delay                       |
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct HopSecrets([u8; 64]);

/// The most bytes that an action takes from a packet's actions, with the IDs and the MAC that follow: forward to a peer.
pub(super) const MAX_ACTION_SIZE: usize = ACTION_SIZE + PeerId::SIZE + MAC_SIZE;

/// The keystream of a hop: for the actions that it gets, and for the zeroes by which it extends them.
pub(super) type ActionsStream = [u8; ACTIONS_SIZE + MAX_ACTION_SIZE];

impl HopSecrets {
	pub(super) fn new(secret: &SharedSecret) -> Self {
		Self(derive(b"sphinx-small-d-s", 0, secret.as_bytes()))
	}

	/// The key of the MAC of routing actions.
	pub(super) fn mac_key(&self) -> &[u8; 16] {
		field::<0, 16, 64>(&self.0)
	}

	/// The MAC of routing actions, which are the concatenation of `parts`.
	pub(super) fn mac(&self, parts: &[&[u8]]) -> Mac {
		mac(self.mac_key(), parts)
	}

	/// Does `mac` fit `actions`? The time does not depend on where it differs.
	pub(super) fn mac_fits(&self, mac: &Mac, actions: &Actions) -> bool {
		self.mac(&[actions]).ct_eq(mac).into()
	}

	/// Encrypts, or decrypts, routing actions.
	pub(super) fn apply_actions_stream(&self, actions: &mut ActionsStream) {
		apply_stream(field::<16, 32, 64>(&self.0), actions);
	}

	/// The time that the hop delays the packet if it forwards it, in multiples of the mean delay.
	pub(super) fn delay(&self) -> f64 {
		exponential(field::<48, 16, 64>(&self.0))
	}
}
