//! `hook` blocks: what lifeboat has no kind for takes part in promotions by a command or a request.

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use super::duration::Duration;
use super::read::{Reader, Source};
use super::{Ground, codes, region};

/// What the operators do themselves in a phase of a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The block's name with its key.
    pub name: Name,
    /// The phase.
    pub phase: Name,
    /// Whether it comes after what the phase changes, not before.
    pub after: bool,
    /// What is done.
    pub what: What,
    /// How long it may take, in seconds.
    pub timeout: u64,
    /// Whether the promotion goes on where it fails.
    pub optional: bool,
    /// Whether the end of what a command writes is kept.
    pub keeps_output: bool,
    /// A region without which it cannot work: where that does not answer it is left out.
    pub needs_region: Option<Name>,
    /// The block's header.
    pub span: Span,
}

/// What a hook does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Runs a program in the folder of the root module, without a shell: the program and its
    /// arguments.
    Command(Vec<String>),
    /// Sends a request (`POST`, a JSON body).
    Webhook {
        /// Where.
        url: String,
        /// Further headers, which are no secrets.
        headers: BTreeMap<String, String>,
        /// A file with the token that authorises it.
        token_file: Option<String>,
    },
}

/// A command or a request that takes part in promotions.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct HookBlock {
    /// The phase: `approve`, `prepare`, `fence`, `final_sync`, `claim`, `promote`, `verify`, `switch`,
    /// `commit` or `reprotect`.
    pub phase: String,
    /// `before` or `after` what the phase changes.
    #[kind(default = "\"after\"")]
    pub when: Option<String>,
    /// A program and its arguments, run in the folder of the root module without a shell.
    #[kind(optional)]
    pub command: Vec<String>,
    /// A request.
    #[kind(block(max = 1))]
    pub webhook: Vec<WebhookBlock>,
    /// How long it may take.
    #[kind(default = "\"5m\"")]
    pub timeout: Option<String>,
    /// `stop` or `continue`.
    #[kind(default = "\"stop\"")]
    pub on_failure: Option<String>,
    /// Whether the end of what a command writes is kept in journal, state, bundles and reports. Write
    /// `false` where it may print secrets.
    #[kind(default = "true")]
    pub keep_output: Option<bool>,
    /// A region without which it cannot work: where that does not answer it is left out.
    #[kind(optional)]
    pub needs_region: Option<String>,
}

/// A request: `POST` with a JSON body that says what goes on.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct WebhookBlock {
    /// Where.
    pub url: String,
    /// Further headers, which are no secrets.
    #[kind(optional)]
    pub headers: BTreeMap<String, String>,
    /// A file with a token, sent as `Authorization: Bearer`; read when the hook runs.
    #[kind(optional)]
    pub token_file: Option<String>,
}

/// The phases of a promotion that hooks stand in, in their order.
pub(crate) const PHASES: [&str; 9] =
    ["approve", "prepare", "fence", "final_sync", "claim", "promote", "verify", "switch", "commit"];

/// The phase after a promotion: the ordinary plan that protects the data again.
pub const REPROTECT: &str = "reprotect";

/// Headers that authorise: what is written in the files is no secret any more.
const SECRETS: [&str; 4] = ["authorization", "proxy-authorization", "x-api-key", "cookie"];

/// Reads all `hook` blocks.
pub(super) fn read(reader: &mut Reader<'_, '_>, ground: &Ground<'_>) -> Vec<Hook> {
    let sources = reader.sources("hook");
    sources.iter().filter_map(|source| one(reader, ground, source)).collect()
}

