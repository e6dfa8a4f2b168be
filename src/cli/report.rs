//! `lifeboat report`: the last promotion, the open one, or an earlier one that state keeps, with its
//! evidence, from state alone.

use std::path::PathBuf;

use clap::Args;
use lifeboat_state::model::EARLIER;

use super::exit::Exit;
use super::status::declared;
use super::workspace::Workspace;
use crate::view::report::{Format, Report as Page};

/// `report`
#[derive(Clone, Debug, Args)]
pub struct Report {
    /// The promotion that opened this epoch, and not the last one
    #[arg(long, value_name = "EPOCH")]
    pub epoch: Option<u64>,
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
    let page = Page::of(&known, objective.unwrap_or_default(), args.epoch);
    if let Some(epoch) = args.epoch.filter(|_| page.promotion.is_none()) {
        workspace.output.error("There is no such promotion", &kept(epoch, &page));
        return Exit::Error;
    }
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

/// That the state keeps no promotion to this epoch, and which it keeps.
fn kept(epoch: u64, page: &Page<'_>) -> String {
    let others =
        page.others.iter().map(|it| format!("  {}: {} in place of {}", it.epoch, it.to, it.from));
    let others: Vec<String> = others.collect();
    let kept = match others.is_empty() {
        true => "Nothing has been promoted yet.".to_owned(),
        false => format!("It has these epochs:\n\n{}", others.join("\n")),
    };
    format!(
        "The state keeps no promotion that opened epoch {epoch}. It keeps the last one and {EARLIER} before \
         it.\n{kept}"
    )
}
