//! Many packets unwrapped at once, stage by stage rather than packet by packet.
//!
//! What dominates is the key exchange, and [`x25519_batch`] does eight in not much more than the time of one; hashes come
//! four at a time. Otherwise it is what [`Opened`] does, with the same results:
//!
//! ```
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
//! let mut unwrapper = BatchUnwrapper::new(Backend::best());
//! let mut batch: Vec<_> = packets.into_iter().map(Unwrapping::from).collect();
//! unwrapper.open(&[&key], &mut batch);
//! // Here is the place to refuse those that were seen before.
//! unwrapper.finish(&mut batch, |unwrapped| matches!(unwrapped.action(), Ok(Action::Forward { .. })));
//! let forwarded: Vec<_> = batch.into_iter().filter_map(Unwrapping::into_forwarded).collect();
//! assert_eq!(forwarded.len(), 20);
//! ```

use super::{
	lioness::{decrypt_each, decrypt_layer, fill_lane, Lane, LANES},
	packet::{Packet, PayloadData, MAC_SIZE},
	primitives::{mac_each, HASH_LANES},
	shared_secret::{HopSecrets, KxSecret, SharedSecret},
	unwrap::{checked_payload, Action, Opened, UnwrapError},
};
use alloc::vec::Vec;
use core::mem;
use mixnet_primitives::KxPublic;
use subtle::ConstantTimeEq;
use x25519_batch::{x25519, Backend};
use zeroize::{Zeroize, Zeroizing};

