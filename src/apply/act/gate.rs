//! The gate of `switch = "operator"`: an endpoint outside the region that is left. While it answers,
//! Route 53 takes the PRIMARY record for unhealthy, so that turning it is a data-plane act.

use std::path::Path;
use std::time::Duration;

use lifeboat_sdk::{Class, Ctx, Failure, Value};
use tokio::time::Instant;

use super::{Deed, http};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Opens or closes the gate, and waits until it is seen to be so.
pub(super) async fn turn(deed: &Deed, open: bool, ctx: &Ctx) -> Result<Value, Failure> {
    let url = deed.text("url").unwrap_or_default();
    let until = Instant::now() + deed.task.limit;
    if seen(url).await.is_ok_and(|seen| seen == open) {
        return Ok(how(open, "it was so already"));
    }
    let by_hand = deed.text("opens") == Some("operator");
    if !by_hand {
        let method = if open { http::Method::PUT } else { http::Method::DELETE };
        let bearer = http::bearer(&deed.root, deed.text("token_file"))?;
        let header = bearer.as_deref().map(|text| ("authorization", text));
        let status = http::send(method.clone(), url, header.into_iter(), None).await?;
        // What is not there is closed.
        let gone = status == 404 && !open;
        if !(200..300).contains(&status) && !gone {
            let text = format!("{method} {url} was answered with HTTP status {status}");
            return Err(Failure::new(Class::Other, text));
        }
    }
    loop {
        let last = seen(url).await;
        if last.as_ref().is_ok_and(|seen| *seen == open) {
            return Ok(how(open, if by_hand { "turned by hand" } else { "turned" }));
        }
        if Instant::now() + PAUSE > until {
            let last = match last {
                Ok(true) => "it still answers".to_owned(),
                Ok(false) => "it does not answer as healthy".to_owned(),
                Err(failure) => failure.to_string(),
            };
            let what = if open { "open" } else { "closed" };
            let text = format!("{url} is not {what} after {} s: {last}", deed.task.limit.as_secs());
            return Err(Failure::new(Class::Other, text));
        }
        ctx.wait(PAUSE).await?;
    }
}

/// Whether a health checker of Route 53 would take the endpoint for healthy. What does not answer is not
/// healthy either.
async fn seen(url: &str) -> Result<bool, Failure> {
    match position(url).await {
        Err(failure) if failure.class == Class::Unreachable => Ok(false),
        seen => seen,
    }
}

/// Whether a gate answers as one that is open, by one look (Route 53 developer guide, "How Route 53
/// determines whether a health check is healthy": a status of 2xx or 3xx).
///
/// # Errors
/// Nobody answers, or the URL is none.
pub async fn position(url: &str) -> Result<bool, Failure> {
    let status = http::send(http::Method::GET, url, std::iter::empty(), None).await?;
    Ok((200..400).contains(&status))
}

/// Whether the file can be read whose token authorises turning a gate.
///
/// # Errors
/// It cannot, or holds no token.
pub fn token(root: &Path, file: &str) -> Result<(), Failure> {
    http::bearer(root, Some(file)).map(drop)
}

fn how(open: bool, why: &str) -> Value {
    let what = if open { "open" } else { "closed" };
    Value::object([("how".into(), Value::string(format!("{what}: {why}")))])
}
