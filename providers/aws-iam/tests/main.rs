//! The contract suite over the kinds of IAM.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::Arc;

use lifeboat_aws_core::{Clients, Config};
use lifeboat_contract::{Case, Gap, Place, Subject};
use lifeboat_sdk::kind::DynKind;
use lifeboat_testbed::ACCOUNT;
use lifeboat_testbed::contract::{Emulated, Row, hold};

/// What MiniStack cannot show, and why.
const GAPS: &[Gap] = &[];

fn kind(server: &Emulated, name: &str) -> Arc<dyn DynKind> {
    let clients = Clients::new(&Config::default(), &server.environment()).unwrap();
    lifeboat_aws_iam::kinds(&clients).into_iter().find(|kind| kind.name() == name).unwrap()
}

fn subject(kind: Arc<dyn DynKind>, case: Case) -> Subject {
    let place =
        Place { provider: "aws".into(), account: ACCOUNT.into(), region: "us-east-1".into() };
    Subject { kind, place, cases: vec![case] }
}

/// A trust policy for a service, as JSON in JSON.
fn trust(service: &str) -> String {
    format!(
        r#""{{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\",
            \"Principal\": {{\"Service\": \"{service}.amazonaws.com\"}},
            \"Action\": [\"sts:AssumeRole\"]}}]}}""#
    )
    .replace('\n', " ")
}

/// A policy that allows an action, as JSON in JSON.
fn allow(action: &str) -> String {
    format!(
        r#""{{\"Version\":\"2012-10-17\",\"Statement\":{{\"Effect\":\"Allow\",\"Action\":\"{action}\",\"Resource\":[\"*\"]}}}}""#
    )
}

fn roles(server: &Emulated) -> Subject {
    let (s3, backup) = (trust("s3"), trust("backup"));
    let steps = [
        format!(r#"{{"name": "contract-role", "assume_role_policy": {s3}}}"#),
        format!(
            r#"{{"name": "contract-role", "assume_role_policy": {backup}, "max_session_duration": 7200,
                "description": "Copies objects", "force_detach_policies": true,
                "permissions_boundary": "arn:aws:iam::aws:policy/PowerUserAccess",
                "tags": {{"team": "storage", "empty": ""}}}}"#
        ),
        format!(r#"{{"name_prefix": "contract-up-", "path": "/dr/", "assume_role_policy": {s3}}}"#),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    subject(kind(server, "aws_iam_role"), Case::parse("role", &steps).unwrap())
}

fn policies(server: &Emulated) -> Subject {
    let (get, put) = (allow("s3:GetObject"), allow("s3:PutObject"));
    let steps = [
        format!(r#"{{"name": "copy", "role": "${{role.id}}", "policy": {get}}}"#),
        format!(r#"{{"name": "copy", "role": "${{role.id}}", "policy": {put}}}"#),
        format!(r#"{{"name": "other", "role": "${{role.id}}", "policy": {put}}}"#),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let need = format!(r#"{{"name": "contract-parent", "assume_role_policy": {}}}"#, trust("s3"));
    let case = Case::parse("policy", &steps).unwrap();
    let case = case.needing("role", &kind(server, "aws_iam_role"), &need).unwrap();
    subject(kind(server, "aws_iam_role_policy"), case)
}

#[test]
fn every_kind_keeps_the_contract_matrix() {
    let rows = [roles, policies].map(|subject| Row::new("MiniStack", subject));
    let kinds = lifeboat_aws_iam::kinds(&Clients::unconfigured());
    hold("iam", &rows, &kinds, GAPS);
}
