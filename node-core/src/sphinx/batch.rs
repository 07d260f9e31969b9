//! Many packets unwrapped at once, stage by stage rather than packet by packet.
//!
//! The key exchange dominates, and [`x25519_batch`] does eight in little more than the time of one. Hashes are computed
//! four at a time. The results are those of unwrapping each packet alone:
//!
//! ```
//! # #[cfg(feature = "unstable")]
//! # fn main() {
//! use mixnet_node_core::sphinx::*;
//! # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
//! # let mut rng = ChaChaRng::from_seed([7; 32]);
//! # let [key, next] = [1, 2].map(|seed| KxSecret::from_bytes([seed; 32]));
//! # let hop = |index, key: &KxSecret| Hop {
//! #     target: Target::Mixnode(MixnodeIndex::new(index).unwrap()),
//! #     kx_public: key.public(),
//! # };
//! # let route = [hop(0, &key), hop(1, &next)];
//! # let packets: Vec<_> = (0..20).map(|_| build_cover(&mut rng, &route, None).unwrap().packet).collect();
//! let (backend, mut scratch) = (Backend::best(), Scratch::new());
//! let mut batch: Vec<_> = packets.into_iter().map(Unwrapping::from).collect();
//! open_batch(backend, &mut scratch, &[&key], &mut batch);
//! // Here is the place to refuse packets that were seen before.
//! finish_batch(backend, &mut scratch, &mut batch, |packet| matches!(packet.action(), Ok(Action::Forward { .. })));
//! let forwarded: Vec<_> = batch.into_iter().filter_map(Unwrapping::into_forwarded).collect();
//! assert_eq!(forwarded.len(), 20);
//! # }
//! # #[cfg(not(feature = "unstable"))]
//! # fn main() {}
//! ```

use super::{
	curve::multiply,
	hop_secrets::HopSecrets,
	kx::{KxSecret, SharedSecret},
	lioness::{decrypt_each, fill_lane, Lane, LANES},
	packet::{Packet, PayloadData, MAC_SIZE},
	primitives::{mac_each, HASH_LANES},
	unwrap::{checked_payload, Action, Opened, UnwrapError},
};
use alloc::vec::Vec;
use mixnet_primitives::KxPublic;
use subtle::ConstantTimeEq;
use x25519_batch::Backend;
use zeroize::{Zeroize, Zeroizing};

/// A packet of a batch, on its way through [`open_batch`] and [`finish_batch`].
pub struct Unwrapping {
	packet: Packet,
	/// How many of the keys were tried.
	tried: usize,
	opened: Result<Opened, UnwrapError>,
	progress: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Progress {
	/// The payload is as it came, and so is the header of a packet to be forwarded.
	Opened,
	/// To be finished by the call that goes on.
	Wanted,
	/// The payload is decrypted. If there is a next hop, the header is the one that it will see.
	Finished,
}

/// Not opened yet.
impl From<Packet> for Unwrapping {
	fn from(packet: Packet) -> Self {
		Self { packet, tried: 0, opened: Err(UnwrapError::BadMac), progress: Progress::Opened }
	}
}

impl AsRef<Unwrapping> for Unwrapping {
	fn as_ref(&self) -> &Self {
		self
	}
}

impl AsMut<Unwrapping> for Unwrapping {
	fn as_mut(&mut self) -> &mut Self {
		self
	}
}

/// The element type of a batch: a [packet](Unwrapping), with whatever the caller knows of it besides.
pub trait BatchItem: AsRef<Unwrapping> + AsMut<Unwrapping> {}

impl<T: AsRef<Unwrapping> + AsMut<Unwrapping>> BatchItem for T {}

impl Unwrapping {
	/// What the packet's source wants done with it, or why it was not opened.
	pub fn action(&self) -> Result<&Action, UnwrapError> {
		self.opened.as_ref().map(Opened::action).map_err(|error| *error)
	}

