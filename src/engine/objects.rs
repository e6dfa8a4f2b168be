//! `Objects`: what expressions see of objects that are there.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Value};

use crate::address::{Address, ModulePath};
use crate::config::ResourceKey;
use crate::evaluation::{Resources, address};
use crate::plan::resolve::{self, gather};

/// Objects as they are now.
pub(super) struct Objects<'o> {
    /// By address.
    pub objects: &'o BTreeMap<Address, Value>,
    /// What topology blocks are to expressions besides.
    pub blocks: &'o BTreeMap<String, Value>,
}

impl Resources for Objects<'_> {
    fn resource(&self, module: &ModulePath, key: &ResourceKey) -> Result<Value, Box<Diagnostic>> {
        let whole = address(module, key, None);
        let of = self.objects.range(whole.clone()..).take_while(|(at, _)| at.whole() == whole);
        Ok(gather(of.map(|(at, value)| (at.key.clone(), value.clone()))))
    }

    fn block(&self, kind: &str, name: &str) -> Result<Value, Box<Diagnostic>> {
        let block = format!("{kind}.{name}");
        let keyed = format!("{block}[");
        let own = |name: &str| name == block || name.starts_with(&keyed);
        let bare = self.blocks.iter().filter(|(name, _)| own(name));
        let mut found =
            resolve::Objects::new(bare.map(|(n, value)| (n.clone(), value.clone())).collect());
        for (at, object) in self.objects.iter().filter(|(at, _)| own(&at.name)) {
            found.set_single(at, object.clone());
        }
        Ok(found.block(&block).unwrap_or_else(|| Value::object([])))
    }

    fn object(&self, at: &Address) -> Option<Value> {
        self.objects.get(at).cloned()
    }
}
