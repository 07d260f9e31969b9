//! The lists of mixnodes do not change, can be read in parts, and do not make rotation longer.

use crate::{
	mock::*,
	ranked_set::{RankKey, RankedEntry, RankedSet, SetId},
	BoundedMixnode, Candidacies, Candidacy, CandidacyState, CurrentSession, Event, KxPublics, ListedMixnode, Mixnodes,
	NextElection, PeerIds, Rank, RemovalReason, Roster, Rotation,
};
use frame_support::traits::OneSessionHandler;
use mixnet_primitives::{
	list_reader::{BadPage, ListReader, Progress, PAGE_SIZE},
	KxPublic, Mixnode, MixnodesError, MixnodesPage, PeerId, Standing,
};
use sp_io::hashing::twox_128;
use std::collections::BTreeSet;

#[test]
fn a_list_is_in_the_order_of_registration_and_stays() {
	ext().execute_with(|| {
		run_to_block(1);
		let order = [7, 2, 9, 0, 4];
		for account in order {
			register(account, account);
			next_block();
		}
		run_to_next_session();
		let expected = order.map(mixnode).to_vec();
		assert_eq!(Mixnet::current_mixnodes(), Ok(expected.clone()));
		// Nothing that happens in this session and the next changes this session's list.
		for account in 0..VALIDATORS {
			register(account, 100 + account);
			assert_eq!(Mixnet::current_mixnodes(), Ok(expected.clone()));
			next_block();
		}
		run_to_next_session();
		for account in 0..VALIDATORS {
			assert_eq!(Mixnet::prev_mixnodes(), Ok(expected.clone()));
			register(account, 200 + account);
			next_block();
		}
		while Mixnet::session_status().current_index == 2 {
			assert_eq!(Mixnet::prev_mixnodes(), Ok(expected.clone()));
			next_block();
		}
	});
}

type List = Result<Vec<Mixnode>, MixnodesError>;

#[test]
fn nothing_changes_a_list_once_its_session_has_begun() {
	ext().execute_with(|| {
		bond(50, 1000);
		run_to_next_session();
		run_to_next_session();
		for account in 0..4 {
			register(account, account);
		}
		register(50, 50);
		run_to_next_session();

		let list = [0, 1, 2, 3, 50].map(mixnode).to_vec();
		let assert_unchanged = |now: u32, then: &dyn Fn() -> List| {
			check_invariants();
			assert_eq!(Mixnet::session_status().current_index, now);
			assert_eq!(then(), Ok(list.clone()));
			let page = MixnodesPage { total: 5, required: 2, mixnodes: list.clone() };
			assert_eq!(Mixnet::mixnodes_page(3, 0, 100), Some(page));
		};
		// While it is the current session, and while it is the previous one.
		for (now, then) in [(3, &Mixnet::current_mixnodes as &dyn Fn() -> List), (4, &Mixnet::prev_mixnodes)] {
			assert_unchanged(now, then);
			// The same mixnodes register for the next session, so that a mistake about the session would change them.
			for account in [3, 1, 0, 2] {
				register(account, account);
				assert_unchanged(now, then);
			}
			if now == 3 {
				register(50, 50);
				assert_unchanged(now, then);
			}
			// Replaced,
			register(1, 101);
			assert_unchanged(now, then);
			// removed,
			assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 0), Ok(()));
			assert_unchanged(now, then);
			// disabled,
			<Mixnet as OneSessionHandler<u64>>::on_disabled(2);
			assert_unchanged(now, then);
			// slashed and gone,
			let amount = if now == 3 { 300 } else { 1000 };
			assert_eq!(Mixnet::slash(RuntimeOrigin::root(), 50, amount), Ok(()));
			assert_unchanged(now, then);
			if now == 3 {
				assert_eq!(Mixnet::unbond_part(RuntimeOrigin::signed(50), 100), Ok(()));
				assert_unchanged(now, then);
				assert_eq!(Mixnet::unbond(RuntimeOrigin::signed(50)), Ok(()));
				assert_unchanged(now, then);
				assert_eq!(Mixnet::rebond(RuntimeOrigin::signed(50)), Ok(()));
				assert_unchanged(now, then);
			}
			// not enough any more,
			let parameters = mixnet_primitives::Parameters { min_mixnodes: 20, ..parameters() };
			assert_eq!(Mixnet::set_parameters(RuntimeOrigin::root(), parameters), Ok(()));
			assert_unchanged(now, then);
			// and with all that is old pruned.
			for _ in 0..10 {
				idle();
			}
			let _ = Mixnet::prune(RuntimeOrigin::signed(0), 100);
			assert_unchanged(now, then);
			NextValidators::set(Some(vec![0, 1, 2, 3, 30]));
			run_to_next_session();
		}
		// Two sessions later, the list is not given out any more.
		assert_eq!(Mixnet::mixnodes_page(3, 0, 100), None);
	});
}