	/// The opened header and the index of the key that opened it, or why it was not opened.
	pub fn opened(&self) -> Result<(usize, &Opened), UnwrapError> {
		self.opened.as_ref().map(|opened| (self.tried - 1, opened)).map_err(|error| *error)
	}

	/// Is it finished? Only packets to be forwarded and packets with a request ever are.
	pub fn is_finished(&self) -> bool {
		self.progress == Progress::Finished
	}

	/// The packet for the next hop. `None` unless the action is [`Action::Forward`] and the packet is finished.
	pub fn into_forwarded(self) -> Option<Packet> {
		let is_forward = matches!(self.action(), Ok(Action::Forward { .. }));
		(is_forward && self.is_finished()).then_some(self.packet)
	}

	/// What the packet carries. `None` unless the action is [`Action::DeliverRequest`] and the packet is finished.
	///
	/// # Errors
	///
	/// [`UnwrapError::BadPayloadTag`].
	pub fn request_payload(&self) -> Option<Result<&PayloadData, UnwrapError>> {
		let is_request = matches!(self.action(), Ok(Action::DeliverRequest));
		(is_request && self.is_finished()).then(|| checked_payload(&self.packet))
	}

	/// The packet, to be decrypted with the keys of a SURB. As it came, unless it is finished.
	pub fn packet_mut(&mut self) -> &mut Packet {
		&mut self.packet
	}

	/// Tries the next key, for which the exchange gave `secret`.
	fn try_secret(&mut self, secret: SharedSecret, hop: &HopSecrets, mac_fits: bool) {
		self.tried += 1;
		self.opened = Opened::from_secret(secret, hop, mac_fits, &self.packet);
	}

	fn can_be_finished(&self) -> bool {
		let has_more = matches!(self.action(), Ok(Action::Forward { .. } | Action::DeliverRequest));
		has_more && self.progress == Progress::Opened
	}

	/// Could another key open it?
	fn needs_another_key(&self) -> bool {
		matches!(self.opened, Err(UnwrapError::BadMac))
	}
}

/// Memory for the intermediate results of unwrapping. A thread that unwraps has one and uses it for every batch.
///
/// Once it has seen its largest batch, nothing is allocated any more. Secrets in it are zeroised before each call returns.
#[derive(Default)]
pub struct Scratch {
	/// For each multiplication, the packet's index in the batch.
	packets: Vec<usize>,
	scalars: Zeroizing<Vec<[u8; 32]>>,
	points: Vec<[u8; 32]>,
	products: Zeroizing<Vec<[u8; 32]>>,
}

/// Opens the packets of `batch`, each with the first of `keys` that fits it.
///
/// A key is tried on those packets only that no key before it fits, so a packet for the first key costs one exchange.
/// There is one exception: vector lanes that would idle try the next key at once.
pub fn open_batch<T: BatchItem>(backend: Backend, scratch: &mut Scratch, keys: &[&KxSecret], batch: &mut [T]) {
	while scratch.plan_exchanges(backend, keys, batch) {
		scratch.multiply(backend);
		scratch.try_secrets(batch);
	}
	scratch.clear();
}

/// Does the dearer half of unwrapping for those packets of `batch` that are to be forwarded or carry a request, that are
/// not finished yet, and that `is_wanted` accepts.
///
/// May be called again for the others.
pub fn finish_batch<T: BatchItem>(
	backend: Backend,
	scratch: &mut Scratch,
	batch: &mut [T],
	mut is_wanted: impl FnMut(&T) -> bool,
) {
	scratch.clear();
	scratch.reserve(batch.len());
	for (i, item) in batch.iter_mut().enumerate() {
		if !item.as_ref().can_be_finished() || !is_wanted(item) {
			continue;
		}
		let item = item.as_mut();
		item.progress = Progress::Wanted;
		let Ok(opened) = &item.opened else { continue };
		if matches!(opened.action(), Action::Forward { .. }) {
			scratch.plan(i, &opened.blinding(&item.packet), &item.packet);
		}
	}
	scratch.multiply(backend);

	for (i, kx_public) in scratch.packets.iter().zip(&*scratch.products) {
		let Unwrapping { packet, opened: Ok(opened), .. } = batch[*i].as_mut() else { continue };
		opened.write_next_header(packet, &KxPublic(*kx_public));
	}
	scratch.clear();
	decrypt_wanted(batch.iter_mut().map(AsMut::as_mut));
}

impl Scratch {
	/// Empty: the first batch makes it grow.
	pub fn new() -> Self {
		Self::default()
	}

