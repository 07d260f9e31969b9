//! Bounds on what one caller may ask for at a time.
//!
//! A caller is told of its own calls only: whether it may call does not depend on what others do.

use crate::requests::line::Caller;
use std::{
	collections::HashMap,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The most calls under way of a caller that may not call unsafe methods.
const PUBLIC: usize = 4;
/// The most calls under way of one that may.
const OWN: usize = 16;

type Calls = HashMap<Caller, usize>;

/// How many calls each caller has under way, if any.
#[derive(Clone, Default)]
pub struct Callers(Arc<Mutex<Calls>>);

/// A call that is under way.
pub struct Call {
	callers: Callers,
	caller: Caller,
}

impl Callers {
	/// Begins a call. It ends when the result is dropped.
	///
	/// # Errors
	/// The caller has this many under way, which is the most.
	pub fn begin(&self, caller: Caller) -> Result<Call, usize> {
		let limit = match caller {
			Caller::Own(_) => OWN,
			Caller::Public(_) => PUBLIC,
		};
		let mut calls = self.lock();
		let under_way = calls.entry(caller).or_default();
		if *under_way >= limit {
			return Err(limit);
		}
		*under_way += 1;
		Ok(Call { callers: self.clone(), caller })
	}

	/// The numbers are right whatever panicked: each is changed in one step.
	fn lock(&self) -> MutexGuard<'_, Calls> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

impl Drop for Call {
	fn drop(&mut self) {
		let mut calls = self.callers.lock();
		if let Some(under_way) = calls.get_mut(&self.caller) {
			*under_way -= 1;
			if *under_way == 0 {
				calls.remove(&self.caller);
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_caller_is_bounded_by_its_own_calls_alone() {
		let callers = Callers::default();
		let mut calls = Vec::new();
		for number in 0..50 {
			for _ in 0..PUBLIC {
				calls.push(callers.begin(Caller::Public(number)).expect("it has room"));
			}
			assert_eq!(callers.begin(Caller::Public(number)).err(), Some(PUBLIC));
		}
		// An own caller's number may be the same.
		for _ in 0..OWN {
			calls.push(callers.begin(Caller::Own(7)).expect("it has room"));
		}
		assert_eq!(callers.begin(Caller::Own(7)).err(), Some(OWN));
		drop(calls.remove(0));
		drop(callers.begin(Caller::Public(0)).expect("one of its calls has ended"));
		drop(calls);
		assert!(callers.lock().is_empty(), "nothing is kept of callers that are gone");
	}
}
