//! The SQL of notices. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::values;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::notices::{Facts, Kind, Notice, Sending, Wanted, letter::HouseWords},
    error::Error,
};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    visit_id: Uuid,
    kind: String,
    facts: Json<Facts>,
    state: String,
    made_at: DateTime<Utc>,
    send_at: DateTime<Utc>,
    attempts: i32,
    sent_at: Option<DateTime<Utc>>,
    failure: String,
    told_at: Option<DateTime<Utc>>,
}

impl Row {
    fn read(self) -> Result<Notice, Error> {
        let unknown = |what: &str, value: &str| Error::Stored(format!("notice {what} {value}"));
        Ok(Notice {
            id: self.id,
            visit: self.visit_id,
            kind: Kind::named(&self.kind).ok_or_else(|| unknown("kind", &self.kind))?,
            facts: self.facts.0,
            state: Sending::named(&self.state).ok_or_else(|| unknown("state", &self.state))?,
            made_at: self.made_at,
            send_at: self.send_at,
            attempts: self.attempts.unsigned_abs(),
            sent_at: self.sent_at,
            failure: self.failure,
            told_at: self.told_at,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Notice>, Error> {
    rows.into_iter().map(Row::read).collect()
}

/// Adds notices that are not there yet. What waits and is overtaken by a new one goes out with it, no later than it
/// would have by itself; what was before is what the visitor knows. That something is over is not told to whom it was never
/// told. The visits are locked.
pub(crate) async fn add(conn: &mut PgConnection, wanted: &[Wanted], now: DateTime<Utc>) -> Result<(), Error> {
    let ids: Vec<Uuid> = wanted.iter().map(|_| values::new_id(now)).collect();
    // Which kinds each new one overtakes, as pairs: a list per row is no type that can be bound.
    let pairs = || {
        let new = wanted.iter().zip(&ids);
        new.flat_map(|(it, id)| it.kind.overtakes().iter().map(move |kind| (*id, kind.name())))
    };
    sqlx::query(
        "with old as (
             select p.new_id, n.id, n.kind, n.send_at, n.facts from unnest($8::uuid[], $9::text[]) as p (new_id, kind)
             join unnest($1::uuid[], $2::uuid[]) as w (id, visit_id) on w.id = p.new_id
             join notice n on n.visit_id = w.visit_id and n.kind = p.kind and n.state in ('waiting', 'no_address')
                 and n.told_at is null),
         added as (
             insert into notice (id, visit_id, kind, about, facts, state, made_at, send_at)
             select w.id, w.visit_id, w.kind, w.about,
                 w.facts || coalesce((
                     select jsonb_build_object('was', old.facts -> 'was') from old
                     where old.new_id = w.id and old.kind = w.kind order by old.send_at limit 1), '{}'),
                 case when exists (select from old where old.new_id = w.id and old.kind = w.undoes)
                     and not coalesce((select known.kind = w.undoes from notice known
                         where known.visit_id = w.visit_id and known.kind in (w.kind, w.undoes)
                             and (known.state in ('sending', 'sent', 'unsure') or known.told_at is not null)
                         order by known.made_at desc, known.id desc limit 1), false)
                     then 'overtaken' else w.state end,
                 $10::timestamptz,
                 least(w.send_at, (select min(old.send_at) from old where old.new_id = w.id))
             from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::timestamptz[],
                     $11::text[]) as w (id, visit_id, kind, about, facts, state, send_at, undoes)
             on conflict on constraint notice_once do nothing returning id)
         update notice n set state = 'overtaken' from old, added
         where n.id = old.id and old.new_id = added.id",
    )
    .bind(&ids)
    .bind(wanted.iter().map(|it| it.visit).collect::<Vec<_>>())
    .bind(wanted.iter().map(|it| it.kind.name()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|it| it.about.as_str()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|it| Json(&it.facts)).collect::<Vec<_>>())
    .bind(wanted.iter().map(|it| it.state.name()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|it| it.send_at(now)).collect::<Vec<_>>())
    .bind(pairs().map(|(id, _)| id).collect::<Vec<_>>())
    .bind(pairs().map(|(_, kind)| kind).collect::<Vec<_>>())
    .bind(now)
    .bind(wanted.iter().map(|it| it.kind.undoes().map(Kind::name)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Notices whose time has come.
pub(crate) async fn due(conn: &mut PgConnection, now: DateTime<Utc>, most: i64) -> Result<Vec<Notice>, Error> {
    all(sqlx::query_as("select * from notice where state = 'waiting' and send_at <= $1 order by send_at, id limit $2")
        .bind(now)
        .bind(most)
        .fetch_all(conn)
        .await?)
}

/// Takes a waiting notice for sending, from `at` on, and keeps the hash of the link in it: each has one and the same however
/// often it is sent. False: somebody else has taken it, or it is overtaken.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    id: Uuid,
    link: &[u8],
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "with claimed as (
             update notice set state = 'sending', attempts = attempts + 1, claimed_at = $2
             where id = $1 and state = 'waiting' returning visit_id),
         linked as (
             insert into link (hash, visit_id, created_at) select $3, visit_id, $4 from claimed
             on conflict (hash) do nothing)
         select exists (select from claimed)",
    )
    .bind(id)
    .bind(at)
    .bind(link)
    .bind(now)
    .fetch_one(conn)
    .await?)
}

/// What became of one that was in the given state. `send_at`: when it is tried again.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    id: Uuid,
    from: Sending,
    to: Sending,
    at: DateTime<Utc>,
    failure: &str,
) -> Result<bool, Error> {
    let settled = sqlx::query(
        "update notice set state = $3, failure = $5,
             sent_at = case when $3 = 'sent' then $4 else sent_at end,
             send_at = case when $3 = 'waiting' then $4 else send_at end
         where id = $1 and state = $2",
    )
    .bind(id)
    .bind(from.name())
    .bind(to.name())
    .bind(at)
    .bind(failure)
    .execute(conn)
    .await?;
    Ok(settled.rows_affected() > 0)
}

