//! The event loop: owns the core, feeds it with what happens, and does what it says.

#[cfg(test)]
mod tests;

use crate::{
	chain::{follower::Update, registrar::NextKey},
	handle::{Command, SubmitError},
	network::{
		addresses,
		inbound::{Inbound, InboundReceiver},
		peers::Peers,
		to_mixnet_peer_id, Links,
	},
	requests::submit_extrinsic::{Submissions, Submit, Taken},
	status::{Counters, LoopView, Loops, ParametersInForce, PeerNumbers, Queues, Roles, SessionView, Status},
	workers::{Opened, WorkerDied, Workers},
	Config, LOG_TARGET,
};
use codec::{DecodeAll, Encode};
use mixnet_node_core::{
	max_data,
	request::{RemoteError, Reply, Request},
	Event, HandlingDelay, LoopReport, Mixnet, Packet, PostError, ReplyTo, RequestId, Role, Time, MAX_BATCH,
};
use mixnet_primitives::{PeerId, RelativeSession};
use rand_core::{CryptoRng, RngCore};
use sc_network::ReputationChange;
use std::{
	collections::{BTreeMap, HashMap},
	convert::Infallible,
	future::pending,
};
use tokio::{
	sync::{mpsc, oneshot, watch},
	time::{sleep_until, Instant},
};

/// What a peer pays for a notification that is no packet. (PROTOCOL.md, section 11)
const WRONG_SIZE: ReputationChange = ReputationChange::new(-(1 << 12), "mixnet: a notification of another size");

/// SURBs in each copy of a request to submit an extrinsic: its answer fits one packet, and a second copy of the answer
/// makes up for a lost one.
const SURBS_PER_REQUEST: usize = 2;

/// What the event loop is made of.
pub struct Parts<S, R> {
	pub(crate) config: Config,
	pub(crate) core: Mixnet<R>,
	pub(crate) submit: S,
	pub(crate) links: Box<dyn Links>,
	pub(crate) inbound: InboundReceiver,
	pub(crate) workers: Workers,
	pub(crate) commands: mpsc::Receiver<Command>,
	pub(crate) updates: mpsc::Receiver<Update>,
	pub(crate) next_key: watch::Sender<Option<NextKey>>,
}

/// Why the event loop ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
	/// The network is gone.
	#[error("the network has stopped")]
	Network,
	/// The chain is gone.
	#[error("the chain is no longer followed")]
	Chain,
	/// Packets are no longer unwrapped.
	#[error("{0}")]
	Worker(#[from] WorkerDied),
}

/// The core's clock: its epoch is the service's start.
struct Clock(Instant);

impl Clock {
	fn now(&self) -> Time {
		Time::from_duration(self.0.elapsed())
	}

	/// `None` for times beyond what the platform's clock can say: as good as never.
	fn instant(&self, time: Time) -> Option<Instant> {
		self.0.checked_add(time.since_epoch())
	}
}

/// Owns the core; everything else talks to it by channels.
pub struct EventLoop<S: Submit, R> {
	clock: Clock,
	core: Mixnet<R>,
	peers: Peers,
	submissions: Submissions<S>,
	/// Who waits for the answers to our own requests.
	waiting: HashMap<RequestId, oneshot::Sender<Result<(), SubmitError>>>,
	links: Box<dyn Links>,
	inbound: InboundReceiver,
	workers: Workers,
	commands: mpsc::Receiver<Command>,
	updates: mpsc::Receiver<Update>,
	next_key: watch::Sender<Option<NextKey>>,
	counters: LoopCounters,
}

/// What only the event loop sees.
#[derive(Default)]
struct LoopCounters {
	sent: u64,
	wrong_size: u64,
	unknown_requests: u64,
	reserved_peers: usize,
}

