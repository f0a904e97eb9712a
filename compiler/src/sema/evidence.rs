//! What the uses of a variable, a map key or a map value say about its type, and the type that follows.
//!
//! Integer literals are kept apart from typed integers: `5` fits beside unsigned and signed values alike, and only
//! the widest literal matters. The order of the uses never matters.

use std::sync::Arc;

use crate::hir::{Expr, ExprKind};
use crate::types::{Aggregate, RecordField, Type};

/// Sums up expressions that meet in one place.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    Integers(Integers),
    Tuple(Vec<Evidence>),
    Record(Vec<(String, Evidence)>),
    /// Anything else, already as wide as needed.
    Other(Type),
}

/// Integers of all kinds: the widest of each sign, and the range of the literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Integers {
    signed: Option<u8>,
    unsigned: Option<u8>,
    literals: Option<(i128, i128)>,
    /// Only booleans so far.
    only_bool: bool,
}

impl Evidence {
    /// What one expression says.
    pub fn of(expr: &Expr) -> Self {
        if let Some(value) = flexible(expr) {
            return Self::Integers(Integers { literals: Some((value, value)), ..Integers::default() });
        }
        match (&expr.kind, &expr.ty) {
            (ExprKind::Tuple(parts), _) => Self::Tuple(parts.iter().map(Self::of).collect()),
            (ExprKind::Record(parts), Type::Record(fields)) => {
                Self::Record(fields.iter().map(|field| field.name.clone()).zip(parts.iter().map(Self::of)).collect())
            }
            (ExprKind::Conditional { then, otherwise, .. }, Type::Int { .. }) => {
                Self::of(then).merge(Self::of(otherwise)).unwrap_or_else(|kept| kept)
            }
            (ExprKind::Block { value, .. }, _) => Self::of(value),
            (_, ty) => Self::of_type(ty),
        }
    }

    pub fn of_type(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::Integers(Integers { unsigned: Some(1), only_bool: true, ..Integers::default() }),
            Type::Int { bytes, signed: true } => {
                Self::Integers(Integers { signed: Some(*bytes), ..Integers::default() })
            }
            Type::Int { bytes, signed: false } => {
                Self::Integers(Integers { unsigned: Some(*bytes), ..Integers::default() })
            }
            Type::Tuple(parts) => Self::Tuple(parts.iter().map(Self::of_type).collect()),
            Type::Record(fields) => {
                Self::Record(fields.iter().map(|field| (field.name.clone(), Self::of_type(&field.ty))).collect())
            }
            _ => Self::Other(ty.clone()),
        }
    }

    /// Both together.
    ///
    /// # Errors
    ///
    /// The first of the two where no type covers both: a later check reports the second against it.
    pub fn merge(self, other: Self) -> Result<Self, Self> {
        match (self, other) {
            (Self::Integers(left), Self::Integers(right)) => Ok(Self::Integers(left.merge(right))),
            (Self::Integers(left), Self::Other(Type::Enum { bytes, signed, .. })) => {
                Ok(Self::Integers(left.merge(Integers::typed(bytes, signed))))
            }
            (Self::Other(Type::Enum { bytes, signed, .. }), Self::Integers(right)) => {
                Ok(Self::Integers(Integers::typed(bytes, signed).merge(right)))
            }
            // The literal 0 is the null pointer.
            (Self::Integers(zero), Self::Other(pointer @ Type::Pointer { .. }))
            | (Self::Other(pointer @ Type::Pointer { .. }), Self::Integers(zero))
                if zero.is_literal_zero() =>
            {
                Ok(Self::Other(pointer))
            }
            (Self::Tuple(left), Self::Tuple(right)) => {
                if left.len() == right.len() {
                    all(left.into_iter().zip(right)).map(Self::Tuple).map_err(Self::Tuple)
                } else {
                    Err(Self::Tuple(left))
                }
            }
            (Self::Record(left), Self::Record(right)) => merge_records(left, right),
            (Self::Other(left), Self::Other(right)) => match merge_types(&left, &right) {
                Some(ty) => Ok(Self::Other(ty)),
                None => Err(Self::Other(left)),
            },
            (left, _) => Err(left),
        }
    }

    /// The type that covers everything seen.
    pub fn resolve(&self) -> Type {
        match self {
            Self::Integers(integers) => integers.resolve(),
            Self::Tuple(parts) => Type::Tuple(parts.iter().map(Self::resolve).collect()),
            Self::Record(fields) => Type::Record(
                fields.iter().map(|(name, part)| RecordField { name: name.clone(), ty: part.resolve() }).collect(),
            ),
            Self::Other(ty) => ty.clone(),
        }
    }
}

