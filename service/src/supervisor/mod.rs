//! Keeps the mixnet running. If a part of it panics, all of it is started anew, and the node goes on.
//!
//! A packet that finds a fault in a mixnode finds it in all of them. If it ended their processes, it would end the chain. So
//! the mixnet's tasks and threads unwind instead (`tasks.rs`). What has been running is then thrown away as a whole, since
//! nobody knows what a panic has left half done:
//!
//! - The core, and with it all keys. A replay filter is lost with them, so a key under which packets may have been
//!   accepted must not be used again. The node mixes again in the first session that it registers a new key for.
//! - The threads that unwrap, the follower, the registrar, the peers' queues, and requests on their way.
//!
//! What outlives a run is the network's end of the protocol (`notifications.rs`), the channel of commands, and which mixnodes
//! the gateways were drawn from: whoever makes a user's mixnet panic must not have it draw anew, until it has a corrupt one. How
//! often the mixnet is started anew is limited (`restarts.rs`): whoever has found such a packet can send it again.

mod notifications;
mod restarts;
mod tasks;
#[cfg(test)]
mod tests;

pub use notifications::Remembering;
pub use tasks::{Kind, Tasks};

use crate::{event_loop::Ended, handle::Command, log_target::LOG_TARGET};
use mixnet_primitives::PeerId;
use restarts::Restarts;
use sc_network::{
	service::traits::{NotificationEvent, ValidationResult},
	NotificationService,
};
use sp_core::traits::SpawnNamed;
use std::sync::Arc;
use tokio::{
	sync::{mpsc, Mutex, OwnedMutexGuard},
	time::{sleep_until, Instant},
};

/// What outlives a run, while one run has it.
pub type Lent<T> = OwnedMutexGuard<T>;

/// What outlives the runs of the mixnet. One run at a time has it.
pub struct Lasting {
	/// What the rest of the node wants.
	pub commands: Arc<Mutex<mpsc::Receiver<Command>>>,
	/// What the network hands out.
	pub notifications: Arc<Mutex<Remembering>>,
	/// The core's sample of gateways.
	pub gateways: Arc<Mutex<Vec<PeerId>>>,
}

/// What a run is given.
pub struct Run {
	/// What the rest of the node wants.
	pub commands: Lent<mpsc::Receiver<Command>>,
	/// What the network hands out.
	pub notifications: Box<dyn NotificationService>,
	/// The core's sample of gateways: to be taken back, and kept up to date.
	pub gateways: Lent<Vec<PeerId>>,
	/// How often the mixnet was started anew before this run.
	pub restarts: u64,
}

impl Lasting {
	/// Waits until no run has it any more.
	async fn lend(&self, restarts: u64) -> Run {
		let commands = self.commands.clone().lock_owned().await;
		let notifications = Remembering::lend(self.notifications.clone().lock_owned().await);
		let gateways = self.gateways.clone().lock_owned().await;
		Run { commands, notifications: Box::new(notifications), gateways, restarts }
	}
}

/// Runs the mixnet until the network or the chain has stopped, or, if it is `essential`, until it fails. `start` starts the
/// tasks of a run.
///
/// The log has the reason when this ends.
pub async fn supervise<S>(lasting: Lasting, spawner: Box<dyn SpawnNamed>, essential: bool, mut start: S)
where
	S: FnMut(Run, &mut Tasks) -> Result<(), Ended> + Send,
{
	let mut restarts = Restarts::default();
	loop {
		let run = lasting.lend(restarts.count()).await;
		let mut tasks = Tasks::new(spawner.clone());
		let started = tasks::caught("mixnet", async { start(run, &mut tasks) }).await;
		let why = match started.and_then(|started| started) {
			Ok(()) => tasks.ended().await,
			Err(why) => {
				// Some of its tasks may run already.
				tasks.stop().await;
				why
			},
		};
		if !why.is_failure() {
			log::error!(target: LOG_TARGET, "The mixnet service has ended: {why}");
			return;
		}
		if essential {
			log::error!(target: LOG_TARGET, "The mixnet has failed: {why}. The node ends, as --mixnet-essential says");
			return;
		}
		let now = Instant::now();
		let pause = restarts.pause(now);
		log::error!(
			target: LOG_TARGET,
			"The mixnet has failed: {why}. That is a fault of this node's software; please report it, with what the log says \
			 of it. The node goes on without the mixnet, which starts again in {} s. Its keys are given up: this node mixes \
			 again in the first session that it can register a new key for",
			pause.as_secs(),
		);
		let until = now + pause;
		let run = lasting.lend(restarts.count()).await;
		tokio::select! {
			() = sleep_until(until) => (),
			stopped = tasks::caught("mixnet", idle(run)) => match stopped {
				Ok(()) => {
					log::error!(target: LOG_TARGET, "The mixnet service has ended: {}", Ended::Network);
					return;
				},
				Err(why) => {
					log::error!(target: LOG_TARGET, "While the mixnet was to be started again: {why}");
					sleep_until(until).await;
				},
			},
		}
		log::warn!(target: LOG_TARGET, "Starting the mixnet again, for the {}. time", restarts.count());
	}
}

/// Takes what comes from the network and the rest of the node between two runs, until the network has stopped. Packets are
/// dropped, and commands get no answer. Otherwise both would pile up, and callers would wait.
async fn idle(mut run: Run) {
	let network = async {
		while let Some(event) = run.notifications.next_event().await {
			if let NotificationEvent::ValidateInboundSubstream { result_tx, .. } = event {
				// As in a run. If the receiver is dropped, the peer is gone again.
				let _ = result_tx.send(ValidationResult::Accept);
			}
		}
	};
	let commands = async {
		while run.commands.recv().await.is_some() {}
		std::future::pending().await
	};
	tokio::select! {
		() = network => (),
		() = commands => (),
	}
}
