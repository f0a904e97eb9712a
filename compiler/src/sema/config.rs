//! The `config` block and the `BPFTRACE_*` environment: environment wins over script, script over default.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::manifest::{MissingProbes, RunSettings};
use crate::options::CompileOptions;
use crate::source::Span;
use crate::syntax::ast::{ConfigBlock, SettingValue};
use crate::types::StackMode;

/// Whether an unstable feature may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unstable {
    Enable,
    Warn,
    Error,
}

/// The settings that a compilation goes by.
#[derive(Debug, Clone)]
pub struct Config {
    /// Bytes of a string, its NUL included.
    pub max_strlen: u32,
    pub max_map_keys: u32,
    pub max_probes: u64,
    pub max_programs: u64,
    pub unstable_tseries: Unstable,
    pub unstable_typeinfo: Unstable,
    pub unstable_dw_ustack: Unstable,
    pub unstable_import_statement: Unstable,
    pub run: RunSettings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_strlen: 1024,
            max_map_keys: 4096,
            max_probes: 1024,
            max_programs: 1024,
            // The feature is complete here: there is nothing to warn about.
            unstable_tseries: Unstable::Enable,
            // Its form may change with bpftrace's.
            unstable_typeinfo: Unstable::Error,
            unstable_dw_ustack: Unstable::Warn,
            unstable_import_statement: Unstable::Error,
            run: RunSettings::default(),
        }
    }
}

/// What a key may be set to, and what it changes.
enum Effect {
    Number {
        min: u64,
        max: u64,
        set: fn(&mut Config, u64),
    },
    Flag(fn(&mut Config, bool)),
    Word {
        choices: &'static [&'static str],
        set: fn(&mut Config, &str),
    },
    Text(fn(&mut Config, &str)),
    Unstable(fn(&mut Config, Unstable)),
    /// Accepted so that scripts of bpftrace run; it changes nothing here.
    Ignored,
}

/// A key of the config block.
struct Key {
    name: &'static str,
    effect: Effect,
}

const LICENSES: &[&str] =
    &["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"];

static KEYS: &[Key] = &[
    key("cache_user_symbols", Effect::Word { choices: &["PER_PID", "PER_PROGRAM", "NONE", "0", "1"], set: |_, _| {} }),
    key("cpp_demangle", Effect::Flag(|config, on| config.run.cpp_demangle = on)),
    key("lazy_symbolication", Effect::Flag(|_, _| {})),
    key("license", Effect::Word { choices: LICENSES, set: |config, word| config.run.license = word.to_owned() }),
    key("log_size", Effect::Number { min: 1, max: 1 << 30, set: |config, n| config.run.log_size = Some(n as u32) }),
    key("max_bpf_progs", Effect::Number { min: 1, max: 1 << 20, set: |config, n| config.max_programs = n }),
    key(
        "max_cat_bytes",
        Effect::Number { min: 1, max: 64 << 20, set: |config, n| config.run.max_cat_bytes = n as u32 },
    ),
    key("max_map_keys", Effect::Number { min: 1, max: 1 << 26, set: |config, n| config.max_map_keys = n as u32 }),
    key("max_probes", Effect::Number { min: 1, max: 1 << 20, set: |config, n| config.max_probes = n }),
    key("max_strlen", Effect::Number { min: 2, max: 64 << 10, set: |config, n| config.max_strlen = n as u32 }),
    key(
        "missing_probes",
        Effect::Word {
            choices: &["error", "warn", "ignore"],
            set: |config, word| {
                config.run.missing_probes = match word {
                    "warn" => MissingProbes::Warn,
                    "ignore" => MissingProbes::Ignore,
                    _ => MissingProbes::Error,
                };
            },
        },
    ),
    key("on_stack_limit", Effect::Number { min: 0, max: 512, set: |config, n| config.run.on_stack_limit = n as u32 }),
    // Rounded up to a power of two, as the kernel wants it.
    key(
        "perf_rb_pages",
        Effect::Number { min: 1, max: 1 << 18, set: |config, n| config.run.ring_pages = Some(n as u32) },
    ),
    key("print_maps_on_exit", Effect::Flag(|config, on| config.run.print_maps_on_exit = on)),
    key("show_debug_info", Effect::Flag(|config, on| config.run.show_debug_info = on)),
    key(
        "stack_mode",
        Effect::Word {
            choices: &["bpftrace", "perf", "raw", "build_id"],
            set: |config, word| config.run.stack_mode = stack_mode(word).unwrap_or_default(),
        },
    ),
    key("str_trunc_trailer", Effect::Text(|config, text| config.run.truncation_trailer = text.to_owned())),
    key("use_blazesym", Effect::Flag(|_, _| {})),
    key("unstable_tseries", Effect::Unstable(|config, how| config.unstable_tseries = how)),
    key("unstable_dw_ustack", Effect::Unstable(|config, how| config.unstable_dw_ustack = how)),
    key("unstable_typeinfo", Effect::Unstable(|config, how| config.unstable_typeinfo = how)),
    key("unstable_import_statement", Effect::Unstable(|config, how| config.unstable_import_statement = how)),
    key("symbol_source", Effect::Ignored),
    key("max_type_res_iterations", Effect::Ignored),
    key("unstable_addr", Effect::Ignored),
    key("unstable_import", Effect::Ignored),
    key("unstable_macro", Effect::Ignored),
    key("unstable_map_decl", Effect::Ignored),
];

