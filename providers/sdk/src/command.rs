//! `Line`: what a person types to make a change by hand, for the day when lifeboat itself fails.
//!
//! Words are plain text: whoever prints them quotes them for a shell. Nothing is called by them.

/// A line of what a person does by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// What must be known, or done where there is no command for it.
    Note(String),
    /// What is run.
    Run(Command),
}

/// A program and its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Variables of its environment.
    pub environment: Vec<(String, String)>,
    /// Its name and its words.
    pub words: Vec<String>,
    /// An option that names a file, and what is in that file.
    pub file: Option<(String, String)>,
    /// The variable of the shell that keeps what it prints, for lines after it.
    pub keeps: Option<String>,
    /// What it prints when it is enough: until then it is run again.
    pub until: Option<String>,
    /// Whether what comes after it goes on where it fails.
    pub optional: bool,
}

impl Command {
    /// A program with its first words.
    pub fn new(words: &[&str]) -> Self {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Self { words, ..Self::default() }
    }

    /// With one more word.
    #[must_use]
    pub fn word(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }

    /// With an option and its value.
    #[must_use]
    pub fn option(self, name: &str, value: impl Into<String>) -> Self {
        self.word(name).word(value)
    }

    /// With an option, where it has a value.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.option(name, value),
            None => self,
        }
    }

    /// With an option that names a file, which has this content.
    #[must_use]
    pub fn file(self, name: &str, content: impl Into<String>) -> Self {
        Self { file: Some((name.to_owned(), content.into())), ..self }
    }

    /// Keeps what it prints in a variable of the shell: [`variable`] gives it to later lines.
    #[must_use]
    pub fn keep(self, variable: &str) -> Self {
        Self { keeps: Some(variable.to_owned()), ..self }
    }

    /// Runs again until it prints this.
    #[must_use]
    pub fn until(self, printed: &str) -> Self {
        Self { until: Some(printed.to_owned()), ..self }
    }
}

impl From<Command> for Line {
    fn from(command: Command) -> Self {
        Self::Run(command)
    }
}

/// What a variable of the shell is marked with in a text; no text from outside may hold these.
const MARKS: [char; 2] = ['\u{e000}', '\u{e001}'];

/// A text that stands for what a variable of the shell holds: also in the midst of others.
pub fn variable(name: &str) -> String {
    let [begin, end] = MARKS;
    format!("{begin}{name}{end}")
}

/// Whether a text could be taken for one with variables.
pub fn has_variable(text: &str) -> bool {
    text.contains(MARKS)
}

/// A part of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// As it is.
    Text(&'a str),
    /// What a variable of the shell holds.
    Variable(&'a str),
}

/// The parts of a word.
pub fn parts(word: &str) -> Vec<Part<'_>> {
    let [begin, end] = MARKS;
    let mut out = Vec::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once(begin) {
        let Some((name, after)) = after.split_once(end) else { break };
        if !before.is_empty() {
            out.push(Part::Text(before));
        }
        out.push(Part::Variable(name));
        rest = after;
    }
    if !rest.is_empty() {
        out.push(Part::Text(rest));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_in_the_midst_of_a_word() {
        let word = format!("{{\"id\":\"{}\"}}", variable("ID"));
        assert_eq!(
            parts(&word),
            [Part::Text("{\"id\":\""), Part::Variable("ID"), Part::Text("\"}")]
        );
        assert_eq!(parts("plain"), [Part::Text("plain")]);
        assert!(parts("").is_empty());
        assert!(has_variable(&word) && !has_variable("plain"));
    }
}
