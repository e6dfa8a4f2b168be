//! The simulated cloud: the contract of its kinds, and what it does that clouds do.

mod cloud;
mod contract;
mod support;
