//! `Prompt`: lines typed on a terminal, with the keys and the history that people know from shells.
//!
//! The history goes with the process: what is typed may hold secrets.

use std::io;

use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line, without its end.
    Line(String),
    /// Ctrl-C: the line is given up.
    Dropped,
    /// Ctrl-D: there is no more.
    End,
}

/// A terminal that is asked for lines.
pub struct Prompt(DefaultEditor);

impl Prompt {
    /// Of the terminal of the process.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn new() -> io::Result<Self> {
        DefaultEditor::new().map(Self).map_err(io::Error::other)
    }

    /// Asks for a line.
    ///
    /// # Errors
    /// The terminal cannot be read.
    pub fn line(&mut self, prompt: &str) -> io::Result<Typed> {
        match self.0.readline(prompt) {
            Ok(line) => {
                // A line that is not kept cannot be called back, and nothing else.
                drop(self.0.add_history_entry(line.as_str()));
                Ok(Typed::Line(line))
            }
            Err(ReadlineError::Interrupted) => Ok(Typed::Dropped),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}
