//! How large a chain may be for its weights to hold.
//!
//! Most calls read and write directories: the first keys of all pages of authorities, of the elected, and of the
//! standbys. So they cost more where there is room for more, a little, but in time, in reads and in the size of proofs.
//! The benchmarks fill the measured runtime with as many of each as its constants allow. Nothing is known of more, so
//! the integrity test refuses larger constants.

use crate::weights::SubstrateWeight;

/// How many there can be of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetSizes {
	/// `MaxAuthorities`
	pub authorities: u32,
	/// `MaxMixnodes`
	pub mixnodes: u32,
	/// `MaxStandbys`
	pub standbys: u32,
}

/// The sizes with which the weights in [`weights`](crate::weights) were measured. The example chain's runtime takes
/// them from here while it is measured. So change them, and measure again.
pub const MEASURED_UP_TO: SetSizes = SetSizes { authorities: 1_000, mixnodes: 1_000, standbys: 100 };

/// Says with which constants weights were measured.
///
/// It is no part of [`WeightInfo`](crate::WeightInfo), because that is generated. Whoever measures the weights of
/// another runtime implements this by hand, with that runtime's constants:
///
/// ```
/// use pallet_mixnet::{MeasuredUpTo, SetSizes};
///
/// /// The weights of a chain with room for 3,000 mixnodes, whose `WeightInfo` is generated.
/// struct OurWeights;
///
/// impl MeasuredUpTo for OurWeights {
///     fn measured_up_to() -> SetSizes {
///         SetSizes { authorities: 5_000, mixnodes: 3_000, standbys: 300 }
///     }
/// }
/// # assert_eq!(OurWeights::measured_up_to().mixnodes, 3_000);
/// ```
pub trait MeasuredUpTo {
	/// The constants of the runtime that was measured.
	fn measured_up_to() -> SetSizes;
}

impl<T> MeasuredUpTo for SubstrateWeight<T> {
	fn measured_up_to() -> SetSizes {
		MEASURED_UP_TO
	}
}

impl MeasuredUpTo for () {
	fn measured_up_to() -> SetSizes {
		MEASURED_UP_TO
	}
}
