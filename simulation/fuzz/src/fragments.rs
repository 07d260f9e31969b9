//! Fragments in any order, compared with a model of the assembler.
//!
//! The input is a sequence of fragments. They have any header and any content, or belong to messages that we split, and
//! come whole or in part, once or twice. The model is the simplest that does what `message::Assembler` promises. Every
//! result, the counts and the bounds must agree. At the end a new message is split, and must come out of its fragments
//! unchanged, in whatever order the input chooses.

use super::reader::{stretch, Reader};
use mixnet_node_core::{
	message::{split, AssembledMessage, Assembler, FragmentError, FRAGMENT_SIZE, MAX_DATA, MAX_SURBS_PER_FRAGMENT},
	sphinx::{PayloadData, Surb, SURB_SIZE},
	MessageId,
};
use mixnet_simulation::fragment;

/// The most fragments inserted per input.
const MAX_STEPS: usize = 400;

/// Runs one input.
pub fn run(data: &[u8]) {
	let mut reader = Reader::new(data);
	let bounds =
		Bounds { messages: reader.below(6), fragments: reader.below(12), fragments_per_message: 1 + reader.below(8) };
	let mut pair = Pair {
		assembler: Assembler::new(bounds.messages, bounds.fragments),
		model: Model { bounds, incomplete: Vec::new(), evicted: 0 },
		steps: 0,
	};
	while !reader.is_empty() && pair.steps < MAX_STEPS {
		match reader.below(4) {
			0 => pair.insert(&any_fragment(&mut reader)),
			1 => pair.insert(&fragment_of_fields(&mut reader)),
			_ => {
				for fragment in split_message(&mut reader) {
					pair.insert(&fragment);
				}
			},
		}
	}
	there_and_back(data);
}

/// Any bytes.
fn any_fragment(reader: &mut Reader) -> PayloadData {
	let len = usize::from(reader.u16());
	stretch(reader.slice(len))
}

/// One of a few IDs, so that fragments of one message meet.
fn message_id(reader: &mut Reader) -> MessageId {
	MessageId([reader.byte() & 7; 16])
}

/// Any header in front of noise.
fn fragment_of_fields(reader: &mut Reader) -> PayloadData {
	let id = message_id(reader);
	let (last_index, index) = match reader.bool() {
		true => (u16::from(reader.byte() & 15), u16::from(reader.byte() & 15)),
		false => (reader.u16(), reader.u16()),
	};
	let (data_size, surbs) = (reader.u16(), reader.byte());
	fragment::with_fields(stretch(&[reader.byte()]), id.0, last_index, index, data_size, surbs)
}

/// A message's data: a few bytes of the input, stretched.
fn message_data(reader: &mut Reader) -> Vec<u8> {
	let len = usize::from(reader.u16()) % (6 * FRAGMENT_SIZE);
	let bytes: [u8; 6 * FRAGMENT_SIZE] = stretch(&[reader.byte()]);
	bytes[..len].to_vec()
}

fn surbs(num: usize, seed: u8) -> Vec<Surb> {
	(0..num).map(|index| Surb::from(stretch::<SURB_SIZE>(&[seed, index as u8]))).collect()
}

/// Fragments of a message that we split, as the input picks them.
fn split_message(reader: &mut Reader) -> Vec<PayloadData> {
	let id = message_id(reader);
	let data = message_data(reader);
	let num_surbs = reader.below(24);
	let whole = write(id, &data, num_surbs, 1 + reader.below(16));
	if whole.is_empty() {
		return whole;
	}
	(0..reader.below(12)).map(|_| whole[reader.below(whole.len())]).collect()
}

/// Splits a message into its fragments. Returns none if there are more than `max`.
fn write(id: MessageId, data: &[u8], num_surbs: usize, max: usize) -> Vec<PayloadData> {
	let plans = match split(id, data, num_surbs, max) {
		Ok(plans) => plans,
		Err(error) => {
			assert!(error.max == max && error.needed > max);
			return Vec::new();
		},
	};
	assert!(!plans.is_empty() && plans.len() <= max);
	let mut surbs = surbs(num_surbs, data.len() as u8).into_iter();
	let fragments = plans
		.iter()
		.map(|plan| {
			assert!(plan.message_id() == id && plan.surbs() <= MAX_SURBS_PER_FRAGMENT);
			let surbs: Vec<_> = surbs.by_ref().take(plan.surbs()).collect();
			let mut fragment = [0xaa; FRAGMENT_SIZE];
			plan.write(&mut fragment, data, &surbs).expect("planned for these; qed");
			fragment
		})
		.collect();
	assert!(surbs.next().is_none(), "a SURB found no place");
	fragments
}

