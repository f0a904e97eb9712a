//! User-space probes by what stands in the source: names of C++ and Rust, lines, names and types of arguments.

use serde_json::json;
use tracedeck_tests::binary::{Run, run};
use tracedeck_tests::require_tracing;
use tracedeck_tests::target::{shop, stock, stripped_shop};

/// Runs a script over `shop 10`; `BIN` in it is the program.
fn over_shop(script: &str) -> Run {
    let path = shop().display().to_string();
    run(&["-f", "json", "-c", &format!("{path} 10"), "-e", &script.replace("BIN", &path)]).expect_code(0)
}

/// The number of the line of `shop.cc` that ends with a comment.
fn line(mark: &str) -> usize {
    let source = include_str!("../../programs/shop.cc");
    1 + source.lines().position(|line| line.ends_with(mark)).expect("a marked line")
}

#[test]
fn overloads_are_counted_together_and_apart() {
    require_tracing!();
    let run = over_shop(
        r#"uprobe:BIN:cpp:"shop::Cart::add" { @all = count(); }
           uprobe:BIN:cpp:"shop::Cart::add(int)" { @one = sum((int32)arg1); }
           uprobe:BIN:cpp:"shop::Cart::add(int, char const*)" { @two[str(arg2)] = count(); }
           uprobe:BIN:cpp:"shop::twice<*" { @template = sum(arg0); }
           uretprobe:BIN:cpp:"shop::Cart::add(int)" { @returned = sum(retval); }"#,
    );
    assert_eq!(run.map("@all"), 20);
    assert_eq!(run.map("@one"), 45);
    assert_eq!(run.map("@two"), json!({ "note": 10 }));
    assert_eq!(run.map("@template"), 45);
    // An int by the debug information, not the 4294967295 of an unsigned register.
    assert_eq!(run.map("@returned"), -45);
}

#[test]
fn wildcards_match_names_of_the_source() {
    require_tracing!();
    let run = over_shop(r#"u:BIN:cpp:"shop::*" { @[probe] = count(); }"#);
    let path = shop().display();
    let name = |name: &str| format!("uprobe:{path}:cpp:\"{name}\"");
    assert_eq!(
        run.map("@"),
        json!({
            name("shop::Cart::add(int)"): 10,
            name("shop::Cart::add(int, char const*)"): 10,
            name("shop::Cart::total(shop::Item const*, double, bool) const"): 10,
            name("shop::twice<long>(long)"): 10,
        })
    );
}

#[test]
fn arguments_have_names_and_types() {
    require_tracing!();
    let run = over_shop(
        r#"u:BIN:cpp:"shop::Cart::total" {
             @price = sum(args.item->price); @name[str(args.item->name)] = count();
             @small = sum(args.item->small); @count = sum(args.item->count);
             @id = max(args.this->id); @sum = max(args.this->sum);
             @last = sum((uint64)args.last);
           }
           ur:BIN:cpp:"shop::Cart::total" /retval < 0/ { @negative = sum(retval); }"#,
    );
    assert_eq!(run.map("@price"), 45);
    assert_eq!(run.map("@name"), json!({ "tea": 10 }));
    assert_eq!((run.map("@small"), run.map("@count")), (50.into(), 45.into()));
    assert_eq!((run.map("@id"), run.map("@sum")), (7.into(), 90.into()));
    assert_eq!(run.map("@last"), 1);
    assert_eq!(run.map("@negative"), -1);
}

#[test]
fn lines_of_the_source_are_probed() {
    require_tracing!();
    let at = line("// line: halved");
    let column = include_str!("../../programs/shop.cc").lines().nth(at - 1).and_then(|it| it.find("kept")).unwrap() + 1;
    let script = format!(
        "u:BIN@shop.cc:{at} {{ @ = count(); }} u:BIN@programs/shop.cc:{} {{ @after = count(); }}
         u:BIN@shop.cc:{at}:{} {{ @column = count(); }}",
        at + 1,
        column + 5
    );
    let run = over_shop(&script);
    // Half of the values are even.
    assert_eq!((run.map("@"), run.map("@after")), (5.into(), 10.into()));
    assert_eq!(run.map("@column"), 5);
}

