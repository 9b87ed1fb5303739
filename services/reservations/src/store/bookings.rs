//! Bookings and tickets.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::stored;
use crate::{
    domain::{Booking, BookingState, Channel, HeldSeat, Item, Need, Ticket},
    error::Error,
};

#[derive(FromRow)]
struct BookingRow {
    visit_id: Uuid,
    showing_id: Uuid,
    state: String,
    channel: String,
    reference: String,
    seats: Json<Vec<HeldSeat>>,
    items: Json<Vec<Item>>,
    held_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl BookingRow {
    fn read(self) -> Result<Booking, Error> {
        Ok(Booking {
            visit: self.visit_id,
            showing: self.showing_id,
            state: stored(BookingState::named(&self.state), "booking state")?,
            channel: stored(Channel::named(&self.channel), "channel")?,
            reference: self.reference,
            seats: self.seats.0,
            items: self.items.0,
            held_at: self.held_at,
            expires_at: self.expires_at,
        })
    }
}

pub(crate) async fn booking(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Booking>, Error> {
    sqlx::query_as::<_, BookingRow>("select * from booking where visit_id = $1")
        .bind(visit)
        .fetch_optional(conn)
        .await?
        .map(BookingRow::read)
        .transpose()
}

/// Locks a booking. Its showing must be locked before, if it is to be changed at all.
pub(crate) async fn lock(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Booking>, Error> {
    sqlx::query_as::<_, BookingRow>("select * from booking where visit_id = $1 for update")
        .bind(visit)
        .fetch_optional(conn)
        .await?
        .map(BookingRow::read)
        .transpose()
}

/// Locks the bookings of visits, by their ids. Their showings must be locked before.
pub(crate) async fn lock_all(conn: &mut PgConnection, visits: &[Uuid]) -> Result<HashMap<Uuid, Booking>, Error> {
    let rows: Vec<BookingRow> =
        sqlx::query_as("select * from booking where visit_id = any($1) order by visit_id for update")
            .bind(visits)
            .fetch_all(conn)
            .await?;
    rows.into_iter().map(|row| Ok((row.visit_id, row.read()?))).collect()
}

pub(crate) async fn save(conn: &mut PgConnection, booking: &Booking) -> Result<(), Error> {
    sqlx::query(
        "insert into booking (visit_id, showing_id, state, channel, reference, seats, items, held_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (visit_id) do update set showing_id = $2, state = $3, channel = $4, reference = $5, seats = $6,
             items = $7, held_at = $8, expires_at = $9",
    )
    .bind(booking.visit)
    .bind(booking.showing)
    .bind(booking.state.name())
    .bind(booking.channel.name())
    .bind(&booking.reference)
    .bind(Json(&booking.seats))
    .bind(Json(&booking.items))
    .bind(booking.held_at)
    .bind(booking.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the holds on a showing that is cancelled.
pub(crate) async fn end_holds(conn: &mut PgConnection, showing: Uuid) -> Result<(), Error> {
    sqlx::query(
        "with gone as (delete from seat_claim where showing_id = $1 and expires_at is not null returning visit_id)
         update booking set state = 'expired' where visit_id in (select visit_id from gone) and state = 'held'",
    )
    .bind(showing)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct TicketRow {
    id: Uuid,
    seat: String,
    tariff_class: String,
    need: Option<String>,
}

impl TicketRow {
    fn read(self) -> Result<Ticket, Error> {
        let need = match self.need {
            Some(name) => Some(stored(Need::named(&name), "need")?),
            None => None,
        };
        Ok(Ticket { id: self.id, seat: self.seat, class: self.tariff_class, need })
    }
}

/// The tickets of a visit, live or not.
pub(crate) async fn tickets(conn: &mut PgConnection, visit: Uuid) -> Result<Vec<Ticket>, Error> {
    sqlx::query_as::<_, TicketRow>(
        "select id, seat, tariff_class, need from ticket where visit_id = $1 order by length(seat), seat, id",
    )
    .bind(visit)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TicketRow::read)
    .collect()
}

pub(crate) async fn add_tickets(conn: &mut PgConnection, booking: &Booking, tickets: &[Ticket]) -> Result<(), Error> {
    sqlx::query(
        "insert into ticket (id, visit_id, showing_id, seat, tariff_class, need, live)
         select id, $1, $2, seat, class, need, true
         from unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) t (id, seat, class, need)",
    )
    .bind(booking.visit)
    .bind(booking.showing)
    .bind(tickets.iter().map(|ticket| ticket.id).collect::<Vec<_>>())
    .bind(tickets.iter().map(|ticket| ticket.seat.as_str()).collect::<Vec<_>>())
    .bind(tickets.iter().map(|ticket| ticket.class.as_str()).collect::<Vec<_>>())
    .bind(tickets.iter().map(|ticket| ticket.need.map(Need::name)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// The tickets of a visit admit nobody any more.
pub(crate) async fn void_tickets(conn: &mut PgConnection, visit: Uuid) -> Result<(), Error> {
    sqlx::query("update ticket set live = false where visit_id = $1 and live").bind(visit).execute(conn).await?;
    Ok(())
}

/// Live tickets at other places of a showing. In two steps: a place that changes hands within a party is free in between.
pub(crate) async fn move_tickets(conn: &mut PgConnection, showing: Uuid, tickets: &[Ticket]) -> Result<(), Error> {
    let ids: Vec<Uuid> = tickets.iter().map(|ticket| ticket.id).collect();
    sqlx::query("update ticket set live = false where id = any($1)").bind(&ids).execute(&mut *conn).await?;
    sqlx::query(
        "update ticket t set showing_id = $3, seat = m.seat, live = true from unnest($1::uuid[], $2::text[]) m (id, seat)
         where t.id = m.id",
    )
    .bind(&ids)
    .bind(tickets.iter().map(|ticket| ticket.seat.as_str()).collect::<Vec<_>>())
    .bind(showing)
    .execute(conn)
    .await?;
    Ok(())
}
