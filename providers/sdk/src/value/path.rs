//! `Path`: where inside a value something is.

use std::fmt;

use super::Name;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute of an object.
    Attr(Name),
    /// An element of a map.
    Key(Name),
    /// An element of a list or tuple, or the n-th of a set in its order.
    Index(usize),
}

/// Steps from the root of a value to a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The root.
    pub fn root() -> Self {
        Self::default()
    }

    /// An attribute of the root.
    pub fn attr(name: &str) -> Self {
        Self(vec![Step::Attr(name.into())])
    }

    /// This path and one more step.
    #[must_use]
    pub fn join(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// Whether `self` is `other` or lies above it.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The name of the first attribute.
    pub fn first_attr(&self) -> Option<&str> {
        match self.0.first() {
            Some(Step::Attr(name)) => Some(name),
            _ => None,
        }
    }
}

/// As it is written after an address: `.rule[0].filter["a b"]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Attr(name) if i == 0 => write!(f, "{name}")?,
                Step::Attr(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(n) => write!(f, "[{n}]")?,
            }
        }
        Ok(())
    }
}
