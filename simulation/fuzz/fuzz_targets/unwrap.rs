//! See `mixnet_fuzz::unwrap`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| mixnet_fuzz::unwrap::run(data));
