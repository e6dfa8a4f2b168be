//! `Token`: what the lexer cuts a text into.

/// A piece of text and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: u32,
    /// After its last byte.
    pub end: u32,
}

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The end of a line.
    Newline,
    /// `#` or `//` with the newline.
    LineComment,
    /// `/* … */`
    BlockComment,
    /// A name or keyword.
    Ident,
    /// A number.
    Number,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// `=`
    Equal,
    /// `==`
    EqualEqual,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `!`
    Bang,
    /// `&&`
    AndAnd,
    /// `||`
    OrOr,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `?`
    Question,
    /// `:`
    Colon,
    /// `::`
    DoubleColon,
    /// `.`
    Dot,
    /// `...`
    Ellipsis,
    /// `=>`
    FatArrow,
    /// `,`
    Comma,
    /// `"` that opens a text.
    OpenQuote,
    /// `"` that closes it.
    CloseQuote,
    /// Text in quotes, escapes still in it.
    QuotedText,
    /// `<<EOT`, `<<-EOT` with the newline.
    OpenHeredoc,
    /// The line that ends a heredoc, without its newline.
    CloseHeredoc,
    /// A line of a heredoc, or text of a template file.
    Text,
    /// `${`, `${~`
    Interpolation,
    /// `%{`, `%{~`
    Directive,
    /// `}`, `~}`
    CloseSequence,
    /// A newline inside quotes, which ends the text; the newline token follows.
    QuotedNewline,
    /// `/*` without `*/`, up to the end.
    UnclosedComment,
    /// A character that means nothing.
    Invalid,
    /// The end of the text.
    End,
}

impl Kind {
    /// The kind that closes what this one opens.
    pub fn closer(self) -> Option<Self> {
        Some(match self {
            Self::OpenBrace => Self::CloseBrace,
            Self::OpenBracket => Self::CloseBracket,
            Self::OpenParen => Self::CloseParen,
            Self::OpenQuote => Self::CloseQuote,
            Self::OpenHeredoc => Self::CloseHeredoc,
            Self::Interpolation | Self::Directive => Self::CloseSequence,
            _ => return None,
        })
    }

    /// Whether it closes something.
    pub fn closes(self) -> bool {
        matches!(
            self,
            Self::CloseBrace
                | Self::CloseBracket
                | Self::CloseParen
                | Self::CloseQuote
                | Self::CloseHeredoc
                | Self::CloseSequence
        )
    }
}
