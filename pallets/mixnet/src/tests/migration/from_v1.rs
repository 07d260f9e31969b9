//! From version 1 to version 2.
//!
//! `data/v1-storage.txt` is of a chain in session 4, whose sessions take two rotations each. The first rotation in session
//! 4 has passed. Before it and behind it, mixnodes were registered for session 5. Key n is the mock's session key n.
//! Account n has key n, and key 1000 + n if it has set another one. There are 130 validators in session 4 and one less
//! behind it.
//!
//! | account | what became of it in session 4 |
//! |---|---|
//! | 3 | registered by key 3, then by key 1003, which is queued now |
//! | 4 | the same, and has replaced the first mixnode twice |
//! | 5 | registered by key 5, and queues key 1005 now |
//! | 6 | registered by key 6, and is not queued any more |
//! | 7 | key 7 was barred by the admin; registered by key 1007 |
//! | 8 | registered, and was disabled |
//! | 9 | disabled with key 9, when it had registered by key 1009 |
//! | 10 | registered by key 10, and queues key 66 now, which operator 66 had registered by |
//! | 11 | validator with key 11 and operator with key 1011, registered by both |
//! | 13 | validator with key 13, by which it registered, and operator with key 1013, which the admin barred |
//! | 21, 22 | registered mixnodes that nobody can reach, or without addresses: version 1 took them |
//! | 23 | registered by key 1023, and displaced |
//! | 60 | operator, registered |
//! | 61 | operator with a bond in three parts, registered |
//! | 62 | operator, registered, then asked for its bond |
//! | 63 | operator, registered, then set key 1063 |
//! | 64 | operator, registered, then slashed |
//! | 65, 67 | operators without a key, and with a bond that can be withdrawn |
//!
//! Validators 0 to 2, 12 and 14 to 20 registered as well.

use super::*;
use crate::{
	migrations::v2::v1,
	ranked_set::{RankKey, RankedSet, SetId},
};
use mixnet_primitives::{Mixnode, Registrant, RegistrationAdvice, RegistrationError};
use std::collections::{BTreeMap, BTreeSet};

/// The session that was registered for.
pub(super) const NEXT: u32 = 5;

/// The accounts that stand after the migration, with the keys by which they have registered.
pub(super) fn survivors() -> BTreeMap<u64, u64> {
	let same = [0, 1, 2, 11, 12, 21, 22, 60, 61].into_iter().chain(14..21).map(|account| (account, account));
	same.chain([(3, 1003), (4, 1004), (10, 66)]).collect()
}

/// A chain of version 1.
pub(super) fn v1() -> sp_io::TestExternalities {
	MaxAuthorities::set(200);
	MaxMixnodes::set(14);
	MaxStandbys::set(14);
	SessionsPerMixnetSession::set(2);
	Policy::set(TestPolicy::WeightedLottery);
	chain(include_str!("../data/v1-storage.txt"), 1)
}

/// A session's list in version 1.
pub(super) fn list_before(session_index: u32) -> Vec<Mixnode> {
	(0..).map_while(|place| v1::Mixnodes::<Runtime>::get(session_index, place)).map(|listed| listed.mixnode).collect()
}

/// The candidates of version 1: their keys, ranks and mixnodes.
fn candidates_before() -> BTreeMap<Registrant, (RankKey, Mixnode)> {
	v1::Mixnodes::<Runtime>::iter_prefix(NEXT)
		.map(|(place, listed)| {
			let registrant = listed.registrant.expect("candidates have keys");
			let candidacy = v1::Candidacies::<Runtime>::get(NEXT, registrant).expect("it is a candidate");
			let v1::CandidacyState::Listed { place: listed_at, key } = candidacy.state else {
				panic!("{registrant:?} has a mixnode and no place");
			};
			assert_eq!(listed_at, place);
			(registrant, (key, listed.mixnode))
		})
		.collect()
}

