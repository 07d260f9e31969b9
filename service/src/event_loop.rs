//! The event loop: owns the core, tells it what happens, and does what it says.
//!
//! It passes on what others made and does nothing itself that takes long. Threads unwrap packets
//! ([`workers`](crate::workers)), tasks work at others' requests ([`server`](crate::requests::server)), callers read
//! their answers ([`Handle::ask`](crate::handle::Handle::ask)), and whoever wants to show the state gets a
//! [`Snapshot`].

#[cfg(test)]
mod tests;

use crate::{
	chain::{follower::Update, registrar::NextKey},
	clock::Clock,
	config::Config,
	handle::Command,
	log_target::LOG_TARGET,
	network::{
		inbound::{Inbound, InboundReceiver},
		limits::Roles,
		peer_control::PeerControl,
		peer_id::{to_mixnet_peer_id, to_network_peer_id},
		peers::Peers,
		reachability::asker::Reachability,
		reserving::Reserving,
		watch::{self as watching, Watch, Watched},
	},
	requests::{
		ask::NoAnswer,
		asking::{Asking, Outcome},
		server::{Server, Taken},
		wrong_answers::WrongAnswers,
	},
	secret_file::SecretFile,
	snapshot::{SessionSnapshot, Snapshot},
	workers::{Ready, WorkerDied, Workers},
};
use futures::FutureExt;
use mixnet_node_core::{Event, Mixnet, Packet, ReplyTo, RequestId, ReservedPeer, Role, Time, MAX_BATCH};
use mixnet_primitives::{PeerId, RelativeSession, SessionIndex};
use rand_core::{CryptoRng, RngCore};
use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};
use tokio::{
	sync::{mpsc, watch, Notify, OwnedMutexGuard},
	time::{sleep_until, Instant},
};

/// What the event loop is made of.
pub struct EventLoopParts<R> {
	pub(crate) config: Config,
	pub(crate) core: Mixnet<R>,
	pub(crate) server: Server,
	pub(crate) peer_control: Arc<dyn PeerControl>,
	pub(crate) inbound: InboundReceiver,
	pub(crate) workers: Workers,
	pub(crate) commands: OwnedMutexGuard<mpsc::Receiver<Command>>,
	pub(crate) gateways: OwnedMutexGuard<Vec<PeerId>>,
	pub(crate) hung_up: Arc<Notify>,
	pub(crate) updates: mpsc::Receiver<Update>,
	pub(crate) next_key: watch::Sender<Option<NextKey>>,
	pub(crate) reachability: watch::Receiver<Reachability>,
	pub(crate) restarts: u64,
}

/// Why a run of the service ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
	/// The network has stopped.
	#[error("the network has stopped")]
	Network,
	/// The follower has ended: without it, sessions would never change.
	#[error("the chain is no longer followed")]
	Chain,
	/// A thread that unwraps packets has died.
	#[error("{0}")]
	Worker(#[from] WorkerDied),
	/// A task has panicked.
	#[error("its task {task} has panicked: {words}")]
	Panic {
		/// The task's name.
		task: &'static str,
		/// What the panic said.
		words: String,
	},
	/// It could not be started.
	#[error("it cannot be started: {0}")]
	NotStarted(String),
}

impl Ended {
	/// Is that a fault of ours? Otherwise the node stops.
	pub fn is_failure(&self) -> bool {
		!matches!(self, Self::Network | Self::Chain)
	}
}

/// Owns the core. Everything else talks to it by channels.
pub struct EventLoop<R> {
	clock: Clock,
	/// When the chain last told something.
	heard: Time,
	/// How long it may tell nothing.
	max_silence: Duration,
	/// Are there sessions that would have to be given up if it does not?
	has_sessions: bool,
	core: Mixnet<R>,
	peers: Peers,
	watch: Watch,
	server: Server,
	/// This node's requests.
	asking: Asking,
	/// What mixnodes have answered to them.
	answers: WrongAnswers,
	reserving: Reserving,
	inbound: InboundReceiver,
	workers: Workers,
	commands: OwnedMutexGuard<mpsc::Receiver<Command>>,
	/// The core's sample of gateways, for the next run.
	gateways: OwnedMutexGuard<Vec<PeerId>>,
	/// Notified when a caller has hung up.
	hung_up: Arc<Notify>,
	updates: mpsc::Receiver<Update>,
	next_key: watch::Sender<Option<NextKey>>,
	/// Whether others can reach this node, for the snapshot.
	reachability: watch::Receiver<Reachability>,
	/// How often the service has failed before.
	restarts: u64,
	/// Where the secret for session 0 is, until the chain has told the session.
	session_0_secret: Option<SecretFile>,
	/// Packets handed to the peers' queues.
	sent: u64,
	/// Number of peers that the core wants to be connected to.
	reserved: usize,
}

