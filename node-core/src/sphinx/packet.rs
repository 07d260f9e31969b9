//! The layout of a packet, and the plain types that travel in it.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;
use mixnet_primitives::{KxPublic, PeerId};
use zeroize::Zeroize;

/// The most hops of a packet: seven nodes with the source.
pub const MAX_HOPS: usize = 6;
/// Size in bytes of a [`Packet`]'s header: everything but the payload.
pub const HEADER_SIZE: usize = KX_PUBLIC_SIZE + MAC_SIZE + ACTIONS_SIZE;
/// Size in bytes of what a packet carries for its receiver: one fragment.
pub const PAYLOAD_DATA_SIZE: usize = 2048;
/// Size in bytes of the encrypted payload: the data and a tag of zeroes that shows tampering.
pub const PAYLOAD_SIZE: usize = PAYLOAD_DATA_SIZE + PAYLOAD_TAG_SIZE;
/// Size in bytes of a [`Packet`].
pub const PACKET_SIZE: usize = HEADER_SIZE + PAYLOAD_SIZE;

pub(super) const KX_PUBLIC_SIZE: usize = KxPublic::SIZE;
pub(super) const MAC_SIZE: usize = 16;
pub(super) const PAYLOAD_TAG_SIZE: usize = 16;
/// Size in bytes of the routing actions. There is room for six hops that name mixnodes by index, one of which may name a
/// peer instead. The last one is followed by an ID where the others are followed by the next MAC.
pub(super) const ACTIONS_SIZE: usize = MAX_HOPS * (ACTION_SIZE + MAC_SIZE) + PeerId::SIZE;

/// Size in bytes of an action, without the peer ID, the MAC or the ID that follows it.
pub(super) const ACTION_SIZE: usize = 2;
pub(super) const FORWARD_TO_PEER: u16 = 0xff00;
pub(super) const DELIVER_REQUEST: u16 = 0xff01;
pub(super) const DELIVER_REPLY: u16 = 0xff02;
pub(super) const DELIVER_COVER: u16 = 0xff03;
pub(super) const DELIVER_COVER_WITH_ID: u16 = 0xff04;

// PROTOCOL.md gives these sizes as numbers.
const _: () = assert!(HEADER_SIZE == 188 && ACTIONS_SIZE == 140 && PAYLOAD_SIZE == 2064 && PACKET_SIZE == 2252);

/// The data of a payload: one fragment of a message.
pub type PayloadData = [u8; PAYLOAD_DATA_SIZE];
pub(super) type Mac = [u8; MAC_SIZE];
pub(super) type Actions = [u8; ACTIONS_SIZE];
pub(super) type Header = [u8; HEADER_SIZE];
pub(super) type Payload = [u8; PAYLOAD_SIZE];

/// Bytes `AT..AT + N` of `bytes`. A range that does not fit does not compile.
pub(crate) fn field<const AT: usize, const N: usize, const TOTAL: usize>(bytes: &[u8; TOTAL]) -> &[u8; N] {
	const { assert!(AT + N <= TOTAL) };
	bytes[AT..AT + N].try_into().expect("a slice of N bytes; qed")
}

/// Bytes `AT..AT + N` of `bytes`. A range that does not fit does not compile.
pub(crate) fn field_mut<const AT: usize, const N: usize, const TOTAL: usize>(bytes: &mut [u8; TOTAL]) -> &mut [u8; N] {
	const { assert!(AT + N <= TOTAL) };
	(&mut bytes[AT..AT + N]).try_into().expect("a slice of N bytes; qed")
}

/// A Sphinx packet, as on the wire. On the heap: moving one moves a pointer.
///
/// | bytes     | field       |                                                                   |
/// |-----------|-------------|-------------------------------------------------------------------|
/// | 0..32     | `kx_public` | blinded X25519 public key (alpha in the Sphinx paper)             |
/// | 32..48    | `mac`       | keyed BLAKE2b of `actions` (gamma)                                |
/// | 48..188   | `actions`   | encrypted routing actions (beta)                                  |
/// | 188..2252 | `payload`   | encrypted: 2,048 bytes of data and a tag of 16 zero bytes (delta) |
///
/// Any 2,252 bytes are a `Packet`. Whether they make sense to a node shows when it opens them.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet(Box<[u8; PACKET_SIZE]>);

impl Packet {
	/// The packet's bytes.
	pub fn as_bytes(&self) -> &[u8; PACKET_SIZE] {
		&self.0
	}

	/// The packet's bytes, without copying them.
	pub fn into_bytes(self) -> Box<[u8; PACKET_SIZE]> {
		self.0
	}

	/// Overwrites it with zeroes, so that nobody finds it in memory later.
	pub(crate) fn zeroize(&mut self) {
		self.0.zeroize();
	}

	/// A packet of zeroes, to be filled in.
	pub(super) fn zeroed() -> Self {
		Self(Box::new([0; PACKET_SIZE]))
	}

	pub(super) fn kx_public(&self) -> KxPublic {
		KxPublic(*field::<0, KX_PUBLIC_SIZE, PACKET_SIZE>(&self.0))
	}

	pub(super) fn mac(&self) -> &Mac {
		field::<KX_PUBLIC_SIZE, MAC_SIZE, PACKET_SIZE>(&self.0)
	}

