//! What the steps of a promotion that change no object do to state: who approved it, how far it
//! came and when, and from the claim on which region is the primary.

use lifeboat_sdk::Value;
use lifeboat_state::model::{Gate, Owed, Passage};

use super::current::Current;
use crate::plan::{Act, Phase, Promotion, Step};

impl Current<'_> {
    /// Takes over what a step did that changes no object; `told` is what the journal keeps of it.
    pub fn act(&mut self, step: &Step, told: &Value) {
        let Some(act) = step.act else { return };
        let at = told.get("at").and_then(Value::as_str).unwrap_or_default().to_owned();
        let about = step.task.as_ref().map(|task| task.about.to_string()).unwrap_or_default();
        let promotions = &mut self.state.promotions;
        // The one act of ordinary plans.
        if act == Act::Close {
            promotions.gates.remove(&about);
            return;
        }
        let Some(promotion) = &self.plan.promotion else { return };
        let passage = promotions.last.get_or_insert_default();
        match act {
            Act::Approve => {
                let texts = told.entries().into_iter().flatten();
                let texts =
                    texts.filter_map(|(k, v)| Some((k.to_string(), v.as_str()?.to_owned())));
                *passage = Passage {
                    from: promotion.from.to_string(),
                    to: promotion.to.to_string(),
                    epoch: promotion.epoch + 1,
                    approval: texts.collect(),
                    ..Passage::default()
                };
                passage.reached.insert(step.phase.word().to_owned(), at);
            }
            Act::Reach => drop(passage.reached.insert(step.phase.word().to_owned(), at)),
            Act::Hook | Act::Sync | Act::Probe => {
                let how = ["failed", "how"].iter().find_map(|name| told.get(name)?.as_str());
                passage.told.insert(about, how.unwrap_or("done").to_owned());
            }
            Act::Open => {
                let gate = Gate { region: promotion.from.to_string(), since: at };
                promotions.gates.insert(about, gate);
            }
            Act::Close | Act::Confirm => {}
            Act::Claim => {
                passage.reached.insert(step.phase.word().to_owned(), at.clone());
                self.claim(promotion, &at);
            }
        }
    }

    /// The other region is the primary.
    fn claim(&mut self, promotion: &Promotion, at: &str) {
        self.state.epoch = promotion.epoch + 1;
        self.state.primary = Some(promotion.to.to_string());
        let promotions = &mut self.state.promotions;
        promotions.left = Some(promotion.from.to_string());
        for address in &promotion.owed {
            let owed = Owed {
                region: promotion.from.to_string(),
                epoch: self.state.epoch,
                since: at.to_owned(),
            };
            promotions.owed.insert(address.to_string(), owed);
        }
        let writes = |step: &Step| step.phase == Phase::Promote && !step.members.is_empty();
        if !promotion.owed.is_empty() || self.plan.steps.iter().any(writes) {
            promotions.unprotected = Some(at.to_owned());
            promotions.protected = None;
        }
    }
}
