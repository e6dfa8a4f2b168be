//! Changes of state by hand: what an address that was typed stands for, and where a move puts it.
//! Pure.

use std::collections::BTreeMap;

use lifeboat_sdk::Name;
use lifeboat_state::model::{ObjectRecord, State};

use crate::address::{Address, Mode, ModulePath, ModuleStep};
use crate::apply::record;

/// What an address that was typed stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `module.a`, `module.a["k"]`: all that is in it.
    Module(ModulePath),
    /// `bucket.exports`: all that a topology block stands for.
    Block {
        /// Its module.
        module: ModulePath,
        /// The block: `bucket.exports`.
        name: Name,
    },
    /// `aws_s3_bucket.a`, a resource with all its instances, or `aws_s3_bucket.a[0]`, one of them.
    Object(Address),
}

impl Place {
    /// What `text` stands for in a state with these objects. They tell a topology block from a
    /// resource: no type of a resource is that of a block.
    pub fn parse<'a>(text: &str, objects: impl IntoIterator<Item = &'a Address>) -> Option<Self> {
        if let Some(module) = ModulePath::parse(text) {
            return Some(Self::Module(module));
        }
        let at = Address::parse(text)?;
        let block = block(&at);
        let (mut resource, mut of_block) = (false, false);
        for object in objects {
            resource |= object.whole() == at.whole();
            of_block |= block.as_ref().is_some_and(|name| is_of(object, &at.module, name));
        }
        Some(match block {
            Some(name) if of_block && !resource => Self::Block { module: at.module, name },
            _ => Self::Object(at),
        })
    }

    /// Where something of the sort of `from` is to go.
    fn parse_like(text: &str, from: &Self) -> Option<Self> {
        if let Some(module) = ModulePath::parse(text) {
            return Some(Self::Module(module));
        }
        let at = Address::parse(text)?;
        match (from, block(&at)) {
            (Self::Block { .. }, Some(name)) => Some(Self::Block { module: at.module, name }),
            _ => Some(Self::Object(at)),
        }
    }

    /// Whether the object is meant.
    pub fn covers(&self, object: &Address) -> bool {
        match self {
            Self::Module(module) => rest(module, object, false).is_some(),
            Self::Block { module, name } => is_of(object, module, name),
            Self::Object(at) if at.key.is_none() => object.whole() == *at,
            Self::Object(at) => object == at,
        }
    }

    /// In a word.
    fn sort(&self) -> &'static str {
        match self {
            Self::Module(_) => "a module",
            Self::Block { .. } => "a topology block",
            Self::Object(_) => "a resource",
        }
    }
}

/// The name under which objects of the block `at` would be.
fn block(at: &Address) -> Option<Name> {
    let key = at.key.as_ref().map(ToString::to_string).unwrap_or_default();
    let block = at.mode == Mode::Managed && !at.of_block();
    block.then(|| format!("{}.{}{key}", at.kind, at.name).into())
}

fn is_of(object: &Address, module: &ModulePath, name: &str) -> bool {
    object.module == *module && *object.name == *name
}

/// The steps of an object's module below `module`, if it lies there; the last key of `module` may
/// be left out for all instances, unless it is `exact`.
fn rest<'o>(module: &ModulePath, object: &'o Address, exact: bool) -> Option<&'o [ModuleStep]> {
    let (last, before) = module.0.split_last()?;
    let steps = &object.module.0;
    let inside = steps.get(..before.len())? == before;
    let step = steps.get(before.len())?;
    let key = (last.key.is_none() && !exact) || step.key == last.key;
    (inside && step.name == last.name && key).then(|| &steps[module.0.len()..])
}

/// Why a move is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The destination is no address.
    NoAddress,
    /// It is where it is.
    Same,
    /// One is a module, the other is none, and the like.
    Sort {
        /// What the source is.
        from: &'static str,
        /// What the destination is.
        to: &'static str,
    },
    /// The types differ.
    Type {
        /// The type of the source.
        from: String,
        /// The type of the destination.
        to: String,
    },
    /// Something is there.
    Taken(Address),
    /// Several instances cannot become one.
    Several(usize),
}

