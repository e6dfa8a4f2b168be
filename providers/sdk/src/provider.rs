//! `Provider`: a list of kinds and data sources and how to configure them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::call::Call;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::future::BoxFuture;
use crate::kind::{DynData, DynKind};
use crate::schema::Schema;
use crate::session::Limits;
use crate::shelf::Shelf;
use crate::value::{KnownDoc, Name};

/// The environment variables of the process, read once by the command line.
pub type Environment = BTreeMap<String, String>;

/// A provider before it is configured.
pub trait Provider: Send + Sync {
    /// Its local name: `aws`.
    fn name(&self) -> &'static str;

    /// The address that Terraform's provider of these kinds has, for JSON.
    fn source(&self) -> &'static str;

    /// The schema of its `provider` block.
    fn schema(&self) -> &'static Schema;

    /// Its kinds: name, schema and pure hooks work without configuration.
    fn kinds(&self) -> Vec<Arc<dyn DynKind>>;

    /// Its data sources.
    fn data_sources(&self) -> Vec<Arc<dyn DynData>>;

    /// Every call that it can make: for the matrices, the permissions and tidy.
    fn calls(&self) -> &'static [&'static Call];

    /// Configures it from the `provider` block's document. Makes no call.
    ///
    /// # Errors
    /// Where the configuration cannot be used.
    fn configure(
        &self,
        config: &KnownDoc,
        environment: &Environment,
    ) -> Result<Arc<dyn Configured>, Failure>;
}

/// What credentials need, as far as that is known without using them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// What must answer for them whichever region is called, and its region.
    pub places: Vec<(String, Name)>,
    /// Why they may end by themselves while they are used; nothing where they do not.
    pub ends: Option<&'static str>,
}

/// A provider that can make calls.
pub trait Configured: Send + Sync {
    /// Its kinds, able to make calls.
    fn kinds(&self) -> Vec<Arc<dyn DynKind>>;

    /// Its data sources, able to make calls.
    fn data_sources(&self) -> Vec<Arc<dyn DynData>>;

    /// The region of objects that name none.
    fn default_region(&self) -> Option<Name>;

    /// Attributes that are added to every object that has them (`default_tags`).
    fn default_tags(&self) -> Vec<(Name, Name)>;

    /// How hard it may be called.
    fn limits(&self) -> Limits;

    /// The account ids that it may work in; empty for any.
    fn allowed_accounts(&self) -> Vec<Name>;

    /// What its credentials need. Makes no call.
    fn credentials(&self) -> Credentials {
        Credentials::default()
    }

    /// Where role records and region bundles lie; `None` where it has no place for them.
    fn shelf(&self) -> Option<Arc<dyn Shelf>> {
        None
    }

    /// Asks who we are, in `region`: the account id or the cluster's UID.
    fn identity<'a>(
        &'a self,
        ctx: &'a Ctx,
        region: &'a str,
    ) -> BoxFuture<'a, Result<Name, Failure>>;
}

impl fmt::Debug for dyn Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Configured")
    }
}
