//! `Token`: what the lexer cuts a text into.

/// A piece of text and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Newline,
    /// `#` or `//` with the newline.
    LineComment,
    BlockComment,
    Ident,
    Number,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    OpenParen,
    CloseParen,
    Equal,
    EqualEqual,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Bang,
    AndAnd,
    OrOr,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Question,
    Colon,
    DoubleColon,
    Dot,
    Ellipsis,
    FatArrow,
    Comma,
    OpenQuote,
    CloseQuote,
    /// Text in quotes, escapes still in it.
    QuotedText,
    /// `<<EOT`, `<<-EOT` with the newline.
    OpenHeredoc,
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
    End,
}

impl Kind {
    /// The kind that closes what this one opens.
    pub(crate) fn closer(self) -> Option<Self> {
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
    pub(crate) fn closes(self) -> bool {
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