#[test]
fn the_pages_of_a_list_make_up_the_whole() {
	let genesis: Vec<_> = (100..107).map(mixnode).collect();
	ext_with_genesis(genesis.clone()).execute_with(|| {
		run_to_block(1);
		for account in 0..VALIDATORS {
			register(account, account);
		}
		run_to_next_session();
		let current = Mixnet::current_mixnodes().expect("enough have registered");
		assert_eq!(Mixnet::prev_mixnodes(), Ok(genesis.clone()));
		for (session_index, list) in [(1, &current), (0, &genesis)] {
			let page = |start, count| Mixnet::mixnodes_page(session_index, start, count).expect("a live session");
			for count in 1..15 {
				let starts = (0..list.len() as u32).step_by(count as usize);
				let pages: Vec<_> = starts.map(|start| page(start, count)).collect();
				assert!(pages.iter().all(|page| page.total == list.len() as u32 && page.required == 2));
				assert!(pages[..pages.len() - 1].iter().all(|page| page.mixnodes.len() == count as usize));
				assert_eq!(&pages.into_iter().flat_map(|page| page.mixnodes).collect::<Vec<_>>(), list);
			}
			assert_eq!(&page(0, u32::MAX).mixnodes, list);
			assert_eq!(page(3, u32::MAX).mixnodes, list[3..]);
			// Out of range.
			for (start, count) in [(0, 0), (3, 0), (list.len() as u32, 5), (1000, 1), (u32::MAX, u32::MAX)] {
				let empty = MixnodesPage { total: list.len() as u32, required: 2, mixnodes: Vec::new() };
				assert_eq!(page(start, count), empty);
			}
		}
	});
}

#[test]
fn only_the_lists_of_live_sessions_are_given_out() {
	ext_with_genesis(vec![mixnode(0), mixnode(1)]).execute_with(|| {
		assert!(Mixnet::mixnodes_page(0, 0, 1).is_some());
		// There is no session before session 0, and those to come have no list yet.
		for session_index in [1, 2, u32::MAX - 1, u32::MAX] {
			assert_eq!(Mixnet::mixnodes_page(session_index, 0, 1), None);
		}
		run_to_block(1);
		register(0, 0);
		register(1, 1);
		assert_eq!(Mixnet::mixnodes_page(1, 0, 1), None);
		for _ in 0..4 {
			run_to_next_session();
		}
		for session_index in 0..8 {
			let is_live = session_index == 3 || session_index == 4;
			assert_eq!(Mixnet::mixnodes_page(session_index, 0, 1).is_some(), is_live, "session {session_index}");
		}
	});
}

/// Whoever reads the list in parts must see that it is too short.
#[test]
fn the_list_of_a_resting_session_says_so() {
	MinMixnodes::set(3);
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		register(1, 1);
		run_to_next_session();
		let page = MixnodesPage { total: 2, required: 3, mixnodes: vec![mixnode(0), mixnode(1)] };
		assert_eq!(Mixnet::mixnodes_page(1, 0, 10), Some(page));
		assert!(Mixnet::current_mixnodes().is_err());
	});
}

