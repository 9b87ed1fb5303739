//! Every SQL statement of payments, and the way between rows and the domain. Decides nothing.
//! Lock order: payment, then its refund and its parts.

pub(crate) mod parts;
pub(crate) mod payouts;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::error::broken_constraint;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{Entry, Item, Means, Method, Payment, Refund, State},
    error::Error,
};

#[derive(FromRow)]
struct PaymentRow {
    id: Uuid,
    visit_id: Uuid,
    idempotency_key: Uuid,
    method: String,
    state: String,
    cents: i64,
    items: Json<Vec<Item>>,
    return_url: String,
    provider_ref: String,
    redirect_url: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    next_check_at: Option<DateTime<Utc>>,
    watch_until: Option<DateTime<Utc>>,
    given_back: i64,
    means: String,
    paid_at: Option<DateTime<Utc>>,
    open_at: Option<DateTime<Utc>>,
    given_up: bool,
}

impl PaymentRow {
    fn read(self) -> Result<Payment, Error> {
        Ok(Payment {
            id: self.id,
            visit: self.visit_id,
            idempotency_key: self.idempotency_key,
            method: Method::named(&self.method).ok_or_else(|| Error::Stored(format!("method {}", self.method)))?,
            state: State::named(&self.state).ok_or_else(|| Error::Stored(format!("state {}", self.state)))?,
            cents: self.cents,
            items: self.items.0,
            return_url: self.return_url,
            provider_ref: self.provider_ref,
            redirect_url: self.redirect_url,
            created_at: self.created_at,
            expires_at: self.expires_at,
            next_check_at: self.next_check_at,
            watch_until: self.watch_until,
            given_back: self.given_back,
            means: Means::named(&self.means),
            paid_at: self.paid_at,
            open_at: self.open_at,
            given_up: self.given_up,
        })
    }
}

/// A visit's payment: the one under way or done, else its latest failed one.
pub(crate) async fn of_visit(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Payment>, Error> {
    Ok(of_visits(conn, &[visit]).await?.remove(&visit))
}

/// The payments of visits, as [`of_visit`] has them.
pub(crate) async fn of_visits(conn: &mut PgConnection, visits: &[Uuid]) -> Result<HashMap<Uuid, Payment>, Error> {
    let rows: Vec<PaymentRow> = sqlx::query_as(
        "select distinct on (visit_id) * from payment where visit_id = any($1)
         order by visit_id, state = 'failed', created_at desc",
    )
    .bind(visits)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| Ok((row.visit_id, row.read()?))).collect()
}

pub(crate) async fn lock(conn: &mut PgConnection, id: Uuid) -> Result<Payment, Error> {
    sqlx::query_as::<_, PaymentRow>("select * from payment where id = $1 for update")
        .bind(id)
        .fetch_optional(conn)
        .await?
        .ok_or(Error::NoPayment)?
        .read()
}

/// Adds payments of different visits.
///
/// # Errors
/// [`Error::InProgress`] when one of the visits has got a payment in the meantime: then none is added.
pub(crate) async fn add_all(conn: &mut PgConnection, payments: &[&Payment]) -> Result<(), Error> {
    sqlx::query(
        "insert into payment (id, visit_id, idempotency_key, method, state, cents, items, return_url,
             created_at, expires_at, next_check_at, paid_at)
         select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::jsonb[],
             $8::text[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[])",
    )
    .bind(payments.iter().map(|payment| payment.id).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| payment.visit).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| payment.idempotency_key).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| payment.method.name()).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| payment.state.name()).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| payment.cents).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| Json(&payment.items)).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| payment.return_url.as_str()).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| payment.created_at).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| payment.expires_at).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| payment.next_check_at).collect::<Vec<_>>())
    .bind(payments.iter().map(|payment| payment.paid_at).collect::<Vec<_>>())
    .execute(conn)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("payment_one_per_visit") => Error::InProgress,
        _ => Error::Database(error),
    })?;
    Ok(())
}

