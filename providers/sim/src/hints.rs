//! Values that only a provider knows, guessed from names, shapes and the kind.

use lifeboat_sdk::schema::{Attribute, Presence, Shape};
use lifeboat_sdk::{Location, Name, Scope, Type, Value};

/// The object whose values are guessed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hints<'a> {
    pub(crate) kind: &'a str,
    pub(crate) scope: &'a Scope,
    pub(crate) id: &'a str,
    /// Counts its changes: what is volatile changes with it.
    pub(crate) revision: u64,
}

/// A number that a text decides (FNV-1a); it may reach stored documents, so it is ours.
pub(crate) fn hash(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// What a kind is called in ARNs and ids: `bucket` of `aws_s3_bucket`.
fn stem(kind: &str) -> &str {
    kind.rsplit('_').next().unwrap_or(kind)
}

impl Hints<'_> {
    /// The id of a new object whose API makes ids up: the same for the same token.
    pub(crate) fn new_id(kind: &str, token: &str) -> Name {
        format!("{}-{:016x}", stem(kind), hash(&[kind, token])).into()
    }

    /// The document with every value that the configuration left to the provider.
    pub(crate) fn complete(
        &self,
        attributes: &[Attribute],
        desired: &Value,
        before: Option<&Value>,
    ) -> Value {
        self.object(attributes, desired, before, "")
    }

    fn object(
        &self,
        attributes: &[Attribute],
        desired: &Value,
        before: Option<&Value>,
        under: &str,
    ) -> Value {
        Value::object(attributes.iter().map(|a| {
            let wanted = desired.get(a.name).filter(|v| !v.is_null());
            let old = before.and_then(|b| b.get(a.name)).filter(|v| !v.is_null());
            let value = self.attribute(a, wanted, old, desired, under);
            (a.name.into(), value)
        }))
    }

    fn attribute(
        &self,
        a: &Attribute,
        wanted: Option<&Value>,
        old: Option<&Value>,
        desired: &Value,
        under: &str,
    ) -> Value {
        let left = match a.presence {
            Presence::Computed => true,
            Presence::OptionalComputed => {
                wanted.is_none_or(|w| w.items().is_some_and(<[_]>::is_empty))
            }
            Presence::Required | Presence::Optional => false,
        };
        if left {
            return match old {
                _ if a.name == "tags_all" && desired.get("tags").is_some() => {
                    self.guess(a, desired, under)
                }
                // Of what is volatile in a collection nobody can guess what it becomes.
                Some(old) if !a.volatile || old.items().is_some() => old.clone(),
                _ => match wanted.filter(|_| a.presence == Presence::OptionalComputed) {
                    Some(empty) => empty.clone(),
                    None => self.guess(a, desired, under),
                },
            };
        }
        match wanted {
            Some(wanted) => self.nested(&a.shape, wanted, old, &format!("{under}{}", a.name)),
            None => Value::Null(a.shape.ty()),
        }
    }

    /// Completes the objects inside a configured value.
    fn nested(&self, shape: &Shape, wanted: &Value, old: Option<&Value>, under: &str) -> Value {
        let Some(attributes) = shape.attributes() else { return wanted.clone() };
        let one = |item: &Value, old: Option<&Value>, place: &str| {
            self.object(attributes, item, old, &format!("{under}-{place}-"))
        };
        match (shape, wanted) {
            (Shape::Object(_), _) => one(wanted, old, ""),
            (Shape::List(_), Value::List(list)) => {
                let old = old.and_then(Value::items).unwrap_or_default();
                let items = list.items.iter().enumerate();
                let items = items.map(|(i, item)| one(item, old.get(i), &i.to_string()));
                Value::list(list.element.clone(), items.collect())
            }
            (Shape::Set(_), Value::Set(set)) => {
                let items = set.items.iter().map(|item| {
                    // Elements of a set have no place: what they hold names them.
                    let place = format!("{:x}", hash(&[&set_name(attributes, item)]));
                    one(item, None, &place)
                });
                Value::set(set.element.clone(), items.collect())
            }
            (Shape::Map(_), Value::Map(map)) => {
                let entries = map.entries.iter().map(|(key, item)| {
                    let old = old.and_then(|old| old.get(key));
                    (key.clone(), one(item, old, key))
                });
                Value::map(map.element.clone(), entries)
            }
            _ => wanted.clone(),
        }
    }

    /// A value by the attribute's name and shape.
    fn guess(&self, a: &Attribute, desired: &Value, under: &str) -> Value {
        match &a.shape {
            Shape::String => Value::string(self.text(a, desired, under)),
            Shape::Bool => Value::Bool(false),
            Shape::Number if a.volatile => {
                Value::int(i64::try_from(self.revision).unwrap_or(i64::MAX))
            }
            Shape::Number => Value::int(0),
            Shape::List(Shape::String) if a.name == "name_servers" => {
                let name = |n| Value::string(format!("ns-{n}.{}.sim", self.id));
                Value::list(Type::String, (1..=4).map(name).collect())
            }
            Shape::List(element) => Value::list(element.ty(), Vec::new()),
            Shape::Set(element) => Value::set(element.ty(), Vec::new()),
            Shape::Map(element) if a.name == "tags_all" => match desired.get("tags") {
                Some(tags) if !tags.is_null() => tags.clone(),
                _ => Value::map(element.ty(), []),
            },
            Shape::Map(element) => Value::map(element.ty(), []),
            Shape::Object(attributes) => {
                let nothing = Value::object([]);
                self.object(attributes, &nothing, None, &format!("{under}{}-", a.name))
            }
            Shape::Dynamic => match a.name {
                "output" => desired.get("input").cloned().unwrap_or_else(Value::null),
                _ => Value::null(),
            },
        }
    }

    fn text(&self, a: &Attribute, desired: &Value, under: &str) -> String {
        let region = self.scope.location.region();
        let service = &self.scope.service;
        let named = |name: &str| desired.get(name).and_then(Value::as_str).map(str::to_owned);
        match a.name {
            "id" if under.is_empty() => self.id.to_owned(),
            "arn" => self.arn(),
            "region" => region.to_string(),
            "account_id" | "owner_id" => self.scope.account.to_string(),
            "status" | "state" => "ready".to_owned(),
            "table_status" | "replica_status" => "ACTIVE".to_owned(),
            "name" | "bucket" if under.is_empty() => self.id.to_owned(),
            "fqdn" => named("name").unwrap_or_else(|| self.id.to_owned()),
            // The id by its longer name: `zone_id` of a zone.
            name if under.is_empty() && name.strip_suffix("_id") == Some(stem(self.kind)) => {
                self.id.to_owned()
            }
            "zone_id" | "hosted_zone_id" => {
                format!("Z{:016X}", hash(&[self.kind, self.id]))
            }
            "create_date" | "created_at" | "creation_date" => "2026-01-01T00:00:00Z".to_owned(),
            name if name.ends_with("_arn") => format!("{}/{name}", self.arn()),
            name if ["domain_name", "endpoint", "address"]
                .iter()
                .any(|end| name.ends_with(end)) =>
            {
                format!("{}.{service}.{region}.sim", self.id)
            }
            name if a.volatile => format!("{name}-{}", self.revision),
            name => {
                format!("{}{name}-{:08x}", under, hash(&[self.kind, self.id, under, name]) >> 32)
            }
        }
    }

    /// The ARN, in the form that policies of the service name.
    fn arn(&self) -> String {
        let Scope { account, service, location, .. } = self.scope;
        let (stem, id) = (stem(self.kind), self.id);
        match (&**service, location) {
            ("s3", _) => format!("arn:aws:s3:::{id}"),
            ("route53", _) => format!("arn:aws:route53:::{stem}/{id}"),
            (service, Location::Global { .. }) => {
                format!("arn:aws:{service}::{account}:{stem}/{id}")
            }
            (service, Location::Region(region)) => {
                format!("arn:aws:{service}:{region}:{account}:{stem}/{id}")
            }
        }
    }
}

/// The text by which an element of a set is known: its keys, or all that is configured.
fn set_name(attributes: &[Attribute], item: &Value) -> String {
    let keyed = attributes.iter().any(|a| a.set_key);
    let parts =
        attributes.iter().filter(|a| if keyed { a.set_key } else { !a.presence.computed() });
    parts.map(|a| format!("{:?}", item.get(a.name))).collect()
}
