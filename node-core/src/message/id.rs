//! What fragments of one message have in common.

use crate::sphinx::random_id;

random_id! {
	/// Identifies a message. What is sent again in the same session to the same destination keeps its ID; else it gets a
	/// new one, so that nobody can link the two.
	MessageId
}
