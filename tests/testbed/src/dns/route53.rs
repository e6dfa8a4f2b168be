//! Route 53's side: what it lists, and which record sets it answers.
//!
//! What is not modelled (latency, places, aliases, weighted names of names, calculated and alarm
//! checks) is an error and never left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{Aws, Error, Result, Zone};

/// A record set, as `ListResourceRecordSets` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecordSet {
    /// With its last dot.
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) ttl: u32,
    pub(super) values: Vec<String>,
    /// `PRIMARY` or `SECONDARY`; nothing where the set is no part of a pair.
    pub(super) failover: Option<Failover>,
    /// From 0 to 255; nothing where the set is not one of several by weight.
    pub(super) weight: Option<u32>,
    /// The id of the check it carries.
    pub(super) check: Option<String>,
}

/// The part of a record set in its pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failover {
    Primary,
    Secondary,
}

/// A health check, as `ListHealthChecks` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HealthCheck {
    pub(super) tls: bool,
    /// An address or a name to connect to.
    pub(super) host: String,
    /// The name that is asked for.
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) path: String,
    /// Seconds between two requests.
    pub(super) interval: u32,
    /// How many in a row change the status.
    pub(super) threshold: u32,
    pub(super) inverted: bool,
}

impl RecordSet {
    /// The sets of a zone but SOA and NS, which the zone has from the name server.
    pub(super) fn all(aws: &Aws, zone: &str) -> Result<Vec<Self>> {
        let id = aws.zone_id(zone)?.ok_or_else(|| wrong(format!("there is no zone {zone}")))?;
        let path = format!("/2013-04-01/hostedzone/{id}/rrset?maxitems=300");
        let listed = aws.raw("route53", "us-east-1", "GET", &path).send()?.ok()?;
        if listed.texts("IsTruncated").iter().any(|text| text == "true") {
            return Err(wrong(format!("{zone} has more record sets than are listed at once")));
        }
        let own = |set: &&String| !set.contains("<Type>SOA<") && !set.contains("<Type>NS<");
        listed.texts("ResourceRecordSet").iter().filter(own).map(|xml| Self::of(xml)).collect()
    }

    fn of(xml: &str) -> Result<Self> {
        let failover = match one(xml, "Failover") {
            None => None,
            Some("PRIMARY") => Some(Failover::Primary),
            Some("SECONDARY") => Some(Failover::Secondary),
            Some(other) => return Err(wrong(format!("the failover {other:?} is not modelled"))),
        };
        let weight = one(xml, "Weight").map(number).transpose()?;
        let of_several = failover.is_some() || weight.is_some();
        let modelled = one(xml, "SetIdentifier").is_none() || of_several;
        let (Some(name), Some(kind), Some(ttl), true) =
            (one(xml, "Name"), one(xml, "Type"), one(xml, "TTL"), modelled)
        else {
            return Err(wrong(format!("this record set is not modelled: {xml}")));
        };
        Ok(Self {
            name: format!("{}.", name.trim_end_matches('.')),
            kind: kind.to_owned(),
            ttl: number(ttl)?,
            values: crate::aws::texts(xml, "Value").map(str::to_owned).collect(),
            failover,
            weight,
            check: one(xml, "HealthCheckId").map(str::to_owned),
        })
    }
}

impl HealthCheck {
    /// All checks by their ids.
    pub(super) fn all(aws: &Aws) -> Result<BTreeMap<String, Self>> {
        let path = "/2013-04-01/healthcheck?maxitems=100";
        let listed = aws.raw("route53", "us-east-1", "GET", path).send()?.ok()?;
        let each = listed.texts("HealthCheck").into_iter();
        each.map(|xml| {
            let id = one(&xml, "Id").ok_or_else(|| wrong(format!("a check has no id: {xml}")))?;
            Ok((id.to_owned(), Self::of(&xml)?))
        })
        .collect()
    }

