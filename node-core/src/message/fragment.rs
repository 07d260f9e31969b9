//! The layout of a fragment; splitting a message.

use super::id::MessageId;
use crate::sphinx::{field, field_mut, PayloadData, Surb, PAYLOAD_DATA_SIZE, SURB_SIZE};
use alloc::vec::Vec;
use core::ops::Range;

/// Size in bytes of a fragment: what a packet carries.
pub const FRAGMENT_SIZE: usize = PAYLOAD_DATA_SIZE;
/// The most bytes of data in one fragment; SURBs take their bytes from these.
pub const MAX_DATA: usize = FRAGMENT_SIZE - HEADER_SIZE;
/// The most SURBs in one fragment.
pub const MAX_SURBS_PER_FRAGMENT: usize = MAX_DATA / SURB_SIZE;

/// Size in bytes of a fragment's header.
///
/// | bytes  | field                            |
/// |--------|----------------------------------|
/// | 0..16  | message ID                       |
/// | 16..18 | number of fragments, minus one   |
/// | 18..20 | index of this fragment           |
/// | 20..22 | bytes of data in this fragment   |
/// | 22     | SURBs in this fragment           |
///
/// From byte 23 on there is the data at the front, the SURBs at the back (the first SURB last), and zeroes in between.
const HEADER_SIZE: usize = 23;
/// The most fragments that can have an index.
const MAX_FRAGMENTS: usize = 1 << 16;

const _: () = assert!(MAX_DATA == 2025 && MAX_SURBS_PER_FRAGMENT == 9);

/// The message does not fit into the number of fragments that it may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a message of {needed} fragments, where {max} are the most")]
pub struct TooLarge {
	/// Fragments that it would take.
	pub needed: usize,
	/// Fragments that it may have.
	pub max: usize,
}

/// The data is not the data that was split, or there are not as many SURBs as [`FragmentPlan::surbs`] says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not the data, or not the number of SURBs, that the fragment was planned for")]
pub struct PlanMismatch;

/// The contents of one fragment of a message. All copies of the fragment are written by the same plan, each with SURBs of
/// its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FragmentPlan {
	message_id: MessageId,
	last_index: u16,
	index: u16,
	/// Size of the whole message's data, and the range of it that goes into this fragment.
	message_size: usize,
	data: Range<usize>,
	surbs: usize,
}

/// The most bytes of data in a message of this many fragments and SURBs.
pub fn max_data(fragments: usize, surbs: usize) -> usize {
	fragments.saturating_mul(MAX_DATA).saturating_sub(surbs.saturating_mul(SURB_SIZE))
}

/// Splits a message of `data` and `surbs` SURBs into fragments, at most `max_fragments` (and never more than 65,536).
///
/// SURBs go into the first fragments, as many as fit, and the data takes the room that they leave. The same message is
/// always split the same way. There is always at least one fragment, which may be empty.
///
/// # Errors
///
/// [`TooLarge`].
pub fn split(
	message_id: MessageId,
	data: &[u8],
	surbs: usize,
	max_fragments: usize,
) -> Result<Vec<FragmentPlan>, TooLarge> {
	let max = max_fragments.min(MAX_FRAGMENTS);
	let with_surbs = surbs.div_ceil(MAX_SURBS_PER_FRAGMENT);
	// Saturates only where `with_surbs` alone is too many.
	let beside_surbs = with_surbs.saturating_mul(MAX_DATA).saturating_sub(surbs.saturating_mul(SURB_SIZE));
	let without_surbs = data.len().saturating_sub(beside_surbs).div_ceil(MAX_DATA);
	let needed = with_surbs.saturating_add(without_surbs).max(1);
	if needed > max {
		return Err(TooLarge { needed, max });
	}

	let last_index = u16::try_from(needed - 1).expect("`needed` is from 1 to 65,536; qed");
	let mut surbs_left = surbs;
	let mut offset = 0;
	let plans = (0..=last_index).map(|index| {
		let surbs = surbs_left.min(MAX_SURBS_PER_FRAGMENT);
		surbs_left -= surbs;
		let start = offset;
		offset = data.len().min(start + MAX_DATA - surbs * SURB_SIZE);
		FragmentPlan { message_id, last_index, index, message_size: data.len(), data: start..offset, surbs }
	});
	Ok(plans.collect())
}

impl FragmentPlan {
	/// The message that the fragment is of.
	pub fn message_id(&self) -> MessageId {
		self.message_id
	}

	/// Number of SURBs in the fragment.
	pub fn surbs(&self) -> usize {
		self.surbs
	}