	/// Plans the exchange of each packet with its next key. Returns whether there are any.
	fn plan_exchanges<T: BatchItem>(&mut self, backend: Backend, keys: &[&KxSecret], batch: &[T]) -> bool {
		self.clear();
		let unopened = |keys: usize| {
			let items = batch.iter().map(AsRef::as_ref).enumerate();
			items.filter(move |(_, item)| item.needs_another_key() && item.tried < keys)
		};
		let planned = unopened(keys.len()).count();
		let idle = idle_lanes(backend, planned);
		self.reserve(planned + idle);
		for (i, item) in unopened(keys.len()) {
			self.plan(i, keys[item.tried].expose_bytes(), &item.packet);
		}
		for (i, item) in unopened(keys.len().saturating_sub(1)).take(idle) {
			self.plan(i, keys[item.tried + 1].expose_bytes(), &item.packet);
		}
		planned > 0
	}

	/// Tries the products of the exchanges in the order in which they were planned, which is the order of the keys.
	fn try_secrets<T: BatchItem>(&mut self, batch: &mut [T]) {
		for (packets, products) in self.packets.chunks(HASH_LANES).zip(self.products.chunks(HASH_LANES)) {
			let mut hops = [const { None }; HASH_LANES];
			for (hop, product) in hops.iter_mut().zip(products) {
				*hop = Some(HopSecrets::new(&SharedSecret::from_bytes(*product)));
			}
			let hops = || hops.iter().flatten();
			let actions = |i: &usize| &batch[*i].as_ref().packet.actions()[..];
			let macs = mac_each::<MAC_SIZE>(hops().zip(packets).map(|(hop, i)| (&hop.mac_key()[..], actions(i))));
			for (((hop, i), product), mac) in hops().zip(packets).zip(products).zip(&macs) {
				let item = batch[*i].as_mut();
				if item.needs_another_key() {
					let fits = mac.ct_eq(item.packet.mac()).into();
					item.try_secret(SharedSecret::from_bytes(*product), hop, fits);
				}
			}
		}
	}

	/// Makes room for this many multiplications now: a vector that grows later would leave copies of secrets behind.
	fn reserve(&mut self, multiplications: usize) {
		self.packets.reserve_exact(multiplications);
		self.scalars.reserve_exact(multiplications);
		self.points.reserve_exact(multiplications);
		self.products.reserve_exact(multiplications);
	}

	/// Plans the multiplication of the public key of `packet`, whose index is `i`, by `scalar`.
	fn plan(&mut self, i: usize, scalar: &[u8; 32], packet: &Packet) {
		self.packets.push(i);
		self.scalars.push(*scalar);
		self.points.push(packet.kx_public().0);
	}

	fn multiply(&mut self, backend: Backend) {
		self.products.resize(self.scalars.len(), [0; 32]);
		multiply(backend, &self.scalars, &self.points, &mut self.products);
	}

	/// Zeroises the entries in use. Those that are not in use are zero already.
	fn clear(&mut self) {
		self.packets.clear();
		self.points.clear();
		for secrets in [&mut self.scalars, &mut self.products] {
			secrets.iter_mut().zeroize();
			secrets.clear();
		}
	}

