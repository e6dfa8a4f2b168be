//! What the proxy passes on untouched, what it reads from it, and what it changes when asked.

use std::io::Write as _;

use lifeboat_testbed::{Bed, Correction, Outcome, Paging, Part, Plane, Route, Routes, ServerKind};

use crate::client::{exchange, receive, request, send};

/// Tests may share a bed between their threads.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Bed>();
};

#[test]
fn calls_are_entered_with_service_operation_region_and_plane() {
    let bed = Bed::start().unwrap();
    let endpoint = bed.proxy.endpoint();
    let west = "<CreateBucketConfiguration><LocationConstraint>us-west-2</LocationConstraint>\
                </CreateBucketConfiguration>";
    let rows = [
        (["s3", "us-west-2", "PUT", "/exports"], west, "CreateBucket", true),
        (["s3", "us-west-2", "GET", "/exports?versioning"], "", "GetBucketVersioning", false),
        (["s3", "us-west-2", "HEAD", "/exports"], "", "HeadBucket", false),
        (["s3", "us-west-2", "PUT", "/exports/a/b?x-id=PutObject"], "data", "PutObject", true),
        (["s3", "us-west-2", "GET", "/exports?list-type=2&prefix=a"], "", "ListObjectsV2", false),
        (
            ["iam", "us-east-1", "POST", "/"],
            "Action=ListRoles&Version=2010-05-08",
            "ListRoles",
            false,
        ),
        (["sts", "us-west-2", "POST", "/"], "Action=GetCallerIdentity", "GetCallerIdentity", false),
        (["route53", "us-east-1", "GET", "/2013-04-01/healthcheck"], "", "ListHealthChecks", false),
        (["route53", "us-east-1", "GET", "/2013-04-01/hostedzone"], "", "ListHostedZones", false),
    ];
    for (call, body, operation, mutating) in rows {
        let answer = exchange(&endpoint, call, body).unwrap();
        assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
        let entry = bed.proxy.ledger().entries().pop().unwrap();
        assert_eq!((entry.operation.as_str(), entry.mutating), (operation, mutating));
        assert_eq!((entry.service.as_str(), entry.region.as_str()), (call[0], call[1]));
        let global = matches!(call[0], "iam" | "route53");
        assert_eq!(entry.plane == Plane::Global, global, "{operation}");
        assert_eq!(entry.outcome, Outcome::Answered(200));
        assert!(entry.ended.unwrap() >= entry.started);
    }
    let ledger = bed.proxy.ledger();
    assert_eq!((ledger.total(), ledger.mutating()), (rows.len(), 2));
    let moto = ledger.entries().into_iter().filter(|e| e.server == Some(ServerKind::Moto));
    assert_eq!(moto.map(|e| e.operation).collect::<Vec<_>>(), ["ListHealthChecks"]);
    assert!(ledger.table().contains("GetBucketVersioning"), "{}", ledger.table());
    ledger.clear();
    assert_eq!((ledger.total(), ledger.connections()), (0, 0));
}

#[test]
fn a_connection_serves_many_calls_and_heads_keep_their_length() {
    let bed = Bed::start().unwrap();
    bed.aws().create_bucket("us-east-1", "exports").unwrap();
    bed.aws().put_object("us-east-1", "exports", "key", "12345").unwrap();
    let head = request(["s3", "us-east-1", "HEAD", "/exports/key"], "", "");
    let get = request(["s3", "us-east-1", "GET", "/exports/key"], "", "");
    let mut stream = send(&bed.proxy.endpoint(), &head);
    for _ in 0..3 {
        let answer = receive(&mut stream, true).unwrap();
        assert_eq!((answer.status, answer.header("content-length")), (200, Some("5")));
        assert_eq!(answer.head.to_ascii_lowercase().matches("date:").count(), 1, "{}", answer.head);
        stream.write_all(&get).unwrap();
        assert_eq!(receive(&mut stream, false).unwrap().body, "12345");
        stream.write_all(&head).unwrap();
    }
    assert_eq!(bed.proxy.ledger().connections(), 1);
}

#[test]
fn chunked_signatures_and_expectations_pass_unchanged() {
    let bed = Bed::start().unwrap();
    bed.aws().create_bucket("us-east-1", "exports").unwrap();
    let put = ["s3", "us-east-1", "PUT", "/exports/key"];
    let chunked = "4\r\ndata\r\n0\r\nx-amz-checksum-crc32:rfPzYw==\r\n\r\n";
    let headers = "content-encoding: aws-chunked\r\nx-amz-trailer: x-amz-checksum-crc32\r\n\
                   x-amz-decoded-content-length: 4\r\nx-amz-meta-under_score: yes\r\n\
                   x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n";
    let mut stream = send(&bed.proxy.endpoint(), &request(put, headers, chunked));
    let answer = receive(&mut stream, false).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let stored = bed.aws().get_object("us-east-1", "exports", "key").unwrap();
    assert_eq!((stored.status, stored.text().as_str()), (200, "data"));
    assert_eq!(stored.headers.get("x-amz-meta-under_score").unwrap(), "yes");

    let whole = request(put, "expect: 100-continue\r\n", "more");
    let (head, body) = whole.split_at(whole.len() - 4);
    let mut stream = send(&bed.proxy.endpoint(), head);
    assert_eq!(receive(&mut stream, true).unwrap().status, 100);
    stream.write_all(body).unwrap();
    assert_eq!(receive(&mut stream, false).unwrap().status, 200);
}

