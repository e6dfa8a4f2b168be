//! Bash: its words are cut at `=` and come with their quotes, and what it is answered is put into
//! the line as it is.

use std::ffi::OsString;
use std::path::Path;

use super::{has_one_dash, root, values};
use crate::cli::args;
use crate::cli::workspace::Workspace;

/// The script.
pub(super) const SCRIPT: &str = include_str!("lifeboat.bash");

/// A line as bash tells it.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    /// Its words, options and their values together.
    words: Vec<OsString>,
    /// The word under the cursor.
    index: usize,
    /// How much of that word bash takes for words of their own: it is not repeated.
    cut: usize,
    /// Whether that word was begun with a quote.
    quoted: bool,
}

/// What the word may become, a line each.
pub(super) async fn answer(
    workspace: &mut Workspace,
    words: &[OsString],
    folder: Option<&Path>,
) -> Option<String> {
    let [_, index, current, _, typed @ ..] = words else { return None };
    let index = index.to_str()?.parse().ok()?;
    let line = line(typed, index, &current.to_string_lossy())?;
    let word = line.words.get(line.index)?.to_string_lossy().into_owned();
    workspace.root = root(&line.words);
    let mut command = values::known(workspace, &line.words).await;
    let words = args::two_dashes(line.words.clone());
    let found = clap_complete::engine::complete(&mut command, words, line.index, folder).ok()?;
    let offered = found.iter().filter_map(|candidate| {
        let value = candidate.get_value().to_string_lossy().into_owned();
        // Where nothing was typed, options would bury the rest.
        let value = Some(value).filter(|value| !word.is_empty() || !value.starts_with('-'))?;
        let value = match value.strip_prefix("--") {
            Some(rest) if has_one_dash(&word) => format!("-{rest}"),
            _ => value,
        };
        value.get(line.cut..).map(str::to_owned)
    });
    let offered: Vec<String> = offered.collect();
    // One for all: bash puts in what they have in common.
    let quote = !line.quoted && !offered.iter().all(|value| is_plain(value));
    let shown = |value: &String| if quote { quoted(value) } else { value.clone() };
    Some(offered.iter().map(|value| shown(value) + "\n").collect())
}

/// Puts words together that bash has cut at `=`, up to the one under the cursor.
fn line(typed: &[OsString], index: usize, current: &str) -> Option<Line> {
    let raw: Vec<_> = typed.get(..=index)?.iter().map(|word| word.to_string_lossy()).collect();
    let mut words: Vec<String> = Vec::new();
    let mut cut = 0;
    for (i, word) in raw.iter().enumerate() {
        let is_equal = word == "=";
        let text = if i == index && !is_equal { current } else { bare(word) };
        let joins = is_equal || i.checked_sub(1).is_some_and(|before| raw[before] == "=");
        match words.last_mut().filter(|last| joins && last.starts_with('-')) {
            Some(last) => {
                cut = last.len() + usize::from(is_equal);
                last.push_str(text);
            }
            None => {
                cut = 0;
                words.push(text.to_owned());
            }
        }
    }
    Some(Line {
        index: words.len().checked_sub(1)?,
        words: words.into_iter().map(OsString::from).collect(),
        cut,
        quoted: raw[index].starts_with(['"', '\'']),
    })
}

/// A word without the quotes around it.
fn bare(word: &str) -> &str {
    let inside = |quote: char| word.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(word)
}

/// Whether bash reads a word as it is.
fn is_plain(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || "-_./=:,+@%~".contains(c))
}

/// A word in quotes, inside of which bash changes nothing.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(words: &[&str], current: &str) -> Line {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        line(&words, words.len() - 1, current).unwrap()
    }

    #[test]
    fn words_that_bash_cuts_are_put_together() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let of = cut(&["lifeboat", "plan", "-target", "=", "aws"], "aws");
        assert_eq!(of.words, words(&["lifeboat", "plan", "-target=aws"]));
        assert_eq!((of.index, of.cut, of.quoted), (2, 8, false));
        let of = cut(&["lifeboat", "-chdir", "=", "'a b'", "show", "="], "");
        assert_eq!(of.words, words(&["lifeboat", "-chdir=a b", "show", "="]));
        assert_eq!((of.index, of.cut), (3, 0));
        let of = cut(&["lifeboat", "plan", "-target", "="], "");
        assert_eq!((of.words.last(), of.cut), (Some(&"-target=".into()), 8));
        let of = cut(&["lifeboat", "state", "show", "'a[\"b"], "a[\"b");
        assert_eq!((of.words.last(), of.quoted), (Some(&"a[\"b".into()), true));
    }

    #[test]
    fn what_bash_would_change_is_quoted() {
        assert!(is_plain("terraform_data.web") && !is_plain("a[0]"));
        assert_eq!(quoted("a[\"b\"]"), "'a[\"b\"]'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
