//! The nearest of several names, for misspelt ones.

use lifeboat_sdk::Diagnostic;
pub use lifeboat_sdk::suggest::nearest;

/// The diagnostic, with the question whether `name` was meant.
pub fn with(diagnostic: Diagnostic, name: Option<&str>) -> Diagnostic {
    match name {
        Some(name) => diagnostic.help(format!("Did you mean {name:?}?")),
        None => diagnostic,
    }
}