    fn of(xml: &str) -> Result<Self> {
        let text = |element| one(xml, element).filter(|text| !text.is_empty());
        let (tls, usual) = match text("Type") {
            Some("HTTP") => (false, "80"),
            Some("HTTPS") => (true, "443"),
            other => return Err(wrong(format!("checks of the type {other:?} are not modelled"))),
        };
        let name = text("FullyQualifiedDomainName");
        let host = text("IPAddress").or(name);
        let host = host.ok_or_else(|| wrong(format!("a check asks nobody: {xml}")))?;
        let port = number(text("Port").unwrap_or(usual))?;
        Ok(Self {
            tls,
            host: host.to_owned(),
            name: name.unwrap_or(host).to_owned(),
            port: u16::try_from(port).map_err(|_| wrong(format!("the port {port}")))?,
            path: text("ResourcePath").unwrap_or("/").to_owned(),
            interval: number(text("RequestInterval").unwrap_or("30"))?,
            threshold: number(text("FailureThreshold").unwrap_or("3"))?,
            inverted: text("Inverted").is_some_and(|text| text.eq_ignore_ascii_case("true")),
        })
    }
}

/// The zone, with the sets that Route 53 answers.
pub(super) fn zone(zone: &str, sets: &[RecordSet], healthy: impl Fn(&str) -> bool) -> Result<Zone> {
    let mut groups: BTreeMap<(&str, &str), Vec<&RecordSet>> = BTreeMap::new();
    for set in sets {
        groups.entry((&set.name, &set.kind)).or_default().push(set);
    }
    let zone = zone.trim_end_matches('.');
    let mut served = Zone::from(format!(
        "{zone}. 60 SOA ns.{zone}. hostmaster.{zone}. 1 7200 900 1209600 60\n{zone}. 60 NS ns.{zone}.\n\
         ns.{zone}. 60 A 127.0.0.1\n"
    ));
    for ((name, kind), group) in groups {
        let among = match group.iter().any(|set| set.weight.is_some()) {
            true => drawn(&group, &healthy),
            false => answered(&group, &healthy).map(|set| vec![(set, 1)]),
        };
        let among = among.ok_or_else(|| {
            wrong(format!("the record sets of {name} are no pair and no weights"))
        })?;
        match &among[..] {
            [(set, _)] => {
                for value in &set.values {
                    // Writing to a String cannot fail.
                    writeln!(served.text, "{name} {} {kind} {value}", set.ttl).ok();
                }
            }
            several => weighted(name, kind, several, &mut served)?,
        }
    }
    Ok(served)
}

/// A name of which gdnsd draws one set for each answer.
fn weighted(name: &str, kind: &str, sets: &[(&RecordSet, u32)], served: &mut Zone) -> Result<()> {
    let number = served.weighted.lines().count();
    let mut among = String::new();
    let mut ttl = 0;
    for (place, (set, weight)) in sets.iter().enumerate() {
        let [value] = &set.values[..] else {
            return Err(wrong(format!("{name} has several values by weight")));
        };
        if !matches!(kind, "A" | "AAAA") {
            return Err(wrong(format!("{name} is a {kind} by weight")));
        }
        ttl = set.ttl;
        // Writing to a String cannot fail.
        write!(among, "s{place} => [ {value}, {weight} ] ").ok();
    }
    writeln!(served.text, "{name} {ttl} DYNA weighted!r{number}").ok();
    writeln!(served.weighted, "r{number} => {{ {among}}}").ok();
    Ok(())
}

/// Among which sets of a name an answer is drawn, and by which weights (developer guide, "How Amazon
/// Route 53 chooses records when health checking is configured", and API reference,
/// `ResourceRecordSet.Weight`): the healthy ones above 0, else the healthy ones of 0, else as if all
/// were healthy. Where all are of 0 each is as likely as the others.
fn drawn<'a>(
    group: &[&'a RecordSet],
    healthy: impl Fn(&str) -> bool,
) -> Option<Vec<(&'a RecordSet, u32)>> {
    let all: Option<Vec<_>> = group.iter().map(|set| Some((*set, set.weight?))).collect();
    let all = all?;
    let well = |set: &RecordSet| set.check.as_deref().is_none_or(&healthy);
    let healthy: Vec<_> = all.iter().filter(|(set, _)| well(set)).copied().collect();
    let among = if healthy.is_empty() { all } else { healthy };
    let above: Vec<_> = among.iter().filter(|(_, weight)| *weight > 0).copied().collect();
    Some(match above.is_empty() {
        true => among.into_iter().map(|(set, _)| (set, 1)).collect(),
        false => above,
    })
}

