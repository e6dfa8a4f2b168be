//! How endpoints are checked.

use std::collections::BTreeSet;

use lifeboat_sdk_derive::Kind;

use super::inside;
use crate::config::ast::Body;
use crate::topology::codes;
use crate::topology::read::Reader;

/// How endpoints are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// `HTTPS`, …
    pub kind: String,
    /// The port.
    pub port: Option<i64>,
    /// The path that is requested.
    pub path: Option<String>,
    /// Seconds between two requests.
    pub interval: i64,
    /// How many requests in a row change the status.
    pub threshold: i64,
    /// What the answer must hold.
    pub search: Option<String>,
    /// The regions of the checkers; all where there are none.
    pub checkers: Vec<String>,
}

/// How endpoints are checked, each by its own address and not by the name that fails over.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct HealthCheckBlock {
    /// `HTTP`, `HTTPS`, `HTTP_STR_MATCH`, `HTTPS_STR_MATCH` or `TCP`.
    #[kind(default = "\"HTTPS\"")]
    pub r#type: Option<String>,
    /// The port; 443 or 80 where it is left out.
    #[kind(optional)]
    pub port: Option<i64>,
    /// The path that is requested.
    #[kind(optional)]
    pub path: Option<String>,
    /// The time between two requests of one checker: `"10s"` or `"30s"`.
    #[kind(default = "\"30s\"")]
    pub interval: Option<String>,
    /// How many requests in a row change the status, from 1 to 10.
    #[kind(default = "3")]
    pub failure_threshold: Option<i64>,
    /// What the first 5,120 bytes of the answer must hold, for the `STR_MATCH` types.
    #[kind(optional)]
    pub search_string: Option<String>,
    /// The regions of the checkers, at least three; all where none is named.
    #[kind(optional)]
    pub checker_regions: Vec<String>,
}

/// The types of checks of endpoints (Route 53 API reference, `HealthCheckConfig`).
const TYPES: [&str; 5] = ["HTTPS", "HTTP", "HTTPS_STR_MATCH", "HTTP_STR_MATCH", "TCP"];

/// Where Route 53 checks from (API reference, `HealthCheckConfig.Regions`).
const CHECKERS: [&str; 8] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];

/// Nothing where there is no block.
///
/// # Errors
/// Where it is wrong; that has been reported.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    given: &[HealthCheckBlock],
    body: &Body,
) -> Result<Option<HealthCheck>, ()> {
    let Some(given) = given.first() else { return Ok(None) };
    let before = reader.found.0.len();
    let at = |name: &str| inside(body, "health_check", name);
    let kind = given.r#type.clone().unwrap_or_else(|| "HTTPS".to_owned());
    reader.choice("type", &kind, &TYPES, at("type"));
    let interval = interval(reader, given.interval.as_deref(), at("interval"));
    let threshold = given.failure_threshold.unwrap_or(3);
    reader.in_range("failure_threshold", threshold, 1..=10, at("failure_threshold"));
    if let Some(port) = given.port {
        reader.in_range("port", port, 1..=65_535, at("port"));
    }
    for region in &given.checker_regions {
        reader.choice("checker_regions", region, &CHECKERS, at("checker_regions"));
    }
    let distinct: BTreeSet<&String> = given.checker_regions.iter().collect();
    let checkers = i64::try_from(distinct.len()).unwrap_or(i64::MAX);
    if checkers > 0 && checkers < 3 {
        let detail = format!("Route 53 checks from three regions at least, not from {checkers}.");
        let help = "Name three or more, or none for all.";
        reader.found.push(codes::NUMBER.error(detail).at(at("checker_regions")).help(help));
    }
    parts(reader, &kind, given, body);
    if reader.found.0.len() > before {
        return Err(());
    }
    Ok(Some(HealthCheck {
        kind,
        port: given.port,
        path: given.path.clone(),
        interval: interval.unwrap_or(30),
        threshold,
        search: given.search_string.clone(),
        checkers: given.checker_regions.clone(),
    }))
}

/// What goes with which type.
fn parts(reader: &mut Reader<'_, '_>, kind: &str, given: &HealthCheckBlock, body: &Body) {
    let at = |name: &str| inside(body, "health_check", name);
    if kind == "TCP" {
        if given.port.is_none() {
            let detail = "A check of the type TCP has no default port.";
            let help = "Add port = 443, or the port of the service.";
            reader.found.push(codes::NEEDED.error(detail).at(at("port")).help(help));
        }
        if given.path.is_some() {
            reader.conflict(
                "A check of the type TCP requests no path.",
                at("path"),
                "Remove path, or write type = \"HTTPS\".",
            );
        }
    }
    let matches = kind.ends_with("_STR_MATCH");
    if matches && given.search_string.is_none() {
        let detail = format!("A check of the type {kind} looks for a text in the answer.");
        let help = "Add search_string = \"ok\", or write the type without _STR_MATCH.";
        reader.found.push(codes::NEEDED.error(detail).at(at("search_string")).help(help));
    }
    if !matches && given.search_string.is_some() {
        let detail = format!("A check of the type {kind} does not look at the text of the answer.");
        reader.conflict(
            detail,
            at("search_string"),
            "Write type = \"HTTPS_STR_MATCH\", or remove search_string.",
        );
    }
}

/// Route 53 has two intervals (API reference, `HealthCheckConfig`).
pub(super) fn interval(
    reader: &mut Reader<'_, '_>,
    given: Option<&str>,
    span: lifeboat_sdk::Span,
) -> Option<i64> {
    let Some(given) = given else { return Some(30) };
    match reader.duration(given, span)?.seconds {
        10 => Some(10),
        30 => Some(30),
        _ => {
            let detail = format!(
                "Checkers of Route 53 ask every 10 or every 30 seconds, not every {given}."
            );
            let help = "Write interval = \"10s\" or interval = \"30s\".";
            reader.found.push(codes::NUMBER.error(detail).at(span).help(help));
            None
        }
    }
}
