//! SURBs, single-use reply blocks: packet headers that their maker hands out, for replies to come back.

use super::{
	kx::SharedSecret,
	lioness::{decrypt_layer, PayloadKey},
	packet::{field, field_mut, Header, MixnodeIndex, Packet, PayloadData, HEADER_SIZE, MAX_HOPS},
};
use alloc::{boxed::Box, vec::Vec};
use zeroize::{Zeroize, ZeroizeOnDrop};

const INDEX_SIZE: usize = 2;
const SECRET_SIZE: usize = 32;

/// Size in bytes of a [`Surb`].
pub const SURB_SIZE: usize = INDEX_SIZE + HEADER_SIZE + SECRET_SIZE;
const _: () = assert!(SURB_SIZE == 222);

/// A single-use reply block, as it travels in a fragment. It is for use once, so it is neither `Clone` nor `Debug`.
///
/// | bytes    | field           |                                                            |
/// |----------|-----------------|------------------------------------------------------------|
/// | 0..2     | `first_mixnode` | index of the mixnode that the reply is sent to             |
/// | 2..190   | `header`        | the reply's header                                         |
/// | 190..222 | `first_secret`  | of the reply's innermost encryption                        |
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Surb(Box<[u8; SURB_SIZE]>);

impl Surb {
	pub(super) fn new(first_mixnode: MixnodeIndex, header: &Header, first_secret: &SharedSecret) -> Self {
		let mut surb = Box::new([0; SURB_SIZE]);
		*field_mut::<0, INDEX_SIZE, SURB_SIZE>(&mut surb) = first_mixnode.get().to_le_bytes();
		*field_mut::<INDEX_SIZE, HEADER_SIZE, SURB_SIZE>(&mut surb) = *header;
		*field_mut::<{ INDEX_SIZE + HEADER_SIZE }, SECRET_SIZE, SURB_SIZE>(&mut surb) = *first_secret.as_bytes();
		Self(surb)
	}

	/// The SURB's bytes.
	pub fn as_bytes(&self) -> &[u8; SURB_SIZE] {
		&self.0
	}

	/// The mixnode that the reply is sent to; `None` if the SURB names none.
	pub fn first_mixnode(&self) -> Option<MixnodeIndex> {
		MixnodeIndex::new(u16::from_le_bytes(*field::<0, INDEX_SIZE, SURB_SIZE>(&self.0)))
	}

	fn header(&self) -> &Header {
		field::<INDEX_SIZE, HEADER_SIZE, SURB_SIZE>(&self.0)
	}

	fn first_secret(&self) -> SharedSecret {
		SharedSecret::from_bytes(*field::<{ INDEX_SIZE + HEADER_SIZE }, SECRET_SIZE, SURB_SIZE>(&self.0))
	}
}

/// Any 222 bytes are a SURB. Whether they make sense shows when the reply travels.
impl From<[u8; SURB_SIZE]> for Surb {
	fn from(bytes: [u8; SURB_SIZE]) -> Self {
		Self(Box::new(bytes))
	}
}

/// This SURB leads nowhere: its maker gave no index of a mixnode to send it to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the SURB names no mixnode")]
pub struct BadSurb;

/// A reply that carries `payload_data` over `surb`, and the mixnode to send it to.
///
/// The header is taken as it is, since only the maker of the SURB can read it.
///
/// # Errors
///
/// [`BadSurb`] if there is no mixnode to send it to.
pub fn use_surb(surb: Surb, payload_data: &PayloadData) -> Result<(MixnodeIndex, Packet), BadSurb> {
	let first_mixnode = surb.first_mixnode().ok_or(BadSurb)?;
	let mut packet = Packet::zeroed();
	*packet.header_mut() = *surb.header();
	packet.set_payload(payload_data);
	// Decrypt, as every hop will, so that the SURB's maker only has to encrypt.
	decrypt_layer(&surb.first_secret(), packet.payload_mut());
	Ok((first_mixnode, packet))
}

/// The keys that the maker of a SURB keeps, to decrypt the reply with.
pub struct SurbKeys(Vec<PayloadKey>);

impl SurbKeys {
	/// The most bytes of heap that the keys of one SURB take: one for each layer, and the pointer to it.
	pub(crate) const fn max_bytes() -> usize {
		MAX_HOPS * (PayloadKey::SIZE + size_of::<usize>())
	}

	/// The keys of a SURB with the given first secret, whose reply is forwarded by hops that share `hop_secrets` with
	/// the SURB's maker, in order; the last hop, the maker itself, is not one of them.
	///
	/// [`BatchBuilder`](super::BatchBuilder) makes them for its SURBs. This is for callers with secrets from elsewhere.
	pub fn from_secrets<'a>(first_secret: &'a [u8; 32], hop_secrets: impl IntoIterator<Item = &'a [u8; 32]>) -> Self {
		let secrets: Vec<_> = core::iter::once(first_secret).chain(hop_secrets).collect();
		// Allocate room for all, and set each in place: so no copy of a key is left in memory.
		let mut keys = Vec::with_capacity(secrets.len());
		keys.resize_with(secrets.len(), PayloadKey::unset);
		for (key, secret) in keys.iter_mut().zip(secrets) {
			key.set(&SharedSecret::from_bytes(*secret));
		}
		Self(keys)
	}

	/// The keys in the order in which the payload is decrypted with them on its way.
	pub(super) fn layers(&self) -> impl DoubleEndedIterator<Item = &PayloadKey> {
		self.0.iter()
	}
}
