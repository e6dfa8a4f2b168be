//! Tests of apply and recovery, over the cloud in memory and a simulated disk.

mod batch;
mod death;
mod faults;
mod fences;
#[cfg(unix)]
mod hooks;
mod interrupt;
mod journal;
mod looks;
mod normal;
mod recovery;
mod replace;
mod requests;
mod resolvers;
mod wants;
mod world;
