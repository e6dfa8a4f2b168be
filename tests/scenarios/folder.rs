//! A folder that lives as long as its test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io};

/// A temporary folder; removed when dropped.
#[derive(Debug)]
pub(super) struct Folder {
    whole: PathBuf,
    /// Where the files of the root module are.
    path: PathBuf,
}

impl Folder {
    /// An empty one.
    pub(super) fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let name = format!("lifeboat-scenario-{}-{number}", std::process::id());
        let path = env::temp_dir().join(name);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir_all(&path).unwrap();
        Self { whole: path.clone(), path }
    }

    /// A copy of a folder of `examples/`, without what tools leave there; the modules are where
    /// it looks for them.
    pub(super) fn example(name: &str) -> Self {
        let mut folder = Self::new();
        let path = folder.whole.join("examples").join(name);
        copy(&example(name), &path).unwrap();
        copy(&example("../modules"), &folder.whole.join("modules")).unwrap();
        folder.path = path;
        folder
    }

    /// Where the files of the root module are.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file.
    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.path.join(name), text).unwrap();
    }

    /// Replaces text in a file, as an operator would; it must be there.
    pub(super) fn edit(&self, name: &str, before: &str, after: &str) {
        let text = fs::read_to_string(self.path.join(name)).unwrap();
        assert!(text.contains(before), "{name} does not hold `{before}`:\n{text}");
        self.write(name, &text.replacen(before, after, 1));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's temporary folder; the test has ended.
        fs::remove_dir_all(&self.whole).ok();
    }
}

/// A folder of `examples/`.
pub(super) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name() == ".lifeboat" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
