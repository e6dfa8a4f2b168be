//! The configurations that each kind of EC2 is walked through.

use std::sync::Arc;

use lifeboat_aws_core::{Clients, Config};
use lifeboat_contract::{Case, Place, Subject};
use lifeboat_sdk::kind::DynKind;
use lifeboat_testbed::ACCOUNT;
use lifeboat_testbed::contract::Emulated;

/// The subjects, made for a server each.
pub(crate) const CASES: [fn(&Emulated) -> Subject; 3] =
    [snapshots, snapshot_copies, instance_states];

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
