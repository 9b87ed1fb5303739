//! Parties and the door's copy of their tickets.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::{Wanted, calls::leave_group, scans::of_reference};
use crate::{
    domain::scan::{DoorTicket, Party},
    error::Error,
};

type PartyRow = (Uuid, Uuid, String, bool);

/// A ticket, as a row and as JSON.
#[derive(FromRow, Deserialize)]
pub(super) struct TicketRow {
    ticket_id: Uuid,
    seat: String,
    assistance: bool,
    live: bool,
    admitted_at: Option<DateTime<Utc>>,
    lane: Option<String>,
    out_since: Option<DateTime<Utc>>,
}

impl TicketRow {
    pub(super) fn read(self) -> DoorTicket {
        DoorTicket {
            id: self.ticket_id,
            seat: self.seat,
            assistance: self.assistance,
            live: self.live,
            admitted: self.admitted_at.zip(self.lane),
            out: self.out_since,
        }
    }
}

async fn with_tickets(conn: &mut PgConnection, row: Option<PartyRow>) -> Result<Option<Party>, Error> {
    let Some((visit, showing, reference, cancelled)) = row else {
        return Ok(None);
    };
    let rows: Vec<TicketRow> = sqlx::query_as(
        "select ticket_id, seat, assistance, live, admitted_at, lane, out_since from door_ticket where visit_id = $1
         order by length(seat), seat, ticket_id",
    )
    .bind(visit)
    .fetch_all(conn)
    .await?;
    let tickets = rows.into_iter().map(TicketRow::read).collect();
    Ok(Some(Party { visit, showing, reference, cancelled, tickets }))
}

pub(crate) async fn party(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Party>, Error> {
    let row = sqlx::query_as("select visit_id, showing_id, reference, cancelled from party where visit_id = $1")
        .bind(visit)
        .fetch_optional(&mut *conn)
        .await?;
    with_tickets(conn, row).await
}

/// The party whose code it is; of several with one reference the one of this showing, else of those that come the one of
/// around now.
///
/// # Errors
/// Nothing says which of several it is, or the database's error.
pub(crate) async fn party_wanted(
    conn: &mut PgConnection,
    wanted: Wanted<'_>,
    showing: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Option<Party>, Error> {
    if let Some(reference) = wanted.reference {
        return party_of_reference(conn, reference, showing, now).await;
    }
    let row = sqlx::query_as(
        "select visit_id, showing_id, reference, cancelled from party where visit_id = $1
         union all
         select p.visit_id, p.showing_id, p.reference, p.cancelled
         from door_ticket t join party p on p.visit_id = t.visit_id where t.ticket_id = $2",
    )
    .bind(wanted.visit)
    .bind(wanted.ticket)
    .fetch_optional(&mut *conn)
    .await?;
    with_tickets(conn, row).await
}

/// The parties of a showing that are not cancelled, with their live tickets, by id.
pub(crate) async fn parties_of(conn: &mut PgConnection, showing: Uuid) -> Result<Vec<Party>, Error> {
    type Row = (Uuid, String, Json<Vec<TicketRow>>);
    let rows: Vec<Row> = sqlx::query_as(
        "select p.visit_id, p.reference, json_agg(t order by length(t.seat), t.seat, t.ticket_id)
         from party p join door_ticket t on t.visit_id = p.visit_id
         where p.showing_id = $1 and not p.cancelled and t.live
         group by p.visit_id, p.reference order by p.visit_id",
    )
    .bind(showing)
    .fetch_all(conn)
    .await?;
    let read = |(visit, reference, tickets): Row| Party {
        visit,
        showing,
        reference,
        cancelled: false,
        tickets: tickets.0.into_iter().map(TicketRow::read).collect(),
    };
    Ok(rows.into_iter().map(read).collect())
}

async fn party_of_reference(
    conn: &mut PgConnection,
    reference: &str,
    showing: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Option<Party>, Error> {
    let rows: Vec<PartyRow> = sqlx::query_as(of_reference!("$1", "$2", "$3"))
        .bind(reference)
        .bind(showing)
        .bind(now)
        .fetch_all(&mut *conn)
        .await?;
    if rows.len() > 1 {
        return Err(Error::TwoParties);
    }
    with_tickets(conn, rows.into_iter().next()).await
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

/// The new showing of a party and the places of its tickets there. It is called there, and not with its former group.
pub(crate) async fn move_party(
    conn: &mut PgConnection,
    visit: Uuid,
    to: Uuid,
    tickets: &[DoorTicket],
) -> Result<(), Error> {
    sqlx::query("update party set showing_id = $2 where visit_id = $1")
        .bind(visit)
        .bind(to)
        .execute(&mut *conn)
        .await?;
    leave_group(conn, visit, Some(to)).await?;
    sqlx::query(
        "update door_ticket t set showing_id = $2, seat = n.seat, assistance = n.assistance
         from unnest($3::uuid[], $4::text[], $5::boolean[]) n (id, seat, assistance)
         where t.ticket_id = n.id and t.visit_id = $1 and t.admitted_at is null",
    )
    .bind(visit)
    .bind(to)
    .bind(tickets.iter().map(|ticket| ticket.id).collect::<Vec<_>>())
    .bind(tickets.iter().map(|ticket| ticket.seat.as_str()).collect::<Vec<_>>())
    .bind(tickets.iter().map(|ticket| ticket.assistance).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a party as cancelled, known or not. Nobody calls it.
pub(crate) async fn void_party(conn: &mut PgConnection, visit: Uuid, showing: Uuid) -> Result<(), Error> {
    sqlx::query(
        "insert into party (visit_id, showing_id, reference, cancelled) values ($1, $2, '', true)
         on conflict (visit_id) do update set cancelled = true",
    )
    .bind(visit)
    .bind(showing)
    .execute(&mut *conn)
    .await?;
    leave_group(conn, visit, None).await?;
    sqlx::query("update door_ticket set live = false where visit_id = $1 and live").bind(visit).execute(conn).await?;
    Ok(())
}

/// Writes who is in and who is out, as the log says.
pub(crate) async fn save_standing(conn: &mut PgConnection, tickets: &[DoorTicket]) -> Result<(), Error> {
    let ids: Vec<Uuid> = tickets.iter().map(|ticket| ticket.id).collect();
    let at: Vec<Option<DateTime<Utc>>> =
        tickets.iter().map(|ticket| ticket.admitted.as_ref().map(|(at, _)| *at)).collect();
    let lanes: Vec<Option<&str>> =
        tickets.iter().map(|ticket| ticket.admitted.as_ref().map(|(_, lane)| lane.as_str())).collect();
    let out: Vec<Option<DateTime<Utc>>> = tickets.iter().map(|ticket| ticket.out).collect();
    sqlx::query(
        "update door_ticket t set admitted_at = n.at, lane = n.lane, out_since = n.out
         from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::timestamptz[]) n (id, at, lane, out)
         where t.ticket_id = n.id",
    )
    .bind(ids)
    .bind(at)
    .bind(lanes)
    .bind(out)
    .execute(conn)
    .await?;
    Ok(())
}
