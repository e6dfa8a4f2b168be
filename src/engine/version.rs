//! `required_version`: Terraform's version constraints (`>= 0.1, < 2`, `~> 1.2`).

use lifeboat_sdk::{Diagnostic, Diagnostics};

use super::load::Loaded;

/// Checks the constraint of the files against this version.
pub fn check(loaded: &Loaded, found: &mut Diagnostics) {
    let Some((text, span)) = &loaded.config.root.settings.required_version else { return };
    let own = env!("CARGO_PKG_VERSION");
    match allows(text, own) {
        Some(true) => {}
        Some(false) => found.push(
            Diagnostic::error(
                "engine::required_version",
                "The files are for another version",
                format!("This is lifeboat {own}, the files need {text:?}."),
            )
            .at(*span)
            .help("Use a version that fits, or change the constraint after reading the changelog."),
        ),
        None => found.push(
            Diagnostic::error(
                "engine::version_constraint",
                "The version constraint cannot be read",
                format!("{text:?} is not a list of constraints."),
            )
            .at(*span)
            .help("Write for example `>= 0.1, < 2` or `~> 0.1`."),
        ),
    }
}

/// Whether `version` meets all constraints; `None` where they cannot be read.
fn allows(constraints: &str, version: &str) -> Option<bool> {
    let own = numbers(version)?;
    let mut all = true;
    for part in constraints.split(',') {
        let part = part.trim();
        let digits = part.find(|c: char| c.is_ascii_digit())?;
        let (operator, wanted) = part.split_at(digits);
        let bound = numbers(wanted)?;
        let padded = pad(&bound);
        let mine = pad(&own);
        all &= match operator.trim() {
            "" | "=" => mine == padded,
            "!=" => mine != padded,
            ">" => mine > padded,
            ">=" => mine >= padded,
            "<" => mine < padded,
            "<=" => mine <= padded,
            // Only the last number given may grow.
            "~>" => {
                let fixed = bound.len().saturating_sub(1).max(1);
                mine >= padded && mine[..fixed] == padded[..fixed]
            }
            _ => return None,
        };
    }
    Some(all)
}

fn numbers(text: &str) -> Option<Vec<u64>> {
    let parts: Option<Vec<u64>> = text.trim().split('.').map(|p| p.parse().ok()).collect();
    parts.filter(|p| (1..=3).contains(&p.len()))
}

fn pad(numbers: &[u64]) -> [u64; 3] {
    let at = |i: usize| numbers.get(i).copied().unwrap_or(0);
    [at(0), at(1), at(2)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_mean_what_they_mean_in_terraform() {
        for (constraint, version, allowed) in [
            (">= 0.1", "0.1.0", Some(true)),
            (">= 0.1, < 0.2", "0.2.0", Some(false)),
            ("~> 1.2", "1.9.0", Some(true)),
            ("~> 1.2", "2.0.0", Some(false)),
            ("~> 1.2.3", "1.2.9", Some(true)),
            ("~> 1.2.3", "1.3.0", Some(false)),
            ("1.2.3", "1.2.3", Some(true)),
            ("!= 1.2.3", "1.2.3", Some(false)),
            ("about 1", "1.0.0", None),
            ("", "1.0.0", None),
        ] {
            assert_eq!(allows(constraint, version), allowed, "{constraint} {version}");
        }
    }
}
