//! The pure hooks of security groups.

use lifeboat_aws_core::{Clients, normalise as shared, validate as check};
use lifeboat_sdk::value::Step;
use lifeboat_sdk::{Finding, Object as _, Path, Value};

use super::{SecurityGroup, rules};

/// Characters of a name and of a description (EC2 API reference, `CreateSecurityGroup`).
const LONGEST: usize = 255;
/// Characters of a prefix: a name that is made up adds sixteen.
const LONGEST_PREFIX: usize = LONGEST - 16;

pub(super) fn normalise(document: &Value) -> Value {
    let document = shared::containers(SecurityGroup::SCHEMA.attributes, document);
    let document = shared::follow(&document, "tags", "tags_all");
    ["ingress", "egress"].iter().fold(document, |doc, name| rules::normalise(&doc, name))
}

pub(super) fn validate(document: &Value, clients: &Clients) -> Vec<Finding> {
    let mut findings: Vec<Finding> = check::region(document, clients).into_iter().collect();
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let mut error = |at: Path, summary, detail: String, help: &str| {
        findings.push(Finding { path: at, summary, detail, help: help.into(), warning: false });
    };
    if text("name").is_some() && text("name_prefix").is_some() {
        error(
            Path::attr("name_prefix"),
            "a name and a prefix",
            "A prefix is for names that are made up; this group has a name.".into(),
            "Keep name or name_prefix.",
        );
    }
    for (name, most) in [("name", LONGEST), ("name_prefix", LONGEST_PREFIX)] {
        if text(name).is_some_and(|text| text.len() > most || text.starts_with("sg-")) {
            error(
                Path::attr(name),
                "a name that EC2 does not take",
                format!("It has at most {most} characters and does not begin with \"sg-\"."),
                "Write such a name.",
            );
        }
    }
    if text("description").is_some_and(|text| text.is_empty() || text.len() > LONGEST) {
        error(
            Path::attr("description"),
            "a description that EC2 does not take",
            format!("It has from 1 to {LONGEST} characters, and can never be changed."),
            "Write such a text, or leave it out.",
        );
    }
    for name in ["ingress", "egress"] {
        let blocks = document.get(name).and_then(Value::items).unwrap_or_default();
        for (i, block) in blocks.iter().enumerate() {
            findings.extend(rule(&Path::attr(name).join(Step::Index(i)), block));
        }
    }
    findings
}

/// What EC2 refuses of a rule.
fn rule(at: &Path, block: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut error = |name: &str, summary, detail: String, help: &str| {
        let path = at.join(Step::Attr(name.into()));
        findings.push(Finding { path, summary, detail, help: help.into(), warning: false });
    };
    let number = |name: &str| block.get(name).and_then(Value::as_i64);
    let protocol = block.get("protocol").and_then(Value::as_str).map(rules::protocol);
    let (from, to) = (number("from_port"), number("to_port"));
    let portless = protocol.as_deref().filter(|protocol| !rules::has_ports(protocol));
    for (name, port) in [("from_port", from), ("to_port", to)] {
        if let (Some(protocol), Some(port)) = (portless, port.filter(|port| *port != 0)) {
            error(
                name,
                "a port without a protocol that has ports",
                format!("The protocol {protocol:?} has no ports, so {port} has no effect."),
                "Write 0, or name the protocol.",
            );
        }
    }
    let ordered = protocol.as_deref().is_some_and(|protocol| ["tcp", "udp"].contains(&protocol));
    if let (true, Some(from), Some(to)) = (ordered, from, to)
        && (from > to || from < 0 || to > 65535)
    {
        error(
            "to_port",
            "ports that are no range",
            format!("Ports go from 0 to 65535, and {from} to {to} is no range of them."),
            "Write from_port <= to_port.",
        );
    }
    let lists = ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"];
    let nothing = |value: &Value| value.items().is_none_or(<[Value]>::is_empty);
    let unknown = |name: &str| block.get(name).is_some_and(Value::is_unknown);
    let nobody = lists.iter().all(|name| block.get(name).is_none_or(nothing))
        && !lists.iter().any(|name| unknown(name))
        && !unknown("self")
        && block.get("self").and_then(Value::as_bool) != Some(true);
    if nobody {
        error(
            "cidr_blocks",
            "a rule for nobody",
            "It names no addresses, no prefix list and no group.".into(),
            "Set cidr_blocks, ipv6_cidr_blocks, prefix_list_ids, security_groups or self.",
        );
    }
    for name in ["cidr_blocks", "ipv6_cidr_blocks"] {
        let is = |text: &&str| match name {
            "cidr_blocks" => rules::v4(text).is_some(),
            _ => rules::v6(text).is_some(),
        };
        let items = block.get(name).and_then(Value::items).unwrap_or_default();
        if let Some(text) = items.iter().filter_map(Value::as_str).find(|text| !is(text)) {
            error(
                name,
                "no range of addresses",
                format!("{text:?} is no range of addresses with a slash and a number of bits."),
                "Write a range such as \"10.0.0.0/16\" or \"2001:db8::/32\".",
            );
        }
    }
    findings
}