#[test]
fn a_region_in_the_path_or_address_must_be_the_one_signed_for() {
    let bed = Bed::start().unwrap();
    let west = bed.proxy.endpoint_for("us-west-2").unwrap();
    let in_path = bed.proxy.endpoint_template().replace("{region}", "us-west-2");
    let prefix = in_path.strip_prefix(&bed.proxy.endpoint()).unwrap();
    let path = format!("{prefix}/");
    for (endpoint, path) in [(&west, "/"), (&bed.proxy.endpoint(), path.as_str())] {
        let right = exchange(endpoint, ["s3", "us-west-2", "GET", path], "").unwrap();
        assert_eq!(right.status, 200, "{}", right.body);
        let wrong = exchange(endpoint, ["s3", "us-east-1", "GET", path], "").unwrap();
        assert_eq!(wrong.status, 400);
        assert!(wrong.body.contains("the region 'us-east-1' is wrong; expecting 'us-west-2'"));
    }
    // A global service has one home, wherever it is called.
    let roles = exchange(&west, ["iam", "us-east-1", "POST", "/"], "Action=ListRoles").unwrap();
    assert_eq!(roles.status, 200);
    assert_eq!(bed.proxy.ledger().entries()[4].region, "us-east-1");
}

#[test]
fn pages_are_as_small_as_asked() {
    let bed = Bed::start().unwrap();
    for bucket in ["exports-a", "exports-b", "exports-c"] {
        bed.aws().create_bucket("us-east-1", bucket).unwrap();
    }
    let zone = bed.aws().create_zone("example.com").unwrap();
    bed.proxy.page(Paging::small());
    let endpoint = bed.proxy.endpoint();
    let list = ["s3", "us-east-1", "GET", "/?max-buckets=1000"];
    let buckets = exchange(&endpoint, list, "").unwrap().body;
    assert_eq!(buckets.matches("<Bucket>").count(), 2, "{buckets}");
    assert!(buckets.contains("<ContinuationToken>"), "{buckets}");
    bed.aws().change_records(&zone, &record("a", 60)).unwrap();
    let path = format!("/2013-04-01/hostedzone/{zone}/rrset");
    let sets = exchange(&endpoint, ["route53", "us-east-1", "GET", &path], "").unwrap().body;
    assert_eq!(sets.matches("<ResourceRecordSet>").count(), 2, "{sets}");
    assert!(sets.contains("<IsTruncated>true</IsTruncated>"), "{sets}");
    // MiniStack's IAM never pages; moto's does.
    bed.proxy.route(Routes::all_of("iam", ServerKind::Moto));
    let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
    let iam = |form: &str| exchange(&endpoint, ["iam", "us-east-1", "POST", "/"], form).unwrap();
    for role in ["a", "b", "c"] {
        let form = format!("Action=CreateRole&RoleName={role}&AssumeRolePolicyDocument={trust}");
        assert_eq!(iam(&form).status, 200);
    }
    let roles = iam("Action=ListRoles&Version=2010-05-08&MaxItems=100").body;
    assert_eq!(roles.matches("<RoleName>").count(), 2, "{roles}");
    assert!(roles.contains("<IsTruncated>true</IsTruncated>"), "{roles}");
}

#[test]
fn a_correction_changes_its_operation_only_and_is_counted() {
    let bed = Bed::start().unwrap();
    bed.proxy.correct(vec![Correction {
        server: ServerKind::MiniStack,
        service: "s3",
        operation: "ListBuckets",
        part: Part::Response,
        before: "<DisplayName>ministack</DisplayName>",
        after: "",
        reference: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_Owner.html",
    }]);
    let endpoint = bed.proxy.endpoint();
    let list = exchange(&endpoint, ["s3", "us-east-1", "GET", "/"], "").unwrap();
    assert!(!list.body.contains("DisplayName"), "{}", list.body);
    assert!(list.body.ends_with('>'), "the length follows the body: {}", list.body);
    let counted = bed.proxy.ledger().corrections();
    assert_eq!(counted.into_values().collect::<Vec<_>>(), [1]);
    bed.proxy.correct(Vec::new());
    let list = exchange(&endpoint, ["s3", "us-east-1", "GET", "/"], "").unwrap();
    assert!(list.body.contains("DisplayName"), "{}", list.body);
}

