//! Words as people type them: one dash or two.

use std::ffi::OsString;

/// A whole number.
pub(in crate::cli) fn whole<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "it is not a whole number such as 1".to_owned())
}

/// The values of an option in a command line that cannot be parsed.
pub fn typed<'w>(words: &'w [impl AsRef<str>], option: &str) -> Vec<&'w str> {
    let next = words.iter().skip(1).map(|word| Some(word.as_ref())).chain([None]);
    let value = |(word, next): (&'w str, Option<&'w str>)| {
        let rest = word.strip_prefix(option)?;
        if rest.is_empty() { next } else { rest.strip_prefix('=') }
    };
    words.iter().map(AsRef::as_ref).zip(next).filter_map(value).collect()
}

/// Arguments with two dashes where one was typed: `-out=x` becomes `--out=x`.
pub fn two_dashes(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut verbatim = false;
    args.into_iter()
        .enumerate()
        .map(|(i, arg)| {
            let text = arg.to_string_lossy().into_owned();
            verbatim |= text == "--";
            let name = text.strip_prefix('-').unwrap_or_default();
            let long = name.len() > 1
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
                && !name.chars().all(|c| c == 'v');
            if i > 0 && long && !verbatim { format!("--{name}").into() } else { arg }
        })
        .collect()
}

/// What the parser says, with one dash where people typed options so: it knows only two.
pub fn as_typed(text: &str, args: &[OsString]) -> String {
    let option = |arg: &OsString, dashes: &str| {
        let name = arg.to_string_lossy().strip_prefix(dashes).map(str::to_owned);
        name.is_some_and(|n| n.len() > 1 && n.starts_with(|c: char| c.is_ascii_alphabetic()))
    };
    if !args.iter().any(|a| option(a, "-")) || args.iter().any(|a| option(a, "--")) {
        return text.to_owned();
    }
    let mut parts = text.split("--");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let inside = out.ends_with(|c: char| c.is_ascii_alphanumeric());
        let name = part.starts_with(|c: char| c.is_ascii_alphabetic());
        out.push_str(if name && !inside { "-" } else { "--" });
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(args: &[&str]) -> Vec<String> {
        two_dashes(args.iter().map(OsString::from))
            .into_iter()
            .map(|a| a.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        assert_eq!(
            fixed(&[
                "lifeboat", "-chdir=x", "plan", "-out=p", "--json", "-var", "a=-b", "-vv", "-"
            ]),
            ["lifeboat", "--chdir=x", "plan", "--out=p", "--json", "--var", "a=-b", "-vv", "-"]
        );
    }

    #[test]
    fn what_was_typed_with_one_dash_is_said_with_one() {
        let said = "'--bogus' found, '-- --bogus', 'a--b'";
        let args = |option: &str| [OsString::from("lifeboat"), option.into()];
        assert_eq!(as_typed(said, &args("-bogus")), "'-bogus' found, '-- -bogus', 'a--b'");
        assert_eq!(as_typed(said, &args("--bogus")), said);
        assert_eq!(as_typed(said, &args("plan")), said);
    }
}
