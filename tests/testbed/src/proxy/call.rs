//! What a request is in AWS's terms: service, region, plane and operation, read from its signature, path and body.

use http::request::Parts;

use super::operations::{Level, READS, ROUTE53, S3};

/// Which control plane answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plane {
    /// One for the whole partition, at home in us-east-1: IAM and Route 53.
    Global,
    /// One per region.
    Regional,
}

/// How a service writes its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `<Error>` without a namespace.
    S3,
    /// `<ErrorResponse><Error>`: Route 53 and the query services.
    Xml,
    /// `<Response><Errors><Error>`: EC2.
    Ec2,
    /// `{"__type": …}`.
    Json,
}

/// A request, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) service: String,
    pub(crate) region: String,
    pub(crate) plane: Plane,
    pub(crate) operation: String,
    /// The bucket, zone or health check in the path; empty where the path names none.
    pub(crate) resource: String,
    pub(crate) mutating: bool,
    pub(crate) protocol: Protocol,
    /// The region that the request is signed for, where that is not `region`.
    pub(crate) misdirected: Option<String>,
}

impl Call {
    /// Reads a request. `place` is the region whose own address it came to, if it has one: a
    /// regional service is then in that region, whatever the signature says.
    pub(crate) fn read(parts: &Parts, body: &[u8], place: Option<&str>) -> Self {
        let path = parts.uri.path();
        let scope = Scope::read(parts).unwrap_or_else(|| Scope::guess(path, place));
        let plane = match scope.service.as_str() {
            "iam" | "route53" => Plane::Global,
            "sts" if scope.region == "aws-global" => Plane::Global,
            _ => Plane::Regional,
        };
        let (operation, protocol) = operation(&scope.service, parts, body);
        let method = parts.method.as_str();
        let reads = READS.iter().any(|prefix| operation.starts_with(prefix));
        let unnamed = operation.contains(' ');
        let mutating = if unnamed { !matches!(method, "GET" | "HEAD") } else { !reads };
        let mut call = Self {
            resource: resource(&scope.service, path),
            service: scope.service,
            region: scope.region,
            plane,
            operation,
            mutating,
            protocol,
            misdirected: None,
        };
        if let (Plane::Regional, Some(place)) = (plane, place)
            && place != call.region
        {
            call.misdirected = Some(std::mem::replace(&mut call.region, place.to_owned()));
        }
        call
    }
}

struct Scope {
    service: String,
    region: String,
}

impl Scope {
    /// `Credential=KEY/DATE/REGION/SERVICE/aws4_request` from the header or a presigned query;
    /// SigV4a has no region there, but a set in a header of its own.
    fn read(parts: &Parts) -> Option<Self> {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let credential = match header("authorization") {
            Some(value) => value.split("Credential=").nth(1)?.split([',', ' ']).next()?.to_owned(),
            None => query(parts, "X-Amz-Credential")?.replace("%2F", "/"),
        };
        let mut fields = credential.rsplit('/');
        let (_request, service, region) = (fields.next()?, fields.next()?, fields.next()?);
        let region = match header("x-amz-region-set") {
            Some(set) => set.split(',').next().unwrap_or(set),
            None => region,
        };
        // CloudWatch signs as `monitoring`.
        let service = if service == "monitoring" { "cloudwatch" } else { service };
        Some(Self { service: service.to_owned(), region: region.to_owned() })
    }

    /// For requests without a signature, such as those of curl.
    fn guess(path: &str, place: Option<&str>) -> Self {
        let service = if path.starts_with("/2013-04-01/") { "route53" } else { "s3" };
        let region = place.unwrap_or("us-east-1");
        Self { service: service.to_owned(), region: region.to_owned() }
    }
}

/// The operation's name, or `METHOD /path` where nothing says it.
fn operation(service: &str, parts: &Parts, body: &[u8]) -> (String, Protocol) {
    let path = parts.uri.path();
    let unnamed = || format!("{} {path}", parts.method);
    if service == "s3" {
        return (s3(parts).map_or_else(unnamed, str::to_owned), Protocol::S3);
    }
    if service == "route53" {
        return (route53(parts).map_or_else(unnamed, str::to_owned), Protocol::Xml);
    }
    if let Some(target) = parts.headers.get("x-amz-target").and_then(|v| v.to_str().ok()) {
        let name = target.rsplit('.').next().unwrap_or(target);
        return (name.to_owned(), Protocol::Json);
    }
    // rpc-v2-cbor: /service/NAME/operation/NAME
    if let Some((_, name)) = path.split_once("/operation/") {
        return (name.to_owned(), Protocol::Json);
    }
    let form = String::from_utf8_lossy(body);
    let action = form.split('&').find_map(|pair| pair.strip_prefix("Action="));
    match action.map(str::to_owned).or_else(|| query(parts, "Action")) {
        Some(name) if service == "ec2" => (name, Protocol::Ec2),
        Some(name) => (name, Protocol::Xml),
        None => (unnamed(), Protocol::Json),
    }
}

fn s3(parts: &Parts) -> Option<&'static str> {
    let path = parts.uri.path().trim_start_matches('/');
    let level = match path.split_once('/') {
        _ if path.is_empty() => Level::Service,
        Some((_, key)) if !key.is_empty() => Level::Object,
        _ => Level::Bucket,
    };
    let marked = |mark: &&str| query(parts, mark).is_some() || parts.headers.contains_key(*mark);
    let row = S3.iter().find(|(at, method, marks, _)| {
        *at == level && *method == parts.method.as_str() && marks.iter().all(marked)
    });
    row.map(|(_, _, _, name)| *name)
}

