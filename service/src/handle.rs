//! How the rest of the node talks to the service.

use crate::status::Status;
use mixnet_node_core::{
	request::{RemoteError, Request},
	PostError, RequestError,
};
use mixnet_primitives::{KxPublic, PossessionProof, SessionIndex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What the service can be asked.
pub enum Command {
	/// Send a request through the mixnet.
	Post {
		/// The request.
		request: Request,
		/// Where its answer goes.
		answer: oneshot::Sender<Result<(), SubmitError>>,
	},
	/// What is going on?
	Status(oneshot::Sender<Status>),
	/// Prove that the core holds a key's secret.
	ProvePossession {
		/// The session that the key is for.
		session: SessionIndex,
		/// The key.
		kx_public: KxPublic,
		/// What the proof is bound to.
		message: Vec<u8>,
		/// Where it goes; `None` if that is not the core's key for that session, or the session has begun.
		answer: oneshot::Sender<Option<PossessionProof>>,
	},
}

/// Why an extrinsic was not submitted, or is not known to have been.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
	/// The service has ended, and the node with it.
	#[error("the mixnet service has stopped, and the node with it; if it was sent before, it may have been submitted: look for it on chain")]
	Stopped,
	/// The extrinsic is too large to be sent through the mixnet in this session.
	#[error(
		"the extrinsic is too large for the mixnet: it has {size} bytes, and {max} are the most; submit a smaller one"
	)]
	TooLarge {
		/// Its size, in bytes.
		size: usize,
		/// The largest that can be sent, in bytes.
		max: usize,
	},
	/// The request was not sent.
	#[error("not sent: {error}{}", retry_words(.retry_after))]
	NotSent {
		/// Why.
		error: PostError,
		/// After how long to try again, where that is known.
		retry_after: Option<Duration>,
	},
	/// The request was taken, but no packet of it could be sent before it was given up.
	#[error("not sent: {0}; try again later")]
	GivenUp(RequestError),
	/// The request was sent, but no answer came.
	#[error("sent, but not answered: {0}; it may have been submitted all the same: look for it on chain before sending it again")]
	NotAnswered(RequestError),
	/// The mixnode at the end of the path refused it.
	#[error(
		"the mixnode refused it: {0} (outdated or banned may mean that an earlier copy was submitted: look on chain)"
	)]
	Refused(RemoteError),
	/// The answer cannot be read.
	#[error("the mixnode's answer cannot be read; the extrinsic may have been submitted all the same")]
	BadAnswer,
}

/// What to do about a request that was not sent, if waiting helps.
fn retry_words(retry_after: &Option<Duration>) -> String {
	match retry_after {
		Some(time) => format!("; try again in about {} s", time.as_secs_f64().ceil()),
		None => String::new(),
	}
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

	/// Submits an extrinsic through the mixnet: `extrinsic` holds the bytes that `author_submitExtrinsic` takes.
	///
	/// Ends when the mixnode that submitted it has answered, or when all attempts have failed: within minutes.
	pub async fn submit_extrinsic(&self, extrinsic: Vec<u8>) -> Result<(), SubmitError> {
		let (answer, receiver) = oneshot::channel();
		let request = Request::SubmitExtrinsic(extrinsic);
		self.commands.send(Command::Post { request, answer }).await.map_err(|_| SubmitError::Stopped)?;
		receiver.await.map_err(|_| SubmitError::Stopped)?
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

	/// What is going on; `None` if the service has ended.
	pub async fn status(&self) -> Option<Status> {
		let (sender, receiver) = oneshot::channel();
		self.commands.send(Command::Status(sender)).await.ok()?;
		receiver.await.ok()
	}
}