	/// The most bytes of heap that it takes for batches of `packets` packets.
	pub(crate) const fn max_bytes(packets: usize) -> usize {
		let multiplication = 3 * 32 + size_of::<usize>();
		(packets + MAX_IDLE_LANES) * multiplication
	}
}

/// Vector lanes that may try another key.
const MAX_IDLE_LANES: usize = 8;

/// How many multiplications cost next to nothing beside this many others.
fn idle_lanes(backend: Backend, multiplications: usize) -> usize {
	match backend {
		Backend::Avx512Ifma => multiplications.next_multiple_of(MAX_IDLE_LANES) - multiplications,
		_ => 0,
	}
}

/// Decrypts the payloads of the wanted packets of a batch.
fn decrypt_wanted<'a>(batch: impl Iterator<Item = &'a mut Unwrapping>) {
	let mut wanted = batch.filter_map(|item| {
		let (Progress::Wanted, Ok(opened)) = (item.progress, &item.opened) else { return None };
		item.progress = Progress::Finished;
		Some((opened.secret(), item.packet.payload_mut()))
	});
	loop {
		let mut lanes: [Option<Lane>; LANES] = [const { None }; LANES];
		for (lane, (secret, payload)) in lanes.iter_mut().zip(&mut wanted) {
			fill_lane(lane, secret, payload);
		}
		decrypt_each(&mut lanes);
		if lanes.iter().any(Option::is_none) {
			break;
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::sphinx::{
		build_cover, build_request, CoverId, Hop, MixnodeIndex, Target, PACKET_SIZE, PAYLOAD_DATA_SIZE,
	};
	use core::slice;
	use proptest::{prelude::*, test_runner::RngSeed};
	use rand_chacha::{
		rand_core::{RngCore, SeedableRng},
		ChaChaRng,
	};

	/// A packet of a batch, with the index of the key that it is for.
	#[derive(Clone, Copy, Debug)]
	enum Input {
		Forward(usize),
		Request(usize),
		Cover(usize),
		BadPayload(usize),
		BadMac(usize),
		/// A copy of the packet before.
		Again,
		LowOrder,
		Noise,
	}

	fn input() -> impl Strategy<Value = Input> {
		prop_oneof![
			4 => (0usize..4).prop_map(Input::Forward),
			2 => (0usize..4).prop_map(Input::Request),
			1 => (0usize..4).prop_map(Input::Cover),
			1 => (0usize..4).prop_map(Input::BadPayload),
			1 => (0usize..4).prop_map(Input::BadMac),
			1 => Just(Input::Again),
			1 => Just(Input::LowOrder),
			1 => Just(Input::Noise),
		]
	}

	fn packets(rng: &mut ChaChaRng, keys: &[KxSecret], inputs: &[Input]) -> Vec<Packet> {
		let hop = |rng: &mut ChaChaRng, key: usize| Hop {
			target: Target::Mixnode(MixnodeIndex::MAX),
			// Keys that are not among ours: for somebody else.
			kx_public: keys.get(key).map_or_else(|| KxSecret::random(rng).public(), KxSecret::public),
		};
		let mut packets: Vec<Packet> = Vec::new();
		for input in inputs {
			let packet = match *input {
				Input::Forward(key) => {
					let route = [hop(rng, key), hop(rng, 99)];
					build_request(rng, &route, &[7; PAYLOAD_DATA_SIZE]).unwrap().packet
				},
				Input::Request(key) | Input::BadPayload(key) | Input::BadMac(key) => {
					let route = [hop(rng, key)];
					let mut packet = build_request(rng, &route, &[8; PAYLOAD_DATA_SIZE]).unwrap().packet;
					match input {
						Input::BadPayload(_) => packet.payload_mut()[1000] ^= 1,
						Input::BadMac(_) => packet.header_mut()[100] ^= 1,
						_ => (),
					}
					packet
				},
				Input::Cover(key) => {
					let (route, id) = ([hop(rng, key)], CoverId::random(rng));
					build_cover(rng, &route, Some(id)).unwrap().packet
				},
				Input::Again => packets.last().cloned().unwrap_or_else(Packet::zeroed),
				Input::LowOrder => Packet::zeroed(),
				Input::Noise => {
					let mut noise = [0; PACKET_SIZE];
					rng.fill_bytes(&mut noise);
					noise.into()
				},
			};
			packets.push(packet);
		}
		packets
	}

	/// Checks a batch against [`Opened`], packet by packet. `finished` has a bit for each that is finished in the batch.
	fn compare(backend: Backend, keys: &[&KxSecret], packets: &[Packet], finished: u64) {
		let mut scratch = Scratch::new();
		let mut batch: Vec<_> = packets.iter().cloned().map(Unwrapping::from).collect();
		open_batch(backend, &mut scratch, keys, &mut batch);
		let mut finished = (0..64).map(|i| finished >> i & 1 == 1).cycle();
		finish_batch(backend, &mut scratch, &mut batch, |_| finished.next().unwrap());
		// Those that were left out, alone.
		for item in &mut batch {
			finish_batch(backend, &mut scratch, slice::from_mut(item), |_| true);
		}
		for (unwrapping, packet) in batch.into_iter().zip(packets) {
			let mut single = Err(UnwrapError::BadMac);
			for (i, key) in keys.iter().enumerate() {
				single = Opened::open(key, packet).map(|opened| (i, opened));
				if !matches!(single, Err(UnwrapError::BadMac)) {
					break;
				}
			}
			match (single, unwrapping.opened()) {
				(Err(expected), Err(error)) => {
					assert_eq!(error, expected);
					assert!(unwrapping.request_payload().is_none() && unwrapping.into_forwarded().is_none());
				},
				(Ok((expected, single)), Ok((key, opened))) => {
					assert_eq!((key, opened.action()), (expected, single.action()));
					assert_eq!(opened.secret().as_bytes(), single.secret().as_bytes());
					let is_request = *single.action() == Action::DeliverRequest;
					let is_forward = matches!(single.action(), Action::Forward { .. });
					let mut packet = packet.clone();
					if is_request {
						let expected = single.request_payload(&mut packet);
						for _ in 0..2 {
							assert_eq!(unwrapping.request_payload(), Some(expected));
						}
					} else {
						assert_eq!(unwrapping.request_payload(), None);
						let expected = is_forward.then(|| single.forward(packet));
						assert_eq!(unwrapping.into_forwarded(), expected);
					}
				},
				(single, _) => panic!("only one of them opens: {}", single.is_ok()),
			}
		}
	}

	proptest! {
		#![proptest_config(ProptestConfig {
			cases: 30,
			rng_seed: RngSeed::Fixed(3),
			failure_persistence: None,
			..ProptestConfig::default()
		})]

		#[test]
		fn a_batch_is_unwrapped_like_its_packets_one_by_one(
			seed in any::<u64>(),
			num_keys in 0usize..4,
			inputs in prop::collection::vec(input(), 0..50),
			finished in any::<u64>(),
		) {
			let mut rng = ChaChaRng::seed_from_u64(seed);
			let keys: Vec<_> = (0..num_keys).map(|_| KxSecret::random(&mut rng)).collect();
			let packets = packets(&mut rng, &keys, &inputs);
			for backend in Backend::available() {
				compare(backend, &keys.iter().collect::<Vec<_>>(), &packets, finished);
			}
		}
	}

	#[test]
	fn nothing_secret_is_left_between_batches() {
		let mut rng = ChaChaRng::seed_from_u64(0);
		let keys = [KxSecret::random(&mut rng)];
		let packets = packets(&mut rng, &keys, &[Input::Forward(0); 20]);
		let (backend, mut scratch) = (Backend::best(), Scratch::new());
		let mut batch: Vec<_> = packets.into_iter().map(Unwrapping::from).collect();
		open_batch(backend, &mut scratch, &[&keys[0]], &mut batch);
		assert!(scratch.scalars.is_empty() && scratch.products.is_empty());
		finish_batch(backend, &mut scratch, &mut batch, |_| true);
		assert!(scratch.scalars.is_empty() && scratch.products.is_empty());
		// The memory stays.
		assert!(scratch.scalars.capacity() >= 20 && scratch.products.capacity() >= 20);
	}
}