/// The value of an integer that is known now: a literal, or a constant of a given type such as `sizeof(x)`.
pub fn literal(expr: &Expr) -> Option<i128> {
    match (&expr.kind, &expr.ty) {
        (ExprKind::Integer(bits), Type::Int { signed: true, .. }) => Some(i128::from(*bits as i64)),
        (ExprKind::Integer(bits), Type::Int { signed: false, .. }) => Some(i128::from(*bits)),
        _ => None,
    }
}

/// The value of a literal that adapts to what stands beside it: it has the type of a literal that stands alone, which
/// constants of a given type do not have.
pub fn flexible(expr: &Expr) -> Option<i128> {
    literal(expr).filter(|value| expr.ty == literal_type(*value))
}

/// The type of a literal that stands alone: the smallest signed type that holds it, `uint64` above `int64`.
pub fn literal_type(value: i128) -> Type {
    match signed_bytes(value, value) {
        Some(bytes) => Type::Int { bytes, signed: true },
        None => Type::UINT64,
    }
}

/// The smallest type for a value beside values of this sign.
pub fn wider_type(value: i128, signed: bool) -> Type {
    if signed || value < 0 { literal_type(value) } else { Type::Int { bytes: unsigned_bytes(value), signed } }
}

/// The type in which two expressions can be compared, or that both arms of a conditional can have.
pub fn common_type(left: &Expr, right: &Expr) -> Option<Type> {
    Evidence::of(left).merge(Evidence::of(right)).ok().map(|both| both.resolve())
}

impl Integers {
    fn typed(bytes: u8, signed: bool) -> Self {
        if signed {
            Self { signed: Some(bytes), ..Self::default() }
        } else {
            Self { unsigned: Some(bytes), ..Self::default() }
        }
    }

    fn is_literal_zero(self) -> bool {
        self == Self { literals: Some((0, 0)), ..Self::default() }
    }

    fn merge(self, other: Self) -> Self {
        let literals = match (self.literals, other.literals) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (left, right) => left.or(right),
        };
        Self {
            signed: self.signed.max(other.signed),
            unsigned: self.unsigned.max(other.unsigned),
            literals,
            only_bool: self.only_bool && other.only_bool,
        }
    }

    fn resolve(self) -> Type {
        if self.only_bool {
            return Type::Bool;
        }
        let (min, max) = self.literals.unwrap_or_default();
        match (self.signed, self.unsigned) {
            (None, None) => match signed_bytes(min, max) {
                Some(bytes) => Type::Int { bytes, signed: true },
                None => Type::Int { bytes: 8, signed: min < 0 },
            },
            (None, Some(bytes)) if min >= 0 => Type::Int { bytes: bytes.max(unsigned_bytes(max)), signed: false },
            (signed, unsigned) => {
                // A signed type must be wider than an unsigned one to hold its values.
                let for_unsigned = unsigned.map_or(1, |bytes| (bytes * 2).min(8));
                let for_literals = signed_bytes(min, max).unwrap_or(8);
                Type::Int { bytes: signed.unwrap_or(1).max(for_unsigned).max(for_literals), signed: true }
            }
        }
    }
}

fn signed_bytes(min: i128, max: i128) -> Option<u8> {
    [1_u8, 2, 4, 8].into_iter().find(|bytes| {
        let bits = u32::from(*bytes) * 8 - 1;
        min >= -(1_i128 << bits) && max < 1_i128 << bits
    })
}

fn unsigned_bytes(max: i128) -> u8 {
    [1_u8, 2, 4].into_iter().find(|bytes| max < 1_i128 << (u32::from(*bytes) * 8)).unwrap_or(8)
}

/// Merges pairs; where one pair does not fit, the left parts are the error.
fn all(pairs: impl Iterator<Item = (Evidence, Evidence)>) -> Result<Vec<Evidence>, Vec<Evidence>> {
    let mut fits = true;
    let merged = pairs
        .map(|(left, right)| {
            left.merge(right).unwrap_or_else(|kept| {
                fits = false;
                kept
            })
        })
        .collect();
    if fits { Ok(merged) } else { Err(merged) }
}

/// Records fit when they have the same names; their order is that of the first.
fn merge_records(left: Vec<(String, Evidence)>, mut right: Vec<(String, Evidence)>) -> Result<Evidence, Evidence> {
    let same_names =
        left.len() == right.len() && left.iter().all(|(name, _)| right.iter().any(|(other, _)| other == name));
    if !same_names {
        return Err(Evidence::Record(left));
    }
    let names: Vec<String> = left.iter().map(|(name, _)| name.clone()).collect();
    let pairs = left.into_iter().map(|(name, part)| {
        let at = right.iter().position(|(other, _)| *other == name).unwrap_or_default();
        (part, right.swap_remove(at).1)
    });
    let named = |parts: Vec<Evidence>| Evidence::Record(names.iter().cloned().zip(parts).collect());
    all(pairs).map(named).map_err(named)
}