impl<R: RngCore + CryptoRng> EventLoop<R> {
	/// An event loop over these parts; [`Self::run`] it.
	pub fn new(parts: EventLoopParts<R>) -> Self {
		let EventLoopParts {
			config,
			mut core,
			server,
			peer_control,
			inbound,
			workers,
			commands,
			gateways,
			hung_up,
			updates,
			next_key,
			reachability,
			restarts,
		} = parts;
		core.restore_gateways(&gateways);
		Self {
			clock: Clock::start(),
			heard: Time::ZERO,
			max_silence: config.max_silence,
			has_sessions: false,
			core,
			peers: Peers::new(config.peer_queue_capacity),
			watch: Watch::new(watching::INTERVAL),
			reserving: Reserving::new(peer_control, config.dialled),
			server,
			asking: Asking::new(config.max_waiting_requests),
			answers: WrongAnswers::default(),
			inbound,
			workers,
			commands,
			gateways,
			hung_up,
			updates,
			next_key,
			reachability,
			restarts,
			session_0_secret: config.session_0_secret,
			sent: 0,
			reserved: 0,
		}
	}

	/// Runs until a part that it cannot do without has ended; says which.
	pub async fn run(mut self) -> Ended {
		match self.run_until_ended().await {
			Ok(never) => match never {},
			Err(ended) => ended,
		}
	}

	async fn run_until_ended(&mut self) -> Result<Infallible, Ended> {
		loop {
			self.drain()?;
			let timeout = self.core.poll_timeout().and_then(|time| self.clock.instant(time));
			let asking_due = self.asking.next_due().and_then(|time| self.clock.instant(time));
			let request_due = self.server.next_due();
			let silence_ends = self.clock.instant(self.heard + self.max_silence).filter(|_| self.has_sessions);
			tokio::select! {
				// First comes what the network has room for, then what is due, then what is under way, then what is new.
				biased;
				peer = self.peers.run() => self.judge(peer),
				() = sleep_until_maybe(timeout) => {
					let now = self.now();
					self.core.handle_timeout(now);
				},
				ready = self.workers.next() => self.handle_ready(ready?)?,
				update = self.updates.recv() => self.handle_update(update.ok_or(Ended::Chain)?),
				(reply_to, answer) = self.server.next() => self.reply(reply_to, answer),
				() = sleep_until_maybe(request_due) => self.server.start_due(Instant::now()),
				watched = self.watch.next() => self.handle_watched(watched),
				event = self.inbound.next(), if self.workers.has_room() => {
					self.handle_inbound(event.ok_or(Ended::Network)?)?;
				},
				// If nobody holds a handle any more, no commands come; the node mixes all the same.
				Some(command) = self.commands.recv() => self.handle_command(command),
				() = self.hung_up.notified() => {
					let now = self.now();
					self.asking.cancel(&mut self.core, now);
				},
				() = sleep_until_maybe(asking_due) => {
					let now = self.now();
					self.asking.post(&mut self.core, now);
				},
				() = sleep_until_maybe(silence_ends) => self.end_silence(),
			}
		}
	}

	/// The time, for the core. If the machine was suspended, the core is told that first.
	fn now(&mut self) -> Time {
		let now = self.clock.now();
		if let Some(time) = self.clock.suspended() {
			log::warn!(target: LOG_TARGET, "This machine was suspended for about {} s", time.as_secs());
			self.core.handle_suspend(now);
		}
		now
	}

	/// The chain has told nothing for too long, so its sessions may be over.
	fn end_silence(&mut self) {
		let now = self.now();
		self.core.give_up_sessions(now);
		self.has_sessions = false;
	}

	/// Does everything that the core asks for, after each call that may have changed it.
	fn drain(&mut self) -> Result<(), WorkerDied> {
		loop {
			while let Some(packet) = self.core.poll_transmit() {
				self.sent += 1;
				self.peers.send(packet);
			}
			// That leaves now: what comes next takes longer if there is a request.
			while let Some(peer) = self.peers.run().now_or_never() {
				self.judge(peer);
			}
			if let Some(build) = self.core.poll_build() {
				self.workers.build(build)?;
			}
			match self.core.poll_event() {
				Some(event) => self.handle_event(event),
				None => return Ok(()),
			}
		}
	}