#[test]
fn the_pages_of_next_registrations_make_up_the_whole() {
	MaxAuthorities::set(120);
	MaxMixnodes::set(80);
	MaxStandbys::set(20);
	Period::set(1_000_000);
	Policy::set(TestPolicy::WeightedLottery);
	ext().execute_with(|| {
		let accounts: Vec<_> = (1000..1110).collect();
		for _ in 0..2 {
			next_block();
			let queued: Vec<_> = accounts.iter().map(|account| (account, authority(*account))).collect();
			Mixnet::on_new_session(false, Vec::new().into_iter(), queued.into_iter());
		}
		// There are 110 candidates for 100 places.
		let refused = accounts.iter().filter(|account| try_register(**account, **account).is_err()).count();
		assert!(refused <= 10);

		let all = Mixnet::next_registrations(0, u32::MAX);
		assert_eq!(all.len(), 100);
		assert!(all.windows(2).all(|pair| pair[0].rank < pair[1].rank));
		let (elected, standbys) = all.split_at(80);
		let places: BTreeSet<_> = elected
			.iter()
			.map(|registered| match registered.standing {
				Standing::Elected(place) => place,
				Standing::Standby => panic!("a standby among the elected"),
			})
			.collect();
		assert_eq!(places, (0..80).collect());
		assert!(standbys.iter().all(|registered| registered.standing == Standing::Standby));
		for registered in &all {
			let status = Mixnet::registration_status(registered.registrant, registered.kx_public);
			assert_eq!(status.registered.as_ref(), Some(registered));
		}

		for count in [1, 7, 63, 64, 65, 79, 80, 81, 99, 100, 101] {
			let pages: Vec<_> =
				(0..100).step_by(count).map(|start| Mixnet::next_registrations(start, count as u32)).collect();
			assert!(pages[..pages.len() - 1].iter().all(|page| page.len() == count));
			assert_eq!(pages.concat(), all);
		}
		for start in 0..100 {
			assert_eq!(Mixnet::next_registrations(start, u32::MAX), all[start as usize..]);
		}
		for (start, count) in [(0, 0), (50, 0), (100, 1), (1000, 10), (u32::MAX, u32::MAX)] {
			assert_eq!(Mixnet::next_registrations(start, count), []);
		}
	});
}

#[test]
fn a_removal_leaves_no_gap() {
	ext().execute_with(|| {
		run_to_block(1);
		for account in 0..4 {
			register(account, account);
		}
		next_block();
		assert_eq!(Mixnet::force_remove(RuntimeOrigin::root(), 1), Ok(()));
		check_invariants();
		let reason = RemovalReason::Forced;
		assert_eq!(
			events(),
			[
				Event::MixnodeRemoved { session_index: 1, account: 1, reason },
				Event::AccountBarred { session_index: 1, account: 1, reason },
			]
		);
		// The last mixnode takes the place of the removed one.
		assert_eq!(next_registrations(), [(0, Some(0)), (2, Some(2)), (3, Some(1))]);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(0), mixnode(3), mixnode(2)]));
	});
}

/// Writes `count` mixnodes to a session, and all that its election stores of them, without checks.
fn write_session(session_index: u32, count: u32) {
	let bytes = |tag: u8, place: u32| sp_io::hashing::blake2_256(&[&[tag], &place.to_le_bytes()[..]].concat());
	for place in 0..count {
		let account = u64::from(place);
		let (kx_public, peer_id) = (KxPublic(bytes(1, place)), PeerId(bytes(2, place)));
		let mixnode = Mixnode { kx_public, peer_id, external_addresses: mixnode(0).external_addresses };
		let mixnode = BoundedMixnode::try_from(mixnode).expect("it fits");
		Mixnodes::<Runtime>::insert(session_index, place, ListedMixnode { account: Some(account), mixnode });
		let key = RankKey { rank: Rank::BEST, sequence: place };
		let state = CandidacyState::Listed { place, key };
		let candidacy = Candidacy { registered_as: None, next_revision: 1, state };
		Candidacies::<Runtime>::insert(session_index, account, candidacy);
		KxPublics::<Runtime>::insert(session_index, kx_public, account);
		PeerIds::<Runtime>::insert(session_index, peer_id, account);
	}
}

/// Reads a session's list as nodes do. Returns how many pages that took, too.
fn read_by_page(session_index: u32) -> Result<(List, u32), BadPage> {
	let mut reader = ListReader::default();
	let mut pages = 0;
	loop {
		let (start, count) = reader.next_page();
		pages += 1;
		match reader.take(Mixnet::mixnodes_page(session_index, start, count))? {
			Progress::Unfinished(rest) => reader = rest,
			Progress::Finished(list) => return Ok((list, pages)),
		}
	}
}

