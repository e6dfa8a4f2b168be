//! What the proxy changes in passing: smaller pages, and known defects of a server put right.

use bytes::Bytes;
use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;

use super::call::Call;
use crate::servers::ServerKind;

/// Makes the pages of one list operation small, so that paging happens with few objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The service as it signs.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// The parameter that limits a page: in the query, or in the form of a query-protocol service.
    pub parameter: &'static str,
    /// The most entries of a page; a smaller number that the caller asked for stays.
    pub most: u32,
}

impl Paging {
    /// Two entries a page. It has an effect where the server pages at all: MiniStack pages S3 and
    /// Route 53, moto pages IAM (but for ListRolePolicies) and neither record sets of one name nor
    /// health checks; of EC2 it pages instances alone. ListObjectVersions is left out, as MiniStack
    /// repeats entries at the borders.
    pub fn small() -> Vec<Self> {
        SMALL
            .iter()
            .map(|&(service, operation, parameter)| Self { service, operation, parameter, most: 2 })
            .collect()
    }

    fn fits(&self, call: &Call) -> bool {
        self.service == call.service && self.operation == call.operation
    }
}

#[rustfmt::skip]
const SMALL: &[(&str, &str, &str)] = &[
    ("s3", "ListBuckets", "max-buckets"),
    ("s3", "ListObjectsV2", "max-keys"),
    ("s3", "ListMultipartUploads", "max-uploads"),
    ("route53", "ListHealthChecks", "maxitems"),
    ("route53", "ListHostedZones", "maxitems"),
    ("route53", "ListHostedZonesByName", "maxitems"),
    ("route53", "ListResourceRecordSets", "maxitems"),
    ("iam", "ListRoles", "MaxItems"),
    ("iam", "ListAttachedRolePolicies", "MaxItems"),
    ("iam", "ListRoleTags", "MaxItems"),
    ("iam", "ListPolicies", "MaxItems"),
    ("autoscaling", "DescribeAutoScalingGroups", "MaxRecords"),
    ("ec2", "DescribeInstances", "MaxResults"),
];

/// Applies the paging rules to a request.
pub(crate) fn page(rules: &[Paging], call: &Call, parts: &mut Parts, body: Bytes) -> Bytes {
    let Some(rule) = rules.iter().find(|rule| rule.fits(call)) else { return body };
    let form = !matches!(call.service.as_str(), "s3" | "route53");
    if form {
        let limited = limit(&String::from_utf8_lossy(&body), rule);
        return Bytes::from(limited);
    }
    let query = limit(parts.uri.query().unwrap_or_default(), rule);
    let target = format!("{}?{query}", parts.uri.path());
    if let Ok(target) = PathAndQuery::try_from(target) {
        parts.uri = Uri::from(target);
    }
    body
}

/// Sets the parameter among `a=b&c=d`, or lowers it.
fn limit(pairs: &str, rule: &Paging) -> String {
    let asked = |pair: &str| pair.strip_prefix(rule.parameter)?.strip_prefix('=')?.parse().ok();
    let most =
        pairs.split('&').find_map(asked).map_or(rule.most, |asked: u32| asked.min(rule.most));
    let others = pairs
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(rule.parameter));
    let mut all: Vec<String> = others.map(str::to_owned).collect();
    all.push(format!("{}={most}", rule.parameter));
    all.join("&")
}

/// Which body a correction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the caller sends.
    Request,
    /// What the server answers.
    Response,
}

/// A known defect of a server, put right by replacing text. Each names the AWS page that it
/// restores; `Ledger::corrections` counts its uses by that reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The server with the defect.
    pub server: ServerKind,
    /// The service as it signs.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// Which body.
    pub part: Part,
    /// What stands there.
    pub before: &'static str,
    /// What AWS has there.
    pub after: &'static str,
    /// The page of AWS's documentation that says so.
    pub reference: &'static str,
}

/// The corrections that are always on.
pub(crate) const CORRECTIONS: &[Correction] = &[Correction {
    server: ServerKind::Moto,
    service: "route53",
    operation: "ListHealthChecks",
    part: Part::Response,
    before: "</HealthChecks></ListHealthChecksResponse>",
    after: "</HealthChecks><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHealthChecksResponse>",
    reference: "https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHealthChecks.html",
}];

/// Applies the corrections to a body; tells the references of those that changed it.
pub(crate) fn correct(
    corrections: &[Correction],
    call: &Call,
    server: ServerKind,
    part: Part,
    body: Bytes,
) -> (Bytes, Vec<&'static str>) {
    let fits = |row: &&Correction| {
        row.server == server
            && row.part == part
            && row.service == call.service
            && row.operation == call.operation
    };
    let mut used = Vec::new();
    let mut body = body;
    for row in corrections.iter().filter(fits) {
        if let Ok(text) = str::from_utf8(&body)
            && text.contains(row.before)
        {
            used.push(row.reference);
            body = Bytes::from(text.replace(row.before, row.after));
        }
    }
    (body, used)
}
