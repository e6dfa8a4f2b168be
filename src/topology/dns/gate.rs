//! The gate of `switch = "operator"`: an endpoint that an operator runs outside the primary.
//!
//! Its check is inverted (domain.md C1.3): while nothing answers the record of the primary counts as
//! healthy, and traffic moves only when the operator lets the gate answer. The loss of the region
//! that the gate is in moves nothing.
//!
//! Where several standbys share the name by weights each has an *entry* besides, at the same server: it
//! answers where the traffic shall go to that region. See [`crate::engine`], `gates.rs`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use lifeboat_sdk::{Name, Span, Value};
use lifeboat_sdk_derive::Kind;

use super::health::interval;
use super::lint::OneWriter;
use super::{DnsFailover, Policy, Switch, inside};
use crate::config::ast::Body;
use crate::topology::read::{Reader, Source};
use crate::topology::{Ground, codes, region};

/// The gate of each region. Its check is there at all times: a new inverted check starts unhealthy,
/// and would move the traffic by itself (domain.md C1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Host and path by the region that it guards.
    pub targets: BTreeMap<Name, Target>,
    /// Seconds between two requests.
    pub interval: i64,
    /// How many requests in a row change the status.
    pub threshold: i64,
    /// Whether a person opens it, and lifeboat only waits.
    pub by_hand: bool,
    /// A file with the token that authorises opening it.
    pub token_file: Option<String>,
    /// Where it is said.
    pub span: Span,
}

impl Target {
    /// Its address.
    pub fn url(&self) -> String {
        let Self { host, port, path } = self;
        format!("https://{host}:{port}{path}")
    }

    /// What answers where the traffic shall go to the region. Its name stands beside that of the gate and not
    /// below it, for servers that keep files; no region's name has a dot, so that it is no other gate.
    pub fn entry(&self) -> Self {
        let (path, query) = match self.path.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (self.path.as_str(), String::new()),
        };
        let path = match path.trim_end_matches('/') {
            "" => "/entry".to_owned(),
            path => format!("{path}.entry"),
        };
        Self { path: path + &query, ..self.clone() }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host, or its IPv4 address.
    pub host: String,
    /// The port.
    pub port: i64,
    /// The path, with its slash.
    pub path: String,
}

/// What moves the traffic for an operator: an endpoint outside the primary that answers when the
/// primary shall be left.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct GateBlock {
    /// Host and path: a map by the region that is left, or one text, in which `{region}` stands for
    /// that region; where it does not say, the region follows as the last part of the path.
    #[kind(required)]
    pub https: Option<Value>,
    /// Who opens it: `lifeboat`, by `PUT`, and closes it by `DELETE`; or the `operator`.
    #[kind(default = "\"lifeboat\"")]
    pub opens: Option<String>,
    /// A file with a token, sent as `Authorization: Bearer`; read when the gate is turned.
    #[kind(optional)]
    pub token_file: Option<String>,
    /// The time between two requests of one checker: `"10s"` or `"30s"`.
    #[kind(default = "\"30s\"")]
    pub interval: Option<String>,
    /// How many requests in a row change the status, from 1 to 10.
    #[kind(default = "3")]
    pub failure_threshold: Option<i64>,
}

/// Nothing where there is no block.
///
/// # Errors
/// Where it is wrong; that has been reported.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    given: &[GateBlock],
    body: &Body,
) -> Result<Option<Gate>, ()> {
    let Some(given) = given.first() else { return Ok(None) };
    let before = reader.found.0.len();
    let span = inside(body, "gate", "https");
    let regions = ground.names();
    let value = given.https.clone().unwrap_or_else(Value::null);
    let texts: BTreeMap<Name, Name> = match value.bare().as_str() {
        Some(text) => regions.iter().map(|r| (r.clone(), placed(text, r).into())).collect(),
        None => region::texts(reader, "https", &value, &regions, span).unwrap_or_default(),
    };
    let mut targets = BTreeMap::new();
    for (region, text) in &texts {
        match target(text) {
            Some(target) => {
                targets.insert(region.clone(), target);
            }
            None => {
                let detail = format!("{text:?} is no host with a path.");
                let help = "Write https = \"gate.us-west-2.example.com/switch\".";
                reader.found.push(codes::ADDRESS.error(detail).at(span).help(help));
                break;
            }
        }
    }
    if texts.is_empty() && reader.found.0.len() == before {
        let detail = "The gate is a host with a path, or a map of them by region.";
        let help = "Write https = \"gate.us-west-2.example.com/switch\".";
        reader.found.push(codes::ADDRESS.error(detail).at(span).help(help));
    }
    let opens = given.opens.as_deref().unwrap_or("lifeboat");
    reader.choice("opens", opens, &["lifeboat", "operator"], inside(body, "gate", "opens"));
    let time = interval(reader, given.interval.as_deref(), inside(body, "gate", "interval"));
    let threshold = given.failure_threshold.unwrap_or(3);
    let at = inside(body, "gate", "failure_threshold");
    reader.in_range("failure_threshold", threshold, 1..=10, at);
    if reader.found.0.len() > before {
        return Err(());
    }
    lost_with_primary(reader, ground, &targets, span);
    let (by_hand, token_file) = (opens == "operator", given.token_file.clone());
    Ok(Some(Gate { targets, interval: time.unwrap_or(30), threshold, by_hand, token_file, span }))
}

