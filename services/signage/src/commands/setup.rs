//! How displays are set up: by the house file, and by staff who want one of them otherwise.

use kernel::{Tx, clock::wall_now, values::invalid};

use super::end;
use crate::{
    board::{Board, Turn},
    domain::{News, Profile},
    error::Error,
    store::{
        self,
        setup::{Change, Configured, Part},
    },
};

/// Sets the displays up as the house file says, but for what staff have changed. On the database alone: every
/// replica hears of it.
///
/// # Errors
/// The database's error.
pub async fn configure(tx: &mut Tx, displays: Vec<Configured>, parts: &[Part]) -> Result<(), Error> {
    let turn = Board::default().locked_turn(tx).await?;
    store::setup::keep_parts(tx, parts).await?;
    let before = store::wall::house(tx.conn()).await?.map(|it| it.sender());
    hang(tx, turn, displays).await?;
    let after = store::wall::house(tx.conn()).await?.map(|it| it.sender());
    match before {
        Some(before) if after.as_ref() != Some(&before) => store::wall::keep_former_sender(tx, &before).await,
        _ => Ok(()),
    }
}

/// Sets one display up otherwise than the house file says; None: as it says again. That stays so when the file is
/// loaded again.
///
/// # Errors
/// No such display, a profile that it cannot have, or the database's error.
pub async fn change(tx: &mut Tx, board: &Board, display_id: &str, change: Option<Change>) -> Result<(), Error> {
    let turn = board.locked_turn(tx).await?;
    let displays = store::setup::configured(tx).await?;
    let problem = match (displays.iter().find(|it| it.display_id == display_id), &change) {
        (None, _) => Some(Error::NoSuchDisplay(display_id.to_owned())),
        (Some(display), Some(change))
            if change.profile == Profile::Wayfinding && display.setup.wayfinding.is_empty() =>
        {
            let why = "\"wayfinding\" needs directions, which the house file does not have for this display";
            Some(invalid("profile", why).into())
        }
        _ => None,
    };
    if let Some(problem) = problem {
        turn.back();
        return Err(problem);
    }
    store::setup::keep_change(tx, display_id, change.as_ref()).await?;
    hang(tx, turn, displays).await
}

async fn hang(tx: &mut Tx, mut turn: Turn, displays: Vec<Configured>) -> Result<(), Error> {
    let changes = store::setup::changes(tx).await?;
    let wanted: Vec<Configured> = displays.iter().map(|it| it.changed(changes.get(&it.display_id))).collect();
    let now = tx.now();
    turn.wall.hang(wanted.iter().map(Configured::wanted).collect(), now);
    store::setup::hang(tx, &displays, &wanted, &turn.wall).await?;
    store::absences::end_retired(tx, wall_now()).await?;
    let news = News { views: turn.wall.compute(now), moved: true, ..News::default() };
    turn.write(tx, &news).await?;
    end(tx, turn, news).await
}
