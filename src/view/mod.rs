//! All output; decides nothing. Pure functions from data to text, and the one writer.

pub mod diagnostic;
pub mod escape;
pub mod json;
pub mod output;
pub mod paint;
pub mod plan;
pub mod progress;
pub mod value;
