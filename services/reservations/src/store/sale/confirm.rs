//! Selling many parties' held places in one statement. Decides nothing.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{Booking, Need, Ticket},
    error::Error,
};

/// A booking whose held places are sold, and its tickets.
#[derive(Clone, Debug)]
pub(crate) struct Sold {
    pub(crate) booking: Booking,
    pub(crate) tickets: Vec<Ticket>,
}

/// A held place that is sold was nobody else's before: the sale's version stays.
const SELL: &str = "with confirmed as (
        update booking b set state = 'confirmed', reference = n.reference
        from unnest($1::uuid[], $2::text[]) n (visit, reference)
        where b.visit_id = n.visit and b.visit_id = any($1) and b.state = 'held' returning 1),
    issued as (
        insert into ticket (id, visit_id, showing_id, seat, tariff_class, need, live)
        select id, visit, showing, seat, class, need, true
        from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[])
            t (id, visit, showing, seat, class, need)),
    claimed as (
        update seat_claim c set expires_at = null
        from unnest($4::uuid[], $5::uuid[], $6::text[]) p (visit, showing, seat)
        where c.showing_id = p.showing and c.seat = p.seat and c.visit_id = p.visit and c.expires_at is not null
            and c.showing_id = any($5) and c.seat = any($6)
        returning 1),
    raised as (update showing set revision = revision + 1 where id = any($5))
    select (select count(*) from confirmed), (select count(*) from claimed)";

/// Sells the places of bookings that hold them. Their showings and they themselves must be locked.
///
/// # Errors
/// [`Error::Raced`] when anything is not as it was read: then nothing may be kept, and it is looked at anew. Somebody whose
/// clock is ahead may have taken over places whose time was not yet over here.
pub(crate) async fn sell(conn: &mut PgConnection, sold: &[&Sold]) -> Result<(), Error> {
    let tickets = || sold.iter().flat_map(|sold| sold.tickets.iter().map(move |ticket| (&sold.booking, ticket)));
    let (confirmed, claimed): (i64, i64) = sqlx::query_as(SELL)
        .bind(sold.iter().map(|sold| sold.booking.visit).collect::<Vec<Uuid>>())
        .bind(sold.iter().map(|sold| sold.booking.reference.as_str()).collect::<Vec<_>>())
        .bind(tickets().map(|(_, ticket)| ticket.id).collect::<Vec<_>>())
        .bind(tickets().map(|(booking, _)| booking.visit).collect::<Vec<_>>())
        .bind(tickets().map(|(booking, _)| booking.showing).collect::<Vec<_>>())
        .bind(tickets().map(|(_, ticket)| ticket.seat.as_str()).collect::<Vec<_>>())
        .bind(tickets().map(|(_, ticket)| ticket.class.as_str()).collect::<Vec<_>>())
        .bind(tickets().map(|(_, ticket)| ticket.need.map(Need::name)).collect::<Vec<_>>())
        .fetch_one(conn)
        .await?;
    if confirmed == sold.len() as i64 && claimed == tickets().count() as i64 { Ok(()) } else { Err(Error::Raced) }
}