/// What a gate needs of the policy: that one region is answered at a time.
pub(super) fn check(
    reader: &mut Reader<'_, '_>,
    writers: &[OneWriter],
    source: &Source<'_>,
    dns: &DnsFailover,
) {
    if dns.switch != Switch::Operator {
        return;
    }
    let (detail, at, help) = match dns.policy {
        Policy::Failover => return,
        Policy::Latency => (
            "A gate makes the record of the primary unhealthy, and with policy = \"latency\" all regions \
             are answered.",
            source.at("policy"),
            "Write policy = \"failover\" for two regions or policy = \"weighted\" for more, or switch = \
             \"record\" or \"health\".",
        ),
        // What has one writer has said so already.
        Policy::Weighted if !writers.is_empty() => return,
        Policy::Weighted => {
            let fixed = dns.endpoints.values().find(|endpoint| endpoint.weight.is_some());
            let shared = dns.weights.is_some_and(|(_, standby)| standby > 0);
            let at = match (fixed, &dns.shift) {
                (Some(endpoint), _) => endpoint.span,
                (None, _) if shared => source.at("weights"),
                (None, Some(shift)) => shift.span,
                (None, None) => return,
            };
            (
                "A gate moves all traffic at once from the primary to the region that takes over, so the \
                 weights must follow the roles, with 0 for standbys, and move in no steps.",
                at,
                "Write weights = { primary = 100, standby = 0 } and no shift, or switch = \"record\".",
            )
        }
    };
    reader.conflict(detail, at, help);
}

/// A gate for each region of one text: opening the one must not open the other.
fn placed(text: &str, region: &str) -> String {
    if text.contains("{region}") {
        return text.replace("{region}", region);
    }
    format!("{}/{region}", text.trim_end_matches('/'))
}

/// `host/path`, `host:port/path`, with an IPv4 address too; a scheme may stand before it.
fn target(text: &str) -> Option<Target> {
    let text = text.strip_prefix("https://").unwrap_or(text);
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let (host, port) = match host.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (host, 443),
    };
    let named = super::endpoint::is_host(host) || host.parse::<Ipv4Addr>().is_ok();
    let fits = named && (1..=65_535).contains(&port);
    fits.then(|| Target { host: host.to_ascii_lowercase(), port, path: format!("/{path}") })
}

/// Warns of a gate whose name says that it is in the region that it must outlive. No error: what
/// is right before a promotion may be wrong after it, and must not stop it.
fn lost_with_primary(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    targets: &BTreeMap<Name, Target>,
    span: Span,
) {
    let Some(target) = targets.get(&ground.primary) else { return };
    let region = ground.regions.iter().find(|r| r.name == ground.primary);
    let names = [Some(&ground.primary), region.map(|r| &r.aws)];
    let inside = |name: &Name| target.host.split('.').any(|label| label == &**name);
    if names.into_iter().flatten().any(inside) {
        let detail = format!(
            "{:?} seems to be in {:?}, the primary: when that is lost nobody can open the gate.",
            target.host, ground.primary
        );
        let help = "Run the gate in a standby, or give one per region: https = { REGION = \"…\" }.";
        reader.found.push(codes::GATE_IN_PRIMARY.warning(detail).at(span).help(help));
    }
}