/// Saves what changes in a payment's life.
pub(crate) async fn save(conn: &mut PgConnection, payment: &Payment) -> Result<(), Error> {
    sqlx::query(
        "update payment set state = $2, provider_ref = $3, redirect_url = $4, next_check_at = $5, watch_until = $6,
             given_back = $7, means = $8, paid_at = $9, open_at = $10
         where id = $1",
    )
    .bind(payment.id)
    .bind(payment.state.name())
    .bind(&payment.provider_ref)
    .bind(&payment.redirect_url)
    .bind(payment.next_check_at)
    .bind(payment.watch_until)
    .bind(payment.given_back)
    .bind(payment.means.map_or("", Means::name))
    .bind(payment.paid_at)
    .bind(payment.open_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Money that still comes for failed payments of these visits goes back.
pub(crate) async fn give_up(conn: &mut PgConnection, visits: &[Uuid]) -> Result<(), Error> {
    sqlx::query("update payment set given_up = true where visit_id = any($1) and state = 'failed' and not given_up")
        .bind(visits)
        .execute(conn)
        .await?;
    Ok(())
}

/// Payments of which the provider is to be asked now.
pub(crate) async fn to_check(conn: &mut PgConnection, now: DateTime<Utc>, most: i64) -> Result<Vec<Payment>, Error> {
    sqlx::query_as::<_, PaymentRow>("select * from payment where next_check_at <= $1 order by next_check_at limit $2")
        .bind(now)
        .bind(most)
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(PaymentRow::read)
        .collect()
}

/// Writes a line into the ledger.
pub(crate) async fn enter(
    conn: &mut PgConnection,
    payment: &Payment,
    entry: Entry,
    cents: i64,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("insert into ledger (payment_id, visit_id, kind, cents, method, at) values ($1, $2, $3, $4, $5, $6)")
        .bind(payment.id)
        .bind(payment.visit)
        .bind(entry.name())
        .bind(cents)
        .bind(payment.method.name())
        .bind(at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Asks for all that is left of a payment.
pub(crate) async fn request_refund(
    conn: &mut PgConnection,
    payment: &Payment,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into refund (payment_id, reason, cents, requested_at, next_try_at) values ($1, $2, $3, $4, $4)",
    )
    .bind(payment.id)
    .bind(reason)
    .bind(payment.left())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct RefundRow {
    payment_id: Uuid,
    part: Option<Uuid>,
    provider_ref: String,
    cents: i64,
}

const REFUND: &str = "select r.payment_id, r.part, p.provider_ref, r.cents
     from (select payment_id, null::uuid as part, cents, next_try_at from refund
           union all select payment_id, refund_id, cents, next_try_at from part_refund) r
     join payment p on p.id = r.payment_id
     where r.next_try_at <= $1 and ($2::uuid is null or r.payment_id = $2) order by r.next_try_at limit $3";

/// Refunds that the provider is to be asked for now, whole ones and parts: all, or those of one payment.
pub(crate) async fn refunds_to_try(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    only: Option<Uuid>,
    most: i64,
) -> Result<Vec<Refund>, Error> {
    let rows: Vec<RefundRow> = sqlx::query_as(REFUND).bind(now).bind(only).bind(most).fetch_all(conn).await?;
    Ok(rows
        .into_iter()
        .map(|row| Refund {
            payment: row.payment_id,
            part: row.part,
            provider_ref: row.provider_ref,
            cents: row.cents,
            // The lease says whether it was.
            repeated: false,
        })
        .collect())
}

/// What went back; none when it was done before.
pub(crate) async fn refund_done(
    conn: &mut PgConnection,
    payment: Uuid,
    provider_ref: &str,
    now: DateTime<Utc>,
) -> Result<Option<i64>, Error> {
    let done = sqlx::query_scalar(
        "update refund set next_try_at = null, done_at = $2, provider_ref = $3
         where payment_id = $1 and done_at is null and next_try_at is not null returning cents",
    )
    .bind(payment)
    .bind(now)
    .bind(provider_ref)
    .fetch_optional(conn)
    .await?;
    Ok(done)
}

/// Before the provider is asked: counts the attempt, and keeps everybody else from asking until `until`. Answers how many
/// there were with this one; none: it is not due any more. So an answer that is lost has been asked for all the same.
pub(crate) async fn lease_refund(
    conn: &mut PgConnection,
    refund: &Refund,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<u32>, Error> {
    let attempts: Option<i32> = sqlx::query_scalar(if refund.part.is_some() {
        "update part_refund set attempts = attempts + 1, next_try_at = $3
         where refund_id = $1 and next_try_at <= $2 returning attempts"
    } else {
        "update refund set attempts = attempts + 1, next_try_at = $3
         where payment_id = $1 and next_try_at <= $2 returning attempts"
    })
    .bind(refund.part.unwrap_or(refund.payment))
    .bind(now)
    .bind(until)
    .fetch_optional(conn)
    .await?;
    Ok(attempts.map(i32::unsigned_abs))
}

/// How often the provider was asked for a refund.
pub(crate) async fn refund_attempts(conn: &mut PgConnection, payment: Uuid) -> Result<u32, Error> {
    let attempts: Option<i32> = sqlx::query_scalar("select attempts from refund where payment_id = $1")
        .bind(payment)
        .fetch_optional(conn)
        .await?;
    Ok(attempts.unwrap_or(0).unsigned_abs())
}

/// The provider is not asked any more; answers what it did not give back, none when that was so before.
pub(crate) async fn refund_over(conn: &mut PgConnection, payment: Uuid) -> Result<Option<i64>, Error> {
    let cents = sqlx::query_scalar(
        "update refund set next_try_at = null
         where payment_id = $1 and done_at is null and next_try_at is not null returning cents",
    )
    .bind(payment)
    .fetch_optional(conn)
    .await?;
    Ok(cents)
}

pub(crate) async fn refund_again(
    conn: &mut PgConnection,
    payment: Uuid,
    pause: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("update refund set next_try_at = $2 where payment_id = $1 and done_at is null")
        .bind(payment)
        .bind(now + pause)
        .execute(conn)
        .await?;
    Ok(())
}
