//! A run, step by step: start the network, wait until it mixes, send the transfers.
//!
//! Whoever starts a run watches it as an [`Observer`]. What is left at the end is its [`Record`].

use crate::{
	chain::{
		accounts::Validator,
		state::{ChainReader, ChainState},
		transfers,
	},
	changes::Changes,
	load::{Load, ROTATIONS},
	network::{self, node::Node, Network},
};
use anyhow::{anyhow, bail};
use futures::{future::BoxFuture, stream::FuturesUnordered, StreamExt};
use mixnet_primitives::{Parameters, SessionPhase};
use mixnet_runtime::{MILLISECONDS_PER_BLOCK, SESSION_BLOCKS};
use mixnet_service::status::Status;
use std::{
	path::Path,
	time::{Duration, Instant},
};
use tokio::time::{interval, sleep, MissedTickBehavior};

/// How often we read the chain.
const TICK: Duration = Duration::from_millis(500);

/// How long a session lasts if every slot has its block.
const SESSION: Duration = Duration::from_millis(SESSION_BLOCKS as u64 * MILLISECONDS_PER_BLOCK);

/// The last session in which the mixnet may begin to mix. It rests in session 0, for which the genesis names no mixnodes.
/// Nodes that start slowly may miss the registration for session 1.
const LATEST_FIRST_SESSION: u32 = 2;

/// The fewest validators: three boot nodes, and one that restarts.
const MIN_VALIDATORS: u32 = 4;

/// After an error, a transfer may still be finalised within this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a run is to do.
pub struct Settings<'a> {
	/// The node's program.
	pub program: &'a Path,
	/// The folder for everything that the nodes keep.
	pub folder: &'a Path,
	/// How many validators there are.
	pub validators: u8,
	/// How many transfers are sent.
	pub transfers: u16,
}

/// Whoever is told how a run goes.
pub trait Observer {
	/// Takes note of a message that stays of interest.
	fn say(&mut self, words: &str);

	/// Takes note of the present state.
	fn show(&mut self, snapshot: Snapshot);
}

/// The state of a run. What is not known yet is left out.
#[derive(Clone, Copy, Default)]
pub struct Snapshot<'a> {
	/// What is awaited.
	pub awaited: Option<Awaited>,
	/// The mixnet's state on the chain.
	pub chain: Option<&'a ChainState>,
	/// The nodes, and the status of each.
	pub nodes: Option<(&'a [Node], &'a [Status])>,
	/// The transfers, and what became of each so far.
	pub load: Option<&'a Load>,
}

/// Something that happens step by step.
#[derive(Clone, Copy)]
pub struct Awaited {
	/// Name of the steps.
	pub what: &'static str,
	/// How many steps have happened.
	pub done: u64,
	/// How many steps there are.
	pub of: u64,
}

/// What is known at the end of a run in which transfers were sent.
pub struct Record {
	/// The transfers, and what became of each.
	pub load: Load,
	/// The changes that were made to the network meanwhile.
	pub changes: Changes,
	/// Each node's status. `None` if a node cannot be asked.
	pub statuses: Option<Vec<Status>>,
}

/// Fails if there are too few validators for a run.
pub fn check_validators(validators: u8) -> anyhow::Result<()> {
	let min_mixnodes = Parameters::default().min_mixnodes;
	let needed = min_mixnodes.max(MIN_VALIDATORS);
	if u32::from(validators) < needed {
		bail!(
			"with {validators} validators there would be too few: the mixnet needs {min_mixnodes} mixnodes, and one \
			validator more, to be restarted beside those by which nodes find each other; choose --validators {needed} or \
			more"
		);
	}
	Ok(())
}

/// A run, from starting the nodes to the record.
pub struct Job<'a> {
	settings: Settings<'a>,
	network: Option<Network>,
	record: Option<Record>,
}

impl<'a> Job<'a> {
	/// A run that has not begun yet.
	pub fn new(settings: Settings<'a>) -> Self {
		Self { settings, network: None, record: None }
	}