#[test]
fn names_of_rust_have_no_hash() {
    require_tracing!();
    let path = stock().display();
    let script = format!(r#"u:{path}:cpp:"td_stock::count::take" {{ @ = sum(arg0); }}"#);
    let script = script.replace("td_stock", "*");
    let run = run(&["-f", "json", "-c", &format!("{path} 10"), "-e", &script]).expect_code(0);
    assert_eq!(run.map("@"), 45);
}

#[test]
fn a_stripped_program_is_read_through_its_debug_link() {
    require_tracing!();
    let path = stripped_shop().display();
    let at = line("// line: halved");
    let script = format!(
        r#"u:{path}:cpp:"shop::Cart::add(int)" {{ @ = sum(args.price); }} u:{path}@shop.cc:{at} {{ @line = count(); }}"#
    );
    let run = run(&["-f", "json", "-c", &format!("{path} 10"), "-e", &script]).expect_code(0);
    assert_eq!((run.map("@"), run.map("@line")), (45.into(), 5.into()));
}

#[test]
fn files_may_be_named_by_a_wildcard() {
    require_tracing!();
    let directory = shop().parent().expect("its directory").display();
    let run = over_shop(&format!(r#"u:{directory}/td_sho*:cpp:"shop::twice*" {{ @ = count(); }}"#));
    assert_eq!(run.map("@"), 10);
}

#[test]
fn arguments_are_listed() {
    let pattern = format!("uprobe:{}:cpp:\"shop::Cart::total*\"", shop().display());
    let run = run(&["-lv", &pattern]).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let probe = format!("uprobe:{}:cpp:\"shop::Cart::total(shop::Item const*, double, bool) const\"", shop().display());
    assert_eq!(
        lines,
        [
            probe.as_str(),
            "    const struct Cart * const this",
            "    const struct Item * item",
            "    double rate",
            "    bool last"
        ]
    );
}

/// What a script that is wrong over `BIN`, the program, says.
fn mistake(script: &str) -> String {
    let script = script.replace("BIN", &shop().display().to_string());
    run(&["-e", &script, "--dry-run"]).expect_code(1).stderr
}

#[test]
fn what_does_not_exist_is_told_with_what_does() {
    let at = line("// line: halved");
    let said = mistake(&format!("u:BIN@shop.cc:{} {{ }}", at - 3));
    assert!(said.contains("No statement begins at line"), "{said}");
    assert!(said.contains("The nearest lines with code are"), "{said}");
    let said = mistake("u:BIN@shopping.cc:5 { }");
    assert!(said.contains("No source file 'shopping.cc'"), "{said}");
    let said = mistake(r#"u:BIN:cpp:"shop::Cart::ad" { }"#);
    assert!(said.contains("Did you mean 'shop::Cart::add'?"), "{said}");
    let said = mistake(r#"u:BIN:cpp:"shop::Cart::add(long)" { }"#);
    assert!(said.contains("'shop::Cart::add(int)'"), "{said}");
    let said = mistake("u:BIN:add { }");
    assert!(said.contains(r#"write uprobe:BINARY:cpp:"shop::Cart::add""#), "{said}");
    let said = mistake("u:BIN:main+2 { }");
    assert!(said.contains("No instruction begins at 'main+2'"), "{said}");
    let said = mistake(r#"u:BIN:cpp:"shop::Cart::total" { print(args.rate); }"#);
    assert!(said.contains("'rate' is not in a register"), "{said}");
    let said = mistake(r#"u:BIN:cpp:"shop::Cart::total" { print(args.item->prise); }"#);
    assert!(said.contains("'struct Item' does not contain a field named 'prise'"), "{said}");
    let said = mistake("u:/bin/true@true.c:1 { }");
    assert!(said.contains("no debug information"), "{said}");
}

#[test]
fn names_and_lines_are_shown_as_the_settings_say() {
    require_tracing!();
    let frames = |config: &str| {
        over_shop(&format!(r#"{config} u:BIN:cpp:"shop::twice<*" {{ print(ustack(2)); exit(); }}"#)).stdout
    };
    let plain = frames("");
    assert!(plain.contains("shop::twice<long>(long)+") && plain.contains("shop.cc:"), "{plain}");
    let mangled = frames("config = { cpp_demangle = false }");
    assert!(mangled.contains("_ZN4shop5twice") && !mangled.contains("twice<long>"), "{mangled}");
    let bare = frames("config = { show_debug_info = false }");
    assert!(bare.contains("shop::twice<long>(long)+") && !bare.contains("shop.cc:"), "{bare}");
}
