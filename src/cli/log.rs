//! Logging: silent by default; `-v`, `LIFEBOAT_LOG`, `LIFEBOAT_LOG_PATH`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry};

/// Starts logging as asked for.
pub fn start(verbose: u8, environment: &BTreeMap<String, String>) -> Result<(), String> {
    let asked = match verbose {
        0 => environment.get("LIFEBOAT_LOG").cloned(),
        1 => Some("lifeboat=info,lifeboat_sdk=info".to_owned()),
        2 => Some("lifeboat=debug,lifeboat_sdk=debug".to_owned()),
        _ => Some("trace".to_owned()),
    };
    let Some(filter) = asked.filter(|f| !f.is_empty()) else { return Ok(()) };
    let filter = EnvFilter::try_new(&filter)
        .map_err(|e| format!("LIFEBOAT_LOG={filter} is not a filter such as `debug`: {e}"))?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .with_span_events(FmtSpan::CLOSE);
    let lines = match environment.get("LIFEBOAT_LOG_PATH") {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file.map_err(|e| format!("LIFEBOAT_LOG_PATH={path}: {e}"))?;
            lines.with_writer(Mutex::new(file)).boxed()
        }
        None => lines.with_writer(std::io::stderr).boxed(),
    };
    let capped = Registry::default().with(lines).with(filter).with(filter_fn(may_log));
    // In one process only the first command logs: a library has no subscriber of its own.
    drop(capped.try_init());
    Ok(())
}

/// What no filter can ask for: what is not lifeboat's own (the SDKs, HTTP, TLS) writes requests and
/// answers with all values in them, sensitive ones too, from `info` down.
fn may_log(what: &Metadata<'_>) -> bool {
    let of = what.target().split("::").next().unwrap_or_default();
    of == "lifeboat" || of.starts_with("lifeboat_") || *what.level() <= Level::WARN
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<u8>>>);

    impl Write for Seen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_filter_lets_others_write_what_they_send() {
        let seen = Seen::default();
        let sink = seen.clone();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || sink.clone());
        let filter = EnvFilter::new("trace,aws_smithy_runtime=trace");
        let capped = Registry::default().with(lines).with(filter).with(filter_fn(may_log));
        tracing::subscriber::with_default(capped, || {
            tracing::trace!(target: "aws_smithy_runtime::client", "body=hunter2");
            tracing::info!(target: "hyper_util", "hunter2");
            tracing::debug!(target: "lifeboatish", "hunter2");
            let span = tracing::debug_span!(target: "aws_sdk_s3", "invoke", input = "hunter2");
            span.in_scope(|| tracing::trace!(target: "lifeboat_sdk::context", "answered"));
            tracing::warn!(target: "aws_config", "no region");
            tracing::trace!(target: "lifeboat", "ours");
        });
        let bytes = seen.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("hunter2"), "{text}");
        for kept in ["answered", "no region", "ours"] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }
}
