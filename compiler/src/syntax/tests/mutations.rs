//! Damaged scripts never panic, and every position that is reported lies inside the text.

use super::*;

/// A linear congruential generator: the same damage in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

const PARTS: [&str; 48] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "/",
    "*",
    "//",
    "/*",
    "*/",
    ";",
    ":",
    "?",
    ",",
    ".",
    "..",
    "->",
    "=",
    "==",
    "<<=",
    "+",
    "++",
    "-",
    "!",
    "&",
    "&&",
    "|",
    "$",
    "@",
    "#",
    "\\",
    "\\\n",
    "'",
    "if ",
    "else ",
    "for ",
    "let ",
    "struct x ",
    "typeof(",
    "sizeof",
    "0x",
    "9e9",
    "é",
    "\u{1f980}",
    "\0",
    "\n",
];

fn damage(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..=random.below(4) {
        let place = |text: &str, random: &mut Random| {
            let mut at = random.below(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (from, to) = (place(&text, random), place(&text, random));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
        let to = (to..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        match random.below(4) {
            0 => text.replace_range(from..to, ""),
            1 => text.insert_str(from, PARTS[random.below(PARTS.len())]),
            2 => {
                let copy = text[from..to].to_owned();
                text.insert_str(place(&text.clone(), random), &copy);
            }
            _ => text.replace_range(from..to, PARTS[random.below(PARTS.len())]),
        }
    }
    text
}

fn check(text: &str) {
    let file = SourceFile::new("test", text);
    let inside = |start: u32, end: u32| {
        let (start, end) = (start as usize, end as usize);
        assert!(start <= end && text.is_char_boundary(start) && text.is_char_boundary(end), "{start}..{end} in {text}");
    };
    match parse(&file, &Limits::default()) {
        Ok(script) => {
            for span in dump_with_spans(&script).lines().filter_map(|line| line.rsplit_once(" @")?.1.split_once("..")) {
                if let (Ok(start), Ok(end)) = (span.0.parse(), span.1.parse()) {
                    inside(start, end);
                }
            }
            let printed = print(&script);
            let again = try_parse(&printed).unwrap_or_else(|error| {
                panic!("{text}\nprinted as\n{printed}\n{}", render(&SourceFile::new("printed", &*printed), &error))
            });
            assert_eq!(dump(&again), dump(&script), "{text}\nprinted as\n{printed}");
        }
        Err(error) => {
            inside(error.span.start, error.span.end);
            error.labels.iter().for_each(|label| inside(label.span.start, label.span.end));
            assert!(!error.message.contains("lost its way") && !error.message.is_empty(), "{text}\n{error:?}");
            render(&file, &error);
        }
    }
}

#[test]
fn damaged_scripts_give_a_tree_or_a_diagnostic() {
    let mut random = Random(2);
    for (_, text) in CORPUS {
        for _ in 0..100 {
            check(&damage(text, &mut random));
        }
    }
}

/// Short texts survive more damage, so more of them still parse.
#[test]
fn damaged_statements_give_a_tree_or_a_diagnostic() {
    let mut random = Random(78);
    let lines: Vec<&str> =
        CORPUS.iter().skip(1).flat_map(|(_, text)| text.lines()).filter(|l| l.starts_with("  ")).collect();
    for _ in 0..4_000 {
        let line = lines[random.below(lines.len())];
        check(&format!("begin {{ {} }}", damage(line, &mut random)));
    }
}
