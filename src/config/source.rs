//! `SourceMap`: the texts that spans point into.

use std::sync::Arc;

use lifeboat_sdk::{FileId, Span};

/// All texts read, by [`FileId`].
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<Source>,
}

/// One text.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name as it is shown: relative to the root module.
    pub name: Arc<str>,
    /// Its content.
    pub text: Arc<str>,
    /// Where its lines begin.
    lines: Vec<u32>,
}

/// A place for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// In grapheme clusters, from 1.
    pub column: u32,
    /// From 0.
    pub byte: u32,
}

impl SourceMap {
    /// Adds a text.
    pub fn add(&mut self, name: &str, text: &str) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let starts = newlines.map(|(i, _)| u32::try_from(i + 1).unwrap_or(u32::MAX));
        let lines = std::iter::once(0).chain(starts).collect();
        self.files.push(Source { name: name.into(), text: text.into(), lines });
        id
    }

    /// The text of a file.
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(usize::try_from(file.0).ok()?)
    }

    /// All texts.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// The file of that name.
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.iter().find(|(_, s)| &*s.name == name).map(|(id, _)| id)
    }

    /// The file, start and end of a span.
    pub fn range(&self, span: Span) -> Option<(&Source, Position, Position)> {
        let source = self.get(span.file)?;
        Some((source, source.position(span.start), source.position(span.end)))
    }

    /// The text a span covers.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file)
            .and_then(|s| s.text.get(at(span.start)..at(span.end)))
            .unwrap_or_default()
    }
}

impl Source {
    /// Line and column of a byte.
    pub fn position(&self, byte: u32) -> Position {
        use unicode_segmentation::UnicodeSegmentation;
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let mut end = at(byte).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = self.text.get(at(start)..end).unwrap_or_default();
        let column = before.trim_start_matches('\u{feff}').graphemes(true).count() + 1;
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            byte,
        }
    }

    /// The text of a line (from 1) without its end.
    pub fn line(&self, line: u32) -> &str {
        let start = self.lines.get(at(line).saturating_sub(1)).copied().unwrap_or(0);
        let end = self.lines.get(at(line)).map_or(self.text.len(), |end| at(*end));
        let line = self.text.get(at(start)..end).unwrap_or_default();
        line.trim_end_matches(['\n', '\r'])
    }
}

fn at(byte: u32) -> usize {
    usize::try_from(byte).unwrap_or(usize::MAX)
}