/// A move of a state's objects: what goes where, in order of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The objects, each with its new address.
    pub objects: Vec<(Address, Address)>,
    from: Place,
    to: Place,
}

impl Move {
    /// The move of `from`, which stands for some of `objects`, to what was typed.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn plan<'a>(
        objects: impl IntoIterator<Item = &'a Address>,
        from: &Place,
        to: &str,
    ) -> Result<Self, Refused> {
        let to = Place::parse_like(to, from).ok_or(Refused::NoAddress)?;
        if *from == to {
            return Err(Refused::Same);
        }
        comparable(from, &to)?;
        let (meant, others): (Vec<&Address>, Vec<&Address>) =
            objects.into_iter().partition(|object| from.covers(object));
        let goes = |at: &&Address| Some(((*at).clone(), target(from, &to, at)?));
        let moved: Vec<(Address, Address)> = meant.iter().filter_map(goes).collect();
        if moved.len() < meant.len() {
            return Err(Refused::Several(meant.len()));
        }
        let taken =
            |object: &&&Address| to.covers(object) || moved.iter().any(|(_, to)| to == **object);
        if let Some(other) = others.iter().find(taken) {
            return Err(Refused::Taken((*other).clone()));
        }
        Ok(Self { objects: moved, from: from.clone(), to })
    }

    /// The state with the objects at their new addresses, and what needs them knowing them there.
    pub fn carry_out(&self, state: &mut State) {
        let mut moved: Vec<ObjectRecord> = Vec::new();
        for (from, to) in &self.objects {
            let object = state.objects.remove(&from.to_string());
            moved.extend(object.map(|object| record::moved(object, to)));
        }
        state.objects.extend(moved.into_iter().map(|object| (object.address.clone(), object)));
        for object in state.objects.values_mut() {
            self.rename(&mut object.depends_on);
            object.deposed.iter_mut().for_each(|old| self.rename(&mut old.depends_on));
        }
    }

    fn rename(&self, needs: &mut [String]) {
        for need in needs {
            let to = Address::parse(need).and_then(|at| target(&self.from, &self.to, &at));
            if let Some(to) = to {
                *need = to.to_string();
            }
        }
    }
}

fn comparable(from: &Place, to: &Place) -> Result<(), Refused> {
    let (old, new) = match (from, to) {
        (Place::Module(_), Place::Module(_)) => return Ok(()),
        (Place::Block { name: from, .. }, Place::Block { name: to, .. }) => {
            let kind = |name: &Name| name.split('.').next().unwrap_or_default().to_owned();
            (kind(from), kind(to))
        }
        (Place::Object(from), Place::Object(to)) => {
            let kind = |at: &Address| match at.mode {
                Mode::Managed => at.kind.to_string(),
                Mode::Data => format!("data.{}", at.kind),
            };
            (kind(from), kind(to))
        }
        _ => return Err(Refused::Sort { from: from.sort(), to: to.sort() }),
    };
    if old == new { Ok(()) } else { Err(Refused::Type { from: old, to: new }) }
}

/// Where a move puts an object, or what is called by such an address; nothing if it is not meant.
fn target(from: &Place, to: &Place, at: &Address) -> Option<Address> {
    match (from, to) {
        (Place::Module(from), Place::Module(to)) => {
            let last = |path: &ModulePath| path.0.last().and_then(|step| step.key.clone());
            // `module.a` to `module.b` takes all instances along, with their keys.
            let exact = last(from).is_some() || last(to).is_some();
            let below = rest(from, at, exact)?;
            let mut steps = to.0.clone();
            if !exact && let Some(step) = steps.last_mut() {
                step.key = at.module.0.get(from.0.len() - 1)?.key.clone();
            }
            steps.extend(below.iter().cloned());
            Some(Address { module: ModulePath(steps), ..at.clone() })
        }
        (Place::Block { module, name }, Place::Block { module: new_module, name: new }) => {
            let moved = Address { module: new_module.clone(), name: new.clone(), ..at.clone() };
            is_of(at, module, name).then_some(moved)
        }
        // All instances, with their keys.
        (Place::Object(from), Place::Object(to)) if from.key.is_none() && to.key.is_none() => {
            (at.whole() == *from).then(|| to.instance(at.key.clone()))
        }
        (Place::Object(from), Place::Object(to)) => (at == from).then(|| to.clone()),
        _ => None,
    }
}

