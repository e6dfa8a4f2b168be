//! Calls straight to the servers, behind the back of the tool under test and of the proxy.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::Full;

use crate::background::Background;
use crate::bed::ACCOUNT;
use crate::lease::Pair;
use crate::proxy::Routes;
use crate::servers::ServerKind;
use crate::{Error, Result, wire};

/// Route 53's namespace.
const ROUTE53: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// Direct access to a pair of servers, routed by the default table.
#[derive(Debug)]
pub struct Aws {
    ministack: SocketAddr,
    moto: SocketAddr,
    routes: Routes,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    request: String,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What stands between `<element>` and `</element>` in the body, each time.
    pub fn texts(&self, element: &str) -> Vec<String> {
        texts(&self.text(), element).map(str::to_owned).collect()
    }

    /// An error unless the status is one of success.
    pub fn ok(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let body = self.text();
        Err(Error::Answer { request: self.request, status: self.status, body })
    }
}

/// A request in the making.
#[derive(Debug)]
#[must_use]
pub struct Raw {
    addr: SocketAddr,
    request: String,
    builder: http::request::Builder,
    body: Bytes,
}

impl Raw {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Sends it; any status is an answer.
    pub fn send(self) -> Result<Reply> {
        let Self { addr, request, builder, body } = self;
        let whole = builder
            .body(Full::new(body))
            .map_err(|e| Error::Exchange { peer: request.clone(), why: e.to_string() })?;
        let background = Background::start("testbed-aws")?;
        let answer = background.run(async move { wire::once(addr, whole).await })??;
        let (parts, body) = answer.into_parts();
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body, request })
    }
}

impl Aws {
    pub(crate) fn new(pair: &Pair) -> Self {
        Self { ministack: pair.ministack(), moto: pair.moto(), routes: Routes::default() }
    }

    /// A request to the server that answers the service, as if signed for service and region.
    pub fn raw(&self, service: &str, region: &str, method: &str, path: &str) -> Raw {
        self.raw_at(self.routes.server(service, path), [service, region, method, path])
    }

