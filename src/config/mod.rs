//! Pipeline stage 1: files to configuration, and expressions to values.
//!
//! Only `load` reads files, and only through the [`Files`] it is given.

pub mod ast;
pub mod codes;
pub mod decode;
pub mod eval;
pub mod files;
pub mod load;
pub mod module;
pub mod reference;
pub mod source;
pub mod suggest;
pub mod syntax;
pub mod top_level;
pub mod variable;
mod walk;

use std::collections::BTreeMap;

pub use decode::{check_static, decode};
pub use eval::{Scope, evaluate};
pub use files::{Disk, Files};
pub use load::load;
pub use module::Module;
pub use reference::{Reference, ResourceKey, Target};
pub use source::SourceMap;

/// Everything the files say.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The texts, for diagnostics.
    pub sources: SourceMap,
    /// The root module with its children.
    pub root: Module,
    /// File to the BLAKE3 of its content, in hexadecimal.
    pub digests: BTreeMap<String, String>,
}
