//! The syntax tree: compact, with byte spans, made by `syntax` and seen by everything after it.
//!
//! Chains (`a + b + c`, `a.b[0].c`) are flat, so that the height of a tree is bounded by the
//! parser's nesting limit and every walk may recurse.

use std::sync::Arc;

use lifeboat_sdk::{Name, Span, Value};

use super::reference::Reference;

/// The content of a file or block.
#[derive(Clone, Debug)]
pub struct Body {
    /// `name = expression`, in order; names are unique.
    pub attributes: Vec<Attribute>,
    /// Nested blocks, in order.
    pub blocks: Vec<Block>,
    /// Where something missing is reported: the opening brace, or the start of the file.
    pub missing: Span,
    /// From the opening to the closing brace.
    pub span: Span,
}

/// `name = expression`
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The name.
    pub name: Name,
    /// Where the name is.
    pub name_span: Span,
    /// The value.
    pub expr: Expr,
    /// Name and value.
    pub span: Span,
}

/// `ident "label" … { … }`
#[derive(Clone, Debug)]
pub struct Block {
    /// What kind of block.
    pub ident: Name,
    /// Where that is.
    pub ident_span: Span,
    /// Its labels.
    pub labels: Vec<Label>,
    /// Its content.
    pub body: Body,
    /// The header: from the identifier to the last label.
    pub header: Span,
    /// All of it.
    pub span: Span,
}

/// A label of a block.
#[derive(Clone, Debug)]
pub struct Label {
    /// The text, unescaped.
    pub text: Name,
    /// Where it is, with its quotes.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it is.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A number, `true`, `false`, `null`, or a quoted text or heredoc without templates.
    Literal(Value),
    /// A number whose spelling matters where an identifier is meant: `007`, beyond 2⁵³.
    OddNumber(Box<Value>),
    /// A text with interpolations or directives.
    Template(Box<[Part]>),
    /// `"${x}"`: the value of `x` itself.
    Wrap(Box<Expr>),
    /// `(x)`
    Paren(Box<Expr>),
    /// `root.a[0]…`, root being a name.
    Traversal(Box<Traversal>),
    /// `x.a[0]…`, `x` being any other expression; also what follows a splat inside.
    Access(Box<Access>),
    /// `f(a, b…)`
    Call(Box<Call>),
    /// `-x`, `!x`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b - c`: operators of one precedence, applied from the left.
    Binary(Box<Chain>),
    /// `c ? a : b`
    Conditional(Box<Conditional>),
    /// `[a, b]`
    Tuple(Box<[Expr]>),
    /// `{ a = b }`
    Object(Box<[Item]>),
    /// `[for …]`, `{for …}`
    For(Box<For>),
    /// What stands in the place of a syntax error that has been reported.
    Invalid,
}

impl Expr {
    /// Where it is.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Without parentheses around it.
    pub fn unwrapped(&self) -> &Self {
        match &self.kind {
            ExprKind::Paren(inner) => inner.unwrapped(),
            _ => self,
        }
    }

    /// A bare word: `string`, `all`.
    pub fn keyword(&self) -> Option<&Name> {
        match &self.kind {
            ExprKind::Traversal(t) if t.steps.is_empty() => Some(&t.root),
            _ => None,
        }
    }

    /// A text that is written out.
    pub fn literal_text(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Literal(value) => value.as_str(),
            _ => None,
        }
    }
}

/// A part of a template.
#[derive(Clone, Debug)]
pub enum Part {
    /// Text, strips and indentation already applied.
    Text(Box<str>, Span),
    /// `${x}`
    Interpolation(Expr),
    /// `%{ if c }…%{ else }…%{ endif }`
    If(Box<IfPart>),
    /// `%{ for k, v in c }…%{ endfor }`
    For(Box<ForPart>),
}

/// `%{ if c }…%{ else }…%{ endif }`
#[derive(Clone, Debug)]
pub struct IfPart {
    /// The condition.
    pub condition: Expr,
    /// What stands where it is true.
    pub then: Box<[Part]>,
    /// What stands where it is false.
    pub otherwise: Box<[Part]>,
    /// All of it.
    pub span: Span,
}

/// `%{ for k, v in c }…%{ endfor }`
#[derive(Clone, Debug)]
pub struct ForPart {
    /// The name of the key.
    pub key: Option<Name>,
    /// The name of the element.
    pub value: Name,
    /// What is walked.
    pub collection: Expr,
    /// What stands for each.
    pub content: Box<[Part]>,
    /// All of it.
    pub span: Span,
}

/// `root.a[0].b`
#[derive(Clone, Debug)]
pub struct Traversal {
    /// The name it starts with.
    pub root: Name,
    /// Where that is.
    pub root_span: Span,
    /// What follows.
    pub steps: Arc<[Step]>,
    /// What it refers to unless `root` is a name of a `for` or `dynamic` around it; nothing
    /// where it cannot refer to anything.
    pub reference: Option<Reference>,
}

/// `x.a[0].b`
#[derive(Clone, Debug)]
pub struct Access {
    /// What is gone into.
    pub source: Expr,
    /// How.
    pub steps: Vec<Step>,
}

/// One step into a value.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which.
    pub kind: StepKind,
    /// With its dot or brackets.
    pub span: Span,
}

/// The kinds of steps.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// `.name`
    Attr(Name),
    /// `[0]`, `["a"]`, `.0`: a literal.
    Key(Value),
    /// `[x]`
    Index(Box<Expr>),
    /// `.*.a` and `[*].a`: these steps into each element.
    Splat(Box<[Step]>),
}

/// `f(a, b…)`
#[derive(Clone, Debug)]
pub struct Call {
    /// The name, with `::` where it has a namespace.
    pub name: Name,
    /// Where that is.
    pub name_span: Span,
    /// The arguments.
    pub args: Vec<Expr>,
    /// Whether the last one is followed by `...`.
    pub expand: bool,
    /// The closing parenthesis.
    pub close: Span,
}

/// `first op operand op operand …`
#[derive(Clone, Debug)]
pub struct Chain {
    /// The leftmost operand.
    pub first: Expr,
    /// The others with the operator before each.
    pub rest: Vec<(BinaryOp, Expr)>,
}

/// `-`, `!`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `!`
    Not,
}

/// The operators between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
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
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

/// `condition ? then : otherwise`
#[derive(Clone, Debug)]
pub struct Conditional {
    /// The condition.
    pub condition: Expr,
    /// The value where it is true.
    pub then: Expr,
    /// The value where it is false.
    pub otherwise: Expr,
}

/// `key = value` in an object.
#[derive(Clone, Debug)]
pub struct Item {
    /// The key; a bare word is a literal text already.
    pub key: Expr,
    /// The value.
    pub value: Expr,
}

/// `[for k, v in collection : value if condition]`
#[derive(Clone, Debug)]
pub struct For {
    /// The name of the key.
    pub key_name: Option<Name>,
    /// The name of the element.
    pub value_name: Name,
    /// What is walked.
    pub collection: Expr,
    /// The key of the result; an object is built where there is one.
    pub key: Option<Expr>,
    /// The value.
    pub value: Expr,
    /// Which elements.
    pub condition: Option<Expr>,
    /// Whether values of equal keys are gathered (`...`).
    pub group: bool,
}

impl Body {
    /// The attribute `name`.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| &*a.name == name)
    }

    /// The blocks `ident`.
    pub fn blocks_of<'a>(&'a self, ident: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |b| &*b.ident == ident)
    }
}
