//! `bench`: what is measured, never timed in a test.

mod build;
mod commands;
mod failover;
mod figures;
mod measure;
mod scenarios;
mod terraform;

use crate::Result;

/// Measures the figures, the cold build, what clients see of a promotion, or the commands on a folder.
pub(crate) fn bench(arguments: &[String]) -> Result {
    match arguments.split_first() {
        Some((build, rest)) if build == "build" => build::bench(rest),
        Some((failover, [])) if failover == "failover" => failover::bench(),
        Some((figures, rest)) if figures == "figures" => figures::bench(rest),
        _ => commands::bench(arguments),
    }
}
