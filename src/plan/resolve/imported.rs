//! What an `import` says of its object: the id, and perhaps the region after it.

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{Diagnostic, Name, Span};

use super::Resolver;
use super::instance::Wanted;
use crate::address::ModulePath;
use crate::evaluation::address;
use crate::plan::PlanMode;

/// The id by which the provider knows an object, and the region that is named after it: `ID@REGION`,
/// as Terraform's AWS provider takes it since version 6. Only ids of regional kinds can name one.
pub fn id_and_region<'i>(kind: &dyn DynKind, given: &'i str) -> (&'i str, Option<&'i str>) {
    let regional = kind.service().home.is_none() && kind.schema().attribute("region").is_some();
    match given.rsplit_once('@').filter(|_| regional) {
        Some((id, region)) if !id.is_empty() && !region.is_empty() => (id, Some(region)),
        _ => (given, None),
    }
}

impl Resolver<'_> {
    /// The id without the region, which must be that of the block.
    pub(super) fn imported_by(&mut self, wanted: &Wanted<'_>, given: &Name) -> Option<Name> {
        let (id, region) = id_and_region(&*wanted.kind, given);
        let home = wanted.scope.as_ref().map(|scope| scope.location.region().0.clone());
        match (region, home) {
            (Some(region), Some(home)) if *region != *home => {
                let place = self.imported_at(wanted);
                self.push(elsewhere(wanted, given, &home, region).at(place));
                None
            }
            _ => Some(id.into()),
        }
    }

    /// Tells that there is no such object.
    pub(super) fn import_missing(&mut self, wanted: &Wanted<'_>, id: &str) {
        let help = if self.input.options.mode == PlanMode::Import {
            "Correct the id: it is what the provider calls the object."
        } else {
            "Correct the id, or remove the import block so that the object is created."
        };
        let place = self.imported_at(wanted);
        self.push(
            Diagnostic::error(
                "plan::import_missing",
                "There is nothing to import",
                format!(
                    "{} is to be imported with the id {id:?}, but there is no such object.",
                    wanted.address
                ),
            )
            .about(&wanted.address)
            .at(place)
            .help(help),
        );
    }

    /// Where the id stands that an object is imported by, if one block of the root can be meant.
    fn imported_at(&self, wanted: &Wanted<'_>) -> Span {
        let whole = wanted.address.whole();
        let blocks = self.input.config.root.imports.iter().filter(|block| {
            let root = ModulePath::root();
            block.modules.is_empty() && address(&root, &block.resource, None) == whole
        });
        match *blocks.collect::<Vec<_>>() {
            [block] => block.id.span(),
            _ => wanted.span,
        }
    }
}

fn elsewhere(wanted: &Wanted<'_>, given: &str, home: &str, region: &str) -> Diagnostic {
    Diagnostic::error(
        "plan::import_region",
        "The id names another region",
        format!(
            "{} is to be imported with the id {given:?}, but the files place it in {home}.",
            wanted.address
        ),
    )
    .about(&wanted.address)
    .help(format!("Write `region = {region:?}` in its block, or correct the id."))
}
