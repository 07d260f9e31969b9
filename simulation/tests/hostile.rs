//! A node among enemies: whatever bytes its peers and strangers send, it drops what is wrong, says why, counts it, and
//! goes on as if nothing had come. (Floods of it are in `flood.rs`.)
//!
//! One node alone, in virtual time, whose keys the tests know: what it is sent is made here, and so is what the
//! mixnodes do that it sends to.
//!
//! - `victim`: the node, its enemies' tools, and the mixnodes around it.
//! - `keys`: public keys of low order, and keys spelt in other ways than one.
//! - `bits`: every bit of a packet flipped; packets of other sizes.
//! - `replays`: packets sent again, or sent in the wrong session.
//! - `actions`: routing actions that make no sense.
//! - `surbs`: SURBs that lead nowhere, and replies over ours.
//! - `fragments`: fragments that disagree, and messages whose IDs meet.
//! - `uniform`: that a drop shows in nothing that the node sends.
//! - `types`: that secrets cannot be copied or printed.

mod hostile {
	mod actions;
	mod batches;
	mod bits;
	mod fragments;
	mod keys;
	mod replays;
	mod surbs;
	mod types;
	mod uniform;
	mod victim;
}
