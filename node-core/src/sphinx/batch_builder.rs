//! Many packets built at once: requests, cover and SURBs, their key exchanges hop by hop in the same batches.

use super::{
	header::{seal_all, BuildError, Delivery, Draft, SealedHeader},
	kx::SharedSecret,
	lioness::{encrypt_each, fill_lane, Lane, LANES},
	packet::{CoverId, Hop, MixnodeIndex, Packet, PayloadData, SurbId, Target, MAX_HOPS},
	surb::{Surb, SurbKeys},
};
use crate::bytes::{list, sum};
use alloc::vec::Vec;
use rand_core::{CryptoRng, RngCore};
use x25519_batch::Backend;
use zeroize::Zeroizing;

/// Packets and SURBs to be built together.
///
/// All that is random is drawn when they are added, in the order in which packets built one by one draw it. So the same seed
/// gives the same packets.
///
/// ```
/// # #[cfg(feature = "unstable")]
/// # fn main() -> Result<(), mixnet_node_core::sphinx::BuildError> {
/// use mixnet_node_core::sphinx::*;
/// # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
/// # let mut rng = ChaChaRng::from_seed([7; 32]);
/// # let key = KxSecret::from_bytes([1; 32]);
/// # let route = [Hop { target: Target::Mixnode(MixnodeIndex::MAX), kx_public: key.public() }];
/// let mut batch = BatchBuilder::default();
/// for _ in 0..3 {
///     batch.add_request(&mut rng, &route)?;
///     batch.add_cover(&mut rng, &route, None)?;
/// }
/// let Built { requests, covers, .. } = batch.build(Backend::best());
/// let payload = [42; PAYLOAD_DATA_SIZE];
/// let packets = complete_requests(requests.into_iter().zip([&payload; 3]));
/// assert_eq!(packets.len() + covers.len(), 6);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "unstable"))]
/// # fn main() {}
/// ```
#[derive(Default)]
pub struct BatchBuilder {
	requests: Vec<Draft>,
	covers: Vec<(Draft, Packet)>,
	surbs: Vec<SurbDraft>,
}

struct SurbDraft {
	draft: Draft,
	first_mixnode: MixnodeIndex,
	first_secret: SharedSecret,
}

/// What was built, in the order in which it was added.
pub struct Built {
	/// To be [completed](complete_requests).
	pub requests: Vec<IncompleteRequest>,
	/// Cover packets.
	pub covers: Vec<BuiltPacket>,
	/// SURBs.
	pub surbs: Vec<BuiltSurb>,
}

/// A request packet whose payload is still to be given: it may hold SURBs that are built in the same batch.
pub struct IncompleteRequest(SealedHeader);

/// A packet, and its total delay, which only its source knows.
#[derive(Clone, PartialEq, Debug)]
pub struct BuiltPacket {
	/// The packet, for the route's first hop.
	pub packet: Packet,
	/// Sum of the delays at the hops that forward it, in multiples of the mean forwarding delay.
	pub delay: f64,
}

/// A SURB, with what its maker keeps.
pub struct BuiltSurb {
	/// To be given away.
	pub surb: Surb,
	/// The keys for the reply.
	pub keys: SurbKeys,
	/// Sum of the reply's forwarding delays, in multiples of the mean.
	pub delay: f64,
}

impl BatchBuilder {
	/// The most bytes of heap that one takes which this many requests and SURBs were added to.
	pub(crate) fn max_bytes(requests: usize, surbs: usize) -> usize {
		let routes = requests.saturating_add(surbs).saturating_mul(list(MAX_HOPS, size_of::<Hop>()));
		sum([routes, list(requests, size_of::<Draft>()), list(surbs, size_of::<SurbDraft>())])
	}

	/// Adds a request to the last hop of `route`, a mixnode.
	///
	/// # Errors
	///
	/// [`BuildError::HopCount`], [`BuildError::ActionsTooLong`] or [`BuildError::LowOrder`]: take another route. Nothing is added
	/// then, and nothing is drawn.
	pub fn add_request<R: RngCore + CryptoRng + ?Sized>(
		&mut self,
		rng: &mut R,
		route: &[Hop],
	) -> Result<(), BuildError> {
		self.requests.push(Draft::new(rng, route, Delivery::Request)?);
		Ok(())
	}

