//! What `init -from-region` came to.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use lifeboat_state::bundle::About;

use super::escape::line;
use crate::engine::guard::Said;

/// What the text says.
pub struct Page<'a> {
    /// What the bundle says of itself.
    pub about: &'a About,
    /// How many files were written.
    pub files: usize,
    /// The root module, from the folder.
    pub root: &'a Path,
    /// Files that were read by their whole path, and are not written.
    pub elsewhere: &'a [String],
    /// Where the key belongs, where it is needed.
    pub key: Option<&'a Path>,
    /// Variables without a value.
    pub wanted: &'a BTreeSet<String>,
    /// Regions whose records could not be read.
    pub unread: &'a [Said],
    /// How many regions hold records.
    pub regions: usize,
    /// The folder of the standing plan, where there is one.
    pub standing: Option<&'a Path>,
}

/// The page for people.
pub fn text(page: &Page<'_>) -> String {
    let Page { about, files, root, .. } = page;
    let mut out = format!(
        "The topology {} is here: primary {} (epoch {}), state of serial {}, written {} by lifeboat {}.\n",
        line(&about.topology),
        line(&about.primary),
        about.epoch,
        about.serial,
        line(&about.at),
        line(&about.tool_version)
    );
    let noun = if *files == 1 { "file" } else { "files" };
    let _ok = writeln!(out, "{files} {noun}, and the state in .lifeboat.");
    if *root != Path::new("") {
        let root = root.display().to_string();
        let _ok = writeln!(
            out,
            "The root module is in {0}, because its modules lie beside it: cd {0}",
            line(&root)
        );
    }
    let confirmed = page.regions.saturating_sub(page.unread.len() + 1);
    for Said { region, record } in page.unread {
        let why = record.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let _ok = writeln!(out, "The role record of {region} could not be read: {}", line(&why));
    }
    if confirmed == 0 && !page.unread.is_empty() {
        out.push_str(
            "So nobody has confirmed that there was no later promotion. The first apply looks again.\n",
        );
    }
    if let Some(folder) = page.standing {
        let folder = line(&folder.display().to_string());
        let _ok = writeln!(
            out,
            "There is a standing plan: `lifeboat apply {folder}/plan`. What it does by hand: \
             {folder}/commands"
        );
    }
    out.push_str(&lacking(page));
    out.push('\n');
    match &about.promotion {
        Some(open) => {
            let _ok = write!(
                out,
                "A promotion is open: {} in place of {}, epoch {}. `lifeboat apply` goes on with it. \
                 Make sure that it runs nowhere else.",
                line(&open.to),
                line(&open.from),
                open.epoch
            );
        }
        None => out.push_str("Run `lifeboat plan` to see what would change."),
    }
    out
}

/// What is in no bundle.
fn lacking(page: &Page<'_>) -> String {
    let mut out = String::new();
    if let Some(key) = page.key {
        let _ok = writeln!(
            out,
            "The state holds sensitive values, sealed with a key that is in no bundle: put your copy \
             at {}. Without it they cannot be read, and plan and apply stop.",
            line(&key.display().to_string())
        );
    }
    if !page.wanted.is_empty() {
        let names: Vec<String> = page.wanted.iter().map(|name| line(name)).collect();
        let _ok = writeln!(out, "Variables that need a value again: {}.", names.join(", "));
    }
    if !page.elsewhere.is_empty() {
        let names: Vec<String> = page.elsewhere.iter().map(|name| line(name)).collect();
        let _ok = writeln!(
            out,
            "Read from elsewhere, and not written here: {}. The bundle has their content.",
            names.join(", ")
        );
    }
    out
}
