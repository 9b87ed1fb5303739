//! What devices say of themselves, and what they are asked.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Tx, clock::wall_now};
use uuid::Uuid;

use super::end;
use crate::{
    BOARD,
    board::Board,
    domain::{ABSENCES, MediaType, News, OFFLINE_AFTER, Pairing, SELDOM},
    error::Error,
    store::{
        self,
        devices::{Fault, Play},
    },
};

/// Pictures of screens are kept so long.
const SCREENSHOTS: TimeDelta = TimeDelta::hours(24);
/// What was on the screens, and faults that are over, so long.
const PLAYS: TimeDelta = TimeDelta::days(30);

/// Looks which displays have a device for the first time: from now on flow waits for their word.
///
/// # Errors
/// The database's error.
pub async fn fit(tx: &mut Tx, board: &Board) -> Result<(), Error> {
    let fitted = store::wall::fitted(tx).await?;
    let mut turn = board.locked_turn(tx).await?;
    let new = turn.wall.fit(&fitted);
    if new.is_empty() {
        turn.back();
        return Ok(());
    }
    store::wall::fit(tx, &new).await?;
    // Nothing is shown anew, and whoever has another wall in memory loads it again.
    let news = News { moved: true, ..News::default() };
    turn.write(tx, &news).await?;
    end(tx, turn, news).await
}

/// Looks which displays are silent, at `now` by the machine's clock: a neighbour that is there takes their message, and
/// gives it back when they are heard again. And which are dark: nobody waits until these show what is no emergency.
///
/// # Errors
/// The database's error.
pub async fn watch_over(tx: &mut Tx, board: &Board, now: DateTime<Utc>) -> Result<(), Error> {
    let since = now - OFFLINE_AFTER;
    let heard = store::devices::heard(tx, since, since - SELDOM).await?;
    let mut turn = board.locked_turn(tx).await?;
    let changed = turn.wall.silence(&heard);
    if changed.is_empty() {
        turn.back();
        return Ok(());
    }
    for hung in &changed {
        tracing::info!(
            display = hung.id,
            silent = hung.silent,
            there = hung.there,
            dark = hung.dark,
            "another display comes, goes, goes dark or stands in"
        );
    }
    store::wall::silence(tx, &changed).await?;
    store::absences::keep(tx, &changed).await?;
    let news = News { views: turn.wall.compute(tx.now()), moved: true, ..News::default() };
    turn.write(tx, &news).await?;
    end(tx, turn, news).await
}

/// A display's device was approved, has fetched its token, or was revoked.
///
/// # Errors
/// The database's error.
pub async fn paired(tx: &mut Tx, display_id: &str, pairing: Pairing, at: DateTime<Utc>) -> Result<(), Error> {
    store::devices::paired(tx, display_id, pairing, at).await?;
    // Whichever replica has its stream: it ends, and whoever watches says anew who it is.
    tx.touch(BOARD, BOARD);
    Ok(())
}

/// These are all faults that a device has now.
///
/// # Errors
/// No such display, or the database's error.
pub async fn report_faults(tx: &mut Tx, display_id: &str, faults: &[Fault]) -> Result<(), Error> {
    let there = store::devices::report_faults(tx, display_id, faults).await?;
    if there { Ok(()) } else { Err(Error::NoSuchDisplay(display_id.to_owned())) }
}

/// Asks a display for a picture of its screen. That does not make it alive.
///
/// # Errors
/// No such display, or the database's error.
pub async fn request_screenshot(tx: &mut Tx, display_id: &str, ttl: TimeDelta) -> Result<(Uuid, DateTime<Utc>), Error> {
    let (id, expires_at) = (kernel::values::new_id(tx.now()), tx.now() + ttl);
    if !store::devices::request_screenshot(tx, id, display_id, expires_at).await? {
        return Err(Error::NoSuchDisplay(display_id.to_owned()));
    }
    // Whichever replica has its stream.
    tx.touch(BOARD, BOARD);
    Ok((id, expires_at))
}

/// What a device answers when it is asked for a picture of its screen.
#[derive(Debug)]
pub enum Answer {
    /// This is it.
    Picture(MediaType, Vec<u8>),
    /// It cannot make one, and why.
    NotPossible(String),
}

/// The answer has come. A second one to the same request changes nothing.
///
/// # Errors
/// Nobody asked, another display was asked, it comes too late, or the database's error.
pub async fn submit_screenshot(
    tx: &mut Tx,
    device: Option<&str>,
    screenshot_id: Uuid,
    answer: &Answer,
) -> Result<(), Error> {
    let asked = store::devices::lock_screenshot(tx, screenshot_id).await?.ok_or(Error::NoSuchScreenshot)?;
    if device.is_some_and(|device| device != asked.display_id) {
        return Err(Error::OtherDisplay);
    }
    if asked.taken_at.is_some() {
        return Ok(());
    }
    if asked.expires_at <= tx.now() {
        return Err(Error::TooLate);
    }
    match answer {
        Answer::Picture(kind, picture) => store::devices::keep_screenshot(tx, screenshot_id, *kind, picture).await,
        Answer::NotPossible(why) => store::devices::keep_refusal(tx, screenshot_id, why).await,
    }
}

/// What was really on a screen; answers how much of it was new.
///
/// # Errors
/// No such display, or the database's error.
pub async fn submit_plays(tx: &mut Tx, display_id: &str, plays: &[Play]) -> Result<u64, Error> {
    let noted = store::devices::keep_plays(tx, display_id, plays).await?;
    noted.ok_or_else(|| Error::NoSuchDisplay(display_id.to_owned()))
}

/// Removes what nobody asks for any more.
///
/// # Errors
/// The database's error.
pub async fn tidy(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    store::devices::tidy(tx, now - SCREENSHOTS, now - PLAYS).await?;
    store::absences::forget(tx, wall_now() - ABSENCES).await
}