	/// Handles an event of the network, and all that have come meanwhile. The packets among them are unwrapped as one batch.
	fn handle_inbound(&mut self, event: Inbound) -> Result<(), WorkerDied> {
		let mut packets = Vec::from_iter(self.handle_one_inbound(event));
		for _ in 1..MAX_BATCH {
			let Some(event) = self.inbound.try_next() else { break };
			packets.extend(self.handle_one_inbound(event));
		}
		if packets.is_empty() {
			return Ok(());
		}
		self.workers.open(self.core.unwrapper(), packets)
	}

	/// Handles what a thread has done, and then all batches that are finished.
	fn handle_ready(&mut self, ready: Ready) -> Result<(), WorkerDied> {
		match ready {
			Ready::Opened(mut opened) => {
				self.core.judge_batch(&mut opened.packets);
				self.workers.finish(opened)?;
			},
			Ready::Finished => (),
			Ready::Built(built) => {
				let now = self.now();
				self.core.accept_built(now, built);
			},
		}
		while let Some(packets) = self.workers.pop() {
			let now = self.now();
			self.core.accept(now, packets);
		}
		Ok(())
	}

	/// Handles an event of the network. Returns the packet, if it is one, and the peer that sent it.
	fn handle_one_inbound(&mut self, event: Inbound) -> Option<(PeerId, Packet)> {
		match event {
			Inbound::Connected { peer, sink } => {
				if let Some(id) = self.peers.connected(&peer, sink) {
					self.watch.forget(&id);
					let now = self.now();
					self.core.peer_connected(now, id);
				}
				None
			},
			Inbound::Disconnected { peer } => {
				if let Some(id) = self.peers.disconnected(&peer) {
					self.watch.forget(&id);
					let now = self.now();
					self.core.peer_disconnected(now, id);
				}
				None
			},
			Inbound::Packet { peer, packet } => Some((to_mixnet_peer_id(&peer)?, *packet)),
		}
	}

	fn handle_watched(&mut self, watched: Watched) {
		match watched {
			Watched::Due => {
				let mut gateways = self.core.gateways();
				gateways.retain(|peer| self.peers.is_connected(peer));
				self.watch.ask(gateways, self.reserving.network());
			},
			Watched::Changed(peer) => self.judge(peer),
		}
	}

	/// Tells the core that a peer has become silent or blocked, or is neither any more.
	fn judge(&mut self, peer: PeerId) {
		let now = self.now();
		if self.is_silent(&peer) {
			log::debug!(target: LOG_TARGET, "The peer {peer} is connected, but does not respond or takes no packets");
			self.core.peer_silent(now, peer);
		} else if self.peers.is_connected(&peer) {
			self.core.peer_connected(now, peer);
		}
	}

	fn is_silent(&self, peer: &PeerId) -> bool {
		self.peers.is_blocked(peer) || self.watch.is_silent(peer)
	}

	/// Tells the core what the chain said, and the registrar which key is to be registered next.
	fn handle_update(&mut self, update: Update) {
		let now = self.now();
		(self.heard, self.has_sessions) = (now, true);
		if let Some(file) = self.session_0_secret.take() {
			self.take_session_0_secret(file, update.status.current_index);
		}
		self.core.set_status(now, update.status);
		for session in update.sessions {
			self.core.set_session(now, session);
		}
		let (session, kx_public) = self.core.next_kx_public();
		let next_key = Some(NextKey { session, kx_public });
		self.next_key.send_if_modified(|key| std::mem::replace(key, next_key) != next_key);
	}

	/// Gives the core its key for session 0, if that is the current session. Called before the first status, when no packet is held up.
	fn take_session_0_secret(&mut self, file: SecretFile, current: SessionIndex) {
		if current != 0 {
			log::warn!(target: LOG_TARGET, "Leaving the secret for session 0 in its file: the chain is in session {current}");
			return;
		}
		match file.take() {
			Ok(secret) => {
				self.core.restore_kx_secret(0, secret);
			},
			Err(error) => log::error!(target: LOG_TARGET, "Not mixing in session 0: {error}"),
		}
	}

