//! Builds the wasm blobs that are measured, as those of a chain are built, but without building the runtimes natively
//! first. The build script does it.
//!
//! `make weights` and `make scale` build this crate, and find the blobs under `wbuild` in the target folder. They use a
//! target folder of their own, so that no node is ever built with a blob that has benchmarks in it.
//!
//! - feature `runtime`: the example chain's runtime with its benchmarks;
//! - feature `scale`: the runtime in which our pallet and the Substrate Mix Network's do the same work.

#![no_std]
