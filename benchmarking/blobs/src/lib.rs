//! Builds the wasm blobs that are measured, as those of a chain are built, without building them natively first: the work
//! is done by the build script. `make weights` and `make scale` call it, and find the blobs under `wbuild` in the target
//! folder.
//!
//! - feature `runtime`: the example chain's runtime with its benchmarks;
//! - feature `scale`: the runtime in which our pallet and the Substrate Mix Network's do the same work.

#![no_std]
