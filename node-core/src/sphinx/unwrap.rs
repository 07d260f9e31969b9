//! Unwrapping: what a node does with a packet it receives (PROTOCOL.md, sections 3 and 4).

use super::{
	hop_secrets::{ActionsStream, HopSecrets, MAX_ACTION_SIZE},
	kx::SharedSecret,
	packet::{
		field, field_mut, CoverId, MixnodeIndex, Packet, PayloadData, SurbId, Target, ACTIONS_SIZE, ACTION_SIZE,
		DELIVER_COVER, DELIVER_COVER_WITH_ID, DELIVER_REPLY, DELIVER_REQUEST, FORWARD_TO_PEER, HEADER_SIZE,
		KX_PUBLIC_SIZE, MAC_SIZE, PAYLOAD_TAG_SIZE,
	},
	surb::SurbKeys,
};
use mixnet_primitives::{KxPublic, PeerId};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The action that the source wants done with a packet.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Action {
	/// Send it on after a delay.
	Forward {
		/// The next hop.
		target: Target,
		/// The delay in multiples of the mean forwarding delay: 0 to 10, exponentially distributed. The source knows it too.
		delay: f64,
	},
	/// It carries a fragment of a request to this node.
	DeliverRequest,
	/// It carries a fragment of a reply to this node: [`reply_payload`].
	DeliverReply {
		/// The SURB that it came over.
		surb_id: SurbId,
	},
	/// It was cover, and has served its purpose.
	DeliverCover {
		/// Its ID, if it is loop cover: this node is its source.
		cover_id: Option<CoverId>,
	},
}

/// Why a packet was not unwrapped. There is nothing to do but to drop it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnwrapError {
	/// Its public key is a point of low order, so everybody knows the shared secret. No honest source makes such a packet.
	#[error("the packet's public key is of low order")]
	LowOrder,
	/// Its MAC does not fit under this key: the packet was made for another node or session, or changed on the way.
	#[error("the packet's MAC does not fit")]
	BadMac,
	/// The protocol has no such action.
	#[error("the packet's action is unknown")]
	BadAction,
	/// Its payload was changed on the way, or encrypted for somebody else.
	#[error("the payload's tag is not zero")]
	BadPayloadTag,
}

/// The next hop's MAC and actions.
const NEXT_SIZE: usize = MAC_SIZE + ACTIONS_SIZE;

/// A packet's header, opened: the packet was made for the holder of the secret key, and nobody has changed its header.
///
/// Opening is the cheaper half of unwrapping. A packet that was seen before can be dropped (see [`crate::replay`]) before
/// the dearer half is paid: decrypting the payload, blinding the key for the next hop, or both, as the
/// [`action`](Self::action) asks for.
pub struct Opened {
	secret: SharedSecret,
	action: Action,
	next: [u8; NEXT_SIZE],
}

