//! Addresses: `[module.NAME[KEY]…].TYPE.NAME[KEY]`, and through a topology block
//! `bucket.exports.aws_s3_bucket["us-east-1"]`.

use std::fmt;

use lifeboat_sdk::Name;

/// The key of an instance: `[0]` or `["a"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Of `count`.
    Index(u64),
    /// Of `for_each`, or a region.
    Text(Name),
}

/// `[0]`, `["a b"]`, quoted as HCL quotes.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(n) => write!(f, "[{n}]"),
            Self::Text(text) => write!(f, "[\"{}\"]", quote(text)),
        }
    }
}

fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out
}

/// One module call on the way from the root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleStep {
    /// The call's name.
    pub name: Name,
    /// Its instance.
    pub key: Option<Key>,
}

/// An instance of a module; the root is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModulePath(pub Vec<ModuleStep>);

impl ModulePath {
    /// The root module.
    pub fn root() -> Self {
        Self::default()
    }

    /// An instance of a child.
    #[must_use]
    pub fn child(&self, name: &Name, key: Option<Key>) -> Self {
        let mut steps = self.0.clone();
        steps.push(ModuleStep { name: name.clone(), key });
        Self(steps)
    }

    /// The names without the keys: the static module.
    pub fn names(&self) -> Vec<Name> {
        self.0.iter().map(|s| s.name.clone()).collect()
    }

    /// Reads `module.a["k"].module.b` as people type it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        loop {
            let (name, tail) = ident(rest.strip_prefix("module.")?)?;
            let (key, tail) = key(tail)?;
            steps.push(ModuleStep { name: name.into(), key });
            if tail.is_empty() {
                return Some(Self(steps));
            }
            rest = tail.strip_prefix('.')?;
        }
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

/// `module.a["k"].module.b[0]`; nothing for the root.
impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            write!(f, "{}module.{}", if i == 0 { "" } else { "." }, step.name)?;
            if let Some(key) = &step.key {
                write!(f, "{key}")?;
            }
        }
        Ok(())
    }
}

/// Managed resource or data source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// `resource`
    Managed,
    /// `data`
    Data,
}

/// The address of one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Its module instance.
    pub module: ModulePath,
    /// Managed or data.
    pub mode: Mode,
    /// The type: `aws_s3_bucket`.
    pub kind: Name,
    /// The name; for an object of a topology block the block: `bucket.exports`.
    pub name: Name,
    /// Its instance.
    pub key: Option<Key>,
}

impl Address {
    /// Whether a topology block stands for it.
    pub fn of_block(&self) -> bool {
        self.name.contains('.')
    }

    /// Whether it is lifeboat's own: what a region block stands for holds role records, and no data
    /// of anybody.
    pub fn is_of_lifeboat(&self) -> bool {
        self.name.starts_with("region.")
    }

    /// All instances: without the key.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self { key: None, ..self.clone() }
    }

    /// The same resource's other instance.
    #[must_use]
    pub fn instance(&self, key: Option<Key>) -> Self {
        Self { key, ..self.clone() }
    }

    /// Without the module: `aws_s3_bucket.a["k"]`.
    pub fn local(&self) -> String {
        Self { module: ModulePath::root(), ..self.clone() }.to_string()
    }

    /// Reads an address as people type it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut module = Vec::new();
        while let Some(after) = rest.strip_prefix("module.") {
            let (name, tail) = ident(after)?;
            let (key, tail) = key(tail)?;
            module.push(ModuleStep { name: name.into(), key });
            rest = tail.strip_prefix('.')?;
        }
        let (mode, rest) = match rest.strip_prefix("data.") {
            Some(after) => (Mode::Data, after),
            None => (Mode::Managed, rest),
        };
        let (first, tail) = ident(rest)?;
        let (second, tail) = ident(tail.strip_prefix('.')?)?;
        let (block_key, tail) = key(tail)?;
        let module = ModulePath(module);
        if tail.is_empty() {
            return Some(Self {
                module,
                mode,
                kind: first.into(),
                name: second.into(),
                key: block_key,
            });
        }
        let (kind, tail) = ident(tail.strip_prefix('.')?)?;
        let (instance, tail) = key(tail)?;
        let block_key = block_key.map(|k| k.to_string()).unwrap_or_default();
        let name = format!("{first}.{second}{block_key}");
        tail.is_empty().then(|| Self {
            module,
            mode,
            kind: kind.into(),
            name: name.into(),
            key: instance,
        })
    }
}

fn ident(text: &str) -> Option<(&str, &str)> {
    let end =
        text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn key(text: &str) -> Option<(Option<Key>, &str)> {
    let Some(inner) = text.strip_prefix('[') else { return Some((None, text)) };
    if let Some(quoted) = inner.strip_prefix('"') {
        let mut out = String::new();
        let mut chars = quoted.char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    let rest = quoted.get(i + 1..)?.strip_prefix(']')?;
                    return Some((Some(Key::Text(out.into())), rest));
                }
                '\\' => match chars.next()?.1 {
                    'n' => out.push('\n'),
                    'r' => out.push('\r'),
                    't' => out.push('\t'),
                    c => out.push(c),
                },
                c => out.push(c),
            }
        }
        return None;
    }
    let (digits, rest) = inner.split_once(']')?;
    Some((Some(Key::Index(digits.parse().ok()?)), rest))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        if self.mode == Mode::Data {
            f.write_str("data.")?;
        }
        if self.of_block() {
            write!(f, "{}.{}", self.name, self.kind)?;
        } else {
            write!(f, "{}.{}", self.kind, self.name)?;
        }
        match &self.key {
            Some(key) => write!(f, "{key}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_they_are_written() {
        for text in [
            "aws_s3_bucket.a",
            "aws_s3_bucket.a[0]",
            "data.aws_region.here",
            "module.m[\"x y\"].module.n[3].aws_s3_bucket.a[\"q\\\"\\\\\"]",
            "bucket.exports.aws_s3_bucket[\"us-east-1\"]",
            "bucket.exports[\"a\"].aws_s3_bucket[\"us-east-1\"]",
        ] {
            assert_eq!(Address::parse(text).expect(text).to_string(), text);
        }
        for text in ["", "a", "a.b[", "module.m", "a.b.c.d", "a.b[\"x]"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        for text in ["module.m", "module.m[\"x y\"].module.n[3]"] {
            assert_eq!(ModulePath::parse(text).expect(text).to_string(), text);
        }
        for text in ["", "module", "module.", "module.m.", "module.m.a.b", "a.b"] {
            assert_eq!(ModulePath::parse(text), None, "{text}");
        }
    }
}