impl<S: Submit, R: RngCore + CryptoRng> EventLoop<S, R> {
	/// An event loop over these parts; [`Self::run`] it.
	pub fn new(parts: Parts<S, R>) -> Self {
		let Parts { config, core, submit, links, inbound, workers, commands, updates, next_key } = parts;
		Self {
			clock: Clock(Instant::now()),
			core,
			peers: Peers::new(config.peer_queue_capacity),
			submissions: Submissions::new(submit, config.extrinsic_queue_capacity, config.max_submissions),
			waiting: HashMap::new(),
			links,
			inbound,
			workers,
			commands,
			updates,
			next_key,
			counters: LoopCounters::default(),
		}
	}

	/// Runs until one of the parts is gone; says which.
	pub async fn run(mut self) -> Ended {
		match self.run_until_ended().await {
			Ok(never) => match never {},
			Err(ended) => ended,
		}
	}

	async fn run_until_ended(&mut self) -> Result<Infallible, Ended> {
		loop {
			self.drain();
			let timeout = self.core.poll_timeout().and_then(|time| self.clock.instant(time));
			let extrinsic_due = self.submissions.next_due();
			tokio::select! {
				event = self.inbound.next(), if self.workers.has_room() => {
					self.handle_inbound(event.ok_or(Ended::Network)?)?;
				},
				opened = self.workers.next() => self.handle_unwrapped(opened?)?,
				update = self.updates.recv() => self.handle_update(update.ok_or(Ended::Chain)?),
				// A node may have no use for its handle; it mixes all the same.
				Some(command) = self.commands.recv() => self.handle_command(command),
				() = sleep_until_maybe(timeout) => self.core.handle_timeout(self.clock.now()),
				() = sleep_until_maybe(extrinsic_due) => self.submissions.submit_due(Instant::now()),
				(reply_to, result) = self.submissions.next() => self.answer(reply_to, result),
				never = self.peers.run() => match never {},
			}
		}
	}

	/// Does everything that the core wants done.
	fn drain(&mut self) {
		loop {
			while let Some(packet) = self.core.poll_transmit() {
				self.counters.sent += 1;
				self.peers.send(packet);
			}
			match self.core.poll_event() {
				Some(event) => self.handle_event(event),
				None => return,
			}
		}
	}

	/// Handles what came, and what has come meanwhile: the packets among it are unwrapped as one batch.
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

	/// Handles a batch that was opened, if one was, and all batches that are finished.
	fn handle_unwrapped(&mut self, opened: Option<Opened>) -> Result<(), WorkerDied> {
		if let Some(mut opened) = opened {
			self.core.judge_batch(&mut opened.packets);
			self.workers.finish(opened)?;
		}
		while let Some(packets) = self.workers.pop() {
			let now = self.clock.now();
			self.core.accept(now, packets);
		}
		Ok(())
	}

	/// Returns the packet, if it is one, and who it is from.
	fn handle_one_inbound(&mut self, event: Inbound) -> Option<(PeerId, Packet)> {
		match event {
			Inbound::Connected { peer, sink } => {
				if let Some(id) = self.peers.connected(&peer, sink) {
					self.core.peer_connected(self.clock.now(), id);
				}
				None
			},
			Inbound::Disconnected { peer } => {
				if let Some(id) = self.peers.disconnected(&peer) {
					self.core.peer_disconnected(self.clock.now(), id);
				}
				None
			},
			Inbound::Notification { peer, notification } => {
				let from = to_mixnet_peer_id(&peer)?;
				let packet = Packet::try_from(notification.as_slice());
				if packet.is_err() {
					self.counters.wrong_size += 1;
					self.links.report(peer, WRONG_SIZE);
				}
				Some((from, packet.ok()?))
			},
		}
	}

	fn handle_update(&mut self, update: Update) {
		let now = self.clock.now();
		self.core.set_status(now, update.status);
		for session in update.sessions {
			self.core.set_session(now, session);
		}
		let (next_session, kx_public) = self.core.next_kx_public();
		let next_key = Some(NextKey { current_session: next_session.saturating_sub(1), kx_public });
		self.next_key.send_if_modified(|key| std::mem::replace(key, next_key) != next_key);
	}

