//! The place of randomness on a chain that has none.

use frame_support::traits::Randomness;
use sp_runtime::traits::Zero;

/// For chains without randomness, as those with Aura. No election has a seed, so nobody draws.
///
/// The runtime's integrity test refuses it together with a policy that [draws](super::ElectionPolicy::draws).
///
/// It answers every question with zeros, known since the first block. No source of randomness ever does, so the pallet
/// knows it by its answers.
pub struct NoRandomness;

impl<Output: Default, BlockNumber: Zero> Randomness<Output, BlockNumber> for NoRandomness {
	fn random(_subject: &[u8]) -> (Output, BlockNumber) {
		(Output::default(), BlockNumber::zero())
	}
}
