//! The demo topology, `examples/two-region-web`: its names, and what happens behind the program's back.

use lifeboat_testbed::Aws;

use super::stage::Stage;

pub(super) const EXAMPLE: &str = "two-region-web";
pub(super) const EAST: &str = "us-east-1";
pub(super) const WEST: &str = "us-west-2";
pub(super) const BUCKET: &str = "web-exports";
pub(super) const COPY: &str = "web-exports-dr";
pub(super) const FILE: &str = "main.dr.hcl";
/// The name's TTL, where a promotion lowers it.
pub(super) const LOWERED: &str = "ttl        = \"2s\"\n  ttl_during = \"1s\"";
const ZONE: &str = "example.com";

/// Puts an object into the primary's bucket, and finds its replica in the other region.
#[track_caller]
pub(super) fn replicated(stage: &Stage, key: &str) {
    let aws = stage.bed.aws();
    aws.put_object(EAST, BUCKET, key, "all is well").unwrap();
    let copy = aws.get_object(WEST, COPY, key).unwrap();
    let status = copy.headers.get("x-amz-replication-status").and_then(|v| v.to_str().ok());
    let found = (copy.status, copy.text(), status.map(str::to_owned));
    let should = (200, "all is well".to_owned(), Some("REPLICA".to_owned()));
    stage.same(found, should, "the object is in the other region");
}

/// Removes the public access block of the primary's bucket.
pub(super) fn open_bucket(aws: &Aws) {
    aws.delete_public_access_block(EAST, BUCKET).unwrap();
}

/// Lets everything in the copy expire after a day.
pub(super) fn shorten_lifecycle(aws: &Aws) {
    let rule = "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
                <ID>tidy-up</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
                <Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>";
    aws.put_bucket_lifecycle(WEST, COPY, rule).unwrap();
}

/// Allows the first role everything.
pub(super) fn widen_policy(aws: &Aws) {
    let first = |action, pairs: &[(&str, &str)], element| {
        let reply = aws.query("iam", EAST, action, pairs).unwrap().ok().unwrap();
        reply.texts(element).into_iter().next().unwrap()
    };
    let role = first("ListRoles", &[], "RoleName");
    let policy = first("ListRolePolicies", &[("RoleName", &role)], "member");
    let all =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    aws.put_role_policy(&role, &policy, all).unwrap();
}

/// Sets the TTL of one record set, that of the PRIMARY, to an hour.
pub(super) fn raise_ttl(aws: &Aws) {
    let zone = aws.zone_id(ZONE).unwrap().unwrap();
    let path = format!("/2013-04-01/hostedzone/{zone}/rrset?maxitems=300");
    let sets = aws.raw("route53", EAST, "GET", &path).send().unwrap().ok().unwrap();
    let primary = |set: &String| set.contains("<Failover>PRIMARY<");
    let set = sets.texts("ResourceRecordSet").into_iter().find(primary).unwrap();
    let set = set.replace("<TTL>60</TTL>", "<TTL>3600</TTL>");
    assert!(set.contains("<TTL>3600</TTL>"), "{set}");
    let change = format!(
        "<Change><Action>UPSERT</Action><ResourceRecordSet>{set}</ResourceRecordSet></Change>"
    );
    aws.change_records(&zone, &change).unwrap();
}

/// The TTLs of the name's record sets.
#[track_caller]
pub(super) fn ttls(aws: &Aws) -> Vec<String> {
    let zone = aws.zone_id(ZONE).unwrap().unwrap();
    let path = format!("/2013-04-01/hostedzone/{zone}/rrset?maxitems=300");
    let sets = aws.raw("route53", EAST, "GET", &path).send().unwrap().ok().unwrap();
    let sets = sets.texts("ResourceRecordSet").into_iter().filter(|set| set.contains("<Failover>"));
    let ttl = |set: String| {
        let (_, rest) = set.split_once("<TTL>")?;
        Some(rest.split_once('<')?.0.to_owned())
    };
    sets.filter_map(ttl).collect()
}

/// The option that a refusal to destroy asks for.
pub(super) fn allowance(said: &str) -> String {
    let count = said.split("-allow-destroy=").nth(1).unwrap_or_default();
    let count: String = count.chars().take_while(char::is_ascii_digit).collect();
    format!("-allow-destroy={count}")
}

/// Destroys what the files declare: the guard asks for a count first, where there is one to ask for.
#[track_caller]
pub(super) fn destroyed(stage: &Stage) {
    let destroy = &["destroy", "-input=false", "-auto-approve"];
    let first = stage.run(destroy);
    if first.code != Some(0) {
        stage.check(first.code == Some(5), "destroy is done, or refused by its guard");
        stage.same(first.mutating(), 0, "what a guard refuses has not begun");
        stage.expect(&[destroy.as_slice(), &[&allowance(&first.said())]].concat(), 0);
    }
    stage.same(stage.left(), Vec::new(), "the servers are empty");
}
