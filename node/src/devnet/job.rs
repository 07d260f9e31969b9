//! The main job, step by step: start the network, wait until it mixes, send the transfers, report.

use super::{
	changes::Changes,
	load::{Load, ROTATIONS},
	network::Network,
	options::DevnetCmd,
	report::Report,
	spec::Validator,
	stop::StopSignal,
	transfer,
	view::{Snapshot, View},
	watch::{Sight, Watch},
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
use tokio::time::{interval, MissedTickBehavior};

/// How often we look.
const TICK: Duration = Duration::from_millis(500);

/// How long a session lasts if every slot has its block.
const SESSION: Duration = Duration::from_millis(SESSION_BLOCKS as u64 * MILLISECONDS_PER_BLOCK);

/// The first session in which the mixnet must mix. It rests in session 0, for which the genesis names no mixnodes; nodes
/// that started slowly may miss the registration for session 1.
const LATEST_FIRST_SESSION: u32 = 2;

/// Three are everybody's way into the network, and one is restarted.
const MIN_VALIDATORS: u32 = 4;

/// How long after an error we wait whether the transfer was submitted all the same.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run of the devnet.
pub struct Job<'a> {
	command: &'a DevnetCmd,
	folder: &'a Path,
	network: Option<Network>,
	view: View,
}

impl<'a> Job<'a> {
	/// Everything in `folder`.
	pub fn new(command: &'a DevnetCmd, folder: &'a Path) -> anyhow::Result<Self> {
		let needed = Parameters::default().min_mixnodes.max(MIN_VALIDATORS);
		if u32::from(command.validators) < needed {
			bail!(
				"with {} validators there would be too few: the mixnet needs {} mixnodes, and one validator more, to be \
				restarted beside those by which nodes find each other; choose --validators {needed} or more",
				command.validators,
				Parameters::default().min_mixnodes,
			);
		}
		Ok(Self { command, folder, network: None, view: View::new() })
	}

	/// Does it. The network still runs afterwards, unless it could not be started.
	pub async fn run(&mut self) -> anyhow::Result<()> {
		let validators = Validator::first(self.command.validators);
		self.view.say(&format!(
			"Starting {} validators, an operator and an ordinary node; logs are in {}",
			validators.len(),
			self.folder.display(),
		));
		let network = Network::start(self.folder, &validators, self.command.transfers, &mut self.view).await?;
		let network = self.network.insert(network);

		let mut watch = Watch::new(network.user().rpc.clone());
		let genesis = network.user().rpc.block_hash(0).await?;
		let names: Vec<_> = validators.iter().map(|validator| (validator.name(), validator.registrant())).collect();
		let mut changes = Changes::new(genesis, &names);
		let sight = wait_until_it_mixes(network, &mut watch, &mut changes, &mut self.view).await?;

		let extrinsics = (0..self.command.transfers).map(|index| transfer::signed(index, genesis)).collect();
		let mut load = Load::new(extrinsics, sight.status, Instant::now());
		let outcome = send_transfers(network, &mut watch, &mut load, &mut changes, &mut self.view).await;

		// The numbers are worth having after a failure too; a node that cannot be asked must not hide them.
		let statuses = network.statuses().await.ok();
		self.view.clear();
		let failure = outcome.as_ref().err().map(|error| format!("{error:#}"));
		let report = Report::new(network, statuses.as_deref(), &load, &changes, failure);
		println!("{report}");
		if let Some(path) = &self.command.json {
			report.write(path)?;
		}
		outcome
	}

	/// Leaves the network running until a signal comes or a node ends.
	pub async fn keep(&mut self, stop: &mut StopSignal) -> anyhow::Result<()> {
		let Some(network) = &mut self.network else { return Ok(()) };
		println!("The network stays until Ctrl-C. RPC:");
		for node in network.nodes() {
			println!("  {:<12} {}", node.name, node.rpc.url());
		}
		let mut ticks = interval(TICK);
		loop {
			tokio::select! {
				_ = stop.received() => return Ok(()),
				_ = ticks.tick() => network.check_alive()?,
			}
		}
	}

	/// Ends the network.
	pub async fn end(mut self) {
		self.view.clear();
		if let Some(network) = self.network.take() {
			network.stop().await;
		}
	}
}

