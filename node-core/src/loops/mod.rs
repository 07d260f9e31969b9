//! Loop cover, accounted for: who loses packets, and is somebody blocking ours?
//!
//! A quarter of the packets that a node authors are loop cover: they come back to it after a walk through the mixnet, and
//! to everybody else look like any other packet. Whoever drops, delays or blocks packets does so to loops as well, and
//! their author notices. That is the heartbeat defence against (n-1) attacks (Danezis and Sassaman, "Heartbeat traffic to
//! counter (n-1) attacks", 2003; Loopix, section 4.2): to single out one packet in a mixnode, an attacker must keep the
//! others away from it, and with them the mixnode's own loops.
//!
//! Every loop is judged once, at its deadline: its author knows how long every mixnode delays it, so all that is left to
//! estimate is the network. Judged are, per session,
//!
//! - the loss rate, with a confidence interval, against a configured bound ([`Alarm::Loss`]);
//! - every mixnode and every link: did it sit on lost paths more often than chance, and what is known to lose packets,
//!   explain ([`Alarm::Mixnode`], [`Alarm::Link`])? We draw the paths ourselves, so we know what chance does.
//!
//! Both are sequential tests, made to be looked at after every loop: each multiplies up likelihood ratios whose mean is 1
//! as long as all is well, so by Ville's inequality the product ever passes `x` with a probability of `1 / x` at most.
//! They start anew wherever that makes the product larger (Page's CUSUM), so that a mixnode which turns bad after months
//! of good work is found as soon as one that was bad from the start. What that costs in false alarms is a factor of the
//! number of loops: see [`FALSE_ALARMS_PER_LOOP`]. Measurements are in docs/loops.md.
//!
//! - `ledger`: which loops are out, and when they should be back.
//! - `evidence`: the sequential test.
//! - `suspicion`: the test of every mixnode and link.
//! - `neighbours`: whose neighbours packets get lost between.
//! - `report`: what there is to know: counts, round trips, loss, scores, alarms.
//! - `monitor`: one session's loops, from sending to judgement.
//! - `network_delay`: the time that a hop takes, as loops show it.

mod evidence;
mod ledger;
mod monitor;
mod neighbours;
mod network_delay;
mod report;
mod suspicion;

pub use evidence::FALSE_ALARMS_PER_LOOP;
pub(crate) use monitor::{LoopMonitor, SentLoop};
pub(crate) use network_delay::NetworkDelay;
pub use report::{linking_bound, Alarm, LinkScore, LoopReport, LossEstimate, MixnodeScore, RoundTrips, Score};

#[cfg(test)]
mod tests;
