//! Scripts of several probes of all kinds: predicates, what each kind knows, aggregations, loops, output. What they
//! print depends on the machine; that they compile and that the kernel takes them does not.

use super::values::{INT64, Type, UINT64};
use super::{Generator, Name};

const UINT32: Type = Type::Int { bytes: 4, signed: false };

/// A kind of probe and what is known in it beside what is known everywhere. `TARGET` is the program to trace.
const KINDS: &[(&str, &[(&str, Type)])] = &[
    ("begin", &[]),
    ("end", &[]),
    ("interval:s:1", &[]),
    ("profile:hz:99", &[]),
    ("software:page-faults:1000", &[]),
    ("tracepoint:raw_syscalls:sys_enter", &[("args.id", INT64), ("args.args[1]", UINT64)]),
    ("tracepoint:raw_syscalls:sys_exit", &[("args.id", INT64), ("args.ret", INT64)]),
    (
        "tracepoint:syscalls:sys_enter_write",
        &[("args.fd", UINT64), ("args.count", UINT64), ("(uint64)args.buf", UINT64)],
    ),
    ("tracepoint:syscalls:sys_enter_openat", &[("str(args.filename, 32)", Type::Text(33)), ("args.dfd", INT64)]),
    ("tracepoint:syscalls:sys_exit_read", &[("args.ret", INT64)]),
    (
        "tracepoint:sched:sched_switch",
        &[("args.prev_comm", Type::Text(16)), ("args.next_pid", INT32), ("args.prev_state", INT64)],
    ),
    ("tracepoint:sched:sched_process_fork", &[("args.parent_pid", INT32), ("args.child_pid", INT32)]),
    ("rawtracepoint:sched_switch", &[("arg0", UINT64), ("args.prev.pid", INT32), ("args.next.comm", Type::Text(17))]),
    (
        "uprobe:TARGET:counted_function",
        &[("arg0", UINT64), ("str(arg1)", Type::Text(1024)), ("*(uint16*)arg1", UINT16)],
    ),
    ("uretprobe:TARGET:counted_function", &[("retval", UINT64), ("(int32)retval", INT32)]),
    ("uprobe:TARGET:spin_*", &[("arg0", UINT64), ("reg(\"sp\")", UINT64)]),
];
const INT32: Type = Type::Int { bytes: 4, signed: true };
const UINT16: Type = Type::Int { bytes: 2, signed: false };

/// What is known in every probe.
const EVERYWHERE: &[(&str, Type)] = &[
    ("pid", UINT32),
    ("tid", UINT32),
    ("uid", UINT64),
    ("cpu", UINT64),
    ("rand", UINT32),
    ("nsecs", UINT64),
    ("elapsed", UINT64),
    ("comm", Type::Text(16)),
    ("curtask.pid", INT32),
    ("curtask.comm", Type::Text(17)),
];

/// Words that mean something in the probe only, not in the functions that loops become.
const OF_THE_PROBE: &[&str] = &["arg", "retval", "reg("];

impl Name {
    pub(super) fn is_of_the_probe(&self) -> bool {
        OF_THE_PROBE.iter().any(|word| self.text.contains(word))
    }
}

/// A script of up to four probes; the same seed gives the same script.
pub fn program(seed: u64, target: &str) -> String {
    let mut generator = Generator::new(seed ^ 0x5eed_0f9e_067a_3571);
    let mut text = String::from("config = { max_map_keys = 64; max_strlen = 1024 }\n");
    for _ in 0..1 + generator.random.below(4) {
        let (probe, known) = generator.random.choose(KINDS);
        text.push_str(&generator.probe(&probe.replace("TARGET", target), known));
    }
    text
}

impl Generator {
    fn probe(&mut self, probe: &str, known: &[(&str, Type)]) -> String {
        // Maps are everywhere, variables are not.
        self.names.retain(|name| name.text.starts_with('@'));
        let none = self.fresh("@");
        for (text, ty) in EVERYWHERE.iter().chain(known) {
            let text = if text.starts_with(['(', '*']) { format!("({text})") } else { (*text).to_owned() };
            self.names.push(Name { text, value: ty.zero(), ty: ty.clone(), pinned: false });
        }
        let predicate = if self.random.one_in(2) { format!(" /{}/", self.truth(2).text) } else { String::new() };
        // The predicate comes before the variable.
        let predicate = predicate.replace("$zero", &format!("{none}[2]"));
        self.text.clear();
        self.line(&format!("{none}[1] = (int64)0; $zero = {none}[2];"));
        let count = 2 + self.random.below(6);
        for _ in 0..count {
            match self.random.below(8) {
                0 | 1 => self.aggregate(),
                2 => self.output(),
                3 => self.repeat(),
                4 => self.keep_or_forget(),
                _ => self.statements(1),
            }
        }
        format!("{probe}{predicate} {{\n{}}}\n", self.text)
    }