fn one(reader: &mut Reader<'_, '_>, ground: &Ground<'_>, source: &Source<'_>) -> Option<Hook> {
    let given = reader.decode::<HookBlock>(source, &source.body)?;
    let all: Vec<&str> = PHASES.into_iter().chain([REPROTECT]).collect();
    let phase = reader.choice("phase", &given.phase, &all, source.at("phase"));
    let mut choose = |name: &str, given: Option<&str>, all: [&str; 2]| {
        let given = given.unwrap_or(all[1]);
        reader.choice(name, given, &all, source.at(name)).then(|| given == all[0])
    };
    let before = choose("when", given.when.as_deref(), ["before", "after"]);
    let optional = choose("on_failure", given.on_failure.as_deref(), ["continue", "stop"]);
    let timeout = reader.maybe_duration(given.timeout.as_ref(), source.at("timeout"));
    let what = what(reader, source, &given);
    if let Some(named) = &given.needs_region
        && !ground.names().iter().any(|name| **name == **named)
    {
        let span = source.at("needs_region");
        region::unknown(reader, "needs_region", named, &ground.names(), span);
        return None;
    }
    if given.phase == REPROTECT && given.needs_region.is_some() {
        let detail = "The data is protected again when all regions answer, so that no hook of the phase \
                      reprotect is left out.";
        let help = "Remove needs_region.";
        reader.conflict(detail, source.at("needs_region"), help);
        return None;
    }
    Some(Hook {
        name: source.name.clone(),
        phase: phase.then(|| given.phase.as_str().into())?,
        after: !before?,
        what: what?,
        timeout: timeout.map_or(DEFAULT, |timeout: Duration| timeout.seconds),
        optional: optional?,
        keeps_output: given.keep_output.unwrap_or(true),
        needs_region: given.needs_region.map(Name::from),
        span: source.span,
    })
}

/// The time of a hook that names none, in seconds.
const DEFAULT: u64 = 300;

fn what(reader: &mut Reader<'_, '_>, source: &Source<'_>, given: &HookBlock) -> Option<What> {
    let webhook = given.webhook.first();
    match (&*given.command, webhook) {
        ([_, ..], Some(_)) => {
            let detail = "A hook runs a command or sends a request, not both.";
            let help = "Write two hooks, or remove one of them.";
            reader.found.push(codes::CONFLICT.error(detail).at(source.at("command")).help(help));
            None
        }
        ([], None) => {
            let detail = "The hook does nothing.";
            let help = "Write command = [\"./script.sh\"] or webhook { url = \"https://…\" }.";
            reader.found.push(codes::NEEDED.error(detail).at(source.span).help(help));
            None
        }
        (words, None) => Some(What::Command(words.to_vec())),
        ([], Some(webhook)) => {
            let span = source.body.blocks_of("webhook").next().map_or(source.span, |b| b.header);
            let known = ["https://", "http://"].iter().any(|s| webhook.url.starts_with(s));
            if !known {
                let detail = format!("{:?} is no address of a server.", webhook.url);
                let help = "Write url = \"https://host/path\".";
                reader.found.push(codes::ADDRESS.error(detail).at(span).help(help));
                return None;
            }
            let secret = webhook.headers.keys().find(|h| SECRETS.contains(&&*h.to_lowercase()));
            if let Some(header) = secret {
                let detail = format!(
                    "The header {header:?} authorises the request, and stands in the files, the plan \
                     and its history for everybody to read."
                );
                let help =
                    "Write token_file = \"/run/secrets/token\": it is read when the hook runs.";
                reader.found.push(codes::LITERAL_SECRET.error(detail).at(span).help(help));
                return None;
            }
            if webhook.token_file.is_some() && in_clear(&webhook.url) {
                let detail = format!(
                    "{:?} is no https address: who sees the request on its way has the token.",
                    webhook.url
                );
                let help = "Write url = \"https://host/path\", or remove token_file. On this machine itself \
                            (localhost, 127.0.0.1, [::1]) http will do.";
                reader.found.push(codes::CLEAR_TOKEN.error(detail).at(span).help(help));
                return None;
            }
            Some(What::Webhook {
                url: webhook.url.clone(),
                headers: webhook.headers.clone(),
                token_file: webhook.token_file.clone(),
            })
        }
    }
}

/// Whether a request goes through a net, and everybody on the way can read it.
pub fn in_clear(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((host, _)) => host,
        None => host.split(':').next().unwrap_or_default(),
    };
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    !loopback && !host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::in_clear;

    #[test]
    fn only_what_leaves_the_machine_is_in_clear() {
        for url in
            ["https://example.com", "http://127.0.0.1:80/a", "http://[::1]:1", "http://localhost"]
        {
            assert!(!in_clear(url), "{url}");
        }
        for url in [
            "http://example.com",
            "http://10.0.0.1/",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com/",
        ] {
            assert!(in_clear(url), "{url}");
        }
    }
}
