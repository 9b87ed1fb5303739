//! The SQL of offers of another showing, and of moves to one. Decides nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::rebooking::{Offer, Offered, Places},
    error::Error,
};

#[derive(FromRow)]
struct OfferRow {
    visit_id: Uuid,
    from_showing: Uuid,
    to_showing: Option<Uuid>,
    title: Json<Text>,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    valid_until: DateTime<Utc>,
}

impl OfferRow {
    fn read(self) -> Offer {
        let to = match (self.to_showing, self.starts_at, self.ends_at) {
            (Some(showing), Some(starts_at), Some(ends_at)) => {
                Some(Offered { showing, title: self.title.0, starts_at, ends_at })
            }
            _ => None,
        };
        Offer { visit: self.visit_id, from: self.from_showing, to, valid_until: self.valid_until }
    }
}

/// What these visits are offered.
pub(crate) async fn offers(conn: &mut PgConnection, visits: &[Uuid]) -> Result<Vec<Offer>, Error> {
    let rows: Vec<OfferRow> =
        sqlx::query_as("select * from rebooking_offer where visit_id = any($1)").bind(visits).fetch_all(conn).await?;
    Ok(rows.into_iter().map(OfferRow::read).collect())
}

/// What stands: offers of another showing that nobody has taken yet and whose time is not over.
pub(crate) async fn standing(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Offer>, Error> {
    let rows: Vec<OfferRow> = sqlx::query_as(
        "select * from rebooking_offer where to_showing is not null and valid_until > $1 order by made_at, visit_id",
    )
    .bind(now)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(OfferRow::read).collect())
}

/// The visits that need help and have no offer that still stands; of showings that began after `since`.
pub(crate) async fn without_offer(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "select c.visit_id from visit_clock c
             join visit v on v.id = c.visit_id and v.showing_id = c.showing_id and v.state = 'confirmed'
             join showing s on s.showing_id = c.showing_id
             left join rebooking_offer o on o.visit_id = c.visit_id
         where c.risk in ('at_risk', 'missed') and s.starts_at > $3
             and not s.cancelled and s.admission not in ('cancelled', 'aborted') and (o.visit_id is null or o.valid_until <= $1)
         order by c.since, c.visit_id limit $2",
    )
    .bind(now)
    .bind(most)
    .bind(since)
    .fetch_all(conn)
    .await?)
}

/// Who is offered places in showings, by offers that still stand; without those to these visits.
pub(crate) async fn promised(
    conn: &mut PgConnection,
    but: &[Uuid],
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Places>, Error> {
    let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(
        "select o.to_showing, line ->> 'need', sum((line ->> 'count')::bigint)::bigint
         from rebooking_offer o join visit v on v.id = o.visit_id cross join jsonb_array_elements(v.party) line
         where o.to_showing is not null and o.valid_until > $2 and not o.visit_id = any($1) group by 1, 2",
    )
    .bind(but)
    .bind(now)
    .fetch_all(conn)
    .await?;
    let mut promised: HashMap<Uuid, Places> = HashMap::new();
    for (showing, need, people) in rows {
        promised.entry(showing).or_default().add(&need, u32::try_from(people).unwrap_or(u32::MAX));
    }
    Ok(promised)
}

/// Keeps offers.
pub(crate) async fn save_offers(conn: &mut PgConnection, offers: &[Offer], now: DateTime<Utc>) -> Result<(), Error> {
    let to = |offer: &Offer| offer.to.clone();
    sqlx::query(
        "insert into rebooking_offer (visit_id, from_showing, to_showing, title, starts_at, ends_at, made_at, valid_until)
         select visit, origin, target, title, starts, ends, $8, until
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::jsonb[], $5::timestamptz[], $6::timestamptz[],
             $7::timestamptz[]) o (visit, origin, target, title, starts, ends, until)
         on conflict (visit_id) do update
             set from_showing = excluded.from_showing, to_showing = excluded.to_showing, title = excluded.title,
                 starts_at = excluded.starts_at, ends_at = excluded.ends_at, made_at = excluded.made_at,
                 valid_until = excluded.valid_until",
    )
    .bind(offers.iter().map(|offer| offer.visit).collect::<Vec<_>>())
    .bind(offers.iter().map(|offer| offer.from).collect::<Vec<_>>())
    .bind(offers.iter().map(|offer| to(offer).map(|to| to.showing)).collect::<Vec<_>>())
    .bind(offers.iter().map(|offer| Json(to(offer).map(|to| to.title).unwrap_or_default())).collect::<Vec<_>>())
    .bind(offers.iter().map(|offer| to(offer).map(|to| to.starts_at)).collect::<Vec<_>>())
    .bind(offers.iter().map(|offer| to(offer).map(|to| to.ends_at)).collect::<Vec<_>>())
    .bind(offers.iter().map(|offer| offer.valid_until).collect::<Vec<_>>())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes back what these visits were offered.
pub(crate) async fn forget_offers(conn: &mut PgConnection, visits: &[Uuid]) -> Result<(), Error> {
    sqlx::query("delete from rebooking_offer where visit_id = any($1)").bind(visits).execute(conn).await?;
    Ok(())
}

/// A visit that has moved: its clock begins anew.
pub(crate) async fn forget_clock(conn: &mut PgConnection, visit: Uuid) -> Result<(), Error> {
    sqlx::query("delete from visit_clock where visit_id = $1").bind(visit).execute(&mut *conn).await?;
    forget_offers(conn, &[visit]).await
}

/// How far a move is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Moving,
    Moved,
    /// The service's code, words, and name for it.
    Refused {
        code: i32,
        problem: String,
        reason: String,
    },
}

