//! The line in which requests of this node's callers wait until the core has room for them.
//!
//! Whoever asks much gets no more of the mixnet than others. Two classes share it equally: the node's own user, and the
//! public, who may only call what is safe. Within a class all callers share equally, by packets and not by requests: a
//! caller with large requests waits for its own, and others do not.
//!
//! This is self-clocked fair queueing (Golestani, 1994). A request has a tag: the tag of its caller's request before it, or
//! of the request that left last, whichever is more, plus its own cost. The smallest tag leaves first.

use std::collections::{BTreeMap, HashMap};

/// Who asks.
///
/// The numbers tell callers apart: connections of the RPC server. Over HTTP each call is a connection of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
	/// The node itself, or somebody who may call its unsafe methods.
	Own(u64),
	/// Anybody.
	Public(u64),
}

impl Caller {
	/// The node's program itself.
	pub const NODE: Self = Self::Own(u64::MAX);

	fn class(self) -> usize {
		match self {
			Self::Own(_) => 0,
			Self::Public(_) => 1,
		}
	}
}

/// A fair queue.
#[derive(Debug)]
pub struct Line<T> {
	classes: [Class<T>; 2],
}

/// The queue of one class.
#[derive(Debug)]
struct Class<T> {
	/// By tag, then by arrival.
	entries: BTreeMap<(u64, u64), Entry<T>>,
	arrivals: u64,
	/// Of each caller with an entry: its last tag, and how many entries it has.
	callers: HashMap<Caller, (u64, usize)>,
	/// The tag of the entry that left last.
	last: u64,
	/// What has left this class, in comparison with the other.
	served: u64,
}

#[derive(Debug)]
struct Entry<T> {
	caller: Caller,
	cost: u64,
	item: T,
}

impl<T> Default for Class<T> {
	fn default() -> Self {
		Self { entries: BTreeMap::new(), arrivals: 0, callers: HashMap::new(), last: 0, served: 0 }
	}
}

impl<T> Class<T> {
	fn push(&mut self, caller: Caller, cost: u64, item: T) {
		let (tag, entries) = self.callers.entry(caller).or_default();
		*tag = (*tag).max(self.last) + cost;
		*entries += 1;
		self.entries.insert((*tag, self.arrivals), Entry { caller, cost, item });
		self.arrivals += 1;
	}

	fn pop(&mut self) -> Option<T> {
		let ((tag, _), Entry { caller, cost, item }) = self.entries.pop_first()?;
		self.last = tag;
		self.served += cost;
		self.forget(caller);
		Some(item)
	}

	fn forget(&mut self, caller: Caller) {
		if let Some((_, entries)) = self.callers.get_mut(&caller) {
			*entries -= 1;
			if *entries == 0 {
				self.callers.remove(&caller);
			}
		}
	}
}

impl<T> Default for Line<T> {
	fn default() -> Self {
		Self { classes: Default::default() }
	}
}

impl<T> Line<T> {
	/// Appends an item of this cost.
	pub fn push(&mut self, caller: Caller, cost: u64, item: T) {
		let [own, public] = &mut self.classes;
		let (class, other) = if caller.class() == 0 { (own, public) } else { (public, own) };
		if class.entries.is_empty() {
			// Nobody saves up while it asks for nothing.
			class.served = class.served.max(other.served);
		}
		class.push(caller, cost, item);
	}

	/// The class whose turn it is.
	fn next_class(&self) -> usize {
		let [own, public] = &self.classes;
		usize::from(own.entries.is_empty() || !public.entries.is_empty() && public.served < own.served)
	}

	/// The next item.
	pub fn first(&self) -> Option<&T> {
		self.classes[self.next_class()].entries.first_key_value().map(|(_, entry)| &entry.item)
	}

	/// Takes the next item.
	pub fn pop(&mut self) -> Option<T> {
		let class = self.next_class();
		self.classes[class].pop()
	}

