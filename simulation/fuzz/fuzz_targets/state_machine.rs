//! See `mixnet_fuzz::state_machine`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| mixnet_fuzz::state_machine::run(data));
