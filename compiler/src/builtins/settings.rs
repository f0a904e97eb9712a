//! The settings that a script is compiled with, as values.

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::{Expr, ExprKind};
use crate::sema::{CallSite, Typer, build};
use crate::types::{RecordField, Type};

pub static CONFIG: Builtin = Builtin {
    name: "config",
    kind: Kind::Value,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "config",
    doc: "The settings of the run, whoever made them, by their names in the `config` block: `config.max_strlen`.",
    example: r#"begin { printf("strings have up to %d bytes\n", config.max_strlen); }"#,
    analyze: Analysis::Call(config),
    lower: crate::codegen::unfinished,
};

pub static DEFAULT_STR_LENGTH: Builtin = Builtin {
    name: "default_str_length",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "default_str_length()",
    doc: "The bytes of a string whose size nothing else decides: the setting `max_strlen`.",
    example: r#"begin { print(default_str_length()); }"#,
    analyze: Analysis::Call(default_str_length),
    lower: crate::codegen::unfinished,
};

fn config(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    let (mut fields, mut values) = (Vec::new(), Vec::new());
    for (name, value) in typer.config.values() {
        use crate::sema::config::Setting;
        let value = match value {
            Setting::Flag(on) => build::boolean(on, site.span),
            Setting::Number(number) => build::constant(number, Type::UINT64, site.span),
            Setting::Text(text) => build::string(text.into_bytes(), site.span),
        };
        fields.push(RecordField { name: name.to_owned(), ty: value.ty.clone() });
        values.push(value);
    }
    let ty = Type::Record(fields.into());
    Some(Expr { kind: ExprKind::Record(values), ty, span: site.span })
}

fn default_str_length(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(build::constant(u64::from(typer.config.max_strlen), Type::UINT64, site.span))
}
