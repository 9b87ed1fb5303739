//! `sky staff add|list|disable|enable`: staff accounts. The password is read from standard input, never from the
//! command line.

use std::{io::BufRead, process::ExitCode};

use anyhow::Context;
use clap::Subcommand;
use kernel::{Role, Settings};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add an account or set its password and roles anew; the password is the first line of standard input.
    Add {
        /// Account name.
        name: String,
        /// Roles, separated by commas: desk, operator, kitchen, attendant, admin.
        #[arg(long, value_delimiter = ',', required = true)]
        role: Vec<String>,
    },
    /// List the accounts with their roles.
    List,
    /// Take an account away; whoever is signed in with it is signed out at once.
    Disable {
        /// Account name.
        name: String,
    },
    /// Give it back, with the password that it had.
    Enable {
        /// Account name.
        name: String,
    },
}

/// Runs it.
pub async fn command(settings: &Settings, command: Command) -> anyhow::Result<ExitCode> {
    let url = settings.database_urls.get("portal").unwrap_or(&settings.database_url);
    anyhow::ensure!(!url.is_empty(), "SKY_DATABASE_URL is not set, and no house runs in this folder");
    match command {
        Command::Add { name, role } => {
            let roles = role
                .iter()
                .map(|name| {
                    Role::named(name).with_context(|| {
                        format!("there is no role \"{name}\"; choose from desk, operator, kitchen, attendant, admin")
                    })
                })
                .collect::<anyhow::Result<Vec<Role>>>()?;
            eprintln!("password for {name} (at least 10 characters):");
            let mut password = String::new();
            std::io::stdin().lock().read_line(&mut password)?;
            portal::add_account(url, &name, password.trim_end_matches(['\r', '\n']), &roles).await?;
            println!("{name} may sign in");
        }
        Command::List => {
            for (name, roles, disabled) in portal::list_accounts(url).await? {
                let roles: Vec<&str> = roles.into_iter().map(Role::name).collect();
                println!("{name}: {}{}", roles.join(", "), if disabled { " (disabled)" } else { "" });
            }
        }
        Command::Disable { name } => {
            portal::disable_account(url, &name).await?;
            println!("{name} may not sign in any more, and is signed out");
        }
        Command::Enable { name } => {
            portal::enable_account(url, &name).await?;
            println!("{name} may sign in");
        }
    }
    Ok(ExitCode::SUCCESS)
}
