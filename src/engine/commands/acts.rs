//! Steps without objects, as a person does them.

use std::net::SocketAddr;

use lifeboat_sdk::command::variable;
use lifeboat_sdk::{Change, ChangeAction, Command, Line, Value};

use super::blanks::Blanks;
use super::{Writer, note};
use crate::apply::prepare::token;
use crate::plan::{Act, Operand, Promotion, Step, Task};

/// The variable of the shell that keeps what authorises a request.
const BEARER: &str = "BEARER";

/// Seconds until a server is connected, and until it has answered; as lifeboat waits itself.
const CONNECT: &str = "2";
const ANSWER: &str = "5";

impl Writer<'_> {
    /// What an act is called, and what is typed in its place.
    pub(super) fn act(&self, step: &Step, act: Act, blanks: &mut Blanks) -> (String, Vec<Line>) {
        let word = act.word();
        let Some(task) = &step.task else {
            return match act {
                Act::Reach => (format!("{} is over", step.phase.word()), vec![]),
                _ => (word.to_owned(), self.alone(act)),
            };
        };
        let what = format!("{word} {}", task.about);
        // Secrets in what a hook sends are filled in, too.
        let Some(arguments) = blanks.fill(&[], &task.arguments, &task.about) else {
            return (what, vec![note("It holds what cannot be written down here.".to_owned())]);
        };
        let arguments = arguments.value();
        let lines = match act {
            Act::Edit => edited(arguments),
            Act::Hook => self.hook(step, task, arguments),
            Act::Sync => synced(task, arguments),
            Act::Survey => vec![note(format!(
                "List what only {} holds: what it took that its copy does not have.",
                task.on.as_ref().map_or("that region", |on| &*on.scope.location.region().0)
            ))],
            Act::Backfill => vec![note(
                "Copy what the copy does not have: nothing over what is newer there.".to_owned(),
            )],
            Act::Confirm => vec![note(
                "Nothing to type: what writes this record below is refused if somebody has written it \
                 since the plan was made. Then stop, and look who is the primary."
                    .to_owned(),
            )],
            Act::Hold => self.hold(step, task, blanks),
            Act::Probe => probe(arguments),
            Act::Open => gate(arguments, true),
            Act::Close => gate(arguments, false),
            Act::Wait => {
                let seconds = task.limit.as_secs().to_string();
                vec![Command::new(&["sleep", &seconds]).into()]
            }
            Act::Resolve => resolved(arguments),
            Act::Approve | Act::Claim | Act::Reach => self.alone(act),
        };
        (what, lines)
    }

    fn alone(&self, act: Act) -> Vec<Line> {
        let Some(promotion) = &self.plan.promotion else { return Vec::new() };
        let Promotion { from, to, epoch, .. } = promotion;
        let told = match act {
            Act::Approve => {
                let down = promotion.attest.iter().map(|region| {
                    note(format!(
                        "Make sure that {region} is down and cannot write: nothing here can."
                    ))
                });
                let first =
                    "Write down who wants this, when and why. Stop all other runs of lifeboat.";
                return std::iter::once(note(first.to_owned())).chain(down).collect();
            }
            Act::Claim => format!(
                "From here on {to} is the primary in place of {from}, in epoch {}: the records above \
                 say so. There is no way back, only on.",
                epoch + 1
            ),
            _ => return Vec::new(),
        };
        vec![note(told)]
    }

    /// What the operators have themselves.
    fn hook(&self, step: &Step, task: &Task, arguments: &Value) -> Vec<Line> {
        let mut lines = vec![note(format!(
            "In the folder of the files; it may take {} s{}.",
            task.limit.as_secs(),
            if task.optional { ", and fail" } else { "" }
        ))];
        let facts = arguments.get("facts").and_then(Value::entries).unwrap_or_default();
        let facts = facts.iter().filter_map(|(name, fact)| Some((&**name, fact.as_str()?)));
        let key = token(self.plan, step.id);
        let facts = facts.chain([("token", &*key)]);
        let optional = task.optional;
        if let Some(words) = arguments.get("command").and_then(Value::items) {
            let words = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let environment = facts
                .map(|(name, fact)| (format!("LIFEBOAT_{}", name.to_uppercase()), fact.to_owned()));
            let environment = environment.collect();
            lines.push(Command { environment, words, optional, ..Command::default() }.into());
            return lines;
        }
        let body: serde_json::Map<String, serde_json::Value> =
            facts.map(|(name, fact)| (name.to_owned(), fact.into())).collect();
        let hook = arguments.get("webhook").cloned().unwrap_or_else(Value::null);
        let mut request = curl("POST").option("--header", "content-type: application/json");
        for (name, value) in hook.get("headers").and_then(Value::entries).unwrap_or_default() {
            let value = value.as_str().unwrap_or_default();
            request = request.option("--header", format!("{name}: {value}"));
        }
        let request = bearer(request, &hook, &mut lines);
        let body = serde_json::Value::Object(body).to_string();
        let request = request.option("--data", body);
        let url = hook.get("url").and_then(Value::as_str).unwrap_or_default();
        lines.push(Command { optional, ..request.word(url) }.into());
        lines
    }

    /// A fence is placed once more: that it is in place already changes nothing.
    fn hold(&self, step: &Step, task: &Task, blanks: &mut Blanks) -> Vec<Line> {
        let mut lines = vec![note(
            "The fence once more, in case somebody took it away before the claim. Where its region does \
             not answer any more, go on."
                .to_owned(),
        )];
        let again = task.on.as_ref().and_then(|on| {
            let Operand { kind, id, scope, document, .. } = on;
            let (_, kind) = self.catalogue.kinds.get(&**kind)?;
            let document = blanks.fill(kind.schema().attributes, document, &task.about)?;
            let id = id.clone().unwrap_or_default();
            let action = ChangeAction::Update { id, before: document.clone(), after: document };
            let (address, token) = (task.about.clone(), token(self.plan, step.id));
            kind.commands(scope, vec![Change { address, token, owner: None, action }])
        });
        lines.extend(again.unwrap_or_default().into_iter().map(|line| match line {
            Line::Run(command) => Line::Run(Command { optional: true, ..command }),
            note => note,
        }));
        lines
    }
}

