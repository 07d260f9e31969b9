//! What the drivers of a [`World`]'s nodes do: poll packets and events, handle them, and connect peers. And the checks
//! that follow.

use crate::{
	invariants,
	link::InFlight,
	log,
	node::{Core, Event, Held, Node, Ours},
	output::Output,
	world::{Answers, Asked, World},
};
use mixnet_node_core::{Parameters, PeerId};

impl<C: Core> World<C> {
	/// Does what a driver should do after each call: polls all that there is.
	pub fn settle(&mut self, node: usize) {
		while self.poll_event(node) {}
		while self.poll_transmit(node) {}
		while self.build_one(node) {
			while self.poll_transmit(node) {}
		}
		while self.poll_event(node) {}
		let timeout = self.nodes[node].mixnet.poll_timeout();
		self.note(node, Output::Timeout(timeout));
		self.check_node(node);
	}

	/// Builds one thing that a node's driver is to build, if its configuration says so. Returns whether there was one.
	pub fn build_one(&mut self, node: usize) -> bool {
		let now = self.now();
		self.nodes[node].mixnet.build_one(now)
	}

	/// Polls a node for a packet, and sends it. Returns whether there was one.
	pub fn poll_transmit(&mut self, node: usize) -> bool {
		let now = self.now();
		let Node { mixnet, counters, connected, peer_id, .. } = &mut self.nodes[node];
		let Some(packet) = mixnet.poll_transmit() else { return false };
		counters.transmitted += 1;
		counters.is_polled_out = false;
		assert_ne!(packet.peer_id, *peer_id, "node {node} sends a packet to itself");
		let is_connected = !self.connects || connected.contains(&packet.peer_id);
		self.unconnected += u64::from(!is_connected);
		let (from, sessions) = (*peer_id, mixnet.sessions());
		self.note(node, Output::Packet(&packet));
		let packet = InFlight { from, to: packet.peer_id, packet: packet.packet, sessions };
		self.links.send(now, packet, is_connected);
		true
	}

	/// Polls a node for an event, and handles it. Returns whether there was one.
	pub fn poll_event(&mut self, node: usize) -> bool {
		let Some(event) = self.nodes[node].mixnet.poll_event() else {
			self.nodes[node].counters.is_polled_out = true;
			return false;
		};
		self.note(node, Output::Event(&event));
		self.handle_event(node, event);
		true
	}

	fn handle_event(&mut self, node: usize, event: Event<C::ReplyTo>) {
		let now = self.now();
		match event {
			Event::ReservedPeersChanged => {
				invariants::reserved_peers(&self.nodes[node]);
				if self.connects {
					self.connect();
				}
			},
			Event::Request { message_id, data, reply_to } => {
				let Node { counters, received, .. } = &mut self.nodes[node];
				self.expected.came(node, message_id, &data, !counters.forgets);
				*received.entry(data.clone()).or_default() += 1;
				let held = Held { node, message_id, data, reply_to };
				match self.answers {
					Answers::Hold => self.held.push(held),
					Answers::Never => self.abandon(node, held),
					Answers::With(answer) => {
						let session = C::session_of(&held.reply_to);
						let reply = answer(Asked { node, session, data: &held.data });
						let _ = self.reply(node, held, reply); // Its session may take no replies any more.
					},
				}
			},
			Event::Answered { id, data, round_trip } => {
				self.expected.answered(node, now, id, &data, round_trip);
				self.nodes[node].answered.insert(id, data);
			},
			Event::Failed { id, error, sent } => {
				self.expected.ended(node, id);
				let Node { mixnet, failed, .. } = &mut self.nodes[node];
				let has_sent = |mixnet: &Ours| mixnet.statistics().requests_authored > 0;
				assert!(!sent || mixnet.ours().is_none_or(has_sent), "node {node} sent nothing and says it did");
				failed.insert(id, error.to_string());
			},
			Event::LoopAlarm { alarm, .. } => {
				invariants::loop_alarm(&self.nodes[node], &alarm);
				self.alarms.push((now, node, alarm));
			},
			Event::SessionChanged(_) | Event::Resting { .. } => (),
		}
	}

	/// Connects whoever wants to be connected, and disconnects the others.
	fn connect(&mut self) {
		let wanted: Vec<_> = self.nodes.iter().map(|node| node.mixnet.reserved_peers()).collect();
		for a in 0..self.nodes.len() {
			for b in 0..self.nodes.len() {
				let (id_a, id_b) = (self.nodes[a].peer_id, self.nodes[b].peer_id);
				let connected = wanted[a].contains(&id_b) || wanted[b].contains(&id_a);
				if connected != self.nodes[a].connected.contains(&id_b) {
					self.set_connected(a, id_b, connected);
				}
			}
		}
	}

	/// Connects or disconnects a peer, from this node's side. The node's driver does not poll it yet.
	pub fn set_connected(&mut self, node: usize, peer_id: PeerId, is_connected: bool) {
		let now = self.now();
		let Node { mixnet, counters, connected, .. } = &mut self.nodes[node];
		counters.is_polled_out = false;
		match is_connected {
			true => connected.insert(peer_id),
			false => connected.remove(&peer_id),
		};
		mixnet.set_connected(now, peer_id, is_connected);
	}

	// --- Checks

	pub(crate) fn note(&mut self, node: usize, output: Output<C::ReplyTo>) {
		let now = self.now();
		self.digest.note(now, node, &output);
		if let Some(observer) = &mut self.observer {
			observer(now, node, output);
		}
	}

	/// Checks all that is quickly checked of a node.
	pub fn check_node(&mut self, node: usize) {
		let pending = self.expected.pending(node).count() as u64;
		invariants::check(&mut self.nodes[node], pending);
		if !self.may_log_errors {
			log::assert_no_errors();
		}
	}

	/// Checks everything.
	pub fn check(&mut self) {
		self.links.check();
		for node in 0..self.nodes.len() {
			self.check_node(node);
			invariants::loops_are_accounted_for(&self.nodes[node]);
		}
	}

	/// A node was told these parameters of some session.
	pub fn note_parameters(&mut self, node: usize, parameters: &Parameters) {
		self.nodes[node].counters.note_parameters(parameters);
	}

	/// The longest forward queue, and the largest share of loop cover, that a node was told of.
	pub fn most(&self, node: usize) -> Parameters {
		self.nodes[node].counters.most
	}
}
