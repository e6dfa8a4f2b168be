//! From a folder to a configuration: `*.dr.hcl`, and the modules it calls.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use lifeboat_sdk::{Diagnostic, Diagnostics, FileId, Name, Span};

use super::files::Files;
use super::module::Module;
use super::source::SourceMap;
use super::syntax::{Interner, parse_file};
use super::{Config, build, check, codes};

/// The end of the names of configuration files.
pub const SUFFIX: &str = ".dr.hcl";

/// So many modules may be called through each other.
const MAX_DEPTH: usize = 64;

/// No file may be larger, in bytes.
const MAX_FILE: usize = 64 << 20;

/// So many modules are loaded at most.
const MAX_MODULES: usize = 10_000;

/// Reads the root module in `dir` and all modules it calls; reports all problems of all files.
pub fn load(files: &dyn Files, dir: &Path) -> (Config, Diagnostics) {
    let mut loader = Loader {
        files,
        config: Config { dir: dir.to_owned(), ..Config::default() },
        names: Interner::default(),
        diagnostics: Diagnostics::new(),
        folders: Vec::new(),
        read: BTreeSet::new(),
        broken: Vec::new(),
        modules: 0,
    };
    let root = loader.module(dir, Vec::new(), None);
    let Loader { mut config, mut diagnostics, broken, .. } = loader;
    config.root = root;
    let mut found = Diagnostics::new();
    check::check(&config.root, &mut found, &mut config.planning);
    // What is said of a block that could not be read is likely a consequence of that.
    let within = |span: Span| {
        broken.iter().any(|b| b.file == span.file && b.start <= span.start && span.start < b.end)
    };
    found.0.retain(|d| !d.span.is_some_and(within));
    diagnostics.extend(found);
    (config, diagnostics)
}

struct Loader<'a> {
    files: &'a dyn Files,
    config: Config,
    names: Interner,
    diagnostics: Diagnostics,
    /// The folders of the modules being read, outermost first.
    folders: Vec<PathBuf>,
    /// The folders read so far.
    read: BTreeSet<PathBuf>,
    modules: usize,
    /// Top-level blocks with syntax errors.
    broken: Vec<Span>,
}

