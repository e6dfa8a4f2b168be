//! One object of each kind, made on the servers, for the matrix to read.

use std::sync::Arc;

use lifeboat_aws_core::{Clients, Config};
use lifeboat_contract::{Place, document, plan};
use lifeboat_sdk::context::IdentifiedSink;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{ChangeAction, DynKind};
use lifeboat_sdk::session::{Purpose, Session};
use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::{
    Change, Ctx, Failure, KnownDoc, Owner, Ownership, Path, Present, Scope, Target, Value,
};
use lifeboat_testbed::ACCOUNT;
use lifeboat_testbed::contract::Emulated;

/// What is made: a name, a kind and its configuration, in which `${NAME.attribute}` stands for an
/// attribute of what was made before, and `${volume}` and the like for what no kind of ours makes.
#[rustfmt::skip]
pub(crate) const OBJECTS: &[(&str, &str, &str)] = &[
    ("role", "aws_iam_role", r#"{"name": "matrix", "assume_role_policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"s3.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}", "tags": {"a": "b"}}"#),
    ("made_up_role", "aws_iam_role", r#"{"name_prefix": "matrix-", "assume_role_policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"s3.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"}"#),
    ("role_policy", "aws_iam_role_policy", r#"{"name": "copy", "role": "${role.id}", "policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"}"#),
    ("bucket", "aws_s3_bucket", r#"{"bucket": "matrix", "object_lock_enabled": true, "tags": {"a": "b"}}"#),
    ("made_up_bucket", "aws_s3_bucket", r#"{"bucket_prefix": "matrix-"}"#),
    ("target", "aws_s3_bucket", r#"{"bucket": "matrix-west", "region": "us-west-2"}"#),
    ("versioning", "aws_s3_bucket_versioning", r#"{"bucket": "${bucket.id}", "versioning_configuration": [{"status": "Enabled"}]}"#),
    ("target_versioning", "aws_s3_bucket_versioning", r#"{"bucket": "${target.id}", "region": "us-west-2", "versioning_configuration": [{"status": "Enabled"}]}"#),
    ("encryption", "aws_s3_bucket_server_side_encryption_configuration", r#"{"bucket": "${bucket.id}", "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]}"#),
    ("access", "aws_s3_bucket_public_access_block", r#"{"bucket": "${bucket.id}", "block_public_acls": true}"#),
    ("lifecycle", "aws_s3_bucket_lifecycle_configuration", r#"{"bucket": "${bucket.id}", "rule": [{"id": "old", "status": "Enabled", "filter": [{"prefix": "a/"}], "expiration": [{"days": 30}]}]}"#),
    ("replication", "aws_s3_bucket_replication_configuration", r#"{"bucket": "${bucket.id}", "role": "${role.arn}", "rule": [{"id": "all", "status": "Enabled", "priority": 1, "filter": [{}], "delete_marker_replication": [{"status": "Enabled"}], "destination": [{"bucket": "${target.arn}"}]}]}"#),
    ("lock", "aws_s3_bucket_object_lock_configuration", r#"{"bucket": "${bucket.id}", "rule": [{"default_retention": [{"mode": "GOVERNANCE", "days": 1}]}]}"#),
    ("policy", "aws_s3_bucket_policy", r#"{"bucket": "${bucket.id}", "policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"${bucket.arn}/*\"}]}"}"#),
    ("text", "aws_s3_object", r#"{"bucket": "${bucket.id}", "key": "role.json", "content": "{}"}"#),
    ("snapshot", "aws_ebs_snapshot", r#"{"volume_id": "${volume}", "description": "matrix", "tags": {"a": "b"}}"#),
    ("second_snapshot", "aws_ebs_snapshot", r#"{"volume_id": "${volume}", "storage_tier": "archive"}"#),
    ("copy", "aws_ebs_snapshot_copy", r#"{"source_snapshot_id": "${snapshot.id}", "source_region": "us-east-1", "region": "us-west-2"}"#),
    ("group", "aws_autoscaling_group", r#"{"name": "matrix", "min_size": 0, "max_size": 4, "suspended_processes": ["Launch"]}"#),
    ("second_group", "aws_autoscaling_group", r#"{"name": "matrix-more"}"#),
    ("third_group", "aws_autoscaling_group", r#"{"name": "matrix-most", "desired_capacity": 1}"#),
    ("instance", "aws_ec2_instance_state", r#"{"instance_id": "${instance}", "state": "stopped"}"#),
    ("fence", "aws_security_group", r#"{"name": "matrix", "egress": [{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}], "tags": {"a": "b"}}"#),
    ("made_up_fence", "aws_security_group", r#"{"name_prefix": "matrix-", "ingress": [{"protocol": "tcp", "from_port": 443, "to_port": 443, "self": true}]}"#),
    ("ingress", "aws_security_group_ingress", r#"{"security_group_id": "${security_group}", "state": "open"}"#),
    ("second_ingress", "aws_security_group_ingress", r#"{"security_group_id": "${security_group}", "state": "closed"}"#),
    ("zone", "aws_route53_zone", r#"{"name": "matrix.example", "tags": {"a": "b"}}"#),
    ("check", "aws_route53_health_check", r#"{"type": "HTTPS", "fqdn": "a.example.com", "tags": {"a": "b"}}"#),
    ("second_check", "aws_route53_health_check", r#"{"type": "HTTPS", "fqdn": "b.example.com"}"#),
    ("third_check", "aws_route53_health_check", r#"{"type": "TCP", "ip_address": "192.0.2.1", "port": 22}"#),
    ("record", "aws_route53_record", r#"{"zone_id": "${zone.id}", "name": "app", "type": "A", "ttl": 60, "records": ["192.0.2.1"], "set_identifier": "east", "failover_routing_policy": [{"type": "PRIMARY"}], "health_check_id": "${check.id}"}"#),
];

/// An object that exists.
pub(crate) struct Thing {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) scope: Scope,
    /// As it was planned: what is known of it when it was never read.
    planned: Value,
    pub(crate) made: Present<Value>,
}

impl Thing {
    fn address(&self) -> String {
        format!("{}.{}", self.kind, self.name)
    }

    /// As a target whose id is known.
    pub(crate) fn by_id(&self) -> Target {
        Target { id: Some(self.made.id.clone()), hint: self.made.object.clone(), ..self.unmade() }
    }

    /// As a target of which only the configuration is known.
    pub(crate) fn unmade(&self) -> Target {
        Target { address: self.address().into(), id: None, hint: self.planned.clone() }
    }
}

/// The clients that make their calls through a proxy.
pub(crate) fn clients(server: &Emulated) -> Clients {
    Clients::new(&Config::default(), &server.environment()).unwrap()
}

/// A session that only reads or one that applies, with the limits of the server.
pub(crate) fn ctx(server: &Emulated, purpose: Purpose) -> Ctx {
    use lifeboat_contract::Server as _;
    let session = Session::new(purpose);
    session.limit("aws", server.limits());
    match purpose {
        Purpose::Refresh => Ctx::read_only(Arc::new(session)),
        Purpose::Apply => Ctx::writing(Arc::new(session), Arc::new(Unheard)),
    }
}

/// Makes all objects.
pub(crate) async fn make(server: &Emulated) -> Vec<Thing> {
    let kinds = lifeboat_aws::kinds(&clients(server));
    let volume = server.aws().create_volume("us-east-1").unwrap();
    let instance = server.aws().run_instance("us-east-1").unwrap();
    let security_group =
        server.aws().create_security_group("us-east-1", "matrix-operated").unwrap();
    for group in ["matrix", "matrix-more", "matrix-most"] {
        server.aws().create_group("us-east-1", group).unwrap();
    }
    let mut made: Vec<Thing> = Vec::new();
    for &(name, kind, config) in OBJECTS {
        let kind = kinds.iter().find(|k| k.name() == kind).unwrap();
        let text = config.replace("${volume}", &volume);
        let text = text.replace("${instance}", &instance);
        let mut text = text.replace("${security_group}", &security_group);
        for thing in &made {
            for (attribute, value) in thing.made.object.entries().unwrap() {
                if let Some(value) = value.as_str() {
                    text = text.replace(&format!("${{{}.{attribute}}}", thing.name), value);
                }
            }
        }
        made.push(make_one(server, &**kind, name, &text).await);
    }
    made
}

async fn make_one(
    server: &Emulated,
    kind: &dyn DynKind,
    name: &'static str,
    config: &str,
) -> Thing {
    let config = document(kind.schema().attributes, &from_json(config, None).unwrap()).unwrap();
    let planned = plan(kind, &config, None).unwrap().after;
    let known = planned.transform(&Path::root(), &mut |_, value| {
        value.is_unknown().then(|| Value::Null(value.ty()))
    });
    let place =
        Place { provider: "aws".into(), account: ACCOUNT.into(), region: "us-east-1".into() };
    let scope = place.scope(kind, &known);
    let address: lifeboat_sdk::Name = format!("{}.{name}", kind.name()).into();
    let owner = Owner { topology: "matrix".into(), address: address.clone() };
    let change = Change {
        address,
        token: format!("matrix-{name}").into(),
        owner: (kind.ownership() == Ownership::Tags).then_some(owner),
        action: ChangeAction::Create { after: KnownDoc::new(&known).unwrap() },
    };
    let mut outcomes =
        kind.write(&ctx(server, Purpose::Apply), &scope, vec![change]).await.into_iter();
    let made = outcomes.next().unwrap().unwrap().unwrap();
    Thing { name, kind: kind.name(), scope, planned, made }
}

struct Unheard;

impl IdentifiedSink for Unheard {
    fn identified<'a>(
        &'a self,
        _address: &'a str,
        _id: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}