    /// A key of one to three parts, or none.
    fn key(&mut self) -> String {
        let stack = self.random.choose(&["kstack", "ustack", "kstack(3)", "ustack(perf, 5)"]);
        match self.random.below(6) {
            0 => String::new(),
            1 => format!("[{stack}]"),
            2 => format!("[{stack}, comm]"),
            3 => format!("[{}, {}]", self.plain(), self.plain()),
            4 => format!("[{}, {}, {}]", self.plain(), self.plain(), self.plain()),
            _ => format!("[{}]", self.plain()),
        }
    }

    /// An expression of a type that does not adapt itself to what is beside it.
    fn plain(&mut self) -> String {
        let expr = self.any(2);
        if expr.literal { self.typed_int().text } else { expr.text }
    }

    fn aggregate(&mut self) {
        let (name, key) = (self.fresh("@"), self.key());
        for _ in 0..1 + self.random.below(2) {
            let value = self.int(2).text;
            if self.used.is_multiple_of(9) {
                self.line(&format!("{name}{key} = count();"));
                continue;
            }
            let function = match self.used % 9 {
                1 => format!("sum({value})"),
                2 => format!("min({value})"),
                3 => format!("max({value})"),
                4 => format!("avg({value})"),
                5 => format!("stats({value})"),
                6 => format!("hist({value}, {})", self.used % 6),
                7 => format!("lhist({value}, 0, 1000, 100)"),
                _ => format!("tseries({value}, 1s, 10)"),
            };
            self.line(&format!("{name}{key} = {function};"));
        }
        match self.random.below(6) {
            0 => self.line(&format!("print({name});")),
            1 => self.line(&format!("clear({name});")),
            2 if !key.is_empty() => self.line(&format!("zero({name});")),
            _ => {}
        }
    }

    fn output(&mut self) {
        let (number, text, any) = (self.int(2).text, self.string(2).text, self.plain());
        match self.random.below(10) {
            0 => self.line("print(kstack(4)); print((pid, comm, ustack(2)));"),
            1 => self.line(&format!("printf(\"%s %d %x\\n\", {text}, {number}, {number});")),
            2 => self.line(&format!("printf(\"%s|%p|%-10s\\n\", {any}, {number}, {text});")),
            3 => self.line("time(\"%H:%M:%S\\n\");"),
            4 => self.line("printf(\"%s\\n\", strftime(\"%H\", nsecs));"),
            5 => self.line(&format!("print(({any}, {text}));")),
            6 => self.line(&format!("print(strncmp({text}, comm, 5)); print(strcontains({text}, \"e\"));")),
            7 => self.line(&format!("print(ntop((uint32){number})); print(ksym((uint64){number}));")),
            8 => self.line(&format!("printf(\"%r %s\\n\", buf({text}, 8), str_concat({text}, comm));")),
            _ => self.line(&format!("if ({number} > 5) {{ errorf(\"%s\\n\", {text}); }}")),
        }
    }

    fn repeat(&mut self) {
        let (name, map) = (self.fresh("$"), self.fresh("@"));
        let value = self.plain();
        match self.random.below(5) {
            0 => self.line(&format!(
                "{name} = (uint64)0; while ({name} < 9) {{ {name}++; if ({name} == 5) {{ continue; }} {map}[{name}] = {value}; }}"
            )),
            1 => self.line(&format!("unroll(3) {{ {map}[{value}] = count(); }}")),
            2 => self.line(&format!(
                "{map}[{value}] = (uint64)1; for ({name} : {map}) {{ print({name}.0); if ({name}.1 > 3) {{ break; }} }}"
            )),
            3 => self.line(&format!(
                "for ({name} : 0..5) {{ for ({name}i : 0..{name}) {{ {map}[{name}, {name}i] = sum({name}i); }} }}"
            )),
            _ => self.line(&format!("{name} = nsecs; {map}[tid] = {name}; if ({map}[tid]) {{ delete({map}, tid); return; }}")),
        }
    }

    /// A start kept for a thread and what became of it; a value that is looked for.
    fn keep_or_forget(&mut self) {
        let (map, name) = (self.fresh("@"), self.fresh("$"));
        let (key, value) = (self.plain(), self.plain());
        match self.random.below(3) {
            0 => self.line(&format!("{map}[{key}] = {value}; if (has_key({map}, {key})) {{ delete({map}, {key}); }}")),
            1 => {
                self.line(&format!("{map}[{key}] = {value}; {name} = {map}[{key}]; print({name}); print(len({map}));"))
            }
            _ => self.line(&format!("{map}[{key}] = ({value}, {key}); {name} = {map}[{key}]; print({name}.1);")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, program};

    #[test]
    fn a_seed_gives_one_script_and_all_kinds_are_there() {
        assert_eq!(program(7, "/bin/true"), program(7, "/bin/true"));
        let all: String = (0..500).map(|seed| program(seed, "TARGET")).collect();
        assert!(KINDS.iter().all(|(probe, _)| all.contains(probe)));
    }
}
