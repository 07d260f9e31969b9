//! What the chain says of sessions, mixnodes and keys; and which peers are connected.

use super::{Event, Mixnet};
use crate::{
	loops::{LoopMonitor, LoopReport},
	parameters::ParametersExt,
	replay::ReplayFilter,
	session::{KeyPair, Session, Slot},
	statistics::DropReason,
	topology::Topology,
	traffic::{most_waiting, AuthoredQueue, CoverStock, PoissonClock, Shares},
	KxPublic, KxSecret, Mixnode, MixnodeIndex, MixnodesError, Parameters, PeerId, PossessionProof, RelativeSession,
	RestingReason, SessionIndex, SessionStatus, Time,
};
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use rand_core::{CryptoRng, RngCore};

/// Our role in a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
	/// Not known yet: the session is not live, or its mixnodes are still to be told.
	Unknown,
	/// No part in it: the mixnet rests in that session, or we are configured to take part as a mixnode only.
	Resting,
	/// The mixnode with this index.
	Mixnode(MixnodeIndex),
	/// A user, which is not in the session's list: we send requests and cover.
	NonMixnode,
}

/// What the chain has for one session: all that a node learns of it at once.
///
/// ```
/// # use mixnet_node_core::{ChainSession, MixnodesError};
/// let resting = MixnodesError::InsufficientRegistrations { num: 2, min: 4 };
/// let session = ChainSession::new(7, Err(resting));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ChainSession {
	/// The session's index.
	pub index: SessionIndex,
	/// The parameters that all its nodes run with. `None` if the chain has none: then the
	/// [configured](crate::Config::parameters) ones count.
	pub parameters: Option<Parameters>,
	/// Its mixnodes in the order in which packets name them, or why the chain has none.
	pub mixnodes: Result<Vec<Mixnode>, MixnodesError>,
}

impl ChainSession {
	/// A session for which the chain has no parameters.
	pub const fn new(index: SessionIndex, mixnodes: Result<Vec<Mixnode>, MixnodesError>) -> Self {
		Self { index, parameters: None, mixnodes }
	}

	/// The same session with these parameters, if the chain has any.
	#[must_use]
	pub fn with_parameters(self, parameters: Option<Parameters>) -> Self {
		Self { parameters, ..self }
	}
}