pub(super) fn candidacy(account: u64) -> Candidacy {
	Candidacies::<Runtime>::get(NEXT, account).unwrap_or_else(|| panic!("account {account} has no candidacy"))
}

pub(super) fn is_listed(account: u64) -> bool {
	matches!(Candidacies::<Runtime>::get(NEXT, account), Some(Candidacy { state: CandidacyState::Listed { .. }, .. }))
}

/// The key by which an account has registered.
fn registered_by(account: u64) -> Option<(RegistrantClass, Registrant)> {
	candidacy(account).registered_as.map(|RegisteredAs { class, registrant }| (class, registrant))
}

#[test]
fn a_chain_of_version_1_goes_on_with_its_lists() {
	v1().execute_with(|| {
		let (previous, current) = (list_before(3), list_before(4));
		let candidates = candidates_before();
		assert!(previous.len() > 10 && current.len() > 10 && candidates.len() == 28, "the storage is worth a test");
		to_version_2();
		let status = Mixnet::session_status();
		assert_eq!(status.current_index, 4);
		assert_eq!(Mixnet::prev_mixnodes(), Ok(previous));
		assert_eq!(Mixnet::current_mixnodes(), Ok(current.clone()));

		// Those that survive, in the order of their ranks.
		let mut left: Vec<_> = survivors().into_values().map(|key| candidates[&registrant(key)].clone()).collect();
		left.sort_by_key(|(key, _)| *key);
		let mut left: Vec<_> = left.into_iter().map(|(_, mixnode)| mixnode).take(14).collect();
		run_to_next_session();
		assert_eq!(Mixnet::prev_mixnodes(), Ok(current));
		let mut list = Mixnet::current_mixnodes().expect("there are enough");
		// Validator 13 was elected until its step came. Its place was given to the next best.
		for mixnodes in [&mut list, &mut left] {
			mixnodes.sort_by_key(|mixnode| mixnode.peer_id);
		}
		assert_eq!(list, left);
	});
}

#[test]
fn one_candidate_of_each_account_survives() {
	v1().execute_with(|| {
		let candidates = candidates_before();
		to_version_2();
		let listed: BTreeSet<_> = (0..200).filter(|account| is_listed(*account)).collect();
		assert_eq!(listed, survivors().into_keys().collect());
		for (account, key) in survivors() {
			let class =
				if [60, 61].contains(&account) { RegistrantClass::Operator } else { RegistrantClass::Validator };
			assert_eq!(registered_by(account), Some((class, registrant(key))));
			let CandidacyState::Listed { place, key: rank } = candidacy(account).state else { panic!("it is listed") };
			let listed = Mixnodes::<Runtime>::get(NEXT, place).expect("it has a mixnode");
			assert_eq!((rank, Mixnode::from(listed.mixnode)), candidates[&registrant(key)]);
			assert_eq!(listed.account, Some(account));
		}
	});
}

#[test]
fn the_elected_are_the_best_of_those_that_survive() {
	v1().execute_with(|| {
		let candidates = candidates_before();
		to_version_2();
		let mut ranks: Vec<_> = survivors().into_values().map(|key| candidates[&registrant(key)].0).collect();
		ranks.sort();
		let ranked = |set| RankedSet::<Runtime>::load(set).iter_from(0).map(|entry| entry.key).collect::<Vec<_>>();
		assert_eq!(ranked(SetId::Elected), ranks[..14]);
		assert_eq!(ranked(SetId::Standby), ranks[14..]);
		let election = NextElection::<Runtime>::get();
		assert_eq!((election.elected, election.standbys as usize), (14, ranks.len() - 14));
		assert_eq!((election.max_elected, election.max_standbys), (14, 14));
	});
}

