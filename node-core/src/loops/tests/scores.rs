//! What scores compare losses with.

use super::*;

#[test]
fn what_chance_explains_adds_up_to_what_is_lost_wherever_it_is_lost() {
	for is_mixnode in [true, false] {
		let mut simulation = Simulation::new(1, 20, is_mixnode);
		let bad = MixnodeIndex::new(3).unwrap();
		let losses = dropper(bad, 0.5, 0.01);
		for _ in 0..6000 {
			simulation.send(&losses);
		}
		let report = simulation.report();
		assert_eq!(simulation.named().0, [bad]);
		for MixnodeScore { mixnode, score, .. } in report.mixnodes.iter().filter(|score| score.mixnode != bad) {
			let (lost, expected) = (score.lost as f64, score.expected_lost);
			assert!(lost > 50.0 && (lost - expected).abs() < 5.0 * lost.sqrt(), "{mixnode:?}: {lost}, not {expected}");
		}
	}
}

#[test]
fn a_users_links_to_its_gateways_are_not_weighed_and_all_others_are() {
	for is_mixnode in [true, false] {
		let mut simulation = Simulation::new(2, 8, is_mixnode);
		let losses = each_link(0.02);
		for _ in 0..3000 {
			simulation.send(&losses);
		}
		let (mut own, mut others) = (0.0, 0.0);
		for LinkScore { from, to, score } in simulation.report().links {
			let sum = if from.is_some() && to.is_some() { &mut others } else { &mut own };
			*sum += score.expected_lost;
		}
		// Of each lost loop, nearly as many links are compared as it has.
		let lost = simulation.report().lost as f64;
		assert!(others > lost, "mixnode {is_mixnode}: {others} of {lost}");
		assert!(if is_mixnode { own > lost } else { own == 0.0 }, "mixnode {is_mixnode}: {own} of {lost}");
	}
}