#[test]
fn route_53_is_routed_by_a_table_that_a_test_may_change() {
    let bed = Bed::start().unwrap();
    let zones = ["route53", "us-east-1", "GET", "/2013-04-01/hostedzone"];
    let endpoint = bed.proxy.endpoint();
    exchange(&endpoint, zones, "").unwrap();
    bed.proxy.route(Routes::all_of("route53", ServerKind::Moto));
    exchange(&endpoint, zones, "").unwrap();
    let s3 = Route { service: "s3", path: "", server: ServerKind::Moto };
    bed.proxy.route(Routes::default().with(s3));
    exchange(&endpoint, ["s3", "us-east-1", "GET", "/"], "").unwrap();
    let servers: Vec<_> = bed.proxy.ledger().entries().iter().map(|e| e.server.unwrap()).collect();
    assert_eq!(servers, [ServerKind::MiniStack, ServerKind::Moto, ServerKind::Moto]);
}

#[test]
fn a_record_set_may_name_a_health_check_of_the_other_server() {
    let bed = Bed::start().unwrap();
    let config = "<CreateHealthCheckRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
        <CallerReference>a</CallerReference><HealthCheckConfig><Type>HTTPS</Type><Port>443</Port>\
        <FullyQualifiedDomainName>api.example.com</FullyQualifiedDomainName>\
        <Inverted>true</Inverted></HealthCheckConfig></CreateHealthCheckRequest>";
    let create = ["route53", "us-east-1", "POST", "/2013-04-01/healthcheck"];
    let check = exchange(&bed.proxy.endpoint(), create, config).unwrap();
    assert_eq!(check.status, 201, "{}", check.body);
    assert!(
        check.body.contains("<Inverted>True</Inverted>") || check.body.contains("<Inverted>true")
    );
    let id = check.body.split("<Id>").nth(1).unwrap().split('<').next().unwrap();
    let zone = bed.aws().create_zone("example.com").unwrap();
    let change = record("api", 60).replace(
        "</ResourceRecordSet>",
        &format!("<HealthCheckId>{id}</HealthCheckId></ResourceRecordSet>"),
    );
    bed.aws().change_records(&zone, &change).unwrap();
    assert_eq!(
        bed.aws().everything_left().unwrap(),
        ["zone example.com.", "record api.example.com.", &format!("health check {id}")]
    );
}

#[test]
fn what_is_done_behind_the_tools_back_is_done_and_not_counted() {
    let bed = Bed::start().unwrap();
    let aws = bed.aws();
    assert_eq!(aws.everything_left().unwrap(), Vec::<String>::new());
    aws.create_bucket("us-west-2", "exports").unwrap();
    aws.put_bucket_versioning("us-west-2", "exports", "Enabled").unwrap();
    aws.put_bucket_versioning("us-west-2", "exports", "Suspended").unwrap();
    let rule = "<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix/>\
                </Filter><Expiration><Days>9</Days></Expiration></Rule></LifecycleConfiguration>";
    aws.put_bucket_lifecycle("us-west-2", "exports", rule).unwrap();
    let read = |what: &str| {
        let path = format!("/exports?{what}");
        aws.raw("s3", "us-west-2", "GET", &path).send().unwrap().text()
    };
    assert!(read("versioning").contains("<Status>Suspended</Status>"));
    assert!(read("lifecycle").contains("<Days>9</Days>"));
    aws.delete_public_access_block("us-west-2", "exports").unwrap();

    let zone = aws.create_zone("example.com").unwrap();
    assert_eq!(aws.zone_id("example.com").unwrap().as_deref(), Some(zone.as_str()));
    aws.change_records(&zone, &record("api", 60)).unwrap();
    assert_eq!(aws.set_record_ttl(&zone, "api.example.com", 300).unwrap(), 1);
    let path = format!("/2013-04-01/hostedzone/{zone}/rrset");
    let sets = aws.raw("route53", "us-east-1", "GET", &path).send().unwrap().text();
    assert!(sets.contains("<TTL>300</TTL>") && !sets.contains("<TTL>60</TTL>"), "{sets}");
    assert!(aws.put_role_policy("nobody", "p", "{}").is_err());
    assert_eq!(bed.proxy.ledger().total(), 0);
}

#[test]
fn a_command_sees_the_proxy_and_nothing_else_of_aws() {
    let bed = Bed::start().unwrap();
    let output = bed.command("env").output().unwrap();
    let seen = String::from_utf8(output.stdout).unwrap();
    let mut aws: Vec<&str> = seen
        .lines()
        .filter(|l| l.starts_with("AWS_"))
        .map(|l| l.split('=').next().unwrap())
        .collect();
    aws.sort_unstable();
    let mut own: Vec<String> = bed
        .env()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("AWS_"))
        .collect();
    own.sort_unstable();
    assert_eq!(aws, own);
    assert!(seen.contains(&format!("AWS_ENDPOINT_URL={}", bed.proxy.endpoint())));
}

fn record(label: &str, ttl: u32) -> String {
    format!(
        "<Change><Action>CREATE</Action><ResourceRecordSet><Name>{label}.example.com</Name>\
         <Type>A</Type><TTL>{ttl}</TTL><ResourceRecords><ResourceRecord><Value>203.0.113.10</Value>\
         </ResourceRecord></ResourceRecords></ResourceRecordSet></Change>"
    )
}
