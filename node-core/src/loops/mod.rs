//! Loop cover, accounted for: who loses packets, and does somebody block ours?
//!
//! A quarter of the packets that a node authors are loop cover. They come back to it after a walk through the mixnet, and to
//! everybody else they look like any other packet. Whoever drops, delays or blocks packets does so to loops as well, and
//! their author notices. That is the heartbeat defence against (n-1) attacks (Danezis and Sassaman, "Heartbeat traffic to
//! counter (n-1) attacks", 2003; Loopix, section 4.2): to single out one packet in a mixnode, an attacker must keep the
//! others away from it, the mixnode's own loops among them.
//!
//! Every loop is judged once, at its deadline. Its author knows how long every mixnode delays it, so only the network's time
//! must be estimated. In each session three things are tested:
//!
//! - the loss rate, with a confidence interval, against a configured bound ([`Alarm::Loss`]);
//! - by mixnodes, the share of slow loops among those that come back in time, against the same bound ([`Alarm::Slow`]);
//! - every mixnode and every link: was it on lost routes more often than chance and the known culprits explain
//!   ([`Alarm::Mixnode`], [`Alarm::Link`])? We draw the routes ourselves, so we know what chance does.
//!
//! All are sequential tests, whose result may be used after every loop. Each multiplies likelihood ratios whose mean is
//! 1 as long as all is well. So by Ville's inequality, the product ever passes `x` with a probability of `1 / x` at most. The
//! tests start anew wherever that makes the product larger (Page's CUSUM). So a mixnode that turns bad after months of good
//! work is found as soon as one that was bad from the start. That multiplies the false alarms by the number of loops: see
//! [`FALSE_ALARMS_PER_LOOP`]. Measurements are in docs/loops.md.
//!
//! A loop that cannot be sent tells nothing. So too few connections for too long are an alarm by themselves
//! ([`Alarm::Disconnected`]).
//!
//! - `ledger`: the loops that are out, and when they should be back.
//! - `evidence`: the sequential test.
//! - `slowness`: the test of loops that come back in time.
//! - `connections`: how long too few peers have been connected.
//! - `suspicion`: the test of every mixnode and link.
//! - `neighbours`: the neighbours between which and a mixnode packets get lost.
//! - `report`: counts, round trips, loss, scores, alarms.
//! - `monitor`: one session's loops, from sending to judgement.
//! - `network_delay`: the time that a hop takes, as measured by loops. `usual_delay`: low quantiles of it.

mod connections;
mod evidence;
mod ledger;
mod monitor;
mod neighbours;
mod network_delay;
mod report;
mod slowness;
mod suspicion;
mod usual_delay;

pub use evidence::FALSE_ALARMS_PER_LOOP;
pub(crate) use monitor::{LoopMonitor, SentLoop};
pub(crate) use network_delay::NetworkDelay;
pub use report::{linking_bound, Alarm, LinkScore, LoopReport, LossEstimate, MixnodeScore, RoundTrips, Score};

#[cfg(test)]
mod tests;
