//! How synthetics and their documents are put together.

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Path, Span, Value};

use crate::address::{Address, Key, Mode, ModulePath};
use crate::desired::{Planned, Synthetic, Template};
use crate::topology::{Needs, Open};

/// The provider of all objects that blocks stand for so far.
const PROVIDER: &str = "aws";

/// The version of the policy language (IAM user guide, "IAM JSON policy elements: Version").
const POLICY_VERSION: &str = "2012-10-17";

/// What has been made so far.
#[derive(Default)]
pub(super) struct Made(BTreeMap<Address, Synthetic>);

impl Made {
    /// Adds an object.
    pub(super) fn add(&mut self, address: Address, planned: Planned) {
        let whole = address.whole();
        let key = address.key.unwrap_or_else(|| Key::Text("global".into()));
        let synthetic = self.0.entry(whole.clone()).or_insert_with(|| Synthetic {
            address: whole,
            provider: PROVIDER.into(),
            instances: BTreeMap::new(),
        });
        synthetic.instances.insert(key, planned);
    }

    /// Lets all objects of a block come after what its `depends_on` names.
    pub(super) fn depend(&mut self, block: &str, needs: &Needs) {
        let mut after: Vec<Address> = Vec::new();
        for need in &needs.blocks {
            let keyed = format!("{need}[");
            let whole = self
                .0
                .values()
                .filter(|s| *s.address.name == **need || s.address.name.starts_with(&keyed));
            after.extend(
                whole.flat_map(|s| {
                    s.instances.keys().map(|key| s.address.instance(Some(key.clone())))
                }),
            );
        }
        let root = ModulePath::root();
        after
            .extend(needs.resources.iter().map(|key| crate::evaluation::address(&root, key, None)));
        if after.is_empty() {
            return;
        }
        for synthetic in self.0.values_mut().filter(|s| *s.address.name == *block) {
            for planned in synthetic.instances.values_mut() {
                planned.after.extend(after.iter().cloned());
            }
        }
    }

    pub(super) fn finish(self) -> Vec<Synthetic> {
        self.0.into_values().collect()
    }
}

/// The address of an object of a block: `bucket.exports.aws_s3_bucket["us-east-1"]`.
pub(super) fn address(block: &str, name: &str, kind: &str, key: &str) -> Address {
    Address {
        module: ModulePath::root(),
        mode: Mode::Managed,
        kind: kind.into(),
        name: format!("{block}.{name}").into(),
        key: Some(Key::Text(key.into())),
    }
}

/// A managed object.
pub(super) fn planned<const N: usize>(span: Span, document: [(&str, Template); N]) -> Planned {
    Planned {
        document: document.into_iter().map(|(name, t)| (Name::from(name), t)).collect(),
        span,
        only_primary: false,
        operated: false,
        adopt: false,
        after: Vec::new(),
        prevent_destroy: false,
        part: None,
        closed: Vec::new(),
        leaving: Vec::new(),
        sealed: Vec::new(),
        follows: None,
    }
}

/// Adds an attribute, where the files give it.
pub(super) fn also(planned: &mut Planned, name: &str, template: Option<Template>) {
    planned.document.extend(template.map(|template| (name.into(), template)));
}

/// Adds tags, where the files give them.
pub(super) fn tagged(planned: &mut Planned, tags: Option<&Open>) {
    also(planned, "tags", tags.map(open));
}

/// An attribute of another object.
pub(super) fn of(address: &Address, attribute: &str) -> Template {
    Template::Ref(address.clone(), Path::attr(attribute))
}

/// A value that files gave.
pub(super) fn open(open: &Open) -> Template {
    match open {
        Open::Known(value) => Template::Value(value.clone()),
        Open::Later(expr) => Template::Expr(expr.clone()),
    }
}

/// A known value.
pub(super) fn value(value: Value) -> Template {
    Template::Value(value)
}

/// A text.
pub(super) fn text(text: &str) -> Value {
    Value::string(text)
}

/// A number that fits by the checks of the topology.
pub(super) fn number(n: u64) -> Value {
    Value::int(i64::try_from(n).unwrap_or(i64::MAX))
}

/// `Enabled` or `Disabled`.
pub(super) fn switch(on: bool) -> Value {
    text(if on { "Enabled" } else { "Disabled" })
}

/// A list.
pub(super) fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::tuple(items.into_iter().collect())
}

/// An object.
pub(super) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::object(entries.into_iter().map(|(name, v)| (Name::from(name), v)))
}

/// A nested block: a list with one object.
pub(super) fn block<const N: usize>(entries: [(&str, Value); N]) -> Value {
    list([object(entries)])
}

/// The JSON text of a policy.
pub(super) fn policy(statements: impl IntoIterator<Item = Value>) -> Template {
    let document = object([("Version", text(POLICY_VERSION)), ("Statement", list(statements))]);
    Template::Json(Box::new(Template::Value(document)))
}

/// The ARN of a bucket: its partition goes by the region (AWS general reference, "Amazon Resource
/// Names").
pub(super) fn bucket_arn(region: &str, bucket: &str) -> String {
    let partition = match region {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    format!("arn:{partition}:s3:::{bucket}")
}