	/// Does everything. The network still runs afterwards, unless it could not be started.
	pub async fn run(&mut self, observer: &mut dyn Observer) -> anyhow::Result<()> {
		let Settings { program, folder, transfers, .. } = self.settings;
		let validators = Validator::first(self.settings.validators);
		observer.say(&format!(
			"Starting {} validators, an operator and an ordinary node; logs are in {}",
			validators.len(),
			folder.display(),
		));
		let settings = network::Settings { program, folder, validators: &validators, transfers };
		let mut started = |done: usize, of: usize| {
			let awaited = Awaited { what: "nodes started", done: done as u64, of: of as u64 };
			observer.show(Snapshot { awaited: Some(awaited), ..Snapshot::default() });
		};
		let network = Network::start(&settings, &mut started).await?;
		let network = self.network.insert(network);
		match use_network(network, &validators, transfers, &mut self.record, observer).await {
			Ok(()) => Ok(()),
			Err(error) => {
				// That a node has ended says more than that it did not answer. The system needs a moment to tell us.
				sleep(Duration::from_millis(200)).await;
				network.check_alive().and(Err(error))
			},
		}
	}

	/// The network, if it was started.
	pub fn network(&mut self) -> Option<&mut Network> {
		self.network.as_mut()
	}

	/// The network and the run's record, if transfers were sent and the run has ended.
	pub fn result(&self) -> Option<(&Network, &Record)> {
		self.network.as_ref().zip(self.record.as_ref())
	}

	/// Ends the network.
	pub async fn end(self) {
		if let Some(network) = self.network {
			network.stop().await;
		}
	}
}

/// Does what a run does with a network that answers.
async fn use_network(
	network: &mut Network,
	validators: &[Validator],
	transfers: u16,
	record: &mut Option<Record>,
	observer: &mut dyn Observer,
) -> anyhow::Result<()> {
	let mut reader = ChainReader::new(network.user().rpc.clone());
	let genesis = network.user().rpc.block_hash(0).await?;
	let names: Vec<_> = validators.iter().map(|validator| (validator.name(), validator.registrant())).collect();
	let mut changes = Changes::new(genesis, &names);
	let chain = wait_until_it_mixes(network, &mut reader, &mut changes, observer).await?;

	let extrinsics = (0..transfers).map(|index| transfers::signed(index, genesis)).collect();
	let mut load = Load::new(extrinsics, chain.status, Instant::now());
	let outcome = send_transfers(network, &mut reader, &mut load, &mut changes, observer).await;

	// The numbers are worth having after a failure too. A node that cannot be asked must not hide them.
	let statuses = network.statuses().await.ok();
	*record = Some(Record { load, changes, statuses });
	outcome
}

/// Waits until transfers can be sent through the mixnet.
async fn wait_until_it_mixes(
	network: &mut Network,
	reader: &mut ChainReader,
	changes: &mut Changes,
	observer: &mut dyn Observer,
) -> anyhow::Result<ChainState> {
	let deadline = Instant::now() + SESSION * (LATEST_FIRST_SESSION + 3);
	let mut ticks = interval(TICK);
	ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
	loop {
		ticks.tick().await;
		network.check_alive()?;
		let chain = reader.read().await?;
		let statuses = network.statuses().await?;
		let awaited = if chain.status.current_index == 0 {
			Awaited { what: "blocks until session 1", done: chain.finalised.into(), of: SESSION_BLOCKS.into() }
		} else {
			let ready = statuses.iter().filter(|status| is_ready(status, &chain)).count();
			Awaited { what: "nodes ready to mix", done: ready as u64, of: statuses.len() as u64 }
		};
		observer.show(Snapshot {
			awaited: Some(awaited),
			chain: Some(&chain),
			nodes: Some((network.nodes(), &statuses)),
			load: None,
		});

		// In a session's first phase, requests go to the previous session. There was no mixing in that.
		let takes_requests = chain.mixnodes.is_some() && chain.status.phase != SessionPhase::CoverToCurrent;
		if takes_requests && statuses.iter().all(|status| is_ready(status, &chain)) {
			return Ok(chain);
		}
		// A validator may only restart once all nodes are ready.
		if chain.status.current_index == 0 {
			changes.step(network, &chain, &statuses).await?;
		}
		if chain.mixnodes.is_none() && chain.status.current_index > LATEST_FIRST_SESSION {
			bail!(
				"the mixnet still rests in session {}: too few mixnodes registered; the validators' logs say why",
				chain.status.current_index,
			);
		}
		if Instant::now() > deadline {
			bail!(
				"the mixnet is not ready after {} s; the last seen: {}: {}/{} | {}",
				(SESSION * (LATEST_FIRST_SESSION + 3)).as_secs(),
				awaited.what,
				awaited.done,
				awaited.of,
				chain.lines().join(" | "),
			);
		}
	}
}

