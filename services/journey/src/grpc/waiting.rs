//! The waiting list: joining it, and the turn that offers places which have come free. A call to reservations never happens
//! inside a transaction.

use chrono::{DateTime, Utc};
use futures::StreamExt;
use kernel::{
    Access, Caller, Db,
    ticket_code::reference,
    values::{self, invalid, timestamp},
};
use prost::Message;
use sha2::{Digest, Sha256};
use sky_proto::{
    journey::v1::{self as pb, waiting_list_server::WaitingList},
    reservations::v1::{AvailabilityReason, Channel, HoldSeatsRequest, Need, PartyLine, Showing},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    OWN, STEER, by, clock, load_visit, maker,
    requests::{self, part_key},
    sibling,
    siblings::{self, Siblings, is_past_the_pages},
};
use crate::{
    commands::waiting::{self as commands, Joining},
    domain::{self, State, Visit, waiting},
    error::Error,
    saga::By,
    store,
};

/// Who may call what.
pub(crate) const ACCESS: Access =
    Access { service: "sky.journey.v1.WaitingList", methods: &[("JoinWaitingList", OWN), ("ListWaiting", STEER)] };

/// So many showings are looked at together.
const AT_ONCE: usize = 4;
/// So many parties of a showing are looked at in one turn: those behind them wait for the next one.
const TURN: i64 = 100;

/// The server.
#[derive(Debug)]
pub(crate) struct WaitingListGrpc {
    db: Db,
    siblings: Siblings,
}

impl WaitingListGrpc {
    pub(crate) const fn new(db: Db, siblings: Siblings) -> Self {
        Self { db, siblings }
    }
}

/// Whether it is sold online, places left or not.
fn is_sold_online(showing: &Showing) -> bool {
    let reason = showing.availability.as_ref().map(sky_proto::reservations::v1::Availability::reason);
    matches!(
        reason,
        Some(
            AvailabilityReason::Free
                | AvailabilityReason::Few
                | AvailabilityReason::AllHeld
                | AvailabilityReason::SoldOut
        )
    )
}

#[tonic::async_trait]
impl WaitingList for WaitingListGrpc {
    async fn join_waiting_list(
        &self,
        request: Request<pb::JoinWaitingListRequest>,
    ) -> Result<Response<pb::Visit>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let showing = values::id("showing_id", &request.showing_id)?;
        let party = requests::party(&request.party)?;
        requests::language(&request.language)?;
        let is_limited = by(&caller) == By::Visitor;
        let contact = requests::contact(&request.contact.clone().unwrap_or_default(), by(&caller))?;
        if contact.name.is_empty() && contact.email.is_empty() {
            return Err(invalid("contact.name", "is missing; somebody must be told when there are places").into());
        }
        if is_past_the_pages(&caller) {
            self.siblings.no_line_before(showing).await?;
        }
        let told = self.siblings.reservations_showing(showing).await.map_err(|status| sibling(&status))?;
        if let Some(line) =
            party.iter().find(|it| !told.prices.iter().any(|price| price.tariff_class == it.tariff_class))
        {
            let problem = format!("has no price \"{}\" in this showing", line.tariff_class);
            return Err(invalid("party.tariff_class", problem).into());
        }
        if !is_sold_online(&told) {
            return Err(Error::NotWaitedFor.into());
        }
        let joining = Joining {
            maker: maker(&caller),
            key,
            request_hash: Sha256::digest(request.encode_to_vec()).to_vec(),
            showing: siblings::showing_of(showing, told)?,
            party,
            language: request.language,
            contact,
            is_limited,
        };
        let visit = self
            .db
            .transact(move |tx| {
                let joining = joining.clone();
                Box::pin(async move { commands::join(tx, &joining).await })
            })
            .await?;
        Ok(Response::new(load_visit(&self.db, visit.id).await?))
    }

    async fn list_waiting(
        &self,
        request: Request<pb::ListWaitingRequest>,
    ) -> Result<Response<pb::ListWaitingResponse>, Status> {
        let showing = values::id("showing_id", &request.into_inner().showing_id)?;
        let mut conn = self.db.reader().await.map_err(Error::from)?;
        let now = self.db.clock().now();
        let visits = store::waiting::or_held(&mut conn, showing).await?;
        let parties = visits.iter().filter(|visit| visit.at(now).is_on_waiting_list()).map(party).collect();
        Ok(Response::new(pb::ListWaitingResponse { parties }))
    }
}

