//! A validator restarts, which loses its keys, and registers again before the session begins.
//!
//! The keys of the mixnet live in memory. So the restarted node cannot mix in the present session any more; but it may
//! replace its registration for the next one.

use super::Seen;
use crate::devnet::{network::Network, watch::Sight};
use mixnet_primitives::{KxPublic, Registrant, SessionIndex};
use mixnet_service::status::Status;

/// The first validators are everybody's way into the network, and stay.
const BOOT_NODES: usize = 3;

/// How far it has come.
enum State {
	/// No validator has registered yet, of those that may be restarted.
	New,
	/// The validator of this index was restarted, when this key of it was registered for this session.
	Restarted(usize, SessionIndex, KxPublic),
	/// It has registered this key for this session.
	Registered(usize, SessionIndex, KxPublic),
}

/// See the module.
pub struct ValidatorRestarts {
	validators: Vec<(String, Registrant)>,
	state: State,
	seen: Seen,
}

impl ValidatorRestarts {
	/// One of these validators, the name and the session key of each.
	pub fn new(validators: &[(String, Registrant)]) -> Self {
		let seen = Seen::new("restart");
		Self { validators: validators.to_vec(), state: State::New, seen }
	}

	/// What was seen.
	pub fn seen(&self) -> &Seen {
		&self.seen
	}

	/// Does what is due.
	pub async fn step(&mut self, network: &mut Network, sight: &Sight, statuses: &[Status]) -> anyhow::Result<()> {
		if self.seen.complete {
			return Ok(());
		}
		let current = sight.status.current_index;
		match self.state {
			// Nobody has a key to lose before the first session that mixes.
			State::New if current == 0 => {},
			State::New => {
				// The first to register has the most time left.
				let first = self.validators.iter().enumerate().skip(BOOT_NODES).find_map(|(index, (_, registrant))| {
					let entry = sight.registrations.iter().find(|entry| entry.registrant == *registrant)?;
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
				let entry = sight.registrations.iter().find(|entry| entry.registrant == *registrant);
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
				let listed = sight.mixnodes.iter().any(|mixnode| mixnode.kx_public == kx_public);
				if !listed {
					// Seven stood for six places.
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