const fn key(name: &'static str, effect: Effect) -> Key {
    Key { name, effect }
}

/// Every key of the block that a script may set, and what it may be set to.
pub fn keys() -> impl Iterator<Item = (&'static str, String)> {
    KEYS.iter().map(|key| {
        let values = match &key.effect {
            Effect::Number { min, max, .. } => format!("{min} to {max}"),
            Effect::Flag(_) => "true, false".to_owned(),
            Effect::Word { choices, .. } => choices.join(", "),
            Effect::Text(_) => "text".to_owned(),
            Effect::Unstable(_) => "enable, warn, error".to_owned(),
            Effect::Ignored => "anything".to_owned(),
        };
        (key.name, values)
    })
}

/// Keys that choose between ways of bpftrace of which there is one here: the key, the value that names that way, and
/// what is done instead of any other.
static ONE_WAY: &[(&str, &str, &str)] = &[
    ("cache_user_symbols", "PER_PID", "what a process has mapped is noted while it runs, and symbols are kept by file"),
    (
        "lazy_symbolication",
        "true",
        "names are looked up when a value is shown, from what was mapped when it was captured",
    ),
    ("use_blazesym", "true", "there is no other symbolizer"),
];

/// Old names and what they are called now.
static RENAMED: &[(&str, &str)] = &[
    ("strlen", "max_strlen"),
    ("no_cpp_demangle", "cpp_demangle"),
    ("cat_bytes_max", "max_cat_bytes"),
    ("map_keys_max", "max_map_keys"),
];

/// Keys that only the environment may set.
static ENVIRONMENT_ONLY: &[&str] = &["btf", "kernel_source", "kernel_build", "vmlinux", "color"];

/// What `BPFTRACE_COLOR` may be.
static COLORS: &[&str] = &["always", "never", "auto"];

/// The stack mode of that name.
pub fn stack_mode(word: &str) -> Option<StackMode> {
    Some(match word {
        "bpftrace" => StackMode::Bpftrace,
        "perf" => StackMode::Perf,
        "raw" => StackMode::Raw,
        "build_id" => StackMode::BuildId,
        _ => return None,
    })
}

