//! Text by grapheme clusters, and letter case, as Go's libraries have them.

use unicode_segmentation::UnicodeSegmentation;

/// The grapheme clusters of a text.
///
/// Those of Unicode 15: consonants of Indian scripts joined by a virama are clusters of their
/// own, as in Terraform, and not one as later editions have it.
pub fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    text.graphemes(true).flat_map(Unjoined)
}

/// The number of grapheme clusters.
pub fn grapheme_count(text: &str) -> usize {
    if text.is_ascii() && !text.contains('\r') { text.len() } else { graphemes(text).count() }
}

/// Splits a cluster before each consonant that only a virama joins to it.
struct Unjoined<'a>(&'a str);

impl<'a> Iterator for Unjoined<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let mut previous = None;
        let cut = self.0.char_indices().find_map(|(i, c)| {
            let joined =
                matches!(c, '\u{900}'..='\u{1cff}') && previous.is_some_and(|p| breaks(p, c));
            previous = Some(c);
            joined.then_some(i)
        });
        let (first, rest) = self.0.split_at(cut.unwrap_or(self.0.len()));
        self.0 = rest;
        Some(first)
    }
}

/// Whether two characters alone would be two clusters.
fn breaks(a: char, b: char) -> bool {
    let pair: String = [a, b].iter().collect();
    pair.graphemes(true).count() == 2
}

/// Each letter in upper case; a letter never becomes two.
pub fn upper(text: &str) -> String {
    text.chars().map(upper_char).collect()
}

/// Each letter in lower case; a letter never becomes two.
pub fn lower(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

/// The first letter of each word in title case.
pub fn title(text: &str) -> String {
    let mut previous = ' ';
    text.chars()
        .map(|c| {
            let starts = separates(previous);
            previous = c;
            if starts { title_char(c) } else { c }
        })
        .collect()
}

fn upper_char(c: char) -> char {
    // Greek letters with iota below become one letter, though their full mapping has two.
    let with_iota = match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(c) + 8)
        }
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => char::from_u32(u32::from(c) + 9),
        _ => None,
    };
    if let Some(c) = with_iota {
        return c;
    }
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn title_char(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        c => upper_char(c),
    }
}

/// Whether a word begins after this character.
fn separates(c: char) -> bool {
    if c.is_ascii() { !c.is_ascii_alphanumeric() && c != '_' } else { c.is_whitespace() }
}
