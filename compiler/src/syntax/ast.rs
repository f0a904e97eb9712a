//! The tree as written: no types, no ids, a [`Span`] on every node.

use crate::source::Span;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ident {
    pub name: String,
    pub span: Span,
}

#[derive(Debug, Clone, Default)]
pub struct Script {
    pub preprocessor: Vec<PreprocessorLine>,
    pub c_definitions: Vec<CDefinition>,
    /// Headers that were imported or included.
    pub headers: Vec<Header>,
    pub config: Option<ConfigBlock>,
    pub imports: Vec<Import>,
    /// Probes, macros, functions and map declarations, in file order.
    pub roots: Vec<Root>,
    /// Words of which it is not sure that they are types: `(word) - 1` is read as a cast.
    pub words_in_parentheses: Vec<WordInParentheses>,
}

/// The `word` of `(word) - 1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WordInParentheses {
    pub word: String,
    /// The macro around it, if it is one of that macro's parameters.
    pub parameter_of: Option<String>,
}

/// A line that begins with `#`, without the newline.
#[derive(Debug, Clone)]
pub struct PreprocessorLine {
    pub text: String,
    pub span: Span,
}

/// A file of declarations in C.
#[derive(Debug, Clone)]
pub struct Header {
    pub name: String,
    pub text: String,
    pub span: Span,
}

