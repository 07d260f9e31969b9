//! How the rest of the node talks to the event loop.

use crate::{
	requests::{
		ask::{Ask, NoAnswer},
		asking::{Asked, Outcome},
		line::Caller,
		wrong_answers::Wrong,
	},
	snapshot::Snapshot,
};
use mixnet_primitives::{KxPublic, PeerId, PossessionProof, SessionIndex};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, Notify};

/// What the event loop can be told to do.
pub enum Command {
	/// Send a request through the mixnet.
	Ask(Asked),
	/// Count an answer of this mixnode that has proved wrong.
	CountWrong(PeerId, Wrong),
	/// Say what state the service is in.
	Snapshot(oneshot::Sender<Snapshot>),
	/// Prove that the core holds a key's secret.
	ProvePossession {
		/// The session that the key is for.
		session: SessionIndex,
		/// The public key.
		kx_public: KxPublic,
		/// The message that the proof is bound to.
		message: Vec<u8>,
		/// Where the proof goes; `None` if that is not the core's key for that session, or the session has begun.
		answer: oneshot::Sender<Option<PossessionProof>>,
	},
}

/// A way to the service; cheap to clone.
#[derive(Clone)]
pub struct Handle {
	commands: mpsc::Sender<Command>,
	hung_up: Arc<Notify>,
}

/// What comes of a request. If it is dropped before there was an answer, the request is cancelled at once.
pub struct Outcomes {
	outcomes: mpsc::Receiver<Outcome>,
	hung_up: Arc<Notify>,
}

impl Outcomes {
	/// What came of asking the next mixnode; `None` after the last one, or if the service has ended.
	pub async fn next(&mut self) -> Option<Outcome> {
		self.outcomes.recv().await
	}
}

impl Drop for Outcomes {
	fn drop(&mut self) {
		self.outcomes.close();
		self.hung_up.notify_one();
	}
}

impl Handle {
	/// A handle, and the end that the service listens to. At most `capacity` commands wait; further callers do.
	pub fn new(capacity: usize) -> (Self, mpsc::Receiver<Command>) {
		let (commands, receiver) = mpsc::channel(capacity);
		(Self { commands, hung_up: Arc::default() }, receiver)
	}

	/// Notified when a caller has hung up.
	pub fn hung_up(&self) -> Arc<Notify> {
		self.hung_up.clone()
	}

	/// Sends a request of this node's own through the mixnet, and returns the verified answer: [`Self::ask_for`].
	///
	/// # Errors
	/// As there.
	pub async fn ask<A: Ask>(&self, request: A) -> Result<A::Answer, A::Error> {
		self.ask_for(Caller::NODE, request).await
	}

	/// Sends a caller's request through the mixnet, and returns the verified answer.
	///
	/// Waits until it is the caller's turn. Ends when a destination has given an answer that is believed, or when all attempts
	/// have failed: within minutes from then. If the future is dropped before there was an answer, the request is cancelled at
	/// once; packets of it that have left cannot be called back.
	///
	/// # Errors
	/// A [`NoAnswer`] as the request type puts it, or what the type thinks of the answers.
	pub async fn ask_for<A: Ask>(&self, caller: Caller, request: A) -> Result<A::Answer, A::Error> {
		let mut outcomes = self.send(caller, &request).await?;
		let mut failed = None;
		while let Some(Outcome { result, .. }) = outcomes.next().await {
			match result.map_err(A::Error::from).and_then(|answer| request.read(&answer)) {
				Ok(answer) => return Ok(answer),
				Err(error) => {
					failed = Some(match failed {
						Some(first) => A::neither(first, error),
						None => error,
					})
				},
			}
		}
		Err(failed.unwrap_or_else(|| NoAnswer::Stopped.into()))
	}

	/// Sends a caller's request through the mixnet. Returns what comes of it, as it comes.
	///
	/// # Errors
	/// [`NoAnswer::Stopped`].
	pub async fn send<A: Ask>(&self, caller: Caller, request: &A) -> Result<Outcomes, NoAnswer> {
		// As many as there can be.
		let (sender, receiver) = mpsc::channel(2);
		let outcomes = Outcomes { outcomes: receiver, hung_up: self.hung_up.clone() };
		let asked = Asked {
			caller,
			data: request.encode(),
			surbs: request.surbs(),
			handling_delay: request.handling_delay(),
			twice: request.twice(),
			outcomes: sender,
		};
		self.commands.send(Command::Ask(asked)).await.map_err(|_| NoAnswer::Stopped)?;
		Ok(outcomes)
	}

	/// The core's proof that it holds the secret of `kx_public`, its key for a session to come, bound to `message`; `None`
	/// if it does not, or if the service has ended.
	pub(crate) async fn prove_possession(
		&self,
		session: SessionIndex,
		kx_public: KxPublic,
		message: Vec<u8>,
	) -> Option<PossessionProof> {
		let (answer, receiver) = oneshot::channel();
		self.commands.send(Command::ProvePossession { session, kx_public, message, answer }).await.ok()?;
		receiver.await.ok()?
	}

	/// Counts an answer of this mixnode that has proved wrong.
	pub(crate) async fn count_wrong(&self, mixnode: PeerId, wrong: Wrong) {
		// If the service has ended, nobody asks.
		let _ = self.commands.send(Command::CountWrong(mixnode, wrong)).await;
	}

	/// The state of the service; `None` if it has ended.
	pub async fn snapshot(&self) -> Option<Snapshot> {
		let (sender, receiver) = oneshot::channel();
		self.commands.send(Command::Snapshot(sender)).await.ok()?;
		receiver.await.ok()
	}
}
