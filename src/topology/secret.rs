//! `secret` blocks: a secret of Secrets Manager in each region, which stands alone in the primary and is a
//! replica of that in the others. Its value is nowhere in the files.

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use super::read::{Open, Reader, Source};
use super::{Ground, Needs, bucket, codes, naming, region};

/// A secret in each region.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The block's name with its key.
    pub name: Name,
    /// What it is called, in each region the same.
    pub secret: Name,
    /// What it is.
    pub description: Option<Name>,
    /// Keys by region.
    pub keys: BTreeMap<Name, Name>,
    /// Tags.
    pub tags: Option<Open>,
    /// Whether destroying it is refused.
    pub prevent_destroy: bool,
    /// What it must come after.
    pub needs: Needs,
    /// The block's header.
    pub span: Span,
}

/// A secret of Secrets Manager, and replicas of it. Others put the value in.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct SecretBlock {
    /// Its name, the same in each region; made of topology and block where none is given.
    #[kind(optional)]
    pub name: Option<String>,
    /// What it is.
    #[kind(optional)]
    pub description: Option<String>,
    /// The ARN of the key by region.
    #[kind(optional)]
    pub kms_key_id: BTreeMap<String, String>,
    /// Tags.
    #[kind(optional)]
    pub tags: Option<lifeboat_sdk::Value>,
    /// Whether destroying it is refused.
    #[kind(default = "false")]
    pub prevent_destroy: Option<bool>,
}

/// The longest name (Secrets Manager API reference, `CreateSecret`).
const LONGEST: usize = 512;

/// Reads all `secret` blocks.
pub(super) fn read(reader: &mut Reader<'_, '_>, ground: &Ground<'_>) -> Vec<Secret> {
    let sources = reader.sources("secret");
    let all: Vec<Secret> = sources.iter().filter_map(|s| one(reader, ground, s)).collect();
    let names = all.iter().map(|secret| (&secret.secret, secret.span));
    naming::unique(reader, names, |name| {
        let detail = format!("{name:?} is the name of two secrets.");
        codes::SECRET_NAME.error(detail).help("Give each a name of its own.")
    });
    all
}

fn one(reader: &mut Reader<'_, '_>, ground: &Ground<'_>, source: &Source<'_>) -> Option<Secret> {
    let mut body = source.body.clone();
    let tags = reader.open(source, &mut body, "tags");
    let given = reader.decode::<SecretBlock>(source, &body)?;
    let before = reader.found.0.len();
    bucket::tags_fit(reader, tags.as_ref(), source.at("tags"));
    let derived = || naming::within(&[&ground.topology, &source.name], LONGEST);
    let name = given.name.clone().unwrap_or_else(derived);
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(plain) {
        let detail = format!("Secrets Manager does not take {name:?} as the name of a secret.");
        let help = "Write letters, digits and /_+=.@- only: orders/password.";
        reader.found.push(codes::SECRET_NAME.error(detail).at(source.at("name")).help(help));
    }
    let keys = ("kms_key_id", &given.kms_key_id);
    let keys = region::some_texts(reader, ground, keys, source);
    (reader.found.0.len() == before).then(|| Secret {
        name: source.name.clone(),
        secret: name.into(),
        description: given.description.map(Into::into),
        keys,
        tags,
        prevent_destroy: given.prevent_destroy.unwrap_or(false),
        needs: Needs::of(source.block),
        span: source.span,
    })
}
