//! Between config and topology: what expressions see of a module instance, and how often
//! something exists.

mod environment;
pub mod expansion;

use lifeboat_sdk::Name;

use crate::config::{Config, Module};
pub use environment::{Environment, InstanceScope, Resources, address};
pub use expansion::{Expansion, Repetition};

/// The module at `path` in the static tree.
pub fn module_at<'c>(config: &'c Config, path: &[Name]) -> Option<&'c Module> {
    path.iter().try_fold(&config.root, |module, name| module.children.get(name))
}
