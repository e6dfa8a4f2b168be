//! `Scope`: the unit that is reachable or not: provider, account, location, service.

use std::fmt;

use crate::value::Name;

/// A region of a cloud or a cluster, as the topology names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionName(pub Name);

impl fmt::Display for RegionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for RegionName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

/// Where a service's endpoint is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// In one region.
    Region(RegionName),
    /// A global control plane and the region that is its home (Route 53, IAM: us-east-1).
    Global {
        /// The home region.
        home: RegionName,
    },
}

impl Location {
    /// The region, or the home of the global plane.
    pub fn region(&self) -> &RegionName {
        match self {
            Self::Region(region) | Self::Global { home: region } => region,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(region) => write!(f, "{region}"),
            Self::Global { home } => write!(f, "global@{home}"),
        }
    }
}

/// One circuit: calls of one scope share a breaker, a token bucket and a semaphore.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The provider's name and alias: `aws`, `aws.dr`.
    pub provider: Name,
    /// The account id, or a cluster's name.
    pub account: Name,
    /// Region or global plane.
    pub location: Location,
    /// The service: `s3`, `route53`, `iam`.
    pub service: Name,
}

/// `aws/123456789012/us-west-2/s3`
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.provider, self.account, self.location, self.service)
    }
}
