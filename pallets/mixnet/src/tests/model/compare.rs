//! Compares the pallet's answers with the model's.

use super::{operators::Operator, sessions::List, steps::OPERATORS, world::World};
use crate::{
	mock::*, Candidacies, CurrentSession, Event, HoldReason, KxPublics, Mixnodes, NextElection, PeerIds, Roster,
	Rotation, Session as SessionRecord,
};
use frame_support::traits::fungible::{Inspect, InspectHold};
use mixnet_primitives::{KxPublic, RegistrationAdvice, RegistrationError};

impl World {
	pub fn compare(&mut self, expected: Vec<Event<Runtime>>) {
		assert_eq!(events(), expected);
		for event in expected {
			if let Event::MixnodeRemoved { reason, .. } = event {
				self.met(format!("removed: {reason:?}"));
			}
			let name = format!("{event:?}");
			self.met(name.trim_start_matches("Event::").split(' ').next().unwrap_or_default());
		}
		self.compare_sessions();
		self.compare_election();
		self.compare_operators();
	}

	fn compare_sessions(&self) {
		let sessions = &self.sessions;
		let roster = |list: &List| Roster { registered: list.mixnodes.len() as u32, required: list.required };
		let expected = SessionRecord {
			index: sessions.index,
			started_at: sessions.started_at,
			rotations: sessions.rotations_in_session,
			length: sessions.length,
			phases: sessions.phases,
			current: roster(&sessions.current),
			previous: roster(&sessions.previous),
			last_rotation: Rotation { count: sessions.rotations, at: sessions.rotated_at },
		};
		assert_eq!(CurrentSession::<Runtime>::get(), expected);
		assert_eq!(Mixnet::parameters(), sessions.parameters);
		assert_eq!(Mixnet::current_mixnodes(), sessions.current.answer());
		assert_eq!(Mixnet::prev_mixnodes(), sessions.previous.answer());
		let page = Mixnet::mixnodes_page(sessions.index, 0, 100).expect("of the current session; qed");
		assert_eq!(page.mixnodes, sessions.current.mixnodes);

		let stored = Mixnodes::<Runtime>::iter_keys().count()
			+ Candidacies::<Runtime>::iter_keys().count()
			+ KxPublics::<Runtime>::iter_keys().count()
			+ PeerIds::<Runtime>::iter_keys().count();
		assert_eq!(stored as u32, sessions.stored() + self.election.stored());
	}

	fn compare_election(&self) {
		let election = &self.election;
		let found = NextElection::<Runtime>::get();
		let expected = crate::Election {
			seed: election.seed,
			committed_by_rotation: election.committed_by_rotation,
			committed_before: election.committed_before,
			max_elected: election.max_elected,
			max_standbys: election.max_standbys,
			elected: election.elected.len() as u32,
			standbys: election.standbys.len() as u32,
			ranked: election.ranked,
		};
		assert_eq!(found, expected);
		assert_eq!(Mixnet::next_registrations(0, u32::MAX), election.registrations());

		// The status of one registrant in each step.
		let key = self.tally.values().map(|count| u64::from(*count)).sum::<u64>() % 55;
		let status = Mixnet::registration_status(registrant(key), KxPublic([9; 32]));
		assert_eq!((status.session_index, status.revision), (election.session, self.due(key)));
		let listed = self.account_of(key).and_then(|account| election.listed(account));
		let is_by_key = listed.is_some_and(|candidate| candidate.key == key);
		let registered =
			election.registrations().into_iter().find(|one| is_by_key && one.registrant == registrant(key));
		let missing = self.rank(key).and_then(|rank| {
			self.check_attempts(key)?;
			if registered.is_none() && !election.has_room_for(rank) {
				return Err(RegistrationError::RankTooLow);
			}
			Ok(())
		});
		match (missing, status.advice) {
			(Err(missing), advice) => assert_eq!(advice, RegistrationAdvice::Missing(missing)),
			(Ok(()), RegistrationAdvice::Register) => {},
			(Ok(()), advice) => assert!(advice == RegistrationAdvice::Wait && registered.is_none(), "{advice:?}"),
		}
		assert_eq!(status.registered, registered);
	}

	fn compare_operators(&self) {
		let operators = &self.operators;
		assert_eq!(crate::Operators::<Runtime>::iter_keys().count(), operators.by_account.len());
		for account in OPERATORS {
			let found = Mixnet::operator(&account);
			let expected = operators.by_account.get(&account);
			assert_eq!(found.is_some(), expected.is_some());
			if let Some((found, expected)) = found.zip(expected) {
				assert_eq!(found.bond, expected.bond());
				let key = expected.key.map(registrant);
				assert_eq!((found.key, found.releasable_in), (key, expected.releasable_in));
				let parts: Vec<_> = found.unbonding.iter().map(|part| (part.amount, part.releasable_in)).collect();
				assert_eq!(parts, expected.parts());
			}
			let on_hold = expected.map_or(0, Operator::on_hold);
			assert_eq!(Balances::balance_on_hold(&HoldReason::OperatorBond.into(), &account), on_hold);
			assert_eq!(Balances::balance(&account), operators.free[&account]);
		}
		assert_eq!(SlashedAmount::get(), operators.slashed);
		assert_eq!(Balances::total_issuance(), self.issued - operators.slashed);
	}
}
