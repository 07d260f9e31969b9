//! One packet at a time, by the [best](Backend::best) backend: for tests, fuzzers and measurements.
//!
//! The state machine has a backend of its own choice and works in batches, even if a batch has one packet only. So it uses
//! nothing of this file, which is compiled for tests and with the feature `unstable`.

use super::{
	batch_builder::{complete_requests, BatchBuilder, BuiltPacket, BuiltSurb},
	header::BuildError,
	hop_secrets::HopSecrets,
	kx::KxSecret,
	lioness::decrypt_layer,
	packet::{CoverId, Hop, MixnodeIndex, Packet, PayloadData, SurbId},
	surb::{Surb, SurbKeys},
	unwrap::{checked_payload, Action, Opened, UnwrapError},
};
use alloc::vec::Vec;
use rand_core::{CryptoRng, RngCore};
use x25519_batch::Backend;

/// A packet that delivers `payload_data` to the last hop of `route`, a mixnode.
///
/// # Errors
///
/// [`BuildError::HopCount`], [`BuildError::ActionsTooLong`] or [`BuildError::LowOrder`]: take another route.
pub fn build_request<R: RngCore + CryptoRng + ?Sized>(
	rng: &mut R,
	route: &[Hop],
	payload_data: &PayloadData,
) -> Result<BuiltPacket, BuildError> {
	let mut batch = BatchBuilder::default();
	batch.add_request(rng, route)?;
	let requests = batch.build(Backend::best()).requests;
	Ok(one(complete_requests(requests.into_iter().zip([payload_data]))))
}

/// A cover packet for the last hop of `route`. Nobody before that hop can tell it from a request.
///
/// # Errors
///
/// As [`build_request`].
pub fn build_cover<R: RngCore + CryptoRng + ?Sized>(
	rng: &mut R,
	route: &[Hop],
	cover_id: Option<CoverId>,
) -> Result<BuiltPacket, BuildError> {
	let mut batch = BatchBuilder::default();
	batch.add_cover(rng, route, cover_id)?;
	Ok(one(batch.build(Backend::best()).covers))
}

/// A SURB for one reply over `route`, whose last hop is ourselves and whose first one is `first_mixnode`; the keys to
/// keep, under `surb_id`, for the reply; and the sum of the forwarding delays, in multiples of the mean.
///
/// # Errors
///
/// As [`build_request`]; and [`BuildError::FirstHopDiffers`].
pub fn build_surb<R: RngCore + CryptoRng + ?Sized>(
	rng: &mut R,
	first_mixnode: MixnodeIndex,
	route: &[Hop],
	surb_id: SurbId,
) -> Result<(Surb, SurbKeys, f64), BuildError> {
	let mut batch = BatchBuilder::default();
	batch.add_surb(rng, first_mixnode, route, surb_id)?;
	let BuiltSurb { surb, keys, delay } = one(batch.build(Backend::best()).surbs);
	Ok((surb, keys, delay))
}

/// The only element.
fn one<T>(elements: Vec<T>) -> T {
	elements.into_iter().next().expect("as many are built as were added, and one was; qed")
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
	/// [`UnwrapError::LowOrder`] and [`UnwrapError::BadAction`] if it was made by a dishonest source.
	pub fn open(secret: &KxSecret, packet: &Packet) -> Result<Self, UnwrapError> {
		let secret = secret.exchange(Backend::best(), &packet.kx_public());
		let hop = HopSecrets::new(&secret);
		let mac_fits = hop.mac_fits(packet.mac(), packet.actions());
		Self::from_secret(secret, &hop, mac_fits, packet)
	}

	/// Turns `packet`, the same that was opened, into the packet for the next hop.
	///
	/// Only for [`Action::Forward`]; with another action the result is a packet that nobody can open.
	pub fn forward(self, mut packet: Packet) -> Packet {
		debug_assert!(matches!(self.action(), Action::Forward { .. }));
		let kx_public = self.secret().blind(Backend::best(), &packet.kx_public());
		self.write_next_header(&mut packet, &kx_public);
		decrypt_layer(self.secret(), packet.payload_mut());
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
		debug_assert!(matches!(self.action(), Action::DeliverRequest));
		decrypt_layer(self.secret(), packet.payload_mut());
		checked_payload(packet)
	}
}
