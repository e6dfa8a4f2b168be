//! The pure parts of security groups: rules compared as what they stand for.

use lifeboat_aws_core::Clients;
use lifeboat_sdk::{Kind as _, Object as _, Type, Value};

use super::rules::{blocks, singles};
use super::write::difference;
use super::*;

fn tcp(ports: (i64, i64), cidrs: &[&str]) -> Rule {
    Rule {
        protocol: "tcp".into(),
        from_port: ports.0,
        to_port: ports.1,
        cidr_blocks: cidrs.iter().map(|cidr| (*cidr).to_owned()).collect(),
        ..Rule::default()
    }
}

fn group(ingress: Vec<Rule>) -> Value {
    SecurityGroup { name: Some("web".into()), ingress, ..SecurityGroup::default() }.encode()
}

fn kind() -> SecurityGroupKind {
    SecurityGroupKind(Clients::unconfigured())
}

#[test]
fn rules_are_the_same_in_any_order_grouping_and_spelling() {
    let one = vec![
        tcp((80, 80), &["10.0.0.0/8", "192.0.2.0/24"]),
        Rule { protocol: "6".into(), itself: true, ..tcp((80, 80), &[]) },
        Rule { description: Some(String::new()), ..tcp((443, 443), &["0.0.0.0/0"]) },
    ];
    let other = vec![
        Rule { protocol: "TCP".into(), ..tcp((443, 443), &["0.0.0.0/0"]) },
        Rule { itself: true, ..tcp((80, 80), &["192.0.2.7/24", "10.9.8.7/8"]) },
    ];
    assert_eq!(kind().normalise(&group(one.clone())), kind().normalise(&group(other)));
    let without = &one[1..];
    assert_ne!(kind().normalise(&group(without.to_vec())), kind().normalise(&group(one)));
}

#[test]
fn all_protocols_have_no_ports() {
    let all = |protocol: &str| Rule { protocol: protocol.into(), ..tcp((0, 0), &["0.0.0.0/0"]) };
    assert_eq!(singles(&[all("-1")]), singles(&[all("all")]));
    assert_eq!(singles(&[all("50")]), singles(&[Rule { to_port: 9, ..all("50") }]));
    let live = sdk::IpPermission::builder()
        .ip_protocol("-1")
        .ip_ranges(sdk::IpRange::builder().cidr_ip("0.0.0.0/0").build())
        .build();
    assert_eq!(rules::from_api(&[live], "sg-1", None), singles(&[all("-1")]));
}

#[test]
fn what_is_told_to_ec2_is_read_back_from_it() {
    let rule = Rule {
        description: Some("all sorts".into()),
        ipv6_cidr_blocks: vec!["2001:DB8:0::/32".into()],
        prefix_list_ids: vec!["pl-1".into()],
        security_groups: ["sg-2".to_owned(), "111122223333/sg-3".to_owned()].into(),
        itself: true,
        ..tcp((1, 2), &["10.0.0.0/8"])
    };
    let told = singles(std::slice::from_ref(&rule));
    assert_eq!(told.len(), 6);
    let permissions = rules::to_api(&told, "sg-1").unwrap();
    assert_eq!(rules::from_api(&permissions, "sg-1", Some("123456789012")), told);
    let [block] = &blocks(&told)[..] else { panic!("one block") };
    assert_eq!(block.ipv6_cidr_blocks, ["2001:db8::/32"]);
}

#[test]
fn a_change_of_the_description_is_neither_added_nor_removed() {
    let described = |text: &str| {
        let description = Some(text.to_owned());
        singles(&[Rule { description, ..tcp((80, 80), &["10.0.0.0/8", "192.0.2.0/24"]) }])
    };
    let new = singles(&[
        Rule { description: Some("new".into()), ..tcp((80, 80), &["10.0.0.0/8"]) },
        tcp((22, 22), &["10.0.0.0/8"]),
    ]);
    let found = difference(&described("old"), &new);
    assert_eq!([found.add.len(), found.describe.len(), found.remove.len()], [1, 1, 1]);
    assert_eq!(found.describe.values().flatten().collect::<Vec<_>>(), ["new"]);
}

#[test]
fn blocks_with_unknown_parts_stay_as_they_are() {
    let document = group(vec![tcp((80, 80), &["10.0.0.0/8"]), tcp((80, 80), &["192.0.2.0/24"])]);
    let ingress = document.get("ingress").unwrap();
    let Value::Set(set) = ingress.bare() else { panic!("a set") };
    let cidrs = Value::unknown(Type::list(Type::String));
    let unknown = set.items[0].with("cidr_blocks", cidrs);
    let mut items = set.items.clone();
    items.push(unknown.clone());
    let document = document.with("ingress", Value::set(set.element.clone(), items));
    let once = kind().normalise(&document);
    let Some(Value::Set(set)) = once.get("ingress").map(Value::bare) else { panic!("a set") };
    assert_eq!(set.items.len(), 2);
    assert!(set.items.contains(&unknown));
    assert_eq!(kind().normalise(&once), once);
    assert!(kind().validate(&once).is_empty());
}

#[test]
fn what_ec2_refuses_is_told_before() {
    let refused = [
        Rule { protocol: "-1".into(), ..tcp((80, 0), &["10.0.0.0/8"]) },
        tcp((443, 80), &["10.0.0.0/8"]),
        tcp((80, 80), &[]),
        tcp((80, 80), &["10.0.0.0"]),
        Rule { ipv6_cidr_blocks: vec!["10.0.0.0/8".into()], ..tcp((80, 80), &[]) },
    ];
    for rule in refused {
        let findings = kind().validate(&group(vec![rule.clone()]));
        assert_eq!(findings.len(), 1, "{rule:?}: {findings:?}");
        assert!(findings[0].path.to_string().starts_with("ingress[0]."), "{findings:?}");
    }
    let both = group(Vec::new()).with("name_prefix", Value::string("web-"));
    assert_eq!(kind().validate(&both).len(), 1);
    let named = group(Vec::new()).with("name", Value::string("sg-web"));
    assert_eq!(kind().validate(&named).len(), 1);
}