/// Reads the block and the environment.
pub fn read(block: Option<&ConfigBlock>, options: &CompileOptions, diagnostics: &mut Diagnostics) -> Config {
    let mut config = Config::default();
    for setting in block.into_iter().flat_map(|block| &block.settings) {
        let written = match &setting.value {
            SettingValue::String(bytes) => Written::Text(String::from_utf8_lossy(bytes).into_owned()),
            SettingValue::Integer(value) => Written::Number(*value),
            SettingValue::Word(word) => Written::Text(word.clone()),
        };
        let name = normalize(&setting.key.name);
        let fault = if ENVIRONMENT_ONLY.contains(&name.as_str()) {
            let message = format!("'{}' can only be set in the environment", setting.key.name);
            Some(Diagnostic::error("config-environment-only", setting.key.span, message))
        } else {
            apply(&mut config, &name, &written, setting.key.span, setting.span)
        };
        diagnostics.extend(fault);
    }
    for (name, value) in &options.environment {
        let name = normalize(name);
        if name == "vmlinux" && !value.is_empty() {
            let message = "BPFTRACE_VMLINUX changes nothing here: symbols of the kernel come from /proc/kallsyms";
            let warning = Diagnostic::warning("config-without-effect", Span::default(), message);
            diagnostics.push(warning.with_help("For its types, name a file in BPFTRACE_BTF"));
        }
        if name == "color" && !COLORS.iter().any(|it| it.eq_ignore_ascii_case(value)) && !value.is_empty() {
            let message = format!("Invalid value for 'color': expected one of {}", COLORS.join(", "));
            let error = Diagnostic::error("bad-config-value", Span::default(), message);
            diagnostics.push(error.with_help(format!("The environment says BPFTRACE_COLOR={value}")));
        }
        if ENVIRONMENT_ONLY.contains(&name.as_str()) {
            continue;
        }
        let is_text = KEYS.iter().any(|key| key.name == name && matches!(key.effect, Effect::Text(_)));
        let number = value.parse().ok().filter(|_| !is_text);
        let written = number.map_or_else(|| Written::Text(value.clone()), Written::Number);
        // It has no place in the script, so the message says where it stands.
        let found = apply(&mut config, &name, &written, Span::default(), Span::default());
        let place = format!("The environment says BPFTRACE_{}={value}", name.to_ascii_uppercase());
        diagnostics.extend(found.map(|it| it.with_help(place)));
    }
    config
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    Flag(bool),
    Number(u64),
    Text(String),
}

impl Config {
    /// Every setting that has an effect here and its value, by name.
    pub fn values(&self) -> Vec<(&'static str, Setting)> {
        let unstable = |it: Unstable| match it {
            Unstable::Enable => "enable",
            Unstable::Warn => "warn",
            Unstable::Error => "error",
        };
        let run = &self.run;
        let missing_probes = match run.missing_probes {
            MissingProbes::Error => "error",
            MissingProbes::Warn => "warn",
            MissingProbes::Ignore => "ignore",
        };
        let stack_mode = match run.stack_mode {
            StackMode::Bpftrace => "bpftrace",
            StackMode::Perf => "perf",
            StackMode::Raw => "raw",
            StackMode::BuildId => "build_id",
        };
        let text = |text: &str| Setting::Text(text.to_owned());
        vec![
            ("cpp_demangle", Setting::Flag(run.cpp_demangle)),
            ("license", text(&run.license)),
            ("max_bpf_progs", Setting::Number(self.max_programs)),
            ("max_cat_bytes", Setting::Number(run.max_cat_bytes.into())),
            ("max_map_keys", Setting::Number(self.max_map_keys.into())),
            ("max_probes", Setting::Number(self.max_probes)),
            ("max_strlen", Setting::Number(self.max_strlen.into())),
            ("missing_probes", text(missing_probes)),
            ("on_stack_limit", Setting::Number(run.on_stack_limit.into())),
            ("perf_rb_pages", Setting::Number(run.ring_pages.unwrap_or(0).into())),
            ("print_maps_on_exit", Setting::Flag(run.print_maps_on_exit)),
            ("show_debug_info", Setting::Flag(run.show_debug_info)),
            ("stack_mode", text(stack_mode)),
            ("str_trunc_trailer", text(&run.truncation_trailer)),
            ("unstable_dw_ustack", text(unstable(self.unstable_dw_ustack))),
            ("unstable_import_statement", text(unstable(self.unstable_import_statement))),
            ("unstable_tseries", text(unstable(self.unstable_tseries))),
            ("unstable_typeinfo", text(unstable(self.unstable_typeinfo))),
        ]
    }
}

