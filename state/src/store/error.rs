//! `StoreError`: why a store could not do what it was asked.

use std::io;
use std::path::Path;

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The name is not one that a store can hold.
    #[error("`{name}` cannot be the name of a stored value: {why}")]
    BadName {
        /// The name.
        name: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// The file system or the service said no: it did not happen, or nothing is known to be durable.
    #[error("could not {action} `{path}`: {}", advice(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or value.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The request went out and no answer came back.
    #[error(
        "no reply came to the request to {action} `{name}`, so it may or may not have happened: \
         run the command again, it looks before it writes"
    )]
    NoReply {
        /// What was tried.
        action: &'static str,
        /// The value.
        name: String,
    },
    /// Another process has held the guard of a folder for too long.
    #[error(
        "another process has been writing in `{path}` for {seconds} s: if it is suspended, let it \
         go on or end it, then run the command again"
    )]
    Busy {
        /// The guard file.
        path: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The runtime is shutting down.
    #[error("could not {action}: the program is ending")]
    Ending {
        /// What was tried.
        action: &'static str,
    },
}

impl StoreError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.display().to_string(), source }
    }
}

fn advice(error: &io::Error) -> &'static str {
    let kind = error.kind();
    if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        "the disk is full; free some space and run the command again"
    } else if kind == io::ErrorKind::PermissionDenied {
        "access is denied; check the owner and the mode of the folder"
    } else if kind == io::ErrorKind::ReadOnlyFilesystem {
        "the file system is mounted read-only"
    } else {
        "the system refused it; check the disk and the folder, then run the command again"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_as_such_and_the_source_is_not_repeated() {
        let source = io::Error::from(io::ErrorKind::StorageFull);
        let error = StoreError::io("write", Path::new("/x/lock"), source);
        let text = error.to_string();
        assert!(text.starts_with("could not write `/x/lock`: the disk is full"), "{text}");
        let inner = std::error::Error::source(&error).unwrap().to_string();
        assert!(!text.contains(&inner));
    }
}