	pub(super) fn actions(&self) -> &Actions {
		field::<{ KX_PUBLIC_SIZE + MAC_SIZE }, ACTIONS_SIZE, PACKET_SIZE>(&self.0)
	}

	pub(super) fn header_mut(&mut self) -> &mut Header {
		field_mut::<0, HEADER_SIZE, PACKET_SIZE>(&mut self.0)
	}

	pub(super) fn payload_mut(&mut self) -> &mut Payload {
		field_mut::<HEADER_SIZE, PAYLOAD_SIZE, PACKET_SIZE>(&mut self.0)
	}

	pub(super) fn payload_data(&self) -> &PayloadData {
		field::<HEADER_SIZE, PAYLOAD_DATA_SIZE, PACKET_SIZE>(&self.0)
	}

	pub(super) fn payload_tag(&self) -> &[u8; PAYLOAD_TAG_SIZE] {
		field::<{ HEADER_SIZE + PAYLOAD_DATA_SIZE }, PAYLOAD_TAG_SIZE, PACKET_SIZE>(&self.0)
	}

	/// Writes `data` and the tag of zeroes, in the clear.
	pub(super) fn set_payload(&mut self, data: &PayloadData) {
		let payload = self.payload_mut();
		payload[..PAYLOAD_DATA_SIZE].copy_from_slice(data);
		payload[PAYLOAD_DATA_SIZE..].fill(0);
	}
}

impl From<[u8; PACKET_SIZE]> for Packet {
	fn from(bytes: [u8; PACKET_SIZE]) -> Self {
		Self(Box::new(bytes))
	}
}

impl From<Box<[u8; PACKET_SIZE]>> for Packet {
	fn from(bytes: Box<[u8; PACKET_SIZE]>) -> Self {
		Self(bytes)
	}
}

impl TryFrom<&[u8]> for Packet {
	type Error = WrongSize;

	fn try_from(bytes: &[u8]) -> Result<Self, WrongSize> {
		<[u8; PACKET_SIZE]>::try_from(bytes).map(Self::from).map_err(|_| WrongSize(bytes.len()))
	}
}

impl TryFrom<Vec<u8>> for Packet {
	type Error = WrongSize;

	fn try_from(bytes: Vec<u8>) -> Result<Self, WrongSize> {
		let size = bytes.len();
		bytes.try_into().map(Self).map_err(|_| WrongSize(size))
	}
}

impl AsRef<[u8]> for Packet {
	fn as_ref(&self) -> &[u8] {
		self.as_bytes()
	}
}

// Two kilobytes of ciphertext say nothing in a log. The first bytes are enough to tell packets apart.
impl fmt::Debug for Packet {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		let [a, b, c, d, ..] = self.kx_public().0;
		write!(f, "Packet({a:02x}{b:02x}{c:02x}{d:02x}..)")
	}
}

/// These bytes are not a packet, which has exactly [`PACKET_SIZE`] bytes. Holds their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0} bytes are not a packet, which has {PACKET_SIZE}")]
pub struct WrongSize(pub usize);

/// Index of a mixnode in its session's list. It is below `0xff00`: the numbers from there on are other actions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MixnodeIndex(u16);

impl MixnodeIndex {
	/// The highest index; a session has at most one mixnode more.
	pub const MAX: Self = Self(FORWARD_TO_PEER - 1);

	/// `index`, if it is one.
	pub const fn new(index: u16) -> Option<Self> {
		if index <= Self::MAX.0 {
			Some(Self(index))
		} else {
			None
		}
	}

	/// The index as a number.
	pub const fn get(self) -> u16 {
		self.0
	}
}

impl fmt::Display for MixnodeIndex {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		fmt::Display::fmt(&self.0, f)
	}
}

/// Where a packet goes next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
	/// To a mixnode of the session. Takes 18 bytes of a packet's 140 for actions.
	Mixnode(MixnodeIndex),
	/// To any peer: for the last hop, to a user. Takes 50 bytes.
	Peer(PeerId),
}

/// One hop of a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hop {
	/// Where the hop before sends the packet. The first hop's target is not in the packet: the source sends it there.
	pub target: Target,
	/// The hop's public key, of the session that the packet travels in.
	pub kx_public: KxPublic,
}

/// Defines a random 16-byte ID, shown as 32 hex digits.
macro_rules! random_id {
	($(#[$doc:meta])* $name:ident) => {
		$(#[$doc])*
		#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
		pub struct $name(pub [u8; 16]);

		impl $name {
			/// Size in bytes.
			pub const SIZE: usize = 16;

			/// A new ID.
			pub fn random<R: ::rand_core::RngCore + ::rand_core::CryptoRng + ?Sized>(rng: &mut R) -> Self {
				let mut id = [0; 16];
				rng.fill_bytes(&mut id);
				Self(id)
			}
		}

		impl ::core::fmt::Display for $name {
			fn fmt(&self, f: &mut ::core::fmt::Formatter) -> ::core::fmt::Result {
				self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
			}
		}

		impl ::core::fmt::Debug for $name {
			fn fmt(&self, f: &mut ::core::fmt::Formatter) -> ::core::fmt::Result {
				::core::fmt::Display::fmt(self, f)
			}
		}
	};
}
pub(crate) use random_id;

random_id! {
	/// Tells the maker of a SURB over which one a reply came. Nobody else sees it.
	SurbId
}

random_id! {
	/// Tells the source of a loop cover packet which one came back.
	CoverId
}
