//! Meanings -> styles. Everything reads without colour too.

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Something new.
    Add,
    /// Something that changes.
    Change,
    /// Something that goes.
    Remove,
    /// Worth care.
    Warning,
    /// Wrong.
    Error,
    /// A heading.
    Strong,
    /// Less important.
    Faint,
}

/// Whether and how text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    /// With colour.
    pub colour: bool,
}

impl Paint {
    /// `text`, styled.
    pub fn label(self, label: Label, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match label {
            Label::Add => "32",
            Label::Change | Label::Warning => "33",
            Label::Remove => "31",
            Label::Error => "1;31",
            Label::Strong => "1",
            Label::Faint => "90",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A symbol in its colour.
    pub fn symbol(self, symbol: &str) -> String {
        let label = match symbol.trim() {
            "+" => Label::Add,
            "-" | "-/+" | "+/-" => Label::Remove,
            "~" => Label::Change,
            _ => return symbol.to_owned(),
        };
        self.label(label, symbol)
    }
}
