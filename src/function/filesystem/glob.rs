//! Patterns for files: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any number of folders.

use std::collections::BTreeSet;

use super::super::call::{FileError, FileKind, Files};
use super::path::clean;

/// Longer patterns are refused, in bytes.
const MAX_PATTERN: usize = 4096;
/// More alternatives than this in one pattern are refused.
const MAX_ALTERNATIVES: usize = 1_000;
/// More entries of folders than this are refused.
const MAX_ENTRIES: usize = 200_000;
/// Folders nested more deeply are not looked into.
const MAX_DEPTH: usize = 64;

/// The paths, from the folder, of the files that match.
pub(super) fn find(
    files: &dyn Files,
    folder: &str,
    pattern: &str,
) -> Result<BTreeSet<String>, String> {
    if pattern.len() > MAX_PATTERN {
        return Err("the pattern is too long".into());
    }
    let mut alternatives = Vec::new();
    expand(pattern, &mut alternatives)?;
    let mut search = Search { files, found: BTreeSet::new(), entries: 0 };
    for pattern in alternatives {
        let pattern = clean(&pattern);
        let segments: Vec<&str> = pattern.split('/').filter(|s| !s.is_empty()).collect();
        for segment in &segments {
            matches(segment, "")?;
        }
        search.walk(folder, "", &segments, 0)?;
    }
    Ok(search.found)
}

struct Search<'a> {
    files: &'a dyn Files,
    found: BTreeSet<String>,
    entries: usize,
}

impl Search<'_> {
    /// Looks below `folder`, whose path from the start is `prefix`.
    fn walk(
        &mut self,
        folder: &str,
        prefix: &str,
        segments: &[&str],
        depth: usize,
    ) -> Result<(), String> {
        let Some((segment, rest)) = segments.split_first() else { return Ok(()) };
        if depth > MAX_DEPTH {
            return Ok(());
        }
        if *segment == ".." {
            return self.walk(&format!("{folder}/.."), &join(prefix, ".."), rest, depth + 1);
        }
        let any_depth = *segment == "**";
        if any_depth {
            self.walk(folder, prefix, rest, depth)?;
        }
        let entries = match self.files.list(folder) {
            Ok(entries) => entries,
            Err(FileError::NotFound) => return Ok(()),
            Err(FileError::Other(why)) => return Err(format!("cannot list {folder:?}: {why}")),
        };
        self.entries = self.entries.saturating_add(entries.len());
        if self.entries > MAX_ENTRIES {
            return Err("there are too many files to look at".into());
        }
        for entry in entries {
            if !any_depth && !matches(segment, &entry.name)? {
                continue;
            }
            let (below, name) = (join(folder, &entry.name), join(prefix, &entry.name));
            match entry.kind {
                FileKind::Folder if any_depth && !entry.link => {
                    self.walk(&below, &name, segments, depth + 1)?;
                }
                FileKind::Folder if !any_depth => self.walk(&below, &name, rest, depth + 1)?,
                FileKind::File if rest.is_empty() => {
                    self.found.insert(name);
                }
                FileKind::File | FileKind::Folder | FileKind::Other => {}
            }
        }
        Ok(())
    }
}

fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.into(),
        "/" => format!("/{name}"),
        _ => format!("{folder}/{name}"),
    }
}

/// Resolves `{a,b}`; what is escaped or in brackets stays.
fn expand(pattern: &str, into: &mut Vec<String>) -> Result<(), String> {
    if into.len() >= MAX_ALTERNATIVES {
        return Err("the pattern has too many alternatives".into());
    }
    let mut start = None;
    let mut commas = Vec::new();
    let mut depth = 0usize;
    let mut chars = pattern.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '[' => while chars.next().is_some_and(|(_, c)| c != ']') {},
            '{' => {
                depth += 1;
                start = start.or(Some(i));
            }
            ',' if depth == 1 => commas.push(i),
            '}' if depth > 1 => depth -= 1,
            '}' if depth == 1 => {
                let open = start.unwrap_or(0);
                let mut from = open + 1;
                for end in commas.into_iter().chain([i]) {
                    let one = &pattern[from..end];
                    expand(&[&pattern[..open], one, &pattern[i + 1..]].concat(), into)?;
                    from = end + 1;
                }
                return Ok(());
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err(malformed());
    }
    into.push(pattern.into());
    Ok(())
}

fn malformed() -> String {
    "the pattern is malformed".into()
}

/// One part of a pattern for a name.
enum Part {
    /// `*`
    Any,
    /// One character of these ranges, or none of them; `?` is none of nothing.
    One { ranges: Vec<(char, char)>, negated: bool },
}

/// Whether a name matches; `Err` for a malformed pattern, whatever the name.
fn matches(pattern: &str, name: &str) -> Result<bool, String> {
    let parts = parse(pattern)?;
    let name: Vec<char> = name.chars().collect();
    // The usual two pointers: on a mismatch the last star takes one character more.
    let (mut p, mut n) = (0, 0);
    let mut retry = None;
    while n < name.len() {
        let step = match parts.get(p) {
            Some(Part::Any) => {
                retry = Some((p, n));
                p += 1;
                continue;
            }
            Some(Part::One { ranges, negated }) => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&name[n])) != *negated
            }
            None => false,
        };
        match (step, retry) {
            (true, _) => (p, n) = (p + 1, n + 1),
            (false, Some((star, taken))) => {
                retry = Some((star, taken + 1));
                (p, n) = (star + 1, taken + 1);
            }
            (false, None) => return Ok(false),
        }
    }
    Ok(parts[p..].iter().all(|part| matches!(part, Part::Any)))
}

fn parse(pattern: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let literal = match c {
            '*' => {
                if !matches!(parts.last(), Some(Part::Any)) {
                    parts.push(Part::Any);
                }
                continue;
            }
            '?' => {
                parts.push(Part::One { ranges: Vec::new(), negated: true });
                continue;
            }
            '[' => {
                let negated = chars.next_if(|c| matches!(c, '^' | '!')).is_some();
                let mut ranges = Vec::new();
                loop {
                    match chars.next().ok_or_else(malformed)? {
                        ']' if !ranges.is_empty() => break,
                        c => {
                            let low = escaped(c, &mut chars)?;
                            let mut high = low;
                            if chars.next_if_eq(&'-').is_some() {
                                let c = chars.next().ok_or_else(malformed)?;
                                high = escaped(c, &mut chars)?;
                            }
                            ranges.push((low, high));
                        }
                    }
                }
                parts.push(Part::One { ranges, negated });
                continue;
            }
            c => escaped(c, &mut chars)?,
        };
        parts.push(Part::One { ranges: vec![(literal, literal)], negated: false });
    }
    Ok(parts)
}

fn escaped(c: char, chars: &mut impl Iterator<Item = char>) -> Result<char, String> {
    if c == '\\' { chars.next().ok_or_else(malformed) } else { Ok(c) }
}
