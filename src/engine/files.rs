//! Files as stages see them: the disk with a record of what was read, or what a plan holds.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::config::files::Files as ConfigFiles;
use crate::function::{FileError, FileKind, Files as FunctionFiles, Listed};

/// Where files come from.
#[derive(Debug)]
pub struct Files {
    source: Source,
    /// Files that have another content than on the disk.
    instead: BTreeMap<String, Vec<u8>>,
    /// Name to content of everything that was read.
    read: Mutex<BTreeMap<String, Vec<u8>>>,
    home: Option<String>,
    root: PathBuf,
}

#[derive(Debug)]
enum Source {
    Disk,
    Stored(BTreeMap<String, Vec<u8>>),
}

impl Files {
    /// The disk, seen from the root module's folder.
    pub fn disk(root: &Path, home: Option<String>) -> Self {
        let (source, instead, read) = (Source::Disk, BTreeMap::new(), Mutex::default());
        Self { source, instead, read, home, root: root.to_owned() }
    }

    /// The same, but for the content of a file that is there.
    #[must_use]
    pub fn with(mut self, path: &Path, content: Vec<u8>) -> Self {
        self.instead.insert(normal(path), content);
        self
    }

    /// These files and nothing else: those that a plan holds, or those of a simulated folder.
    pub fn stored(files: BTreeMap<String, Vec<u8>>, root: &Path) -> Self {
        let (source, instead, read) = (Source::Stored(files), BTreeMap::new(), Mutex::default());
        Self { source, instead, read, home: None, root: root.to_owned() }
    }

    /// Everything that was read so far.
    pub fn recorded(&self) -> BTreeMap<String, Vec<u8>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn content(&self, path: &Path) -> io::Result<Vec<u8>> {
        let name = normal(path);
        let content = match (self.instead.get(&name), &self.source) {
            (Some(content), _) => content.clone(),
            (None, Source::Disk) => std::fs::read(self.root.join(path))?,
            (None, Source::Stored(files)) => files.get(&name).cloned().ok_or_else(|| {
                io::Error::new(io::ErrorKind::NotFound, "the plan does not hold this file")
            })?,
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(name, content.clone());
        Ok(content)
    }
}

/// A name that is the same however the path is written.
fn normal(path: &Path) -> String {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out.to_string_lossy().into_owned()
}

impl ConfigFiles for Files {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.content(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        match &self.source {
            Source::Disk => crate::config::files::Disk::at(&self.root).list(dir),
            Source::Stored(files) => {
                let dir = normal(dir);
                let inside = files.keys().filter_map(|name| {
                    let path = Path::new(name);
                    let parent = path.parent().map(|p| p.to_string_lossy().into_owned())?;
                    (parent == dir)
                        .then(|| path.file_name().map(|n| n.to_string_lossy().into_owned()))?
                });
                Ok(inside.collect())
            }
        }
    }
}

impl FunctionFiles for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.content(Path::new(path)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FileError::NotFound,
            _ => FileError::Other(error.to_string()),
        })
    }

    fn kind(&self, path: &str) -> Result<Option<FileKind>, FileError> {
        let kind_of = |meta: &std::fs::Metadata| {
            if meta.is_file() {
                FileKind::File
            } else if meta.is_dir() {
                FileKind::Folder
            } else {
                FileKind::Other
            }
        };
        match &self.source {
            Source::Disk => match std::fs::metadata(self.root.join(path)) {
                Ok(meta) => Ok(Some(kind_of(&meta))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(FileError::Other(error.to_string())),
            },
            Source::Stored(files) => {
                let name = normal(Path::new(path));
                let folder = format!("{name}/");
                Ok(match files.contains_key(&name) {
                    true => Some(FileKind::File),
                    false if files.keys().any(|f| f.starts_with(&folder)) => Some(FileKind::Folder),
                    false => None,
                })
            }
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>, FileError> {
        match &self.source {
            Source::Disk => listing(&self.root.join(folder)).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => FileError::NotFound,
                _ => FileError::Other(error.to_string()),
            }),
            Source::Stored(_) => {
                let names = ConfigFiles::list(self, Path::new(folder));
                let names = names.map_err(|e| FileError::Other(e.to_string()))?;
                let listed = |name| Listed { name, kind: FileKind::File, link: false };
                Ok(names.into_iter().map(listed).collect())
            }
        }
    }

    fn current_folder(&self) -> String {
        let path = std::path::absolute(&self.root).unwrap_or_else(|_| self.root.clone());
        path.to_string_lossy().into_owned()
    }

    fn home(&self) -> Option<String> {
        self.home.clone()
    }
}

fn listing(folder: &Path) -> io::Result<Vec<Listed>> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let meta = std::fs::metadata(entry.path())?;
        let kind = if meta.is_dir() {
            FileKind::Folder
        } else if meta.is_file() {
            FileKind::File
        } else {
            FileKind::Other
        };
        out.push(Listed {
            name: entry.file_name().to_string_lossy().into_owned(),
            kind,
            link: entry.file_type()?.is_symlink(),
        });
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(out)
}
