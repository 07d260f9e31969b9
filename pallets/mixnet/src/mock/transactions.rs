//! What every test runtime has to say about transactions that the pallet authorises.

/// Implements the traits by which a pallet makes such transactions, for `Runtime` with `RuntimeCall`, `Extrinsic` and
/// `TxExtension` of the module in which it is called.
macro_rules! impl_authorized_transactions {
	() => {
		impl<LocalCall> frame_system::offchain::CreateTransactionBase<LocalCall> for Runtime
		where
			RuntimeCall: From<LocalCall>,
		{
			type RuntimeCall = RuntimeCall;
			type Extrinsic = Extrinsic;
		}

		impl<LocalCall> frame_system::offchain::CreateTransaction<LocalCall> for Runtime
		where
			RuntimeCall: From<LocalCall>,
		{
			type Extension = TxExtension;

			fn create_transaction(call: RuntimeCall, extension: TxExtension) -> Extrinsic {
				Extrinsic::new_transaction(call, extension)
			}
		}

		impl<LocalCall> frame_system::offchain::CreateAuthorizedTransaction<LocalCall> for Runtime
		where
			RuntimeCall: From<LocalCall>,
		{
			fn create_extension() -> TxExtension {
				(frame_system::AuthorizeCall::new(),)
			}
		}
	};
}
pub(crate) use impl_authorized_transactions;
