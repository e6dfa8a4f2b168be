//! The program as people use it: commands, exit codes, texts, and bad days without servers.

pub(crate) mod case;

pub(crate) use case::Case;
