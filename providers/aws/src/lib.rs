//! The provider `aws`: the list of all AWS crates' kinds, data sources and calls.

use std::sync::Arc;

use lifeboat_aws_core::sts::{self, CallerIdentityData, RegionData};
use lifeboat_aws_core::{Clients, Config};
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{DynData, DynKind, erase_data};
use lifeboat_sdk::provider::{Configured, Credentials, Environment, Provider};
use lifeboat_sdk::{Call, Class, Ctx, Failure, KnownDoc, Limits, Name, Object as _, Schema, Shelf};
use {
    lifeboat_aws_autoscaling as autoscaling, lifeboat_aws_ec2 as ec2, lifeboat_aws_iam as iam,
    lifeboat_aws_route53 as route53, lifeboat_aws_s3 as s3,
};

/// The calls of each crate.
const CRATES: [&[&Call]; 6] =
    [autoscaling::CALLS, ec2::CALLS, iam::CALLS, route53::CALLS, s3::CALLS, sts::CALLS];

/// How many calls there are.
const COUNT: usize = {
    let (mut n, mut count) = (0, 0);
    while n < CRATES.len() {
        count += CRATES[n].len();
        n += 1;
    }
    count
};

/// Every call that the provider can make.
pub const CALLS: [&Call; COUNT] = {
    let mut all = [CRATES[0][0]; COUNT];
    let (mut n, mut at) = (0, 0);
    while n < CRATES.len() {
        let mut i = 0;
        while i < CRATES[n].len() {
            all[at] = CRATES[n][i];
            at += 1;
            i += 1;
        }
        n += 1;
    }
    all
};

/// The kinds of all services, with `clients` to make calls or none.
pub fn kinds(clients: &Clients) -> Vec<Arc<dyn DynKind>> {
    [
        autoscaling::kinds(clients),
        ec2::kinds(clients),
        iam::kinds(clients),
        route53::kinds(clients),
        s3::kinds(clients),
    ]
    .concat()
}

/// The data sources of all services, with `clients` to make calls or none.
pub fn data_sources(clients: &Clients) -> Vec<Arc<dyn DynData>> {
    let own = vec![erase_data(CallerIdentityData(clients.clone())), erase_data(RegionData)];
    [
        own,
        autoscaling::data_sources(clients),
        ec2::data_sources(clients),
        iam::data_sources(clients),
        route53::data_sources(clients),
    ]
    .concat()
}

/// The provider `aws` before it is configured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aws;

impl Provider for Aws {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn source(&self) -> &'static str {
        "registry.terraform.io/hashicorp/aws"
    }

    fn schema(&self) -> &'static Schema {
        Config::SCHEMA
    }

    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        kinds(&Clients::unconfigured())
    }

    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        data_sources(&Clients::unconfigured())
    }

    fn calls(&self) -> &'static [&'static Call] {
        &CALLS
    }

    fn configure(
        &self,
        config: &KnownDoc,
        environment: &Environment,
    ) -> Result<Arc<dyn Configured>, Failure> {
        let config = Config::decode(config.value())
            .map_err(|e| Failure::new(Class::Invalid, format!("provider \"aws\": {e}")))?;
        Ok(Arc::new(ConfiguredAws(Clients::new(&config, environment)?)))
    }
}

/// The provider `aws` with a configuration, able to make calls.
#[derive(Clone, Debug)]
pub struct ConfiguredAws(Clients);

impl Configured for ConfiguredAws {
    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        kinds(&self.0)
    }

    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        data_sources(&self.0)
    }

    fn default_region(&self) -> Option<Name> {
        self.0.settings().and_then(|settings| settings.region())
    }

    fn default_tags(&self) -> Vec<(Name, Name)> {
        self.0.settings().map(|settings| settings.default_tags().to_vec()).unwrap_or_default()
    }

    fn limits(&self) -> Limits {
        self.0.settings().map(|settings| settings.limits().clone()).unwrap_or_default()
    }

    fn allowed_accounts(&self) -> Vec<Name> {
        self.0.settings().map(|settings| settings.allowed_accounts().to_vec()).unwrap_or_default()
    }

    fn credentials(&self) -> Credentials {
        self.0.settings().map(|settings| settings.credentials().clone()).unwrap_or_default()
    }

    fn shelf(&self) -> Option<Arc<dyn Shelf>> {
        Some(Arc::new(s3::shelf::Buckets::new(&self.0)))
    }

    fn identity<'a>(
        &'a self,
        ctx: &'a Ctx,
        region: &'a str,
    ) -> BoxFuture<'a, Result<Name, Failure>> {
        Box::pin(sts::identity(&self.0, ctx, region))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lifeboat_sdk::{Presence, Value};

    use super::*;

    #[test]
    fn names_and_calls_are_listed_once() {
        let kinds: Vec<_> = Aws.kinds().iter().map(|kind| kind.name()).collect();
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len(), "{kinds:?}");
        let calls = CALLS.iter().map(|call| (call.service, call.operation));
        assert_eq!(calls.collect::<BTreeSet<_>>().len(), COUNT);
        for call in CALLS {
            let action = call.iam_action;
            assert!(action.starts_with(&format!("{}:", call.service)), "{action}");
        }
    }

    #[test]
    fn every_attribute_is_documented_and_every_kind_has_an_id() {
        fn documented(of: &str, attributes: &[lifeboat_sdk::Attribute]) {
            for attribute in attributes {
                assert!(!attribute.doc.is_empty(), "{of}.{}", attribute.name);
                documented(of, attribute.shape.attributes().unwrap_or_default());
            }
        }
        for kind in Aws.kinds() {
            let schema = kind.schema();
            documented(kind.name(), schema.attributes);
            let id = schema.attribute("id").map(|id| (id.presence, id.identity));
            assert_eq!(id, Some((Presence::Computed, true)), "{}", kind.name());
        }
    }

    #[test]
    fn route_53_is_called_five_times_a_second_unless_the_block_says_otherwise() {
        let empty = Config::default().encode();
        let configured = |document: &Value| {
            let document = KnownDoc::new(document).unwrap();
            Aws.configure(&document, &Environment::new()).unwrap()
        };
        assert_eq!(configured(&empty).limits().rates["route53"], 5.0);
        let limits =
            lifeboat_aws_core::config::RateLimits { route53: Some(0.0), ..Default::default() };
        let none = Config { rate_limits: vec![limits], ..Config::default() }.encode();
        assert_eq!(configured(&none).limits().rates["route53"], 0.0);
    }
}
