//! The two live sessions, and the keys of sessions to come.

use super::{KeyPair, LiveKey, Session, SessionId, Slot};
use crate::{
	bytes::{sum, tree, POINTER},
	sphinx::Backend,
	KxPublic, KxSecret, RelativeSession, SessionIndex, SessionStatus,
};
use alloc::{collections::BTreeMap, sync::Arc};
use rand_core::{CryptoRng, RngCore};

/// The live sessions' slots, and keys for sessions that are not live yet.
pub(crate) struct Sessions {
	/// `None` until the chain's status was told for the first time.
	status: Option<SessionStatus>,
	/// The number of times that the chain started over.
	generation: u64,
	/// `None` if there is none, or if it is over.
	previous: Option<Slot>,
	/// `None` exactly while `status` is `None`.
	current: Option<Slot>,
	/// Keys for sessions without a slot. Once the status is known, only the next session's key is here.
	future_keys: BTreeMap<SessionIndex, KeyPair>,
}

impl Sessions {
	/// The most bytes of heap of two sessions without what their parts take, and of the keys for the next session.
	pub fn max_bytes() -> usize {
		// With the counts of those who share it.
		let secret = 32 + 3 * POINTER;
		sum([2 * (size_of::<Session>() + secret), tree(1, size_of::<(SessionIndex, KeyPair)>()), secret])
	}

	/// `session_0_secret` is the key for session 0, for which nobody can register: for tests and new chains.
	pub fn new(backend: Backend, session_0_secret: Option<KxSecret>) -> Self {
		let future_keys = session_0_secret.into_iter().map(|secret| (0, KeyPair::new(backend, secret))).collect();
		Self { status: None, generation: 0, previous: None, current: None, future_keys }
	}

	pub fn status(&self) -> Option<SessionStatus> {
		self.status
	}

	/// Grows whenever the chain starts over. Sessions of different generations have nothing in common, whatever their
	/// indices.
	pub fn generation(&self) -> u64 {
		self.generation
	}

	/// Moves to `status`. Slots follow their sessions by index, and sessions without a slot are destroyed. Returns whether
	/// anything changed.
	///
	/// Sessions may be skipped. The new slots are then empty, or hold a key if one was made in time. Phases may come in any
	/// order, but a previous session that is over stays over. If the current index steps back, it is another chain, or the
	/// chain started over: everything is forgotten, above all the keys.
	pub fn set_status(&mut self, status: SessionStatus) -> bool {
		let old = self.status.replace(status);
		if old == Some(status) {
			return false;
		}
		match old {
			Some(old) if status.current_index < old.current_index => {
				log::warn!(target: "mixnet", "The current session stepped back, from {old} to {status}");
				self.generation += 1;
				self.future_keys.clear();
				self.begin_both(status);
			},
			Some(old) if status.current_index == old.current_index => (),
			Some(old) if status.current_index - old.current_index == 1 => {
				let next = Slot::new(self.future_keys.remove(&status.current_index));
				self.previous = self.current.replace(next);
			},
			_ => self.begin_both(status),
		}
		if !status.phase.needs_previous() {
			self.previous = None;
		}
		self.future_keys.retain(|index, _| status.current_index.checked_add(1) == Some(*index));
		true
	}

	fn begin_both(&mut self, status: SessionStatus) {
		self.previous = RelativeSession::Previous
			.index(status.current_index)
			.map(|index| Slot::new(self.future_keys.remove(&index)));
		self.current = Some(Slot::new(self.future_keys.remove(&status.current_index)));
	}

	/// The session that keys are made for: the one after the current. Before the first status, session 0 is taken to be the
	/// current one. (After the last index there is no session: that index is returned, and its keys are never used.)
	fn next_index(&self) -> SessionIndex {
		self.status.map_or(1, |status| status.current_index.saturating_add(1))
	}

	/// The key pair for the next session, made on the first call.
	pub fn next_keys<R: RngCore + CryptoRng>(&mut self, backend: Backend, rng: &mut R) -> (SessionIndex, &KeyPair) {
		let index = self.next_index();
		let keys = self.future_keys.entry(index).or_insert_with(|| KeyPair::new(backend, KxSecret::random(rng)));
		(index, keys)
	}

