//! Election: which candidates may mix if there are more of them than a session has places.
//!
//! A policy gives each candidate a [`Rank`] when it registers. The best ranks are elected. There is no round of
//! votes, and no pass over the candidates when the session begins. A rank depends on nothing but its own candidate. So
//! a sorted list of the best can be kept as registrations come in, and the session begins by taking the list as it is:
//! rotation costs the same for 10 mixnodes as for 10,000. It also means that a candidate's rank does not change when
//! others come, go, or register again.
//!
//! # A lottery by ranks
//!
//! The interesting policy is the [`WeightedLottery`]. Think of **successive weighted sampling without replacement**:
//! one candidate is drawn with probability proportional to its weight, and taken out. Then one of those that are left
//! is drawn in the same way, until all places are filled. Done like that, it would need all candidates at once.
//! Instead, give each candidate i a number of its own, x_i = -ln(u_i) / w_i with u_i uniform in (0, 1), and take them
//! in ascending order:
//!
//! - x_i is distributed exponentially with rate w_i: P(x_i > x) = P(u_i < e^(-w_i x)) = e^(-w_i x). Picture a bell that
//!   rings after that time.
//! - The first bell to ring is that of i with probability w_i / (w_1 + ... + w_n): the bells that have not rung by some
//!   time ring in the next instant with chances proportional to their rates.
//! - Exponential times have no memory. When one bell has rung, the others' remaining times are distributed as if they
//!   had just been started, so the next one is again drawn by weight among those that are left.
//!
//! So the order of the numbers *is* an order of successive draws, exactly, whatever the weights. And no number depends
//! on the other candidates. This is Algorithm A of P. S. Efraimidis and P. G. Spirakis, "Weighted random sampling with
//! a reservoir", Information Processing Letters 97 (2006), whose key u^(1/w) is e^(-x), in a form that integers can
//! hold.
//!
//! # Why nobody can choose its luck
//!
//! u is a hash of the session's [`Seed`], the session and the account. Three things make it a fair draw. The pallet has
//! to ensure them when it fills in a [`Candidate`]:
//!
//! - **The account came before the seed.** If somebody could choose its account when it knows the seed, it would try
//!   accounts until one has a good rank. An account that was queued or bonded later gets no draw: its
//!   [`Candidate::seed`] is `None`, or it may not stand yet.
//! - **So did the weight.** If somebody could add to a weight when it knows the seed, it would hold many accounts of
//!   little weight, and put everything on the luckiest. Stakes and bonds count as they were before the seed was drawn, or
//!   as they are if that is less.
//! - **There is one draw.** Registering again, with other keys or addresses, does not change the rank: keys are no part
//!   of it. One account stands once, by whichever of its keys.
//!
//! The seed's source has its limits: whoever makes the last contribution to the runtime's randomness can choose between
//! two seeds, by withholding it. And a weight that is split among accounts may be drawn more than once: see
//! [`RegistrantWeights`].
//!
//! # Map
//!
//! - [`AllAuthorities`], [`HighestWeight`], [`WeightedLottery`]: the policies.
//! - `policy`: what a policy is, and what it is given: [`ElectionPolicy`], [`Candidate`], [`Rank`].
//! - [`RegistrantWeights`]: where weights come from; [`EqualWeights`], [`BondWeights`].
//! - [`NoRandomness`]: where seeds do not come from.
//! - `draw`: the uniform number that a candidate draws.
//! - `log2`: the logarithm, in integers, with its error bounded.

mod all_authorities;
mod draw;
mod highest_weight;
mod log2;
mod no_randomness;
mod policy;
mod registrant_weights;
mod weighted_lottery;

#[cfg(test)]
mod tests;

pub use all_authorities::AllAuthorities;
pub use highest_weight::HighestWeight;
pub use no_randomness::NoRandomness;
pub use policy::*;
pub use registrant_weights::{BondWeights, EqualWeights, RegistrantWeights};
pub use weighted_lottery::WeightedLottery;