/// The state's objects by address; those whose address is none are left out.
pub fn addresses(state: &State) -> BTreeMap<Address, &ObjectRecord> {
    let parsed = |(text, object): (&String, _)| Some((Address::parse(text)?, object));
    state.objects.iter().filter_map(parsed).collect()
}

/// All that could have been meant by an address: objects, resources, blocks and modules.
pub fn names<'a>(objects: impl IntoIterator<Item = &'a Address>) -> Vec<String> {
    let mut all = Vec::new();
    for object in objects {
        all.push(object.to_string());
        all.push(object.whole().to_string());
        if object.of_block() {
            let dot = if object.module.is_root() { "" } else { "." };
            all.push(format!("{}{dot}{}", object.module, object.name));
        }
        let mut path = ModulePath::root();
        for step in &object.module.0 {
            path = path.child(&step.name, step.key.clone());
            all.push(path.to_string());
        }
    }
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECTS: [&str; 9] = [
        "bucket.exports.aws_s3_bucket[\"us-east-1\"]",
        "bucket.exports.aws_s3_bucket[\"us-west-2\"]",
        "module.a.terraform_data.x",
        "module.a.module.in.terraform_data.y",
        "module.many[\"k\"].terraform_data.x",
        "module.many[\"l\"].terraform_data.x",
        "terraform_data.one",
        "terraform_data.web[0]",
        "terraform_data.web[1]",
    ];

    fn objects() -> Vec<Address> {
        OBJECTS.iter().map(|text| Address::parse(text).unwrap()).collect()
    }

    fn moved(from: &str, to: &str) -> Result<String, Refused> {
        let objects = objects();
        let place = Place::parse(from, &objects).unwrap();
        let moved = Move::plan(&objects, &place, to)?;
        let all: Vec<String> =
            moved.objects.iter().map(|(from, to)| format!("{from} > {to}")).collect();
        Ok(all.join(", "))
    }

    #[test]
    fn an_object_an_instance_a_resource_a_block_and_a_module_move() {
        let cases = [
            ("terraform_data.one", "terraform_data.two", "terraform_data.one > terraform_data.two"),
            (
                "terraform_data.one",
                "module.m.terraform_data.one[0]",
                "terraform_data.one > module.m.terraform_data.one[0]",
            ),
            (
                "terraform_data.web[1]",
                "terraform_data.b",
                "terraform_data.web[1] > terraform_data.b",
            ),
            (
                "terraform_data.web",
                "terraform_data.site",
                "terraform_data.web[0] > terraform_data.site[0], \
                 terraform_data.web[1] > terraform_data.site[1]",
            ),
            (
                "bucket.exports",
                "bucket.files[\"a\"]",
                "bucket.exports.aws_s3_bucket[\"us-east-1\"] > \
                 bucket.files[\"a\"].aws_s3_bucket[\"us-east-1\"], \
                 bucket.exports.aws_s3_bucket[\"us-west-2\"] > \
                 bucket.files[\"a\"].aws_s3_bucket[\"us-west-2\"]",
            ),
            (
                "bucket.exports.aws_s3_bucket[\"us-west-2\"]",
                "aws_s3_bucket.b",
                "bucket.exports.aws_s3_bucket[\"us-west-2\"] > aws_s3_bucket.b",
            ),
            (
                "module.a",
                "module.b[\"k\"]",
                "module.a.terraform_data.x > module.b[\"k\"].terraform_data.x, \
                 module.a.module.in.terraform_data.y > module.b[\"k\"].module.in.terraform_data.y",
            ),
            (
                "module.many",
                "module.a.module.many",
                "module.many[\"k\"].terraform_data.x > \
                 module.a.module.many[\"k\"].terraform_data.x, \
                 module.many[\"l\"].terraform_data.x > \
                 module.a.module.many[\"l\"].terraform_data.x",
            ),
            (
                "module.many[\"k\"]",
                "module.one",
                "module.many[\"k\"].terraform_data.x > module.one.terraform_data.x",
            ),
        ];
        for (from, to, expected) in cases {
            assert_eq!(moved(from, to).as_deref(), Ok(expected), "{from} {to}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let taken = |text: &str| Err(Refused::Taken(Address::parse(text).unwrap()));
        let sort = |from, to| Err(Refused::Sort { from, to });
        let of_type =
            |from: &str, to: &str| Err(Refused::Type { from: from.into(), to: to.into() });
        let cases = [
            ("terraform_data.one", "terraform_data", Err(Refused::NoAddress)),
            ("terraform_data.one", "terraform_data.one", Err(Refused::Same)),
            ("terraform_data.one", "terraform_data.web[1]", taken("terraform_data.web[1]")),
            ("terraform_data.one", "terraform_data.web", taken("terraform_data.web[0]")),
            ("terraform_data.one", "aws_s3_bucket.one", of_type("terraform_data", "aws_s3_bucket")),
            (
                "terraform_data.one",
                "data.terraform_data.one",
                of_type("terraform_data", "data.terraform_data"),
            ),
            ("terraform_data.web", "terraform_data.site[0]", Err(Refused::Several(2))),
            ("module.many", "module.b[0]", Err(Refused::Several(2))),
            ("module.many[\"k\"]", "module.many[\"l\"]", {
                taken("module.many[\"l\"].terraform_data.x")
            }),
            ("module.a", "terraform_data.b", sort("a module", "a resource")),
            ("terraform_data.one", "module.b", sort("a resource", "a module")),
            ("bucket.exports", "module.b", sort("a topology block", "a module")),
            ("bucket.exports", "retention.exports", of_type("bucket", "retention")),
        ];
        for (from, to, expected) in cases {
            assert_eq!(moved(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn a_module_in_a_module_may_take_the_place_of_one_beside_it_only() {
        let inner = "module.a.module.in.terraform_data.y > module.in.terraform_data.y";
        assert_eq!(moved("module.a.module.in", "module.in").as_deref(), Ok(inner));
        let outer = moved("module.a", "module.a.module.in");
        // It holds what moves, too.
        assert!(outer.is_ok_and(|text| text.contains("> module.a.module.in.module.in.")));
        let at = Address::parse("module.a.terraform_data.x").unwrap();
        assert_eq!(moved("module.a.module.in", "module.a"), Err(Refused::Taken(at)));
    }

    #[test]
    fn a_place_covers_what_is_in_it() {
        let count = |text: &str| {
            let objects = objects();
            let place = Place::parse(text, &objects).unwrap();
            objects.iter().filter(|object| place.covers(object)).count()
        };
        let counts = [
            ("module.a", 2),
            ("module.many", 2),
            ("module.many[\"l\"]", 1),
            ("module.man", 0),
            ("bucket.exports", 2),
            ("bucket.exports.aws_s3_bucket", 2),
            ("terraform_data.web", 2),
            ("terraform_data.web[1]", 1),
            ("terraform_data.web[2]", 0),
            ("terraform_data.x", 0),
        ];
        for (text, expected) in counts {
            assert_eq!(count(text), expected, "{text}");
        }
        assert_eq!(Place::parse("terraform_data", &objects()), None);
        let names = names(&objects());
        for name in ["bucket.exports", "module.many[\"k\"]", "module.a.module.in", OBJECTS[0]] {
            assert!(names.iter().any(|it| it == name), "{name}");
        }
    }
}
