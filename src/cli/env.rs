//! The only reader of the process's environment.

use std::collections::BTreeMap;

/// All variables, read once; what is not Unicode is left out.
pub fn read() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The instant of the run.
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// The instant as text, RFC 3339 in UTC.
pub fn now_text() -> String {
    now().to_string()
}
