//! Sessions: when they begin, in which phase they are, and their lists of mixnodes.
//!
//! pallet-session reports its rotations to us. Each one brings the authorities that may register from then on. Every
//! k-th one begins a session of the mixnet. Neither touches the mixnodes themselves: the list is ready, and all that is
//! written of the new session is its length. So rotation costs the same whatever the number of mixnodes.
//!
//! - `handler`: what pallet-session calls; counts rotations.
//! - `rotation`: begins the next session.
//! - `genesis`: session 0.
//! - `seed`: what the election of a session begins with.
//! - `lists`: the mixnodes of the live sessions, whole or in pages.
//! - `phases`: the phase of the current session, and when the next phase and the next session begin.

mod genesis;
pub(crate) mod handler;
mod lists;
mod phases;
mod rotation;
mod seed;