/// A move to another showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rebooking {
    pub(crate) id: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) from: Uuid,
    pub(crate) to: Uuid,
    pub(crate) progress: Progress,
}

#[derive(FromRow)]
struct RebookingRow {
    id: Uuid,
    visit_id: Uuid,
    from_showing: Uuid,
    to_showing: Uuid,
    state: String,
    code: i32,
    problem: String,
    reason: String,
}

impl RebookingRow {
    fn read(self) -> Result<Rebooking, Error> {
        let progress = match self.state.as_str() {
            "moving" => Progress::Moving,
            "moved" => Progress::Moved,
            "refused" => Progress::Refused { code: self.code, problem: self.problem, reason: self.reason },
            other => return Err(Error::Stored(format!("rebooking {other}"))),
        };
        let (from, to) = (self.from_showing, self.to_showing);
        Ok(Rebooking { id: self.id, visit: self.visit_id, from, to, progress })
    }
}

pub(crate) async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Option<Rebooking>, Error> {
    let row: Option<RebookingRow> =
        sqlx::query_as("select * from rebooking where id = $1").bind(id).fetch_optional(conn).await?;
    row.map(RebookingRow::read).transpose()
}

/// The move of a visit that is under way.
pub(crate) async fn moving(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Rebooking>, Error> {
    let row: Option<RebookingRow> = sqlx::query_as("select * from rebooking where visit_id = $1 and state = 'moving'")
        .bind(visit)
        .fetch_optional(conn)
        .await?;
    row.map(RebookingRow::read).transpose()
}

/// Moves that were begun before then and are still under way.
pub(crate) async fn left_moving(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<Vec<Rebooking>, Error> {
    let rows: Vec<RebookingRow> =
        sqlx::query_as("select * from rebooking where state = 'moving' and asked_at < $1 order by asked_at limit 50")
            .bind(before)
            .fetch_all(conn)
            .await?;
    rows.into_iter().map(RebookingRow::read).collect()
}

pub(crate) async fn begin(conn: &mut PgConnection, it: &Rebooking, by: &str, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "insert into rebooking (id, visit_id, from_showing, to_showing, state, by, asked_at)
         values ($1, $2, $3, $4, 'moving', $5, $6)",
    )
    .bind(it.id)
    .bind(it.visit)
    .bind(it.from)
    .bind(it.to)
    .bind(by)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a move that is under way; answers whether it was.
pub(crate) async fn end(
    conn: &mut PgConnection,
    id: Uuid,
    progress: &Progress,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let (state, code, problem, reason) = match progress {
        Progress::Moving => return Ok(false),
        Progress::Moved => ("moved", 0, "", ""),
        Progress::Refused { code, problem, reason } => ("refused", *code, problem.as_str(), reason.as_str()),
    };
    let done = sqlx::query(
        "update rebooking set state = $2, code = $3, problem = $4, done_at = $5, reason = $6
         where id = $1 and state = 'moving'",
    )
    .bind(id)
    .bind(state)
    .bind(code)
    .bind(problem)
    .bind(now)
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The visit is for another showing from now on.
pub(crate) async fn set_showing(conn: &mut PgConnection, visit: Uuid, showing: Uuid) -> Result<(), Error> {
    sqlx::query("update visit set showing_id = $2 where id = $1").bind(visit).bind(showing).execute(conn).await?;
    Ok(())
}
