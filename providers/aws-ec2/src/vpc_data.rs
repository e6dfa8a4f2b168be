//! `data "aws_vpc"`: the one VPC that fits.

use aws_sdk_ec2::types::{Vpc, VpcState};
use lifeboat_aws_core::tags::Tags;
use lifeboat_aws_core::{Clients, region};
use lifeboat_sdk::{Call, Class, Ctx, DataSource, Failure, Scope, Service};
use lifeboat_sdk_derive::Kind;

use crate::EC2;
use crate::find::{filter, listed};
use crate::query::{FilterBlock, ask, filters, ids, tags_of};

/// Lists VPCs.
pub(crate) const LIST: Call = Call::read("ec2", "DescribeVpcs", "ec2:DescribeVpcs");

/// VPCs in one page (EC2 API reference, `DescribeVpcs`).
const PAGE: i32 = 1000;

/// The one VPC that fits all that is set. None, and several, are an error.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct VpcQuery {
    /// Filters of `DescribeVpcs`.
    #[kind(block, set)]
    pub filter: Vec<FilterBlock>,
    /// Its id.
    #[kind(optional_computed)]
    pub id: Option<String>,
    /// Its first range of addresses.
    #[kind(optional_computed)]
    pub cidr_block: Option<String>,
    /// Whether it is the region's default VPC.
    #[kind(optional_computed)]
    pub default: Option<bool>,
    /// Its set of DHCP options.
    #[kind(optional_computed)]
    pub dhcp_options_id: Option<String>,
    /// `pending` or `available`.
    #[kind(optional_computed)]
    pub state: Option<String>,
    /// Tags that it has; all of them in the answer.
    #[kind(optional_computed)]
    pub tags: Option<Tags>,
    /// The region that is asked.
    #[kind(optional_computed)]
    pub region: Option<String>,
    /// How its instances share their hosts by default.
    #[kind(computed)]
    pub instance_tenancy: Option<String>,
    /// The account that owns it.
    #[kind(computed)]
    pub owner_id: Option<String>,
    /// Its ARN.
    #[kind(computed)]
    pub arn: Option<String>,
}

/// `data "aws_vpc"`
#[derive(Clone, Debug)]
pub struct VpcData(pub Clients);

impl DataSource for VpcData {
    type Object = VpcQuery;
    const NAME: &'static str = "aws_vpc";
    const SERVICE: Service = EC2;

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        document: VpcQuery,
    ) -> Result<VpcQuery, Failure> {
        let none = Tags::new();
        let mut asked = filters(&document.filter, document.tags.as_ref().unwrap_or(&none));
        let set = [
            ("vpc-id", document.id.clone()),
            ("cidr", document.cidr_block.clone()),
            ("is-default", document.default.map(|is| is.to_string())),
            ("dhcp-options-id", document.dhcp_options_id.clone()),
            ("state", document.state.clone()),
        ];
        let set = set.into_iter().filter_map(|(name, value)| Some(filter(name, [value?])));
        asked.extend(set);
        let found = one(ask::<Vpc>(&self.0, ctx, scope, asked).await?)?;
        Ok(from_api(document, &found, &scope.location.region().0))
    }
}

/// The only one.
fn one(found: Vec<Vpc>) -> Result<Vpc, Failure> {
    match &found[..] {
        [vpc] => Ok(vpc.clone()),
        [] => Err(Failure::new(Class::NotFound, "there is no VPC that fits")),
        several => {
            let ids = ids(several).join(", ");
            let text = format!("several VPCs fit: {ids}; name more of what makes it the one");
            Err(Failure::new(Class::Other, text))
        }
    }
}

fn from_api(document: VpcQuery, vpc: &Vpc, here: &str) -> VpcQuery {
    let id = vpc.vpc_id.as_deref().unwrap_or_default();
    let owner = vpc.owner_id.as_deref().unwrap_or_default();
    VpcQuery {
        filter: document.filter,
        cidr_block: vpc.cidr_block.clone(),
        default: Some(vpc.is_default.unwrap_or_default()),
        dhcp_options_id: vpc.dhcp_options_id.clone(),
        state: vpc.state.as_ref().map(VpcState::as_str).map(str::to_owned),
        tags: Some(tags_of(vpc)),
        region: Some(here.to_owned()),
        instance_tenancy: vpc.instance_tenancy.as_ref().map(|it| it.as_str().to_owned()),
        owner_id: vpc.owner_id.clone(),
        arn: Some(format!("arn:{}:ec2:{here}:{owner}:vpc/{id}", region::partition(here))),
        id: Some(id.to_owned()),
    }
}

listed!(
    Vpc, "VPCs", "vpc-id" by vpc_id, LIST,
    |client| client.describe_vpcs().max_results(PAGE), |answer| answer.vpcs
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_and_several_are_told() {
        let vpc = |id: &str| Vpc::builder().vpc_id(id).build();
        assert_eq!(one(vec![vpc("vpc-1")]).unwrap().vpc_id.as_deref(), Some("vpc-1"));
        assert_eq!(one(Vec::new()).unwrap_err().class, Class::NotFound);
        let several = one(vec![vpc("vpc-1"), vpc("vpc-2")]).unwrap_err();
        assert!(several.message.contains("vpc-1, vpc-2"), "{several}");
    }
}