	fn handle_command(&mut self, command: Command) {
		match command {
			Command::Post { request, answer } => {
				let now = self.clock.now();
				// Nobody waits for these any more; they only take the room of others.
				let gone: Vec<_> =
					self.waiting.iter().filter(|(_, answer)| answer.is_closed()).map(|(id, _)| *id).collect();
				for id in gone {
					self.waiting.remove(&id);
					self.core.cancel_request(now, id);
				}
				let request = request.encode();
				let size = request.len();
				match self.core.post_request(now, request, SURBS_PER_REQUEST, HandlingDelay::Extrinsic) {
					Ok(id) => {
						self.waiting.insert(id, answer);
					},
					// A caller that is gone needs no answer; the same below.
					Err(PostError::TooLarge { max, .. }) => {
						// A request is one byte more than its extrinsic.
						let max = max_data(max, SURBS_PER_REQUEST).saturating_sub(1);
						drop(answer.send(Err(SubmitError::TooLarge { size: size - 1, max })));
					},
					Err(error) => {
						let retry_after = error.retry_at().map(|at| at - now);
						drop(answer.send(Err(SubmitError::NotSent { error, retry_after })));
					},
				}
			},
			Command::Status(answer) => drop(answer.send(self.status())),
			Command::ProvePossession { session, kx_public, message, answer } => {
				let _ = answer.send(self.core.prove_possession(session, &kx_public, &message));
			},
		}
	}

	fn handle_event(&mut self, event: Event) {
		match event {
			Event::Request { data, reply_to, .. } => self.handle_request(&data, reply_to),
			Event::RequestAnswered { id, data, round_trip } => {
				log::debug!(target: LOG_TARGET, "A request was answered after {round_trip:?}");
				let result = match Reply::decode_all(&mut data.as_slice()) {
					Ok(Ok(())) => Ok(()),
					Ok(Err(error)) => Err(SubmitError::Refused(error)),
					Err(_) => Err(SubmitError::BadAnswer),
				};
				self.finish(id, result);
			},
			Event::RequestFailed { id, error, sent: true } => self.finish(id, Err(SubmitError::NotAnswered(error))),
			Event::RequestFailed { id, error, sent: false } => self.finish(id, Err(SubmitError::GivenUp(error))),
			Event::ReservedPeersChanged => {
				let peers = self.core.reserved_peers();
				self.counters.reserved_peers = peers.len();
				let addresses = addresses::reserved(&peers);
				if let Err(error) = self.links.set_reserved(addresses) {
					log::warn!(target: LOG_TARGET, "The network refuses the mixnodes as reserved peers: {error}");
				}
			},
			// The core logs them, and `mixnet_status` shows what they lead to.
			_ => (),
		}
	}

	fn handle_request(&mut self, data: &[u8], reply_to: ReplyTo) {
		match Request::decode(data) {
			Ok(Request::SubmitExtrinsic(extrinsic)) => {
				let due = Instant::now() + reply_to.extrinsic_delay();
				match self.submissions.take(due, &extrinsic, reply_to) {
					Taken::Queued => (),
					Taken::Answer(reply_to, error) => self.answer(reply_to, Err(error)),
					Taken::Abandon(reply_to) => self.core.abandon_request(reply_to),
				}
			},
			Err(error) => {
				log::debug!(target: LOG_TARGET, "Somebody asks what this node does not understand: {error}");
				self.counters.unknown_requests += 1;
				self.core.abandon_request(reply_to);
			},
		}
	}

	fn answer(&mut self, reply_to: ReplyTo, result: Result<(), RemoteError>) {
		let reply: Reply = result;
		if let Err(error) = self.core.post_reply(self.clock.now(), reply_to, reply.encode()) {
			log::debug!(target: LOG_TARGET, "Cannot answer a request: {error}");
		}
	}

	fn finish(&mut self, id: RequestId, result: Result<(), SubmitError>) {
		if let Some(answer) = self.waiting.remove(&id) {
			let _ = answer.send(result);
		}
	}

