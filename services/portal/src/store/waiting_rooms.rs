//! Every SQL statement on waiting rooms and the places in them.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    domain::waiting_room::{Key, Outlook},
    error::Error,
};

type Time = DateTime<Utc>;

/// A room as it is stored.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct WaitingRoom {
    pub(crate) id: Uuid,
    pub(crate) name_de: String,
    pub(crate) name_en: String,
    /// None: it stands before one showing.
    pub(crate) release_id: Option<String>,
    pub(crate) showings: Vec<Uuid>,
    /// The house's time.
    pub(crate) opens_at: Time,
    /// The hour that it was given; none: it opens with the sale.
    pub(crate) wished_at: Option<Time>,
    pub(crate) opened_by: String,
    pub(crate) closed_at: Option<Time>,
    rate: i32,
    pub(crate) turned_at: Time,
    pub(crate) busy_at: Option<Time>,
    free: i32,
    wheelchair: i32,
    pub(crate) held_until: Option<Time>,
    outlook: String,
    /// When the seller said that last.
    pub(crate) answered_at: Option<Time>,
    revision: i64,
}

impl WaitingRoom {
    pub(crate) fn rate(&self) -> u32 {
        self.rate.unsigned_abs()
    }

    pub(crate) fn free(&self) -> u32 {
        self.free.unsigned_abs()
    }

    pub(crate) fn wheelchair(&self) -> u32 {
        self.wheelchair.unsigned_abs()
    }

    /// Whether nothing is left now but places for wheelchair users: nobody waits for those.
    pub(crate) fn has_only_wheelchair_places(&self) -> bool {
        let is_over = matches!(self.outlook(), Outlook::AllHeld | Outlook::SoldOut);
        is_over && self.free == 0 && self.wheelchair > 0
    }

    pub(crate) fn outlook(&self) -> Outlook {
        Outlook::named(&self.outlook)
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision.unsigned_abs()
    }
}

/// A new room.
#[derive(Clone, Debug)]
pub(crate) struct NewRoom {
    pub(crate) id: Uuid,
    pub(crate) name_de: String,
    pub(crate) name_en: String,
    pub(crate) release_id: Option<String>,
    pub(crate) showings: Vec<Uuid>,
    pub(crate) opens_at: Time,
    pub(crate) wished_at: Option<Time>,
    pub(crate) opened_by: String,
}