fn party(visit: &Visit) -> pb::WaitingParty {
    pb::WaitingParty {
        visit_id: visit.id.to_string(),
        reference: reference(visit.id),
        contact_name: visit.contact.name.clone(),
        has_address: !visit.contact.email.is_empty(),
        people: visit.size(),
        since: Some(timestamp(visit.held_at)),
        offered_until: (visit.state == State::Held).then(|| timestamp(visit.hold_expires_at)),
    }
}

/// Offers what has come free. Where nobody waits it is a single statement.
pub(crate) async fn turn(db: &Db, siblings: &Siblings) -> Result<(), Error> {
    let showings = store::waiting::showings(&mut *db.reader().await?).await?;
    let mut work =
        futures::stream::iter(showings.into_iter().map(|id| of_showing(db, siblings, id))).buffer_unordered(AT_ONCE);
    while let Some(done) = work.next().await {
        if let Err(error) = done {
            tracing::warn!(%error, "nothing was offered to those who wait for a showing; it is tried again");
        }
    }
    Ok(())
}

async fn of_showing(db: &Db, siblings: &Siblings, id: Uuid) -> Result<(), Error> {
    let told = siblings.reservations_showing(id).await.map_err(|status| sibling(&status))?;
    let left = told.availability.clone().unwrap_or_default();
    if !is_sold_online(&told) || left.free_online == 0 && left.needs.iter().all(|need| need.free == 0) {
        return Ok(());
    }
    let Some(mut free) = clock::candidate(told) else { return Ok(()) };
    // What is kept for the door is not offered.
    free.free = left.free_online;
    let now = db.clock().now();
    let Some(until) = waiting::offered_until(now, free.starts_at) else { return Ok(()) };
    let waiting = store::waiting::of_showing(&mut *db.reader().await?, id, now, TURN).await?;
    let fitting = waiting::fitting(&waiting, &free);
    // Those who stand in a waiting room come first. Where nobody can say whether there is one, nobody stands in one.
    if fitting.is_empty() || matches!(siblings.no_line_before(id).await, Err(Error::HoldRefused(_))) {
        return Ok(());
    }
    for visit in fitting {
        offer(db, siblings, visit.id, until).await?;
    }
    Ok(())
}

/// Whoever gets none waits on, and what a failure may have left of them is let go of.
async fn offer(db: &Db, siblings: &Siblings, id: Uuid, until: DateTime<Utc>) -> Result<(), Error> {
    let Some(visit) = db.transact(move |tx| Box::pin(commands::ask(tx, id))).await? else { return Ok(()) };
    let is_offered = match siblings.hold_seats(wish(&visit, until)).await {
        Ok((seats, items)) => {
            db.transact(move |tx| {
                let (seats, items) = (seats.clone(), items.clone());
                Box::pin(async move { commands::offered(tx, id, until, seats, items).await })
            })
            .await?
        }
        Err(status) => {
            tracing::debug!(visit = %id, reason = status.message(), "no places after all for one who waits");
            false
        }
    };
    if !is_offered {
        siblings.release_seats(id).await;
    }
    Ok(())
}

/// What reservations is asked for. It holds the places a little longer than they may be ordered: what is ordered at the last
/// moment must be there until it is paid, or known not to be.
fn wish(visit: &Visit, until: DateTime<Utc>) -> HoldSeatsRequest {
    let line = |line: &domain::PartyLine| PartyLine {
        tariff_class: line.tariff_class.clone(),
        count: line.count,
        need: Need::from_str_name(&line.need).unwrap_or_default().into(),
    };
    HoldSeatsRequest {
        // Another one each time it is asked for.
        idempotency_key: part_key(visit.id, &format!("offer {}", visit.revision)),
        visit_id: visit.id.to_string(),
        showing_id: visit.showing.to_string(),
        party: visit.party.iter().map(line).collect(),
        expires_at: Some(timestamp(until + domain::PAY + domain::GIVE_UP + domain::KEEP)),
        seats: Vec::new(),
        channel: Channel::Online.into(),
        wish: None,
        offered: true,
    }
}