	/// Writes the fragment. `data` is all of the message's, `surbs` are this fragment's.
	///
	/// # Errors
	///
	/// [`PlanMismatch`]; `fragment` is unchanged then.
	pub fn write(&self, fragment: &mut PayloadData, data: &[u8], surbs: &[Surb]) -> Result<(), PlanMismatch> {
		if data.len() != self.message_size || surbs.len() != self.surbs {
			return Err(PlanMismatch);
		}
		let data = data.get(self.data.clone()).ok_or(PlanMismatch)?;
		let data_size = u16::try_from(data.len()).map_err(|_| PlanMismatch)?;
		let num_surbs = u8::try_from(surbs.len()).map_err(|_| PlanMismatch)?;

		*field_mut::<0, 16, FRAGMENT_SIZE>(fragment) = self.message_id.0;
		*field_mut::<16, 2, FRAGMENT_SIZE>(fragment) = self.last_index.to_le_bytes();
		*field_mut::<18, 2, FRAGMENT_SIZE>(fragment) = self.index.to_le_bytes();
		*field_mut::<20, 2, FRAGMENT_SIZE>(fragment) = data_size.to_le_bytes();
		*field_mut::<22, 1, FRAGMENT_SIZE>(fragment) = [num_surbs];
		let body = field_mut::<HEADER_SIZE, MAX_DATA, FRAGMENT_SIZE>(fragment);
		body.fill(0);
		body[..data.len()].copy_from_slice(data);
		for (place, surb) in body.rchunks_exact_mut(SURB_SIZE).zip(surbs) {
			place.copy_from_slice(surb.as_bytes());
		}
		Ok(())
	}
}

/// Why a fragment is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FragmentError {
	/// Its index is beyond the message's last one.
	#[error("fragment index {index}, where {last_index} is the last")]
	Index {
		/// The fragment's index.
		index: u16,
		/// The message's last one.
		last_index: u16,
	},
	/// It claims to hold more bytes of data and SURBs than fit: this many.
	#[error("{0} bytes of data and SURBs, where {MAX_DATA} are the most")]
	Size(usize),
	/// Its message has more fragments than we take: this many.
	#[error("a message of {0} fragments")]
	TooManyFragments(usize),
	/// It gives another number of fragments for its message than the first fragment did that we saw.
	#[error("a message of {got} fragments that had {first} at first")]
	CountMismatch {
		/// The number in this fragment.
		got: usize,
		/// The number in the first fragment.
		first: usize,
	},
	/// We have this fragment already.
	#[error("a second copy")]
	Duplicate,
}

/// A fragment that was read and checked.
pub(super) struct FragmentView<'a> {
	pub(super) message_id: MessageId,
	/// Number of fragments of the message.
	pub(super) count: usize,
	/// Below `count`.
	pub(super) index: u16,
	pub(super) data: &'a [u8],
	surbs: &'a [u8],
}

impl<'a> FragmentView<'a> {
	pub(super) fn read(fragment: &'a PayloadData) -> Result<Self, FragmentError> {
		let number = |bytes: &[u8; 2]| u16::from_le_bytes(*bytes);
		let last_index = number(field::<16, 2, FRAGMENT_SIZE>(fragment));
		let index = number(field::<18, 2, FRAGMENT_SIZE>(fragment));
		let data_size = usize::from(number(field::<20, 2, FRAGMENT_SIZE>(fragment)));
		let [num_surbs] = *field::<22, 1, FRAGMENT_SIZE>(fragment);
		let surbs_size = usize::from(num_surbs) * SURB_SIZE;
		if index > last_index {
			return Err(FragmentError::Index { index, last_index });
		}
		if data_size + surbs_size > MAX_DATA {
			return Err(FragmentError::Size(data_size + surbs_size));
		}
		let body = field::<HEADER_SIZE, MAX_DATA, FRAGMENT_SIZE>(fragment);
		Ok(Self {
			message_id: MessageId(*field::<0, 16, FRAGMENT_SIZE>(fragment)),
			count: usize::from(last_index) + 1,
			index,
			data: &body[..data_size],
			surbs: &body[MAX_DATA - surbs_size..],
		})
	}

	/// The SURBs, in order.
	pub(super) fn surbs(&self) -> impl ExactSizeIterator<Item = Surb> + 'a {
		self.surbs.rchunks_exact(SURB_SIZE).map(|surb| {
			let surb: [u8; SURB_SIZE] = surb.try_into().expect("a chunk of SURB_SIZE bytes; qed");
			Surb::from(surb)
		})
	}
}
