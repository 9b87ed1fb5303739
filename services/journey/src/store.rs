//! The SQL of visits and links, and the way between rows and the domain. Decides nothing.
//! Lock order: showing, then its visits by id.

pub(crate) mod clock;
pub(crate) mod contacts;
pub(crate) mod limits;
pub(crate) mod many;
pub(crate) mod missing;
pub(crate) mod money_back;
pub(crate) mod notices;
pub(crate) mod rebooking;
pub(crate) mod showings;
pub(crate) mod waiting;

use chrono::{DateTime, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{Bay, Contact, Item, Meal, Method, Money, Part, PartyLine, Refusal, Seat, State, Visit},
    error::Error,
};

#[derive(FromRow)]
struct VisitRow {
    id: Uuid,
    maker: String,
    state: String,
    deadline: Option<DateTime<Utc>>,
    revision: i64,
    showing_id: Uuid,
    language: String,
    party: Json<Vec<PartyLine>>,
    seats: Json<Vec<Seat>>,
    seat_items: Json<Vec<Item>>,
    booking: String,
    bay: Option<Json<Bay>>,
    meal: Option<Json<Meal>>,
    booked_starts_at: Option<DateTime<Utc>>,
    booked_ends_at: Option<DateTime<Utc>>,
    held_at: DateTime<Utc>,
    hold_expires_at: DateTime<Utc>,
    refusal: Option<Json<Refusal>>,
    contact_name: String,
    contact_email: String,
    method: Option<String>,
    payment_state: String,
    payment_url: String,
    payment_expires_at: Option<DateTime<Utc>>,
    ordered_at: Option<DateTime<Utc>>,
    entered_at: Option<DateTime<Utc>>,
    left_at: Option<DateTime<Utc>>,
    admitted: i32,
    notice: Json<Text>,
}

fn unknown(what: &str, value: &str) -> Error {
    Error::Stored(format!("{what} {value}"))
}

impl VisitRow {
    fn read(self) -> Result<Visit, Error> {
        let method = match self.method {
            Some(name) => Some(Method::named(&name).ok_or_else(|| unknown("method", &name))?),
            None => None,
        };
        Ok(Visit {
            id: self.id,
            maker: self.maker,
            state: State::named(&self.state).ok_or_else(|| unknown("state", &self.state))?,
            deadline: self.deadline,
            revision: self.revision,
            showing: self.showing_id,
            language: self.language,
            party: self.party.0,
            seats: self.seats.0,
            seat_items: self.seat_items.0,
            booking: Part::named(&self.booking).ok_or_else(|| unknown("booking", &self.booking))?,
            bay: self.bay.map(|bay| bay.0),
            meal: self.meal.map(|meal| meal.0),
            booked_starts_at: self.booked_starts_at,
            booked_ends_at: self.booked_ends_at,
            held_at: self.held_at,
            hold_expires_at: self.hold_expires_at,
            refusal: self.refusal.map(|refusal| refusal.0),
            contact: Contact { name: self.contact_name, email: self.contact_email },
            method,
            money: Money::named(&self.payment_state).ok_or_else(|| unknown("payment_state", &self.payment_state))?,
            payment_url: self.payment_url,
            payment_expires_at: self.payment_expires_at,
            ordered_at: self.ordered_at,
            entered_at: self.entered_at,
            left_at: self.left_at,
            admitted: self.admitted.unsigned_abs(),
            notice: self.notice.0,
        })
    }
}

fn one(row: Option<VisitRow>) -> Result<Option<Visit>, Error> {
    row.map(VisitRow::read).transpose()
}

fn all(rows: Vec<VisitRow>) -> Result<Vec<Visit>, Error> {
    rows.into_iter().map(VisitRow::read).collect()
}

pub(crate) async fn visit(conn: &mut PgConnection, id: Uuid) -> Result<Option<Visit>, Error> {
    one(sqlx::query_as("select * from visit where id = $1").bind(id).fetch_optional(conn).await?)
}

pub(crate) async fn lock(conn: &mut PgConnection, id: Uuid) -> Result<Option<Visit>, Error> {
    one(sqlx::query_as("select * from visit where id = $1 for update").bind(id).fetch_optional(conn).await?)
}

