//! The example chain's runtime with its benchmarks: nothing but the feature, under a name of its own, so that its blob
//! never takes the place of the one that the node is built with.

#![no_std]

pub use mixnet_runtime::*;
