//! What is concluded from the rules of a group, and what a person types.

use lifeboat_sdk::{Location, Object as _};

use super::*;

fn rule(port: i64, from: &str) -> Rule {
    Rule {
        protocol: "tcp".into(),
        from_port: port,
        to_port: port,
        description: Some(format!("port {port}")),
        cidr_blocks: vec![from.into()],
        ..Rule::default()
    }
}

fn of(rules: &[Rule]) -> Singles {
    singles(rules)
}

fn web() -> Rule {
    rule(443, "10.0.0.0/8")
}

fn ssh() -> Rule {
    rule(22, "192.0.2.0/24")
}

fn group(state: &str, rules: &[Rule]) -> Ingress {
    Ingress {
        security_group_id: "sg-01234567".into(),
        state: state.into(),
        rules: rules.to_vec(),
        ..Ingress::default()
    }
}

#[test]
fn what_is_live_is_judged_by_what_was_revoked() {
    let known = |state, rules: &[Rule]| Known::of(&group(state, rules).encode());
    // What is known, what is live: the state, the rules that are kept, and what others added.
    type Case = (Option<Known>, Vec<Rule>, &'static str, Vec<Rule>, Vec<Rule>);
    let cases: Vec<Case> = vec![
        (None, vec![web()], OPEN, vec![web()], vec![]),
        (None, vec![], CLOSED, vec![], vec![]),
        // Who may be let in is others' to say while it is open.
        (known(OPEN, &[web()]), vec![ssh()], OPEN, vec![ssh()], vec![]),
        // Revoked, by a run that could not write it down or by hand: they are not forgotten.
        (known(OPEN, &[web()]), vec![], CLOSED, vec![web()], vec![]),
        (known(OPEN, &[]), vec![], OPEN, vec![], vec![]),
        (known(CLOSED, &[web()]), vec![], CLOSED, vec![web()], vec![]),
        (known(CLOSED, &[web()]), vec![ssh()], MIXED, vec![web()], vec![ssh()]),
        (known(CLOSED, &[web(), ssh()]), vec![ssh()], MIXED, vec![web(), ssh()], vec![ssh()]),
        (known(MIXED, &[web()]), vec![], CLOSED, vec![web()], vec![]),
        // All are back, by a run that could not write it down or by hand.
        (known(CLOSED, &[web()]), vec![web(), ssh()], OPEN, vec![web(), ssh()], vec![]),
        // There was nothing to revoke, and now there is.
        (known(CLOSED, &[]), vec![web()], OPEN, vec![web()], vec![]),
        (known(CLOSED, &[]), vec![], CLOSED, vec![], vec![]),
    ];
    for (known, live, state, rules, added) in cases {
        let seen = live::judge(Some(CLOSED), known.as_ref(), &of(&live));
        let (rules, added) = (of(&rules), of(&added));
        assert_eq!(seen, Seen { state: state.into(), rules, added }, "{known:?} {live:?}");
    }
}

#[test]
fn a_rule_whose_text_was_changed_is_the_same_rule() {
    let known = Known::of(&group(CLOSED, &[web()]).encode());
    let told = Rule { description: Some("told otherwise".into()), ..web() };
    let seen = live::judge(None, known.as_ref(), &of(&[told]));
    assert_eq!(seen.state, OPEN);
}

#[test]
fn nothing_is_known_of_rules_that_were_never_read() {
    let document = group(CLOSED, &[web()]).encode();
    let ty = document.get("rules").unwrap().ty();
    for never in [Value::Null(ty.clone()), Value::unknown(ty)] {
        assert_eq!(Known::of(&document.with("rules", never)), None);
    }
    assert!(Known::of(&document).is_some());
}

#[test]
fn what_state_alone_knows_is_not_let_go_unasked_and_what_opens_nothing_is_told() {
    let kind = IngressKind(Clients::unconfigured());
    let of = |state, rules: &[Rule]| group(state, rules).encode();
    let door = |state, rules: &[Rule]| kind.one_way_door(Some(&of(state, rules)), None);
    assert!(door(CLOSED, &[web()]).is_some_and(|why| why.starts_with("1 rule ")));
    assert!(door(MIXED, &[web(), ssh()]).is_some());
    assert_eq!((door(OPEN, &[web()]), door(CLOSED, &[])), (None, None));
    let change = (of(OPEN, &[web()]), of(CLOSED, &[web()]));
    assert_eq!(kind.one_way_door(Some(&change.0), Some(&change.1)), None);

    let doubts = |live: Value, state| {
        let planned = of(state, &[]);
        let unknown = Value::unknown(planned.get("rules").unwrap().ty());
        let found = kind.doubts(&live, &planned.with("rules", unknown)).pop();
        found.map(|finding| finding.summary).unwrap_or_default()
    };
    assert_eq!(doubts(of(CLOSED, &[]), CLOSED), "a security group with nothing to open");
    assert_eq!(doubts(of(CLOSED, &[web()]), CLOSED), "");
    assert_eq!(doubts(of(OPEN, &[web()]), CLOSED), "a fence that cuts no connection");
    assert_eq!(doubts(of(CLOSED, &[]), OPEN), "");
}

#[test]
fn only_two_states_can_be_asked_for() {
    let kind = IngressKind(Clients::unconfigured());
    let of = |state: &str| kind.validate(&group(state, &[]).encode()).len();
    assert_eq!((of(OPEN), of(CLOSED), of(MIXED)), (0, 0, 1));
}

#[test]
fn the_commands_hold_all_rules() {
    let scope = Scope {
        provider: "aws".into(),
        account: "123456789012".into(),
        location: Location::Region("us-east-1".into()),
        service: "ec2".into(),
    };
    let typed = |before: Ingress, state: &str| {
        let after = Ingress { rules: Vec::new(), ..group(state, &[]) };
        let action = ChangeAction::Update { id: "sg-01234567".into(), before, after };
        let lines = by_hand::lines(&scope, &action).into_iter();
        let words = lines.map(|line| match line {
            Line::Run(command) => command.words.join(" "),
            Line::Note(note) => note,
        });
        words.collect::<Vec<_>>()
    };
    let rules = "[{\"FromPort\":443,\"IpProtocol\":\"tcp\",\"IpRanges\":[{\"CidrIp\":\"10.0.0.0/8\",\
                 \"Description\":\"port 443\"}],\"ToPort\":443}]";
    let [revoke, look] = &typed(group(OPEN, &[web()]), CLOSED)[..] else { panic!() };
    assert_eq!(
        *revoke,
        format!(
            "aws ec2 revoke-security-group-ingress --region us-east-1 --group-id sg-01234567 \
             --ip-permissions {rules}"
        )
    );
    assert!(look.contains("describe-security-groups"), "{look}");
    let opened = typed(group(CLOSED, &[web()]), OPEN);
    assert_eq!(opened, [revoke.replace("revoke", "authorize")]);
    // What is in a closed group is not what comes back.
    let strange = Ingress { added: vec![ssh()], ..group(MIXED, &[web()]) };
    assert!(typed(strange, CLOSED)[0].contains("192.0.2.0/24"));
    assert_eq!(typed(group(CLOSED, &[web()]), CLOSED)[0], "Where rules are left, revoke them.");
    assert_eq!(typed(group(CLOSED, &[]), OPEN), ["No rules of it were revoked."]);
}