#[test]
fn an_account_has_the_greatest_revision_of_its_keys() {
	v1().execute_with(|| {
		let revisions =
			|key| v1::Candidacies::<Runtime>::get(NEXT, registrant(key)).map(|candidacy| candidacy.next_revision);
		assert_eq!([4, 1004].map(revisions), [Some(3), Some(1)]);
		to_version_2();
		assert_eq!(candidacy(4).next_revision, 3);
		assert_eq!(candidacy(3).next_revision, 1);
		// Those whose mixnode was removed may register again.
		for account in [5, 6] {
			assert_eq!((candidacy(account).next_revision, candidacy(account).state), (1, CandidacyState::Out));
		}
	});
}

#[test]
fn who_was_out_is_out_and_whose_key_was_barred_is_barred() {
	v1().execute_with(|| {
		to_version_2();
		for account in [7, 8, 9, 13] {
			assert_eq!(candidacy(account).state, CandidacyState::Barred, "account {account}");
		}
		// An operator's former key leads to no account, and nobody can register by it again.
		for (account, revisions) in [(23, 1), (62, 1), (64, 1)] {
			assert_eq!((candidacy(account).next_revision, candidacy(account).state), (revisions, CandidacyState::Out));
		}
		for account in [63, 65, 66, 67] {
			assert_eq!(Candidacies::<Runtime>::get(NEXT, account), None, "account {account}");
		}
	});
}

#[test]
fn names_of_removed_mixnodes_can_be_registered_again() {
	v1().execute_with(|| {
		let candidates = candidates_before();
		to_version_2();
		let is_taken = |key| {
			let mixnode = &candidates[&registrant(key)].1;
			let holder = KxPublics::<Runtime>::get(NEXT, mixnode.kx_public);
			assert_eq!(holder, PeerIds::<Runtime>::get(NEXT, mixnode.peer_id));
			holder
		};
		for (account, key) in survivors() {
			assert_eq!(is_taken(key), Some(account));
		}
		for key in [3, 4, 5, 6, 10, 13, 1011, 1007, 1009] {
			assert_eq!(is_taken(key), None);
		}
	});
}

#[test]
fn authorities_have_the_accounts_that_pallet_session_queued() {
	v1().execute_with(|| {
		let before: BTreeMap<_, _> = v1::AuthorityPages::<Runtime>::iter_prefix_values(0)
			.chain(v1::AuthorityPages::<Runtime>::iter_prefix_values(1))
			.flatten()
			.map(|entry| (entry.registrant, entry.since))
			.collect();
		ValidatorWeights::set([(3, 7), (1003, 8)].into());
		to_version_2();
		let queued = SessionAccounts::queued();
		assert_eq!(queued.len(), 129);
		for (index, (account, authority)) in (0..).zip(queued) {
			let key = crate::session::handler::registrant(&authority);
			let entry = Mixnet::queued_authority(&key).expect("it is queued");
			assert_eq!((entry.account, entry.validator_index), (account, index));
			// What counts is since when the account was queued, whatever its key was then.
			let former = registrant(account);
			assert_eq!(entry.since, before[&former], "account {account}");
		}
		for (index, account) in (0..).zip(SessionAccounts::active()) {
			assert_eq!(Mixnet::active_account(index), Some(account));
		}
		let entry = Mixnet::queued_authority(&registrant(1003)).expect("it is queued");
		assert_eq!((entry.weight, entry.committed_weight), (7, 7));
		assert_eq!(AuthorityDirectory::<Runtime>::get(1).len(), 2);
	});
}

