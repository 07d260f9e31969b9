//! A validator restarts, which loses its keys, and registers again before the session begins.
//!
//! The mixnet's keys live in memory. So the restarted node cannot mix in the present session any more. But it may replace
//! its registration for the next one.

use super::Seen;
use crate::{
	chain::state::ChainState,
	network::{plan::BOOT_NODES, Network},
};
use mixnet_primitives::{KxPublic, Registrant, SessionIndex};
use mixnet_service::status::Status;

/// How far the change has come.
enum State {
	/// No validator was restarted yet.
	New,
	/// The validator at this position was restarted. It had registered this key for this session.
	Restarted(usize, SessionIndex, KxPublic),
	/// The validator at this position has then registered this key for this session.
	Registered(usize, SessionIndex, KxPublic),
}

/// The state machine of this change; see the module.
pub struct ValidatorRestarts {
	validators: Vec<(String, Registrant)>,
	state: State,
	seen: Seen,
}

impl ValidatorRestarts {
	/// The restart of one of these validators. Each has its name and its session key.
	pub fn new(validators: &[(String, Registrant)]) -> Self {
		let seen = Seen::new("restart");
		Self { validators: validators.to_vec(), state: State::New, seen }
	}

	/// What was seen of the change.
	pub fn seen(&self) -> &Seen {
		&self.seen
	}

	/// Does what is due, given the chain's state and each node's status.
	pub async fn step(&mut self, network: &mut Network, chain: &ChainState, statuses: &[Status]) -> anyhow::Result<()> {
		if self.seen.complete {
			return Ok(());
		}
		let current = chain.status.current_index;
		match self.state {
			// Nobody has a key to lose before the first session that mixes.
			State::New if current == 0 => {},
			State::New => {
				// The boot nodes stay: others find each other through them. Of the rest, the first to register has the
				// most time left.
				let first = self.validators.iter().enumerate().skip(BOOT_NODES).find_map(|(index, (_, registrant))| {
					let entry = chain.registrations.iter().find(|entry| entry.registrant == *registrant)?;
					Some((index, entry.kx_public))
				});
				if let Some((index, kx_public)) = first {
					network.restart(index).await?;
					self.seen.note(format!("{} restarted in session {current}", self.validators[index].0));
					self.state = State::Restarted(index, current.saturating_add(1), kx_public);
				}
			},
			State::Restarted(index, session, lost) => {
				let (name, registrant) = &self.validators[index];
				let entry = chain.registrations.iter().find(|entry| entry.registrant == *registrant);
				if let Some(entry) = entry.filter(|entry| current < session && entry.kx_public != lost) {
					self.seen.note(format!(
						"{name} replaced its registration for session {session} (revision {})",
						entry.revision,
					));
					self.state = State::Registered(index, session, entry.kx_public);
				} else if current >= session {
					anyhow::bail!("{name} was restarted, and did not register again before session {session} began");
				}
			},
			State::Registered(index, session, kx_public) if current == session => {
				let name = &self.validators[index].0;
				let mut mixnodes = chain.mixnodes.iter().flatten();
				let listed = mixnodes.any(|mixnode| mixnode.kx_public == kx_public);
				if !listed {
					// There were more candidates than places.
					self.seen.note(format!("{name} was not elected for session {session}"));
					self.state = State::New;
					return Ok(());
				}
				let mixes = statuses.get(index).is_some_and(|status| {
					status.session.as_ref().is_some_and(|view| view.index == session)
						&& status.role.current.starts_with("mixnode")
						&& status.counters.forwarded > 0
				});
				if mixes {
					self.seen.note(format!("{name} forwards packets in session {session} under its new key"));
					self.seen.complete = true;
				}
			},
			State::Registered(index, session, _) if current > session => {
				anyhow::bail!("{} was elected for session {session}, and did not mix", self.validators[index].0);
			},
			State::Registered(..) => {},
		}
		Ok(())
	}
}
