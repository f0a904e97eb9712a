//! Random scripts with well-typed statements, and what each of them prints: an interpreter of the language beside the
//! compiler. The same seed gives the same script.

mod expressions;
mod numbers;
mod programs;
mod statements;
mod values;

pub use programs::program;
use values::{Type, Value};

/// A script of one `begin` probe and the lines that it prints.
#[derive(Debug, Clone)]
pub struct Script {
    pub text: String,
    pub lines: Vec<String>,
}

/// A script of about this many statements.
pub fn script(seed: u64, statements: usize) -> Script {
    let mut generator = Generator::new(seed);
    generator.statements(statements);
    generator.finish()
}

/// An expression, its type, and the value that it has when it is evaluated.
#[derive(Debug, Clone)]
struct Expr {
    text: String,
    ty: Type,
    value: Value,
    /// A literal, which takes the type of what stands beside it.
    literal: bool,
}

/// A variable or a map without keys that can be read.
#[derive(Debug, Clone)]
struct Name {
    text: String,
    ty: Type,
    value: Value,
    /// Its type is declared: it can be assigned again.
    pinned: bool,
}

struct Generator {
    random: Random,
    names: Vec<Name>,
    /// The statements so far.
    text: String,
    lines: Vec<String>,
    /// Numbers that names were made of.
    used: u32,
    /// Whether what is generated is never executed.
    dead: bool,
    indent: usize,
}

impl Generator {
    fn new(seed: u64) -> Self {
        Self {
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678),
            names: Vec::new(),
            text: String::new(),
            lines: Vec::new(),
            used: 0,
            dead: false,
            indent: 1,
        }
    }

    fn finish(self) -> Script {
        // A number that neither the optimizer nor the verifier knows: what a map holds for a missing key.
        let head = "config = { print_maps_on_exit = false }\nbegin {\n    @none[1] = (int64)0; $zero = @none[2];\n";
        Script { text: format!("{head}{}}}\n", self.text), lines: self.lines }
    }

    fn fresh(&mut self, sigil: &str) -> String {
        self.used += 1;
        format!("{sigil}v{}", self.used)
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(&"    ".repeat(self.indent));
        self.text.push_str(text);
        self.text.push('\n');
    }
}

/// Sebastiano Vigna's splitmix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// True once in `n` times.
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn choose<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::script;

    #[test]
    fn a_seed_gives_one_script() {
        assert_eq!(script(7, 20).text, script(7, 20).text);
        assert_ne!(script(7, 20).text, script(8, 20).text);
    }
}
