//! Gateways: a user's are replaced if they are missing for too long. (docs/gateways.md)

use super::Mixnet;
use crate::{session::Slot, PeerId, RelativeSession, Time};
use alloc::{collections::BTreeSet, vec::Vec};
use rand_core::{CryptoRng, RngCore};

impl<R: RngCore + CryptoRng> Mixnet<R> {
	/// A connected peer does not take what is sent to it, or does not respond. From now on a user sends nothing by it, and
	/// replaces it if it stays so, as it does if it is disconnected. Mixnodes drop no mixnode, and send on.
	pub fn peer_silent(&mut self, now: Time, peer_id: PeerId) {
		self.advance(now);
		if self.connected.contains(&peer_id) {
			self.gateways.silent(peer_id);
			self.refresh_gateways();
		}
	}

	/// The peers that must respond, or others take their places: the gateways of sessions in which we are a user. The driver
	/// should find out whether they do, and call [`peer_silent`](Self::peer_silent) and
	/// [`peer_connected`](Self::peer_connected).
	pub fn gateways(&self) -> Vec<PeerId> {
		let users = self.sessions.iter().map(|session| &session.topology).filter(|topology| !topology.is_mixnode());
		let peers: BTreeSet<_> =
			users.flat_map(|topology| topology.reserved_peers()).map(|mixnode| mixnode.peer_id).collect();
		peers.into_iter().collect()
	}

	/// The mixnodes that this node's gateways and their reserve were drawn from, in the order in which they were drawn. There
	/// are new ones among them only after [`set_session`](Self::set_session).
	///
	/// For a driver that starts this node anew under the same peer ID: give them to
	/// [`restore_gateways`](Self::restore_gateways). To draw anew would be to meet a corrupt gateway sooner (docs/gateways.md).
	/// They must not be kept for longer than the peer ID: they would tell which peer IDs were one node's.
	pub fn gateway_sample(&self) -> Vec<PeerId> {
		self.gateways.sample().copied().collect()
	}

	/// Takes back what [`gateway_sample`](Self::gateway_sample) has returned. Call this before the first
	/// [`set_session`](Self::set_session).
	pub fn restore_gateways(&mut self, sample: &[PeerId]) {
		self.gateways.restore(sample);
		self.set_current_gateways();
	}

	/// The current session's mixnodes may be others now.
	///
	/// Until its list is known, that of the session before counts. Otherwise what is known of who is missing would be
	/// forgotten whenever a session begins.
	pub(super) fn set_current_gateways(&mut self) {
		if matches!(self.sessions.slot(RelativeSession::Current), Some(Slot::Empty | Slot::KeyOnly(_))) {
			return self.refresh_gateways();
		}
		let current = self.sessions.session(RelativeSession::Current).map(|session| &session.topology);
		match current.filter(|topology| !topology.is_mixnode()) {
			Some(topology) => {
				let is_listed = |peer_id: &PeerId| topology.may_visit(peer_id);
				self.gateways.set_current(self.now, Some(&is_listed));
			},
			None => self.gateways.set_current(self.now, None),
		}
		self.refresh_gateways();
	}

	/// Sets gateways aside that were missing for too long, tells the sessions which are in use, and counts those that are live.
	pub(super) fn refresh_gateways(&mut self) {
		self.gateways.refresh(self.now, &self.connected);
		for (_, session) in self.sessions.iter_mut().filter(|(_, session)| !session.topology.is_mixnode()) {
			self.reserved_peers_changed |= session.topology.set_gateways(&self.gateways);
			// Those that are tried beside the others do not count: their places are filled, or there is nobody to fill them.
			let wanted = session.topology.reserved_peers().count().min(self.config.gateways);
			session.loops.set_connected(session.topology.connected_gateways(&self.connected).len(), wanted);
		}
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		Alarm, ChainSession, Config, Event, KxSecret, Mixnet, Mixnode, PeerId, RelativeSession, Role, SessionPhase,
		SessionStatus, Time,
	};
	use core::time::Duration;
	use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

	fn mixnode(number: u8) -> Mixnode {
		let kx_public = KxSecret::from_bytes([number; 32]).public();
		Mixnode { kx_public, peer_id: PeerId([number; 32]), external_addresses: Vec::new() }
	}

	/// The node with this number in a session of 20 mixnodes, to which all that it wants to be connected to is connected.
	fn node(number: u8) -> Mixnet<ChaChaRng> {
		let secret = KxSecret::from_bytes([number; 32]);
		let rng = ChaChaRng::seed_from_u64(3);
		let mut node = Mixnet::new(Config::default(), PeerId([number; 32]), rng, Some(secret)).unwrap();
		begin(&mut node, 0, 1..=20);
		node
	}