impl Opened {
	/// Opens `packet`'s header with the `secret` that the exchange gave. `hop` is derived from it, and `mac_fits` says
	/// whether the packet's MAC is right under it.
	///
	/// The top bit of the packet's public key plays no part (RFC 7748), so a copy may differ in it and still open. That is
	/// why a packet is recognised by its shared secret.
	///
	/// # Errors
	///
	/// [`UnwrapError::BadMac`] if the packet is not for this key: try the other live session's.
	/// [`UnwrapError::LowOrder`] and [`UnwrapError::BadAction`] if a dishonest source made it.
	pub(super) fn from_secret(
		secret: SharedSecret,
		hop: &HopSecrets,
		mac_fits: bool,
		packet: &Packet,
	) -> Result<Self, UnwrapError> {
		if secret.is_zero() {
			return Err(UnwrapError::LowOrder);
		}
		if !mac_fits {
			return Err(UnwrapError::BadMac);
		}
		// The actions are extended by zeroes before they are decrypted; the next hop's start where this one's end.
		let mut actions: ActionsStream = [0; ACTIONS_SIZE + MAX_ACTION_SIZE];
		actions[..ACTIONS_SIZE].copy_from_slice(packet.actions());
		hop.apply_actions_stream(&mut actions);
		let forward = |target| Action::Forward { target, delay: hop.delay() };
		let mut next = [0; NEXT_SIZE];
		let action = match u16::from_le_bytes(*field::<0, ACTION_SIZE, { ACTIONS_SIZE + MAX_ACTION_SIZE }>(&actions)) {
			FORWARD_TO_PEER => {
				next = *after::<{ PeerId::SIZE }, NEXT_SIZE>(&actions);
				forward(Target::Peer(PeerId(*after::<0, { PeerId::SIZE }>(&actions))))
			},
			DELIVER_REQUEST => Action::DeliverRequest,
			DELIVER_REPLY => Action::DeliverReply { surb_id: SurbId(*after::<0, { SurbId::SIZE }>(&actions)) },
			DELIVER_COVER => Action::DeliverCover { cover_id: None },
			DELIVER_COVER_WITH_ID => {
				Action::DeliverCover { cover_id: Some(CoverId(*after::<0, { CoverId::SIZE }>(&actions))) }
			},
			index => {
				next = *after::<0, NEXT_SIZE>(&actions);
				forward(Target::Mixnode(MixnodeIndex::new(index).ok_or(UnwrapError::BadAction)?))
			},
		};
		Ok(Self { secret, action, next })
	}

	/// What to do with the packet.
	pub fn action(&self) -> &Action {
		&self.action
	}

	/// The secret by which the packet is recognised, whatever was changed in a copy.
	pub(crate) fn secret(&self) -> &SharedSecret {
		&self.secret
	}

	/// The factor, not yet clamped, by which the public key of `packet` is multiplied for the next hop.
	pub(super) fn blinding(&self, packet: &Packet) -> Zeroizing<[u8; 32]> {
		self.secret.blinding(&packet.kx_public())
	}

	/// Gives `packet` the header that the next hop sees, with `kx_public` as the blinded key.
	pub(super) fn write_next_header(&self, packet: &mut Packet, kx_public: &KxPublic) {
		let header = packet.header_mut();
		*field_mut::<0, KX_PUBLIC_SIZE, HEADER_SIZE>(header) = kx_public.0;
		*field_mut::<KX_PUBLIC_SIZE, NEXT_SIZE, HEADER_SIZE>(header) = self.next;
	}
}

/// `N` bytes of decrypted actions, starting `SKIPPED` bytes after the action.
fn after<const SKIPPED: usize, const N: usize>(actions: &ActionsStream) -> &[u8; N] {
	const { assert!(ACTION_SIZE + SKIPPED + N <= ACTIONS_SIZE + MAX_ACTION_SIZE) };
	actions[ACTION_SIZE + SKIPPED..][..N].try_into().expect("a slice of N bytes; qed")
}

/// Decrypts, in place, the payload of a reply that came over the SURB of `keys`. Returns its data.
///
/// # Errors
///
/// [`UnwrapError::BadPayloadTag`] if somebody changed it. The payload is noise then, and the SURB is spent all the same.
pub fn reply_payload<'packet>(
	keys: &SurbKeys,
	packet: &'packet mut Packet,
) -> Result<&'packet PayloadData, UnwrapError> {
	// Every hop decrypted, and before them the SURB's user. So encrypt, the last layer first.
	for key in keys.layers().rev() {
		key.encrypt(packet.payload_mut());
	}
	checked_payload(packet)
}

/// The data of a decrypted payload, if nobody changed it.
pub(super) fn checked_payload(packet: &Packet) -> Result<&PayloadData, UnwrapError> {
	if packet.payload_tag().ct_eq(&[0; PAYLOAD_TAG_SIZE]).into() {
		Ok(packet.payload_data())
	} else {
		Err(UnwrapError::BadPayloadTag)
	}
}
