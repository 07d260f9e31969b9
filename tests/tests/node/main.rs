//! What needs the node's program. One binary, so that the others run while the devnet's run waits for blocks.

mod chain_without_pallet;
mod devnet;
mod devnet_ends;
mod operator_key;
mod wrong_input;
mod wrong_rpc;
