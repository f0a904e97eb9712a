//! `tracedeck user`: accounts of the dashboard, also while it runs.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use rusqlite::Connection;

use super::serve::default_directory;
use crate::store::audit::{self, Entry};
use crate::store::users::{self, Role};
use crate::store::{self};

/// Accounts of the dashboard.
///
/// An account has a token, which is shown once and stored as a hash. A running server notices changes within a second.
#[derive(Debug, Clone, clap::Args)]
pub struct UserArguments {
    #[command(subcommand)]
    command: Command,

    /// The data directory of the server [default: /var/lib/tracedeck as root]
    #[arg(long, value_name = "DIRECTORY", global = true)]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Command {
    /// Make an account and print its token; for a name that is there: a new role and a new token
    Add {
        name: String,
        /// What it may do: look at runs, run scripts (and so read everything on the machine), or everything
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
    },
    /// List the accounts
    List,
    /// Remove an account; its pages are signed out at once
    Remove { name: String },
}

pub fn run(arguments: &UserArguments) -> anyhow::Result<u8> {
    let directory = arguments.data_dir.clone().map_or_else(default_directory, Ok)?;
    let connection = store::open_beside(&directory)?;
    let mut out = std::io::stdout().lock();
    match &arguments.command {
        Command::Add { name, role } => {
            if let Some(why) = users::refuse_name(name) {
                bail!("{why}");
            }
            let token = users::put(&connection, name, *role)?;
            note(&connection, "user-add", &format!("{name}, {}", role.name()))?;
            writeln!(out, "{name} is {} {}. The token, shown this once:\n", article(*role), role.name())?;
            writeln!(out, "    {token}\n")?;
            writeln!(out, "In a browser: http://127.0.0.1:PORT/#k={token}")?;
            writeln!(out, "In scripts:   curl -H \"Authorization: Bearer TOKEN\" http://127.0.0.1:PORT/api/runs")?;
        }
        Command::List => {
            let users = users::list(&connection)?;
            if users.is_empty() {
                writeln!(out, "There are no accounts. tracedeck user add NAME --role operator makes one.")?;
            }
            for user in users {
                writeln!(out, "{:<24} {}", user.name, user.role.name())?;
            }
        }
        Command::Remove { name } => {
            if !users::remove(&connection, name)? {
                bail!("there is no account {name}; tracedeck user list shows those there are");
            }
            note(&connection, "user-remove", name)?;
            writeln!(out, "{name} is removed.")?;
        }
    }
    out.flush()?;
    Ok(0)
}

fn article(role: Role) -> &'static str {
    if role == Role::Viewer { "a" } else { "an" }
}

/// Whoever can use this command can write to the data directory.
fn note(connection: &Connection, action: &str, subject: &str) -> anyhow::Result<()> {
    let entry = Entry {
        who: "root".to_owned(),
        role: "command line".to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        ..Entry::default()
    };
    Ok(audit::add(connection, &entry)?)
}
