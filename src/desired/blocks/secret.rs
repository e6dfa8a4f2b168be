//! `secret` -> a secret of Secrets Manager in each region, which stands alone in the primary and is copied from
//! there to the others.

use lifeboat_sdk::{Name, Type, Value};

use super::build::{Made, address, also, of, planned, tagged, text, value};
use crate::address::Address;
use crate::desired::{Follows, Part, Planned};
use crate::topology::Topology;
use crate::topology::region::Region;
use crate::topology::secret::Secret;

/// Adds what a block stands for.
pub(super) fn expand(made: &mut Made, topology: &Topology, secret: &Secret) {
    let at = |region: &str| address("secret", &secret.name, "aws_secretsmanager_secret", region);
    let source = at(&topology.primary);
    for region in &topology.regions {
        let copies = (region.name != topology.primary).then_some(&source);
        made.add(at(&region.name), one(secret, region, copies));
    }
}

/// The secret of a region, which copies another, or stands alone.
fn one(secret: &Secret, region: &Region, source: Option<&Address>) -> Planned {
    let copies = source.map_or_else(|| value(Value::Null(Type::String)), |at| of(at, "arn"));
    let mut planned = planned(
        secret.span,
        [
            ("name", value(text(&secret.secret))),
            ("region", value(text(&region.aws))),
            ("replica_of", copies),
        ],
    );
    let plain = |given: &Name| value(text(given));
    also(&mut planned, "description", secret.description.as_ref().map(plain));
    also(&mut planned, "kms_key_id", secret.keys.get(&region.name).map(plain));
    tagged(&mut planned, secret.tags.as_ref());
    planned.prevent_destroy = secret.prevent_destroy;
    planned.part = Some(Part::Original);
    planned.follows = Some(("replica_of".into(), Follows::Repoint));
    planned
}
