//! See `mixnet_fuzz::fragments`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| mixnet_fuzz::fragments::run(data));
