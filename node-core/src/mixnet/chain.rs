//! What the chain says: sessions, mixnodes, keys. And who is connected.

use super::{Event, Mixnet};
use crate::{
	loops::{LoopMonitor, LoopReport},
	parameters::InUnits,
	replay::ReplayFilter,
	session::{DisabledReason, KeyPair, Session, Slot},
	statistics::DropReason,
	topology::Topology,
	traffic::{AuthoredQueue, CoverStock, PoissonClock},
	KxPublic, KxSecret, Mixnode, MixnodeIndex, MixnodesError, Parameters, PeerId, PossessionProof, RelativeSession,
	SessionIndex, SessionStatus, Time,
};
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use rand_core::{CryptoRng, RngCore};

/// What we are in a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
	/// Not known: the session is not live, or its mixnodes are not known yet.
	Unknown,
	/// Nothing: the mixnet rests in that session, or we take no part in it.
	Resting,
	/// This one of its mixnodes.
	Mixnode(MixnodeIndex),
	/// Not one of its mixnodes: we send requests, and cover.
	NonMixnode,
}

/// A peer to stay connected to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReservedPeer {
	/// Who.
	pub peer_id: PeerId,
	/// Where it says it is: multiaddrs as text, unchecked.
	pub external_addresses: Vec<Vec<u8>>,
}

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// The current session and its phase; `None` before the first [`set_session_status`](Self::set_session_status).
	pub fn session_status(&self) -> Option<SessionStatus> {
		self.sessions.status()
	}

	/// Tells the session status at the latest finalised block. Afterwards, ask for
	/// [`wanted_mixnodes`](Self::wanted_mixnodes).
	///
	/// Sessions may be skipped, and phases may come in any order: what belongs to no live session is destroyed, and
	/// requests on their way through a session that takes none any more start anew in another.
	pub fn set_session_status(&mut self, now: Time, status: SessionStatus) {
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
		// Where the chain started over, no session is what it was, even if one has the same index.
		let is_same = sessions.generation() == generation;
		let ended = self.forward_queue.retain_sessions(|index| is_same && sessions.relative(index).is_some());
		self.statistics.count_drops(DropReason::ForwardSessionEnded, ended as u64);
		self.pending.leave_sessions(&mut self.rng, |index| {
			is_same && sessions.relative(index).is_some_and(|relative| sessions.allows_requests(relative))
		});

		self.set_traffic();
		self.reserved_peers_changed = true;
		self.events.push_back(Event::SessionChanged(status));
		log::debug!(target: "mixnet", "Now in {status}");
		self.post_pending();
	}

	/// The live sessions whose mixnodes are not known: ask the chain, and tell with
	/// [`set_mixnodes`](Self::set_mixnodes). Where asking fails, ask again at the next block.
	pub fn wanted_mixnodes(&self) -> Vec<RelativeSession> {
		RelativeSession::BOTH
			.into_iter()
			.filter(|relative| self.sessions.slot(*relative).is_some_and(Slot::wants_mixnodes))
			.collect()
	}

	/// Tells the parameters of `session`, as the chain has them. Returns whether the session runs with them.
	///
	/// To be told when the session is live and before its mixnodes are; else it runs with the configured ones
	/// ([`Config::parameters`](crate::Config::parameters)). Of what is told twice the later counts. What is told when the
	/// mixnodes are known already is ignored: a session's parameters never change, and packets are on their way that were
	/// built by them. The same holds for a session that is not live, or rests.
	///
	/// Parameters that [`Parameters::check`] does not like are refused, as they are by all nodes: the session runs with
	/// what was told of it before, or with the configured ones.
	pub fn set_parameters(&mut self, session: SessionIndex, parameters: Parameters) -> bool {
		if let Err(error) = parameters.check() {
			log::error!(
				target: "mixnet",
				"The chain has parameters for session {session} that no mixnet can run with: {error}. This node goes on with \
				 those that it had; if it was built for another version of the chain's runtime, upgrade it",
			);
			return false;
		}
		let is_taken = self.sessions.set_parameters(session, parameters);
		if !is_taken && self.parameters_of(session).is_some_and(|others| others != parameters) {
			log::warn!(
				target: "mixnet",
				"Session {session} runs with other parameters than the chain has for it, which came too late",
			);
		}
		is_taken || self.parameters_of(session) == Some(parameters)
	}

	/// The parameters that a live session runs with; `None` before its mixnodes are known, and if we take no part in it.
	pub fn parameters(&self, relative: RelativeSession) -> Option<Parameters> {
		self.sessions.session(relative).map(|session| session.parameters)
	}

	fn parameters_of(&self, session: SessionIndex) -> Option<Parameters> {
		self.sessions.relative(session).and_then(|relative| self.parameters(relative))
	}

	/// Tells the mixnodes of `session`, or why there are none. Ignored if the session is not live or its mixnodes are
	/// known: they never change.
	pub fn set_mixnodes(&mut self, now: Time, session: SessionIndex, mixnodes: Result<Vec<Mixnode>, MixnodesError>) {
		self.advance(now);
		let Some(slot) = self.sessions.relative(session).and_then(|relative| self.sessions.slot_mut(relative)) else {
			return;
		};
		if !slot.wants_mixnodes() {
			return;
		}
		let keys = match core::mem::replace(slot, Slot::Empty) {
			Slot::KeyOnly(keys) => keys,
			_ => KxSecret::random(&mut self.rng).into(),
		};
		match self.new_session(session, keys, mixnodes) {
			Ok(new) => {
				self.put_slot(session, Slot::Full(Box::new(new)));
				self.set_traffic();
				self.reserved_peers_changed = true;
			},
			Err(reason) => {
				log::warn!(target: "mixnet", "The mixnet rests in session {session}: {reason}");
				self.put_slot(session, Slot::Disabled(reason.clone()));
				self.events.push_back(Event::SessionDisabled { session, reason });
			},
		}
		self.post_pending();
	}

	fn new_session(
		&mut self,
		index: SessionIndex,
		keys: KeyPair,
		mixnodes: Result<Vec<Mixnode>, MixnodesError>,
	) -> Result<Session, DisabledReason> {
		let mixnodes = mixnodes.map_err(DisabledReason::Mixnodes)?;
		let topology = Topology::new(&mut self.rng, mixnodes, self.local_peer_id, keys.public, self.config.gateways)?;
		let is_mixnode = topology.is_mixnode();
		if !is_mixnode && !self.config.non_mixnode {
			return Err(DisabledReason::NotMixnode);
		}
		let parameters = self.sessions.parameters(index).unwrap_or(self.config.parameters);
		Ok(Session {
			index,
			keys,
			parameters,
			loops: LoopMonitor::new(&self.config, &parameters, is_mixnode, topology.len()),
			topology,
			replay: ReplayFilter::new(&mut self.rng, self.config.replay_filter_bytes),
			clock: PoissonClock::default(),
			authored: AuthoredQueue::new(parameters.authoring(is_mixnode).queue_capacity, is_mixnode),
			cover: CoverStock::default(),
		})
	}

	fn put_slot(&mut self, index: SessionIndex, slot: Slot) {
		if let Some(old) = self.sessions.relative(index).and_then(|relative| self.sessions.slot_mut(relative)) {
			*old = slot;
		}
	}

	/// Lets each session's clock run at the rate that the phase wants: half while the previous session is needed, even
	/// if we take part in one of the two only. And has the forward queue hold what the more generous of the sessions lets
	/// it: a packet must not be dropped for the parameters of a session that it is not of.
	fn set_traffic(&mut self) {
		let capacity = self.sessions.iter().map(|session| session.parameters.forward_queue_capacity).max();
		let capacity = capacity.unwrap_or(self.config.parameters.forward_queue_capacity);
		self.forward_queue.set_capacity(capacity as usize);
		let Some(SessionStatus { phase, .. }) = self.sessions.status() else { return };
		for (relative, session) in self.sessions.iter_mut() {
			let mean = session.authoring().mean_period.saturating_mul(phase.period_factor());
			session.clock.set_mean(self.now, phase.allows_cover(relative).then_some(mean), &mut self.rng);
		}
	}

	/// Request and reply packets waiting, in all sessions.
	fn authored_len(&self) -> usize {
		self.sessions.iter().map(|session| session.authored.len()).sum()
	}

	/// What we are in this session.
	pub fn role(&self, relative: RelativeSession) -> Role {
		match self.sessions.slot(relative) {
			None | Some(Slot::Empty | Slot::KeyOnly(_)) => Role::Unknown,
			Some(Slot::Disabled(_)) => Role::Resting,
			Some(Slot::Full(session)) => session.topology.local_index().map_or(Role::NonMixnode, Role::Mixnode),
		}
	}

	/// What our loop cover shows of a session: losses, and whose they are; `None` if we take no part in it.
	pub fn loop_report(&self, relative: RelativeSession) -> Option<LoopReport> {
		let session = self.sessions.session(relative)?;
		Some(session.loops.report(session.index, &session.topology))
	}

	/// The next session's index, and our key for it: to be registered on chain. Made on the first call in each session,
	/// and the same until that session begins. (Before the first status, session 0 is taken to be the current one.)
	pub fn next_kx_public(&mut self) -> (SessionIndex, KxPublic) {
		self.sessions.next_public(&mut self.rng)
	}

	/// As [`next_kx_public`](Self::next_kx_public), but the secret: for a durable key store.
	pub fn next_kx_secret(&mut self) -> (SessionIndex, &KxSecret) {
		let (index, keys) = self.sessions.next_keys(&mut self.rng);
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

	/// Takes back a stored secret, after a restart. Returns whether it was taken: not if `session` is over, has a key or
	/// its mixnodes already, or is neither live nor the next one.
	///
	/// Restore none under which packets may have been accepted: what they were is forgotten, so they could be replayed.
	pub fn restore_kx_secret(&mut self, session: SessionIndex, secret: KxSecret) -> bool {
		self.sessions.restore_key(session, secret)
	}

	/// The peers to stay connected to, of all live sessions: each once, ourselves never, in the order of their IDs.
	pub fn reserved_peers(&self) -> Vec<ReservedPeer> {
		// The current session's addresses are the newer ones: they come last, and count.
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

	/// A peer was connected. Of interest are the reserved ones; others do no harm.
	pub fn peer_connected(&mut self, now: Time, peer_id: PeerId) {
		self.advance(now);
		self.connected.insert(peer_id);
		self.post_pending();
	}

	/// A peer was disconnected.
	pub fn peer_disconnected(&mut self, now: Time, peer_id: PeerId) {
		self.advance(now);
		self.connected.remove(&peer_id);
	}
}