    fn raw_at(&self, server: ServerKind, [service, region, method, path]: [&str; 4]) -> Raw {
        let addr = match server {
            ServerKind::MiniStack => self.ministack,
            ServerKind::Moto => self.moto,
        };
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{region}/{service}/aws4_request, \
             SignedHeaders=host, Signature=00"
        );
        let builder = Request::builder()
            .method(method)
            .uri(path)
            .header("host", addr.to_string())
            .header("authorization", signature)
            .header("x-amz-date", "20260101T000000Z");
        Raw {
            addr,
            request: format!("{method} {service} {region} {path}"),
            builder,
            body: Bytes::new(),
        }
    }

    /// A call of a service with the query protocol; `pairs` need no escaping.
    pub fn query(
        &self,
        service: &str,
        region: &str,
        action: &str,
        pairs: &[(&str, &str)],
    ) -> Result<Reply> {
        let mut form = format!("Action={action}");
        for (name, value) in pairs {
            form.push_str(&format!("&{name}={}", escaped(value)));
        }
        let raw = self.raw(service, region, "POST", "/").body(form);
        raw.header("content-type", "application/x-www-form-urlencoded").send()
    }

    /// Makes a bucket.
    pub fn create_bucket(&self, region: &str, bucket: &str) -> Result<()> {
        let place = match region {
            "us-east-1" => String::new(),
            _ => format!(
                "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint>\
                 </CreateBucketConfiguration>"
            ),
        };
        self.put(region, &format!("/{bucket}"), place)
    }

    /// Puts an object.
    pub fn put_object(
        &self,
        region: &str,
        bucket: &str,
        key: &str,
        body: impl Into<Bytes>,
    ) -> Result<()> {
        self.put(region, &format!("/{bucket}/{key}"), body)
    }

    /// Gets an object: its status and, if there is one, its body.
    pub fn get_object(&self, region: &str, bucket: &str, key: &str) -> Result<Reply> {
        self.raw("s3", region, "GET", &format!("/{bucket}/{key}")).send()
    }

    /// Replaces a bucket's lifecycle configuration by this XML.
    pub fn put_bucket_lifecycle(&self, region: &str, bucket: &str, xml: &str) -> Result<()> {
        self.put(region, &format!("/{bucket}?lifecycle"), xml.to_owned())
    }

    /// Removes every version and delete marker of a bucket, and tells how many there were.
    pub fn empty_bucket(&self, region: &str, bucket: &str) -> Result<usize> {
        let list = self.raw("s3", region, "GET", &format!("/{bucket}?versions")).send()?.ok()?;
        let list = list.text();
        let mut removed = 0;
        for version in texts(&list, "Version").chain(texts(&list, "DeleteMarker")) {
            let field = |name| texts(version, name).next().unwrap_or_default();
            let path = format!("/{bucket}/{}?versionId={}", field("Key"), field("VersionId"));
            self.raw("s3", region, "DELETE", &path).send()?.ok()?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Sets a bucket's versioning to `Enabled` or `Suspended`.
    pub fn put_bucket_versioning(&self, region: &str, bucket: &str, status: &str) -> Result<()> {
        let xml = format!(
            "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Status>{status}</Status></VersioningConfiguration>"
        );
        self.put(region, &format!("/{bucket}?versioning"), xml)
    }

    /// Removes a bucket's public access block.
    pub fn delete_public_access_block(&self, region: &str, bucket: &str) -> Result<()> {
        let path = format!("/{bucket}?publicAccessBlock");
        self.raw("s3", region, "DELETE", &path).send()?.ok()?;
        Ok(())
    }

    /// Puts an inline policy into a role.
    pub fn put_role_policy(&self, role: &str, policy: &str, document: &str) -> Result<()> {
        let pairs = [("RoleName", role), ("PolicyName", policy), ("PolicyDocument", document)];
        self.query("iam", "us-east-1", "PutRolePolicy", &pairs)?.ok()?;
        Ok(())
    }

    /// Makes a public hosted zone and tells its id.
    pub fn create_zone(&self, name: &str) -> Result<String> {
        let xml = format!(
            "<CreateHostedZoneRequest xmlns=\"{ROUTE53}\"><Name>{name}</Name>\
             <CallerReference>{name}</CallerReference></CreateHostedZoneRequest>"
        );
        let raw = self.raw("route53", "us-east-1", "POST", "/2013-04-01/hostedzone").body(xml);
        Ok(zone_id(&raw.send()?.ok()?.text()).unwrap_or_default())
    }

    /// The id of the hosted zone of this name.
    pub fn zone_id(&self, name: &str) -> Result<Option<String>> {
        let path = "/2013-04-01/hostedzone?maxitems=100";
        let zones = self.raw("route53", "us-east-1", "GET", path).send()?.ok()?.text();
        let name = format!("<Name>{}.</Name>", name.trim_end_matches('.'));
        Ok(texts(&zones, "HostedZone").find(|zone| zone.contains(&name)).and_then(zone_id))
    }

    /// Sets the TTL of every record set of a name, and tells how many there are.
    pub fn set_record_ttl(&self, zone: &str, name: &str, ttl: u32) -> Result<usize> {
        self.set_member_ttl(zone, name, "", ttl)
    }

    /// Sets the TTL of one record set of a name by its set identifier; all of them for "".
    pub fn set_member_ttl(&self, zone: &str, name: &str, member: &str, ttl: u32) -> Result<usize> {
        let path = format!("/2013-04-01/hostedzone/{zone}/rrset?maxitems=300&name={name}");
        let sets = self.raw("route53", "us-east-1", "GET", &path).send()?.ok()?.text();
        let name = format!("<Name>{}.</Name>", name.trim_end_matches('.'));
        let member = format!("<SetIdentifier>{member}</SetIdentifier>");
        let of_name = texts(&sets, "ResourceRecordSet")
            .filter(|set| set.contains(&name))
            .filter(|set| member == "<SetIdentifier></SetIdentifier>" || set.contains(&member));
        let mut changes = String::new();
        let mut changed = 0;
        for set in of_name {
            let Some(old) = texts(set, "TTL").next() else { continue };
            let set = set.replace(&format!("<TTL>{old}</TTL>"), &format!("<TTL>{ttl}</TTL>"));
            changes.push_str(&format!(
                "<Change><Action>UPSERT</Action><ResourceRecordSet>{set}</ResourceRecordSet></Change>"
            ));
            changed += 1;
        }
        if changed > 0 {
            self.change_records(zone, &changes)?;
        }
        Ok(changed)
    }

    /// Changes record sets; `changes` is a row of `<Change>` elements.
    pub fn change_records(&self, zone: &str, changes: &str) -> Result<()> {
        let xml = format!(
            "<ChangeResourceRecordSetsRequest xmlns=\"{ROUTE53}\"><ChangeBatch><Changes>{changes}\
             </Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
        );
        let path = format!("/2013-04-01/hostedzone/{zone}/rrset/");
        self.raw("route53", "us-east-1", "POST", &path).body(xml).send()?.ok()?;
        Ok(())
    }

    /// Makes a volume of a GiB in the first zone of a region and tells its id.
    pub fn create_volume(&self, region: &str) -> Result<String> {
        let zone = format!("{region}a");
        let pairs = [("AvailabilityZone", zone.as_str()), ("Size", "1")];
        let made = self.query("ec2", region, "CreateVolume", &pairs)?.ok()?;
        Ok(made.texts("volumeId").into_iter().next().unwrap_or_default())
    }

    /// Makes a VPC, whose addresses no other test minds, and tells its id.
    pub fn create_vpc(&self, region: &str) -> Result<String> {
        let made =
            self.query("ec2", region, "CreateVpc", &[("CidrBlock", "10.77.0.0/16")])?.ok()?;
        Ok(made.texts("vpcId").into_iter().next().unwrap_or_default())
    }

    /// Makes a security group in the region's default VPC and tells its id.
    pub fn create_security_group(&self, region: &str, name: &str) -> Result<String> {
        let pairs = [("GroupName", name), ("GroupDescription", "Of a service")];
        let made = self.query("ec2", region, "CreateSecurityGroup", &pairs)?.ok()?;
        Ok(made.texts("groupId").into_iter().next().unwrap_or_default())
    }

    /// Lets a range of addresses reach a TCP port of what is in a security group.
    pub fn allow(&self, region: &str, group: &str, port: u16, from: &str, why: &str) -> Result<()> {
        let port = port.to_string();
        let pairs = [
            ("GroupId", group),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", &port),
            ("IpPermissions.1.ToPort", &port),
            ("IpPermissions.1.IpRanges.1.CidrIp", from),
            ("IpPermissions.1.IpRanges.1.Description", why),
        ];
        let told = if why.is_empty() { &pairs[..5] } else { &pairs[..] };
        self.query("ec2", region, "AuthorizeSecurityGroupIngress", told)?.ok()?;
        Ok(())
    }

    /// Starts an instance and tells its id.
    pub fn run_instance(&self, region: &str) -> Result<String> {
        // Of an image that the server has from the start.
        let pairs = [("ImageId", "ami-12c6146b"), ("MinCount", "1"), ("MaxCount", "1")];
        let made = self.query("ec2", region, "RunInstances", &pairs)?.ok()?;
        Ok(made.texts("instanceId").into_iter().next().unwrap_or_default())
    }

    /// Makes an Auto Scaling group with two instances, of at most four.
    pub fn create_group(&self, region: &str, name: &str) -> Result<()> {
        let launch = format!("{name}-launch");
        let pairs = [
            ("LaunchConfigurationName", launch.as_str()),
            ("ImageId", "ami-12c6146b"),
            ("InstanceType", "t3.micro"),
        ];
        self.query("autoscaling", region, "CreateLaunchConfiguration", &pairs)?.ok()?;
        let zone = format!("{region}a");
        let pairs = [
            ("AutoScalingGroupName", name),
            ("LaunchConfigurationName", launch.as_str()),
            ("MinSize", "1"),
            ("MaxSize", "4"),
            ("DesiredCapacity", "2"),
            ("AvailabilityZones.member.1", zone.as_str()),
        ];
        self.query("autoscaling", region, "CreateAutoScalingGroup", &pairs)?.ok()?;
        Ok(())
    }

    /// What is left on the servers: buckets, zones with their records (not SOA and NS), health
    /// checks, roles, snapshots and security groups (of the two regions that tests use, without
    /// what a region has from the start), a line each. Long lists are told by their first page.
    pub fn everything_left(&self) -> Result<Vec<String>> {
        let mut left = Vec::new();
        let buckets = self.raw("s3", "us-east-1", "GET", "/").send()?.ok()?.text();
        left.extend(texts(&buckets, "Bucket").filter_map(|b| one("bucket", b, "Name")));
        let roles = self.query("iam", "us-east-1", "ListRoles", &[])?.ok()?.text();
        left.extend(texts(&roles, "RoleName").map(|name| format!("role {name}")));
        for region in ["us-east-1", "us-west-2"] {
            let own = [("Filter.1.Name", "owner-id"), ("Filter.1.Value.1", ACCOUNT)];
            let snapshots = self.query("ec2", region, "DescribeSnapshots", &own)?.ok()?;
            left.extend(snapshots.texts("snapshotId").iter().map(|id| format!("snapshot {id}")));
            let groups = self.query("ec2", region, "DescribeSecurityGroups", &[])?.ok()?;
            let names = groups.texts("groupName").into_iter().filter(|name| name != "default");
            left.extend(names.map(|name| format!("security group {name}")));
        }
        for server in [ServerKind::MiniStack, ServerKind::Moto] {
            self.zones_left(server, &mut left)?;
        }
        Ok(left)
    }

    fn zones_left(&self, server: ServerKind, left: &mut Vec<String>) -> Result<()> {
        let get = |path: &str| {
            let raw = self.raw_at(server, ["route53", "us-east-1", "GET", path]);
            Result::Ok(raw.send()?.ok()?.text())
        };
        let zones = get("/2013-04-01/hostedzone")?;
        for zone in texts(&zones, "HostedZone") {
            left.extend(one("zone", zone, "Name"));
            let Some(id) = zone_id(zone) else { continue };
            let sets = get(&format!("/2013-04-01/hostedzone/{id}/rrset"))?;
            let own = |set: &&str| !set.contains("<Type>SOA<") && !set.contains("<Type>NS<");
            let own = texts(&sets, "ResourceRecordSet").filter(own);
            left.extend(own.filter_map(|set| one("record", set, "Name")));
        }
        let checks = get("/2013-04-01/healthcheck")?;
        left.extend(texts(&checks, "HealthCheck").filter_map(|c| one("health check", c, "Id")));
        Ok(())
    }

    fn put(&self, region: &str, path: &str, body: impl Into<Bytes>) -> Result<()> {
        self.raw("s3", region, "PUT", path).body(body).send()?.ok()?;
        Ok(())
    }
}

fn one(what: &str, xml: &str, element: &str) -> Option<String> {
    texts(xml, element).next().map(|name| format!("{what} {name}"))
}

fn zone_id(xml: &str) -> Option<String> {
    let id = texts(xml, "Id").find_map(|id| id.strip_prefix("/hostedzone/"))?;
    Some(id.to_owned())
}

/// What stands between `<element>` and `</element>`, each time.
pub(crate) fn texts<'a>(xml: &'a str, element: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let start = rest.find(&open)? + open.len();
        let end = start + rest[start..].find(&close)?;
        let text = &rest[start..end];
        rest = &rest[end..];
        Some(text)
    })
}

/// Percent-encodes a form value.
fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let one =
        |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(one).collect()
}
