//! `Name`: what a value in a store may be called.

use std::fmt;

use super::StoreError;

/// A name of one or more parts joined by `/`.
///
/// Parts hold lower-case letters, digits, `-`, `_`, `+` and `.`, and do not begin with `.`: such a
/// name means the same on every file system and in every object store, and cannot leave its folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// [`StoreError::BadName`] says which rule it breaks.
    pub fn new(text: impl Into<String>) -> Result<Self, StoreError> {
        let text = text.into();
        match problem(&text) {
            None => Ok(Self(text)),
            Some(why) => Err(StoreError::BadName { name: text.chars().take(120).collect(), why }),
        }
    }

    /// A name within this folder.
    ///
    /// # Errors
    /// As [`Name::new`].
    pub fn join(&self, part: &str) -> Result<Self, StoreError> {
        Self::new(format!("{}/{part}", self.0))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn last(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Whether it lies directly in `folder`.
    pub fn is_in(&self, folder: &Self) -> bool {
        self.0.rsplit_once('/').is_some_and(|(parent, _)| parent == folder.0)
    }
}

fn problem(text: &str) -> Option<&'static str> {
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '+' | '.' | '/');
    if text.len() > 240 {
        Some("it is longer than 240 bytes")
    } else if text.split('/').any(str::is_empty) {
        Some("a part of it is empty")
    } else if text.split('/').any(|part| part.starts_with('.')) {
        Some("a part of it begins with a dot")
    } else if !text.chars().all(allowed) {
        Some("only lower-case letters, digits and - _ + . are allowed")
    } else {
        None
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder_and_means_one_file_everywhere() {
        let bad = [
            "", "/", "a/", "/a", "a//b", "..", "a/../b", ".hidden", "A", "a b", "a\\b", "é", "a\0",
        ];
        for text in bad {
            assert!(Name::new(text).is_err(), "{text:?}");
        }
        assert!(Name::new("a".repeat(241)).is_err());
        for text in ["lock", "generations/00000000000000000001", "journal/0191-a+2", "a.b_c"] {
            assert_eq!(Name::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn folders_hold_only_their_direct_members() {
        let folder = Name::new("a").unwrap();
        assert!(folder.join("b").unwrap().is_in(&folder));
        assert!(!Name::new("a/b/c").unwrap().is_in(&folder));
        assert!(!Name::new("ab/c").unwrap().is_in(&folder));
        assert_eq!(Name::new("a/b/c").unwrap().last(), "c");
    }
}
