//! `lifeboat console`: expressions, and what they come to.

use std::io::{self, BufRead as _, ErrorKind, IsTerminal as _};

use super::args;
use super::env;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::config::syntax::{goes_on, says_something};
use crate::engine::Contexts;
use crate::engine::console::{Answer, Console};
use crate::registry::Providers;
use crate::view::prompt::{Prompt, Typed};
use crate::view::{literal, ndjson};

/// The word that ends a session.
const EXIT: &str = "exit";

/// What is told of a session on a terminal.
const HELP: &str = "\
Type an expression, such as var.NAME, aws_s3_bucket.logs.arn or cidrhost(\"10.0.0.0/8\", 1), and see
its value; `type(EXPRESSION)` shows its type. What is open at the end of a line goes on on the next.
Values of objects are those of the state; nothing live is read. Ctrl-C drops what was typed; `exit`
or Ctrl-D ends.
";

/// Runs `console`. Takes no lock and makes no call.
pub async fn run(workspace: &Workspace, args: &args::Console) -> Exit {
    let session = match Session::begin(workspace).await {
        Ok(session) => session,
        Err(exit) => return exit,
    };
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && !args.json;
    let ended = if terminal { session.typed().await } else { session.piped().await };
    ended.unwrap_or_else(|exit| exit)
}

/// A console and what came of it so far.
struct Session<'w> {
    workspace: &'w Workspace,
    console: Console,
    contexts: Contexts,
    /// Lines that wait for the rest of their expression.
    pending: String,
}

/// Whether the session goes on after a line.
enum Next {
    /// An answer was given, or there is nothing to answer yet.
    Line,
    /// It had none, and that has been told.
    Failed,
    /// `exit`
    End,
}

impl<'w> Session<'w> {
    async fn begin(workspace: &'w Workspace) -> Result<Self, Exit> {
        let contexts = workspace.contexts(true);
        let settings = workspace.settings(None);
        let (loaded, mut diagnostics) = workspace.load_quietly(&settings, &contexts);
        // What depends on such a variable is not known, and the rest can be asked for.
        diagnostics.0.retain(|d| d.code != "config::no_value");
        workspace.output.diagnostics(&diagnostics, &loaded.config.sources);
        if diagnostics.has_errors() {
            return Err(Exit::Error);
        }
        let backend = workspace.backend().await?;
        let known = workspace.known(&backend, &Providers::default()).await?;
        workspace.tell(&known.diagnostics);
        let console = Console::new(loaded, known.state.as_ref()).map_err(|problem| {
            workspace.tell(&(*problem).into());
            Exit::Error
        })?;
        Ok(Self { workspace, console, contexts, pending: String::new() })
    }

    /// Lines of the standard input; the first that has no answer ends it.
    async fn piped(mut self) -> Result<Exit, Exit> {
        loop {
            let line = self.workspace.input(line_of_input).await?;
            let line = line.unwrap_or_else(|| Err(ErrorKind::Other.into()));
            let line = line.map_err(|error| self.unreadable(&error))?;
            let next = if line.is_empty() { self.rest() } else { self.line(&line) };
            match next {
                Next::Failed => return Ok(Exit::Error),
                Next::Line if !line.is_empty() => {}
                Next::Line | Next::End => return Ok(Exit::Done),
            }
        }
    }

    /// Lines that people type.
    async fn typed(mut self) -> Result<Exit, Exit> {
        let mut prompt = Prompt::new().map_err(|error| self.unreadable(&error))?;
        loop {
            let sign = if self.pending.is_empty() { "> " } else { ": " };
            let ask = move || (prompt.line(sign), prompt);
            let Some((typed, same)) = self.workspace.input(ask).await? else {
                return Err(self.unreadable(&ErrorKind::Other.into()));
            };
            prompt = same;
            match typed.map_err(|error| self.unreadable(&error))? {
                Typed::Line(line) if self.pending.is_empty() && line.trim() == "help" => {
                    self.workspace.output.result(HELP);
                }
                Typed::Line(line) => {
                    if matches!(self.line(&line), Next::End) {
                        return Ok(Exit::Done);
                    }
                }
                Typed::Dropped => self.pending.clear(),
                Typed::End => return Ok(Exit::Done),
            }
        }
    }

    fn unreadable(&self, error: &io::Error) -> Exit {
        self.workspace.output.error("The standard input cannot be read", &format!("{error}."));
        Exit::Error
    }

    /// Takes a line, and answers where it completes an expression.
    fn line(&mut self, line: &str) -> Next {
        if self.pending.is_empty() && line.trim() == EXIT {
            return Next::End;
        }
        self.pending.push_str(line.trim_end_matches(['\n', '\r']));
        self.pending.push('\n');
        if goes_on(&self.pending) { Next::Line } else { self.rest() }
    }

    /// Answers what has been typed, complete or not.
    fn rest(&mut self) -> Next {
        let text = std::mem::take(&mut self.pending);
        if !says_something(&text) {
            return Next::Line;
        }
        // Each expression has a time and chance of its own.
        self.contexts.now = env::now();
        self.contexts.seed = self.contexts.seed.wrapping_add(1);
        let (answer, found) = self.console.answer(&text, &self.contexts);
        let output = &self.workspace.output;
        output.diagnostics(&found, self.console.sources());
        let Some(answer) = answer else { return Next::Failed };
        if output.json {
            ndjson::answer(output, &answer);
        } else {
            let text = match &answer {
                Answer::Value(value) => literal::value(value, 0),
                Answer::Type(ty) => literal::ty(ty, 0),
            };
            output.result(&(text + "\n"));
        }
        Next::Line
    }
}

/// One line with its end; an empty one where there is no more.
fn line_of_input() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line)
}
