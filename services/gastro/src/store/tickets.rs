//! Tickets of the stations, and the screens that show them. Devices are judged by the machine's clock.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    domain::{
        OrderState,
        kitchen::{Print, Ticket},
    },
    error::Error,
};

#[derive(FromRow)]
struct Row {
    ticket_id: Uuid,
    order_id: Uuid,
    station_id: String,
    work: String,
    print: String,
    attempts: i32,
    problem: String,
    may_be_out: bool,
    #[sqlx(default)]
    replaces: bool,
}

impl Row {
    fn read(self) -> Result<Ticket, Error> {
        Ok(Ticket {
            id: self.ticket_id,
            order: self.order_id,
            station: self.station_id,
            work: OrderState::named(&self.work).ok_or_else(|| Error::Stored(format!("work {}", self.work)))?,
            print: Print::named(&self.print).ok_or_else(|| Error::Stored(format!("print {}", self.print)))?,
            attempts: self.attempts.unsigned_abs(),
            problem: self.problem,
            may_be_out: self.may_be_out,
            replaces: self.replaces,
        })
    }
}

/// A ticket that is about to be made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) id: Uuid,
    pub(crate) order: Uuid,
    pub(crate) station: String,
    pub(crate) round: u32,
}

/// Makes tickets; one that is there stays as it is. What no screen shows is to be printed.
pub(crate) async fn make(
    conn: &mut PgConnection,
    tickets: &[Made],
    wall_now: DateTime<Utc>,
    seen_since: DateTime<Utc>,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = tickets.iter().map(|it| it.id).collect();
    let orders: Vec<Uuid> = tickets.iter().map(|it| it.order).collect();
    let stations: Vec<&str> = tickets.iter().map(|it| it.station.as_str()).collect();
    let rounds: Vec<i32> = tickets.iter().map(|it| it.round.cast_signed()).collect();
    sqlx::query(
        "insert into ticket (ticket_id, order_id, station_id, round, print, next_try_at)
         select n.id, n.order_id, n.station, n.round,
             case when exists (select from screen s where s.seen_at > $6
                 and (s.station_id is null or s.station_id = n.station)) then 'on_screen' else 'unsent' end, $5
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[]) as n (id, order_id, station, round)
         on conflict do nothing",
    )
    .bind(ids)
    .bind(orders)
    .bind(stations)
    .bind(rounds)
    .bind(wall_now)
    .bind(seen_since)
    .execute(conn)
    .await?;
    Ok(())
}

/// The ticket of each station that has something to make, by order.
pub(crate) async fn of_orders(conn: &mut PgConnection, orders: &[Uuid]) -> Result<HashMap<Uuid, Vec<Ticket>>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select ticket_id, order_id, station_id, work, print, attempts, problem, may_be_out
         from ticket where order_id = any ($1) and not ended order by order_id, station_id",
    )
    .bind(orders)
    .fetch_all(conn)
    .await?;
    let mut tickets: HashMap<Uuid, Vec<Ticket>> = HashMap::new();
    for row in rows {
        tickets.entry(row.order_id).or_default().push(row.read()?);
    }
    Ok(tickets)
}

/// Whether a part of an order may be on paper.
pub(crate) async fn is_on_paper(conn: &mut PgConnection, order: Uuid) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select from ticket where order_id = $1 and may_be_out)")
        .bind(order)
        .fetch_one(conn)
        .await?)
}

pub(crate) async fn ticket(conn: &mut PgConnection, id: Uuid) -> Result<Option<Ticket>, Error> {
    sqlx::query_as::<_, Row>("select * from ticket where ticket_id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?
        .map(Row::read)
        .transpose()
}

/// The next round of a station's ticket.
pub(crate) async fn next_round(conn: &mut PgConnection, order: Uuid, station: &str) -> Result<u32, Error> {
    let round: Option<i32> =
        sqlx::query_scalar("select max(round) + 1 from ticket where order_id = $1 and station_id = $2")
            .bind(order)
            .bind(station)
            .fetch_one(conn)
            .await?;
    Ok(round.unwrap_or_default().unsigned_abs())
}

/// A station's tickets of an order have ended: another one takes their place, or nothing is left to make there.
pub(crate) async fn end(conn: &mut PgConnection, order: Uuid, station: &str) -> Result<(), Error> {
    sqlx::query("update ticket set ended = true where order_id = $1 and station_id = $2")
        .bind(order)
        .bind(station)
        .execute(conn)
        .await?;
    Ok(())
}

/// Moves the work of an order's tickets: of one station, or of all.
pub(crate) async fn set_work(
    conn: &mut PgConnection,
    order: Uuid,
    station: Option<&str>,
    work: OrderState,
) -> Result<(), Error> {
    sqlx::query("update ticket set work = $3 where order_id = $1 and ($2::text is null or station_id = $2)")
        .bind(order)
        .bind(station)
        .bind(work.name())
        .execute(conn)
        .await?;
    Ok(())
}

/// Unsent tickets of orders that are being made, oldest first.
pub(crate) async fn unsent(conn: &mut PgConnection) -> Result<Vec<Ticket>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select t.* from ticket t join meal_order o using (order_id)
         where t.print = 'unsent' and not t.ended and (t.asked or (t.work <> 'ready' and o.state in ('fired', 'preparing')))
         order by o.fire_at, t.ticket_id limit 200",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// The unsent ticket that the printer is to try next.
pub(crate) async fn next_to_print(conn: &mut PgConnection, wall_now: DateTime<Utc>) -> Result<Option<Ticket>, Error> {
    sqlx::query_as::<_, Row>(
        "select t.*, exists (select from ticket e where e.order_id = t.order_id and e.station_id = t.station_id
                     and e.round < t.round and e.may_be_out) as replaces
         from ticket t join meal_order o using (order_id)
         where t.print = 'unsent' and not t.ended and t.next_try_at <= $1
             and (t.asked or (t.work <> 'ready' and o.state in ('fired', 'preparing')))
         order by t.next_try_at, o.fire_at, t.ticket_id limit 1",
    )
    .bind(wall_now)
    .fetch_optional(conn)
    .await?
    .map(Row::read)
    .transpose()
}

