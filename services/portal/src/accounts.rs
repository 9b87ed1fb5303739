//! Staff accounts: adding, listing and disabling them (for the command line, straight on the database) and
//! signing in, slowed down after failures.

use std::{str::FromStr, sync::Arc};

use data_encoding::HEXLOWER;
use kernel::{Db, Role, clock::wall_now, token, values::invalid};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::sync::Semaphore;

use crate::{
    commands,
    domain::{FORGET_FAILURES, LONGEST_PASSWORD, SHORTEST_PASSWORD, is_account_name},
    error::Error,
    secrets, store,
};

/// A member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
}

async fn connect(database_url: &str) -> Result<PgConnection, Error> {
    let options = PgConnectOptions::from_str(database_url)?.options([("search_path", crate::SERVICE.name)]);
    Ok(PgConnection::connect_with(&options).await?)
}

/// Adds an account, or sets its password and roles anew; whoever is signed in with it is signed out.
///
/// # Errors
/// A name, password or role list that will not do; it would lose a role that nobody else has and somebody must have; the
/// database's error.
pub async fn add_account(database_url: &str, name: &str, password: &str, roles: &[Role]) -> Result<(), Error> {
    if !is_account_name(name) {
        return Err(invalid("name", "must be 1 to 64 of a-z, 0-9, '.', '-', '_'").into());
    }
    if password.chars().count() < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        return Err(invalid(
            "password",
            format!("must have at least {SHORTEST_PASSWORD} characters and at most {LONGEST_PASSWORD} bytes"),
        )
        .into());
    }
    if roles.is_empty() {
        return Err(invalid("roles", "name at least one").into());
    }
    let hash = hashing(password.to_owned(), |password| secrets::hash_password(&password)).await?;
    let mut connection = connect(database_url).await?;
    store::lock_accounts(&mut connection).await?;
    let accounts = store::accounts(&mut connection).await?;
    if let Some((account, false)) = accounts.iter().find(|(account, _)| account.name == name) {
        stays_with_others(&accounts, account, roles)?;
    }
    store::save_account(&mut connection, name, &hash, roles, wall_now()).await?;
    connection.close().await?;
    Ok(())
}

/// All accounts with their roles, by name, and whether they are disabled.
///
/// # Errors
/// The database's error.
pub async fn list_accounts(database_url: &str) -> Result<Vec<(String, Vec<Role>, bool)>, Error> {
    let mut connection = connect(database_url).await?;
    let accounts = store::accounts(&mut connection).await?;
    connection.close().await?;
    Ok(accounts.into_iter().map(|(account, disabled)| (account.name, account.roles, disabled)).collect())
}

/// Without anybody who has them, the house cannot be run.
const NEEDED: [Role; 2] = [Role::Admin, Role::Operator];

/// Takes an account away; its sessions end at once. Again changes nothing.
///
/// # Errors
/// There is no such account; it is the last one with a role that somebody must have; the database's error.
pub async fn disable_account(database_url: &str, name: &str) -> Result<(), Error> {
    let mut connection = connect(database_url).await?;
    store::lock_accounts(&mut connection).await?;
    let accounts = store::accounts(&mut connection).await?;
    let (account, _) = named(&accounts, name)?;
    stays_with_others(&accounts, account, &[])?;
    store::set_disabled(&mut connection, name, true, wall_now()).await?;
    connection.close().await?;
    Ok(())
}

/// Refuses when an account that is to have `kept` alone of its roles is the last one with one that somebody must have.
fn stays_with_others(accounts: &[(Account, bool)], account: &Account, kept: &[Role]) -> Result<(), Error> {
    let others = || accounts.iter().filter(|(other, disabled)| !disabled && other.name != account.name);
    let is_lost = |role: &Role| account.roles.contains(role) && !kept.contains(role);
    let Some(role) =
        NEEDED.into_iter().find(|role| is_lost(role) && !others().any(|(other, _)| other.roles.contains(role)))
    else {
        return Ok(());
    };
    let problem = format!("is the last account with the role {0}; add another one with --role {0} first", role.name());
    Err(invalid("name", problem).into())
}

/// Gives an account back, with the password that it had.
///
/// # Errors
/// There is no such account; the database's error.
pub async fn enable_account(database_url: &str, name: &str) -> Result<(), Error> {
    let mut connection = connect(database_url).await?;
    named(&store::accounts(&mut connection).await?, name)?;
    store::set_disabled(&mut connection, name, false, wall_now()).await?;
    connection.close().await?;
    Ok(())
}

fn named<'a>(accounts: &'a [(Account, bool)], name: &str) -> Result<&'a (Account, bool), Error> {
    let found = accounts.iter().find(|(account, _)| account.name == name);
    Ok(found.ok_or_else(|| invalid("name", format!("there is no account \"{name}\"; `sky staff list` shows all")))?)
}

/// Hashing would hold up the runtime's threads.
async fn hashing<T: Send + 'static>(
    password: String,
    work: impl FnOnce(String) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(move || work(password)).await.map_err(|error| Error::Hash(error.to_string()))?
}

/// Under what failures are counted: the name that was typed, and of the network only what recognises it.
fn from_a_network(name: &str, network: &str) -> String {
    format!("{name} {}", HEXLOWER.encode(&token::hash(network)[..8]))
}

/// Lets staff in. At most a few passwords are hashed at once: it bounds memory, and how many guesses
/// are under way before the first failure counts.
#[derive(Clone, Debug)]
pub(crate) struct Doorman {
    db: Db,
    places: Arc<Semaphore>,
}

impl Doorman {
    pub(crate) fn new(db: Db) -> Self {
        Self { db, places: Arc::new(Semaphore::new(4)) }
    }

    /// The account behind a name and a password. Whoever has failed waits, and no other network for them: else anybody could
    /// lock a colleague out.
    pub(crate) async fn sign_in(&self, name: &str, password: &str, network: &str) -> Result<Account, Error> {
        let name = name.trim().to_lowercase();
        if name.is_empty() || password.is_empty() {
            return Err(invalid(if name.is_empty() { "account" } else { "password" }, "is missing").into());
        }
        if !is_account_name(&name) || password.len() > LONGEST_PASSWORD {
            return Err(Error::WrongPassword);
        }
        let _place = self.places.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let now = wall_now();
        let who = from_a_network(&name, network);
        let failures = store::failures(self.db.pool(), &who, now - FORGET_FAILURES).await?;
        if let Some(failures) = failures.as_ref().filter(|failures| failures.blocked_until > now) {
            let seconds = (failures.blocked_until - now).num_seconds() + 1;
            return Err(Error::TooManyAttempts { seconds });
        }
        let found = store::account_with_hash(self.db.pool(), &name).await?;
        let (hash, typed) = (found.as_ref().map(|(_, hash)| hash.clone()), password.to_owned());
        let fits = hashing(typed, move |password| secrets::password_fits(&password, hash.as_deref())).await?;
        match found {
            Some((account, _)) if fits => {
                if failures.is_some() {
                    self.db.transact(|tx| Box::pin(async move { commands::forget_failures(tx, &who).await })).await?;
                }
                Ok(account)
            }
            _ => {
                self.db.transact(|tx| Box::pin(async move { commands::count_failure(tx, &who).await })).await?;
                Err(Error::WrongPassword)
            }
        }
    }
}
