use super::*;
use crate::sphinx::{PayloadData, Surb, SurbId, SurbKeys, SURB_SIZE};
use proptest::prelude::*;

const ID: MessageId = MessageId([1; 16]);
/// A bound that no test here reaches.
const ROOM: usize = 1 << 16;

fn surb(number: usize) -> Surb {
	core::array::from_fn(|i| (number * 31 + i) as u8).into()
}

fn data(size: usize) -> Vec<u8> {
	(0..size).map(|i| (i * 7 % 251) as u8).collect()
}

/// The fragments of a message with `surbs` SURBs, numbered from 0.
fn fragments(id: MessageId, data: &[u8], surbs: usize) -> Vec<PayloadData> {
	let mut next = 0;
	let write = |plan: FragmentPlan| {
		let surbs: Vec<_> = (next..next + plan.surbs()).map(surb).collect();
		next += plan.surbs();
		// The payload's old content must not matter.
		let mut fragment = [0xee; FRAGMENT_SIZE];
		plan.write(&mut fragment, data, &surbs).unwrap();
		fragment
	};
	split(id, data, surbs, ROOM).unwrap().into_iter().map(write).collect()
}

fn assert_is(message: &AssembledMessage, id: MessageId, data: &[u8], surbs: usize) {
	assert_eq!(message.id, id);
	assert!(message.data == data);
	assert_eq!(message.surbs.len(), surbs);
	for (number, got) in message.surbs.iter().enumerate() {
		assert_eq!(got.as_bytes(), surb(number).as_bytes());
	}
}

#[test]
fn messages_are_split_and_put_together() {
	// Bytes of data, SURBs, fragments.
	for (size, surbs, count) in [
		(0, 0, 1),
		(1, 0, 1),
		(2025, 0, 1),
		(2026, 0, 2),
		(4050, 0, 2),
		(4051, 0, 3),
		(25 * 2025, 0, 25),
		(0, 1, 1),
		(0, 9, 1),
		(0, 10, 2),
		(27, 9, 1),
		(28, 9, 2),
		(2025 - 222, 1, 1),
		(2025 - 221, 1, 2),
		(27 + 2025 - 222, 10, 2),
		(27 + 2025 - 221, 10, 3),
		(40_000, 100, 31),
	] {
		let data = data(size);
		let mut fragments = fragments(ID, &data, surbs);
		assert_eq!(fragments.len(), count, "{size} bytes, {surbs} SURBs");
		fragments.reverse();
		let (last, others) = fragments.split_last().unwrap();
		let mut assembler = Assembler::new(1, ROOM);
		for fragment in others {
			assert!(assembler.insert(fragment, ROOM).unwrap().is_none());
		}
		assert_eq!(assembler.fragments(), count - 1);
		assert_is(&assembler.insert(last, ROOM).unwrap().unwrap(), ID, &data, surbs);
		assert_eq!((assembler.messages(), assembler.fragments(), assembler.evicted_messages()), (0, 0, 0));
	}
}

#[test]
fn the_layout_is_the_protocols() {
	let data = data(30);
	let fragments = fragments(ID, &data, 10);
	assert_eq!(fragments.len(), 2);
	let mut expected = [0; FRAGMENT_SIZE];
	expected[..16].fill(1);
	expected[16..23].copy_from_slice(&[1, 0, 0, 0, 27, 0, 9]);
	expected[23..50].copy_from_slice(&data[..27]);
	for number in 0..9 {
		expected[2048 - 222 * (number + 1)..][..222].copy_from_slice(surb(number).as_bytes());
	}
	assert!(fragments[0] == expected);

	let mut expected = [0; FRAGMENT_SIZE];
	expected[..16].fill(1);
	expected[16..23].copy_from_slice(&[1, 0, 1, 0, 3, 0, 1]);
	expected[23..26].copy_from_slice(&data[27..]);
	expected[2048 - 222..].copy_from_slice(surb(9).as_bytes());
	assert!(fragments[1] == expected);
}

#[test]
fn a_message_may_be_too_large() {
	let too_large = |size, surbs, max| split(ID, &data(size), surbs, max).unwrap_err();
	assert_eq!(too_large(25 * 2025 + 1, 0, 25), TooLarge { needed: 26, max: 25 });
	assert_eq!(too_large(0, 10, 1), TooLarge { needed: 2, max: 1 });
	assert_eq!(too_large(0, 0, 0), TooLarge { needed: 1, max: 0 });
	assert_eq!(too_large(0, (9 << 16) + 1, usize::MAX), TooLarge { needed: 65_537, max: 65_536 });
	assert_eq!(too_large(5000, usize::MAX, usize::MAX).max, 65_536);
	assert_eq!(split(ID, &[], 9 << 16, usize::MAX).unwrap().len(), 65_536);
}

