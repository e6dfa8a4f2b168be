//! Where the files declare an object.

use lifeboat_sdk::Span;

use super::Desired;
use crate::address::Address;
use crate::config::{Config, ResourceKey};
use crate::evaluation::module_at;

impl Desired {
    /// The header of the block that declares the object; nothing where no block does any more.
    /// An instance that has gone from a topology block is still of that block.
    pub fn declared(&self, config: &Config, at: &Address) -> Option<Span> {
        if let Some(synthetic) = self.synthetic(&at.whole()) {
            let own = at.key.as_ref().and_then(|key| synthetic.instances.get(key));
            return own.or_else(|| synthetic.instances.values().next()).map(|p| p.span);
        }
        let module = module_at(config, &at.module.names())?;
        let (mode, kind, name) = (at.mode, at.kind.clone(), at.name.clone());
        module.resources.get(&ResourceKey { mode, kind, name }).map(|resource| resource.span)
    }
}