fn merge_types(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        _ if left == right => Some(left.clone()),
        (Type::String { capacity: a }, Type::String { capacity: b }) => Some(Type::String { capacity: *a.max(b) }),
        (Type::Buffer { capacity: a }, Type::Buffer { capacity: b }) => Some(Type::Buffer { capacity: *a.max(b) }),
        (Type::Pointer { to: a, space }, Type::Pointer { to: b, .. }) => match (&**a, &**b) {
            _ if a == b => Some(left.clone()),
            (Type::Void, _) => Some(Type::Pointer { to: Arc::clone(b), space: *space }),
            (_, Type::Void) => Some(left.clone()),
            _ => None,
        },
        (Type::Aggregate(a), Type::Aggregate(b)) => merge_aggregates(*a, *b).map(Type::Aggregate),
        // Two enums meet as integers.
        (Type::Enum { .. }, Type::Enum { .. }) => {
            let as_int = |ty: &Type| Integers::typed(ty.size() as u8, ty.is_signed());
            Some(as_int(left).merge(as_int(right)).resolve())
        }
        _ => None,
    }
}

/// Aggregations of one map are the same function with the same parameters; one signed argument makes it signed.
fn merge_aggregates(left: Aggregate, right: Aggregate) -> Option<Aggregate> {
    use Aggregate as A;
    Some(match (left, right) {
        (A::Sum { signed: a }, A::Sum { signed: b }) => A::Sum { signed: a || b },
        (A::Min { signed: a }, A::Min { signed: b }) => A::Min { signed: a || b },
        (A::Max { signed: a }, A::Max { signed: b }) => A::Max { signed: a || b },
        (A::Avg { signed: a }, A::Avg { signed: b }) => A::Avg { signed: a || b },
        (A::Stats { signed: a }, A::Stats { signed: b }) => A::Stats { signed: a || b },
        (
            A::TimeSeries { interval_ns, epochs, function, signed: a },
            A::TimeSeries { interval_ns: i, epochs: e, function: f, signed: b },
        ) if (interval_ns, epochs, function) == (i, e, f) => {
            A::TimeSeries { interval_ns, epochs, function, signed: a || b }
        }
        _ if left == right => left,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn number(value: i64) -> Expr {
        Expr { kind: ExprKind::Integer(value as u64), ty: literal_type(i128::from(value)), span: Span::default() }
    }

    fn merged(parts: impl IntoIterator<Item = Evidence>) -> String {
        let mut parts = parts.into_iter();
        let first = parts.next().expect("at least one");
        parts.fold(first, |all, next| all.merge(next).unwrap_or_else(|kept| kept)).resolve().to_string()
    }

    fn typed(ty: Type) -> Evidence {
        Evidence::of_type(&ty)
    }

    #[test]
    fn literals_take_the_smallest_signed_type() {
        let alone = |value| merged([Evidence::of(&number(value))]);
        assert_eq!((alone(5), alone(200), alone(-129)), ("int8".into(), "int16".into(), "int16".into()));
        assert_eq!(literal_type(1 << 63), Type::UINT64);
    }

    #[test]
    fn a_literal_becomes_unsigned_beside_an_unsigned_value() {
        assert_eq!(merged([Evidence::of(&number(5)), typed(Type::UINT32)]), "uint32");
        assert_eq!(merged([typed(Type::UINT8), Evidence::of(&number(300))]), "uint16");
        assert_eq!(merged([typed(Type::UINT8), Evidence::of(&number(-1))]), "int16");
    }

    #[test]
    fn mixed_signs_take_a_signed_type_that_holds_both() {
        assert_eq!(merged([typed(Type::INT8), typed(Type::UINT8)]), "int16");
        assert_eq!(merged([typed(Type::INT64), typed(Type::UINT32)]), "int64");
        assert_eq!(merged([typed(Type::INT32), typed(Type::UINT64)]), "int64");
    }

    #[test]
    fn the_order_of_the_uses_does_not_matter() {
        let uses = [typed(Type::UINT8), typed(Type::INT8), typed(Type::UINT16), Evidence::of(&number(70_000))];
        let mut reversed = uses.to_vec();
        reversed.reverse();
        assert_eq!(merged(uses), merged(reversed));
    }

    #[test]
    fn parts_of_tuples_widen_one_by_one() {
        let short = Type::tuple([Type::UINT8, Type::String { capacity: 3 }]);
        let long = Type::tuple([Type::UINT32, Type::String { capacity: 2 }]);
        assert_eq!(merged([typed(short), typed(long)]), "(uint32,string[3])");
    }

    #[test]
    fn a_histogram_with_other_bounds_does_not_fit() {
        let small = Type::Aggregate(Aggregate::LinearHist { min: 0, max: 10, step: 1 });
        let large = Type::Aggregate(Aggregate::LinearHist { min: 0, max: 20, step: 1 });
        assert!(typed(small).merge(typed(large)).is_err());
    }
}
