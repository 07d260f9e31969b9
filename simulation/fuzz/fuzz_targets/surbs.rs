//! See `mixnet_fuzz::surbs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| mixnet_fuzz::surbs::run(data));