fn route53(parts: &Parts) -> Option<&'static str> {
    let path = parts.uri.path().strip_prefix("/2013-04-01/")?.trim_end_matches('/');
    let fits = |pattern: &str| {
        pattern.split('/').count() == path.split('/').count()
            && pattern.split('/').zip(path.split('/')).all(|(want, is)| want == "*" || want == is)
    };
    let method = parts.method.as_str();
    let row = ROUTE53.iter().find(|(m, pattern, _)| *m == method && fits(pattern));
    row.map(|(_, _, name)| *name)
}

/// The bucket of an S3 path; the last id of a Route 53 path.
fn resource(service: &str, path: &str) -> String {
    let mut segments = path.trim_start_matches('/').split('/');
    let found = match service {
        "s3" => segments.next(),
        "route53" => match segments.nth(1) {
            Some("tags") => segments.nth(1),
            _ => segments.next(),
        },
        _ => None,
    };
    found.unwrap_or_default().to_owned()
}

/// The value of a query parameter, as written; empty for a bare name.
pub(crate) fn query(parts: &Parts, name: &str) -> Option<String> {
    let pairs =
        parts.uri.query()?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Call {
        let mut request = http::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Call::read(&request.body(()).unwrap().into_parts().0, body.as_bytes(), None)
    }

    fn signed(scope: &str) -> String {
        format!("AWS4-HMAC-SHA256 Credential=AKID/{scope}/aws4_request, SignedHeaders=host")
    }

    #[test]
    fn every_protocol_names_its_operation() {
        let sns = signed("20260101/eu-west-1/sns");
        let call = read("POST", "/", &[("authorization", &sns)], "Version=1&Action=Publish");
        assert_eq!((call.operation.as_str(), call.mutating), ("Publish", true));
        let ec2 = signed("20260101/eu-west-1/ec2");
        let body = "Action=DescribeSnapshots&Version=2016-11-15";
        let call = read("POST", "/", &[("authorization", &ec2)], body);
        assert_eq!((call.operation.as_str(), call.mutating), ("DescribeSnapshots", false));
        assert_eq!(call.protocol, Protocol::Ec2);
        let table = signed("20260101/eu-west-1/dynamodb");
        let target = ("x-amz-target", "DynamoDB_20120810.GetItem");
        let call = read("POST", "/", &[("authorization", &table), target], "{}");
        assert_eq!((call.operation.as_str(), call.mutating), ("GetItem", false));
        let metrics = signed("20260101/eu-west-1/monitoring");
        let path = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
        let call = read("POST", path, &[("authorization", &metrics)], "");
        assert_eq!(
            (call.service.as_str(), call.operation.as_str()),
            ("cloudwatch", "PutMetricData")
        );
        let eks = signed("20260101/eu-west-1/eks");
        let call = read("DELETE", "/clusters/a", &[("authorization", &eks)], "");
        assert_eq!((call.operation.as_str(), call.mutating), ("DELETE /clusters/a", true));
    }

    #[test]
    fn a_signature_may_be_in_the_query_or_for_several_regions() {
        let presigned = "/b/k?X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request";
        let call = read("GET", presigned, &[], "");
        assert_eq!((call.region.as_str(), call.operation.as_str()), ("eu-west-1", "GetObject"));
        let sigv4a = "AWS4-ECDSA-P256-SHA256 Credential=AKID/20260101/s3/aws4_request, A=b";
        let set = ("x-amz-region-set", "eu-west-1,eu-central-1");
        let call = read("GET", "/b?location", &[("authorization", sigv4a), set], "");
        assert_eq!((call.service.as_str(), call.region.as_str()), ("s3", "eu-west-1"));
        assert_eq!(call.operation, "GetBucketLocation");
    }

    #[test]
    fn route_53_is_told_by_method_and_path() {
        let dns = signed("20260101/us-east-1/route53");
        let rows = [
            ("POST", "hostedzone/Z1/rrset/", "ChangeResourceRecordSets", "Z1", true),
            ("GET", "hostedzone/Z1/rrset?maxitems=2", "ListResourceRecordSets", "Z1", false),
            ("GET", "change/C1", "GetChange", "C1", false),
            ("POST", "tags/healthcheck", "ListTagsForResources", "", false),
            ("POST", "tags/healthcheck/H1", "ChangeTagsForResource", "H1", true),
            ("GET", "testdnsanswer?recordname=a", "TestDNSAnswer", "", false),
            ("POST", "hostedzone", "CreateHostedZone", "", true),
        ];
        for (method, path, operation, resource, mutating) in rows {
            let path = format!("/2013-04-01/{path}");
            let call = read(method, &path, &[("authorization", &dns)], "");
            assert_eq!((call.operation.as_str(), call.resource.as_str()), (operation, resource));
            assert_eq!((call.mutating, call.plane), (mutating, Plane::Global), "{operation}");
        }
    }

    #[test]
    fn sts_is_global_only_where_it_is_signed_so() {
        for (region, plane) in [("us-east-1", Plane::Regional), ("aws-global", Plane::Global)] {
            let sts = signed(&format!("20260101/{region}/sts"));
            let call = read("POST", "/", &[("authorization", &sts)], "Action=GetCallerIdentity");
            assert_eq!((call.plane, call.mutating), (plane, false));
        }
    }
}