/// The visit that a request with this key made, with the hash of that request.
pub(crate) async fn lock_by_key(
    conn: &mut PgConnection,
    maker: &str,
    key: Uuid,
) -> Result<Option<(Visit, Vec<u8>)>, Error> {
    #[derive(FromRow)]
    struct Row {
        #[sqlx(flatten)]
        visit: VisitRow,
        request_hash: Vec<u8>,
    }
    let row: Option<Row> = sqlx::query_as("select * from visit where maker = $1 and idempotency_key = $2 for update")
        .bind(maker)
        .bind(key)
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok((row.visit.read()?, row.request_hash))).transpose()
}

/// Whether a maker has asked for a showing under a key, and was answered or is being answered.
pub(crate) async fn has_asked(conn: &mut PgConnection, maker: &str, key: Uuid, showing: Uuid) -> Result<bool, Error> {
    const ASKED: &str =
        "select exists (select 1 from visit where maker = $1 and idempotency_key = $2 and showing_id = $3)";
    Ok(sqlx::query_scalar(ASKED).bind(maker).bind(key).bind(showing).fetch_one(conn).await?)
}

/// Frees the key of a request that failed without a refusal, so that it may be tried anew.
pub(crate) async fn forget_key(conn: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    sqlx::query("update visit set idempotency_key = null where id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Visits whose deadline is over.
pub(crate) async fn due(conn: &mut PgConnection, now: DateTime<Utc>, most: i64) -> Result<Vec<Visit>, Error> {
    all(sqlx::query_as("select * from visit where waits and deadline <= $1 order by deadline limit $2")
        .bind(now)
        .bind(most)
        .fetch_all(conn)
        .await?)
}

/// Notes tickets as admitted; answers how many of the visit are in now.
pub(crate) async fn admit(conn: &mut PgConnection, visit: Uuid, tickets: &[Uuid]) -> Result<u32, Error> {
    sqlx::query(
        "insert into admitted_ticket (visit_id, ticket_id) select $1, unnest($2::uuid[]) on conflict do nothing",
    )
    .bind(visit)
    .bind(tickets)
    .execute(&mut *conn)
    .await?;
    count_admitted(conn, visit).await
}

/// Notes tickets as not admitted; answers how many of the visit are in now.
pub(crate) async fn unadmit(conn: &mut PgConnection, visit: Uuid, tickets: &[Uuid]) -> Result<u32, Error> {
    sqlx::query("delete from admitted_ticket where visit_id = $1 and ticket_id = any($2)")
        .bind(visit)
        .bind(tickets)
        .execute(&mut *conn)
        .await?;
    count_admitted(conn, visit).await
}

async fn count_admitted(conn: &mut PgConnection, visit: Uuid) -> Result<u32, Error> {
    let count: i64 = sqlx::query_scalar("select count(*) from admitted_ticket where visit_id = $1")
        .bind(visit)
        .fetch_one(conn)
        .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Keeps the hash of a link's secret; a visit has at most twenty links, the oldest go.
pub(crate) async fn add_link(
    conn: &mut PgConnection,
    visit: Uuid,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("insert into link (hash, visit_id, created_at) values ($1, $2, $3)")
        .bind(hash)
        .bind(visit)
        .bind(now)
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "delete from link where visit_id = $1 and hash not in
             (select hash from link where visit_id = $1 order by created_at desc, hash limit 20)",
    )
    .bind(visit)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn visit_of_link(conn: &mut PgConnection, hash: &[u8]) -> Result<Option<Uuid>, Error> {
    Ok(sqlx::query_scalar("select visit_id from link where hash = $1").bind(hash).fetch_optional(conn).await?)
}

/// Erases the contact data of visits to showings that ended before `before`.
pub(crate) async fn erase_contacts(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, Error> {
    let erased = sqlx::query(
        "update visit set contact_name = '', contact_email = ''
         where booked_ends_at < $1 and (contact_name <> '' or contact_email <> '')",
    )
    .bind(before)
    .execute(conn)
    .await?;
    Ok(erased.rows_affected())
}
