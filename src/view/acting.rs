//! Which region acts as the primary: a component a line, and below it what each of its objects tells.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lifeboat_sdk::Name;
use serde_json::{Value as Json, json};

use super::escape::line;
use super::output::Output;
use super::paint::{Label, Paint};
use crate::desired::Part;
use crate::engine::acting::{Acting, Component, Says, Told, Witness};

/// The table.
pub fn text(acting: &Acting, paint: Paint) -> String {
    let Acting { primary, epoch, components, .. } = acting;
    let mut out = String::new();
    let title =
        format!("State: {} is the primary, in epoch {epoch}. What is live says:", line(primary));
    let _ok = writeln!(out, "\n{}\n", paint.label(Label::Strong, &title));
    if components.is_empty() {
        let _ok = writeln!(out, "  nothing: the roles decide nothing that is there");
    }
    for component in components {
        let says = paint.label(Label::Strong, &line(&says(component)));
        let _ok = writeln!(out, "  {}: {says}", line(&component.name));
        for witness in &component.witnesses {
            let address = witness.address.to_string();
            let own = address.strip_prefix(&format!("{}.", component.name)).unwrap_or(&address);
            let _ok = writeln!(out, "      {}: {}", line(own), line(&told(witness)));
        }
    }
    out
}

/// The same for programs: a line per component.
pub fn lines(output: &Output, acting: &Acting) {
    for component in &acting.components {
        let says = says(component);
        let objects: Vec<Json> = component.witnesses.iter().map(object).collect();
        let region = match &component.says {
            Says::Region(region) => Some(&**region),
            Says::Mixed | Says::Unknown(_) => None,
        };
        let body = json!({
            "component": &*component.name,
            "region": region,
            "says": says,
            "decides": component.decides,
            "objects": objects,
            "primary": &*acting.primary,
            "epoch": acting.epoch,
        });
        let text = format!("{}: {says}", component.name);
        output.event("acting_primary", "info", &text, json!({ "acting": body }));
    }
}

fn object(witness: &Witness) -> Json {
    let (regions, unread): (Vec<&str>, Option<&str>) = match &witness.told {
        Told::As(regions) => (regions.iter().map(|region| &**region).collect(), None),
        Told::Unread(why) => (Vec::new(), Some(why)),
    };
    json!({
        "address": witness.address.to_string(),
        "region": &*witness.region,
        "primaries": regions,
        "unread": unread,
        "told": told(witness),
    })
}

/// What a component says, as a word or two.
fn says(component: &Component) -> String {
    let later = if component.decides { "" } else { " (it changes after a promotion)" };
    match &component.says {
        Says::Region(region) => format!("{region}{later}"),
        Says::Mixed => format!("mixed{later}"),
        Says::Unknown(why) => format!("unknown: {why}{later}"),
    }
}

/// What an object tells: the role of its region.
fn told(witness: &Witness) -> String {
    let Witness { region, part, .. } = witness;
    let regions = match &witness.told {
        Told::Unread(why) => return format!("could not be read: {why}"),
        Told::As(regions) => regions,
    };
    let own = regions.contains(region);
    match part {
        _ if regions.is_empty() => "as in no role".to_owned(),
        Part::Endpoint => format!("names {}", listed(regions)),
        Part::Writer => format!("lets {} write", listed(regions)),
        Part::Original if own => "stands alone, as in the primary".to_owned(),
        Part::Original => "copies another, as in a standby".to_owned(),
        Part::Writers | Part::Database if own => "takes writes, as the primary".to_owned(),
        Part::Writers | Part::Database => "takes no writes, as a standby".to_owned(),
        Part::Traffic if own => "answered, as the primary".to_owned(),
        Part::Traffic => "not answered, as a standby".to_owned(),
        Part::Copies if own => "copies to the others, as the primary".to_owned(),
        Part::Copies => "copies nothing, as a standby".to_owned(),
        Part::Reach if own => "lets in, as the primary".to_owned(),
        Part::Reach => "lets nobody in, as a standby".to_owned(),
        Part::Record
        | Part::Health
        | Part::Replica
        | Part::Triggers { .. }
        | Part::Capacity { .. } => {
            let role = if own { "the primary" } else { "a standby" };
            format!("runs as {role}")
        }
    }
}

fn listed(regions: &BTreeSet<Name>) -> String {
    regions.iter().map(|region| &**region).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    #[test]
    fn each_object_tells_the_role_of_its_region_and_nothing_reaches_the_terminal() {
        let witness = |part: Part, block: &str, region: &str, told: Told| {
            let address = Address::parse(&format!("{block}.aws_thing[\"{region}\"]")).unwrap();
            Witness { address, region: region.into(), part, told }
        };
        let only = |region: &str| Told::As([Name::from(region)].into());
        let silent = Told::Unread("no\u{1b}answer".to_owned());
        let all = vec![
            witness(Part::Writers, "bucket.data", "east", only("west")),
            witness(Part::Writers, "bucket.data", "west", only("west")),
            witness(Part::Traffic, "dns_failover.web", "east", only("east")),
            witness(Part::Traffic, "dns_failover.web", "west", Told::As(BTreeSet::new())),
            witness(Part::Endpoint, "database.orders", "east", only("west")),
            witness(Part::Copies, "replication.data", "east", silent),
        ];
        let table = text(&Acting::of("east", 2, all), Paint::default());
        for says in [
            "east is the primary, in epoch 2",
            "bucket.data: west\n      aws_thing[\"east\"]: takes no writes, as a standby\n",
            "aws_thing[\"west\"]: takes writes, as the primary",
            "dns_failover.web: mixed\n      aws_thing[\"east\"]: answered, as the primary\n",
            "aws_thing[\"west\"]: as in no role",
            "names west",
            "replication.data: unknown: no\\u{1b}answer (it changes after a promotion)",
            "could not be read: no\\u{1b}answer",
        ] {
            assert!(table.contains(says), "{says:?} is not in:\n{table}");
        }
        let nothing = text(&Acting::of("east", 2, Vec::new()), Paint::default());
        assert!(nothing.contains("nothing: the roles decide nothing"), "{nothing}");
    }
}