/// False: an open room stands before one of these showings already. Two who open one wait for each other.
pub(crate) async fn insert_room(conn: &mut PgConnection, room: &NewRoom, rate: u32, now: Time) -> Result<bool, Error> {
    sqlx::query("lock table waiting_room in share row exclusive mode").execute(&mut *conn).await?;
    let done = sqlx::query(
        "insert into waiting_room (id, name_de, name_en, release_id, showings, opens_at, opened_by, rate, turned_at,
             wished_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
         where not exists (select 1 from waiting_room where closed_at is null and showings && $5)",
    )
    .bind(room.id)
    .bind(&room.name_de)
    .bind(&room.name_en)
    .bind(&room.release_id)
    .bind(&room.showings)
    .bind(room.opens_at)
    .bind(&room.opened_by)
    .bind(number(rate))
    .bind(now)
    .bind(room.wished_at)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// False: there is no such open room.
pub(crate) async fn close_room(conn: &mut PgConnection, id: Uuid, now: Time) -> Result<bool, Error> {
    let done = sqlx::query(
        "update waiting_room set closed_at = $2, revision = revision + 1 where id = $1 and closed_at is null",
    )
    .bind(id)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn open_rooms(pool: &PgPool) -> Result<Vec<WaitingRoom>, Error> {
    Ok(sqlx::query_as("select * from waiting_room where closed_at is null order by opens_at, id")
        .fetch_all(pool)
        .await?)
}

pub(crate) async fn room(pool: &PgPool, id: Uuid) -> Result<Option<WaitingRoom>, Error> {
    Ok(sqlx::query_as("select * from waiting_room where id = $1").bind(id).fetch_optional(pool).await?)
}

/// When an open room opens.
pub(crate) async fn room_to_enter(conn: &mut PgConnection, id: Uuid) -> Result<Option<Time>, Error> {
    Ok(sqlx::query_scalar("select opens_at from waiting_room where id = $1 and closed_at is null")
        .bind(id)
        .fetch_optional(conn)
        .await?)
}

/// An open room, locked.
pub(crate) async fn lock_room(conn: &mut PgConnection, id: Uuid) -> Result<Option<WaitingRoom>, Error> {
    Ok(sqlx::query_as("select * from waiting_room where id = $1 and closed_at is null for update")
        .bind(id)
        .fetch_optional(conn)
        .await?)
}

/// The seller could not keep up.
pub(crate) async fn mark_busy(conn: &mut PgConnection, id: Uuid, now: Time) -> Result<(), Error> {
    sqlx::query("update waiting_room set busy_at = $2 where id = $1").bind(id).bind(now).execute(conn).await?;
    Ok(())
}

/// Deletes what was closed before; its places go with it.
pub(crate) async fn delete_closed_rooms(conn: &mut PgConnection, before: Time) -> Result<(), Error> {
    sqlx::query("delete from waiting_room where closed_at < $1").bind(before).execute(conn).await?;
    Ok(())
}

/// What a turn leaves behind.
#[derive(Clone, Debug)]
pub(crate) struct Turned {
    pub(crate) opens_at: Time,
    pub(crate) rate: u32,
    pub(crate) showings: Vec<Uuid>,
    pub(crate) free: u32,
    pub(crate) wheelchair: u32,
    pub(crate) held_until: Option<Time>,
    pub(crate) outlook: Outlook,
    pub(crate) answered_at: Option<Time>,
}

pub(crate) async fn save_turn(conn: &mut PgConnection, id: Uuid, turned: &Turned, now: Time) -> Result<(), Error> {
    sqlx::query(
        "update waiting_room set rate = $2, showings = $3, free = $4, held_until = $5, outlook = $6, turned_at = $7,
             wheelchair = $8, opens_at = $9, answered_at = $10, revision = revision + 1
         where id = $1",
    )
    .bind(id)
    .bind(number(turned.rate))
    .bind(&turned.showings)
    .bind(number(turned.free))
    .bind(turned.held_until)
    .bind(turned.outlook.name())
    .bind(now)
    .bind(number(turned.wheelchair))
    .bind(turned.opens_at)
    .bind(turned.answered_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The seller has answered, and nothing else is new.
pub(crate) async fn note_answer(conn: &mut PgConnection, id: Uuid, now: Time) -> Result<(), Error> {
    sqlx::query("update waiting_room set answered_at = $2 where id = $1").bind(id).bind(now).execute(conn).await?;
    Ok(())
}

/// Somebody's place.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Place {
    late: bool,
    rank: i64,
    /// Set: they are let in, since then …
    pub(crate) admitted_at: Option<Time>,
    /// … until then.
    pub(crate) passed_until: Option<Time>,
}

impl Place {
    pub(crate) fn key(&self) -> Key {
        Key { late: self.late, rank: self.rank }
    }
}

pub(crate) async fn place(
    executor: impl sqlx::PgExecutor<'_>,
    room: Uuid,
    session: Uuid,
) -> Result<Option<Place>, Error> {
    Ok(sqlx::query_as(
        "select late, rank, admitted_at, passed_until from waiting_place where room_id = $1 and session_id = $2",
    )
    .bind(room)
    .bind(session)
    .fetch_optional(executor)
    .await?)
}

/// Takes a place if the browser has none: a drawn one, or the next by arrival.
pub(crate) async fn arrive(
    conn: &mut PgConnection,
    room: Uuid,
    session: Uuid,
    drawn: Option<i64>,
    now: Time,
) -> Result<(), Error> {
    sqlx::query(
        "insert into waiting_place (room_id, session_id, late, rank, seen_at)
         values ($1, $2, $3::bigint is null, coalesce($3, nextval('waiting_room_arrival')), $4)
         on conflict do nothing",
    )
    .bind(room)
    .bind(session)
    .bind(drawn)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Somebody whose pass has run out comes back, as the last.
pub(crate) async fn arrive_again(conn: &mut PgConnection, room: Uuid, session: Uuid, now: Time) -> Result<(), Error> {
    sqlx::query(
        "update waiting_place set late = true, rank = nextval('waiting_room_arrival'), admitted_at = null,
             passed_until = null, used_at = null
         where room_id = $1 and session_id = $2 and passed_until <= $3",
    )
    .bind(room)
    .bind(session)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes who is there, by room and session, of those whom it was noted of last before `unless_since`. Who is being let in at
/// this moment is passed over, so that nobody waits for that.
pub(crate) async fn see(
    conn: &mut PgConnection,
    there: &[(Uuid, Uuid)],
    now: Time,
    unless_since: Time,
) -> Result<(), Error> {
    let (rooms, sessions): (Vec<Uuid>, Vec<Uuid>) = there.iter().copied().unzip();
    sqlx::query(
        "with free as (
             select p.room_id, p.session_id from waiting_place p
             join unnest($1::uuid[], $2::uuid[]) t (room_id, session_id) using (room_id, session_id)
             where p.seen_at < $4 for update of p skip locked)
         update waiting_place p set seen_at = $3 from free
         where p.room_id = free.room_id and p.session_id = free.session_id",
    )
    .bind(rooms)
    .bind(sessions)
    .bind(now)
    .bind(unless_since)
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets in those who are next, of those seen since.
pub(crate) async fn admit(
    conn: &mut PgConnection,
    room: Uuid,
    count: u32,
    seen_since: Time,
    now: Time,
    until: Time,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "with next as (
             select session_id from waiting_place where room_id = $1 and admitted_at is null and seen_at > $5
             order by late, rank limit $2)
         update waiting_place set admitted_at = $3, passed_until = $4
         where room_id = $1 and session_id in (select session_id from next)",
    )
    .bind(room)
    .bind(i64::from(count))
    .bind(now)
    .bind(until)
    .bind(seen_since)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Lets a pass that is still good last until then, at most `longest` from its beginning.
pub(crate) async fn extend_pass(
    conn: &mut PgConnection,
    room: Uuid,
    session: Uuid,
    now: Time,
    until: Time,
    longest: TimeDelta,
) -> Result<(), Error> {
    sqlx::query(
        "update waiting_place set passed_until = greatest(passed_until, least($4, admitted_at + $5))
         where room_id = $1 and session_id = $2 and passed_until > $3",
    )
    .bind(room)
    .bind(session)
    .bind(now)
    .bind(until)
    .bind(longest)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn use_pass(conn: &mut PgConnection, room: Uuid, session: Uuid, now: Time) -> Result<(), Error> {
    sqlx::query("update waiting_place set used_at = coalesce(used_at, $3) where room_id = $1 and session_id = $2")
        .bind(room)
        .bind(session)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// How full a room is.
#[derive(Clone, Copy, Debug, FromRow)]
pub(crate) struct Crowd {
    /// Not let in, and there.
    pub(crate) waiting: i64,
    /// Let in since, and nothing held yet.
    pub(crate) undecided: i64,
    /// Let in at any time.
    pub(crate) admitted: i64,
}

pub(crate) async fn crowd(
    executor: impl sqlx::PgExecutor<'_>,
    room: Uuid,
    undecided_since: Time,
    seen_since: Time,
) -> Result<Crowd, Error> {
    Ok(sqlx::query_as(
        "select count(*) filter (where admitted_at is null and seen_at > $3) as waiting,
                count(*) filter (where admitted_at > $2 and used_at is null) as undecided, count(admitted_at) as admitted
         from waiting_place where room_id = $1",
    )
    .bind(room)
    .bind(undecided_since)
    .bind(seen_since)
    .fetch_one(executor)
    .await?)
}

/// Everybody who waits and was seen since, in order.
pub(crate) async fn line(pool: &PgPool, room: Uuid, seen_since: Time) -> Result<Vec<Key>, Error> {
    let rows: Vec<(bool, i64)> = sqlx::query_as(
        "select late, rank from waiting_place where room_id = $1 and admitted_at is null and seen_at > $2
         order by late, rank",
    )
    .bind(room)
    .bind(seen_since)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(late, rank)| Key { late, rank }).collect())
}

/// How many who were seen since wait before somebody who does.
pub(crate) async fn waiting_before(pool: &PgPool, room: Uuid, key: Key, seen_since: Time) -> Result<usize, Error> {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from waiting_place
         where room_id = $1 and admitted_at is null and (late, rank) < ($2, $3) and seen_at > $4",
    )
    .bind(room)
    .bind(key.late)
    .bind(key.rank)
    .bind(seen_since)
    .fetch_one(pool)
    .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// How many were let in since, and when the first of them.
pub(crate) async fn pace(pool: &PgPool, room: Uuid, since: Time) -> Result<(i64, Option<Time>), Error> {
    Ok(sqlx::query_as("select count(*), min(admitted_at) from waiting_place where room_id = $1 and admitted_at > $2")
        .bind(room)
        .bind(since)
        .fetch_one(pool)
        .await?)
}
