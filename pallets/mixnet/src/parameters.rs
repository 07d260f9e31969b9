//! The parameters of sessions: what this runtime accepts, and what is in force.

use crate::{Config, Error, Event, Pallet, SessionsParameters};
use frame_support::traits::Get;
use mixnet_primitives::{parameters::MIN_MIN_MIXNODES, BadParameters, Parameter, Parameters, SessionParameters};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	/// The parameters of the previous, the current and the next session.
	pub fn parameters() -> SessionParameters {
		SessionsParameters::<T>::get()
	}

	/// Can nodes live with these parameters, and can this runtime satisfy them?
	pub(crate) fn check_parameters(parameters: &Parameters) -> Result<(), BadParameters> {
		parameters.check()?;
		let max = T::MaxMixnodes::get();
		if parameters.min_mixnodes > max {
			return Err(BadParameters::OutOfRange {
				parameter: Parameter::MinMixnodes,
				value: parameters.min_mixnodes,
				min: MIN_MIN_MIXNODES,
				max,
			});
		}
		Ok(())
	}

	pub(crate) fn do_set_parameters(parameters: Parameters) -> DispatchResult {
		Self::check_parameters(&parameters).map_err(Error::<T>::from)?;
		SessionsParameters::<T>::mutate(|sessions| sessions.next = parameters);
		Self::deposit_event(Event::ParametersSet { session_index: Self::next_session_index(), parameters });
		Ok(())
	}
}
