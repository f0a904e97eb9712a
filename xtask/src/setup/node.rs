//! Node, which builds the page: the system's when it is new enough, else one beside the build.

use anyhow::{Context, Result, bail};

use super::packages;
use crate::shell;

/// The oldest version that the page's build tool runs on.
const OLDEST: (u32, u32) = (20, 19);

pub fn install() -> Result<()> {
    if is_enough() {
        return Ok(());
    }
    if shell::exists("apt-get") {
        if !packages::has_candidate("nodejs") {
            packages::apt(&["update", "-qq"])?;
        }
        let offered = packages::candidate_version("nodejs").and_then(|text| version(&text)).unwrap_or((0, 0));
        // NodeSource's nodejs contains npm and conflicts with the package of that name.
        let wanted: &[&str] = match (offered >= OLDEST, shell::exists("npm")) {
            (true, true) => &["nodejs"],
            (true, false) => &["nodejs", "npm"],
            (false, true) => &[],
            (false, false) => &["npm"],
        };
        let missing = packages::missing(wanted);
        if !missing.is_empty() {
            shell::step(&format!("apt-get install {}", missing.join(" ")));
            let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
            arguments.extend(&missing);
            packages::apt(&arguments)?;
        }
        if is_enough() {
            return Ok(());
        }
    }
    if !shell::exists("npm") {
        bail!("Node {}.{} or newer and npm are needed to build the page: please install them", OLDEST.0, OLDEST.1);
    }
    let root = shell::private_node_root();
    shell::step(&format!("the system's Node is too old: npm install node@22 into {}", root.display()));
    std::fs::create_dir_all(&root)?;
    let prefix = root.to_str().context("the target directory's path is not UTF-8")?;
    let arguments = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", prefix, "node@22"];
    shell::run(&mut shell::command("npm", &arguments))?;
    if !is_enough() {
        bail!("Node was installed into {} but does not run", root.display());
    }
    Ok(())
}

fn is_enough() -> bool {
    let found = shell::output("node", &["--version"]).and_then(|text| version(&text)).unwrap_or((0, 0));
    found >= OLDEST && shell::output("npm", &["--version"]).is_some()
}

/// Major and minor of `v20.19.2` or `20.19.2+dfsg-1`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_of_node_and_of_packages_are_read_alike() {
        assert_eq!(version("v20.19.2\n"), Some((20, 19)));
        assert_eq!(version("18.20.4+dfsg-1~deb12u1"), Some((18, 20)));
        assert_eq!(version("(none)"), None);
    }
}
