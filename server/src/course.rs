//! The course: steps of text with a script each, files in `server/course`. A file is a script; the comment that it begins
//! with is the text: a title behind `#`, paragraphs, and lines that begin with `Fires:`, `Look for:` and `Try:`.

/// A step of the course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The file's name without its number: `hello`.
    pub id: &'static str,
    pub title: &'static str,
    pub paragraphs: Vec<&'static str>,
    /// What makes the script's probes fire.
    pub fires: &'static str,
    pub look_for: &'static str,
    /// A change to make; empty where there is none.
    pub to_try: &'static str,
    /// Without the text.
    pub script: &'static str,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../course/", $name, ".bt")))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "01-hello",
    "02-list",
    "03-tracepoint",
    "04-filter",
    "05-maps",
    "06-count",
    "07-timing",
    "08-variables",
    "09-interval",
    "10-profile",
    "11-stacks",
    "12-kprobe",
    "13-kretprobe",
    "14-structs",
    "15-uprobe",
    "16-usdt",
    "17-events",
    "18-pattern",
    "19-locks",
];

/// All steps in their order.
pub fn steps() -> impl Iterator<Item = Step> {
    FILES.iter().map(|(name, text)| step(name, text))
}

fn step(name: &'static str, text: &'static str) -> Step {
    let comment: usize = text.split_inclusive('\n').take_while(|line| line.starts_with("//")).map(str::len).sum();
    let (comment, script) = text.split_at(comment);
    let id = name.split_once('-').map_or(name, |(_, id)| id);
    let mut step = Step {
        id,
        title: id,
        paragraphs: Vec::new(),
        fires: "",
        look_for: "",
        to_try: "",
        script: script.trim_start(),
    };
    for line in comment.lines().map(|line| line.trim_start_matches('/').trim()) {
        match line.split_once(": ") {
            Some(("Fires", rest)) => step.fires = rest,
            Some(("Look for", rest)) => step.look_for = rest,
            Some(("Try", rest)) => step.to_try = rest,
            _ => match line.strip_prefix("# ") {
                Some(title) => step.title = title,
                None => step.paragraphs.push(line),
            },
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_step_with_all_its_parts() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/course");
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, FILES.iter().map(|(name, _)| format!("{name}.bt")).collect::<Vec<_>>());
        for step in steps() {
            assert!(!step.title.is_empty() && step.title != step.id, "{}", step.id);
            assert!(!step.paragraphs.is_empty() && step.paragraphs.iter().all(|it| it.ends_with('.')), "{}", step.id);
            assert!(step.fires.ends_with('.') && step.look_for.ends_with('.'), "{}", step.id);
            assert!(step.script.ends_with("}\n") && !step.script.starts_with('/'), "{}", step.id);
        }
    }
}
