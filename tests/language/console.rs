//! The console: what Terraform's prints for a line, and how it exits.

use lifeboat_sdk::Value;

use super::corpus::{Verdict, id};
use super::json::{text, whole};
use crate::cli::Case;

/// Whether `lifeboat console` answers as Terraform's did.
pub(super) fn judge(case: &Value) -> (String, Verdict) {
    let folder = Case::new().file("setup.dr.hcl", text(case, &["setup"]));
    let ran = folder.run_with(&["console"], text(case, &["input"]));
    let got = (Some(i64::from(ran.code)), &*ran.stdout);
    let wanted = (whole(case, &["expected", "exit"]), text(case, &["expected", "stdout"]));
    let says_why = ran.code == 0 || ran.stderr.contains("error[");
    let verdict = match (got == wanted, says_why) {
        (false, _) => Some(format!("{got:?} is not {wanted:?}: {}", ran.stderr)),
        (true, false) => Some("it fails without a word".to_owned()),
        (true, true) => None,
    };
    (id(case), verdict)
}
