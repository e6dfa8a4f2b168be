//! What is told of standing plans.

use std::path::Path;

use serde_json::json;

use super::escape::line;
use super::output::Output;
use crate::plan::Plan;

/// That one was made.
pub fn kept(plan: &Plan) -> String {
    format!(
        "\nIt is a standing plan: it may be applied until {}, where it comes to the same then. The next \
         apply\nputs it into the region bundles, with what `lifeboat show -commands` prints of it.\n",
        line(&plan.expires)
    )
}

/// Whether one is what would be planned now.
pub fn checked(output: &Output, path: &Path, plan: &Plan, reasons: &[String]) {
    let name = line(&path.display().to_string());
    let to = plan.promotion.as_ref().map(|promotion| &*promotion.to).unwrap_or_default();
    let message = match reasons {
        [] => format!("The standing plan {name} is what would be planned now."),
        _ => format!("The standing plan {name} is stale."),
    };
    if output.json {
        let body = json!({
            "standing": {
                "plan": path.display().to_string(),
                "to": to,
                "expires": plan.expires,
                "stale": !reasons.is_empty(),
                "reasons": reasons,
            },
        });
        output.event("standing", "info", &message, body);
        return;
    }
    let mut text = format!("{message}\n");
    for reason in reasons {
        text.push_str(&format!("  - {}\n", line(reason)));
    }
    if !reasons.is_empty() {
        let to = line(to);
        text.push_str(&format!("\nMake it anew: lifeboat plan -standing={to} -out={name}\n"));
    }
    output.result(&text);
}