#[test]
fn whoever_reads_by_page_gets_the_whole_list() {
	for count in [0, 1, 2, 255, 256, 257, 1_000] {
		ext().execute_with(|| {
			run_to_next_session();
			for session_index in 0..2 {
				write_session(session_index, count);
			}
			let roster = Roster { registered: count, required: 2 };
			CurrentSession::<Runtime>::mutate(|session| (session.previous, session.current) = (roster, roster));
			// A session with too few mixnodes rests, which the first page says.
			let pages = count.div_ceil(PAGE_SIZE).max(1);
			for (session_index, whole) in [(1, Mixnet::current_mixnodes()), (0, Mixnet::prev_mixnodes())] {
				assert_eq!(whole.as_ref().map_or(0, Vec::len), if count < 2 { 0 } else { count as usize });
				assert!(read_by_page(session_index) == Ok((whole, pages)), "{count} mixnodes");
			}
			assert_eq!(read_by_page(2), Err(BadPage::NoList));
		});
	}
}

/// What a rotation reads and writes.
#[derive(PartialEq, Eq, Debug)]
struct Touched {
	/// The storage keys that are written.
	written: BTreeSet<Vec<u8>>,
	/// How many trie nodes are read, and how many bytes they have in all.
	proof_nodes: usize,
	proof_bytes: usize,
}

/// Rotates once, with this many mixnodes in the previous, the current and the next session.
fn measure_rotation(mixnodes: u32) -> Touched {
	MaxMixnodes::set(10_000);
	let mut ext = ext();
	ext.execute_with(|| {
		for _ in 0..4 {
			run_to_next_session();
			idle();
		}
		for session_index in 3..6 {
			write_session(session_index, mixnodes);
		}
		CurrentSession::<Runtime>::mutate(|session| {
			session.previous = Roster { registered: mixnodes, required: 2 };
			session.current = session.previous;
		});
		let mut elected = RankedSet::<Runtime>::load(SetId::Elected);
		for place in 0..mixnodes {
			let key = RankKey { rank: Rank::BEST, sequence: place };
			assert!(elected.insert(RankedEntry { key, place }));
		}
		elected.save();
		NextElection::<Runtime>::mutate(|election| {
			election.elected = mixnodes;
			election.ranked = mixnodes;
		});
		// Otherwise the events of the set-up would be read.
		System::reset_events();
	});
	ext.commit_all().expect("storage can be committed");

	let accounts: Vec<_> = (0..VALIDATORS).collect();
	let validators: Vec<_> = accounts.iter().map(|account| (account, authority(*account))).collect();
	let rotate = || Mixnet::on_new_session(false, validators.clone().into_iter(), validators.clone().into_iter());
	let ((), proof) = ext.execute_and_prove(rotate);
	let written = ext.overlayed_changes().changes().map(|(key, _)| key.clone()).collect();
	ext.execute_with(|| {
		// The session began completely.
		assert_eq!(events(), [Event::SessionStarted { session_index: 5, mixnodes }]);
		assert_eq!(Mixnet::current_mixnodes().map(|list| list.len()), Ok(mixnodes as usize));
		assert_eq!(next_registrations(), []);
		assert_eq!(crate::CurrentSession::<Runtime>::get().last_rotation, Rotation { count: 5, at: 80 });
	});
	let sizes: Vec<_> = proof.into_iter_nodes().map(|node| node.len()).collect();
	Touched { written, proof_nodes: sizes.len(), proof_bytes: sizes.into_iter().sum() }
}

#[test]
fn rotation_touches_the_same_whatever_the_number_of_mixnodes() {
	let few = measure_rotation(2);
	for mixnodes in [10, 1_000, 10_000] {
		assert_eq!(measure_rotation(mixnodes), few, "{mixnodes} mixnodes");
	}
	// Nothing of the mixnodes themselves is written.
	for item in ["Mixnodes", "Candidacies", "KxPublics", "PeerIds", "RankPages"] {
		let prefix = [twox_128(b"Mixnet"), twox_128(item.as_bytes())].concat();
		assert!(!few.written.iter().any(|key| key.starts_with(&prefix)), "{item}");
	}
}
