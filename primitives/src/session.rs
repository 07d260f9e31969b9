//! Mixnet sessions and their phases.
//!
//! Traffic moves from one session's mixnodes and keys to the next one's gradually, in four phases. Which traffic may be
//! sent in which session during which phase is the table of PROTOCOL.md, section 7; its home in code is
//! [`SessionPhase`].

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// Index of a mixnet session. Sessions are counted from 0; they need not coincide with pallet-session's.
pub type SessionIndex = u32;

/// One of the two sessions that can be live at a time, relative to the current one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RelativeSession {
	/// The session before the current one. It is live until phase 3 of the current one.
	Previous,
	/// The current session.
	Current,
}

impl RelativeSession {
	/// Both sessions, the older one first.
	pub const BOTH: [Self; 2] = [Self::Previous, Self::Current];

	/// Which of the two `index` is while `current` is the current session; `None` if it is neither.
	pub const fn of(index: SessionIndex, current: SessionIndex) -> Option<Self> {
		match current.checked_sub(index) {
			Some(0) => Some(Self::Current),
			Some(1) => Some(Self::Previous),
			_ => None,
		}
	}

	/// The index of this session while `current` is the current one; `None` for the session before session 0.
	pub const fn index(self, current: SessionIndex) -> Option<SessionIndex> {
		match self {
			Self::Previous => current.checked_sub(1),
			Self::Current => Some(current),
		}
	}
}

/// Phase of the current session. Encodes as one byte, 0 to 3.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub enum SessionPhase {
	/// 0: cover traffic starts in the current session. Requests still go through the previous one.
	CoverToCurrent,
	/// 1: new requests go through the current session. The previous one still carries requests and replies.
	RequestsToCurrent,
	/// 2: the previous session carries cover and forwarded packets only.
	CoverToPrev,
	/// 3: the previous session is over. Its keys are destroyed.
	DisconnectFromPrev,
}

impl SessionPhase {
	/// All four phases, in order.
	pub const ALL: [Self; 4] =
		[Self::CoverToCurrent, Self::RequestsToCurrent, Self::CoverToPrev, Self::DisconnectFromPrev];

	/// Is the previous session still live? If so, its keys, its mixnodes and its connections are still needed.
	pub const fn needs_previous(self) -> bool {
		!matches!(self, Self::DisconnectFromPrev)
	}

	/// May any packets of `session` be sent, be they cover or forwarded?
	pub const fn allows_cover(self, session: RelativeSession) -> bool {
		match session {
			RelativeSession::Previous => self.needs_previous(),
			RelativeSession::Current => true,
		}
	}

	/// May requests and replies be sent in `session`?
	pub const fn allows_requests(self, session: RelativeSession) -> bool {
		match session {
			RelativeSession::Previous => matches!(self, Self::CoverToCurrent | Self::RequestsToCurrent),
			RelativeSession::Current => !matches!(self, Self::CoverToCurrent),
		}
	}

	/// The session that new requests go to.
	pub const fn default_session(self) -> RelativeSession {
		match self {
			Self::CoverToCurrent => RelativeSession::Previous,
			_ => RelativeSession::Current,
		}
	}

	/// The factor by which each live session's mean time between authored packets is stretched.
	///
	/// It is 2 (half rate) while two sessions are live, so that a node's total rate stays the same, and 1 otherwise.
	pub const fn period_factor(self) -> u32 {
		if self.needs_previous() {
			2
		} else {
			1
		}
	}
}

impl fmt::Display for SessionPhase {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str(match self {
			Self::CoverToCurrent => "CoverToCurrent",
			Self::RequestsToCurrent => "RequestsToCurrent",
			Self::CoverToPrev => "CoverToPrev",
			Self::DisconnectFromPrev => "DisconnectFromPrev",
		})
	}
}

/// The current session and its phase, as of some block.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub struct SessionStatus {
	/// Index of the current session.
	pub current_index: SessionIndex,
	/// The phase that the current session is in.
	pub phase: SessionPhase,
}

impl fmt::Display for SessionStatus {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		write!(f, "session {}, phase {} ({})", self.current_index, self.phase as u8, self.phase)
	}
}

/// When the next phase and the next session are expected to begin, as of some block.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub struct SessionForecast<BlockNumber> {
	/// The phase after the present one, and the block in which it begins; `None` in the last phase. The next session
	/// may begin before it does.
	pub next_phase: Option<(SessionPhase, BlockNumber)>,
	/// The block in which the next session is expected to begin; `None` if that cannot be told.
	pub next_session: Option<BlockNumber>,
}

#[cfg(test)]
mod tests {
	use super::*;
	use RelativeSession::{Current, Previous};

	/// The table of PROTOCOL.md, section 7, row by row.
	#[test]
	fn the_phase_table_holds_row_by_row() {
		// phase, live, half rate, requests in previous, requests in current, default
		let table = [
			(SessionPhase::CoverToCurrent, true, 2, true, false, Previous),
			(SessionPhase::RequestsToCurrent, true, 2, true, true, Current),
			(SessionPhase::CoverToPrev, true, 2, false, true, Current),
			(SessionPhase::DisconnectFromPrev, false, 1, false, true, Current),
		];
		for (byte, (phase, previous_is_live, factor, previous, current, default)) in table.into_iter().enumerate() {
			assert_eq!(phase.encode(), [byte as u8]);
			assert_eq!(phase.needs_previous(), previous_is_live);
			assert_eq!(phase.allows_cover(Previous), previous_is_live);
			assert!(phase.allows_cover(Current));
			assert_eq!(phase.period_factor(), factor);
			assert_eq!(phase.allows_requests(Previous), previous);
			assert_eq!(phase.allows_requests(Current), current);
			assert_eq!(phase.default_session(), default);
			assert!(phase.allows_requests(phase.default_session()));
		}
	}

	#[test]
	fn relative_sessions_and_indices_are_inverse() {
		assert_eq!(RelativeSession::of(7, 7), Some(Current));
		assert_eq!(RelativeSession::of(6, 7), Some(Previous));
		assert_eq!(RelativeSession::of(5, 7), None);
		assert_eq!(RelativeSession::of(8, 7), None);
		assert_eq!(Previous.index(0), None);
		assert_eq!(Previous.index(7), Some(6));
		assert_eq!(Current.index(0), Some(0));
	}
}
