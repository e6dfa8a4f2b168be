//! Topology blocks in all their variants, from the first plan to empty servers.

mod adopted;
mod refused;
mod variants;

use super::web::{EAST, WEST};

/// A topology of two regions without any objects.
pub(super) fn topology(more: &str) -> String {
    format!(
        r#"
topology "blocks" {{
  strategy = "warm_standby"
  regions  = ["{EAST}", "{WEST}"]
  primary  = "{EAST}"
}}

region "{EAST}" {{ account = "123456789012" }}
region "{WEST}" {{ account = "123456789012" }}
{more}"#
    )
}
