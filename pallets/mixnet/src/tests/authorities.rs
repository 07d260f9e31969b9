//! The authorities who may register: who they are, since when, and how they are found among many.

use crate::{
	authorities::Generation, mock::*, AuthorityDirectory, AuthorityEntry, AuthorityPages, CurrentSession, Event,
	RemovalReason, AUTHORITIES_PER_PAGE,
};
use frame_support::traits::OneSessionHandler;
use mixnet_primitives::Registrant;
use std::collections::BTreeSet;

/// Rotates, and queues these accounts' keys in this order.
fn rotate(accounts: &[u64]) {
	next_block();
	let queued: Vec<_> = accounts.iter().map(|account| (account, authority(*account))).collect();
	Mixnet::on_new_session(false, Vec::new().into_iter(), queued.into_iter());
	check_invariants();
}

/// Storage without rotations except those of the tests.
fn ext_that_never_rotates() -> sp_io::TestExternalities {
	Period::set(1_000_000);
	ext()
}

fn queued() -> Vec<AuthorityEntry<u64>> {
	Mixnet::authorities(Generation::Queued).collect()
}

fn registrants(accounts: impl IntoIterator<Item = u64>) -> BTreeSet<Registrant> {
	accounts.into_iter().map(registrant).collect()
}

/// Asserts that exactly these are queued, in ascending order of their keys.
fn assert_queued(accounts: impl IntoIterator<Item = u64>) {
	let found: Vec<_> = queued().into_iter().map(|entry| entry.registrant).collect();
	assert_eq!(found, registrants(accounts).into_iter().collect::<Vec<_>>());
}

/// The keys just below and just above this one.
fn neighbours(registrant: Registrant) -> [Registrant; 2] {
	let number = |bytes: [u8; 16]| u128::from_be_bytes(bytes);
	let (high, low) = registrant.0.split_at(16);
	let low = number(low.try_into().expect("16 of 32"));
	[low.wrapping_sub(1), low.wrapping_add(1)].map(|low| {
		let mut bytes = [0; 32];
		bytes[..16].copy_from_slice(high);
		bytes[16..].copy_from_slice(&low.to_be_bytes());
		Registrant(bytes)
	})
}

#[test]
fn the_authorities_of_genesis_may_register_for_session_1() {
	ext().execute_with(|| {
		assert_queued(0..VALIDATORS);
		assert!(queued().iter().all(|entry| entry.since == 0));
	});
}

/// pallet-session says `changed = false` in the very rotation that queues new validators: it speaks of those whose
/// session begins. The new ones must be able to register at once. Otherwise they could not mix in their first session.
#[test]
fn newly_queued_authorities_may_register_at_once() {
	ext().execute_with(|| {
		run_to_rotation();
		NextValidators::set(Some(vec![3, 4, 20, 21]));
		assert!(!pallet_session::QueuedChanged::<Runtime>::get());
		run_to_rotation();
		assert_eq!(Session::validators(), (0..VALIDATORS).collect::<Vec<_>>());
		assert_queued([3, 4, 20, 21]);
		register(20, 20);
		register(21, 21);

		run_to_rotation();
		assert_eq!(Session::validators(), vec![3, 4, 20, 21]);
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(20), mixnode(21)]));
	});
}

#[test]
fn authorities_are_followed_within_a_session_too() {
	SessionsPerMixnetSession::set(3);
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		NextValidators::set(Some(vec![20, 21]));
		run_to_rotation();
		assert_eq!(Mixnet::session_status().current_index, 0);
		assert_queued([20, 21]);
		// A validator that has left has nothing at stake in the session to come.
		let removed = Event::MixnodeRemoved { session_index: 1, account: 0, reason: RemovalReason::NoLongerQueued };
		assert_eq!(events(), [removed]);
		register(20, 20);
		register(21, 21);
		// Account 20 has another key from the next rotation on, and registers with it.
		assert_eq!(set_session_key(20, 70), Ok(()));
		run_to_rotation();
		let removed = Event::MixnodeRemoved { session_index: 1, account: 20, reason: RemovalReason::KeyReplaced };
		assert_eq!(events(), [removed]);
		assert!(try_register(20, 20).is_err());
		register(70, 20);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(21), mixnode(20)]));
	});
}

#[test]
fn too_many_authorities_are_cut_to_the_bound() {
	MaxAuthorities::set(4);
	ext().execute_with(|| {
		assert_queued(0..4);
		NextValidators::set(Some(vec![9, 7, 5, 3, 1]));
		run_to_rotation();
		assert_queued([9, 7, 5, 3]);
		register(3, 3);
		assert!(try_register(1, 1).is_err());
	});
}

#[test]
fn authorities_are_found_on_all_pages() {
	MaxAuthorities::set(300);
	ext_that_never_rotates().execute_with(|| {
		for count in [1, 2, 79, 80, 81, 159, 160, 161, 300] {
			let accounts: Vec<_> = (1000..1000 + count).collect();
			rotate(&accounts);
			let parity = (CurrentSession::<Runtime>::get().last_rotation.count % 2) as u8;
			let directory = AuthorityDirectory::<Runtime>::get(parity);
			assert_eq!(directory.len(), count.div_ceil(AUTHORITIES_PER_PAGE.into()) as usize);

			assert_queued(accounts.clone());
			// The first and the last authorities of pages are among them.
			for (validator_index, account) in (0..).zip(&accounts) {
				let found = Mixnet::queued_authority(&registrant(*account)).expect("it is queued");
				assert_eq!((found.registrant, found.validator_index), (registrant(*account), validator_index));
			}
			// Keys before the first authority, behind the last one, and between any two.
			for absent in registrants(accounts).into_iter().flat_map(neighbours) {
				assert_eq!(Mixnet::queued_authority(&absent), None);
			}
			for absent in [Registrant([0; 32]), Registrant([0xff; 32])] {
				assert_eq!(Mixnet::queued_authority(&absent), None);
			}
		}
	});
}

