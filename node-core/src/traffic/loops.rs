//! Loop cover that should come back.
//!
//! Loop cover packets carry a random ID that only we can read. A loop that does not come back tells of a mixnode or a
//! link that loses packets, or of someone who blocks ours. (Loopix, section 4.2)

use crate::sphinx::CoverId;
use std::collections::{BTreeSet, VecDeque};

/// Most loops remembered. Loops take half a minute at most but for lost ones; at default rates this is 3 minutes' worth.
const CAPACITY: usize = 512;

/// IDs of the loop cover packets that we sent and that have not come back; the oldest are given up first.
#[derive(Debug, Default)]
pub(crate) struct OutstandingLoops {
	ids: BTreeSet<CoverId>,
	/// In the order sent. May still hold IDs that came back; those are skipped when their turn comes.
	order: VecDeque<CoverId>,
}

impl OutstandingLoops {
	pub fn insert(&mut self, id: CoverId) {
		if self.order.len() == CAPACITY {
			if let Some(oldest) = self.order.pop_front() {
				self.ids.remove(&oldest);
			}
		}
		self.order.push_back(id);
		self.ids.insert(id);
	}

	/// Was a loop with this ID outstanding? It no longer is.
	pub fn take(&mut self, id: &CoverId) -> bool {
		self.ids.remove(id)
	}
}