#[test]
fn a_plan_takes_what_it_was_made_for() {
	let data = data(3000);
	let plans = split(ID, &data, 2, 25).unwrap();
	let mut fragment = [0; FRAGMENT_SIZE];
	let surbs = [surb(0), surb(1)];
	assert_eq!(plans[0].write(&mut fragment, &data, &surbs[..1]), Err(PlanMismatch));
	assert_eq!(plans[0].write(&mut fragment, &data[1..], &surbs), Err(PlanMismatch));
	assert_eq!(plans[1].write(&mut fragment, &data, &surbs), Err(PlanMismatch));
	assert_eq!(fragment, [0; FRAGMENT_SIZE]);
	assert_eq!(plans[0].write(&mut fragment, &data, &surbs), Ok(()));
	assert_eq!(plans[0].message_id(), ID);
}

/// A fragment with these header fields and zeroes as content.
fn raw(last_index: u16, index: u16, data_size: u16, surbs: u8) -> PayloadData {
	let mut fragment = [0; FRAGMENT_SIZE];
	fragment[16..18].copy_from_slice(&last_index.to_le_bytes());
	fragment[18..20].copy_from_slice(&index.to_le_bytes());
	fragment[20..22].copy_from_slice(&data_size.to_le_bytes());
	fragment[22] = surbs;
	fragment
}

#[test]
fn fragments_that_lie_are_dropped() {
	let mut assembler = Assembler::new(10, 10);
	let mut error = |fragment| assembler.insert(&fragment, 25).unwrap_err();
	assert_eq!(error(raw(0, 1, 0, 0)), FragmentError::Index { index: 1, last_index: 0 });
	assert_eq!(error(raw(5, 0xffff, 0, 0)), FragmentError::Index { index: 0xffff, last_index: 5 });
	assert_eq!(error(raw(0, 0, 2026, 0)), FragmentError::Size(2026));
	assert_eq!(error(raw(0, 0, 28, 9)), FragmentError::Size(2026));
	assert_eq!(error(raw(0, 0, 0, 10)), FragmentError::Size(2220));
	assert_eq!(error(raw(0, 0, 0xffff, 0xff)), FragmentError::Size(0xffff + 222 * 255));
	assert_eq!(error(raw(25, 0, 0, 0)), FragmentError::TooManyFragments(26));
	assert_eq!(error(raw(0xffff, 0xffff, 0, 0)), FragmentError::TooManyFragments(65_536));
	assert_eq!(assembler.messages(), 0);

	assert!(assembler.insert(&raw(24, 24, 2025, 0), 25).unwrap().is_none());
	assert!(assembler.insert(&raw(24, 0, 27, 9), 25).unwrap().is_none());
	let mut error = |fragment| assembler.insert(&fragment, 25).unwrap_err();
	assert_eq!(error(raw(24, 24, 1, 0)), FragmentError::Duplicate);
	assert_eq!(error(raw(23, 1, 0, 0)), FragmentError::CountMismatch { got: 24, first: 25 });
	assert_eq!(error(raw(0, 0, 0, 0)), FragmentError::CountMismatch { got: 1, first: 25 });
	assert_eq!((assembler.messages(), assembler.fragments()), (1, 2));
}

#[test]
fn the_least_recently_used_message_goes_first() {
	let messages: Vec<_> = (0..4).map(|i| fragments(MessageId([i; 16]), &data(5000), 1)).collect();
	let mut assembler = Assembler::new(3, ROOM);
	let mut insert = |message: usize, index: usize| assembler.insert(&messages[message][index], 25);
	for message in 0..3 {
		assert!(insert(message, 0).unwrap().is_none());
	}
	// Message 0 is used again; message 1 gets only a copy of a fragment that it has. So 1 is evicted for 3.
	assert!(insert(0, 1).unwrap().is_none());
	assert_eq!(insert(1, 0).unwrap_err(), FragmentError::Duplicate);
	assert!(insert(3, 0).unwrap().is_none());
	assert!(insert(0, 2).unwrap().is_some());
	assert!(insert(2, 1).unwrap().is_none());
	assert!(insert(2, 2).unwrap().is_some());
	assert!(insert(1, 1).unwrap().is_none());
	assert!(insert(1, 2).unwrap().is_none());
	assert_eq!((assembler.messages(), assembler.fragments(), assembler.evicted_messages()), (2, 3, 1));
}

#[test]
fn fragments_are_bounded_too() {
	let a = fragments(MessageId([1; 16]), &data(5000), 0);
	let b = fragments(MessageId([2; 16]), &data(5000), 0);
	let mut assembler = Assembler::new(10, 2);
	assert!(assembler.insert(&a[0], 25).unwrap().is_none());
	assert!(assembler.insert(&a[1], 25).unwrap().is_none());
	// One more fragment evicts the message of two.
	assert!(assembler.insert(&b[0], 25).unwrap().is_none());
	assert_eq!((assembler.messages(), assembler.fragments(), assembler.evicted_messages()), (1, 1, 1));
	assert!(assembler.insert(&b[1], 25).unwrap().is_none());
	assert!(assembler.insert(&b[2], 25).unwrap().is_some());

	// A message that exceeds the bound by itself is evicted alone.
	let mut assembler = Assembler::new(10, 1);
	assert!(a.iter().all(|fragment| assembler.insert(fragment, 25).unwrap().is_none()));
	let mut assembler = Assembler::new(0, 0);
	assert!(assembler.insert(&a[0], 25).unwrap().is_none());
	assert_eq!((assembler.messages(), assembler.fragments()), (0, 0));
	assert!(assembler.insert(&fragments(ID, &[], 1)[0], 25).unwrap().is_some());
}

