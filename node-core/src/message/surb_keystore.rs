//! The keys of the SURBs that we gave out with our requests.

use super::id::MessageId;
use crate::{
	bytes::{sum, tree, AGE},
	sphinx::{SurbId, SurbKeys},
};
use alloc::collections::BTreeMap;

/// Keys of SURBs over which no reply came yet.
///
/// Their number is bounded. The keys of a new SURB push out the oldest ones, and a reply over that SURB cannot be read any
/// more. A SURB is good for one reply, so its keys are removed when one comes.
///
/// ```
/// # #[cfg(feature = "unstable")]
/// # fn main() {
/// use mixnet_node_core::{message::{MessageId, SurbKeystore}, sphinx::{SurbId, SurbKeys}};
///
/// let mut keystore = SurbKeystore::new(100);
/// let (request, id) = (MessageId([1; 16]), SurbId([2; 16]));
/// keystore.insert(request, id, SurbKeys::from_secrets(&[3; 32], &[[4; 32]]));
/// assert_eq!(keystore.take(&id).map(|(of, _keys)| of), Some(request));
/// assert!(keystore.take(&id).is_none(), "a SURB is used once");
/// # }
/// # #[cfg(not(feature = "unstable"))]
/// # fn main() {}
/// ```
pub struct SurbKeystore {
	surbs: BTreeMap<SurbId, Entry>,
	/// The same by [`Entry::number`], oldest first.
	by_age: BTreeMap<u64, SurbId>,
	next_number: u64,
	capacity: usize,
	evicted: u64,
}

struct Entry {
	number: u64,
	request: MessageId,
	keys: SurbKeys,
}

impl SurbKeystore {
	/// The most bytes of heap that a keystore of this capacity takes.
	pub(crate) fn max_bytes(capacity: usize) -> usize {
		let entry = MessageId::SIZE + AGE + size_of::<SurbKeys>();
		sum([
			capacity.saturating_mul(SurbKeys::max_bytes()),
			tree(capacity, SurbId::SIZE + entry),
			tree(capacity, AGE + SurbId::SIZE),
		])
	}

	/// For the keys of at most `capacity` SURBs, each up to 1.2 kB.
	pub fn new(capacity: usize) -> Self {
		Self { surbs: BTreeMap::new(), by_age: BTreeMap::new(), next_number: 0, capacity, evicted: 0 }
	}

	/// Keeps the `keys` of the SURB `id`, which goes with the message `request`.
	pub fn insert(&mut self, request: MessageId, id: SurbId, keys: SurbKeys) {
		let number = self.next_number;
		self.next_number += 1;
		if let Some(replaced) = self.surbs.insert(id, Entry { number, request, keys }) {
			// IDs are random, so this does not happen. If it does, the newer SURB counts.
			self.by_age.remove(&replaced.number);
		}
		self.by_age.insert(number, id);
		while self.surbs.len() > self.capacity {
			let Some((_, oldest)) = self.by_age.pop_first() else { break };
			self.surbs.remove(&oldest);
			self.evicted += 1;
		}
	}

	/// Removes the keys of the SURB `id`, and returns them with the request that it went with. `None` if the SURB is not ours,
	/// or was used or given up.
	pub fn take(&mut self, id: &SurbId) -> Option<(MessageId, SurbKeys)> {
		let entry = self.surbs.remove(id)?;
		self.by_age.remove(&entry.number);
		Some((entry.request, entry.keys))
	}

	/// Destroys the keys of all SURBs that went with `request`, which was answered or given up. Returns how many there were.
	///
	/// Takes time in proportion to the capacity.
	pub fn remove_for(&mut self, request: &MessageId) -> usize {
		let before = self.surbs.len();
		let by_age = &mut self.by_age;
		self.surbs.retain(|_, entry| {
			let keep = entry.request != *request;
			if !keep {
				by_age.remove(&entry.number);
			}
			keep
		});
		before - self.surbs.len()
	}

	/// Number of SURBs whose keys are kept.
	pub fn len(&self) -> usize {
		self.surbs.len()
	}

	/// Are there no keys?
	pub fn is_empty(&self) -> bool {
		self.surbs.is_empty()
	}

	/// Number of SURBs whose keys were destroyed to make room for newer ones.
	pub fn evicted(&self) -> u64 {
		self.evicted
	}
}
