//! Functions of maps.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::diagnostic::Diagnostic;
use crate::hir::Expr;
use crate::manifest::SiteKind;
use crate::sema::Extra;
use crate::sema::evidence::Evidence;
use crate::sema::{CallSite, Typer};
use crate::types::Type;

pub static CLEAR: Builtin = Builtin {
    name: "clear",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "clear(@map)",
    doc: "Removes all entries of a map.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); } interval:s:1 { print(@); clear(@); }"#,
    analyze: Analysis::Call(clear),
    lower: calls::output::send,
};

pub static ZERO: Builtin = Builtin {
    name: "zero",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "zero(@map)",
    doc: "Sets all values of a map to zero and keeps the keys.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); } interval:s:1 { print(@); zero(@); }"#,
    analyze: Analysis::Call(zero),
    lower: calls::output::send,
};

pub static DELETE: Builtin = Builtin {
    name: "delete",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "delete(@map[, key])",
    doc: "Removes one entry of a map, or the value of a map without keys. True when it was there.",
    example: r#"t:syscalls:sys_enter_openat { @start[tid] = nsecs; } t:syscalls:sys_exit_openat { delete(@start, tid); }"#,
    analyze: Analysis::Call(delete),
    lower: calls::maps::delete,
};

pub static HAS_KEY: Builtin = Builtin {
    name: "has_key",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "has_key(@map, key)",
    doc: "Whether a map has an entry for a key.",
    example: r#"t:syscalls:sys_enter_openat { @start[tid] = nsecs; } t:syscalls:sys_exit_openat /has_key(@start, tid)/ { @ = count(); }"#,
    analyze: Analysis::Call(has_key),
    lower: calls::maps::has_key,
};

pub static LEN: Builtin = Builtin {
    name: "len",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "len(@map) or len(stack)",
    doc: "How many entries a map has, or how many frames a stack.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); } interval:s:1 { printf("%d\n", len(@)); }"#,
    analyze: Analysis::Call(len),
    lower: calls::maps::len,
};

pub static FIND: Builtin = Builtin {
    name: "find",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "find(@map, key, $variable)",
    doc: "Whether a map has an entry for a key; if so, its value is copied to the variable. One lookup instead of two.",
    example: r#"t:syscalls:sys_enter_openat { @start[tid] = nsecs; } t:syscalls:sys_exit_openat { let $start; if (find(@start, tid, $start)) { @ = hist(nsecs - $start); } }"#,
    analyze: Analysis::Call(find),
    lower: calls::maps::find,
};

/// The call's argument is the variable.
fn find(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 3..=3)?;
    let Some((name, [])) = site.map_name(0) else {
        return typer.error("map-required", site.argument_span(0), "find() needs a map here");
    };
    let Some(variable) = site.variable_name(2) else {
        return typer.error("argument-type", site.argument_span(2), "find() needs a variable here: $value");
    };
    let span = site.argument_span(0);
    let key = site.written(typer, 1)?;
    let access = typer.map_access(name, std::slice::from_ref(key), span);
    let id = match typer.lookup(&variable.name) {
        Some(id) => id,
        None => typer.declare(variable)?,
    };
    typer.program.variables[id.0 as usize].assigned = true;
    let (map, key) = access?;
    let value = typer.map_value_type(map, span)?;
    let Some(ty) = crate::sema::read_type(&value) else {
        let message = format!("{} holds '{value}', which cannot be a variable's value", name.name);
        return typer.error("aggregation-misuse", span, message);
    };
    typer.learn_variable(id, Evidence::of_type(&ty));
    let target = typer.read_variable(variable)?;
    if Evidence::of_type(&target.ty).merge(Evidence::of_type(&ty)).is_err() {
        let message = format!(
            "Type mismatch for {}: find() would assign '{ty}' where it has the type '{}'",
            variable.name, target.ty
        );
        return typer.error("type-mismatch", site.argument_span(2), message);
    }
    Some(site.call_with(Type::Bool, vec![target], Extra::map(map, key)))
}

fn clear(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let map = site.map(typer, 0)?;
    typer.map_value_type(map, site.argument_span(0))?;
    let id = typer.site(SiteKind::Clear { map }, site.span);
    Some(site.call_with(Type::Void, Vec::new(), Extra { site: Some(id), ..Extra::map(map, None) }))
}

fn zero(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let map = site.map(typer, 0)?;
    typer.map_value_type(map, site.argument_span(0))?;
    let id = typer.site(SiteKind::Zero { map }, site.span);
    Some(site.call_with(Type::Void, Vec::new(), Extra { site: Some(id), ..Extra::map(map, None) }))
}

fn delete(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=2)?;
    let Some((name, old_key)) = site.map_name(0) else {
        return typer.error("map-required", site.argument_span(0), "delete() needs a map here");
    };
    let span = site.argument_span(0);
    let map = typer.maps.named(name);
    let is_keyed = typer.maps.get(map).keyed.is_some_and(|place| place.start < span.start);
    let access = match (old_key, site.arguments.len()) {
        ([], 1) if is_keyed => {
            let name = &name.name;
            let message = format!("delete() needs the key of an entry: {name} has keys");
            let help = format!("delete({name}, key) deletes one entry, clear({name}) all of them");
            return typer.error_with("map-key-type", site.span, message, help);
        }
        ([], 1) => typer.map_access(name, &[], span),
        ([], _) => {
            let key = site.written(typer, 1)?;
            typer.map_access(name, std::slice::from_ref(key), span)
        }
        (key, 1) => {
            typer.report(
                Diagnostic::warning("deprecated-delete", site.span, "delete(@map[key]) is deprecated")
                    .with_help(format!("Write delete({}, key)", name.name)),
            );
            typer.map_access(name, key, span)
        }
        _ => {
            let message = "delete() takes a map and a key: delete several entries with several calls";
            return typer.error("argument-type", span, message);
        }
    };
    let (map, key) = access?;
    typer.map_value_type(map, span)?;
    Some(site.call_with(Type::Bool, Vec::new(), Extra::map(map, key)))
}

fn has_key(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 2..=2)?;
    let Some((name, [])) = site.map_name(0) else {
        return typer.error("map-required", site.argument_span(0), "has_key() needs a map here");
    };
    let key = site.written(typer, 1)?;
    let (map, key) = typer.map_access(name, std::slice::from_ref(key), site.argument_span(0))?;
    typer.map_value_type(map, site.argument_span(0))?;
    Some(site.call_with(Type::Bool, Vec::new(), Extra::map(map, key)))
}

fn len(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    if let Some((name, [])) = site.map_name(0) {
        let map = typer.map_as_whole(name);
        if typer.map_value_type(map, site.argument_span(0)).is_some_and(|ty| matches!(ty, Type::Stack { .. }))
            && typer.maps.get(map).keyed.is_none()
        {
            let stack = site.value(typer, 0)?;
            return Some(site.call(Type::INT64, vec![stack]));
        }
        if let Some(scalar) = typer.maps.get(map).scalar {
            let message = format!("len() needs a map with keys: {} has none", name.name);
            let diagnostic = Diagnostic::error("argument-type", site.argument_span(0), message)
                .with_label(scalar, "used without a key here");
            return typer.fail(diagnostic);
        }
        return Some(site.call_with(Type::INT64, Vec::new(), Extra::map(map, None)));
    }
    let stack = site.value(typer, 0)?;
    if !matches!(stack.ty, Type::Stack { .. }) {
        return site.wrong_type(typer, &stack, "a map or a stack");
    }
    Some(site.call(Type::INT64, vec![stack]))
}
