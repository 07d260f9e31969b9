//! The assembler and the SURB keystore, compared with models after any operations. The models are lists, searched from
//! the front.

use super::*;
use crate::sphinx::{reply_payload, Packet, PayloadData, Surb, SurbId, SurbKeys, PACKET_SIZE, SURB_SIZE};
use proptest::{prelude::*, test_runner::RngSeed};

/// The content of a fragment, consistent or not.
#[derive(Clone, Copy, Debug)]
struct Fragment {
	/// The request that it answers, if it came over a SURB.
	answers: Option<u8>,
	id: u8,
	count: u16,
	index: u16,
	data_size: u16,
	surbs: u8,
	/// The byte that data and SURBs are filled with.
	fill: u8,
}

impl Fragment {
	fn write(&self) -> PayloadData {
		let mut fragment = [self.fill; FRAGMENT_SIZE];
		fragment[..16].fill(self.id);
		fragment[16..18].copy_from_slice(&(self.count - 1).to_le_bytes());
		fragment[18..20].copy_from_slice(&self.index.to_le_bytes());
		fragment[20..22].copy_from_slice(&self.data_size.to_le_bytes());
		fragment[22] = self.surbs;
		fragment
	}
}

fn fragment() -> impl Strategy<Value = Fragment> {
	// Few IDs and few indices, so that messages meet, repeat and are completed.
	let data_size = prop_oneof![8 => 0u16..20, 1 => 1700u16..2030];
	let surbs = prop_oneof![8 => 0u8..3, 1 => 9u8..11];
	let count = prop_oneof![3 => Just(3u16), 1 => 1u16..5];
	// The first and the last ID are among them.
	let message = (prop::option::of(0u8..2), prop_oneof![0u8..3, Just(0xff)]);
	(message, count, 0u16..4, data_size, surbs, any::<u8>()).prop_map(
		|((answers, id), count, index, data_size, surbs, fill)| {
			// Most indices are within the message, some beyond it.
			let index = if fill % 8 == 0 { index } else { index % count };
			Fragment { answers, id, count, index, data_size, surbs, fill }
		},
	)
}

#[derive(Clone, Copy, Debug)]
enum AssemblerOperation {
	Insert(Fragment),
	RemoveRepliesTo { request: u8 },
}

fn assembler_operation() -> impl Strategy<Value = AssemblerOperation> {
	prop_oneof![
		15 => fragment().prop_map(AssemblerOperation::Insert),
		1 => (0u8..2).prop_map(|request| AssemblerOperation::RemoveRepliesTo { request }),
	]
}

/// Incomplete messages with their fragments, least recently used first.
struct AssemblerModel {
	messages: Vec<Vec<Fragment>>,
	evicted: u64,
	max_messages: usize,
	max_fragments: usize,
	max_fragments_per_message: usize,
}

impl AssemblerModel {
	/// Adds a fragment. Returns its message's fragments, in order, if the message is complete now.
	fn insert(&mut self, new: Fragment) -> Result<Option<Vec<Fragment>>, FragmentError> {
		let count = usize::from(new.count);
		let size = usize::from(new.data_size) + usize::from(new.surbs) * SURB_SIZE;
		if new.index >= new.count {
			return Err(FragmentError::Index { index: new.index, last_index: new.count - 1 });
		}
		if size > MAX_DATA {
			return Err(FragmentError::Size(size));
		}
		if count > self.max_fragments_per_message {
			return Err(FragmentError::TooManyFragments(count));
		}
		let mut message = Vec::new();
		let is_of_message = |message: &Vec<Fragment>| (message[0].answers, message[0].id) == (new.answers, new.id);
		if let Some(at) = self.messages.iter().position(is_of_message) {
			let first = usize::from(self.messages[at][0].count);
			if count != first {
				return Err(FragmentError::CountMismatch { got: count, first });
			}
			if self.messages[at].iter().any(|fragment| fragment.index == new.index) {
				return Err(FragmentError::Duplicate);
			}
			message = self.messages.remove(at);
		}
		message.push(new);
		if message.len() == count {
			message.sort_by_key(|fragment| fragment.index);
			return Ok(Some(message));
		}
		self.messages.push(message);
		while self.messages.len() > self.max_messages || self.fragments() > self.max_fragments {
			self.messages.remove(0);
			self.evicted += 1;
		}
		Ok(None)
	}

	/// Returns how many fragments are removed.
	fn remove_replies_to(&mut self, request: u8) -> usize {
		let before = self.fragments();
		self.messages.retain(|message| message[0].answers != Some(request));
		before - self.fragments()
	}

	fn fragments(&self) -> usize {
		self.messages.iter().map(Vec::len).sum()
	}
}

#[derive(Clone, Copy, Debug)]
enum KeystoreOperation {
	Insert { request: u8, id: u8 },
	Take { id: u8 },
	RemoveFor { request: u8 },
}

