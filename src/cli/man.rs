//! `lifeboat man`: a manual page per command, for those who make packages.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::args::{self, Cli};
use super::exit::Exit;
use super::workspace::Workspace;
use crate::view::escape;

/// Runs `man`: writes the pages into a folder, which is made where it is missing.
pub fn run(workspace: &Workspace, args: &args::Man) -> Exit {
    match write(&args.folder) {
        Ok(()) => {
            let text =
                format!("The pages are in {}.\n", escape::line(&args.folder.to_string_lossy()));
            workspace.output.result(&text);
            Exit::Done
        }
        Err(error) => {
            let text = format!("{}: {error}.", args.folder.display());
            workspace.output.error("The pages cannot be written", &text);
            Exit::Error
        }
    }
}

/// Writes all pages.
fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    page(&command, folder)
}

/// The page of a command, and those of the commands in it.
fn page(command: &clap::Command, folder: &Path) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let version = concat!("lifeboat ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).manual("lifeboat").source(version);
    let mut text = Vec::new();
    man.render(&mut text)?;
    fs::write(folder.join(format!("{name}.1")), text)?;
    let mut shown = command.get_subcommands().filter(|inner| !inner.is_hide_set());
    shown.try_for_each(|inner| page(inner, folder))
}
