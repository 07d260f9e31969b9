//! A node under attack: whatever bytes peers send, it drops what is wrong, says why, counts it, and goes on as if nothing
//! had come. (Floods are in `flood.rs`.)
//!
//! One node runs alone, in virtual time. The tests know its keys, make the packets that it gets, and play the mixnodes
//! that it sends to.
//!
//! - `victim`: the node, the attackers' tools, and the mixnodes around it.
//! - `keys`: public keys of low order, and keys with several encodings.
//! - `bits`: every bit of a packet flipped; packets of other sizes.
//! - `replays`: packets sent again, or sent in the wrong session.
//! - `actions`: routing actions that make no sense.
//! - `surbs`: SURBs that lead nowhere, and replies over ours.
//! - `fragments`: fragments that disagree, and messages with equal IDs.
//! - `uniform`: a drop does not show in what the node sends.
//! - `types`: secrets cannot be copied or printed.

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
