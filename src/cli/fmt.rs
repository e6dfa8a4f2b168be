//! `lifeboat fmt`: files in their canonical form.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::Ordering;

use lifeboat_sdk::Interrupt;

use super::args;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::config::format::format;
use crate::config::{SourceMap, load};
use crate::replace::replace;
use crate::view::{difference, escape};

/// What the names of files end with that are formatted: configurations and variables.
const ENDS: [&str; 2] = [load::SUFFIX, ".drvars.hcl"];

/// The target that stands for the standard input.
const INPUT: &str = "-";

/// Runs `fmt`.
pub async fn run(workspace: &Workspace, args: &args::Fmt) -> Exit {
    let mut run = Run::new(workspace, args);
    if args.targets.iter().any(|target| target.as_os_str() == INPUT) {
        if args.targets.len() > 1 {
            let text = "`-` is the standard input: no other target stands beside it.";
            workspace.output.error("The targets cannot be used", text);
            return Exit::Error;
        }
        return match workspace.input(all_of_input).await {
            Ok(bytes) => run.input(bytes),
            Err(exit) => exit,
        };
    }
    run.find(&args.targets);
    // What an interrupt leaves undone is told here.
    workspace.waiting.store(true, Ordering::SeqCst);
    for path in std::mem::take(&mut run.files) {
        tokio::task::yield_now().await;
        if *workspace.interrupt.borrow() != Interrupt::None {
            workspace.output.note("\nInterrupted: the other files were left as they are.\n");
            return Exit::Error;
        }
        run.file(&path);
    }
    run.exit()
}

/// A run and what came of it so far.
struct Run<'a> {
    workspace: &'a Workspace,
    list: bool,
    write: bool,
    diff: bool,
    check: bool,
    recursive: bool,
    /// What is formatted, each once, relative to the folder of the run.
    files: Vec<PathBuf>,
    seen: BTreeSet<PathBuf>,
    /// Whether a file was not in its canonical form.
    differs: bool,
    failed: bool,
}

impl<'a> Run<'a> {
    fn new(workspace: &'a Workspace, args: &args::Fmt) -> Self {
        Self {
            workspace,
            list: args.list.unwrap_or(true),
            write: args.write.unwrap_or(true) && !args.check,
            diff: args.diff,
            check: args.check,
            recursive: args.recursive,
            files: Vec::new(),
            seen: BTreeSet::new(),
            differs: false,
            failed: false,
        }
    }

    fn exit(&self) -> Exit {
        match (self.failed, self.check && self.differs) {
            (true, _) => Exit::Error,
            (false, true) => Exit::Unformatted,
            (false, false) => Exit::Done,
        }
    }

    fn fail(&mut self, summary: &str, detail: &str) {
        self.failed = true;
        self.workspace.output.error(summary, detail);
    }

    /// The standard input is neither listed nor written.
    fn input(&mut self, bytes: Option<io::Result<Vec<u8>>>) -> Exit {
        (self.list, self.write) = (false, false);
        match bytes.unwrap_or_else(|| Err(ErrorKind::Other.into())) {
            Ok(bytes) => self.text("<stdin>", &bytes, None),
            Err(error) => self.fail("The standard input cannot be read", &format!("{error}.")),
        }
        self.exit()
    }

    fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let place = self.workspace.root.join(path);
        match fs::read(&place) {
            Ok(bytes) => self.text(&name, &bytes, Some(&place)),
            Err(error) => self.fail("The file cannot be read", &format!("{name}: {error}.")),
        }
    }

    /// Formats a text and does with it what was asked for.
    fn text(&mut self, name: &str, bytes: &[u8], place: Option<&Path>) {
        let output = &self.workspace.output;
        let mut sources = SourceMap::default();
        let text = match format(name, bytes, &mut sources) {
            Ok(text) => text,
            Err(problems) => {
                output.diagnostics(&problems, &sources);
                self.failed = true;
                return;
            }
        };
        if text.as_bytes() != bytes {
            self.differs = true;
            if let Some(place) = place.filter(|_| self.write)
                && let Err(error) = replace(place, text.as_bytes())
            {
                return self.fail("The file cannot be written", &format!("{name}: {error}."));
            }
            if self.list {
                output.result(&format!("{}\n", escape::line(name)));
            }
            if self.diff {
                let before = String::from_utf8_lossy(bytes);
                output.result(&difference::unified(name, &before, &text, output.paint));
            }
        }
        if !(self.list || self.write || self.diff || self.check) {
            // On a stream the last line ends, too, as Terraform has it.
            let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            output.result(&(text + end));
        }
    }

    /// Finds the files of the targets; without any, those of the folder of the run.
    fn find(&mut self, targets: &[PathBuf]) {
        if targets.is_empty() {
            return self.folder(Path::new("."));
        }
        for target in targets {
            let name = target.display();
            match fs::metadata(self.workspace.root.join(target)) {
                Ok(found) if found.is_dir() => self.folder(target),
                Ok(_) if is_ours(target) => self.add(target),
                Ok(_) => {
                    let [files, variables] = ENDS;
                    let detail = format!("{name} is no file *{files} or *{variables}.");
                    self.fail("Such a file has no canonical form", &detail);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.fail("There is no such file or folder", &format!("{name} is not there."));
                }
                Err(error) => self.fail("The file cannot be read", &format!("{name}: {error}.")),
            }
        }
    }

    /// Finds the files of a folder, by name. What begins with a dot is hidden.
    fn folder(&mut self, folder: &Path) {
        let entries = fs::read_dir(self.workspace.root.join(folder));
        let mut entries: Vec<DirEntry> = match entries.and_then(Iterator::collect) {
            Ok(entries) => entries,
            Err(error) => {
                let name = folder.display();
                return self.fail("The folder cannot be read", &format!("{name}: {error}."));
            }
        };
        entries.sort_by_key(DirEntry::file_name);
        for entry in entries {
            let name = PathBuf::from(entry.file_name());
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let path = folder.join(&name);
            // Links to folders are not followed: they may lead back.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if self.recursive {
                    self.folder(&path);
                }
            } else if is_ours(&name) && !fs::metadata(entry.path()).is_ok_and(|f| !f.is_file()) {
                self.add(&path);
            }
        }
    }

    fn add(&mut self, path: &Path) {
        let path: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
        if self.seen.insert(path.clone()) {
            self.files.push(path);
        }
    }
}

fn is_ours(path: &Path) -> bool {
    let name = path.to_string_lossy();
    ENDS.iter().any(|end| name.ends_with(end))
}

fn all_of_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
