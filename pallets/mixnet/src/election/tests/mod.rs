//! What the policies promise.
