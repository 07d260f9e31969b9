//! The slot of a session, and what is in it.

use crate::{
	loops::LoopMonitor,
	parameters::{Authoring, ParametersExt},
	replay::ReplayFilter,
	sphinx::Backend,
	topology::Topology,
	traffic::{AuthoredQueue, CoverStock, PoissonClock, Shares},
	KxPublic, KxSecret, Parameters, RestingReason, SessionIndex,
};
use alloc::{
	boxed::Box,
	sync::{Arc, Weak},
};

/// An X25519 key pair for one session.
pub(crate) struct KeyPair {
	/// Shared with threads while they unwrap.
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

/// Identifies a session. If the chain starts over, sessions before and after have nothing in common, whatever their index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SessionId {
	pub generation: u64,
	pub index: SessionIndex,
}

/// The key of a live session in which we take part. It can be read as long as the session lives.
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
	/// The packets that were accepted under `keys`. Stays empty if we are not a mixnode.
	pub replay: ReplayFilter,
	/// The parameters that all nodes of the session agree on. They never change.
	pub parameters: Parameters,
	/// Says when we author packets in this session.
	pub clock: PoissonClock,
	/// Request and reply packets for this session.
	pub authored: AuthoredQueue,
	/// Cover for the ticks to come in this session.
	pub cover: CoverStock,
	/// Our loop cover in this session.
	pub loops: LoopMonitor,
	/// Who may have how many packets forwarded in this session.
	pub shares: Shares,
}

impl Session {
	/// The rate and the queue capacity with which we author packets in this session.
	pub fn authoring(&self) -> Authoring {
		self.parameters.authoring(self.topology.is_mixnode())
	}
}

/// All that we know of a session.
pub(crate) enum Slot {
	/// Nothing but that it exists.
	Empty,
	/// Our key for it, which may be registered.
	KeyOnly(KeyPair),
	/// The mixnet rests in it.
	Resting(RestingReason),
	/// Everything. Boxed, since the other variants are small.
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

	/// Are the session's mixnodes still unknown?
	pub fn wants_mixnodes(&self) -> bool {
		matches!(self, Self::Empty | Self::KeyOnly(_))
	}
}
