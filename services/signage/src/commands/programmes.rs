//! Pictures, films, playlists and schedules: put, listed, removed.

use kernel::{Tx, values::invalid};

use super::say;
use crate::{
    board::Board,
    domain::{Fact, MediaType, Playlist, Schedule},
    error::Error,
    store::{self, media::Stored},
};

/// All files together.
const MOST_BYTES: i64 = 2 << 30;

/// Stores a picture or a film under the hash of its content.
///
/// # Errors
/// More than there is room for, or the database's error.
pub async fn upload(tx: &mut Tx, media_id: &str, kind: MediaType, name: &str, file: &[u8]) -> Result<Stored, Error> {
    if store::media::total(tx).await? + i64::try_from(file.len()).unwrap_or(i64::MAX) > MOST_BYTES {
        return Err(Error::NoRoom);
    }
    store::media::keep(tx, media_id, kind, name, file).await
}

/// Removes a picture or a film; again changes nothing.
///
/// # Errors
/// A playlist has it, or the database's error.
pub async fn delete_media(tx: &mut Tx, board: &Board, media_id: &str) -> Result<(), Error> {
    let turn = board.locked_turn(tx).await?;
    let facts = turn.wall.known.facts(tx.now());
    turn.back();
    let user = facts.playlists.iter().find(|list| list.items.iter().any(|item| item.media_id == media_id));
    if let Some(list) = user {
        return Err(Error::InUse("media_id", format!("the playlist \"{}\"", list.playlist_id)));
    }
    store::media::delete(tx, media_id).await?;
    Ok(())
}

/// Puts a playlist of stored files: their id, how long, what they say.
///
/// # Errors
/// A file that is not stored, or the database's error.
pub async fn put_playlist(tx: &mut Tx, board: &Board, mut list: Playlist) -> Result<Playlist, Error> {
    // The wall is always locked first.
    let turn = board.locked_turn(tx).await?;
    let ids: Vec<String> = list.items.iter().map(|item| item.media_id.clone()).collect();
    let types = store::media::types(tx, &ids).await?;
    for (place, item) in list.items.iter_mut().enumerate() {
        let found = types.iter().find(|(media_id, _)| *media_id == item.media_id);
        let Some(kind) = found.and_then(|(_, name)| MediaType::named(name)) else {
            turn.back();
            let problem = format!("the file of item {} is not stored; upload it first", place + 1);
            return Err(invalid("items", problem).into());
        };
        item.media_type = kind;
    }
    say(tx, turn, Fact::Playlist(list.clone())).await?;
    Ok(list)
}

/// Removes a playlist; again changes nothing.
///
/// # Errors
/// A schedule has it, or the database's error.
pub async fn remove_playlist(tx: &mut Tx, board: &Board, playlist_id: &str) -> Result<(), Error> {
    let turn = board.locked_turn(tx).await?;
    let facts = turn.wall.known.facts(tx.now());
    let list = facts.playlists.iter().find(|list| list.playlist_id == playlist_id).cloned();
    let user = facts.schedules.iter().find(|schedule| schedule.playlist_id == playlist_id);
    match (list, user) {
        (_, Some(schedule)) => {
            turn.back();
            Err(Error::InUse("playlist_id", format!("the schedule \"{}\"", schedule.schedule_id)))
        }
        (Some(list), None) => say(tx, turn, Fact::Playlist(Playlist { removed: true, put_at: tx.now(), ..list })).await,
        (None, None) => {
            turn.back();
            Ok(())
        }
    }
}

/// Puts a schedule of a playlist.
///
/// # Errors
/// No such playlist, a group that no display is in, or the database's error.
pub async fn put_schedule(tx: &mut Tx, board: &Board, schedule: Schedule) -> Result<(), Error> {
    let turn = board.locked_turn(tx).await?;
    let problem = if turn.wall.known.playlist(&schedule.playlist_id).is_none() {
        Some(invalid("playlist_id", "there is no such playlist; ListProgrammes has all of them"))
    } else {
        let strange = schedule.groups.iter().find(|group| !turn.wall.has_group(group));
        strange.map(|group| invalid("groups", format!("no display is in the group \"{group}\"")))
    };
    if let Some(problem) = problem {
        turn.back();
        return Err(problem.into());
    }
    say(tx, turn, Fact::Schedule(schedule)).await
}

/// Removes a schedule; again changes nothing.
///
/// # Errors
/// The database's error.
pub async fn remove_schedule(tx: &mut Tx, board: &Board, schedule_id: &str) -> Result<(), Error> {
    let turn = board.locked_turn(tx).await?;
    let facts = turn.wall.known.facts(tx.now());
    match facts.schedules.into_iter().find(|schedule| schedule.schedule_id == schedule_id) {
        Some(schedule) => say(tx, turn, Fact::Schedule(Schedule { removed: true, put_at: tx.now(), ..schedule })).await,
        None => {
            turn.back();
            Ok(())
        }
    }
}

/// All playlists and schedules.
///
/// # Errors
/// The database's error.
pub async fn programmes(tx: &mut Tx, board: &Board) -> Result<(Vec<Playlist>, Vec<Schedule>), Error> {
    let turn = board.locked_turn(tx).await?;
    let facts = turn.wall.known.facts(tx.now());
    turn.back();
    Ok((facts.playlists, facts.schedules))
}