	/// The key pair for a session that is not live yet. `None` if there is none, or none any more.
	pub fn future_keys(&self, index: SessionIndex) -> Option<&KeyPair> {
		self.future_keys.get(&index)
	}

	/// Takes a key for a session that has none yet and whose mixnodes are not known. Returns whether it was taken.
	pub fn restore_key(&mut self, backend: Backend, index: SessionIndex, secret: KxSecret) -> bool {
		let slot = match self.status.map(|status| RelativeSession::of(index, status.current_index)) {
			Some(Some(relative)) => self.slot_mut(relative),
			Some(None) if index != self.next_index() => return false,
			_ => {
				// The session is not live yet.
				let free = !self.future_keys.contains_key(&index);
				if free {
					self.future_keys.insert(index, KeyPair::new(backend, secret));
				}
				return free;
			},
		};
		match slot {
			Some(slot @ Slot::Empty) => {
				*slot = Slot::KeyOnly(KeyPair::new(backend, secret));
				true
			},
			_ => false,
		}
	}

	pub fn slot(&self, relative: RelativeSession) -> Option<&Slot> {
		match relative {
			RelativeSession::Previous => self.previous.as_ref(),
			RelativeSession::Current => self.current.as_ref(),
		}
	}

	pub fn slot_mut(&mut self, relative: RelativeSession) -> Option<&mut Slot> {
		match relative {
			RelativeSession::Previous => self.previous.as_mut(),
			RelativeSession::Current => self.current.as_mut(),
		}
	}

	/// Whether the session `index` is the current or the previous one now. `None` if it is not live.
	pub fn relative(&self, index: SessionIndex) -> Option<RelativeSession> {
		let relative = RelativeSession::of(index, self.status?.current_index)?;
		self.slot(relative).map(|_| relative)
	}

	pub fn session(&self, relative: RelativeSession) -> Option<&Session> {
		self.slot(relative).and_then(Slot::session)
	}

	pub fn session_mut(&mut self, relative: RelativeSession) -> Option<&mut Session> {
		self.slot_mut(relative).and_then(Slot::session_mut)
	}

	/// The sessions in which we take part, the older one first.
	pub fn iter(&self) -> impl Iterator<Item = &Session> {
		[&self.previous, &self.current].into_iter().filter_map(|slot| slot.as_ref()?.session())
	}

	/// As [`Self::iter`], with whether each is the current or the previous one.
	pub fn iter_mut(&mut self) -> impl Iterator<Item = (RelativeSession, &mut Session)> {
		[(RelativeSession::Previous, &mut self.previous), (RelativeSession::Current, &mut self.current)]
			.into_iter()
			.filter_map(|(relative, slot)| Some((relative, slot.as_mut()?.session_mut()?)))
	}

	/// May requests and replies be sent in this session in the present phase?
	pub fn allows_requests(&self, relative: RelativeSession) -> bool {
		self.status.is_some_and(|status| status.phase.allows_requests(relative))
	}

	/// The keys of the sessions in which we take part. The current one comes first: it has most of the traffic.
	pub fn live_keys(&self) -> [Option<LiveKey>; 2] {
		[RelativeSession::Current, RelativeSession::Previous].map(|relative| {
			let session = self.session(relative)?;
			let session_id = self.id(relative)?;
			Some(LiveKey { session: session_id, secret: Arc::downgrade(&session.keys.secret) })
		})
	}

	/// Identifies a live session in which we take part.
	pub fn id(&self, relative: RelativeSession) -> Option<SessionId> {
		Some(SessionId { generation: self.generation, index: self.session(relative)?.index })
	}

	/// Whether the session `id` is the current or the previous one now. `None` if it is not live, or if the chain started
	/// over since.
	pub fn relative_of(&self, id: SessionId) -> Option<RelativeSession> {
		self.relative(id.index).filter(|_| id.generation == self.generation)
	}

	/// The public key for the next session, made on the first call.
	pub fn next_public<R: RngCore + CryptoRng>(&mut self, backend: Backend, rng: &mut R) -> (SessionIndex, KxPublic) {
		let (index, keys) = self.next_keys(backend, rng);
		(index, keys.public)
	}
}
