//! `hook`: a command, or a request to a server of the operators.

use std::process::{ExitStatus, Stdio};

use lifeboat_sdk::{Class, Failure, Value};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use super::{Deed, http};

/// How much is kept of what a command writes: its end, where errors are, in bytes.
const KEPT: usize = 4096;

/// Runs it.
pub(super) async fn run(deed: &Deed) -> Result<Value, Failure> {
    match deed.task.arguments.get("command").and_then(Value::items) {
        Some(words) => command(deed, words).await,
        None => request(deed).await,
    }
}

/// What a hook is told, as variables of its environment and as the request's body: `phase`, `from`,
/// `to`, `epoch` and more.
fn told(deed: &Deed) -> impl Iterator<Item = (&str, String)> {
    let facts = deed.task.arguments.get("facts").and_then(Value::entries).unwrap_or_default();
    let facts = facts.iter().filter_map(|(name, fact)| Some((&**name, fact.as_str()?.to_owned())));
    facts.chain([("token", deed.token.to_string())])
}

async fn command(deed: &Deed, words: &[Value]) -> Result<Value, Failure> {
    let mut words = words.iter().filter_map(Value::as_str);
    let name = words.next().unwrap_or_default();
    let mut command = Command::new(name);
    command.args(words).current_dir(&deed.root);
    for (name, fact) in told(deed) {
        command.env(format!("LIFEBOAT_{}", name.to_uppercase()), fact);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // An interrupt of the terminal is lifeboat's: the first lets finish what runs.
    #[cfg(unix)]
    command.process_group(0);
    command.kill_on_drop(true);
    let failed = |what: &str, error: std::io::Error| {
        Failure::new(Class::Other, format!("{what} {name:?}: {error}"))
    };
    let mut child = command.spawn().map_err(|error| failed("cannot start", error))?;
    let mut group = Group(child.id());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    // The pipes may outlive the command, in what it started and left behind: they are not waited for.
    let mut kept = (Vec::new(), Vec::new());
    let status = {
        let reading = async { tokio::join!(end_of(out, &mut kept.0), end_of(err, &mut kept.1)) };
        tokio::pin!(reading);
        tokio::select! {
            status = child.wait() => {
                // It may leave something behind on purpose.
                group.0 = None;
                drop(tokio::time::timeout(LAST_WORDS, &mut reading).await);
                status
            }
            _ = &mut reading => child.wait().await,
        }
    };
    group.0 = None;
    let status = status.map_err(|error| failed("cannot wait for", error))?;
    let said = [kept.0, kept.1].map(|kept| String::from_utf8_lossy(&kept).trim().to_owned());
    // What may hold secrets is neither kept nor told.
    let keeps = deed.task.arguments.get("keep_output") != Some(&Value::Bool(false));
    let said = said
        .iter()
        .filter(|_| keeps)
        .filter(|said| !said.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    if status.success() {
        return Ok(Value::object([
            ("how".into(), Value::string(how(status))),
            ("output".into(), Value::string(said)),
        ]));
    }
    let last = said.lines().last().map(|line| format!(": {line}")).unwrap_or_default();
    Err(Failure::new(Class::Other, format!("{name:?} ended with {}{last}", how(status))))
}

/// All that a command has started, by the id of the command, as long as that runs. Whoever gives the command
/// up ends them with it: it is run again, or goes on without, and what is left of it would go on beside.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.0.and_then(|id| i32::try_from(id).ok()) {
            use nix::sys::signal::{Signal, killpg};
            // There may be nobody left.
            killpg(nix::unistd::Pid::from_raw(id), Signal::SIGKILL).ok();
        }
    }
}

/// How long the last words of a command that has ended may take.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_millis(200);

fn how(status: ExitStatus) -> String {
    status.code().map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
}

/// Reads to the end, and keeps what came last.
async fn end_of(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut part = [0; 1024];
    while let Ok(read @ 1..) = pipe.read(&mut part).await {
        kept.extend_from_slice(&part[..read]);
        let over = kept.len().saturating_sub(KEPT);
        kept.drain(..over);
    }
}

async fn request(deed: &Deed) -> Result<Value, Failure> {
    let hook = deed.task.arguments.get("webhook").cloned().unwrap_or_else(Value::null);
    let url = hook.get("url").and_then(Value::as_str).unwrap_or_default();
    let headers = hook.get("headers").and_then(Value::entries).unwrap_or_default();
    let headers = headers.iter().filter_map(|(name, value)| Some((&**name, value.as_str()?)));
    let token = hook.get("token_file").and_then(Value::as_str);
    let bearer = http::bearer(&deed.root, token)?;
    let headers = headers.chain(bearer.as_deref().map(|text| ("authorization", text)));
    let body: serde_json::Map<String, serde_json::Value> =
        told(deed).map(|(name, fact)| (name.to_owned(), fact.into())).collect();
    let body = serde_json::Value::Object(body).to_string();
    let status = http::send(http::Method::POST, url, headers, Some(body)).await?;
    if (200..300).contains(&status) {
        return Ok(Value::object([("how".into(), Value::string(format!("HTTP status {status}")))]));
    }
    Err(Failure::new(Class::Other, format!("the server answered with HTTP status {status}")))
}
