//! The typed tree of an expression. All names are resolved: whoever walks it (memory, SQL) needs no
//! look-up and meets no wrong type.

use fondaco_values::Value;

use crate::Type;

/// One part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Literal {
        value: Value,
        ty: Type,
    },
    /// A field of a record. `level` 0 is the innermost record: the line inside the filter or body of
    /// an aggregate, else the record itself; 1 is the record around it, and so on.
    /// All of `path` but the last are links; the last is the field that is read.
    Field {
        level: u8,
        path: Vec<FieldRef>,
    },
    Actor(ActorAttr),
    /// A field of the company one works in.
    Company(FieldRef),
    /// The instant of the transaction.
    Now,
    /// The date of the transaction.
    Today,
    /// `items` fit `of`.
    List {
        items: Vec<Node>,
        of: Type,
    },
    /// `!x`; null counts as false.
    Not(Box<Node>),
    Negate(Box<Node>),
    /// `x == null`; `x != null` is `Not(IsNull)`.
    IsNull(Box<Node>),
    /// Operands are of types that go together; `ty` is the type of the result.
    Binary {
        op: Op,
        ty: Type,
        left: Box<Node>,
        right: Box<Node>,
    },
    /// `test ? then : otherwise`; a null test counts as false.
    If {
        ty: Type,
        test: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    Call {
        func: Func,
        ty: Type,
        args: Vec<Node>,
    },
    Aggregate(Aggregate),
}

/// A field by model and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRef {
    pub model: String,
    pub field: String,
    pub ty: Type,
    /// Digits after the point, of a number that is stored as a scaled integer.
    pub scale: Option<u8>,
}

/// What an expression may ask of the one who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorAttr {
    /// Link to user; null for a service.
    User,
    /// Link to party; null when the user has none.
    Party,
    /// Link to the company worked in.
    Company,
    /// List of links to the companies the user may work in.
    Companies,
    /// List of names of the roles held, included ones too.
    Roles,
}

/// Operators. With a null operand arithmetic gives null, comparisons false; [`Op::Ne`] is null-safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    And,
    Or,
    /// False when an operand is null, also when both are.
    Eq,
    /// True when exactly one operand is null; false when both are.
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// The left is one of the right, a list. False when the left is null.
    In,
    /// Numbers; durations; date or time + duration (a date moves by whole days); text + text.
    Add,
    /// Numbers; durations; date or time − duration; date − date and time − time give a duration.
    Sub,
    /// Numbers; duration × integer.
    Mul,
    /// Numbers, always a decimal, rounded half away from zero to [`Op::DIVISION_PLACES`]; null when
    /// divided by zero.
    Div,
    /// Numbers; the sign of the left operand; null when divided by zero.
    Rem,
}

impl Op {
    /// Digits after the point of a quotient: more than any field keeps (6), so that rounding again
    /// to the field cannot be seen, and few enough that SQL and memory give the same.
    pub const DIVISION_PLACES: u8 = 10;
}

/// Functions of single values. With a null argument they give null, those that answer true or false
/// give false; [`Func::Coalesce`] alone looks further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Func {
    /// Characters of a text, items of a list (of none: 0).
    Size,
    Contains,
    StartsWith,
    EndsWith,
    /// The text holds the other, letters compared without case (both lowered).
    Matches,
    Lower,
    Upper,
    /// Without spaces at both ends.
    Trim,
    /// The least of two or more; null when one is null.
    Min,
    Max,
    Abs,
    /// `round(x, places)`: half away from zero; `places` is a literal (0 when left out).
    Round,
    Floor,
    Ceil,
    /// Of a date; of an instant in UTC.
    Year,
    Month,
    Day,
    /// A number of days as a duration.
    Days,
    /// The first of two or more that is not null.
    Coalesce,
}

/// One value of many lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    pub fold: Fold,
    /// Whose lines: as in [`Node::Field`], seen from where the aggregate stands.
    pub level: u8,
    /// The field of kind lines.
    pub lines: FieldRef,
    /// The model of the lines.
    pub child: String,
    /// The child's link to the record whose lines they are.
    pub by: String,
    /// Only lines of which this is true; level 0 in it is the line.
    pub filter: Option<Box<Node>>,
    /// What is folded; level 0 in it is the line. `None` only for [`Fold::Count`]: counts lines.
    pub body: Option<Box<Node>>,
    pub ty: Type,
}

/// How many become one. Null bodies are passed over by all but `Exists` and `All`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Of no lines: 0.
    Sum,
    /// Lines, or bodies that are not null.
    Count,
    /// Of no lines: null.
    Min,
    Max,
    /// The body is true for a line.
    Exists,
    /// The body is true for each line (null is not true); so of no lines.
    All,
}

impl Node {
    pub fn ty(&self) -> Type {
        match self {
            Node::Literal { ty, .. }
            | Node::Binary { ty, .. }
            | Node::If { ty, .. }
            | Node::Call { ty, .. }
            | Node::Aggregate(Aggregate { ty, .. }) => ty.clone(),
            Node::Field { path, .. } => path.last().map_or(Type::Null, |last| last.ty.clone()),
            Node::Actor(attr) => attr.ty(),
            Node::Company(field) => field.ty.clone(),
            Node::Now => Type::Time,
            Node::Today => Type::Date,
            Node::List { of, .. } => Type::List(Box::new(of.clone())),
            Node::Not(_) | Node::IsNull(_) => Type::Bool,
            Node::Negate(of) => of.ty(),
        }
    }

    /// The parts directly below, in the order they are written.
    pub fn children(&self) -> Vec<&Node> {
        match self {
            Node::Literal { .. } | Node::Field { .. } | Node::Actor(_) | Node::Company(_) => vec![],
            Node::Now | Node::Today => vec![],
            Node::List { items, .. } => items.iter().collect(),
            Node::Not(of) | Node::Negate(of) | Node::IsNull(of) => vec![of],
            Node::Binary { left, right, .. } => vec![left, right],
            Node::If { test, then, otherwise, .. } => vec![test, then, otherwise],
            Node::Call { args, .. } => args.iter().collect(),
            Node::Aggregate(fold) => {
                fold.filter.iter().chain(&fold.body).map(AsRef::as_ref).collect()
            }
        }
    }

    /// Calls `visit` for this part and all below it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}

impl ActorAttr {
    pub const ALL: [ActorAttr; 5] = [
        ActorAttr::User,
        ActorAttr::Party,
        ActorAttr::Company,
        ActorAttr::Companies,
        ActorAttr::Roles,
    ];

    /// The word after `actor.`.
    pub fn name(self) -> &'static str {
        match self {
            ActorAttr::User => "user",
            ActorAttr::Party => "party",
            ActorAttr::Company => "company",
            ActorAttr::Companies => "companies",
            ActorAttr::Roles => "roles",
        }
    }

    pub fn ty(self) -> Type {
        match self {
            ActorAttr::User => Type::Link("user".to_owned()),
            ActorAttr::Party => Type::Link("party".to_owned()),
            ActorAttr::Company => Type::Link("company".to_owned()),
            ActorAttr::Companies => Type::List(Box::new(Type::Link("company".to_owned()))),
            ActorAttr::Roles => Type::List(Box::new(Type::Text)),
        }
    }
}
