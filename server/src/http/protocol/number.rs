//! 64-bit numbers in JSON, without losing a digit.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use tracedeck_compiler::abi::value::Number;
use ts_rs::TS;

/// A number that JavaScript reads exactly: a JSON number where a double holds it, else a decimal string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, TS)]
#[ts(type = "number | string")]
pub struct Num(pub i128);

/// The largest integer up to which every integer is a double.
const EXACT: i128 = (1 << 53) - 1;

impl Serialize for Num {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(value) if self.0.abs() <= EXACT => serializer.serialize_i64(value),
            _ => serializer.collect_str(&self.0),
        }
    }
}

impl JsonSchema for Num {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Num".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An integer; as decimal digits in a string where a double would lose some of them",
            "anyOf": [{ "type": "integer" }, { "type": "string", "pattern": "^-?[0-9]+$" }],
        })
    }
}

impl From<Number> for Num {
    fn from(number: Number) -> Self {
        Self(number.wide())
    }
}

impl From<u64> for Num {
    fn from(number: u64) -> Self {
        Self(i128::from(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beyond_a_double_travels_as_a_string() {
        let text = |value: i128| serde_json::to_string(&Num(value)).unwrap();
        assert_eq!(text(-5), "-5");
        assert_eq!(text(9_007_199_254_740_991), "9007199254740991");
        assert_eq!(text(9_007_199_254_740_992), "\"9007199254740992\"");
        assert_eq!(text(-9_007_199_254_740_992), "\"-9007199254740992\"");
        assert_eq!(text(i128::from(u64::MAX)), "\"18446744073709551615\"");
    }
}