/// Those whose sending began before `before` and never ended: whoever sent them is gone.
pub(crate) async fn give_up_sending(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, Error> {
    let left = sqlx::query("update notice set state = 'unsure' where state = 'sending' and claimed_at < $1")
        .bind(before)
        .execute(conn)
        .await?;
    Ok(left.rows_affected())
}

/// Staff want it sent again: it begins anew.
pub(crate) async fn restart(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<Option<Notice>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "update notice set state = 'waiting', attempts = 0, send_at = $2, failure = ''
         where id = $1 and state in ('failed', 'unsure') returning *",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

/// Somebody of the house has told its visitor what it says, or has not after all. None: nobody needs to, because it is there
/// or on its way.
pub(crate) async fn set_told(
    conn: &mut PgConnection,
    id: Uuid,
    told_at: Option<DateTime<Utc>>,
) -> Result<Option<Notice>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "update notice set told_at = case when $2::timestamptz is not null then coalesce(told_at, $2) end
         where id = $1 and state in ('failed', 'unsure', 'no_address') returning *",
    )
    .bind(id)
    .bind(told_at)
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

pub(crate) async fn get(conn: &mut PgConnection, id: Uuid) -> Result<Option<Notice>, Error> {
    let row: Option<Row> = sqlx::query_as("select * from notice where id = $1").bind(id).fetch_optional(conn).await?;
    row.map(Row::read).transpose()
}

/// A visit's notices, the newest first.
pub(crate) async fn of_visit(conn: &mut PgConnection, visit: Uuid) -> Result<Vec<Notice>, Error> {
    all(sqlx::query_as("select * from notice where visit_id = $1 order by made_at desc, id desc")
        .bind(visit)
        .fetch_all(conn)
        .await?)
}

/// Those that somebody should look at, the newest first: what did not arrive, and what is news for whom there is no address,
/// of showings that are not over; but what somebody told them before `told_before`, and a start that is the one they know. At
/// most so many of each.
pub(crate) async fn undelivered(
    conn: &mut PgConnection,
    most: i64,
    now: DateTime<Utc>,
    told_before: DateTime<Utc>,
) -> Result<Vec<Notice>, Error> {
    let news = Kind::ALL.into_iter().filter(|kind| kind.is_news()).map(Kind::name);
    all(sqlx::query_as(
        "(select * from notice where state in ('failed', 'unsure') and coalesce(told_at >= $4, true)
             order by made_at desc limit $1)
         union all
         (select n.* from showing s join visit v on v.showing_id = s.showing_id join notice n on n.visit_id = v.id
             where s.ends_at > $2 and n.state = 'no_address' and n.kind = any($3)
                 and coalesce(n.told_at >= $4, true) and (v.state = 'confirmed' or n.kind in ('cancelled', 'refunded', 'wait_over')
                     or v.state = 'held' and n.kind = 'places_offered')
                 and (n.kind <> 'delayed' or (n.facts ->> 'was')::timestamptz is distinct from s.starts_at)
             order by n.made_at desc limit $1)
         order by made_at desc",
    )
    .bind(most)
    .bind(now)
    .bind(news.collect::<Vec<_>>())
    .bind(told_before)
    .fetch_all(conn)
    .await?)
}

