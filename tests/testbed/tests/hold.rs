//! Holds a lease until it is killed: the parent whose death its servers must not survive.
//!
//! Prints a line `PID ADDRESS` for each server, then an empty one, and waits.
#![allow(
    clippy::print_stdout,
    reason = "this program's only purpose is to tell the test who it started"
)]

use std::io::Read as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bed = lifeboat_testbed::Bed::start()?;
    for server in bed.pair().servers() {
        println!("{} {}", server.pid(), server.addr());
    }
    println!();
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
