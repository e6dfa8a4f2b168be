//! Rules of the pure hooks: the same answer twice, unknowns left alone.

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{Path, Presence, RoleContext, Value};

use crate::bench::{Bench, Tried, fail};

/// Everything that the hooks say of a document.
fn answers(kind: &dyn DynKind, document: &Value) -> String {
    let role = |primary| {
        let role = RoleContext { region: "us-east-1".into(), primary, epoch: 1 };
        kind.plan_role(&role, document)
    };
    format!(
        "{:?} {:?} {:?} {:?} {:?} {} {:?} {:?}",
        kind.id_of(document),
        kind.normalise(document),
        kind.validate(document),
        role(true),
        role(false),
        kind.holds_data(document),
        kind.one_way_door(None, Some(document)),
        kind.one_way_door(Some(document), None),
    )
}

/// The hooks give the same answer twice, normalising is done once and for all, and the cases are
/// valid.
pub(super) async fn hooks_are_pure(bench: &Bench<'_>) -> Tried<()> {
    let kind = &**bench.kind();
    for config in bench.prepare().await? {
        let planned = bench.fresh(&config)?.after;
        for document in [&config, &planned] {
            if answers(kind, document) != answers(kind, document) {
                return fail("a hook gave two answers to one question");
            }
            let once = kind.normalise(document);
            if kind.normalise(&once) != once {
                return fail("normalising twice is not normalising once");
            }
            if once.ty() != document.ty() {
                return fail(format!("normalising changed the type to {}", once.ty()));
            }
        }
        if let Some(finding) = kind.validate(&config).iter().find(|finding| !finding.warning) {
            return fail(format!("the case is not valid: {}: {}", finding.path, finding.detail));
        }
    }
    Ok(())
}

/// Hooks leave unknown parts unknown and do not judge them. What is only computed may become
/// known by what it follows.
pub(super) async fn unknowns_stay(bench: &Bench<'_>) -> Tried<()> {
    let kind = &**bench.kind();
    for config in bench.prepare().await? {
        let planned = bench.fresh(&config)?.after;
        let mut documents = vec![planned];
        for a in kind.schema().attributes {
            documents.push(config.with(a.name, Value::unknown(a.shape.ty())));
        }
        for document in documents {
            let unknown = |document: &Value| {
                let mut paths: Vec<Path> = Vec::new();
                document.walk(&Path::root(), &mut |path, value| {
                    if value.is_unknown() {
                        paths.push(path.clone());
                    }
                });
                paths
            };
            let (before, after) = (unknown(&document), unknown(&kind.normalise(&document)));
            let computed = |path: &Path| {
                let top = path.first_attr().and_then(|name| kind.schema().attribute(name));
                top.is_some_and(|a| a.presence == Presence::Computed)
            };
            let lost = before.iter().find(|path| !computed(path) && !after.contains(path));
            if let Some(path) = lost {
                return fail(format!("normalising made `{path}` known"));
            }
            let judged = kind.validate(&document);
            let judged = judged.iter().find(|f| before.contains(&f.path) && !f.warning);
            if let Some(finding) = judged {
                return fail(format!("`{}` is judged, but it is unknown", finding.path));
            }
        }
    }
    Ok(())
}
