//! All output; decides nothing. Pure functions from data to text, and the one writer.

pub mod escape;
pub mod paint;
pub mod plan;
pub mod value;