/// The printer is about to be sent a ticket: from now on it may be on paper. False: it is not to be printed any more.
pub(crate) async fn sending(conn: &mut PgConnection, id: Uuid) -> Result<bool, Error> {
    let done = sqlx::query(
        "update ticket t set may_be_out = true from meal_order o
         where t.ticket_id = $1 and o.order_id = t.order_id and t.print = 'unsent' and not t.ended
             and (t.asked or (t.work <> 'ready' and o.state in ('fired', 'preparing')))",
    )
    .bind(id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn printed(conn: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    sqlx::query(
        "update ticket set print = 'printed', asked = false, attempts = attempts + 1, problem = '' where ticket_id = $1",
    )
    .bind(id)
    .execute(conn)
    .await?;
    Ok(())
}

/// The printer has not taken it, or has not said so: later again.
pub(crate) async fn not_printed(
    conn: &mut PgConnection,
    id: Uuid,
    problem: &str,
    again_at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("update ticket set attempts = attempts + 1, problem = $2, next_try_at = $3 where ticket_id = $1")
        .bind(id)
        .bind(problem)
        .bind(again_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Somebody wants it on paper now.
pub(crate) async fn print_now(conn: &mut PgConnection, id: Uuid, wall_now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "update ticket set print = 'unsent', asked = true, next_try_at = $2, problem = '' where ticket_id = $1",
    )
    .bind(id)
    .bind(wall_now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a ticket waits for a screen of a station, or of any.
pub(crate) async fn is_any_unsent(conn: &mut PgConnection, station: Option<&str>) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "select exists (select from ticket where print = 'unsent' and not asked and not ended
             and ($1::text is null or station_id = $1))",
    )
    .bind(station)
    .fetch_one(conn)
    .await?)
}

/// Whether a ticket is shown by no screen any more, and by no paper.
pub(crate) async fn is_any_left_alone(conn: &mut PgConnection, seen_since: DateTime<Utc>) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "select exists (select from ticket t join meal_order o using (order_id)
             where t.print = 'on_screen' and not t.ended and t.work <> 'ready' and o.state in ('fired', 'preparing')
                 and not exists (select from screen s where s.seen_at > $1
                     and (s.station_id is null or s.station_id = t.station_id)))",
    )
    .bind(seen_since)
    .fetch_one(conn)
    .await?)
}

/// A screen shows a station, or all of them. What nobody could read before is read there now.
pub(crate) async fn screen_seen(
    conn: &mut PgConnection,
    screen: &str,
    station: Option<&str>,
    wall_now: DateTime<Utc>,
) -> Result<u64, Error> {
    sqlx::query(
        "insert into screen (screen_id, station_id, seen_at) values ($1, $2, $3)
         on conflict (screen_id) do update set station_id = $2, seen_at = $3",
    )
    .bind(screen)
    .bind(station)
    .bind(wall_now)
    .execute(&mut *conn)
    .await?;
    let done = sqlx::query(
        "update ticket set print = 'on_screen', problem = ''
         where print = 'unsent' and not asked and not ended and ($1::text is null or station_id = $1)",
    )
    .bind(station)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Tickets that only a screen showed which is silent since then are to be printed. Screens that have been gone for
/// long are forgotten.
pub(crate) async fn leave_silent_screens(
    conn: &mut PgConnection,
    seen_since: DateTime<Utc>,
    wall_now: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "update ticket t set print = 'unsent', next_try_at = $2 from meal_order o
         where o.order_id = t.order_id and t.print = 'on_screen' and not t.ended and t.work <> 'ready'
             and o.state in ('fired', 'preparing')
             and not exists (select from screen s where s.seen_at > $1
                 and (s.station_id is null or s.station_id = t.station_id))",
    )
    .bind(seen_since)
    .bind(wall_now)
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() > 0 {
        sqlx::query("delete from screen where seen_at <= $1 - interval '1 day'").bind(seen_since).execute(conn).await?;
    }
    Ok(done.rows_affected())
}
