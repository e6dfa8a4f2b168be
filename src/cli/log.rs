//! Logging: silent by default; `-v`, `LIFEBOAT_LOG`, `LIFEBOAT_LOG_PATH`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

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
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_target(false)
        .with_span_events(FmtSpan::CLOSE);
    let set = match environment.get("LIFEBOAT_LOG_PATH") {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file.map_err(|e| format!("LIFEBOAT_LOG_PATH={path}: {e}"))?;
            builder.with_writer(Mutex::new(file)).try_init()
        }
        None => builder.with_writer(std::io::stderr).try_init(),
    };
    // In one process only the first command logs: a library has no subscriber of its own.
    drop(set);
    Ok(())
}