	fn status(&self) -> Status {
		let statistics = self.core.statistics();
		let submissions = self.submissions.counters();
		let peers = self.peers.drops();
		let mut dropped_by_reason: BTreeMap<String, u64> =
			statistics.drops().map(|(reason, times)| (reason.name().to_string(), times)).collect();
		for (reason, times) in [
			("not_connected", peers.not_connected),
			("peer_queue_full", peers.queue_full),
			("send_failed", peers.send_failed),
			("inbound_queue_full", self.inbound.dropped()),
			("wrong_size", self.counters.wrong_size),
			("unknown_request", self.counters.unknown_requests),
			("extrinsic_queue_full", submissions.dropped),
		] {
			dropped_by_reason.insert(reason.to_string(), times);
		}
		dropped_by_reason.retain(|_, times| *times > 0);
		Status {
			peer_id: self.links.local_peer_id().to_base58(),
			session: self.core.session_status().map(|status| SessionView {
				index: status.current_index,
				phase: status.phase as u8,
				phase_name: status.phase.to_string(),
			}),
			parameters: ParametersInForce {
				previous: self.core.parameters(RelativeSession::Previous),
				current: self.core.parameters(RelativeSession::Current),
			},
			loops: Loops {
				previous: self.core.loop_report(RelativeSession::Previous).map(loops),
				current: self.core.loop_report(RelativeSession::Current).map(loops),
			},
			role: Roles {
				previous: role(self.core.role(RelativeSession::Previous)),
				current: role(self.core.role(RelativeSession::Current)),
			},
			peers: PeerNumbers { connected: self.peers.len(), reserved: self.counters.reserved_peers },
			queues: Queues {
				forward: statistics.forward_queue_len,
				authored_previous: statistics.previous_authored_queue_len,
				authored_current: statistics.current_authored_queue_len,
				requests: statistics.requests_pending,
				extrinsics: self.submissions.len() as u64,
			},
			counters: Counters {
				received: statistics.packets_received,
				sent: self.counters.sent,
				forwarded: statistics.packets_forwarded,
				loop_cover_sent: statistics.loop_cover_authored,
				loop_cover_returned: statistics.loop_cover_returned,
				drop_cover_sent: statistics.drop_cover_authored,
				requests_sent: statistics.requests_authored,
				replies_sent: statistics.replies_authored,
				requests_delivered: statistics.requests_delivered,
				replies_delivered: statistics.replies_delivered,
				extrinsics_submitted: submissions.submitted,
				extrinsics_refused: submissions.refused + submissions.malformed,
				dropped: dropped_by_reason.values().sum(),
				dropped_by_reason,
			},
		}
	}
}

fn loops(report: LoopReport) -> LoopView {
	let mixnodes = report.mixnodes.iter().filter(|mixnode| mixnode.score.suspected);
	let links = report.links.iter().filter(|link| link.score.suspected);
	LoopView {
		sent: report.sent,
		returned: report.returned,
		late: report.late,
		lost: report.lost,
		out: report.out,
		unjudged: report.unjudged,
		median_round_trip_ms: report.round_trips.quantile(0.5).map(|time| time.as_millis() as u64),
		loss_percent: report
			.loss
			.map(|loss| [loss.low, loss.rate, loss.high].map(|share| (share * 1e4).round() / 100.0)),
		alarm: report.loss_alarm,
		suspected: mixnodes.map(ToString::to_string).chain(links.map(ToString::to_string)).collect(),
	}
}

fn role(role: Role) -> String {
	match role {
		Role::Unknown => "unknown".into(),
		Role::Resting => "resting".into(),
		Role::Mixnode(index) => format!("mixnode {index}"),
		Role::NonMixnode => "user".into(),
	}
}

/// Sleeps until `instant`, for ever if there is none.
async fn sleep_until_maybe(instant: Option<Instant>) {
	match instant {
		Some(instant) => sleep_until(instant).await,
		None => pending().await,
	}
}
