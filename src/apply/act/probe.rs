//! Whether what answers in the new primary is well, asked as health checkers of Route 53 ask (Route 53
//! developer guide, "How Route 53 determines whether a health check is healthy").

use std::net::Ipv6Addr;
use std::time::Duration;

use lifeboat_sdk::{Class, Ctx, Failure, Value};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{Deed, http};

/// Between two looks while it is waited for.
const PAUSE: Duration = Duration::from_secs(1);
/// Until a connection is there ("within four seconds", ten for TCP), and how much of an answer is
/// searched for a text, in bytes ("the first 5,120").
const CONNECT: Duration = Duration::from_secs(10);
const SEARCHED: usize = 5120;

/// Waits until it is well, as many times in a row as the check wants; with a window it then must not be
/// ill as many times in a row until the window is over.
pub(super) async fn watch(deed: &Deed, ctx: &Ctx) -> Result<Value, Failure> {
    let number = |name: &str| deed.task.arguments.get(name).and_then(Value::as_i64);
    let enough = number("failure_threshold").unwrap_or(3).max(1);
    let pause = number("request_interval").and_then(|seconds| u64::try_from(seconds).ok());
    let window = number("window").and_then(|seconds| u64::try_from(seconds).ok());
    let window = window.map(Duration::from_secs);
    let begun = Instant::now();
    let (mut well, mut ill) = (0, 0);
    loop {
        let last = look(deed).await;
        match &last {
            Ok(()) => (well, ill) = (well + 1, 0),
            Err(_) => (well, ill) = (0, ill + 1),
        }
        let passed = begun.elapsed();
        match (window, last) {
            (None, Ok(())) if well >= enough => {
                return Ok(how(format!("healthy {well} times in a row")));
            }
            (None, last) if passed + PAUSE > deed.task.limit => {
                let why = last.err().unwrap_or_else(|| "not often enough in a row".to_owned());
                return Err(unwell(format!("not healthy after {} s: {why}", passed.as_secs())));
            }
            (Some(window), Err(why)) if ill >= enough => {
                let (passed, window) = (passed.as_secs(), window.as_secs());
                return Err(unwell(format!("unhealthy after {passed} s of {window} s: {why}")));
            }
            (Some(window), Ok(())) if passed >= window => {
                return Ok(how(format!("healthy for {} s", passed.as_secs())));
            }
            _ => {}
        }
        let rest = window.map(|window| window.saturating_sub(passed).max(PAUSE));
        let usual = pause.map(Duration::from_secs).filter(|_| window.is_some() && ill == 0);
        ctx.wait(usual.unwrap_or(PAUSE).min(rest.unwrap_or(PAUSE))).await?;
    }
}

fn how(text: String) -> Value {
    Value::object([("how".into(), Value::string(text))])
}

fn unwell(text: String) -> Failure {
    Failure::new(Class::Other, text)
}

/// One request; why a checker would take it for ill.
async fn look(deed: &Deed) -> Result<(), String> {
    let kind = deed.text("type").unwrap_or("HTTPS");
    let (ip, name) = (deed.text("ip_address"), deed.text("fqdn"));
    let host = ip.or(name).unwrap_or_default();
    let tls = kind.starts_with("HTTPS");
    let port = deed.task.arguments.get("port").and_then(Value::as_i64);
    let port = port.unwrap_or(if tls { 443 } else { 80 });
    if kind == "TCP" {
        let port = u16::try_from(port).map_err(|_| format!("{port} is no port"))?;
        return match timeout(CONNECT, TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("{host}:{port}: {error}")),
            Err(_) => Err(format!("{host}:{port}: no connection within {} s", CONNECT.as_secs())),
        };
    }
    let scheme = if tls { "https" } else { "http" };
    let path = deed.text("resource_path").unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(path);
    let at = if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.to_owned() };
    let url = format!("{scheme}://{at}:{port}/{path}");
    let headers = name.filter(|_| ip.is_some()).map(|name| ("host", name));
    let trust = http::Trust::Anyone(name);
    let asked = http::ask(http::Method::GET, &url, headers.into_iter(), None, trust).await;
    let answer = asked.map_err(|failure| failure.to_string())?;
    if !(200..400).contains(&answer.status) {
        return Err(format!("{url} was answered with HTTP status {}", answer.status));
    }
    let Some(search) = deed.text("search_string") else { return Ok(()) };
    let searched = &answer.body[..answer.body.len().min(SEARCHED)];
    if searched.windows(search.len().max(1)).any(|part| part == search.as_bytes()) {
        return Ok(());
    }
    Err(format!("{url} was answered without {search:?}"))
}
