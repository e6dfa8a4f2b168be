//! Whether a blank stands between two tokens of a line.

use super::Piece;
use super::layout::bracket;
use crate::config::syntax::Kind;

/// Whether there is a blank between `left` and `right`; `before` stands left of them.
pub(super) fn apart(before: Option<Kind>, left: Piece<'_>, right: Kind) -> bool {
    match (left.kind, right) {
        (_, Kind::Newline) => false,
        // `f(`, `a::b`
        (Kind::Ident, Kind::OpenParen | Kind::DoubleColon) | (Kind::DoubleColon, Kind::Ident) => {
            false
        }
        (Kind::Dot, _) | (_, Kind::Dot | Kind::Comma | Kind::Ellipsis) => false,
        (Kind::Comma, _) => true,
        (left, right) if is_text(left) || is_text(right) => false,
        (Kind::OpenQuote | Kind::OpenHeredoc, _) | (_, Kind::CloseQuote | Kind::CloseHeredoc) => {
            false
        }
        // `for x in [1]`, which is no index.
        (Kind::Ident, _) if left.text == "in" && before == Some(Kind::Ident) => true,
        // `a[0]`, `f()[0]`
        (Kind::Ident | Kind::Number, Kind::OpenBracket) => false,
        (left, Kind::OpenBracket) if bracket(left) < 0 => false,
        (Kind::Bang, _) => false,
        (Kind::Minus, _) => before.is_some_and(ends_operand),
        // Braces have room inside, unless they are empty.
        (Kind::OpenBrace, Kind::CloseBrace) => false,
        (Kind::OpenBrace, _) | (_, Kind::CloseBrace) => true,
        (Kind::Interpolation | Kind::Directive, Kind::OpenBrace)
        | (Kind::CloseBrace, Kind::CloseSequence) => true,
        // Outside of sequences a blank would be text.
        (Kind::CloseSequence, Kind::Interpolation | Kind::Directive) => false,
        (left, right) => bracket(left) <= 0 && bracket(right) >= 0,
    }
}

fn is_text(kind: Kind) -> bool {
    matches!(kind, Kind::QuotedText | Kind::Text)
}

/// Whether a minus after it subtracts; else it negates.
fn ends_operand(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::OpenParen
            | Kind::OpenBrace
            | Kind::OpenBracket
            | Kind::Equal
            | Kind::Colon
            | Kind::Comma
            | Kind::Question
            | Kind::Plus
            | Kind::Minus
            | Kind::Star
            | Kind::Slash
            | Kind::Percent
            | Kind::EqualEqual
            | Kind::NotEqual
            | Kind::Less
            | Kind::LessEqual
            | Kind::Greater
            | Kind::GreaterEqual
            | Kind::AndAnd
            | Kind::OrOr
            | Kind::Bang
    )
}
