//! `lifeboat report`: the last promotion, or the open one, with its evidence, from state alone.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::status::declared;
use super::workspace::Workspace;
use crate::view::report::{Format, Report as Page};

/// `report`
#[derive(Clone, Debug, Args)]
pub struct Report {
    /// How to tell it [default: markdown]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write it to this file, and not to stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print one JSON document, also where something fails
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

impl Report {
    /// The format that is asked for.
    pub fn shown(&self) -> Format {
        if self.json { Format::Json } else { self.format.unwrap_or_default() }
    }
}

/// Runs `report`. Reads state and files only.
pub async fn run(workspace: &Workspace, args: &Report) -> Exit {
    let (_, known) = match workspace.standing().await {
        Ok(standing) => standing,
        Err(exit) => return exit,
    };
    let objective = declared(workspace).map(|topology| topology.strictest());
    let page = Page::of(&known, objective.unwrap_or_default());
    let text = args.shown().render(&page);
    let Some(file) = &args.out else {
        workspace.output.result(&text);
        return Exit::Done;
    };
    match std::fs::write(file, text) {
        Ok(()) => Exit::Done,
        Err(error) => {
            let text = format!("{}: {error}.", file.display());
            workspace.output.error("The report cannot be written", &text);
            Exit::Error
        }
    }
}
