//! The wall in this process's memory, and the way to what watches it.
//!
//! Whoever changes the wall takes it out of memory, writes the change on the version it has, and puts it back after
//! the commit. So memory is never ahead of the database: without a commit, or when nobody knows whether there was
//! one, it stays empty and is loaded again. When another replica has changed the wall, the write finds another
//! version, and the wall is loaded again.

use std::sync::Arc;

use kernel::Tx;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{
    BOARD,
    domain::{News, Wall},
    error::Error,
    screens::Screens,
    store,
};

/// The wall in memory; empty until it is needed.
#[derive(Clone, Debug, Default)]
pub struct Board {
    wall: Arc<Mutex<Option<Wall>>>,
    /// What the displays that watch are told.
    pub screens: Screens,
}

/// The wall while a transaction works on it; others wait for its end.
#[derive(Debug)]
pub struct Turn {
    kept: OwnedMutexGuard<Option<Wall>>,
    screens: Screens,
    /// The wall.
    pub wall: Wall,
}

/// The wall as it is in the database. That this is behind what was told is seen here or never: the turn that follows may
/// bring it to the very version that was told before.
async fn load(tx: &mut Tx, screens: &Screens) -> Result<Wall, Error> {
    let told = screens.told();
    let wall = store::wall::load(tx).await?;
    screens.begin_anew_if_behind(told, wall.version);
    Ok(wall)
}

impl Board {
    /// The wall as it is in memory: perhaps older than the database's, which the write will show.
    ///
    /// # Errors
    /// The database's error.
    pub async fn turn(&self, tx: &mut Tx) -> Result<Turn, Error> {
        let mut kept = self.wall.clone().lock_owned().await;
        let wall = match kept.take() {
            Some(wall) => wall,
            None => load(tx, &self.screens).await?,
        };
        Ok(Turn { kept, screens: self.screens.clone(), wall })
    }

    /// The wall as it is in memory, if it is there.
    pub async fn turn_in_memory(&self) -> Option<Turn> {
        let mut kept = self.wall.clone().lock_owned().await;
        let wall = kept.take()?;
        Some(Turn { kept, screens: self.screens.clone(), wall })
    }

    /// The wall as it is in the database, locked.
    ///
    /// # Errors
    /// The database's error.
    pub async fn locked_turn(&self, tx: &mut Tx) -> Result<Turn, Error> {
        let mut turn = self.turn(tx).await?;
        if store::wall::version(tx).await? != turn.wall.version {
            turn.wall = load(tx, &self.screens).await?;
        }
        Ok(turn)
    }
}

impl Turn {
    /// Stores what was changed. False when another replica was faster; then the wall is loaded anew, as it is in
    /// the database, and the change has to be made again.
    ///
    /// # Errors
    /// The database's error.
    pub async fn write(&mut self, tx: &mut Tx, news: &News) -> Result<bool, Error> {
        let written = if news.is_empty() {
            store::wall::version(tx).await? == self.wall.version
        } else {
            store::wall::write(tx, self.wall.version, news).await?
        };
        if !written {
            self.wall = load(tx, &self.screens).await?;
        }
        Ok(written)
    }

    /// Ends a turn in which nothing was changed.
    pub fn back(mut self) {
        *self.kept = Some(self.wall);
    }

    /// Ends the turn with the transaction: the displays are told, and the wall goes back into memory.
    pub fn end(self, tx: &mut Tx, news: News) {
        if !news.is_empty() {
            // For the other replicas.
            tx.touch(BOARD, BOARD);
        }
        tx.after_commit(move || self.show(&news));
    }

    /// What was changed is committed: the displays are told, and the wall goes back into memory.
    pub fn show(mut self, news: &News) {
        if !news.is_empty() {
            self.wall.version += 1;
        }
        if news.moved {
            self.wall.setup_version = self.wall.version;
        }
        self.screens.show(self.wall.version, news);
        *self.kept = Some(self.wall);
    }
}
