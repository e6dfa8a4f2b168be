//! Rules about plans: what comes back is as planned, and then there is nothing more to do.

use lifeboat_sdk::value::wire::Wire;
use lifeboat_sdk::{Path, Value};

use crate::bench::{Bench, Made, Tried, fail, skip};
use crate::planner::{Action, Plan, plan, within};

/// The object of a configuration has the schema's attributes and survives being stored.
pub(super) async fn stored(bench: &Bench<'_>) -> Tried<()> {
    let schema = bench.kind().schema();
    for config in bench.prepare().await? {
        let (_, made) = bench.create(&config).await?;
        let document = &made.present.object;
        let names: Vec<&str> =
            document.entries().unwrap_or_default().iter().map(|(name, _)| &**name).collect();
        let mut wanted: Vec<&str> = schema.attributes.iter().map(|a| a.name).collect();
        wanted.sort_unstable();
        if names != wanted {
            return fail(format!("the attributes are {names:?}, not {wanted:?}"));
        }
        for a in schema.attributes {
            let ty = a.shape.ty();
            let own = document.get(a.name).map(Value::ty);
            if !ty.has_dynamic() && own.as_ref() != Some(&ty) {
                return fail(format!("`{}` is {own:?}, not {ty}", a.name));
            }
        }
        let back = Wire::from_value(document).and_then(|wire| wire.to_value());
        match back {
            Ok(back) if back == *document => {}
            Ok(_) => return fail("storing changes the document"),
            Err(e) => return fail(format!("it cannot be stored: {e}")),
        }
        bench.delete(&made).await?;
    }
    Ok(())
}

fn check_within(bench: &Bench<'_>, plan: &Plan, made: &Made) -> Tried<()> {
    let kind = bench.kind();
    let (planned, returned) = (kind.normalise(&plan.after), kind.normalise(&made.present.object));
    within(kind.schema().attributes, &planned, &returned, &Path::root()).or_else(fail)
}

/// Every known planned value is what create and update return.
pub(super) async fn as_planned(bench: &Bench<'_>) -> Tried<()> {
    let steps = bench.prepare().await?;
    let mut now: Option<Made> = None;
    for config in &steps {
        let (plan, made) = match &now {
            None => bench.create(config).await?,
            Some(made) => bench.bring(made, config).await?,
        };
        check_within(bench, &plan, &made)?;
        now = Some(made);
    }
    match now {
        Some(made) => bench.delete(&made).await,
        None => skip("the case has no steps"),
    }
}

/// What is read after a change plans to nothing.
async fn settled(bench: &Bench<'_>, made: &Made, config: &Value) -> Tried<()> {
    let read = bench.present(&made.scope, Some(&made.present.id), &made.present.object).await?;
    match plan(&**bench.kind(), config, Some(&read.object)) {
        Some(again) if again.action == Action::NoOp => Ok(()),
        Some(again) => {
            let paths: Vec<String> = again.changed.iter().map(Path::to_string).collect();
            fail(format!("{:?} is planned again for {}", again.action, paths.join(", ")))
        }
        None => fail("the object is not wanted any more"),
    }
}

/// Planning again right after a create proposes nothing.
pub(super) async fn nothing_more(bench: &Bench<'_>) -> Tried<()> {
    for config in bench.prepare().await? {
        let (_, made) = bench.create(&config).await?;
        settled(bench, &made, &config).await?;
        bench.delete(&made).await?;
    }
    Ok(())
}

/// Walking through the configurations and back to the first works, each time to an empty plan.
pub(super) async fn walk(bench: &Bench<'_>) -> Tried<()> {
    let steps = bench.prepare().await?;
    let [first, rest @ ..] = &steps[..] else { return skip("the case has no steps") };
    let (_, mut made) = bench.create(first).await?;
    settled(bench, &made, first).await?;
    for config in rest.iter().chain([first]) {
        let (plan, now) = bench.bring(&made, config).await?;
        check_within(bench, &plan, &now)?;
        settled(bench, &now, config).await?;
        made = now;
    }
    bench.delete(&made).await
}

/// An update keeps the id, or makes it what the configuration decides, and all that forces a
/// replacement.
pub(super) async fn replaced(bench: &Bench<'_>) -> Tried<()> {
    let steps = bench.prepare().await?;
    let kind = bench.kind();
    let fixed = || kind.schema().attributes.iter().filter(|a| a.forces_replacement);
    if fixed().next().is_none() {
        return skip("nothing forces a replacement");
    }
    let [first, rest @ ..] = &steps[..] else { return skip("the case has no steps") };
    let (_, mut made) = bench.create(first).await?;
    for config in rest.iter().chain([first]) {
        let (plan, now) = bench.bring(&made, config).await?;
        let (old, new) =
            (kind.normalise(&made.present.object), kind.normalise(&now.present.object));
        if plan.action == Action::Update {
            let decided = kind.id_of(&plan.after).is_some_and(|id| id == now.present.id);
            if made.present.id != now.present.id && !decided {
                return fail("an update changed the id");
            }
            if let Some(a) = fixed().find(|a| old.get(a.name) != new.get(a.name)) {
                return fail(format!("an update changed `{}`, which forces a replacement", a.name));
            }
        }
        made = now;
    }
    bench.delete(&made).await
}
