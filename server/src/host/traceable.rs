//! Functions that can be traced, as the function tracer lists them. Only kernels that allow tracing let it be read.

use std::path::Path;

use tracedeck_compiler::kernel::KernelFunction;

/// The list of a tracefs, without what kprobes are kept away from; sorted, each name once.
pub fn read(root: &Path) -> std::io::Result<Vec<KernelFunction>> {
    let listed = std::fs::read_to_string(root.join("available_filter_functions"))?;
    // In debugfs, which need not be mounted.
    let kept_away = std::fs::read_to_string("/sys/kernel/debug/kprobes/blacklist").unwrap_or_default();
    Ok(parse(&listed, &kept_away))
}

/// Lines of `NAME` or `NAME [MODULE]`, and lines of `RANGE NAME`.
fn parse(listed: &str, kept_away: &str) -> Vec<KernelFunction> {
    let mut kept_away: Vec<&str> = kept_away.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    kept_away.sort_unstable();
    let mut functions: Vec<KernelFunction> = listed
        .lines()
        .filter_map(of_line)
        .filter(|function| super::is_probeable(&function.name))
        .filter(|function| kept_away.binary_search(&function.name.as_str()).is_err())
        .collect();
    functions.sort();
    // The kernel finds functions by name, the first of several.
    functions.dedup_by(|later, first| later.name == first.name);
    functions
}

/// A function of a line `NAME` or `NAME [MODULE]`.
pub fn of_line(line: &str) -> Option<KernelFunction> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let module = words.next().map(|module| module.trim_matches(|c| matches!(c, '[' | ']')).to_owned());
    Some(KernelFunction { name, module })
}

/// The lines that [`of_line`] reads.
pub fn to_lines(functions: &[KernelFunction]) -> String {
    let mut text = String::new();
    for function in functions {
        text.push_str(&function.name);
        if let Some(module) = &function.module {
            text.push_str(" [");
            text.push_str(module);
            text.push(']');
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_modules_are_read_once_each() {
        let listed = "vfs_read\nrcu_note\nsecond [ext4]\nsecond\nfirst.part.0\nnoted\n__ftrace_invalid_address___64\n";
        let function = |name: &str, module: Option<&str>| KernelFunction {
            name: name.to_owned(),
            module: module.map(str::to_owned),
        };
        let found = parse(listed, "0xffffffff81000000-0xffffffff81000010\tnoted\n");
        assert_eq!(found, [function("second", None), function("vfs_read", None)]);
        assert_eq!(parse("x [nf_tables]\n", ""), [function("x", Some("nf_tables"))]);
    }
}
