//! Unwrapping: what a node does with a packet it receives (PROTOCOL.md, sections 3 and 4).

use super::{
	lioness::decrypt_layer,
	packet::{
		field, field_mut, CoverId, MixnodeIndex, Packet, PayloadData, SurbId, Target, ACTIONS_SIZE, ACTION_SIZE,
		DELIVER_COVER, DELIVER_COVER_WITH_ID, DELIVER_REPLY, DELIVER_REQUEST, FORWARD_TO_PEER, HEADER_SIZE,
		KX_PUBLIC_SIZE, MAC_SIZE, PAYLOAD_TAG_SIZE,
	},
	shared_secret::{ActionsStream, HopSecrets, KxSecret, SharedSecret, MAX_ACTION_SIZE},
	surb::SurbKeys,
};
use mixnet_primitives::{KxPublic, PeerId};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What the sender wants done with a packet.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Action {
	/// Send it on, later: [`Opened::forward`].
	Forward {
		/// Where to.
		target: Target,
		/// How much later, in multiples of the mean forwarding delay: 0 to 10, exponentially distributed. The sender
		/// knows it too.
		delay: f64,
	},
	/// It carries a fragment of a request to this node: [`Opened::request_payload`].
	DeliverRequest,
	/// It carries a fragment of a reply to this node: [`reply_payload`].
	DeliverReply {
		/// The SURB that it came over.
		surb_id: SurbId,
	},
	/// It was cover, and has served.
	DeliverCover {
		/// What its sender called it, if this node is its sender.
		cover_id: Option<CoverId>,
	},
}

/// Why a packet was not unwrapped. There is nothing to do but to drop it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnwrapError {
	/// Its public key is a point of low order, so the shared secret is no secret. No honest sender makes such a packet.
	#[error("the packet's public key is of low order")]
	LowOrder,
	/// Its MAC does not fit under this key: made for another node or session, or changed on the way.
	#[error("the packet's MAC does not fit")]
	BadMac,
	/// Its action is none that the protocol has.
	#[error("the packet's action is unknown")]
	BadAction,
	/// Its payload was changed on the way, or encrypted for somebody else.
	#[error("the payload's tag is not zero")]
	BadPayloadTag,
}

/// The next hop's MAC and actions.
const NEXT_SIZE: usize = MAC_SIZE + ACTIONS_SIZE;

/// A packet's header, opened: the packet was made for the holder of the secret key, and its header is as it was made.
///
/// This is the cheaper half of unwrapping. A packet seen before can be dropped (see [`crate::replay`]) before the dearer
/// half is paid: one of [`forward`](Self::forward), [`request_payload`](Self::request_payload) and [`reply_payload`], as
/// [`action`](Self::action) says.
pub struct Opened {
	secret: SharedSecret,
	action: Action,
	next: [u8; NEXT_SIZE],
}

impl Opened {
	/// Opens `packet`'s header with `secret`, the secret key of one session.
	///
	/// The top bit of the packet's public key plays no part (RFC 7748), so a copy may differ in it and still open: it is
	/// the shared secret by which a packet is known again.
	///
	/// # Errors
	///
	/// [`UnwrapError::BadMac`] if the packet is not for this key: try the other live session's.
	/// [`UnwrapError::LowOrder`] and [`UnwrapError::BadAction`] if it was made by a dishonest sender.
	pub fn open(secret: &KxSecret, packet: &Packet) -> Result<Self, UnwrapError> {
		let secret = secret.exchange(&packet.kx_public());
		let hop = HopSecrets::new(&secret);
		let mac_fits = hop.mac_fits(packet.mac(), packet.actions());
		Self::from_secret(secret, &hop, mac_fits, packet)
	}

	/// As [`open`](Self::open), with the secret that the exchange gave, what is derived from it, and whether the MAC fits.
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

	/// The secret by which the packet is known again, whatever was changed in a copy.
	pub(crate) fn secret(&self) -> &SharedSecret {
		&self.secret
	}

	/// The factor, not yet clamped, by which the public key of `packet` is multiplied for the next hop.
	pub(super) fn blinding(&self, packet: &Packet) -> Zeroizing<[u8; 32]> {
		self.secret.blinding(&packet.kx_public())
	}

	/// Gives `packet` the header that the next hop sees; `kx_public` is the blinded key in it.
	pub(super) fn write_next_header(&self, packet: &mut Packet, kx_public: &KxPublic) {
		let header = packet.header_mut();
		*field_mut::<0, KX_PUBLIC_SIZE, HEADER_SIZE>(header) = kx_public.0;
		*field_mut::<KX_PUBLIC_SIZE, NEXT_SIZE, HEADER_SIZE>(header) = self.next;
	}

	/// Turns `packet`, the same that was opened, into the packet for the next hop.
	///
	/// Only for [`Action::Forward`]; with another action the result is a packet that nobody can open.
	pub fn forward(self, mut packet: Packet) -> Packet {
		debug_assert!(matches!(self.action, Action::Forward { .. }));
		let kx_public = self.secret.blind(&packet.kx_public());
		self.write_next_header(&mut packet, &kx_public);
		decrypt_layer(&self.secret, packet.payload_mut());
		packet
	}

	/// Decrypts the payload of `packet`, the same that was opened, in place; what it carries, if nobody changed it.
	///
	/// Only for [`Action::DeliverRequest`].
	///
	/// # Errors
	///
	/// [`UnwrapError::BadPayloadTag`]; the payload is noise then.
	pub fn request_payload(self, packet: &mut Packet) -> Result<&PayloadData, UnwrapError> {
		debug_assert!(matches!(self.action, Action::DeliverRequest));
		decrypt_layer(&self.secret, packet.payload_mut());
		checked_payload(packet)
	}
}

/// `N` bytes of decrypted actions, `SKIPPED` bytes behind the action.
fn after<const SKIPPED: usize, const N: usize>(actions: &ActionsStream) -> &[u8; N] {
	const { assert!(ACTION_SIZE + SKIPPED + N <= ACTIONS_SIZE + MAX_ACTION_SIZE) };
	actions[ACTION_SIZE + SKIPPED..][..N].try_into().expect("a slice of N bytes; qed")
}

/// Decrypts, in place, the payload of a reply that came over the SURB of `keys`; what it carries, if nobody changed it.
///
/// # Errors
///
/// [`UnwrapError::BadPayloadTag`]; the payload is noise then, and the SURB is spent all the same.
pub fn reply_payload<'packet>(
	keys: &SurbKeys,
	packet: &'packet mut Packet,
) -> Result<&'packet PayloadData, UnwrapError> {
	// Every hop decrypted, and so did the SURB's user before them: encrypt, the last layer first.
	for key in keys.layers().rev() {
		key.encrypt(packet.payload_mut());
	}
	checked_payload(packet)
}

/// The data of a payload in the clear, if nobody changed it.
pub(super) fn checked_payload(packet: &Packet) -> Result<&PayloadData, UnwrapError> {
	if packet.payload_tag().ct_eq(&[0; PAYLOAD_TAG_SIZE]).into() {
		Ok(packet.payload_data())
	} else {
		Err(UnwrapError::BadPayloadTag)
	}
}
