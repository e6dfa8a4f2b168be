//! The kinds of S3: buckets and their settings.
//!
//! A setting of a bucket is a kind of its own, as in Terraform. What a live bucket has without
//! being told (no versioning, encryption with S3's own keys) is no such object: see
//! [`setting::at_default`].

#![allow(clippy::result_large_err, reason = "`Failure` is the contract's, and calls are rare")]

pub mod bucket;
pub mod encryption;
pub mod filter;
pub mod lifecycle;
pub mod object;
pub mod object_lock;
pub mod policy;
pub mod public_access_block;
pub mod replication;
pub mod setting;
pub mod shelf;
pub mod versioning;

use std::sync::Arc;

use aws_sdk_s3::Client;
use lifeboat_aws_core::Clients;
use lifeboat_sdk::kind::{DynKind, erase};
use lifeboat_sdk::{Call, Failure, Scope, Service};

use setting::{Setting, SettingKind};

/// S3 as a service: in each region.
pub const S3: Service = Service { name: "s3", home: None };

/// Every call of this crate.
pub const CALLS: &[&Call] = &[
    &bucket::LIST_BUCKETS,
    &bucket::CREATE_BUCKET,
    &bucket::DELETE_BUCKET,
    &bucket::GET_TAGGING,
    &bucket::PUT_TAGGING,
    &bucket::DELETE_TAGGING,
    &bucket::contents::LIST_VERSIONS,
    &bucket::contents::DELETE_OBJECTS,
    &versioning::GET,
    &versioning::PUT,
    &encryption::GET,
    &encryption::PUT,
    &encryption::DELETE,
    &public_access_block::GET,
    &public_access_block::PUT,
    &public_access_block::DELETE,
    &lifecycle::GET,
    &lifecycle::PUT,
    &lifecycle::DELETE,
    &replication::GET,
    &replication::PUT,
    &replication::DELETE,
    &replication::listing::LIST,
    &replication::content::HEAD,
    &replication::backfill::COPY,
    &replication::parts::CREATE,
    &replication::parts::PART,
    &replication::parts::COMPLETE,
    &replication::parts::ABORT,
    &replication::parts::TAGS,
    &replication::parts::UPLOADS,
    &object_lock::GET,
    &object_lock::PUT,
    &policy::GET,
    &policy::PUT,
    &policy::DELETE,
    &object::GET,
    &object::PUT,
    &object::DELETE,
];

/// All kinds, with `clients` to make calls or none.
pub fn kinds(clients: &Clients) -> Vec<Arc<dyn DynKind>> {
    vec![
        erase(bucket::BucketKind(clients.clone())),
        setting::<versioning::Versioning>(clients),
        setting::<encryption::Encryption>(clients),
        setting::<public_access_block::PublicAccessBlock>(clients),
        setting::<lifecycle::Lifecycle>(clients),
        setting::<replication::Replication>(clients),
        setting::<object_lock::ObjectLock>(clients),
        setting::<policy::Policy>(clients),
        erase(object::ObjectKind(clients.clone())),
    ]
}

/// The kind of a setting.
fn setting<S: Setting>(clients: &Clients) -> Arc<dyn DynKind> {
    erase(SettingKind::<S>::new(clients))
}

/// The client of the region of `scope`.
pub(crate) async fn client(clients: &Clients, scope: &Scope) -> Result<Client, Failure> {
    let make = |base: &lifeboat_aws_core::Base| {
        let config = aws_sdk_s3::config::Builder::from(base.sdk())
            .interceptor(base.guard())
            .force_path_style(base.path_style());
        Client::from_conf(config.build())
    };
    clients.client(scope, S3.name, make).await
}

/// The account that the bucket must belong to, where the scope's is known: S3 then refuses to
/// touch a bucket of that name in another account (`x-amz-expected-bucket-owner`).
pub(crate) fn owner(scope: &Scope) -> Option<String> {
    let id = &*scope.account;
    let known = id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
    known.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::{Ownership, Value};

    use super::*;

    #[test]
    fn a_setting_is_looked_for_by_its_bucket() {
        let document = Value::object([("bucket".into(), Value::string("exports"))]);
        let all = kinds(&Clients::unconfigured());
        let parts = all.iter().filter(|k| k.ownership() == Ownership::Parent);
        let settings: Vec<_> = parts.filter(|k| k.name() != "aws_s3_object").collect();
        assert_eq!(settings.len(), 7);
        for kind in settings {
            assert_eq!(kind.id_of(&document).as_deref(), Some("exports"), "{}", kind.name());
        }
    }
}