	fn begin(node: &mut Mixnet<ChaChaRng>, session: u32, numbers: impl Iterator<Item = u8>) {
		let status = SessionStatus { current_index: session, phase: SessionPhase::DisconnectFromPrev };
		node.set_status(node.now, status);
		node.set_session(node.now, ChainSession::new(session, Ok(numbers.map(mixnode).collect())));
		for peer in node.reserved_peers() {
			node.peer_connected(node.now, peer.peer_id);
		}
		while node.poll_event().is_some() {}
	}

	/// Runs the node for this long. Returns to whom it sends, and whether it wants others to be connected.
	fn run(node: &mut Mixnet<ChaChaRng>, time: Duration) -> (Vec<PeerId>, bool) {
		let end = node.now + time;
		let mut sent = Vec::new();
		while let Some(at) = node.poll_timeout().filter(|at| *at <= end) {
			node.handle_timeout(at);
			while let Some(packet) = node.poll_transmit() {
				sent.push(packet.peer_id);
			}
		}
		node.handle_timeout(end);
		let mut changed = false;
		while let Some(event) = node.poll_event() {
			changed |= matches!(event, Event::ReservedPeersChanged);
		}
		(sent, changed)
	}

	#[test]
	fn a_user_sends_nothing_by_a_silent_gateway_and_replaces_it() {
		let mut user = node(100);
		let gateways = user.gateways();
		let (sent, changed) = run(&mut user, Duration::from_secs(120));
		assert!(gateways.iter().all(|gateway| sent.contains(gateway)) && !changed);
		let silent = gateways[1];
		user.peer_silent(user.now, silent);
		let (sent, changed) = run(&mut user, Duration::from_secs(240));
		assert!(sent.len() > 100 && !sent.contains(&silent));
		assert!(!changed && user.gateways() == gateways);
		// It does not respond for five minutes in all.
		let (_, changed) = run(&mut user, Duration::from_secs(60));
		assert!(changed && user.gateways().len() == 3 && !user.gateways().contains(&silent));
		assert_eq!(user.statistics().gateways_replaced, 1);
		// Unlike one that responds again.
		let slow = user.gateways()[0];
		for gateway in user.gateways() {
			user.peer_connected(user.now, gateway);
		}
		user.peer_silent(user.now, slow);
		run(&mut user, Duration::from_secs(240));
		user.peer_connected(user.now, slow);
		let (sent, _) = run(&mut user, Duration::from_secs(400));
		assert!(sent.contains(&slow) && user.gateways().contains(&slow));
	}

	#[test]
	fn short_sessions_do_not_hide_that_a_gateway_is_gone() {
		let mut user = node(100);
		let gone = user.gateways()[1];
		for session in 1..4 {
			assert_eq!(user.statistics().gateways_replaced, 0);
			user.peer_disconnected(user.now, gone);
			run(&mut user, Duration::from_secs(110));
			begin(&mut user, session, 1..=20);
		}
		assert_eq!(user.statistics().gateways_replaced, 1);
		assert!(!user.gateways().contains(&gone));
	}

	#[test]
	fn requests_that_wait_for_a_silent_gateway_do_not_leave_by_it() {
		let mut user = node(100);
		for _ in 0..10 {
			user.post_request(user.now, vec![1], 1, crate::HandlingDelay::Extrinsic).unwrap();
		}
		let silent = user.gateways()[0];
		user.peer_silent(user.now, silent);
		let (sent, _) = run(&mut user, Duration::from_secs(100));
		assert!(sent.len() > 50 && !sent.contains(&silent));
	}

	#[test]
	fn silent_gateways_do_not_count_as_connected() {
		let alarms = |node: &mut Mixnet<ChaChaRng>, time| {
			run(node, Duration::ZERO);
			let end = node.now + time;
			let mut alarms = Vec::new();
			while let Some(at) = node.poll_timeout().filter(|at| *at <= end) {
				node.handle_timeout(at);
				while node.poll_transmit().is_some() {}
				let events = core::iter::from_fn(|| node.poll_event()).filter_map(|event| match event {
					Event::LoopAlarm { alarm: Alarm::Disconnected { connected, wanted }, .. } => {
						Some((connected, wanted))
					},
					_ => None,
				});
				alarms.extend(events);
			}
			alarms
		};
		let mut user = node(100);
		let gateways = user.gateways();
		assert_eq!(alarms(&mut user, Duration::from_secs(300)), []);
		user.peer_silent(user.now, gateways[0]);
		assert_eq!(alarms(&mut user, Duration::from_secs(200)), [], "two are enough");
		user.peer_silent(user.now, gateways[1]);
		assert_eq!(alarms(&mut user, Duration::from_secs(90)), []);
		assert_eq!(alarms(&mut user, Duration::from_secs(60)), [(1, 3)]);
		// Those that take their places are connected. The others are tried beside them now and then, and do not count.
		let connect = |user: &mut Mixnet<ChaChaRng>| {
			for peer in user.gateways().into_iter().filter(|peer| !gateways[..2].contains(peer)) {
				user.peer_connected(user.now, peer);
			}
		};
		let mut tried = 0;
		for _ in 0..100 {
			connect(&mut user);
			assert_eq!(alarms(&mut user, Duration::from_secs(60)), []);
			connect(&mut user);
			if user.statistics().gateways_replaced == 2 {
				let session = user.sessions.session(RelativeSession::Current).unwrap();
				assert_eq!(session.loops.connected(), (3, 3));
				tried += usize::from(user.gateways().len() > 3);
			}
		}
		assert!(tried > 0);
		assert_eq!(user.statistics().gateways_replaced, 2);
	}