	fn handle_command(&mut self, command: Command) {
		match command {
			Command::Ask(asked) => {
				let now = self.now();
				self.asking.ask(&mut self.core, now, asked);
			},
			Command::CountWrong(mixnode, wrong) => self.answers.proved(mixnode, wrong),
			// A caller that is gone needs no answer; the same below.
			Command::Snapshot(answer) => drop(answer.send(self.snapshot())),
			Command::ProvePossession { session, kx_public, message, answer } => {
				let _ = answer.send(self.core.prove_possession(session, &kx_public, &message));
			},
		}
	}

	fn handle_event(&mut self, event: Event) {
		match event {
			Event::Request { data, reply_to, .. } => match self.server.take(Instant::now(), &data, reply_to) {
				Taken::Queued => (),
				Taken::Answer(reply_to, answer) => self.reply(reply_to, answer),
				Taken::Abandon(reply_to) => self.core.abandon_request(reply_to),
			},
			Event::RequestAnswered { id, destination, data, round_trip } => {
				log::debug!(target: LOG_TARGET, "A request was answered after {round_trip:?}");
				self.finish(id, Outcome { destination, result: Ok(data) });
			},
			Event::RequestFailed { id, error, sent } => {
				let error = if sent { NoAnswer::NotAnswered(error) } else { NoAnswer::GivenUp(error) };
				self.finish(id, Outcome { destination: None, result: Err(error) });
			},
			Event::ReservedPeersChanged => {
				// Before any of them is dialled, and so before anybody can know of them.
				*self.gateways = self.core.gateway_sample();
				let peers = self.core.reserved_peers();
				self.reserved = peers.len();
				self.inbound.set_roles(self.roles(&peers));
				self.reserving.set(&peers);
			},
			// The core logs them, and `mixnet_status` shows what they lead to.
			_ => (),
		}
	}

	/// Who may send us how much, where these are the peers that we stay connected to.
	fn roles(&self, reserved: &[ReservedPeer]) -> Roles {
		let live = RelativeSession::BOTH.map(|relative| (self.core.role(relative), self.core.parameters(relative)));
		// As a mixnode of a session we know all others. As a user we know our gateways, and nobody else sends us packets; but
		// if anybody does, it is not known who.
		let is_mixnode = live.iter().any(|(role, _)| matches!(role, Role::Mixnode(_)));
		let are_all = is_mixnode && self.core.wanted_mixnodes().is_empty();
		let mixnodes = reserved.iter().filter_map(|peer| to_network_peer_id(&peer.peer_id)).collect();
		Roles::new(mixnodes, are_all, live.into_iter().filter_map(|(_, parameters)| parameters))
	}

	/// Sends an answer to somebody's request.
	fn reply(&mut self, reply_to: ReplyTo, answer: Vec<u8>) {
		let now = self.now();
		if let Err(error) = self.core.post_reply(now, reply_to, answer) {
			log::debug!(target: LOG_TARGET, "Cannot answer a request: {error}");
		}
	}

	/// Tells a caller what became of its request. There may be room for the next one now.
	fn finish(&mut self, id: RequestId, outcome: Outcome) {
		if let Outcome { destination: Some(mixnode), result: Ok(_) } = &outcome {
			self.answers.answered(*mixnode);
		}
		self.asking.finish(id, outcome);
		let now = self.now();
		self.asking.post(&mut self.core, now);
	}

	/// The state of everything, for whoever presents it.
	fn snapshot(&self) -> Snapshot {
		let session = |relative| SessionSnapshot {
			role: self.core.role(relative),
			parameters: self.core.parameters(relative),
			loops: self.core.loop_report(relative),
		};
		Snapshot {
			peer_id: self.reserving.network().local_peer_id(),
			session_status: self.core.session_status(),
			previous: session(RelativeSession::Previous),
			current: session(RelativeSession::Current),
			core: self.core.statistics(),
			waiting_requests: self.asking.waiting(),
			wrong_answers: self.answers.wrong().collect(),
			served: self.server.reports(),
			unknown_requests: self.server.unknown(),
			sent: self.sent,
			peer_drops: self.peers.drops(),
			inbound_drops: self.inbound.drops(),
			evicted: self.inbound.evicted(),
			connected: self.peers.len(),
			silent: self.peers.ids().filter(|peer| self.is_silent(peer)).count(),
			reserved: self.reserved,
			reachability: self.reachability.borrow().clone(),
			restarts: self.restarts,
		}
	}
}

/// Sleeps until `instant`, for ever if there is none.
async fn sleep_until_maybe(instant: Option<Instant>) {
	match instant {
		Some(instant) => sleep_until(instant).await,
		None => pending().await,
	}
}
