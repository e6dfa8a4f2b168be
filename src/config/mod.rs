//! Pipeline stage 1: files to configuration, and expressions to values.
//!
//! Only `load` reads files, and only through the [`Files`] it is given.

pub mod ast;
mod build;
mod check;
pub mod codes;
pub mod decode;
pub mod eval;
pub mod files;
pub mod format;
pub mod generate;
pub mod input;
pub mod load;
pub mod module;
pub mod reference;
pub mod source;
pub mod suggest;
pub mod syntax;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod top_level;
pub mod types;
pub mod variable;
mod walk;

use std::collections::BTreeMap;

pub use check::check_expression;
pub(crate) use check::outside;
pub use decode::{check_static, decode};
pub use eval::{Scope, evaluate};
pub use files::{Disk, Files};
pub use load::load;
pub use module::Module;
pub use reference::{Reference, ResourceKey, Target};
pub use source::SourceMap;

use lifeboat_sdk::{Diagnostics, Name, Span};

/// Everything the files say.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The folder of the root module.
    pub dir: std::path::PathBuf,
    /// The texts, for diagnostics.
    pub sources: SourceMap,
    /// The root module with its children.
    pub root: Module,
    /// File to the BLAKE3 of its content, in hexadecimal.
    pub digests: BTreeMap<String, String>,
    /// Root variables and where variables files set them, in order.
    pub assigned: BTreeMap<Name, Vec<Span>>,
    /// Errors that planning reports; `validate` lets them pass, as Terraform's does.
    pub planning: Diagnostics,
}

/// Whether a number is spelt as no identifier may be: with a leading zero, or beyond 2⁵³.
///
/// In an expression it is a number all the same; where an identifier is meant (an account) it
/// must be refused with the advice to quote it.
pub fn literal_with_leading_zero(expr: &ast::Expr) -> bool {
    matches!(expr.unwrapped().kind, ast::ExprKind::OddNumber(_))
}

/// Runs `f` on a thread whose stack holds what the nesting limit of the language allows.
///
/// # Errors
/// Those of the system when a thread cannot be made.
pub fn on_big_stack<T: Send>(f: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    const STACK: usize = 16 << 20;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, f)?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
