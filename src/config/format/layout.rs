//! Lines: their indentation, and what is aligned between neighbours.

use unicode_segmentation::UnicodeSegmentation as _;

use super::Piece;
use super::spaces::apart;
use crate::config::syntax::Kind;

/// The pieces of a line of code, cut where neighbouring lines are aligned.
struct Line<'p, 'a> {
    /// What comes first: all of it where the rest is empty.
    lead: &'p mut [Piece<'a>],
    /// From an equals sign on, if what is assigned ends on this line.
    value: &'p mut [Piece<'a>],
    /// The comment behind code.
    comment: &'p mut [Piece<'a>],
}

/// Sets the blanks before each piece.
pub(super) fn lay_out(pieces: &mut [Piece<'_>]) {
    let ends = |piece: &Piece<'_>| matches!(piece.kind, Kind::Newline | Kind::LineComment);
    let mut lines: Vec<Line<'_, '_>> = pieces.split_inclusive_mut(ends).map(Line::new).collect();
    indent(&mut lines);
    for line in &mut lines {
        space(line.lead);
        space(line.value);
    }
    align_values(&mut lines);
    align_comments(&mut lines);
}

impl<'p, 'a> Line<'p, 'a> {
    fn new(pieces: &'p mut [Piece<'a>]) -> Self {
        let behind = match &*pieces {
            [_, .., last] if last.kind == Kind::LineComment => pieces.len() - 1,
            _ => pieces.len(),
        };
        let (code, comment) = pieces.split_at_mut(behind);
        let equals = code.iter().skip(1).position(|piece| piece.kind == Kind::Equal);
        let ends_here = |at: &usize| change(code.iter().skip(*at)) == 0;
        let at = equals.map(|at| at + 1).filter(ends_here).unwrap_or(code.len());
        let (lead, value) = code.split_at_mut(at);
        Self { lead, value, comment }
    }

    /// By how many brackets more it opens than it closes. Those in a heredoc that stands in the
    /// midst of it are closed there.
    fn change(&self) -> isize {
        let heredoc = self.lead.iter().position(|piece| piece.kind == Kind::OpenHeredoc);
        let before = heredoc.unwrap_or(self.lead.len());
        change(self.lead.iter().take(before)) + change(self.value.iter())
    }
}

/// What a token adds to the brackets that are open. Quotes are none.
pub(super) fn bracket(kind: Kind) -> isize {
    match kind {
        Kind::OpenBrace
        | Kind::OpenBracket
        | Kind::OpenParen
        | Kind::Interpolation
        | Kind::Directive => 1,
        Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen | Kind::CloseSequence => -1,
        _ => 0,
    }
}

fn change<'p, 'a: 'p>(pieces: impl Iterator<Item = &'p Piece<'a>>) -> isize {
    pieces.map(|piece| bracket(piece.kind)).sum()
}

/// Two blanks for each line before that has brackets open, however many they are.
fn indent(lines: &mut [Line<'_, '_>]) {
    let mut open: Vec<isize> = Vec::new();
    for line in lines {
        let change = line.change();
        let Some(first) = line.lead.first_mut() else { continue };
        if first.kind == Kind::Newline {
            first.spaces = 0;
            continue;
        }
        close(&mut open, -change);
        first.spaces = 2 * open.len();
        if change > 0 {
            open.push(change);
        }
    }
}

/// Closes brackets of the lines that opened them last.
fn close(open: &mut Vec<isize>, mut count: isize) {
    while count > 0
        && let Some(last) = open.last_mut()
    {
        if *last > count {
            *last -= count;
            return;
        }
        count -= *last;
        open.pop();
    }
}

/// One blank or none between the pieces of a part of a line.
fn space(pieces: &mut [Piece<'_>]) {
    let mut before = None;
    let mut left: Option<Piece<'_>> = None;
    for piece in pieces {
        if let Some(left) = left {
            piece.spaces = usize::from(apart(before, left, piece.kind));
            before = Some(left.kind);
        }
        left = Some(*piece);
    }
}

/// Equals signs of neighbouring lines stand below each other.
fn align_values(lines: &mut [Line<'_, '_>]) {
    for run in lines.chunk_by_mut(|a, b| !a.value.is_empty() && !b.value.is_empty()) {
        let widths: Vec<usize> = run.iter().map(|line| columns(line.lead)).collect();
        let widest = widths.iter().max().copied().unwrap_or(0);
        for (line, width) in run.iter_mut().zip(widths) {
            if let Some(equals) = line.value.first_mut() {
                equals.spaces = widest - width + 1;
            }
        }
    }
}

/// So do the comments behind their code.
fn align_comments(lines: &mut [Line<'_, '_>]) {
    for run in lines.chunk_by_mut(|a, b| !a.comment.is_empty() && !b.comment.is_empty()) {
        let width = |line: &Line<'_, '_>| columns(line.lead) + columns(line.value);
        let widths: Vec<usize> = run.iter().map(width).collect();
        let widest = widths.iter().max().copied().unwrap_or(0);
        for (line, width) in run.iter_mut().zip(widths) {
            if let Some(comment) = line.comment.first_mut() {
                comment.spaces = widest - width + 1;
            }
        }
    }
}

/// How wide pieces are, in what people take for characters.
fn columns(pieces: &[Piece<'_>]) -> usize {
    pieces.iter().map(|piece| piece.spaces + piece.text.graphemes(true).count()).sum()
}
