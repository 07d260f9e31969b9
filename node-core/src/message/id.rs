//! The message ID, by which fragments of one message are recognised.

use crate::sphinx::random_id;

random_id! {
	/// Identifies a message. A message that is sent again in the same session to the same destination keeps its ID.
	/// Otherwise it gets a new one, so that nobody can link the two.
	MessageId
}