fn keystore_operation() -> impl Strategy<Value = KeystoreOperation> {
	prop_oneof![
		4 => (0u8..4, 0u8..8).prop_map(|(request, id)| KeystoreOperation::Insert { request, id }),
		2 => (0u8..8).prop_map(|id| KeystoreOperation::Take { id }),
		1 => (0u8..4).prop_map(|request| KeystoreOperation::RemoveFor { request }),
	]
}

/// SURB keys that tests can tell apart, by what they make of a packet.
fn keys(number: usize) -> SurbKeys {
	let mut secret = [0; 32];
	secret[..8].copy_from_slice(&(number as u64).to_le_bytes());
	SurbKeys::from_secrets(&secret, [])
}

fn decrypted_with(keys: &SurbKeys) -> Packet {
	let mut packet = Packet::from([0; PACKET_SIZE]);
	assert!(reply_payload(keys, &mut packet).is_err(), "not a reply");
	packet
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 600,
		rng_seed: RngSeed::Fixed(1),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn the_assembler_does_what_a_list_of_messages_would(
		max_messages in 0usize..4,
		max_fragments in 0usize..8,
		max_fragments_per_message in 1usize..5,
		operations in prop::collection::vec(assembler_operation(), 0..80),
	) {
		let mut assembler = Assembler::new(max_messages, max_fragments);
		let messages = Vec::new();
		let mut model =
			AssemblerModel { messages, evicted: 0, max_messages, max_fragments, max_fragments_per_message };
		for operation in operations {
			let fragment = match operation {
				AssemblerOperation::Insert(fragment) => fragment,
				AssemblerOperation::RemoveRepliesTo { request } => {
					let removed = assembler.remove_replies_to(&MessageId([request; 16]));
					prop_assert_eq!(removed, model.remove_replies_to(request));
					prop_assert_eq!(assembler.messages(), model.messages.len());
					prop_assert_eq!(assembler.fragments(), model.fragments());
					continue;
				},
			};
			let written = fragment.write();
			let inserted = match fragment.answers {
				None => assembler.insert(&written, max_fragments_per_message),
				Some(request) => {
					assembler.insert_reply(MessageId([request; 16]), &written, max_fragments_per_message)
				},
			};
			match (inserted, model.insert(fragment)) {
				(Ok(None), Ok(None)) => (),
				(Err(error), Err(expected)) => prop_assert_eq!(error, expected),
				(Ok(Some(message)), Ok(Some(expected))) => {
					let data = expected.iter().flat_map(|part| vec![part.fill; usize::from(part.data_size)]);
					prop_assert_eq!(message.data, data.collect::<Vec<_>>());
					let surbs: Vec<_> = message.surbs.iter().map(Surb::as_bytes).copied().collect();
					let expected_surbs = expected.iter().flat_map(|part| {
						vec![[part.fill; SURB_SIZE]; usize::from(part.surbs)]
					});
					prop_assert_eq!(surbs, expected_surbs.collect::<Vec<_>>());
					prop_assert_eq!(message.id, MessageId([fragment.id; 16]));
				},
				(result, expected) => prop_assert!(false, "{:?} is not {:?}", result, expected),
			}
			prop_assert_eq!(assembler.messages(), model.messages.len());
			prop_assert_eq!(assembler.fragments(), model.fragments());
			prop_assert_eq!(assembler.evicted_messages(), model.evicted);
		}
	}

	#[test]
	fn the_surb_keystore_does_what_a_list_of_keys_would(
		capacity in 0usize..7,
		operations in prop::collection::vec(keystore_operation(), 0..80),
	) {
		let mut keystore = SurbKeystore::new(capacity);
		// Request, SURB ID and keys, the oldest first.
		let mut model: Vec<(u8, u8, usize)> = Vec::new();
		let mut evicted = 0;
		for (number, operation) in operations.into_iter().enumerate() {
			match operation {
				KeystoreOperation::Insert { request, id } => {
					keystore.insert(MessageId([request; 16]), SurbId([id; 16]), keys(number));
					model.retain(|entry| entry.1 != id);
					model.push((request, id, number));
					if model.len() > capacity {
						model.remove(0);
						evicted += 1;
					}
				},
				KeystoreOperation::Take { id } => {
					let taken = keystore.take(&SurbId([id; 16]));
					let expected = model.iter().position(|entry| entry.1 == id).map(|at| model.remove(at));
					prop_assert_eq!(
						taken.map(|(request, keys)| (request, decrypted_with(&keys))),
						expected.map(|(request, _, number)| (MessageId([request; 16]), decrypted_with(&keys(number))))
					);
				},
				KeystoreOperation::RemoveFor { request } => {
					let before = model.len();
					model.retain(|entry| entry.0 != request);
					prop_assert_eq!(keystore.remove_for(&MessageId([request; 16])), before - model.len());
				},
			}
			prop_assert_eq!(keystore.len(), model.len());
			prop_assert_eq!(keystore.is_empty(), model.is_empty());
			prop_assert_eq!(keystore.evicted(), evicted);
		}
	}
}