/// Waits until transfers can be sent through the mixnet.
async fn wait_until_it_mixes(
	network: &mut Network,
	watch: &mut Watch,
	changes: &mut Changes,
	view: &mut View,
) -> anyhow::Result<Sight> {
	let deadline = Instant::now() + SESSION * (LATEST_FIRST_SESSION + 3);
	let mut ticks = interval(TICK);
	ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
	loop {
		ticks.tick().await;
		network.check_alive()?;
		let sight = watch.look().await?;
		let statuses = network.statuses().await?;
		let awaited = if sight.status.current_index == 0 {
			("blocks until session 1", u64::from(sight.finalised), u64::from(SESSION_BLOCKS))
		} else {
			let ready = statuses.iter().filter(|status| is_ready(status, &sight)).count();
			("nodes ready to mix", ready as u64, statuses.len() as u64)
		};
		view.show(Snapshot {
			awaited: Some(awaited),
			sight: Some(&sight),
			nodes: Some((network.nodes(), &statuses)),
			load: None,
		});

		// New requests go to the previous session in a session's first phase, and there was no mixing before this one.
		let takes_requests = sight.elected.is_some() && sight.status.phase != SessionPhase::CoverToCurrent;
		if takes_requests && statuses.iter().all(|status| is_ready(status, &sight)) {
			return Ok(sight);
		}
		// A restart has to wait until all are ready.
		if sight.status.current_index == 0 {
			changes.step(network, &sight, &statuses).await?;
		}
		if sight.elected.is_none() && sight.status.current_index > LATEST_FIRST_SESSION {
			bail!(
				"the mixnet still rests in session {}: too few mixnodes registered; the validators' logs say why",
				sight.status.current_index,
			);
		}
		if Instant::now() > deadline {
			bail!(
				"the mixnet is not ready after {} s; the last seen: {}",
				(SESSION * (LATEST_FIRST_SESSION + 3)).as_secs(),
				super::view::line(Snapshot { awaited: Some(awaited), sight: Some(&sight), ..Snapshot::default() }),
			);
		}
	}
}

/// Does the node know the session that we see, and is it connected to others?
fn is_ready(status: &Status, sight: &Sight) -> bool {
	let session = status.session.as_ref();
	session.is_some_and(|session| session.index >= sight.status.current_index) && status.peers.connected > 0
}

/// Sends the transfers when they are due, until all is done.
async fn send_transfers(
	network: &mut Network,
	watch: &mut Watch,
	load: &mut Load,
	changes: &mut Changes,
	view: &mut View,
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
		let sight = watch.look().await?;
		let statuses = network.statuses().await?;
		changes.step(network, &sight, &statuses).await?;
		let now = Instant::now();
		for extrinsic in &sight.extrinsics {
			load.finalised(extrinsic, now);
		}
		load.observe(sight.status, now);
		while let Some((index, extrinsic)) = load.next_due(now) {
			let rpc = network.user().rpc.clone();
			let extrinsic = extrinsic.to_vec();
			answers.push(Box::pin(async move { (index, rpc.submit_through_mixnet(&extrinsic).await) }));
		}
		view.show(Snapshot {
			awaited: Some((
				"session rotations under load",
				load.rotations_passed().min(ROTATIONS).into(),
				ROTATIONS.into(),
			)),
			sight: Some(&sight),
			nodes: Some((network.nodes(), &statuses)),
			load: Some(load),
		});

		if load.is_complete() && changes.is_complete() {
			return check_outcome(network, load, &sight).await;
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

/// Did the transfers do what they should, and did the run see what it should?
async fn check_outcome(network: &Network, load: &Load, sight: &Sight) -> anyhow::Result<()> {
	// A transaction in a block may still have failed.
	let received = network.user().rpc.balance(&transfer::receiver_account(), sight.finalised_hash).await?;
	let expected = transfer::AMOUNT * load.total() as u128;
	if received != expected {
		return Err(anyhow!("all transfers are finalised, but the receiver has {received} instead of {expected}"));
	}
	let missing: Vec<_> = SessionPhase::ALL
		.iter()
		.filter(|phase| !load.phases().contains(&(**phase as u8)))
		.map(|phase| phase.to_string())
		.collect();
	// With fewer transfers than phases that is no surprise.
	if !missing.is_empty() && load.total() >= SessionPhase::ALL.len() {
		bail!("no transfer was in flight in the phase {}", missing.join(", "));
	}
	Ok(())
}
