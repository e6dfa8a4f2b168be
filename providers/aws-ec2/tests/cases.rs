//! The configurations that each kind of EC2 is walked through.

use std::sync::Arc;

use lifeboat_aws_core::{Clients, Config};
use lifeboat_contract::{Case, Place, Subject};
use lifeboat_sdk::kind::DynKind;
use lifeboat_testbed::ACCOUNT;
use lifeboat_testbed::contract::Emulated;

/// The subjects, made for a server each.
pub(crate) const CASES: [fn(&Emulated) -> Subject; 5] =
    [snapshots, snapshot_copies, instance_states, security_groups, ingresses];

struct Kinds(Vec<Arc<dyn DynKind>>);

impl Kinds {
    fn of(server: &Emulated) -> Self {
        let clients = Clients::new(&Config::default(), &server.environment()).unwrap();
        Self(lifeboat_aws_ec2::kinds(&clients))
    }

    fn get(&self, name: &str) -> Arc<dyn DynKind> {
        self.0.iter().find(|kind| kind.name() == name).unwrap().clone()
    }

    fn subject(&self, kind: &str, case: Case) -> Subject {
        let place =
            Place { provider: "aws".into(), account: ACCOUNT.into(), region: "us-east-1".into() };
        Subject { kind: self.get(kind), place, cases: vec![case] }
    }
}

fn snapshots(server: &Emulated) -> Subject {
    let [one, two] =
        ["us-east-1", "us-west-2"].map(|region| server.aws().create_volume(region).unwrap());
    let steps = [
        format!(r#"{{"volume_id": "{one}", "description": "before the drill"}}"#),
        format!(
            r#"{{"volume_id": "{one}", "description": "before the drill",
                "storage_tier": "archive", "tags": {{"team": "storage", "empty": ""}}}}"#
        ),
        format!(r#"{{"volume_id": "{two}", "region": "us-west-2", "tags": {{"a": "b"}}}}"#),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let case = Case::parse("snapshot", &steps).unwrap();
    Kinds::of(server).subject("aws_ebs_snapshot", case)
}

fn snapshot_copies(server: &Emulated) -> Subject {
    let volume = server.aws().create_volume("us-east-1").unwrap();
    let head = r#""source_snapshot_id": "${source.id}", "source_region": "us-east-1""#;
    let steps = [
        format!(r#"{{{head}, "region": "us-west-2"}}"#),
        format!(
            r#"{{{head}, "region": "us-west-2", "storage_tier": "archive",
                "tags": {{"team": "storage"}}}}"#
        ),
        format!(
            r#"{{{head}, "region": "us-west-2", "description": "for the drill", "encrypted": true,
                "kms_key_id": "arn:aws:kms:us-west-2:{ACCOUNT}:key/a", "tags": {{"a": "b"}}}}"#
        ),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let kinds = Kinds::of(server);
    let case = Case::parse("copy", &steps).unwrap();
    let source = format!(r#"{{"volume_id": "{volume}"}}"#);
    let case = case.needing("source", &kinds.get("aws_ebs_snapshot"), &source).unwrap();
    kinds.subject("aws_ebs_snapshot_copy", case)
}

fn instance_states(server: &Emulated) -> Subject {
    let [one, two] =
        ["us-east-1", "us-west-2"].map(|region| server.aws().run_instance(region).unwrap());
    let steps = [
        format!(r#"{{"instance_id": "{one}", "state": "stopped"}}"#),
        format!(r#"{{"instance_id": "{one}", "state": "running", "force": true}}"#),
        format!(r#"{{"instance_id": "{two}", "state": "stopped", "region": "us-west-2"}}"#),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let case = Case::parse("instance", &steps).unwrap();
    Kinds::of(server).subject("aws_ec2_instance_state", case)
}

fn security_groups(server: &Emulated) -> Subject {
    let [east, west] =
        ["us-east-1", "us-west-2"].map(|region| server.aws().create_vpc(region).unwrap());
    let everything = r#"{"protocol": "-1", "from_port": 0, "to_port": 0,
                         "cidr_blocks": ["0.0.0.0/0"]}"#;
    let steps = [
        format!(
            r#"{{"name_prefix": "contract-", "vpc_id": "{east}", "ingress": [
                {{"protocol": "tcp", "from_port": 443, "to_port": 443, "description": "the web",
                  "cidr_blocks": ["192.0.2.0/24", "10.0.0.0/8"],
                  "ipv6_cidr_blocks": ["2001:db8::/32"]}},
                {{"protocol": "tcp", "from_port": 443, "to_port": 443, "self": true}}]}}"#
        ),
        format!(
            r#"{{"name_prefix": "contract-", "vpc_id": "{east}", "ingress": [
                {{"protocol": "tcp", "from_port": 443, "to_port": 443, "description": "some of it",
                  "cidr_blocks": ["10.0.0.0/8"]}},
                {{"protocol": "udp", "from_port": 53, "to_port": 53,
                  "security_groups": ["${{other.id}}"]}},
                {{"protocol": "icmp", "from_port": -1, "to_port": -1,
                  "prefix_list_ids": ["pl-63a5400a"]}}],
                "egress": [{everything}], "revoke_rules_on_delete": true,
                "tags": {{"team": "network", "empty": ""}}}}"#
        ),
        format!(
            r#"{{"name": "contract-west-${{other.name}}", "vpc_id": "{west}", "region": "us-west-2",
                "description": "A fence", "egress": [{everything}], "tags": {{"a": "b"}}}}"#
        ),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let kinds = Kinds::of(server);
    let other = format!(r#"{{"vpc_id": "{east}"}}"#);
    let case = Case::parse("group", &steps).unwrap();
    let case = case.needing("other", &kinds.get("aws_security_group"), &other).unwrap();
    kinds.subject("aws_security_group", case)
}

fn ingresses(server: &Emulated) -> Subject {
    let [east, west] = ["us-east-1", "us-west-2"].map(|region| {
        let aws = server.aws();
        let vpc = aws.create_vpc(region).unwrap();
        // Each has a group from the start, which lets in what is in it.
        let of = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", &*vpc)];
        let listed = aws.query("ec2", region, "DescribeSecurityGroups", &of).unwrap();
        let group = listed.ok().unwrap().texts("groupId").remove(0);
        aws.allow(region, &group, 443, "10.0.0.0/8", "the web").unwrap();
        aws.allow(region, &group, 22, "192.0.2.0/24", "").unwrap();
        group
    });
    let steps = [
        format!(r#"{{"security_group_id": "{east}", "state": "closed"}}"#),
        format!(r#"{{"security_group_id": "{east}", "state": "open"}}"#),
        format!(r#"{{"security_group_id": "{west}", "state": "closed", "region": "us-west-2"}}"#),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let case = Case::parse("ingress", &steps).unwrap();
    Kinds::of(server).subject("aws_security_group_ingress", case)
}