/// `struct NAME { ... };` as raw text.
#[derive(Debug, Clone)]
pub struct CDefinition {
    pub keyword: Ident,
    pub name: Option<Ident>,
    pub text: String,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct ConfigBlock {
    pub settings: Vec<Setting>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Setting {
    pub key: Ident,
    pub value: SettingValue,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    String(Vec<u8>),
    Integer(u64),
    Word(String),
}

#[derive(Debug, Clone)]
pub struct Import {
    pub path: Vec<u8>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum Root {
    Probe(Probe),
    Macro(Macro),
    Function(Function),
    MapDeclaration(MapDeclaration),
}

#[derive(Debug, Clone)]
pub struct Probe {
    pub attach_points: Vec<AttachPoint>,
    pub predicate: Option<Expr>,
    pub body: Block,
    /// From the first attach point to the closing brace.
    pub span: Span,
    /// Bytes of text that macros have added to the body.
    pub expanded: u32,
}

/// An attach point as raw text; `sema::probes` takes it apart. `$1` is not yet replaced.
#[derive(Debug, Clone)]
pub struct AttachPoint {
    /// `name=` before the attach point: parsed, unused so far.
    pub label: Option<Ident>,
    pub text: String,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum MacroParameter {
    Variable(Ident),
    Map(Ident),
    Expression(Ident),
}

impl MacroParameter {
    pub fn name(&self) -> &Ident {
        match self {
            Self::Variable(name) | Self::Map(name) | Self::Expression(name) => name,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Macro {
    pub name: Ident,
    pub parameters: Vec<MacroParameter>,
    pub body: Block,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Function {
    pub name: Ident,
    /// Variable name (with `$`) and type.
    pub parameters: Vec<(Ident, TypeName)>,
    pub returns: TypeName,
    pub body: Block,
    pub span: Span,
}

/// `let @name = kind(entries);`
#[derive(Debug, Clone)]
pub struct MapDeclaration {
    pub map: Ident,
    pub kind: Ident,
    pub entries: u64,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Block {
    pub statements: Vec<Stmt>,
    /// A trailing expression without `;`: the value of the block.
    pub value: Option<Box<Expr>>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum StmtKind {
    /// `let $x : T = e;`
    Let {
        variable: Ident,
        ty: Option<TypeName>,
        value: Option<Expr>,
    },
    /// `target = e;` or, with an operator, `target op= e;`
    Assign {
        target: Place,
        operator: Option<BinaryOp>,
        value: Expr,
    },
    /// `_ = e;`
    Discard(Expr),
    Expr(Expr),
    Break,
    Continue,
    Return(Option<Expr>),
    While {
        condition: Expr,
        body: Block,
    },
    Unroll {
        count: Expr,
        body: Block,
    },
    ForMap {
        variable: Ident,
        map: Ident,
        body: Block,
    },
    ForRange {
        variable: Ident,
        start: Expr,
        end: Expr,
        body: Block,
    },
    Import(Import),
    Block(Block),
}

/// Something that can be assigned to, incremented or have its address taken. Names keep their sigil
/// (`$x`, `@m`, `@`).
#[derive(Debug, Clone)]
pub struct Place {
    pub kind: PlaceKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum PlaceKind {
    Variable(Ident),
    /// Empty `key` for a scalar map; several expressions are a tuple key.
    Map {
        name: Ident,
        key: Vec<Expr>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
}

impl BinaryOp {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::Shl => "<<",
            Self::Shr => ">>",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::And => "&&",
            Self::Or => "||",
        }
    }

    /// How tightly the operator binds, from 1 (`||`) to 10 (`* / %`). All group to the left.
    pub fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::BitOr => 3,
            Self::BitXor => 4,
            Self::BitAnd => 5,
            Self::Eq | Self::Ne => 6,
            Self::Lt | Self::Le | Self::Gt | Self::Ge => 7,
            Self::Shl | Self::Shr => 8,
            Self::Add | Self::Sub => 9,
            Self::Mul | Self::Div | Self::Mod => 10,
        }
    }

    pub fn is_comparison(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }

    pub fn is_logical(self) -> bool {
        matches!(self, Self::And | Self::Or)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Not,
    BitNot,
    Neg,
    Deref,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    Increment,
    Decrement,
}

#[derive(Debug, Clone)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum ExprKind {
    /// `text` as written (`250ms`, `0x1f`), for the formatter.
    Integer {
        value: u64,
        text: String,
    },
    /// Escapes resolved.
    String(Vec<u8>),
    Bool(bool),
    /// `$1`: 1-based.
    Positional(u32),
    /// `$#`
    PositionalCount,
    /// A bare word: builtin, enum constant, define, macro without arguments.
    Identifier(String),
    /// A variable or a map read.
    Place(Place),
    Call {
        function: Ident,
        arguments: Vec<Argument>,
    },
    Unary {
        operator: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        operator: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `c ? a : b`; without `then`, `c ?: b`.
    Ternary {
        condition: Box<Expr>,
        then: Option<Box<Expr>>,
        otherwise: Box<Expr>,
    },
    If(Box<If>),
    Block(Block),
    Step {
        target: Place,
        step: Step,
        prefix: bool,
    },
    AddressOf(Place),
    Cast {
        ty: TypeName,
        operand: Box<Expr>,
    },
    /// `a.b` or `a->b`.
    Field {
        base: Box<Expr>,
        field: Ident,
        arrow: bool,
    },
    /// `t.0`
    TupleField {
        base: Box<Expr>,
        index: u32,
    },
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    Tuple(Vec<Expr>),
    Record(Vec<(Ident, Expr)>),
    SizeOf(Box<TypeArgument>),
    TypeInfo(Box<TypeArgument>),
    OffsetOf {
        of: Box<TypeArgument>,
        path: Vec<Ident>,
    },
    Comptime(Box<Expr>),
}

#[derive(Debug, Clone)]
pub enum Argument {
    Expr(Expr),
    /// `typeof(x)` as an argument.
    Type(TypeName),
}

#[derive(Debug, Clone)]
pub struct If {
    pub condition: Expr,
    pub comptime: bool,
    pub then: Block,
    pub otherwise: Option<Else>,
}

impl If {
    /// Whether any of the blocks ends in a value.
    pub fn has_value(&self) -> bool {
        let mut branch = self;
        loop {
            if branch.then.value.is_some() {
                return true;
            }
            match &branch.otherwise {
                Some(Else::If(next)) => match &next.kind {
                    ExprKind::If(next) => branch = next,
                    _ => return true,
                },
                Some(Else::Block(block)) => return block.value.is_some(),
                None => return false,
            }
        }
    }
}

#[derive(Debug, Clone)]
pub enum Else {
    Block(Block),
    /// `else if`: the expression is an [`ExprKind::If`].
    If(Box<Expr>),
}

/// A type as written: base, then any sequence of `*` and `[N]` from left to right.
#[derive(Debug, Clone)]
pub struct TypeName {
    pub base: TypeBase,
    pub suffixes: Vec<TypeSuffix>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum TypeBase {
    /// `int64`, `u32`, `string`, `unsigned long`, a typedef.
    Name(String),
    /// `struct X`, `union X`, `enum X`: keyword and name.
    Tagged {
        keyword: String,
        name: String,
    },
    TypeOf(Box<TypeArgument>),
    /// `(int64, string[16])`
    Tuple(Vec<TypeName>),
}

#[derive(Debug, Clone)]
pub enum TypeSuffix {
    Pointer,
    Array(Option<u64>),
}

#[derive(Debug, Clone)]
pub enum TypeArgument {
    Type(TypeName),
    Expr(Expr),
}
