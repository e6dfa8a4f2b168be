//! Which region acts as the primary, as each component tells by what is live: whether somebody made
//! a promotion by hand, and how far it came.
//!
//! The look plans with each region as the primary; an object tells of those with which it needs no
//! change. All else is pure. What could not be read tells nothing, and is no agreement.

mod look;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Name};

use crate::address::Address;
use crate::desired::Part;

pub(super) use look::Stage;

/// What an object tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is as it would be if one of these were the primary; with none it is as in no role.
    As(BTreeSet<Name>),
    /// It could not be read: why.
    Unread(String),
}

/// An object of which the roles decide a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its address.
    pub address: Address,
    /// Its region.
    pub region: Name,
    /// What it does in a promotion.
    pub part: Part,
    /// What it tells.
    pub told: Told,
}

/// What a component tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// All of it that was read tells of one region.
    Region(Name),
    /// Its objects contradict each other, or are in no role.
    Mixed,
    /// It is not known: why.
    Unknown(String),
}

/// A topology block with objects that tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// `bucket.exports`
    pub name: Name,
    /// Its objects, in the order of their addresses.
    pub witnesses: Vec<Witness>,
    /// What they come to.
    pub says: Says,
    /// Whether a promotion changes it; which way data is copied changes after it.
    pub decides: bool,
}

/// Which region acts as the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acting {
    /// The primary in state.
    pub primary: Name,
    /// Its epoch.
    pub epoch: u64,
    /// What tells, in the order of names.
    pub components: Vec<Component>,
    /// By region: what in the old primary is as a standby has it at rest, were that region the primary.
    at_rest: BTreeMap<Name, BTreeSet<Address>>,
}

impl Component {
    /// Of its objects.
    fn of(name: Name, witnesses: Vec<Witness>) -> Self {
        let decides = witnesses.iter().any(|witness| witness.part != Part::Copies);
        let mut common: Option<BTreeSet<Name>> = None;
        for witness in &witnesses {
            if let Told::As(regions) = &witness.told {
                common = Some(match common {
                    Some(before) => before.intersection(regions).cloned().collect(),
                    None => regions.clone(),
                });
            }
        }
        let says = match common {
            None => {
                let unread = |witness: &Witness| match &witness.told {
                    Told::Unread(why) => Some(why.clone()),
                    Told::As(_) => None,
                };
                Says::Unknown(witnesses.iter().find_map(unread).unwrap_or_default())
            }
            Some(regions) => match (regions.first(), regions.len()) {
                (None, _) => Says::Mixed,
                (Some(region), 1) => Says::Region(region.clone()),
                _ => Says::Unknown(format!("it would be the same for {}", listed(regions.iter()))),
            },
        };
        Self { name, witnesses, says, decides }
    }

    /// What of it could not be read, but for what the promotion of another region can owe, or leave
    /// where it is, in the old primary.
    fn unread(&self, primary: &str) -> Option<&Witness> {
        let left = |witness: &Witness| {
            let follows = matches!(witness.part, Part::Endpoint | Part::Original);
            *witness.region == *primary && (witness.part.fences() || follows)
        };
        let unread = |witness: &&Witness| matches!(witness.told, Told::Unread(_)) && !left(witness);
        self.witnesses.iter().find(unread)
    }

    /// The regions that take its writes, where there are several.
    fn writers(&self) -> Vec<&Name> {
        let writes = |witness: &&Witness| {
            let data = matches!(witness.part, Part::Writers | Part::Database);
            data && matches!(&witness.told, Told::As(regions) if regions.contains(&witness.region))
        };
        let regions: BTreeSet<&Name> =
            self.witnesses.iter().filter(writes).map(|witness| &witness.region).collect();
        if regions.len() > 1 { regions.into_iter().collect() } else { Vec::new() }
    }
}

impl Acting {
    /// Of what objects tell, each with the component that it is a part of.
    pub fn of(primary: &str, epoch: u64, witnesses: Vec<Witness>) -> Self {
        let mut components: BTreeMap<Name, Vec<Witness>> = BTreeMap::new();
        for witness in witnesses {
            components.entry(witness.address.name.clone()).or_default().push(witness);
        }
        let components = components.into_iter().map(|(name, all)| Component::of(name, all));
        let components = components.collect();
        Self { primary: primary.into(), epoch, components, at_rest: BTreeMap::new() }
    }

    fn deciding(&self) -> impl Iterator<Item = &Component> {
        self.components.iter().filter(|component| component.decides)
    }

    /// Whether something was made that only fits this region as the primary. Capacity alone is none:
    /// it is changed for other reasons, too.
    pub fn is_towards(&self, region: &str) -> bool {
        let only = |witness: &&Witness| {
            let weighs = !matches!(
                witness.part,
                Part::Capacity { .. }
                    | Part::Triggers { .. }
                    | Part::Reach
                    | Part::Copies
                    | Part::Replica
                    | Part::Health
            );
            let told = match &witness.told {
                Told::As(regions) => regions.len() == 1 && regions.contains(region),
                Told::Unread(_) => false,
            };
            weighs && told
        };
        self.deciding().flat_map(|component| &component.witnesses).any(|it| only(&it))
    }