	/// Adds a packet that carries nothing to the last hop of `route`. Nobody before that hop can tell it from a request.
	///
	/// # Errors
	///
	/// As [`add_request`](Self::add_request).
	pub fn add_cover<R: RngCore + CryptoRng + ?Sized>(
		&mut self,
		rng: &mut R,
		route: &[Hop],
		cover_id: Option<CoverId>,
	) -> Result<(), BuildError> {
		let draft = Draft::new(rng, route, Delivery::Cover(cover_id))?;
		let mut packet = Packet::zeroed();
		rng.fill_bytes(packet.payload_mut());
		self.covers.push((draft, packet));
		Ok(())
	}

	/// Adds a SURB for one reply over `route`, whose last hop is ourselves and whose first one is `first_mixnode`. Its keys are
	/// to be kept under `surb_id`.
	///
	/// # Errors
	///
	/// As [`add_request`](Self::add_request); and [`BuildError::FirstHopDiffers`].
	pub fn add_surb<R: RngCore + CryptoRng + ?Sized>(
		&mut self,
		rng: &mut R,
		first_mixnode: MixnodeIndex,
		route: &[Hop],
		surb_id: SurbId,
	) -> Result<(), BuildError> {
		if route.first().is_some_and(|hop| hop.target != Target::Mixnode(first_mixnode)) {
			return Err(BuildError::FirstHopDiffers(first_mixnode));
		}
		let draft = Draft::new(rng, route, Delivery::Reply(surb_id))?;
		let mut first_secret = Zeroizing::new([0; 32]);
		rng.fill_bytes(&mut *first_secret);
		let first_secret = SharedSecret::from_bytes(*first_secret);
		self.surbs.push(SurbDraft { draft, first_mixnode, first_secret });
		Ok(())
	}

	/// Builds everything that was added. The results are the same with every backend.
	///
	/// # Panics
	///
	/// Unless `backend` [is available](Backend::is_available).
	pub fn build(self, backend: Backend) -> Built {
		let covers = self.covers.iter().map(|(draft, _)| draft);
		let surbs = self.surbs.iter().map(|surb| &surb.draft);
		let mut sealed = seal_all(backend, self.requests.iter().chain(covers).chain(surbs)).into_iter();
		let requests = sealed.by_ref().take(self.requests.len()).map(IncompleteRequest).collect();
		let mut packets = Vec::with_capacity(self.covers.len());
		let mut built_surbs = Vec::with_capacity(self.surbs.len());
		for ((_, mut packet), SealedHeader { header, delay, .. }) in self.covers.into_iter().zip(sealed.by_ref()) {
			*packet.header_mut() = *header;
			packets.push(BuiltPacket { packet, delay });
		}
		for (SurbDraft { first_mixnode, first_secret, .. }, sealed) in self.surbs.iter().zip(sealed) {
			let SealedHeader { header, secrets, delay } = sealed;
			// The last hop is us, and adds no layer.
			let layers = secrets.split_last().map_or(&[][..], |(_, layers)| layers);
			let keys = SurbKeys::from_secrets(first_secret.as_bytes(), layers.iter().map(SharedSecret::as_bytes));
			built_surbs.push(BuiltSurb { surb: Surb::new(*first_mixnode, &header, first_secret), keys, delay });
		}
		Built { requests, covers: packets, surbs: built_surbs }
	}
}

/// Completes requests, each with its payload.
pub fn complete_requests<'a>(requests: impl Iterator<Item = (IncompleteRequest, &'a PayloadData)>) -> Vec<BuiltPacket> {
	let mut packets = Vec::with_capacity(requests.size_hint().0);
	let mut secrets = Vec::with_capacity(requests.size_hint().0);
	for (IncompleteRequest(sealed), payload_data) in requests {
		let mut packet = Packet::zeroed();
		*packet.header_mut() = *sealed.header;
		packet.set_payload(payload_data);
		packets.push(BuiltPacket { packet, delay: sealed.delay });
		secrets.push(sealed.secrets);
	}
	for (packets, secrets) in packets.chunks_mut(LANES).zip(secrets.chunks(LANES)) {
		// The last hop's layer first.
		let layers = secrets.iter().map(Vec::len).max().unwrap_or(0);
		for layer in 0..layers {
			let mut lanes: [Option<Lane>; LANES] = [const { None }; LANES];
			for (lane, (built, secrets)) in lanes.iter_mut().zip(packets.iter_mut().zip(secrets)) {
				if let Some(secret) = secrets.iter().nth_back(layer) {
					fill_lane(lane, secret, built.packet.payload_mut());
				}
			}
			encrypt_each(&mut lanes);
		}
	}
	packets
}
