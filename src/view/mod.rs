//! All output; decides nothing. Pure functions from data to text, and the one writer.

pub mod bar;
pub mod changes;
pub mod check;
pub mod diagnostic;
pub mod difference;
pub mod drift;
pub mod escape;
pub mod graph;
pub mod guard;
pub mod history;
pub mod json;
pub mod literal;
pub mod markdown;
pub mod ndjson;
pub mod outcome;
pub mod output;
pub mod paint;
pub mod plan;
pub mod progress;
pub mod promotion;
pub mod prompt;
pub mod restored;
pub mod show;
pub mod status;
pub mod value;