	/// Takes out the items for which `gone` says so.
	pub fn remove_if(&mut self, gone: impl Fn(&T) -> bool) {
		for class in &mut self.classes {
			let mut callers = Vec::new();
			class.entries.retain(|_, entry| {
				let gone = gone(&entry.item);
				callers.extend(gone.then_some(entry.caller));
				!gone
			});
			for caller in callers {
				class.forget(caller);
			}
		}
	}

	/// How many items of the caller's class there are.
	pub fn len_of_class(&self, caller: Caller) -> usize {
		self.classes[caller.class()].entries.len()
	}

	/// How many items there are.
	pub fn total(&self) -> usize {
		self.classes.iter().map(|class| class.entries.len()).sum()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const A: Caller = Caller::Public(1);
	const B: Caller = Caller::Public(2);
	const OWN: Caller = Caller::Own(1);

	/// Everything in the line, in its order.
	fn drain(line: &mut Line<&'static str>) -> Vec<&'static str> {
		std::iter::from_fn(|| {
			let first = line.first().copied();
			let popped = line.pop();
			assert_eq!(first, popped);
			popped
		})
		.collect()
	}

	#[test]
	fn a_small_request_waits_for_at_most_one_large_one_of_another_caller() {
		let mut line = Line::default();
		for item in ["a1", "a2", "a3"] {
			line.push(A, 25, item);
		}
		assert_eq!(line.pop(), Some("a1"));
		line.push(B, 1, "b1");
		line.push(B, 1, "b2");
		assert_eq!(drain(&mut line), ["b1", "b2", "a2", "a3"]);
	}

	#[test]
	fn callers_share_by_packets_and_nobody_starves() {
		let mut line = Line::default();
		line.push(A, 10, "large");
		for _ in 0..20 {
			line.push(B, 1, "small");
		}
		let order = drain(&mut line);
		let at = order.iter().position(|item| *item == "large").expect("it is in there");
		assert!((9..=10).contains(&at), "the large one left after {at} small ones");
	}

	#[test]
	fn the_public_gets_half_however_many_callers_it_has() {
		let mut line = Line::default();
		for caller in 0..50 {
			line.push(Caller::Public(caller), 1, "public");
		}
		for _ in 0..4 {
			line.push(OWN, 1, "own");
		}
		let order = drain(&mut line);
		assert_eq!(order[..8].iter().filter(|item| **item == "own").count(), 4);
		assert_eq!(order.len(), 54);
	}

	#[test]
	fn a_class_that_asked_for_nothing_has_saved_up_nothing() {
		let mut line = Line::default();
		for _ in 0..100 {
			line.push(A, 1, "public");
			line.pop();
		}
		for _ in 0..10 {
			line.push(OWN, 1, "own");
			line.push(A, 1, "public");
		}
		let order = drain(&mut line);
		assert_eq!(order[..10].iter().filter(|item| **item == "own").count(), 5);
	}

	#[test]
	fn a_caller_that_comes_late_has_saved_up_nothing() {
		let mut line = Line::default();
		line.push(A, 1, "a");
		for _ in 0..50 {
			line.push(A, 1, "a");
			line.pop();
		}
		for _ in 0..6 {
			line.push(B, 1, "b");
			line.push(A, 1, "a");
		}
		let order = drain(&mut line);
		let of_b = order[..6].iter().filter(|item| **item == "b").count();
		assert!((2..=4).contains(&of_b), "{of_b} of the first six are of the caller that came late");
	}

	#[test]
	fn what_is_taken_out_counts_no_more() {
		let mut line = Line::default();
		line.push(A, 25, "gone");
		line.push(A, 25, "gone");
		line.push(B, 2, "b");
		line.remove_if(|item| *item == "gone");
		assert_eq!((line.total(), line.len_of_class(A), line.len_of_class(OWN)), (1, 1, 0));
		// The caller begins anew.
		line.push(A, 1, "a");
		assert_eq!(drain(&mut line), ["a", "b"]);
		assert!(line.classes.iter().all(|class| class.callers.is_empty()));
	}
}
