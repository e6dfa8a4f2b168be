//! `lifeboat man`: a manual page per command, for those who make packages.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::args::{self, Cli};
use super::exit::Exit;
use super::workspace::Workspace;

/// Runs `man`: writes the pages into a folder, which is made where it is missing.
pub fn run(workspace: &Workspace, args: &args::Man) -> Exit {
    match write(&args.folder) {
        Ok(count) => {
            let text = format!("{count} pages are in {}.\n", args.folder.display());
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

/// Writes all pages; how many there are.
fn write(folder: &Path) -> io::Result<usize> {
    fs::create_dir_all(folder)?;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    page(&command, folder)
}

/// The page of a command, and those of the commands in it.
fn page(command: &clap::Command, folder: &Path) -> io::Result<usize> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let version = concat!("lifeboat ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).manual("lifeboat").source(version);
    let mut text = Vec::new();
    man.render(&mut text)?;
    fs::write(folder.join(format!("{name}.1")), text)?;
    let shown = command.get_subcommands().filter(|inner| !inner.is_hide_set());
    shown.map(|inner| page(inner, folder)).try_fold(1, |all, made| Ok(all + made?))
}