/// Which set of a name is answered (API reference, `ResourceRecordSet.Failover`): the primary while
/// it is healthy; else the secondary, if that is; else the primary, as if all were healthy. A set
/// without a check is healthy.
fn answered<'a>(group: &[&'a RecordSet], healthy: impl Fn(&str) -> bool) -> Option<&'a RecordSet> {
    let of = |part| group.iter().copied().find(|set| set.failover == part);
    let well = |set: &RecordSet| set.check.as_deref().is_none_or(&healthy);
    match (of(None), of(Some(Failover::Primary)), of(Some(Failover::Secondary))) {
        (Some(alone), None, None) if group.len() == 1 => Some(alone),
        (None, Some(primary), Some(secondary)) => {
            Some(if !well(primary) && well(secondary) { secondary } else { primary })
        }
        (None, primary, secondary) => primary.or(secondary),
        _ => None,
    }
}

fn one<'a>(xml: &'a str, element: &str) -> Option<&'a str> {
    crate::aws::texts(xml, element).next()
}

fn number(text: &str) -> Result<u32> {
    text.trim().parse().map_err(|_| wrong(format!("{text:?} is no number")))
}

fn wrong(why: String) -> Error {
    Error::Exchange { peer: "Route 53".to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(value: &str, failover: Failover, check: Option<&str>) -> RecordSet {
        RecordSet {
            name: "www.example.com.".to_owned(),
            kind: "A".to_owned(),
            ttl: 60,
            values: vec![value.to_owned()],
            failover: Some(failover),
            weight: None,
            check: check.map(str::to_owned),
        }
    }

    /// What is answered of a pair with these checks, while those named are unhealthy.
    fn of_pair(checks: [Option<&str>; 2], ill: &[&str]) -> String {
        let sets = [
            set("192.0.2.1", Failover::Secondary, checks[1]),
            set("192.0.2.2", Failover::Primary, checks[0]),
        ];
        let served = zone("example.com", &sets, |id| !ill.contains(&id)).unwrap();
        assert_eq!(served.weighted, "");
        let line = served.text.lines().find(|line| line.starts_with("www")).unwrap();
        if line == "www.example.com. 60 A 192.0.2.2" { "primary" } else { "secondary" }.to_owned()
    }

    #[test]
    fn a_pair_is_answered_as_route_53_documents_it() {
        let own = [Some("p"), Some("s")];
        for (checks, ill, should) in [
            (own, &[][..], "primary"),
            (own, &["p"], "secondary"),
            (own, &["s"], "primary"),
            // The last resort: as if all were healthy.
            (own, &["p", "s"], "primary"),
            // A secondary without a check is answered whenever the primary is ill.
            ([Some("p"), None], &["p"], "secondary"),
            // One check for both moves nothing.
            ([Some("p"), Some("p")], &["p"], "primary"),
            ([None, Some("s")], &["s"], "primary"),
        ] {
            assert_eq!(of_pair(checks, ill), should, "{checks:?} with {ill:?} ill");
        }
    }

    /// What is drawn of sets with these weights and checks, while those named are unhealthy.
    fn of_weights(weights: &[(u32, Option<&str>)], ill: &[&str]) -> Result<Zone> {
        let set = |(place, (weight, check)): (usize, &(u32, Option<&str>))| RecordSet {
            values: vec![format!("192.0.2.{place}")],
            failover: None,
            weight: Some(*weight),
            ..set("", Failover::Primary, *check)
        };
        let sets: Vec<RecordSet> = weights.iter().enumerate().map(set).collect();
        zone("example.com", &sets, |id| !ill.contains(&id))
    }

    #[test]
    fn weights_are_drawn_as_route_53_documents_it() {
        let (two, zeros) = ([(80, Some("a")), (20, Some("b"))], [(0, Some("a")), (0, Some("b"))]);
        for (weights, ill, should) in [
            (two, &[][..], "s0 => [ 192.0.2.0, 80 ] s1 => [ 192.0.2.1, 20 ]"),
            (two, &["a", "b"], "s0 => [ 192.0.2.0, 80 ] s1 => [ 192.0.2.1, 20 ]"),
            (zeros, &[], "s0 => [ 192.0.2.0, 1 ] s1 => [ 192.0.2.1, 1 ]"),
        ] {
            let served = of_weights(&weights, ill).unwrap();
            assert!(served.text.ends_with("www.example.com. 60 DYNA weighted!r0\n"));
            assert_eq!(served.weighted, format!("r0 => {{ {should} }}\n"), "{weights:?} {ill:?}");
        }
        // One that is left is answered as one that is alone.
        for (weights, ill, last) in [
            (two, &["a"][..], 1),
            (two, &["b"], 0),
            ([(80, Some("a")), (0, Some("b"))], &[], 0),
            ([(80, Some("a")), (0, Some("b"))], &["a"], 1),
            ([(80, Some("a")), (0, Some("b"))], &["a", "b"], 0),
        ] {
            let served = of_weights(&weights, ill).unwrap();
            assert_eq!(served.weighted, "", "{weights:?} {ill:?}");
            let line = format!("www.example.com. 60 A 192.0.2.{last}\n");
            assert!(served.text.ends_with(&line), "{weights:?} {ill:?}: {}", served.text);
        }
    }

    /// The moments of a promotion by a gate: the first of three regions is left by its gate, which makes its
    /// record ill, and the second entered by what makes its record well.
    #[test]
    fn of_three_regions_behind_a_gate_the_one_that_is_not_meant_is_never_answered() {
        let before = [(1, Some("gate-0")), (0, Some("entry-1")), (0, Some("entry-2"))];
        let after = [(0, Some("entry-0")), (1, Some("gate-1")), (0, Some("entry-2"))];
        for (weights, ill, should) in [
            (before, &["entry-1", "entry-2"][..], 0),
            // Either may be seen first, and the other may fail.
            (before, &["gate-0", "entry-1", "entry-2"], 0),
            (before, &["entry-2"], 0),
            (before, &["gate-0", "entry-2"], 1),
            // The records are rewritten; what was opened is closed behind them, in either order.
            (after, &["entry-0", "entry-2"], 1),
            (after, &["gate-0", "entry-0", "entry-1", "entry-2"], 1),
        ] {
            let served = of_weights(&weights, ill).unwrap();
            assert_eq!(served.weighted, "", "{weights:?} {ill:?}");
            let line = format!("www.example.com. 60 A 192.0.2.{should}\n");
            assert!(served.text.ends_with(&line), "{weights:?} {ill:?}: {}", served.text);
        }
    }

    #[test]
    fn what_is_not_modelled_is_told_and_not_left_out() {
        let latency = "<Name>a.example.com.</Name><Type>A</Type><SetIdentifier>x</SetIdentifier>\
                       <Region>us-east-1</Region><TTL>60</TTL>";
        let alias = "<Name>a.example.com.</Name><Type>A</Type><AliasTarget></AliasTarget>";
        for xml in [latency, alias] {
            assert!(RecordSet::of(xml).is_err(), "{xml}");
        }
        assert!(HealthCheck::of("<Type>CALCULATED</Type>").is_err());
        let of = |kind: &str, values: &[&str], weight| RecordSet {
            kind: kind.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
            failover: None,
            weight,
            ..set("", Failover::Primary, None)
        };
        let one = of("A", &["192.0.2.1"], Some(1));
        for other in [of("A", &["192.0.2.2", "192.0.2.3"], Some(1)), of("A", &["192.0.2.2"], None)]
        {
            assert!(zone("example.com", &[one.clone(), other], |_| true).is_err());
        }
        let names = ["a.example.net.", "b.example.net."].map(|to| of("CNAME", &[to], Some(1)));
        assert!(zone("example.com", &names, |_| true).is_err());
    }

    #[test]
    fn a_check_is_read_with_its_host_port_and_path() {
        let xml = "<IPAddress>127.0.0.1</IPAddress><Port>8443</Port><Type>HTTPS</Type>\
                   <ResourcePath>/switch/us-east-1</ResourcePath><RequestInterval>10</RequestInterval>\
                   <FailureThreshold>2</FailureThreshold><Inverted>true</Inverted>";
        let check = HealthCheck::of(xml).unwrap();
        assert_eq!((check.host.as_str(), check.port, check.tls), ("127.0.0.1", 8443, true));
        assert_eq!((check.path.as_str(), check.interval), ("/switch/us-east-1", 10));
        assert_eq!((check.threshold, check.inverted), (2, true));
    }
}
