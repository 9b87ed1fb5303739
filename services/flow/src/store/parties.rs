//! Parties and the door's copy of their tickets.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    domain::scan::{DoorTicket, Party},
    error::Error,
};

type PartyRow = (Uuid, Uuid, String, bool);

#[derive(FromRow)]
struct TicketRow {
    ticket_id: Uuid,
    seat: String,
    assistance: bool,
    live: bool,
    admitted_at: Option<DateTime<Utc>>,
    lane: Option<String>,
}

async fn with_tickets(conn: &mut PgConnection, row: Option<PartyRow>) -> Result<Option<Party>, Error> {
    let Some((visit, showing, reference, cancelled)) = row else {
        return Ok(None);
    };
    let rows: Vec<TicketRow> = sqlx::query_as(
        "select ticket_id, seat, assistance, live, admitted_at, lane from door_ticket where visit_id = $1
         order by length(seat), seat, ticket_id",
    )
    .bind(visit)
    .fetch_all(conn)
    .await?;
    let tickets = rows
        .into_iter()
        .map(|row| DoorTicket {
            id: row.ticket_id,
            seat: row.seat,
            assistance: row.assistance,
            live: row.live,
            admitted: row.admitted_at.zip(row.lane),
        })
        .collect();
    Ok(Some(Party { visit, showing, reference, cancelled, tickets }))
}

pub(crate) async fn party(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Party>, Error> {
    let row = sqlx::query_as("select visit_id, showing_id, reference, cancelled from party where visit_id = $1")
        .bind(visit)
        .fetch_optional(&mut *conn)
        .await?;
    with_tickets(conn, row).await
}

pub(crate) async fn party_of_ticket(conn: &mut PgConnection, ticket: Uuid) -> Result<Option<Party>, Error> {
    let row = sqlx::query_as(
        "select p.visit_id, p.showing_id, p.reference, p.cancelled
         from party p join door_ticket t on t.visit_id = p.visit_id where t.ticket_id = $1",
    )
    .bind(ticket)
    .fetch_optional(&mut *conn)
    .await?;
    with_tickets(conn, row).await
}

/// The party with this reference; of several (references are short) the one not cancelled.
pub(crate) async fn party_of_reference(conn: &mut PgConnection, reference: &str) -> Result<Option<Party>, Error> {
    let row = sqlx::query_as(
        "select visit_id, showing_id, reference, cancelled from party where reference = $1
         order by cancelled, visit_id desc limit 1",
    )
    .bind(reference)
    .fetch_optional(&mut *conn)
    .await?;
    with_tickets(conn, row).await
}

/// Adds parties and their tickets; those that are known (or were cancelled before) stay as they are.
pub(crate) async fn add_parties(conn: &mut PgConnection, parties: &[Party]) -> Result<(), Error> {
    let tickets = || parties.iter().flat_map(|party| party.tickets.iter().map(move |ticket| (party, ticket)));
    sqlx::query(
        "with added as (
             insert into party (visit_id, showing_id, reference, cancelled)
             select visit, showing, reference, false
             from unnest($1::uuid[], $2::uuid[], $3::text[]) p (visit, showing, reference)
             on conflict do nothing returning visit_id, showing_id)
         insert into door_ticket (ticket_id, visit_id, showing_id, seat, assistance, live)
         select t.id, added.visit_id, added.showing_id, t.seat, t.assistance, true
         from unnest($4::uuid[], $5::uuid[], $6::text[], $7::boolean[]) t (visit, id, seat, assistance)
         join added on added.visit_id = t.visit",
    )
    .bind(parties.iter().map(|party| party.visit).collect::<Vec<_>>())
    .bind(parties.iter().map(|party| party.showing).collect::<Vec<_>>())
    .bind(parties.iter().map(|party| party.reference.as_str()).collect::<Vec<_>>())
    .bind(tickets().map(|(party, _)| party.visit).collect::<Vec<_>>())
    .bind(tickets().map(|(_, ticket)| ticket.id).collect::<Vec<_>>())
    .bind(tickets().map(|(_, ticket)| ticket.seat.as_str()).collect::<Vec<_>>())
    .bind(tickets().map(|(_, ticket)| ticket.assistance).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// The new places of a party's tickets. Whose tickets are not known here is not moved: reservations tells
/// the booking before.
pub(crate) async fn reseat_party(conn: &mut PgConnection, visit: Uuid, tickets: &[DoorTicket]) -> Result<(), Error> {
    for ticket in tickets {
        sqlx::query("update door_ticket set seat = $3, assistance = $4 where ticket_id = $1 and visit_id = $2")
            .bind(ticket.id)
            .bind(visit)
            .bind(&ticket.seat)
            .bind(ticket.assistance)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Marks a party as cancelled, known or not.
pub(crate) async fn void_party(conn: &mut PgConnection, visit: Uuid, showing: Uuid) -> Result<(), Error> {
    sqlx::query(
        "insert into party (visit_id, showing_id, reference, cancelled) values ($1, $2, '', true)
         on conflict (visit_id) do update set cancelled = true",
    )
    .bind(visit)
    .bind(showing)
    .execute(&mut *conn)
    .await?;
    sqlx::query("update door_ticket set live = false where visit_id = $1 and live").bind(visit).execute(conn).await?;
    Ok(())
}

/// Admits tickets that are not in yet; answers how many those were.
pub(crate) async fn admit(
    conn: &mut PgConnection,
    tickets: &[Uuid],
    lane: &str,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "update door_ticket set admitted_at = $2, lane = $3 where ticket_id = any($1) and live and admitted_at is null",
    )
    .bind(tickets)
    .bind(now)
    .bind(lane)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
