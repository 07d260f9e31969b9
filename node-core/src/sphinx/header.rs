//! Building a header: the half that packets and SURBs have in common (PROTOCOL.md, section 5).

use super::{
	exchange::{exchange_along, Exchanges},
	hop_secrets::{ActionsStream, HopSecrets, MAX_ACTION_SIZE},
	kx::SharedSecret,
	packet::{
		CoverId, Header, Hop, MixnodeIndex, SurbId, Target, ACTIONS_SIZE, ACTION_SIZE, DELIVER_COVER,
		DELIVER_COVER_WITH_ID, DELIVER_REPLY, DELIVER_REQUEST, FORWARD_TO_PEER, HEADER_SIZE, KX_PUBLIC_SIZE, MAC_SIZE,
		MAX_HOPS,
	},
};
use alloc::vec::Vec;
use mixnet_primitives::PeerId;
use rand_core::{CryptoRng, RngCore};
use x25519_batch::Backend;
use zeroize::Zeroizing;

/// Why a packet cannot be built for a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BuildError {
	/// A route has 1 to [`MAX_HOPS`] hops, not this many.
	#[error("a route has 1 to {MAX_HOPS} hops, not {0}")]
	HopCount(usize),
	/// The routing actions do not fit. On a route of [`MAX_HOPS`] hops one may be a [`Target::Peer`].
	#[error("routing actions of {0} bytes, where {ACTIONS_SIZE} are the most")]
	ActionsTooLong(usize),
	/// A SURB's route does not start at the mixnode that replies are to be sent to.
	#[error("the route does not start at mixnode {0}")]
	FirstHopDiffers(MixnodeIndex),
	/// The hop with this index has a public key of low order: everybody could read what is encrypted for it.
	#[error("the public key of hop {0} is of low order")]
	LowOrder(usize),
}

/// The last hop's action.
#[derive(Clone, Copy)]
pub(super) enum Delivery {
	Request,
	Reply(SurbId),
	Cover(Option<CoverId>),
}

impl Delivery {
	fn size(self) -> usize {
		match self {
			Self::Request | Self::Cover(None) => ACTION_SIZE,
			Self::Reply(_) => ACTION_SIZE + SurbId::SIZE,
			Self::Cover(Some(_)) => ACTION_SIZE + CoverId::SIZE,
		}
	}

	fn write(self, action: &mut [u8]) {
		let (raw, id) = match self {
			Self::Request => (DELIVER_REQUEST, None),
			Self::Reply(SurbId(id)) => (DELIVER_REPLY, Some(id)),
			Self::Cover(None) => (DELIVER_COVER, None),
			Self::Cover(Some(CoverId(id))) => (DELIVER_COVER_WITH_ID, Some(id)),
		};
		action[..ACTION_SIZE].copy_from_slice(&raw.to_le_bytes());
		if let Some(id) = id {
			action[ACTION_SIZE..].copy_from_slice(&id);
		}
	}
}

/// The size of the action that forwards to `target`, with the next hop's MAC behind it.
fn forward_size(target: &Target) -> usize {
	match target {
		Target::Mixnode(_) => ACTION_SIZE + MAC_SIZE,
		Target::Peer(_) => ACTION_SIZE + PeerId::SIZE + MAC_SIZE,
	}
}

fn write_forward(action: &mut [u8], target: &Target) {
	match target {
		Target::Mixnode(index) => action[..ACTION_SIZE].copy_from_slice(&index.get().to_le_bytes()),
		Target::Peer(peer_id) => {
			action[..ACTION_SIZE].copy_from_slice(&FORWARD_TO_PEER.to_le_bytes());
			action[ACTION_SIZE..][..PeerId::SIZE].copy_from_slice(&peer_id.0);
		},
	}
}

/// The routing actions as one hop sees them: those from its own on, then the filler.
struct Layer {
	secrets: HopSecrets,
	/// Where the hop's own action starts. It is also the number of bytes that the hops before took off the front, and that of
	/// the filler's bytes that they added at the back.
	start: usize,
	/// The zeroes by which the hops before extended the actions, as encrypted by these hops. The first `start` bytes count.
	filler: [u8; ACTIONS_SIZE],
	stream: Zeroizing<ActionsStream>,
}

impl Layer {
	fn new(secret: &SharedSecret, start: usize, filler: [u8; ACTIONS_SIZE]) -> Self {
		let secrets = HopSecrets::new(secret);
		let mut stream = Zeroizing::new([0; ACTIONS_SIZE + MAX_ACTION_SIZE]);
		secrets.apply_actions_stream(&mut stream);
		Self { secrets, start, filler, stream }
	}

