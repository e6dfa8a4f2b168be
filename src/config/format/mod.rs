//! The canonical form of a file, as `terraform fmt` has it: blanks, alignment, and what is spelt
//! in an old way.
//!
//! A function from text to text that sees tokens where blanks are meant and the tree only where
//! something is spelt anew. Layout is decided by the tokens alone, so that a second run finds
//! nothing to do. Terraform's own form loses a comment between the labels of a block and the index
//! of `a[true]`, breaks a file with a comment in `"${ … }"`, and takes `"${"${x}"}"` for `x` in two
//! runs: not so here.

mod layout;
mod rewrite;
mod spaces;
#[cfg(test)]
mod tests;

use lifeboat_sdk::Diagnostics;

use super::ast::Body;
use super::load::read_text;
use super::source::SourceMap;
use super::syntax::{self, Interner, Kind, parse_file};

/// A token with the blanks before it.
#[derive(Clone, Copy, Debug)]
struct Piece<'a> {
    kind: Kind,
    text: &'a str,
    spaces: usize,
}

impl<'a> Piece<'a> {
    fn new(kind: Kind, text: &'a str) -> Self {
        Self { kind, text, spaces: 0 }
    }
}

/// The canonical form of a file, whose text is added to the sources.
///
/// # Errors
/// The problems of its syntax or encoding: nothing is said of how such a file should look.
pub fn format(name: &str, bytes: &[u8], sources: &mut SourceMap) -> Result<String, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let (file, text) = read_text(name, bytes, sources, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let (body, _) = parse_file(file, &text, &mut Interner::default(), &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    Ok(canonical(&text, &body))
}

fn canonical(text: &str, body: &Body) -> String {
    let mut pieces = rewrite::pieces(text, &syntax::tokens(text), body);
    layout::lay_out(&mut pieces);
    let mut out = String::with_capacity(text.len());
    for piece in &pieces {
        out.extend(std::iter::repeat_n(' ', piece.spaces));
        out.push_str(piece.text);
    }
    // Without its blank `1 .e3` would be another number: such a file stays as it is.
    if reads_as(&out, &pieces) { out } else { text.to_owned() }
}

/// Whether a text is cut into exactly these pieces again.
fn reads_as(text: &str, pieces: &[Piece<'_>]) -> bool {
    let mut tokens = syntax::tokens(text);
    tokens.retain(|token| token.kind != Kind::End);
    tokens.len() == pieces.len()
        && tokens.iter().zip(pieces).all(|(token, piece)| {
            token.kind == piece.kind && rewrite::text_of(text, *token) == piece.text
        })
}
