//! Parameters of the script: `getopt`.

use super::{kernel, said_by, typed_with};
use crate::options::CompileOptions;

fn named(parameters: &[(&str, Option<&str>)]) -> CompileOptions {
    let owned = |(name, value): &(&str, Option<&str>)| ((*name).to_owned(), value.map(str::to_owned));
    CompileOptions { named: parameters.iter().map(owned).collect(), ..CompileOptions::default() }
}

const SCRIPT: &str =
    r#"begin { print((getopt("all"), getopt("hz", 99), getopt("mask", (uint64)7), getopt("on", true))); }"#;

#[test]
fn defaults_stand_for_what_is_not_given() {
    let text = typed_with(SCRIPT, &named(&[]));
    assert!(text.contains("print((false, 99:int64, 7:uint64, true), site 0)"), "{text}");
}

#[test]
fn values_have_the_types_of_the_defaults() {
    let options =
        named(&[("all", None), ("hz", Some("-0x10")), ("mask", Some("18446744073709551615")), ("on", Some("off"))]);
    let text = typed_with(SCRIPT, &options);
    assert!(text.contains("print((true, -16:int64, 18446744073709551615:uint64, false), site 0)"), "{text}");
    let text = typed_with(r#"begin { $x = getopt("name", "none"); print($x); }"#, &named(&[("name", Some("nginx"))]));
    assert!(text.contains("var $x: string[1024]") && text.contains("\"nginx\""), "{text}");
}

#[test]
fn a_parameter_is_a_constant() {
    let text = typed_with(
        r#"begin { if comptime (getopt("deep")) { print(kstack); } else { print(1); } }"#,
        &named(&[("deep", Some("no"))]),
    );
    assert!(text.contains("print(1:int8") && !text.contains("kstack"), "{text}");
}

#[track_caller]
fn says(script: &str, options: &CompileOptions, expected: &str) {
    assert_eq!(said_by(script, &kernel(), options), expected, "{script}");
}

#[test]
fn wrong_values_and_unknown_names_are_told() {
    let script = r#"begin { print(getopt("hz", 99, "samples a second")); print(getopt("all")); }"#;
    says(
        script,
        &named(&[("hz", Some("fast"))]),
        "error parameter-value `getopt(\"hz\", 99, \"samples a second\")`: The parameter --hz needs an integer, not 'fast'",
    );
    says(
        script,
        &named(&[("all", Some("perhaps"))]),
        "error parameter-value `getopt(\"all\")`: The parameter --all needs true or false, not 'perhaps'",
    );
    says(
        script,
        &named(&[("hzz", Some("9")), ("x", None)]),
        "error unknown-parameter ``: The script has no parameters --hzz, --x | Did you mean 'hz'? | \
         It knows --hz=NUMBER  samples a second (default: 99) | It knows --all",
    );
    says(script, &named(&[("help", None)]), "");
    says(
        r#"begin { print(getopt("a", 1)); print(getopt("a", 2)); }"#,
        &named(&[]),
        "error parameter-default `getopt(\"a\", 2)`: Parameter 'a' is read with another default elsewhere",
    );
    says(
        r#"begin { print(getopt("a", pid)); }"#,
        &named(&[]),
        "error literal-required `pid`: The default of a parameter must be a literal: a number, a string, true or false",
    );
    says(
        r#"begin { print(getopt("a b")); }"#,
        &named(&[]),
        "error argument-type `\"a b\"`: 'a b' cannot be the name of a parameter: it has letters, digits, '-', '_' and '.'",
    );
}