/// Checks that a message comes out of its fragments unchanged.
fn there_and_back(input: &[u8]) {
	let mut reader = Reader::new(input);
	let id = message_id(&mut reader);
	let data = message_data(&mut reader);
	let num_surbs = reader.below(40);
	let mut fragments = write(id, &data, num_surbs, 20);
	if fragments.is_empty() {
		return;
	}
	let count = fragments.len();
	let mut assembler = Assembler::new(1, count);
	let mut message = None;
	while !fragments.is_empty() {
		let fragment = fragments.swap_remove(reader.below(fragments.len()));
		assert!(message.is_none(), "complete before its last fragment");
		message = assembler.insert(&fragment, count).expect("a good fragment; qed");
	}
	let message = message.expect("all fragments are there; qed");
	assert!(message.id == id && message.data == data);
	assert_same_surbs(&message.surbs, &surbs(num_surbs, data.len() as u8));
	assert_eq!((assembler.messages(), assembler.fragments(), assembler.evicted_messages()), (0, 0, 0));
}

fn assert_same_surbs(got: &[Surb], expected: &[Surb]) {
	assert!(got.iter().map(Surb::as_bytes).eq(expected.iter().map(Surb::as_bytes)), "other SURBs, or another order");
}

#[derive(Clone, Copy)]
struct Bounds {
	messages: usize,
	fragments: usize,
	fragments_per_message: usize,
}

/// An incomplete message in the model.
struct Incomplete {
	id: [u8; 16],
	count: usize,
	/// Its fragments: index, data, SURBs.
	parts: Vec<(usize, Vec<u8>, Vec<Surb>)>,
}

/// The model of the assembler: a list, the most recently used message last.
struct Model {
	bounds: Bounds,
	incomplete: Vec<Incomplete>,
	evicted: u64,
}

impl Model {
	fn insert(&mut self, fragment: &PayloadData) -> Result<Option<AssembledMessage>, FragmentError> {
		let number = |at: usize| u16::from_le_bytes([fragment[at], fragment[at + 1]]);
		let mut id = [0; 16];
		id.copy_from_slice(&fragment[..16]);
		let (last_index, index, data_size) = (number(16), number(18), usize::from(number(20)));
		let num_surbs = usize::from(fragment[22]);
		let size = data_size + SURB_SIZE * num_surbs;
		let count = usize::from(last_index) + 1;
		if index > last_index {
			return Err(FragmentError::Index { index, last_index });
		}
		if size > MAX_DATA {
			return Err(FragmentError::Size(size));
		}
		if count > self.bounds.fragments_per_message {
			return Err(FragmentError::TooManyFragments(count));
		}
		let data = fragment[23..23 + data_size].to_vec();
		let surbs = (1..=num_surbs)
			.map(|back| {
				let mut surb = [0; SURB_SIZE];
				surb.copy_from_slice(&fragment[FRAGMENT_SIZE - back * SURB_SIZE..][..SURB_SIZE]);
				Surb::from(surb)
			})
			.collect();

		let part = (usize::from(index), data, surbs);
		let mut message = match self.incomplete.iter().position(|message| message.id == id) {
			Some(at) => {
				let message = &self.incomplete[at];
				if message.count != count {
					return Err(FragmentError::CountMismatch { got: count, first: message.count });
				}
				if message.parts.iter().any(|(known, ..)| *known == part.0) {
					return Err(FragmentError::Duplicate);
				}
				self.incomplete.remove(at)
			},
			None => Incomplete { id, count, parts: Vec::new() },
		};
		message.parts.push(part);
		if message.parts.len() < count {
			self.incomplete.push(message);
			while self.incomplete.len() > self.bounds.messages || self.fragments() > self.bounds.fragments {
				self.incomplete.remove(0);
				self.evicted += 1;
			}
			return Ok(None);
		}
		message.parts.sort_by_key(|(index, ..)| *index);
		let mut whole = AssembledMessage { id: MessageId(id), data: Vec::new(), surbs: Vec::new() };
		for (_, data, surbs) in message.parts {
			whole.data.extend(data);
			whole.surbs.extend(surbs);
		}
		Ok(Some(whole))
	}

	fn fragments(&self) -> usize {
		self.incomplete.iter().map(|message| message.parts.len()).sum()
	}
}

/// The assembler and its model, given the same fragments.
struct Pair {
	assembler: Assembler,
	model: Model,
	steps: usize,
}

impl Pair {
	fn insert(&mut self, fragment: &PayloadData) {
		self.steps += 1;
		match (self.assembler.insert(fragment, self.model.bounds.fragments_per_message), self.model.insert(fragment)) {
			(Ok(None), Ok(None)) => (),
			(Ok(Some(got)), Ok(Some(expected))) => {
				assert!(got.id == expected.id && got.data == expected.data, "{got:?} and not {expected:?}");
				assert_same_surbs(&got.surbs, &expected.surbs);
			},
			(Err(got), Err(expected)) => assert_eq!(got, expected),
			(got, expected) => panic!("{got:?} and not {expected:?}"),
		}
		let (assembler, model) = (&self.assembler, &self.model);
		assert_eq!(assembler.messages(), model.incomplete.len());
		assert_eq!(assembler.fragments(), model.fragments());
		assert_eq!(assembler.evicted_messages(), model.evicted);
		assert!(assembler.messages() <= model.bounds.messages && assembler.fragments() <= model.bounds.fragments);
	}
}
