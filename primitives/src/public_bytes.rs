//! The form that public keys of 32 bytes share.

/// Defines a public value of 32 bytes. It encodes as its bytes, and is shown as 64 hex digits, in text and in JSON.
macro_rules! public_bytes {
	($(#[$doc:meta])* $name:ident) => {
		$(#[$doc])*
		#[derive(
			Clone,
			Copy,
			PartialEq,
			Eq,
			PartialOrd,
			Ord,
			Hash,
			codec::Encode,
			codec::Decode,
			codec::DecodeWithMemTracking,
			codec::MaxEncodedLen,
			scale_info::TypeInfo,
			serde::Serialize,
			serde::Deserialize,
		)]
		pub struct $name(#[serde(with = "hex::serde")] pub [u8; 32]);

		impl $name {
			/// Size in bytes.
			pub const SIZE: usize = 32;
		}

		impl From<[u8; 32]> for $name {
			fn from(bytes: [u8; 32]) -> Self {
				Self(bytes)
			}
		}

		impl AsRef<[u8]> for $name {
			fn as_ref(&self) -> &[u8] {
				&self.0
			}
		}

		impl core::fmt::Display for $name {
			fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
				self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
			}
		}

		impl core::fmt::Debug for $name {
			fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
				core::fmt::Display::fmt(self, f)
			}
		}
	};
}

pub(crate) use public_bytes;
