//! The contract suite: what every kind of every provider promises, rule by rule.
//!
//! A kind is given with cases (configurations to walk through) and a server (the simulated cloud,
//! an emulator behind the fault proxy). [`run`] answers one [`Outcome`] per rule; [`table`] prints
//! kinds × rules × servers. The suite plans by itself, so that it depends on no engine.

mod bench;
mod case;
mod planner;
mod report;
mod rules;
mod server;

pub use case::{Case, Need, Place, Subject, document};
pub use planner::{Action, Plan, plan, within};
pub use report::{Gap, Outcome, Report, table};
pub use rules::{names, run, run_range};
pub use server::{Fault, Faults, On, Server};