/// How many wait although their time has come, and since when the first of them does.
pub(crate) async fn late(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(u32, Option<DateTime<Utc>>), Error> {
    let (count, since): (i64, Option<DateTime<Utc>>) =
        sqlx::query_as("select count(*), min(send_at) from notice where state = 'waiting' and send_at <= $1")
            .bind(now)
            .fetch_one(conn)
            .await?;
    Ok((u32::try_from(count).unwrap_or(u32::MAX), since))
}

/// What waits of some kinds for these visits says nothing any more. It was never told, and nor was what came too late: when
/// it becomes true again, it is news. So its place is free for another one about the same.
pub(crate) async fn withdraw(conn: &mut PgConnection, visits: &[Uuid], kinds: &[Kind]) -> Result<(), Error> {
    if visits.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update notice set state = 'overtaken', about = about || ' ' || id
         where visit_id = any($1) and kind = any($2) and state in ('waiting', 'overtaken', 'no_address')
             and about not like '% %'",
    )
    .bind(visits)
    .bind(kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Offers that stand longer than those who are told of them by notices that wait still know.
pub(crate) async fn prolong(conn: &mut PgConnection, offers: &[(Uuid, DateTime<Utc>)]) -> Result<(), Error> {
    if offers.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update notice n set facts = n.facts || o.facts from unnest($1::uuid[], $2::jsonb[]) as o (visit_id, facts)
         where n.visit_id = o.visit_id and n.kind = $3 and n.state = 'waiting'",
    )
    .bind(offers.iter().map(|(visit, _)| *visit).collect::<Vec<_>>())
    .bind(offers.iter().map(|(_, until)| Json(serde_json::json!({ "until": until }))).collect::<Vec<_>>())
    .bind(Kind::RebookingOffered.name())
    .execute(conn)
    .await?;
    Ok(())
}

/// Those that have waited since before `before` say nothing any more.
pub(crate) async fn let_go(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update notice set state = 'overtaken' where state = 'waiting' and send_at < $1")
        .bind(before)
        .execute(conn)
        .await?;
    Ok(())
}

/// Showings that begin in a span of time and are booked, with their starts.
pub(crate) async fn starts(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<(Uuid, DateTime<Utc>)>, Error> {
    Ok(sqlx::query_as(
        "select showing_id, starts_at from showing where starts_at > $1 and starts_at <= $2 and not cancelled
             and admission not in ('cancelled', 'aborted')
         order by showing_id",
    )
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?)
}

/// Confirmed visits of a showing that were ordered before `ordered` and were not told the day before, about this day.
pub(crate) async fn not_reminded(
    conn: &mut PgConnection,
    showing: Uuid,
    ordered: DateTime<Utc>,
    about: &str,
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "select v.id from visit v where v.showing_id = $1 and v.state = 'confirmed' and v.ordered_at < $2
             and not exists (select from notice n where n.visit_id = v.id and n.kind = $3 and n.about = $4)
         order by v.id",
    )
    .bind(showing)
    .bind(ordered)
    .bind(Kind::DayBefore.name())
    .bind(about)
    .fetch_all(conn)
    .await?)
}

/// Notices of visits whose contact is not known any more.
pub(crate) async fn forget(conn: &mut PgConnection, ended: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("delete from notice n using visit v where v.id = n.visit_id and v.booked_ends_at < $1")
        .bind(ended)
        .execute(conn)
        .await?;
    Ok(())
}

/// In which language a visit's visitor is written to.
pub(crate) async fn set_language(conn: &mut PgConnection, visit: Uuid, language: &str) -> Result<(), Error> {
    sqlx::query("update visit set language = $2 where id = $1").bind(visit).bind(language).execute(conn).await?;
    Ok(())
}

/// What the house says of itself; nothing before its file is loaded.
pub(crate) async fn house(conn: &mut PgConnection) -> Result<HouseWords, Error> {
    let words: Option<Json<HouseWords>> =
        sqlx::query_scalar("select words from house_words").fetch_optional(conn).await?;
    Ok(words.map(|words| words.0).unwrap_or_default())
}

pub(crate) async fn save_house(conn: &mut PgConnection, words: &HouseWords) -> Result<(), Error> {
    sqlx::query(
        "insert into house_words (words) values ($1) on conflict (the_only) do update set words = excluded.words",
    )
    .bind(Json(words))
    .execute(conn)
    .await?;
    Ok(())
}