#[test]
fn operators_keep_their_bonds() {
	v1().execute_with(|| {
		let before: BTreeMap<_, _> = v1::Operators::<Runtime>::iter().collect();
		assert!(before.len() == 10 && before.values().any(|operator| operator.waiting > 0 && operator.recent > 0));
		to_version_2();
		assert_eq!(Operators::<Runtime>::iter_keys().count(), before.len());
		for (account, before) in before {
			let now = Operators::<Runtime>::get(account).expect("it is an operator");
			assert_eq!((now.bond, now.key), (before.bond, before.key));
			assert_eq!((now.recent, now.recent_since), (before.recent, before.recent_since));
			assert_eq!((now.waiting, now.waiting_since), (before.waiting, before.waiting_since));
			assert_eq!(now.releasable_in, before.releasable_in);
		}
		// It is over for one of them, and another goes on.
		assert_eq!(Mixnet::withdraw(RuntimeOrigin::signed(67)), Ok(()));
		assert_eq!(Mixnet::bond_extra(RuntimeOrigin::signed(61), 44), Ok(()));
		check_invariants();
	});
}

#[test]
fn what_version_1_left_behind_is_removed_and_later_sessions_are_pruned() {
	let mut ext = v1();
	ext.execute_with(|| {
		for session_index in 1..NEXT {
			assert!(v1::Candidacies::<Runtime>::iter_key_prefix(session_index).next().is_some(), "{session_index}");
		}
		to_version_2();
		let is_empty = |session_index| {
			v1::Candidacies::<Runtime>::iter_key_prefix(session_index).next().is_none()
				&& KxPublics::<Runtime>::iter_key_prefix(session_index).next().is_none()
				&& PeerIds::<Runtime>::iter_key_prefix(session_index).next().is_none()
		};
		assert!((0..NEXT).all(is_empty));
		assert!((0..3).all(|session_index| Mixnodes::<Runtime>::iter_key_prefix(session_index).next().is_none()));
		for _ in 0..4 {
			run_to_next_session();
		}
	});
	ext.commit_all().expect("storage can be committed");
	ext.execute_with(|| {
		while NextToPrune::<Runtime>::get() + 1 < Mixnet::session_status().current_index {
			idle();
		}
		assert!(Mixnodes::<Runtime>::iter_keys().next().is_none(), "nobody has registered since");
		assert!(Candidacies::<Runtime>::iter_keys().next().is_none());
	});
}

#[test]
fn nobody_loses_or_gains_a_place_by_a_constant_that_changes_with_the_upgrade() {
	for (places, standbys) in [(5, 2), (20, 20)] {
		v1().execute_with(|| {
			MaxMixnodes::set(places);
			MaxStandbys::set(standbys);
			to_version_2();
			let election = NextElection::<Runtime>::get();
			assert_eq!((election.elected, election.max_elected), (14, 14));
			assert_eq!(election.standbys as usize, survivors().len() - 14);
			run_to_next_session();
			assert_eq!(Mixnet::current_mixnodes().map(|list| list.len()), Ok(14));
		});
	}
}

#[test]
fn registrations_go_on_where_they_stood_in_version_1() {
	v1().execute_with(|| {
		to_version_2();
		let status = Mixnet::registration_status(registrant(1004), mixnode(7_000).kx_public);
		assert_eq!(status.revision, 3, "what either key has registered cannot be played back");
		let status = Mixnet::registration_status(registrant(23), mixnode(7_000).kx_public);
		assert_eq!(
			status.advice,
			RegistrationAdvice::Missing(RegistrationError::NotARegistrant),
			"its key has changed"
		);
	});
}

#[test]
fn the_migration_to_version_2_runs_once() {
	v1().execute_with(|| {
		to_version_2();
		frame_support::assert_storage_noop!({
			upgrade::<v2::MigrateToV2AtOnce<Runtime, SessionAccounts>>();
		});
	});
}

/// The pallet was added to a chain, and pallet-session has not rotated since.
#[test]
fn a_chain_without_a_session_yet_has_nothing_to_migrate() {
	ext().execute_with(|| {
		let prefix = sp_io::hashing::twox_128(b"Mixnet");
		let _ = sp_io::storage::clear_prefix(&prefix, None);
		StorageVersion::new(1).put::<Mixnet>();
		to_version_2();
		run_to_next_session();
		run_to_next_session();
		assert_eq!(Mixnet::session_status().current_index, 2);
	});
}