enum Written {
    Number(u64),
    Text(String),
}

fn normalize(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    lower.strip_prefix("bpftrace_").map_or(lower.clone(), str::to_owned)
}

/// Sets one key; returns what is wrong with it.
fn apply(config: &mut Config, name: &str, value: &Written, key_span: Span, span: Span) -> Option<Diagnostic> {
    let Some(key) = KEYS.iter().find(|key| key.name == name) else {
        let unknown = Diagnostic::error("unknown-config", key_span, format!("Unknown config variable: '{name}'"));
        return Some(match RENAMED.iter().find(|(old, _)| *old == name) {
            Some((_, new)) => unknown.with_help(format!("It is called '{new}' now")),
            None => unknown.with_suggestion(name, KEYS.iter().map(|key| key.name)),
        });
    };
    let bad = |expected: String| {
        Some(Diagnostic::error("bad-config-value", span, format!("Invalid value for '{name}': expected {expected}")))
    };
    match (&key.effect, value) {
        (Effect::Ignored, _) => {}
        (Effect::Number { min, max, set }, Written::Number(number)) => {
            if !(min..=max).contains(&number) {
                return bad(format!("a number from {min} to {max}"));
            }
            set(config, *number);
        }
        (Effect::Number { .. }, Written::Text(_)) => return bad("a number".to_owned()),
        (Effect::Unstable(set), Written::Text(word)) => match word.to_ascii_lowercase().as_str() {
            "enable" | "true" => set(config, Unstable::Enable),
            "warn" => set(config, Unstable::Warn),
            "error" | "false" => set(config, Unstable::Error),
            _ => return bad("enable, warn or error".to_owned()),
        },
        (Effect::Unstable(set), Written::Number(1)) => set(config, Unstable::Enable),
        (Effect::Unstable(set), Written::Number(0)) => set(config, Unstable::Error),
        (Effect::Unstable(_), Written::Number(_)) => return bad("enable, warn or error".to_owned()),
        (Effect::Flag(set), value) => match flag(value) {
            Some(on) => set(config, on),
            None => return bad("true or false".to_owned()),
        },
        (Effect::Word { choices, set }, Written::Text(word)) => {
            let Some(choice) = choices.iter().find(|choice| choice.eq_ignore_ascii_case(word)) else {
                return bad(format!("one of {}", choices.join(", ")))
                    .map(|it| it.with_suggestion(word, choices.iter().copied()));
            };
            set(config, choice);
        }
        (Effect::Word { choices, set }, Written::Number(number)) => {
            let Some(choice) = choices.iter().find(|choice| **choice == number.to_string()) else {
                return bad(format!("one of {}", choices.join(", ")));
            };
            set(config, choice);
        }
        (Effect::Text(set), Written::Text(text)) => set(config, text),
        (Effect::Text(_), Written::Number(_)) => return bad("a string".to_owned()),
    }
    let (_, way, instead) = ONE_WAY.iter().find(|(one_way, ..)| *one_way == name)?;
    let is_that_way = match value {
        Written::Number(number) => flag(&Written::Number(*number)) == Some(true) && *way == "true",
        Written::Text(word) => word.eq_ignore_ascii_case(way),
    };
    let message = format!("'{name}' changes nothing here: {instead}");
    (!is_that_way).then(|| Diagnostic::warning("config-without-effect", span, message).with_help("Leave it out"))
}

fn flag(value: &Written) -> Option<bool> {
    match value {
        Written::Number(1) => Some(true),
        Written::Number(0) => Some(false),
        Written::Number(_) => None,
        Written::Text(word) => match word.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
    }
}