/// The proof that nothing is lost.
fn synced(task: &Task, arguments: &Value) -> Vec<Line> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    vec![note(format!(
        "Wait until {} in {} has all that {} copies, for up to {} s: nothing is pending, nothing has \
         failed, and both list the same. Go on without it only if that loss is accepted.",
        text("name"),
        text("region"),
        task.about,
        task.limit.as_secs()
    ))]
}

/// A request that fails where the server does not say that it is done.
fn curl(method: &str) -> Command {
    Command::new(&["curl", "--fail", "--silent", "--show-error"])
        .option("--connect-timeout", CONNECT)
        .option("--max-time", ANSWER)
        .option("--output", "/dev/null")
        .option("--request", method)
}

/// With what authorises it, where a file holds that.
fn bearer(request: Command, of: &Value, lines: &mut Vec<Line>) -> Command {
    let Some(file) = of.get("token_file").and_then(Value::as_str) else { return request };
    lines.push(Command::new(&["cat", file]).keep(BEARER).into());
    request.option("--header", format!("authorization: Bearer {}", variable(BEARER)))
}

/// What moves the traffic away from a region.
fn gate(arguments: &Value, open: bool) -> Vec<Line> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    let url = text("url").unwrap_or_default();
    let is = if open { "open: it answers 200" } else { "closed: it does not answer 200" };
    if text("opens") == Some("operator") {
        return vec![note(format!("Turn the gate {url} by hand until it is {is}."))];
    }
    let mut lines = Vec::new();
    let request = bearer(curl(if open { "PUT" } else { "DELETE" }), arguments, &mut lines);
    lines.push(request.word(url).into());
    lines.push(note(format!("The gate is now {is}.")));
    lines
}

/// What resolvers are asked that may still hold the old answer.
pub(super) fn resolved(arguments: &Value) -> Vec<Line> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let resolvers = arguments.get("resolvers").and_then(Value::items).unwrap_or_default();
    let resolvers = resolvers.iter().filter_map(|at| at.as_str()?.parse::<SocketAddr>().ok());
    let ask = |at: SocketAddr| {
        let (server, port) = (format!("@{}", at.ip()), at.port().to_string());
        let words = ["dig", &server, "-p", &port, "+noall", "+answer", text("name"), text("type")];
        Command { optional: true, ..Command::new(&words) }.into()
    };
    let first = note(format!(
        "Nothing waits for it: what resolvers still answer, and for how many seconds. That of {} is old.",
        text("from")
    ));
    std::iter::once(first).chain(resolvers.map(ask)).collect()
}

/// What a health checker asks of an endpoint.
fn probe(arguments: &Value) -> Vec<Line> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    let number = |name: &str| arguments.get(name).and_then(Value::as_i64);
    let kind = text("type").unwrap_or("HTTPS");
    let (ip, name) = (text("ip_address"), text("fqdn"));
    let host = ip.or(name).unwrap_or_default();
    let tls = kind.starts_with("HTTPS");
    let port = number("port").unwrap_or(if tls { 443 } else { 80 });
    let mut lines = match number("window") {
        Some(seconds) => vec![note(format!("It must stay well for {seconds} s: ask again."))],
        None => vec![note("It must be well, several times in a row.".to_owned())],
    };
    if kind == "TCP" {
        let port = port.to_string();
        lines.push(Command::new(&["nc", "-z", "-w", "4", host, &port]).into());
        return lines;
    }
    let at = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let path = text("resource_path").unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(path);
    let scheme = if tls { "https" } else { "http" };
    // Health checkers do not look at certificates either.
    let mut request = curl("GET").word("--insecure");
    if let Some(name) = name.filter(|_| ip.is_some()) {
        request = request.option("--header", format!("host: {name}"));
    }
    lines.push(request.word(format!("{scheme}://{at}:{port}/{path}")).into());
    if let Some(search) = text("search_string") {
        lines.push(note(format!("Its answer must hold {search:?}.")));
    }
    lines
}

/// The line of the files that names the primary.
pub(super) fn edited(arguments: &Value) -> Vec<Line> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let line = arguments.get("line").and_then(Value::as_i64).unwrap_or_default();
    let (file, from, to) = (text("file"), text("from"), text("to"));
    let how = format!("In {file}, line {line}, write {to:?} in place of {from:?}, and commit it.");
    vec![note(how)]
}
