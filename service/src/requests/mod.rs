//! What other nodes ask of this one; one file per type of request.
//!
//! - [`submit_extrinsic`]: submits an extrinsic for somebody who does not want to be seen doing so.

pub mod submit_extrinsic;
