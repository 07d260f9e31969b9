//! See `mixnet_fuzz::request`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| mixnet_fuzz::request::run(data));
