//! Session slots.

use crate::{
	loops::LoopMonitor,
	parameters::{Authoring, ParametersExt},
	replay::ReplayFilter,
	sphinx::Backend,
	topology::Topology,
	traffic::{AuthoredQueue, CoverStock, PoissonClock},
	KxPublic, KxSecret, Parameters, RestingReason, SessionIndex,
};
use alloc::{
	boxed::Box,
	sync::{Arc, Weak},
};

/// An X25519 key pair for one session.
pub(crate) struct KeyPair {
	/// Shared with threads that unwrap, while they do.
	pub secret: Arc<KxSecret>,
	pub public: KxPublic,
}

impl KeyPair {
	/// `backend` computes the public key.
	pub fn new(backend: Backend, secret: KxSecret) -> Self {
		let public = secret.public_by(backend);
		Self { secret: Arc::new(secret), public }
	}
}

/// Which session: sessions of the same index have nothing in common if the chain started over in between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SessionId {
	pub generation: u64,
	pub index: SessionIndex,
}

/// The key of a live session in which we take part, for as long as it is one.
#[derive(Clone)]
pub(crate) struct LiveKey {
	pub session: SessionId,
	pub secret: Weak<KxSecret>,
}

/// A session in which we take part.
pub(crate) struct Session {
	pub index: SessionIndex,
	pub keys: KeyPair,
	pub topology: Topology,
	/// Packets accepted under `keys`. Stays empty where we are not a mixnode.
	pub replay: ReplayFilter,
	/// What all its nodes agree on. Never changes.
	pub parameters: Parameters,
	/// When we author packets in this session.
	pub clock: PoissonClock,
	/// Request and reply packets for this session.
	pub authored: AuthoredQueue,
	/// Drop cover for this session. Stays empty where we are not a mixnode.
	pub cover: CoverStock,
	/// Our loop cover in this session.
	pub loops: LoopMonitor,
}

impl Session {
	/// How we author packets in this session.
	pub fn authoring(&self) -> Authoring {
		self.parameters.authoring(self.topology.is_mixnode())
	}
}

/// What we know of a session.
pub(crate) enum Slot {
	/// It exists.
	Empty,
	/// A key for it, which the chain may have by now.
	KeyOnly(KeyPair),
	/// The mixnet rests in it.
	Resting(RestingReason),
	/// Everything. Boxed, as the others are small.
	Full(Box<Session>),
}

impl Slot {
	pub fn new(keys: Option<KeyPair>) -> Self {
		keys.map_or(Self::Empty, Self::KeyOnly)
	}

	pub fn session(&self) -> Option<&Session> {
		match self {
			Self::Full(session) => Some(session),
			_ => None,
		}
	}

	pub fn session_mut(&mut self) -> Option<&mut Session> {
		match self {
			Self::Full(session) => Some(session),
			_ => None,
		}
	}

	/// Are the session's mixnodes still to be learnt?
	pub fn wants_mixnodes(&self) -> bool {
		matches!(self, Self::Empty | Self::KeyOnly(_))
	}
}
