//! `Inventory`: what of a kind carries owner tags in a scope, whether state knows of it or not.

use crate::failure::{Class, Failure};
use crate::kind::Owner;
use crate::value::Name;

/// An object that carries owner tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// Its id.
    pub id: Name,
    /// Whose it is, by the word of its tags.
    pub owner: Owner,
}

/// The objects of a kind in a scope, by their owner tags.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Those that carry owner tags, of whatever topology.
    pub tagged: Vec<Tagged>,
    /// Those whose tags could not be read, and why.
    pub unread: Vec<(Name, Failure)>,
}

impl Inventory {
    /// Of a listing that was read to its end, with what the tags of each object say; what went
    /// between the two looks is in neither list.
    pub fn of(objects: impl IntoIterator<Item = (Name, Result<Option<Owner>, Failure>)>) -> Self {
        let mut all = Self::default();
        for (id, owner) in objects {
            match owner {
                Ok(Some(owner)) => all.tagged.push(Tagged { id, owner }),
                Ok(None) => {}
                Err(failure) if failure.class == Class::NotFound => {}
                Err(failure) => all.unread.push((id, failure)),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_meanwhile_is_neither_tagged_nor_unread() {
        let owner = Owner { topology: "web".into(), address: "a.b".into() };
        let failed = |class| Err(Failure::new(class, "no"));
        let all = Inventory::of([
            ("ours".into(), Ok(Some(owner.clone()))),
            ("theirs".into(), Ok(None)),
            ("gone".into(), failed(Class::NotFound)),
            ("secret".into(), failed(Class::Denied)),
        ]);
        assert_eq!(all.tagged, [Tagged { id: "ours".into(), owner }]);
        let unread: Vec<&str> = all.unread.iter().map(|(id, _)| &**id).collect();
        assert_eq!(unread, ["secret"]);
    }
}