	#[test]
	fn a_suspension_is_no_evidence_against_gateways() {
		let mut user = node(100);
		let gateways = user.gateways();
		run(&mut user, Duration::from_secs(60));
		user.peer_disconnected(user.now, gateways[0]);
		run(&mut user, Duration::from_secs(60));
		let awake = user.now + Duration::from_secs(3600);
		user.handle_suspend(awake);
		for gateway in &gateways {
			user.peer_disconnected(awake, *gateway);
		}
		run(&mut user, Duration::from_secs(170));
		assert_eq!((user.gateways(), user.statistics().gateways_replaced), (gateways, 0));
		run(&mut user, Duration::from_secs(20));
		assert_eq!(user.statistics().gateways_replaced, 1, "it is awake for three minutes");
	}

	#[test]
	fn a_node_that_is_started_anew_keeps_its_gateways() {
		let before = node(100);
		let status = SessionStatus { current_index: 5, phase: SessionPhase::DisconnectFromPrev };
		let mut after =
			Mixnet::new(Config::default(), before.local_peer_id, ChaChaRng::seed_from_u64(4), None).unwrap();
		after.restore_gateways(&before.gateway_sample());
		after.set_status(Time::ZERO, status);
		after.set_session(Time::ZERO, ChainSession::new(5, Ok((1..=20).map(mixnode).collect())));
		assert_eq!((after.gateways(), after.gateway_sample()), (before.gateways(), before.gateway_sample()));
	}

	/// There is nobody to be connected to, and so nobody is missing.
	#[test]
	fn nobody_is_replaced_while_the_mixnet_rests() {
		let mut user = node(100);
		let gateways = user.gateways();
		user.give_up_sessions(user.now);
		for gateway in &gateways {
			user.peer_disconnected(user.now, *gateway);
		}
		run(&mut user, Duration::from_secs(1));
		assert_eq!(user.poll_timeout(), None);
		run(&mut user, Duration::from_secs(3600));
		begin(&mut user, 1, 1..=20);
		assert_eq!((user.gateways(), user.statistics().gateways_replaced), (gateways, 0));
	}

	#[test]
	fn mixnodes_never_drop_mixnodes() {
		let mut mixnode = node(7);
		assert!(matches!(mixnode.role(RelativeSession::Current), Role::Mixnode(_)));
		assert!(mixnode.gateways().is_empty());
		let all = mixnode.reserved_peers();
		assert_eq!(all.len(), 19);
		for peer in &all {
			mixnode.peer_silent(mixnode.now, peer.peer_id);
		}
		for peer in &all[..10] {
			mixnode.peer_disconnected(mixnode.now, peer.peer_id);
		}
		let (sent, changed) = run(&mut mixnode, Duration::from_secs(400));
		assert!(!changed && mixnode.reserved_peers() == all);
		assert!(all.iter().all(|peer| sent.contains(&peer.peer_id)));
		assert_eq!(mixnode.statistics().gateways_replaced, 0);
	}

	#[test]
	fn a_user_keeps_its_gateways_in_the_next_session_and_after_one_as_a_mixnode() {
		let mut user = node(100);
		let gateways = user.gateways();
		begin(&mut user, 1, 1..=20);
		assert_eq!(user.gateways(), gateways);
		let number = 101;
		let (session, kx_public) = user.next_kx_public();
		let own = Mixnode { kx_public, peer_id: user.local_peer_id, external_addresses: Vec::new() };
		let status = SessionStatus { current_index: session, phase: SessionPhase::DisconnectFromPrev };
		user.set_status(Time::ZERO, status);
		user.set_session(Time::ZERO, ChainSession::new(session, Ok((1..=20).map(mixnode).chain([own]).collect())));
		assert_eq!((user.gateways(), user.reserved_peers().len()), (vec![], 20));
		begin(&mut user, session + 1, (1..=20).chain([number]));
		assert_eq!(user.gateways(), gateways);
	}
}