impl Loader<'_> {
    /// The module in a folder, called at `call`.
    fn module(&mut self, dir: &Path, path: Vec<Name>, call: Option<Span>) -> Module {
        self.modules += 1;
        let again = !self.read.insert(dir.to_owned());
        let before = self.diagnostics.0.len();
        let mut module = self.folder(dir, path, call);
        if again {
            // Its problems were reported at the first call.
            self.diagnostics.0.truncate(before);
        }
        self.children(&mut module);
        module
    }

    /// What the files of a folder declare.
    fn folder(&mut self, dir: &Path, path: Vec<Name>, call: Option<Span>) -> Module {
        let mut module = Module { path, dir: dir.to_owned(), ..Module::default() };
        let mut seen = build::Seen::new();
        for name in self.list(dir, call) {
            let path = dir.join(&name);
            let shown = path.to_string_lossy().into_owned();
            let bytes = match self.files.read(&path) {
                Ok(bytes) => bytes,
                Err(error) => {
                    let detail = format!("The file {shown} cannot be read: {error}.");
                    self.diagnostics.push(codes::UNREADABLE.error(detail).at_opt(call));
                    continue;
                }
            };
            let digest = blake3::hash(&bytes).to_hex().to_string();
            let known = self.config.digests.insert(shown.clone(), digest).is_some();
            let known = if known { self.config.sources.find(&shown) } else { None };
            let known = known.and_then(|id| Some((id, self.config.sources.get(id)?.text.clone())));
            let (file, text) = known.unwrap_or_else(|| {
                read_text(&shown, &bytes, &mut self.config.sources, &mut self.diagnostics)
            });
            let before = self.diagnostics.0.len();
            let (body, broken) = parse_file(file, &text, &mut self.names, &mut self.diagnostics);
            if std::str::from_utf8(&bytes).is_err() {
                // Whatever else is wrong with it follows from that.
                self.diagnostics.0.truncate(before);
            }
            self.broken.extend(broken);
            build::add_file(&mut module, &mut seen, body, &mut self.diagnostics);
        }
        module
    }

    /// The configuration files of a folder.
    fn list(&mut self, dir: &Path, call: Option<Span>) -> Vec<String> {
        let shown = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        let names = match self.files.list(dir) {
            Ok(names) => names,
            Err(error) => {
                let detail = format!("The folder {} cannot be read: {error}.", shown.display());
                self.diagnostics.push(codes::UNREADABLE.error(detail).at_opt(call));
                return Vec::new();
            }
        };
        let (ours, others): (Vec<String>, Vec<String>) =
            names.into_iter().partition(|n| n.ends_with(SUFFIX) && !n.starts_with('.'));
        if ours.is_empty() {
            self.diagnostics.push(no_files(&shown.display().to_string(), &others).at_opt(call));
        }
        ours
    }

    fn children(&mut self, module: &mut Module) {
        self.folders.push(module.dir.clone());
        let calls: Vec<(Name, String, Span)> = module
            .calls
            .iter()
            .map(|(name, call)| (name.clone(), call.source.clone(), call.source_span))
            .collect();
        for (name, source, span) in calls {
            let Some(dir) = self.locate(&module.dir, &source, span) else { continue };
            let mut path = module.path.clone();
            path.push(name.clone());
            let child = self.module(&dir, path, Some(span));
            module.children.insert(name, child);
        }
        self.folders.pop();
    }

    /// The folder of a module source.
    fn locate(&mut self, from: &Path, source: &str, span: Span) -> Option<PathBuf> {
        let local =
            ["./", "../"].iter().any(|p| source.starts_with(p)) || [".", ".."].contains(&source);
        if !local {
            let detail = format!(
                "{source:?} is not a folder. Modules are folders of this repository, written with \
                 `./` or `../`."
            );
            self.diagnostics.push(codes::MODULE_SOURCE.error(detail).at(span));
            return None;
        }
        let dir = normal(&from.join(source));
        let detail = if self.folders.contains(&dir) {
            "The module calls itself, directly or through others."
        } else if self.folders.len() >= MAX_DEPTH || self.modules >= MAX_MODULES {
            "There are too many modules."
        } else {
            return Some(dir);
        };
        self.diagnostics.push(codes::MODULE_SOURCE.error(detail).at(span));
        None
    }
}

/// Without `.` and, where it can be told, without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(out.components().next_back(), Some(Component::Normal(_))) =>
            {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// Adds a file to the sources; what is not UTF-8 is reported and replaced.
pub(super) fn read_text(
    name: &str,
    bytes: &[u8],
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> (FileId, std::sync::Arc<str>) {
    let bytes = if bytes.len() > MAX_FILE {
        let detail = format!("The file {name} is larger than 64 MiB.");
        diagnostics.push(codes::UNREADABLE.error(detail));
        &[]
    } else {
        bytes
    };
    let text = String::from_utf8_lossy(bytes);
    let file = sources.add(name, &text);
    if let Err(error) = std::str::from_utf8(bytes) {
        let start = u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX);
        // The replacement character has three bytes.
        let span = Span { file, start, end: start + 3 };
        let detail = "Files are in UTF-8; here is a byte that is not.";
        let wide = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
        let help = if wide {
            "The file seems to be in UTF-16: save it as UTF-8."
        } else {
            "Save the file as UTF-8."
        };
        diagnostics.push(codes::INVALID_ENCODING.error(detail).at(span).help(help));
    }
    let text = sources.get(file).map(|s| s.text.clone()).unwrap_or_default();
    (file, text)
}

/// A folder has no configuration files, though perhaps some that were meant as such.
fn no_files(folder: &str, others: &[String]) -> Diagnostic {
    let detail = format!("The folder {folder:?} has no files *{SUFFIX}.");
    let meant = others.iter().find(|name| name.ends_with(".hcl") || name.ends_with(".tf"));
    let help = match meant.and_then(|name| Some((name, name.rsplit_once('.')?.0))) {
        Some((name, stem)) => format!(
            "lifeboat reads files whose names end in {SUFFIX}: rename {name} to {stem}{SUFFIX}."
        ),
        None => format!("Write main{SUFFIX} there, or name another folder."),
    };
    codes::NO_FILES.error(detail).help(help)
}
