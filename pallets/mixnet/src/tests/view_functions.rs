//! View functions, as a wallet calls them: by their IDs, with encoded arguments.

use crate::{
	mock::*, Operators, ViewOperatorKeyPayloadViewFunction, ViewOperatorViewFunction, ViewParametersViewFunction,
	ViewRegistrationStatusViewFunction, ViewSessionStatusViewFunction,
};
use codec::{Decode, DecodeAll, Encode};
use frame_support::view_functions::{ViewFunction, ViewFunctionDispatchError, ViewFunctionId};

/// Calls a view function through the runtime.
fn call<View: ViewFunction + Encode>(view: View) -> View::ReturnType
where
	View::ReturnType: Decode,
{
	let output = Runtime::execute_view_function(View::id(), view.encode()).expect("there is one with this ID");
	View::ReturnType::decode_all(&mut &output[..]).expect("the answer is one")
}

#[test]
fn view_functions_answer_like_the_functions_of_the_same_name() {
	ext().execute_with(|| {
		run_to_block(5);
		register(3, 3);
		bond(50, 1000);
		let changed = mixnet_primitives::Parameters { hops: 3, ..parameters() };
		assert_eq!(Mixnet::set_parameters(RuntimeOrigin::root(), changed), Ok(()));
		for block in [5, 6, 7, 12, 19, 20, 40] {
			run_to_block(block);
			assert_eq!(call(ViewSessionStatusViewFunction::<Runtime>::new()), Mixnet::session_status());
			assert_eq!(call(ViewParametersViewFunction::<Runtime>::new()), Mixnet::parameters());
			for account in [0, 3, 50, 51] {
				let operator = call(ViewOperatorViewFunction::<Runtime>::new(account));
				assert_eq!(operator, Operators::<Runtime>::get(account));
				assert_eq!(operator.is_some(), account == 50);
				let payload = call(ViewOperatorKeyPayloadViewFunction::<Runtime>::new(account));
				assert_eq!(payload, Mixnet::operator_key_payload(&account));
				for n in [3, 4] {
					let (registrant, kx_public) = (registrant(account), mixnode(n).kx_public);
					let status = call(ViewRegistrationStatusViewFunction::<Runtime>::new(registrant, kx_public));
					assert_eq!(status, Mixnet::registration_status(registrant, kx_public));
				}
			}
		}
	});
}

#[test]
fn view_functions_that_do_not_exist_are_not_found() {
	ext().execute_with(|| {
		let ViewFunctionId { prefix, .. } = ViewParametersViewFunction::<Runtime>::id();
		let unknown = ViewFunctionId { prefix, suffix: [0; 16] };
		let answer = Runtime::execute_view_function(unknown, Vec::new());
		assert!(matches!(answer, Err(ViewFunctionDispatchError::NotFound(_))));
		let id = ViewOperatorViewFunction::<Runtime>::id();
		let answer = Runtime::execute_view_function(id, vec![1, 2]);
		assert!(matches!(answer, Err(ViewFunctionDispatchError::Codec)));
	});
}