#[test]
fn authorities_of_all_pages_may_register() {
	MaxAuthorities::set(300);
	ext_that_never_rotates().execute_with(|| {
		let accounts: Vec<_> = (1000..1300).collect();
		rotate(&accounts);
		let mut by_key = accounts;
		by_key.sort_by_key(|account| registrant(*account));
		let chosen = [0, 79, 80, 239, 240, 299].map(|place| by_key[place]);
		for account in chosen {
			register(account, account);
		}
		assert!(try_register(0, 0).is_err(), "an authority of before");
		rotate(&by_key);
		assert_eq!(Mixnet::current_mixnodes(), Ok(chosen.map(mixnode).to_vec()));
	});
}

#[test]
fn a_single_page_is_read_to_find_an_authority() {
	MaxAuthorities::set(1024);
	let mut ext = ext_that_never_rotates();
	ext.execute_with(|| rotate(&(1000..2024).collect::<Vec<_>>()));
	ext.commit_all().expect("storage can be committed");
	let (found, proof) = ext.execute_and_prove(|| Mixnet::queued_authority(&registrant(1500)));
	assert!(found.is_some());
	let bytes = proof.into_iter_nodes().map(|node| node.len()).sum::<usize>();
	// A page of 80 entries of 80 bytes (104 with accounts of 32 bytes), the directory, and their trie paths. All thirteen
	// pages would be 82 kB.
	assert!(bytes < 8_000, "{bytes} bytes");
}

#[test]
fn fewer_authorities_leave_no_pages_behind() {
	MaxAuthorities::set(300);
	ext_that_never_rotates().execute_with(|| {
		let pages = || AuthorityPages::<Runtime>::iter_keys().count();
		let many: Vec<_> = (1000..1300).collect();
		rotate(&many);
		rotate(&many);
		assert_eq!(pages(), 8);
		rotate(&many[..10]);
		assert_eq!(pages(), 5);
		assert_queued(1000..1010);
		rotate(&[]);
		assert_eq!(pages(), 1);
		assert_queued([]);
		assert_eq!(Mixnet::queued_authority(&registrant(1000)), None);
		rotate(&many[..200]);
		assert_eq!(pages(), 3);
		assert_queued(1000..1200);
		rotate(&[]);
		rotate(&[]);
		assert_eq!(pages(), 0);
	});
}

/// This is how the pallet knows whether an authority's key was there in time.
#[test]
fn authorities_are_known_since_they_were_first_queued_without_a_gap() {
	MaxAuthorities::set(400);
	ext_that_never_rotates().execute_with(|| {
		let since = |account| Mixnet::queued_authority(&registrant(account)).map(|entry| entry.since);
		let accounts = |range: std::ops::Range<u64>| range.collect::<Vec<_>>();
		rotate(&accounts(1000..1300));
		assert!((1000..1300).all(|account| since(account) == Some(1)));

		// In another order, and together with others.
		let mut later = accounts(1100..1400);
		later.reverse();
		rotate(&later);
		assert!((1000..1100).all(|account| since(account).is_none()));
		assert!((1100..1300).all(|account| since(account) == Some(1)));
		assert!((1300..1400).all(|account| since(account) == Some(2)));

		// An authority that was away begins anew. One that stayed does not.
		rotate(&accounts(1000..1300));
		assert!((1000..1100).all(|account| since(account) == Some(3)));
		assert!((1100..1300).all(|account| since(account) == Some(1)));
		for _ in 0..3 {
			rotate(&accounts(1050..1150));
		}
		assert!((1050..1100).all(|account| since(account) == Some(3)));
		assert!((1100..1150).all(|account| since(account) == Some(1)));
		rotate(&[]);
		rotate(&accounts(1100..1150));
		assert!((1100..1150).all(|account| since(account) == Some(8)));
	});
}

#[test]
fn an_authority_that_is_named_twice_counts_once() {
	MaxAuthorities::set(300);
	ext_that_never_rotates().execute_with(|| {
		rotate(&[1005, 1001, 1005, 1001, 1005]);
		assert_queued([1001, 1005]);
		// Its index is that of the first time that it is named.
		assert_eq!(Mixnet::queued_authority(&registrant(1005)).map(|entry| entry.validator_index), Some(0));
		assert_eq!(Mixnet::queued_authority(&registrant(1001)).map(|entry| entry.validator_index), Some(1));

		// Everybody is named twice, but nobody is on two pages.
		let twice: Vec<_> = (1000..1150).chain(1000..1150).collect();
		rotate(&twice);
		assert_queued(1000..1150);
		assert_eq!(AuthorityPages::<Runtime>::iter_prefix(0).count(), 2);
		let kept = |account| Mixnet::queued_authority(&registrant(account)).map(|entry| entry.since);
		assert_eq!((kept(1001), kept(1002)), (Some(1), Some(2)));
	});
}

#[test]
fn the_active_authorities_are_those_that_were_queued_before() {
	MaxAuthorities::set(300);
	ext_that_never_rotates().execute_with(|| {
		let first: Vec<_> = (1000..1300).rev().collect();
		let second: Vec<_> = (1200..1400).collect();
		rotate(&first);
		rotate(&second);
		for (validator_index, account) in (0..).zip(&first) {
			assert_eq!(Mixnet::active_account(validator_index), Some(*account));
		}
		assert_eq!(Mixnet::active_account(300), None);
		assert_eq!(Mixnet::active_account(u32::MAX), None);
		rotate(&[]);
		assert_eq!(Mixnet::active_account(0), Some(1200));
		assert_eq!(Mixnet::active_account(200), None);
	});
}
