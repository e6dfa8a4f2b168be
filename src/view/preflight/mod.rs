//! A preflight, in the formats that people and CI systems read.

mod json;
mod junit;
mod text;

pub use json::lines;
pub use junit::{document, failure};
pub use text::text;

use crate::engine::preflight::{Preflight, Verdict};

/// `Preflight: 17 passed, 1 failed, 2 unknown.`
pub fn summary(preflight: &Preflight) -> String {
    let verdict = match preflight.worst() {
        Verdict::Pass => "Nothing stands in the way",
        Verdict::Unknown => "Not everything is known",
        Verdict::Fail => "Not ready",
    };
    format!("{verdict}: {}.", preflight.counts())
}
