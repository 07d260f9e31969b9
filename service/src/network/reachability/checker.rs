//! Answers others that ask whether they can be reached.
//!
//! A task of its own does this, with bounded queue, work, memory and rate. It knows nothing of the mixnet's core.

use super::{
	connections, decode_question, dial, rates::Rates, Answer, ANSWER_SIZE, MAX_QUESTION_SIZE, QUESTION_TIMEOUT,
};
use crate::{config::Reach, log_target::LOG_TARGET, unwinding::call_unwinding};
use codec::Encode;
use futures::stream::{FuturesUnordered, StreamExt};
use mixnet_primitives::Host;
use sc_network::{
	config::{IncomingRequest, OutgoingResponse},
	NetworkBackend, ProtocolName,
};
use sc_network_types::PeerId;
use sp_runtime::traits::Block as BlockT;
use std::{
	collections::HashSet,
	io,
	net::{IpAddr, SocketAddr},
	time::Duration,
};
use tokio::time::{sleep_until, timeout_at, Instant};

/// Questions that may wait; the network refuses more.
const MAX_WAITING: usize = 32;

/// Questions that are worked at, at a time. As many as come at once take two turns.
const MAX_AT_ONCE: usize = 16;

/// When a question is answered if nobody has proved to be the asker. It does not depend on what was tried.
const PATIENCE: Duration = Duration::from_secs(6);

const _: () = assert!(2 * PATIENCE.as_secs() < QUESTION_TIMEOUT.as_secs(), "after two turns, the asker still listens");

/// Questions, as the network hands them out.
pub type Questions = async_channel::Receiver<IncomingRequest>;

/// The configuration of the protocol, and the end at which questions come, if this node `serves`. Otherwise the network refuses
/// all.
pub fn configuration<B: BlockT, N: NetworkBackend<B, B::Hash>>(
	name: ProtocolName,
	serves: bool,
) -> (N::RequestResponseProtocolConfig, Option<Questions>) {
	let (sender, questions) = async_channel::bounded(MAX_WAITING);
	let (sender, questions) = if serves { (Some(sender), Some(questions)) } else { (None, None) };
	let (question, answer) = (MAX_QUESTION_SIZE as u64, ANSWER_SIZE as u64);
	(N::request_response_config(name, Vec::new(), question, answer, QUESTION_TIMEOUT, sender), questions)
}

/// Asks the system with which of these hosts this process is connected.
type Connected = fn(&HashSet<IpAddr>) -> io::Result<HashSet<IpAddr>>;

/// Answers questions.
pub struct Checker {
	pub(super) questions: Questions,
	/// Which hosts are dialled.
	pub(super) reach: Reach,
	pub(super) rates: Rates,
	pub(super) patience: Duration,
	pub(super) connected: Connected,
}

impl Checker {
	/// A checker that dials within `reach`.
	pub fn new(questions: Questions, reach: Reach) -> Self {
		Self { questions, reach, rates: Rates::default(), patience: PATIENCE, connected: connections::connected }
	}

	/// Answers until the network has stopped.
	pub async fn run(mut self) {
		let mut work = FuturesUnordered::new();
		loop {
			tokio::select! {
				question = self.questions.recv(), if work.len() < MAX_AT_ONCE => match question {
					Ok(question) => work.push(self.handle(question)),
					Err(_) => return,
				},
				Some(()) = work.next() => (),
			}
		}
	}

	/// The work that a question makes. What is malformed is not answered, which the network tells the asker.
	fn handle(&mut self, question: IncomingRequest) -> impl std::future::Future<Output = ()> + Send + 'static {
		let IncomingRequest { peer, payload, pending_response } = question;
		let answer = decode_question(&payload).map(|addresses| self.answer(peer, addresses));
		async move {
			let Some(answer) = answer else { return };
			let result = Ok(answer.await.encode());
			// If the network does not wait for it any more, the asker is gone.
			let _ =
				pending_response.send(OutgoingResponse { result, reputation_changes: Vec::new(), sent_feedback: None });
		}
	}

	/// The answer about these addresses.
	fn answer(
		&mut self,
		peer: PeerId,
		mut addresses: Vec<SocketAddr>,
	) -> impl std::future::Future<Output = Answer> + Send + 'static {
		let now = Instant::now();
		let reach = self.reach;
		addresses.retain(|address| is_dialled(address, reach));
		let may_try = !addresses.is_empty() && self.rates.take(peer, &addresses, now);
		let (due, connected) = (now + self.patience, self.connected);
		async move {
			if !may_try {
				return Answer::NotTried;
			}
			let hosts: HashSet<_> = addresses.iter().map(SocketAddr::ip).collect();
			let hosts = tokio::task::spawn_blocking(move || call_unwinding(|| connected(&hosts))).await;
			let hosts = match hosts.unwrap_or_else(|failed| Err(io::Error::other(failed))) {
				Ok(hosts) => hosts,
				Err(error) => {
					log::debug!(target: LOG_TARGET, "Cannot tell with whom this process is connected: {error}");
					return Answer::NotTried;
				},
			};
			addresses.retain(|address| hosts.contains(&address.ip()));
			if !addresses.is_empty() && timeout_at(due, dial::is_found(peer, &addresses)).await == Ok(true) {
				return Answer::Reached;
			}
			// Whoever asks about a host must not learn from the time whether it was tried.
			sleep_until(due).await;
			Answer::NotReached
		}
	}
}

/// Is this an address that a node dials which dials within `reach`?
pub(super) fn is_dialled(address: &SocketAddr, reach: Reach) -> bool {
	let ip = address.ip();
	let is_one_host = match ip {
		IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast(),
		IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast(),
	};
	is_one_host && address.port() != 0 && (reach == Reach::Any || Host::Ip(ip).is_reachable())
}
