//! How the rest of the node talks to the event loop.

use crate::{
	requests::ask::{Ask, NoAnswer},
	snapshot::Snapshot,
};
use mixnet_node_core::HandlingDelay;
use mixnet_primitives::{KxPublic, PossessionProof, SessionIndex};
use tokio::sync::{mpsc, oneshot};

/// What the event loop can be told to do.
pub enum Command {
	/// Send a request through the mixnet.
	Post {
		/// The request's bytes.
		data: Vec<u8>,
		/// The number of SURBs in each copy of it.
		surbs: usize,
		/// How long its destination takes until it answers.
		handling_delay: HandlingDelay,
		/// Where its answer's bytes go.
		answer: oneshot::Sender<Result<Vec<u8>, NoAnswer>>,
	},
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
}

impl Handle {
	/// A handle, and the end that the service listens to. At most `capacity` commands wait; further callers do.
	pub fn new(capacity: usize) -> (Self, mpsc::Receiver<Command>) {
		let (commands, receiver) = mpsc::channel(capacity);
		(Self { commands }, receiver)
	}

	/// Sends a request through the mixnet, and returns the verified answer.
	///
	/// Ends when a destination has answered, or when all attempts have failed: within minutes. If the future is dropped, the
	/// request is cancelled at the latest before another one is posted.
	///
	/// # Errors
	/// A [`NoAnswer`] as the request type puts it, or what the type thinks of the answer.
	pub async fn ask<A: Ask>(&self, request: A) -> Result<A::Answer, A::Error> {
		let (answer, receiver) = oneshot::channel();
		let command = Command::Post {
			data: request.encode(),
			surbs: request.surbs(),
			handling_delay: request.handling_delay(),
			answer,
		};
		self.commands.send(command).await.map_err(|_| NoAnswer::Stopped)?;
		let answer = receiver.await.unwrap_or(Err(NoAnswer::Stopped))?;
		request.read(&answer)
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

	/// The state of the service; `None` if it has ended.
	pub async fn snapshot(&self) -> Option<Snapshot> {
		let (sender, receiver) = oneshot::channel();
		self.commands.send(Command::Snapshot(sender)).await.ok()?;
		receiver.await.ok()
	}
}