/// A packet of a batch, on its way through [`BatchUnwrapper`].
pub struct Unwrapping {
	packet: Packet,
	/// With how many of the keys it was tried.
	tried: usize,
	opened: Result<Opened, UnwrapError>,
	progress: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Progress {
	/// The payload, and of a packet to be forwarded the header, is as it came.
	Opened,
	/// To be finished by the call that goes on.
	Wanted,
	/// The payload is decrypted; the header is the next hop's if there is one.
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

/// What a batch is a slice of: a [packet](Unwrapping), with whatever the caller knows of it besides.
pub trait BatchItem: AsRef<Unwrapping> + AsMut<Unwrapping> {}

impl<T: AsRef<Unwrapping> + AsMut<Unwrapping>> BatchItem for T {}

impl Unwrapping {
	/// What the packet's sender wants done with it; or why it was not opened.
	pub fn action(&self) -> Result<&Action, UnwrapError> {
		self.opened.as_ref().map(Opened::action).map_err(|error| *error)
	}

	/// The header, opened, and the index of the key that opened it; or why it was not opened.
	pub fn opened(&self) -> Result<(usize, &Opened), UnwrapError> {
		self.opened.as_ref().map(|opened| (self.tried - 1, opened)).map_err(|error| *error)
	}

	/// The packet for the next hop; `None` unless the action is [`Action::Forward`]. Finishes it if that was not done yet.
	pub fn into_forwarded(self) -> Option<Packet> {
		match self.opened {
			Ok(opened) if matches!(opened.action(), Action::Forward { .. }) => {
				Some(if self.progress == Progress::Finished { self.packet } else { opened.forward(self.packet) })
			},
			_ => None,
		}
	}

	/// What the packet carries; `None` unless the action is [`Action::DeliverRequest`]. Finishes it if that was not done
	/// yet.
	///
	/// # Errors
	///
	/// [`UnwrapError::BadPayloadTag`].
	pub fn request_payload(&mut self) -> Option<Result<&PayloadData, UnwrapError>> {
		let Ok(opened) = &self.opened else { return None };
		if !matches!(opened.action(), Action::DeliverRequest) {
			return None;
		}
		if mem::replace(&mut self.progress, Progress::Finished) != Progress::Finished {
			decrypt_layer(opened.secret(), self.packet.payload_mut());
		}
		Some(checked_payload(&self.packet))
	}

	/// The packet, to be decrypted with the keys of a SURB; as it came, unless it was finished.
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

	/// Is there a point in trying another key?
	fn is_open_question(&self) -> bool {
		matches!(self.opened, Err(UnwrapError::BadMac))
	}
}

/// Unwraps packets in batches of any size, a single packet included.
///
/// Holds room for what is between the stages, so that nothing is allocated once it has seen its largest batch. What is
/// secret there is zeroised before each call returns.
pub struct BatchUnwrapper {
	backend: Backend,
	/// Index of a packet in the batch, for each multiplication.
	of: Vec<usize>,
	scalars: Zeroizing<Vec<[u8; 32]>>,
	points: Vec<[u8; 32]>,
	products: Zeroizing<Vec<[u8; 32]>>,
}

/// Multiplies as fast as this machine can.
impl Default for BatchUnwrapper {
	fn default() -> Self {
		Self::new(Backend::best())
	}
}

impl BatchUnwrapper {
	/// One that multiplies by `backend`. The results are the same with all of them.
	///
	/// # Panics
	///
	/// The other methods do, unless `backend` [is available](Backend::is_available).
	pub fn new(backend: Backend) -> Self {
		let secret = || Zeroizing::new(Vec::new());
		Self { backend, of: Vec::new(), scalars: secret(), points: Vec::new(), products: secret() }
	}

	/// By whom it multiplies.
	pub fn backend(&self) -> Backend {
		self.backend
	}

	/// Opens the packets of `batch`, each with the first of `keys` that fits it.
	///
	/// Each key is tried on those packets alone that no key before fits, so a packet under the first key costs one
	/// exchange. The exception are lanes that would idle: they try the next key at once.
	pub fn open<T: BatchItem>(&mut self, keys: &[&KxSecret], batch: &mut [T]) {
		while self.plan_exchanges(keys, batch) {
			self.multiply();
			self.try_secrets(batch);
		}
		self.clear();
	}

	/// Notes which packets are to be tried with their next key. Returns whether there are any.
	fn plan_exchanges<T: BatchItem>(&mut self, keys: &[&KxSecret], batch: &[T]) -> bool {
		self.clear();
		let open_questions = |keys: usize| {
			let items = batch.iter().map(AsRef::as_ref).enumerate();
			items.filter(move |(_, item)| item.is_open_question() && item.tried < keys)
		};
		let planned = open_questions(keys.len()).count();
		let idle = idle_lanes(self.backend, planned);
		self.reserve(planned + idle);
		for (i, item) in open_questions(keys.len()) {
			self.plan(i, keys[item.tried].expose_bytes(), &item.packet);
		}
		for (i, item) in open_questions(keys.len().saturating_sub(1)).take(idle) {
			self.plan(i, keys[item.tried + 1].expose_bytes(), &item.packet);
		}
		planned > 0
	}

	/// Tries what the exchanges gave, in the order in which they were planned, which is that of the keys.
	fn try_secrets<T: BatchItem>(&mut self, batch: &mut [T]) {
		for (of, products) in self.of.chunks(HASH_LANES).zip(self.products.chunks(HASH_LANES)) {
			let mut hops = [const { None }; HASH_LANES];
			for (hop, product) in hops.iter_mut().zip(products) {
				*hop = Some(HopSecrets::new(&SharedSecret::from_bytes(*product)));
			}
			let hops = || hops.iter().flatten();
			let actions = |i: &usize| &batch[*i].as_ref().packet.actions()[..];
			let macs = mac_each::<MAC_SIZE>(hops().zip(of).map(|(hop, i)| (&hop.mac_key()[..], actions(i))));
			for (((hop, i), product), mac) in hops().zip(of).zip(products).zip(&macs) {
				let item = batch[*i].as_mut();
				if item.is_open_question() {
					let fits = mac.ct_eq(item.packet.mac()).into();
					item.try_secret(SharedSecret::from_bytes(*product), hop, fits);
				}
			}
		}
	}

	/// Does the dearer half of unwrapping for those of `batch` that are to be forwarded or carry a request, are not
	/// finished yet, and are wanted, as `is_wanted` says.
	///
	/// What is not finished here is finished when it is asked for, alone.
	pub fn finish<T: BatchItem>(&mut self, batch: &mut [T], mut is_wanted: impl FnMut(&T) -> bool) {
		self.clear();
		self.reserve(batch.len());
		for (i, item) in batch.iter_mut().enumerate() {
			if !item.as_ref().can_be_finished() || !is_wanted(item) {
				continue;
			}
			let item = item.as_mut();
			item.progress = Progress::Wanted;
			let Ok(opened) = &item.opened else { continue };
			if matches!(opened.action(), Action::Forward { .. }) {
				self.plan(i, &opened.blinding(&item.packet), &item.packet);
			}
		}
		self.multiply();

		for (i, kx_public) in self.of.iter().zip(&*self.products) {
			let Unwrapping { packet, opened: Ok(opened), .. } = batch[*i].as_mut() else { continue };
			opened.write_next_header(packet, &KxPublic(*kx_public));
		}
		self.clear();
		decrypt_wanted(batch.iter_mut().map(AsMut::as_mut));
	}

	/// Room for so many multiplications: what is secret must not move when there are more.
	fn reserve(&mut self, multiplications: usize) {
		self.of.reserve_exact(multiplications);
		self.scalars.reserve_exact(multiplications);
		self.points.reserve_exact(multiplications);
		self.products.reserve_exact(multiplications);
	}

	/// Plans the multiplication of the public key of `packet`, the one of index `i`, by `scalar`.
	fn plan(&mut self, i: usize, scalar: &[u8; 32], packet: &Packet) {
		self.of.push(i);
		self.scalars.push(*scalar);
		self.points.push(packet.kx_public().0);
	}

	fn multiply(&mut self) {
		self.products.resize(self.scalars.len(), [0; 32]);
		x25519(self.backend, &self.scalars, &self.points, &mut self.products);
	}

	/// Zeroises what is used: what is not, is zero.
	fn clear(&mut self) {
		self.of.clear();
		self.points.clear();
		for secrets in [&mut self.scalars, &mut self.products] {
			secrets.iter_mut().zeroize();
			secrets.clear();
		}
	}
}

/// Multiplications that come for next to nothing beside so many others.
fn idle_lanes(backend: Backend, multiplications: usize) -> usize {
	match backend {
		Backend::Avx512Ifma => multiplications.next_multiple_of(8) - multiplications,
		_ => 0,
	}
}

/// Decrypts the payloads of those of `batch` that are wanted.
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
	use proptest::{prelude::*, test_runner::RngSeed};
	use rand_chacha::{
		rand_core::{RngCore, SeedableRng},
		ChaChaRng,
	};

	/// What can come, by the index of the key that it is for.
	#[derive(Clone, Copy, Debug)]
	enum Input {
		Forward(usize),
		Request(usize),
		Cover(usize),
		BadPayload(usize),
		BadMac(usize),
		/// The same as the one before.
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
		let mut unwrapper = BatchUnwrapper::new(backend);
		let mut batch: Vec<_> = packets.iter().cloned().map(Unwrapping::from).collect();
		unwrapper.open(keys, &mut batch);
		let mut finished = (0..64).map(|i| finished >> i & 1 == 1).cycle();
		unwrapper.finish(&mut batch, |_| finished.next().unwrap());
		for (mut unwrapping, packet) in batch.into_iter().zip(packets) {
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
		fn a_batch_is_unwrapping_as_its_packets_are_one_by_one(
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
		let mut unwrapper = BatchUnwrapper::new(Backend::best());
		let mut batch: Vec<_> = packets.into_iter().map(Unwrapping::from).collect();
		unwrapper.open(&[&keys[0]], &mut batch);
		assert!(unwrapper.scalars.is_empty() && unwrapper.products.is_empty());
		unwrapper.finish(&mut batch, |_| true);
		assert!(unwrapper.scalars.is_empty() && unwrapper.products.is_empty());
		// But the room is.
		assert!(unwrapper.scalars.capacity() >= 20 && unwrapper.products.capacity() >= 20);
	}
}
