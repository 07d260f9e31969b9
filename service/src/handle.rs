//! How the rest of the node talks to the event loop.

use crate::{
	requests::{
		ask::{Ask, NoAnswer},
		asking::Asked,
		line::Caller,
	},
	snapshot::Snapshot,
};
use mixnet_primitives::{KxPublic, PossessionProof, SessionIndex};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, Notify};

/// What the event loop can be told to do.
pub enum Command {
	/// Send a request through the mixnet.
	Ask(Asked),
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

/// A caller that waits for an answer. Tells the service when it waits no more.
struct Waiting {
	answer: oneshot::Receiver<Result<Vec<u8>, NoAnswer>>,
	hung_up: Arc<Notify>,
}

impl Drop for Waiting {
	fn drop(&mut self) {
		self.answer.close();
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
	/// Waits until it is the caller's turn. Ends when a destination has answered, or when all attempts have failed: within
	/// minutes from then. If the future is dropped, the request is cancelled at once; packets of it that have left cannot
	/// be called back.
	///
	/// # Errors
	/// A [`NoAnswer`] as the request type puts it, or what the type thinks of the answer.
	pub async fn ask_for<A: Ask>(&self, caller: Caller, request: A) -> Result<A::Answer, A::Error> {
		let (answer, receiver) = oneshot::channel();
		let mut waiting = Waiting { answer: receiver, hung_up: self.hung_up.clone() };
		let asked = Asked {
			caller,
			data: request.encode(),
			surbs: request.surbs(),
			handling_delay: request.handling_delay(),
			answer,
		};
		self.commands.send(Command::Ask(asked)).await.map_err(|_| NoAnswer::Stopped)?;
		let answer = (&mut waiting.answer).await.unwrap_or(Err(NoAnswer::Stopped))?;
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