/// A peer to stay connected to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReservedPeer {
	/// The peer's ID.
	pub peer_id: PeerId,
	/// The addresses that it has registered: multiaddrs as text, unchecked.
	pub external_addresses: Vec<Vec<u8>>,
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// The current session and its phase; `None` before the first [`set_status`](Self::set_status).
	pub fn session_status(&self) -> Option<SessionStatus> {
		self.sessions.status()
	}

	/// Tells the session status at the latest finalised block. Afterwards, ask for
	/// [`wanted_mixnodes`](Self::wanted_mixnodes), and tell those sessions with [`set_session`](Self::set_session).
	///
	/// Sessions may be skipped, and phases may come in any order. Whatever belongs to no live session is destroyed, and
	/// requests on their way through a session that takes no requests any more start anew in another.
	pub fn set_status(&mut self, now: Time, status: SessionStatus) {
		self.advance(now);
		let authored = self.authored_len();
		let generation = self.sessions.generation();
		if !self.sessions.set_status(status) {
			return;
		}
		let phase = status.phase;
		for (relative, session) in self.sessions.iter_mut() {
			if !phase.allows_requests(relative) {
				session.authored.clear();
			}
		}
		let closed = authored - self.authored_len();
		self.statistics.count_drops(DropReason::AuthoredSessionClosed, closed as u64);

		let sessions = &self.sessions;
		// If the chain started over, no session is the one it was, even if it has the same index.
		let is_same = sessions.generation() == generation;
		let ended = self.forward_queue.retain_sessions(|index| is_same && sessions.relative(index).is_some());
		self.statistics.count_drops(DropReason::ForwardSessionEnded, ended as u64);
		self.replies.retain_sessions(|index| is_same && sessions.relative(index).is_some());
		self.pending.leave_sessions(&mut self.rng, |index| {
			is_same && sessions.relative(index).is_some_and(|relative| sessions.allows_requests(relative))
		});

		self.set_traffic();
		self.set_current_gateways();
		self.reserved_peers_changed = true;
		self.events.push_back(Event::SessionChanged(status));
		log::debug!(target: "mixnet", "Now in {status}");
		self.post_pending();
	}

	/// Gives up the live sessions: destroys their keys, and rests in them, however long the chain keeps to them.
	///
	/// For a driver that has heard nothing of the chain for long. Sessions end when the chain says so, and with them the keys
	/// by which recorded packets can be opened. A chain that stands still says nothing. The key for the next session stays, as
	/// nobody has used it: when that session begins, this node mixes again.
	pub fn give_up_sessions(&mut self, now: Time) {
		self.advance(now);
		let authored = self.authored_len();
		for relative in RelativeSession::BOTH {
			if let Some(slot) = self.sessions.slot_mut(relative) {
				*slot = Slot::Resting(RestingReason::Stalled);
			}
		}
		self.statistics.count_drops(DropReason::AuthoredSessionClosed, authored as u64);
		let ended = self.forward_queue.retain_sessions(|_| false);
		self.statistics.count_drops(DropReason::ForwardSessionEnded, ended as u64);
		self.pending.leave_sessions(&mut self.rng, |_| false);
		self.set_traffic();
		self.set_current_gateways();
		self.reserved_peers_changed = true;
		log::warn!(
			target: "mixnet",
			"Heard nothing of the chain for long: the keys of its sessions are destroyed, and the mixnet rests until the next one",
		);
		self.post_pending();
	}

	/// The live sessions whose mixnodes are not known: ask the chain for them, and tell with
	/// [`set_session`](Self::set_session). If asking fails, ask again at the next block.
	pub fn wanted_mixnodes(&self) -> Vec<RelativeSession> {
		RelativeSession::BOTH
			.into_iter()
			.filter(|relative| self.sessions.slot(*relative).is_some_and(Slot::wants_mixnodes))
			.collect()
	}

	/// The parameters that a live session runs with; `None` before its mixnodes are known, and if we take no part in it.
	pub fn parameters(&self, relative: RelativeSession) -> Option<Parameters> {
		self.sessions.session(relative).map(|session| session.parameters)
	}

	/// Tells what the chain has for a session. Ignored if the session is not live, or is known already: its mixnodes and its
	/// parameters never change, and packets are on their way that were built by them.
	///
	/// Parameters that [`Parameters::check`] does not like are refused, as they are by all nodes. The session then runs with
	/// the [configured](crate::Config::parameters) ones, as it does if the chain has none.
	pub fn set_session(&mut self, now: Time, session: ChainSession) {
		self.advance(now);
		let ChainSession { index, parameters, mixnodes } = session;
		let parameters = parameters.filter(|parameters| are_usable(index, parameters));
		let Some(slot) = self.sessions.relative(index).and_then(|relative| self.sessions.slot_mut(relative)) else {
			return;
		};
		if !slot.wants_mixnodes() {
			let runs_with = slot.session().map(|session| session.parameters);
			if runs_with.is_some_and(|others| parameters.is_some_and(|parameters| parameters != others)) {
				log::warn!(
					target: "mixnet",
					"Session {index} runs with other parameters than the chain has for it, which came too late",
				);
			}
			return;
		}
		let keys = match core::mem::replace(slot, Slot::Empty) {
			Slot::KeyOnly(keys) => keys,
			_ => KeyPair::new(self.backend, KxSecret::random(&mut self.rng)),
		};
		let parameters = parameters.unwrap_or(self.config.parameters);
		match self.new_session(index, keys, parameters, mixnodes) {
			Ok(new) => {
				self.put_slot(index, Slot::Full(Box::new(new)));
				self.count_connected(|_| true);
				self.set_traffic();
				self.set_current_gateways();
				self.reserved_peers_changed = true;
			},
			Err(reason) => {
				log::warn!(target: "mixnet", "The mixnet rests in session {index}: {reason}");
				self.put_slot(index, Slot::Resting(reason.clone()));
				self.events.push_back(Event::SessionResting { session: index, reason });
			},
		}
		self.post_pending();
	}

	fn new_session(
		&mut self,
		index: SessionIndex,
		keys: KeyPair,
		parameters: Parameters,
		mixnodes: Result<Vec<Mixnode>, MixnodesError>,
	) -> Result<Session, RestingReason> {
		let mixnodes = mixnodes.map_err(RestingReason::Mixnodes)?;
		let topology = Topology::new(&mut self.rng, mixnodes, self.local_peer_id, keys.public, &mut self.gateways)?;
		let is_mixnode = topology.is_mixnode();
		if !is_mixnode && !self.config.non_mixnode {
			return Err(RestingReason::NotMixnode);
		}
		let shares = Shares::new(
			parameters.forward_queue_capacity as usize,
			parameters.mean_forwarding_delay(),
			parameters.authoring(false).mean_period,
			topology.reserved_peers().map(|mixnode| mixnode.peer_id).collect(),
		);
		Ok(Session {
			index,
			keys,
			parameters,
			loops: LoopMonitor::new(self.now, &self.config, &parameters, is_mixnode, topology.len()),
			topology,
			replay: ReplayFilter::new(&mut self.rng, self.config.replay_filter_bytes),
			clock: PoissonClock::default(),
			authored: AuthoredQueue::new(parameters.authoring(is_mixnode).queue_capacity, is_mixnode),
			cover: CoverStock::default(),
			shares,
		})
	}

	fn put_slot(&mut self, index: SessionIndex, slot: Slot) {
		if let Some(old) = self.sessions.relative(index).and_then(|relative| self.sessions.slot_mut(relative)) {
			*old = slot;
		}
	}

	/// Sets each session's clock to the rate of the phase: half the rate while the previous session is needed, even if we
	/// take part in one of the two only. And sets the capacity of the forward queue, which has room for what each session takes, and
	/// who the users are.
	fn set_traffic(&mut self) {
		let waiting = |of: &Parameters| most_waiting(of.forward_queue_capacity as usize);
		let capacity = self.sessions.iter().map(|session| waiting(&session.parameters)).reduce(usize::saturating_add);
		self.forward_queue.set_capacity(capacity.unwrap_or_else(|| waiting(&self.config.parameters)));
		self.count_users();
		let Some(SessionStatus { phase, .. }) = self.sessions.status() else { return };
		for (relative, session) in self.sessions.iter_mut() {
			let mean = session.authoring().mean_period.saturating_mul(phase.period_factor());
			session.clock.set_mean(self.now, phase.allows_cover(relative).then_some(mean), &mut self.rng);
		}
	}

	/// The number of request and reply packets that wait, in all sessions.
	fn authored_len(&self) -> usize {
		self.sessions.iter().map(|session| session.authored.len()).sum()
	}

	/// Our role in this session.
	pub fn role(&self, relative: RelativeSession) -> Role {
		match self.sessions.slot(relative) {
			None | Some(Slot::Empty | Slot::KeyOnly(_)) => Role::Unknown,
			Some(Slot::Resting(_)) => Role::Resting,
			Some(Slot::Full(session)) => session.topology.local_index().map_or(Role::NonMixnode, Role::Mixnode),
		}
	}

	/// What our loop cover shows of a session: losses, and who causes them. `None` if we take no part in it.
	pub fn loop_report(&self, relative: RelativeSession) -> Option<LoopReport> {
		let session = self.sessions.session(relative)?;
		Some(session.loops.report(session.index, &session.topology))
	}

	/// The next session's index, and our key for it: to be registered on chain. Made on the first call in each session,
	/// and the same until that session begins. (Before the first status, session 0 is taken to be the current one.)
	pub fn next_kx_public(&mut self) -> (SessionIndex, KxPublic) {
		self.sessions.next_public(self.backend, &mut self.rng)
	}

	/// As [`next_kx_public`](Self::next_kx_public), but the secret: for a durable key store.
	pub fn next_kx_secret(&mut self) -> (SessionIndex, &KxSecret) {
		let (index, keys) = self.sessions.next_keys(self.backend, &mut self.rng);
		(index, &*keys.secret)
	}

	/// Proves that we hold the secret of `kx_public`, as [`next_kx_public`](Self::next_kx_public) returned it for
	/// `session`, and binds that to `message`: to what the registration says (docs/REGISTRATION.md).
	///
	/// `None` if that is not our key for that session, or if the session has begun: there is nothing to register any more.
	pub fn prove_possession(
		&mut self,
		session: SessionIndex,
		kx_public: &KxPublic,
		message: &[u8],
	) -> Option<PossessionProof> {
		let keys = self.sessions.future_keys(session).filter(|keys| keys.public == *kx_public)?;
		Some(keys.secret.prove_possession(&mut self.rng, message))
	}

	/// Takes back a stored secret after a restart. Returns whether it was taken. It is not if `session` is over, has a key or
	/// its mixnodes already, or is neither live nor the next one.
	///
	/// Restore no key under which packets may have been accepted. Nobody knows any more which they were, so they could be
	/// replayed.
	pub fn restore_kx_secret(&mut self, session: SessionIndex, secret: KxSecret) -> bool {
		self.sessions.restore_key(self.backend, session, secret)
	}

	/// The peers to stay connected to, of all live sessions, in the order of their IDs. Each comes once, and we never do.
	pub fn reserved_peers(&self) -> Vec<ReservedPeer> {
		// The current session comes last, so its addresses count: they are the newer ones.
		let peers: BTreeMap<_, _> = self
			.sessions
			.iter()
			.flat_map(|session| session.topology.reserved_peers())
			.map(|mixnode| (mixnode.peer_id, &mixnode.external_addresses))
			.collect();
		peers
			.into_iter()
			.map(|(peer_id, addresses)| ReservedPeer { peer_id, external_addresses: addresses.clone() })
			.collect()
	}

	/// A peer was connected. Tell of all: each has a share of the forward queue. Also takes back
	/// [`peer_silent`](Self::peer_silent).
	pub fn peer_connected(&mut self, now: Time, peer_id: PeerId) {
		self.advance(now);
		if self.connected.insert(peer_id) {
			self.user_came_or_went(&peer_id);
			self.count_connected(|peer| *peer == peer_id);
		}
		self.gateways.heard(&peer_id);
		self.refresh_gateways();
	}

	/// A peer was disconnected.
	pub fn peer_disconnected(&mut self, now: Time, peer_id: PeerId) {
		self.advance(now);
		if self.connected.remove(&peer_id) {
			self.user_came_or_went(&peer_id);
			self.count_connected(|peer| *peer == peer_id);
		}
		self.gateways.heard(&peer_id);
		self.refresh_gateways();
	}

	/// Is the peer a mixnode in no live session?
	fn is_user(&self, peer: &PeerId) -> bool {
		!self.sessions.iter().any(|session| session.shares.is_mixnode(peer))
	}

	/// Tells the shares of each session how many users are connected.
	fn count_users(&mut self) {
		let users = self.connected.iter().filter(|peer| self.is_user(peer)).count();
		self.sessions.iter_mut().for_each(|(_, session)| session.shares.set_users(users));
	}

	/// As [`count_users`](Self::count_users), if the peer is one. Mixnodes may be thousands, and come one after the other.
	fn user_came_or_went(&mut self, peer: &PeerId) {
		if self.is_user(peer) {
			self.count_users();
		}
	}

	/// Counts the connected peers of the sessions that need a peer like this, and in which we are a mixnode.
	/// ([`refresh_gateways`](Self::refresh_gateways) does so for the others.)
	fn count_connected(&mut self, concerns: impl Fn(&PeerId) -> bool) {
		for (_, session) in self.sessions.iter_mut().filter(|(_, session)| session.topology.is_mixnode()) {
			let mut reserved = session.topology.reserved_peers();
			if reserved.any(|mixnode| concerns(&mixnode.peer_id)) {
				let is_connected = |mixnode: &&Mixnode| self.connected.contains(&mixnode.peer_id);
				let connected = session.topology.reserved_peers().filter(is_connected).count();
				session.loops.set_connected(connected, session.topology.reserved_peers().count());
			}
		}
	}
}

/// Can a node run with what the chain has for this session? Says so in the log if not.
fn are_usable(session: SessionIndex, parameters: &Parameters) -> bool {
	let result = parameters.check();
	if let Err(error) = &result {
		log::error!(
			target: "mixnet",
			"The chain has parameters for session {session} that no mixnet can run with: {error}. This node goes on with its \
			 configured ones; if it was built for another version of the chain's runtime, upgrade it",
		);
	}
	result.is_ok()
}
