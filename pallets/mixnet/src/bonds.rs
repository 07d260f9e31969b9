//! The parts of an operator's bond, as arithmetic: which of them counts in which election, and which are being released.
//!
//! Whatever is on hold is in one place: in the bond, or in a part that is being released. What moves between the two can
//! only make less count in the election under way:
//!
//! - What is added, or taken back, is the newest part of the bond. It counts in no election whose seed could be known.
//! - What is released leaves the bond at once. The newest parts go first, so that an operator can undo an addition and
//!   weighs what it did before.
//! - What is slashed is taken from the part that counts first, then from the newer ones, and last from what is being
//!   released, where the latest goes first: it has been in the bond the longest. Neither adding to a bond nor releasing
//!   a part of it makes up for a slash.

use crate::{Operator, Rotation, UnbondingPart};
use codec::{Decode, Encode};
use frame_support::BoundedVec;
use mixnet_primitives::SessionIndex;
use sp_runtime::traits::{AtLeast32BitUnsigned, Zero};

/// There are [`MAX_UNBONDING_PARTS`](crate::MAX_UNBONDING_PARTS) parts already, of other sessions.
#[derive(Debug)]
pub(crate) struct TooManyParts;

impl<Balance, BlockNumber> Operator<Balance, BlockNumber>
where
	Balance: AtLeast32BitUnsigned + Copy + Encode + Decode,
	BlockNumber: Ord + Copy,
{
	/// An operator that bonds `bond` now, and has no key yet.
	pub(crate) fn new(bond: Balance, now: BlockNumber) -> Self {
		Self {
			bond,
			recent: bond,
			recent_since: now,
			waiting: Zero::zero(),
			waiting_since: now,
			key: None,
			releasable_in: None,
			unbonding: BoundedVec::new(),
		}
	}

	/// Was the release of the whole bond asked for?
	pub(crate) fn is_leaving(&self) -> bool {
		self.releasable_in.is_some()
	}

	/// Is anything being released, or released and not withdrawn yet?
	pub(crate) fn is_unbonding(&self) -> bool {
		self.is_leaving() || !self.unbonding.is_empty()
	}

	/// All that is on hold.
	pub(crate) fn on_hold(&self) -> Balance {
		self.unbonding.iter().fold(self.bond, |sum, part| sum.saturating_add(part.amount))
	}

	/// What of it stays on hold until its release is asked for.
	pub(crate) fn staying(&self) -> Balance {
		if self.is_leaving() {
			Zero::zero()
		} else {
			self.bond
		}
	}

	/// What of it is being released, or was released and not withdrawn yet.
	pub(crate) fn releasing(&self) -> Balance {
		self.on_hold().saturating_sub(self.staying())
	}

	/// The bond without what was added in block `committed_before` or later.
	pub(crate) fn committed(&self, committed_before: BlockNumber) -> Balance {
		let late = |amount, since| if since < committed_before { Zero::zero() } else { amount };
		self.bond
			.saturating_sub(late(self.recent, self.recent_since))
			.saturating_sub(late(self.waiting, self.waiting_since))
	}

	/// Adds to the bond. The election under way counts what was there before block `committed_before`.
	pub(crate) fn add(
		&mut self,
		amount: Balance,
		now: BlockNumber,
		last_rotation: Rotation<BlockNumber>,
		committed_before: BlockNumber,
	) {
		if self.recent_since < last_rotation.at {
			// Elections to come count all that was added before the last rotation. Only the one under way may not count
			// it.
			if self.waiting_since < committed_before {
				self.waiting = Zero::zero();
			}
			self.waiting = self.waiting.saturating_add(self.recent);
			self.waiting_since = self.recent_since;
			self.recent = Zero::zero();
		}
		self.bond = self.bond.saturating_add(amount);
		self.recent = self.recent.saturating_add(amount);
		self.recent_since = now;
	}

	/// Takes back all that is being released, and adds it to the bond like something new. Returns how much it is.
	///
	/// An operator that was leaving had nothing that counts. So its whole bond is new.
	pub(crate) fn take_back(
		&mut self,
		now: BlockNumber,
		last_rotation: Rotation<BlockNumber>,
		committed_before: BlockNumber,
	) -> Balance {
		let amount = self.releasing();
		if self.releasable_in.take().is_some() {
			self.bond = Zero::zero();
			self.recent = Zero::zero();
			self.waiting = Zero::zero();
		}
		self.unbonding.clear();
		self.add(amount, now, last_rotation, committed_before);
		amount
	}

	/// When something will be released that would be in session `due`, if there was nothing else. Nothing is released
	/// before what was asked for earlier. This could only be where an upgrade has shortened the time.
	pub(crate) fn releasable_after_others(&self, due: SessionIndex) -> SessionIndex {
		self.unbonding.last().map_or(due, |last| due.max(last.releasable_in))
	}

	/// Takes a part out of the bond, at most all of it, to be released in session `due`, or with the last of the others.
	/// Returns that session. Parts that are released in the same session become one.
	pub(crate) fn release_part(&mut self, amount: Balance, due: SessionIndex) -> Result<SessionIndex, TooManyParts> {
		let releasable_in = self.releasable_after_others(due);
		match self.unbonding.last_mut().filter(|last| last.releasable_in == releasable_in) {
			Some(last) => last.amount = last.amount.saturating_add(amount),
			None => {
				self.unbonding.try_push(UnbondingPart { amount, releasable_in }).map_err(|_| TooManyParts)?;
			},
		}
		self.bond = self.bond.saturating_sub(amount);
		let from_recent = amount.min(self.recent);
		self.recent = self.recent.saturating_sub(from_recent);
		self.waiting = self.waiting.saturating_sub(amount.saturating_sub(from_recent));
		Ok(releasable_in)
	}

	/// Removes the parts that are released in this session. Returns how much they are.
	pub(crate) fn take_due(&mut self, session_index: SessionIndex) -> Balance {
		let before = self.on_hold();
		self.unbonding.retain(|part| part.releasable_in > session_index);
		before.saturating_sub(self.on_hold())
	}

	/// Takes what was slashed, at most all that is on hold.
	pub(crate) fn slash(&mut self, amount: Balance) {
		let from_bond = amount.min(self.bond);
		self.bond = self.bond.saturating_sub(from_bond);
		self.recent = self.recent.min(self.bond);
		self.waiting = self.waiting.min(self.bond.saturating_sub(self.recent));

		let mut left = amount.saturating_sub(from_bond);
		for part in self.unbonding.iter_mut().rev() {
			let taken = left.min(part.amount);
			part.amount = part.amount.saturating_sub(taken);
			left = left.saturating_sub(taken);
		}
		self.unbonding.retain(|part| !part.amount.is_zero());
	}
}
