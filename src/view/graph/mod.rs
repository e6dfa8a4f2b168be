//! Graphs of blocks and of steps, in the formats that programs draw. Each is a pure function of one
//! picture.

mod dot;
mod mermaid;
mod picture;
mod svg;
#[cfg(test)]
mod tests;

pub use picture::{Group, Kind, Node, Picture};

/// The formats of `graph`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For Graphviz and the programs that read its language.
    #[default]
    Dot,
    /// For Markdown of GitHub and GitLab.
    Mermaid,
    /// A picture, drawn here.
    Svg,
}

impl Format {
    /// The picture in this format; nothing where it is too large to be drawn here.
    pub fn render(self, picture: &Picture) -> Option<String> {
        match self {
            Self::Dot => Some(dot::text(picture)),
            Self::Mermaid => Some(mermaid::text(picture)),
            Self::Svg => svg::document(picture),
        }
    }
}
