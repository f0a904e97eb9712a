//! Golden files: expected text below `tests/golden`, written anew with `UPDATE=1`.

use std::path::PathBuf;

use crate::captured::home;

/// How the golden files are brought up to date.
pub const COMMAND: &str = "UPDATE=1 cargo test -p tracedeck-tests --test language";

/// Whether this run writes golden files instead of comparing them.
pub fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// The golden file of a case and a stage.
pub fn path(stage: &str, case: &str) -> PathBuf {
    home().join("golden").join(stage).join(format!("{case}.txt"))
}

/// Compares text with its golden file, or writes the file.
///
/// # Errors
///
/// The first line that differs, and the command that updates the file.
pub fn compare(stage: &str, case: &str, text: &str) -> Result<(), String> {
    let path = path(stage, case);
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected == text {
        return Ok(());
    }
    if is_update() {
        let written =
            std::fs::create_dir_all(path.parent().unwrap_or(&path)).and_then(|()| std::fs::write(&path, text));
        return written.map_err(|error| format!("{}: {error}", path.display()));
    }
    let shown = path.strip_prefix(home()).unwrap_or(&path).display();
    let (mut old, mut new) = (expected.lines(), text.lines());
    for number in 1.. {
        let (before, now) = (old.next(), new.next());
        if before != now || before.is_none() {
            let line = |it: Option<&str>| it.unwrap_or("(end)").to_owned();
            return Err(format!("{shown}:{number}\n  - {}\n  + {}\n  update with: {COMMAND}", line(before), line(now)));
        }
    }
    Ok(())
}