/// Does the node know the chain's session, and is it connected to others?
fn is_ready(status: &Status, chain: &ChainState) -> bool {
	let session = status.session.as_ref();
	session.is_some_and(|session| session.index >= chain.status.current_index) && status.peers.connected > 0
}

/// Sends the transfers when they are due, until they are finalised and the changes are complete.
async fn send_transfers(
	network: &mut Network,
	reader: &mut ChainReader,
	load: &mut Load,
	changes: &mut Changes,
	observer: &mut dyn Observer,
) -> anyhow::Result<()> {
	let limit = SESSION * (ROTATIONS + 6);
	let deadline = Instant::now() + limit;
	let mut answers = FuturesUnordered::<BoxFuture<'static, (usize, anyhow::Result<()>)>>::new();
	let mut ticks = interval(TICK);
	ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
	loop {
		tokio::select! {
			Some((index, answer)) = answers.next() => {
				load.answered(index, answer.map_err(|error| format!("{error:#}")), Instant::now());
				continue
			},
			_ = ticks.tick() => {},
		}
		network.check_alive()?;
		let chain = reader.read().await?;
		let statuses = network.statuses().await?;
		changes.step(network, &chain, &statuses).await?;
		let now = Instant::now();
		for extrinsic in &chain.extrinsics {
			load.finalised(extrinsic, now);
		}
		load.observe(chain.status, now);
		while let Some((index, extrinsic)) = load.next_due(now) {
			let rpc = network.user().rpc.clone();
			let extrinsic = extrinsic.to_vec();
			answers.push(Box::pin(async move { (index, rpc.submit_through_mixnet(&extrinsic).await) }));
		}
		observer.show(Snapshot {
			awaited: Some(Awaited {
				what: "session rotations under load",
				done: load.rotations_passed().min(ROTATIONS).into(),
				of: ROTATIONS.into(),
			}),
			chain: Some(&chain),
			nodes: Some((network.nodes(), &statuses)),
			load: Some(load),
		});

		if load.is_complete() && changes.is_complete() {
			return check_outcome(network, load, &chain).await;
		}
		if let Some((index, error)) = load.failed(now, PATIENCE) {
			bail!("transfer {index} of {} failed: {error}", load.total());
		}
		if now > deadline {
			bail!(
				"after {} s only {} of {} transfers are finalised, {} session rotations have passed, and of what should \
				change meanwhile {} was not seen to its end",
				limit.as_secs(),
				load.num_finalised(),
				load.total(),
				load.rotations_passed(),
				changes.missing(),
			);
		}
	}
}

/// Have the transfers arrived, were they answered by success, and were there transfers in flight in every phase?
async fn check_outcome(network: &Network, load: &Load, chain: &ChainState) -> anyhow::Result<()> {
	if let Some((index, error)) = load.wrongly_answered() {
		bail!("transfer {index} of {} is finalised, but its sender was told an error: {error}", load.total());
	}
	// A transaction in a block may still have failed.
	let received = network.user().rpc.balance(&transfers::receiver_account(), chain.finalised_hash).await?;
	let expected = transfers::AMOUNT * load.total() as u128;
	if received != expected {
		return Err(anyhow!("all transfers are finalised, but the receiver has {received} instead of {expected}"));
	}
	let missing: Vec<_> = SessionPhase::ALL
		.iter()
		.filter(|phase| !load.phases().contains(&(**phase as u8)))
		.map(|phase| phase.to_string())
		.collect();
	// Fewer transfers than phases cannot be in flight in each.
	if !missing.is_empty() && load.total() >= SessionPhase::ALL.len() {
		bail!("no transfer was in flight in the phase {}", missing.join(", "));
	}
	Ok(())
}