    /// The region to which somebody gave the role, in whole or in part.
    fn drifted_to(&self) -> Option<&Name> {
        let mut regions: BTreeSet<&Name> =
            self.components.iter().flat_map(|it| &it.witnesses).map(|it| &it.region).collect();
        regions.remove(&self.primary);
        regions.into_iter().find(|region| self.is_towards(region))
    }

    /// That another region than that of state acts as the primary.
    pub fn role_drift(&self) -> Option<Diagnostic> {
        let to = self.drifted_to()?;
        let (primary, epoch) = (&self.primary, self.epoch);
        let says = |component: &&Component| component.says == Says::Region(to.clone());
        let all: Vec<&Component> = self.deciding().collect();
        let (there, rest): (Vec<&Component>, Vec<&Component>) = all.into_iter().partition(says);
        let names = |all: &[&Component]| listed(all.iter().map(|component| &component.name));
        let is = |all: &[&Component]| if all.len() == 1 { "is" } else { "are" };
        let fits = match there.len() {
            0 => format!("Parts of {} are", names(&rest)),
            _ => format!("{} {}", names(&there), is(&there)),
        };
        let others = match (there.len(), rest.len()) {
            (0, _) | (_, 0) => String::new(),
            _ => format!(" {} {} not.", names(&rest), is(&rest)),
        };
        let detail = format!(
            "{fits} as if {to} were the primary; state has {primary} (epoch {epoch}).{others} Somebody \
             may have made {to} the primary by hand."
        );
        let help = match self.agreed(None) {
            Ok(_) => format!(
                "To take that over: `lifeboat adopt {to}`. To go back to {primary}: `lifeboat apply`, \
                 which undoes it as shown."
            ),
            Err(_) => format!(
                "`lifeboat adopt` tells what each part says, `lifeboat promote -continue {to}` does what \
                 is missing. To go back to {primary}: `lifeboat apply`, which undoes it as shown."
            ),
        };
        let summary = "Role drift: another region does what the primary does";
        Some(Diagnostic::warning("promotion::role_drift", summary, detail).help(help))
    }

    /// The region that all components name, and not the primary of state.
    ///
    /// # Errors
    /// Nothing was done by hand, or not all of it; or another region is named than `wanted`.
    pub fn agreed(&self, wanted: Option<&str>) -> Result<Name, Box<Diagnostic>> {
        let Some(to) = self.drifted_to() else { return Err(self.nothing(wanted)) };
        let divided = |detail: String| {
            let help = format!(
                "Run `lifeboat promote -continue {to}`, which does what is missing, or `lifeboat apply`, \
                 which goes back to {}.",
                self.primary
            );
            let summary = "Not everything says that the same region is the primary";
            Box::new(Diagnostic::error("promotion::divided", summary, detail).help(help))
        };
        for component in self.deciding() {
            let name = &component.name;
            if let [first, second, ..] = component.writers()[..] {
                return Err(divided(format!(
                    "{name} takes writes in {first} and in {second}: those are two writers, and what one \
                     of them takes may be lost. Nothing is adopted before {} is fenced.",
                    self.primary
                )));
            }
            match &component.says {
                Says::Region(region) if region == to => {}
                Says::Region(region) => {
                    return Err(divided(format!("{name} says {region}, and others say {to}.")));
                }
                Says::Mixed => {
                    return Err(divided(format!(
                        "The objects of {name} do not say the same, or are in no role."
                    )));
                }
                Says::Unknown(why) => {
                    return Err(divided(format!("What {name} says is not known: {why}.")));
                }
            }
            if let Some(witness) = component.unread(&self.primary) {
                return Err(divided(format!(
                    "{} could not be read, and what is not known agrees with nobody.",
                    witness.address
                )));
            }
        }
        match wanted.filter(|wanted| **wanted != **to) {
            Some(wanted) => Err(divided(format!("What is live says {to}, and not {wanted}."))),
            None => Ok(to.clone()),
        }
    }

    /// That there is nothing to adopt.
    pub fn nothing(&self, wanted: Option<&str>) -> Box<Diagnostic> {
        let to = wanted.filter(|wanted| **wanted != *self.primary);
        let other = to.map_or("another region".into(), |to| to.to_owned());
        let detail = format!(
            "Nothing that is live says that {other} is the primary: state has {} (epoch {}).",
            self.primary, self.epoch
        );
        let help =
            format!("To make it the primary: `lifeboat promote {}`.", to.unwrap_or("REGION"));
        let summary = "No promotion was made by hand";
        Box::new(Diagnostic::error("promotion::nothing_by_hand", summary, detail).help(help))
    }

    /// What of the old primary is as a standby has it, were this region the primary: nothing there
    /// has to be stopped.
    pub(super) fn at_rest(&self, region: &str) -> impl Fn(&Address) -> bool {
        let all = self.at_rest.get(region).cloned().unwrap_or_default();
        move |address| all.contains(address)
    }
}

/// `a`, `a and b`, `a, b and c`
fn listed<'n>(names: impl Iterator<Item = &'n Name>) -> String {
    let all: Vec<&str> = names.map(|name| &**name).collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => all.join(""),
    }
}