fn keys() -> SurbKeys {
	SurbKeys::from_secrets(&[0; 32], [])
}

#[test]
fn the_oldest_surbs_keys_go_first() {
	let mut keystore = SurbKeystore::new(3);
	let id = |i| SurbId([i; 16]);
	// The order is not that of the IDs.
	for i in [9, 5, 7, 1] {
		keystore.insert(MessageId([i; 16]), id(i), keys());
	}
	assert_eq!((keystore.len(), keystore.evicted()), (3, 1));
	assert!(keystore.take(&id(9)).is_none());
	assert_eq!(keystore.take(&id(7)).unwrap().0, MessageId([7; 16]));
	assert!(keystore.take(&id(7)).is_none());
	keystore.insert(ID, id(2), keys());
	keystore.insert(ID, id(3), keys());
	assert!(keystore.take(&id(5)).is_none());
	assert_eq!((keystore.len(), keystore.evicted()), (3, 2));
}

#[test]
fn an_answered_requests_keys_are_destroyed() {
	let mut keystore = SurbKeystore::new(10);
	for i in 0..6 {
		keystore.insert(MessageId([i % 2; 16]), SurbId([i; 16]), keys());
	}
	assert_eq!(keystore.remove_for(&MessageId([0; 16])), 3);
	assert_eq!(keystore.remove_for(&MessageId([0; 16])), 0);
	assert_eq!(keystore.len(), 3);
	assert!(keystore.take(&SurbId([0; 16])).is_none());
	assert!(keystore.take(&SurbId([1; 16])).is_some());
	// A removed entry makes room, and is not evicted again.
	for i in 10..18 {
		keystore.insert(ID, SurbId([i; 16]), keys());
	}
	assert_eq!((keystore.len(), keystore.evicted()), (10, 0));
	assert_eq!(keystore.remove_for(&ID), 10);
	assert!(keystore.is_empty());
}

#[test]
fn a_keystore_of_no_capacity_keeps_nothing() {
	let mut keystore = SurbKeystore::new(0);
	keystore.insert(ID, SurbId([1; 16]), keys());
	assert!(keystore.is_empty());
	assert_eq!(keystore.evicted(), 1);
}

#[test]
fn a_surb_id_that_comes_twice_is_the_later_one() {
	let mut keystore = SurbKeystore::new(2);
	keystore.insert(ID, SurbId([1; 16]), keys());
	keystore.insert(MessageId([2; 16]), SurbId([1; 16]), keys());
	assert_eq!(keystore.len(), 1);
	assert_eq!(keystore.take(&SurbId([1; 16])).unwrap().0, MessageId([2; 16]));
}

proptest! {
	#[test]
	fn no_bytes_panic(
		fragments in prop::collection::vec(
			(prop::collection::vec(any::<u8>(), FRAGMENT_SIZE), any::<bool>(), 0u16..4, 0u16..4, 0u16..2100, 0u8..12),
			0..30,
		),
	) {
		let mut assembler = Assembler::new(3, 5);
		for (bytes, plausible, last_index, index, data_size, surbs) in fragments {
			let mut fragment: PayloadData = bytes.try_into().unwrap();
			if plausible {
				let id = [fragment[0] % 4; 16];
				fragment[..23].copy_from_slice(&raw(last_index, index, data_size, surbs)[..23]);
				fragment[..16].copy_from_slice(&id);
			}
			if let Ok(Some(message)) = assembler.insert(&fragment, 25) {
				prop_assert!(message.data.len() + message.surbs.len() * SURB_SIZE <= 25 * MAX_DATA);
			}
			prop_assert!(assembler.messages() <= 3 && assembler.fragments() <= 5);
			prop_assert!(assembler.messages() <= assembler.fragments());
		}
	}

	#[test]
	fn every_message_comes_back(size in 0usize..20_000, surbs in 0usize..40, seed in any::<u64>()) {
		let data = data(size);
		let mut fragments = fragments(ID, &data, surbs);
		let count = fragments.len();
		// No fewer fragments would hold it.
		prop_assert!(size <= max_data(count, surbs));
		let holds_surbs = surbs <= MAX_SURBS_PER_FRAGMENT * (count - 1);
		prop_assert!(count == 1 || size > max_data(count - 1, surbs) || !holds_surbs);
		for i in 0..count {
			fragments.swap(i, (seed as usize).wrapping_mul(i + 1) % count);
		}
		let mut assembler = Assembler::new(1, ROOM);
		let mut complete = fragments.iter().filter_map(|fragment| assembler.insert(fragment, ROOM).unwrap());
		let message = complete.next().unwrap();
		prop_assert!(complete.next().is_none());
		assert_is(&message, ID, &data, surbs);
	}
}