	/// The filler that the next hop sees, whose action starts at `start`: ours and the zeroes that we add, encrypted with our
	/// keystream.
	fn next_filler(&self, start: usize) -> [u8; ACTIONS_SIZE] {
		let mut filler = self.filler;
		xor(&mut filler[..start], &self.stream[ACTIONS_SIZE - self.start..]);
		filler
	}

	/// Encrypts the packet's `actions` from this hop's own on. Returns the MAC for the hop.
	fn seal(&self, actions: &mut [u8; ACTIONS_SIZE]) -> [u8; MAC_SIZE] {
		let own = &mut actions[self.start..];
		xor(own, &self.stream[..]);
		self.secrets.mac(&[own, &self.filler[..self.start]])
	}
}

fn xor(to: &mut [u8], with: &[u8]) {
	for (byte, with) in to.iter_mut().zip(with) {
		*byte ^= with;
	}
}

/// A header to be built, with all that is random in it.
pub(super) struct Draft {
	ephemeral: Zeroizing<[u8; 32]>,
	route: Vec<Hop>,
	delivery: Delivery,
	/// Number of bytes of actions in use. Those after them in `actions` are random.
	used: usize,
	actions: [u8; ACTIONS_SIZE],
}

impl Draft {
	pub(super) fn new<R: RngCore + CryptoRng + ?Sized>(
		rng: &mut R,
		route: &[Hop],
		delivery: Delivery,
	) -> Result<Self, BuildError> {
		if route.is_empty() || route.len() > MAX_HOPS {
			return Err(BuildError::HopCount(route.len()));
		}
		let used = route[1..].iter().map(|hop| forward_size(&hop.target)).sum::<usize>() + delivery.size();
		if used > ACTIONS_SIZE {
			return Err(BuildError::ActionsTooLong(used));
		}
		if let Some(hop) = route.iter().position(|hop| hop.kx_public.is_low_order()) {
			return Err(BuildError::LowOrder(hop));
		}
		let mut ephemeral = Zeroizing::new([0; 32]);
		rng.fill_bytes(&mut *ephemeral);
		// Zeroes here would tell the last hop how long the route was.
		let mut actions = [0; ACTIONS_SIZE];
		rng.fill_bytes(&mut actions[used..]);
		Ok(Self { ephemeral, route: route.to_vec(), delivery, used, actions })
	}

	/// Builds the header from the exchanges along the route.
	fn seal(&self, exchanges: Exchanges) -> SealedHeader {
		let Exchanges { first: kx_public, secrets } = exchanges;
		// Forwards: write the actions in the clear, and compute the filler that each hop will see.
		let mut actions = self.actions;
		let mut layers = Vec::<Layer>::with_capacity(MAX_HOPS);
		let mut start = 0;
		let mut filler = [0; ACTIONS_SIZE];
		let mut delay = 0.0;
		for (secret, Hop { target, .. }) in secrets.iter().zip(&self.route[1..]) {
			let layer = Layer::new(secret, start, filler);
			delay += layer.secrets.delay();
			let end = start + forward_size(target);
			write_forward(&mut actions[start..end], target);
			filler = layer.next_filler(end);
			start = end;
			layers.push(layer);
		}
		self.delivery.write(&mut actions[start..self.used]);
		let last = secrets.last().expect("as many secrets as hops, and there is a hop; qed");
		layers.push(Layer::new(last, start, filler));

		// Backwards: encrypt, and put each hop's MAC in front of its action, at the end of the one before.
		let mut mac = [0; MAC_SIZE];
		for layer in layers.iter().rev() {
			mac = layer.seal(&mut actions);
			if let Some(at) = layer.start.checked_sub(MAC_SIZE) {
				actions[at..layer.start].copy_from_slice(&mac);
			}
		}

		let mut header = Zeroizing::new([0; HEADER_SIZE]);
		header[..KX_PUBLIC_SIZE].copy_from_slice(&kx_public.0);
		header[KX_PUBLIC_SIZE..][..MAC_SIZE].copy_from_slice(&mac);
		header[KX_PUBLIC_SIZE + MAC_SIZE..].copy_from_slice(&actions);
		SealedHeader { header, secrets, delay }
	}
}

/// A header, the secrets shared with the hops of its route, and the sum of the forwarding delays.
pub(super) struct SealedHeader {
	pub header: Zeroizing<Header>,
	pub secrets: Vec<SharedSecret>,
	pub delay: f64,
}

/// The headers of these drafts, in order.
pub(super) fn seal_all<'a>(backend: Backend, drafts: impl Iterator<Item = &'a Draft>) -> Vec<SealedHeader> {
	let drafts: Vec<_> = drafts.collect();
	let exchanges = exchange_along(backend, drafts.iter().map(|draft| (&*draft.ephemeral, &draft.route[..])));
	drafts.into_iter().zip(exchanges).map(|(draft, exchanges)| draft.seal(exchanges)).collect()
}
