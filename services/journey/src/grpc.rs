//! The gRPC face of journey: reads and checks what was sent, asks the siblings, calls commands,
//! answers. A call to a sibling never happens inside a transaction.

mod alternatives;
pub(crate) mod arrival;
pub(crate) mod clock;
mod contacts;
pub(crate) mod delay;
mod hold;
pub(crate) mod house;
mod missing;
mod notices;
pub(crate) mod rebooking;
mod requests;
pub(crate) mod siblings;
mod told;
pub(crate) mod waiting;

use std::{pin::Pin, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use futures::{Stream, StreamExt};
use kernel::{
    Access, Caller, Code, Db, Live, Role, Tasks, Who,
    combine::Unserved,
    error::is_busy,
    token,
    values::{self, Text, invalid},
};
use sha2::{Digest, Sha256};
use sky_proto::{
    journey::v1::{self as pb, VisitState, journey_server::Journey},
    reservations::v1 as reservations,
};
use sqlx::PgConnection;
use tonic::{Request, Response, Status};
use uuid::Uuid;

pub(crate) use self::{
    contacts::{CONTACTS_ACCESS, ContactsGrpc},
    notices::{NOTICES_ACCESS, NoticesGrpc},
};
use self::{siblings::Siblings, told::tell};
use crate::{
    commands::{self, Order, Taken},
    counters::Counters,
    domain::{self, Method, State, Visit, asker::Asker, limits::Limits},
    error::Error,
    saga::By,
    store,
};

const DESK: Who = Who::Staff(Role::Desk);
const OPERATOR: Who = Who::Staff(Role::Operator);
/// Visitors for their own visit: each method looks whose it is.
const OWN: &[Who] = &[Who::Visitor, DESK, OPERATOR];
const SEE: &[Who] = &[Who::Visitor, DESK, OPERATOR, Who::Service("portal"), Who::Service("sky")];
const STEER: &[Who] = &[DESK, OPERATOR];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.journey.v1.Journey",
    methods: &[
        ("HoldVisit", OWN),
        ("ExtendVisit", OWN),
        ("ConfirmVisit", OWN),
        ("CancelVisit", OWN),
        ("GetVisit", SEE),
        ("WatchVisit", SEE),
        ("IssueLink", &[Who::Visitor, DESK, Who::Service("portal")]),
        ("ExchangeLink", &[Who::Visitor, Who::Service("portal")]),
        ("ListMissing", STEER),
        ("PreviewDelay", STEER),
        ("DelayShowing", STEER),
        ("CancelShowing", STEER),
    ],
};

/// How long `ConfirmVisit` waits for the visitor to see the result at once.
const AT_ONCE: Duration = Duration::from_secs(2);

/// The server.
#[derive(Debug)]
pub(crate) struct JourneyGrpc {
    db: Db,
    tasks: Tasks,
    siblings: Siblings,
    counters: Counters,
    visits: Live<pb::Visit>,
    limits: Limits,
}

impl JourneyGrpc {
    pub(crate) const fn new(
        db: Db,
        tasks: Tasks,
        siblings: Siblings,
        counters: Counters,
        visits: Live<pb::Visit>,
        limits: Limits,
    ) -> Self {
        Self { db, tasks, siblings, counters, visits, limits }
    }
}

/// A visit as it is now.
async fn load_visit(db: &Db, id: Uuid) -> Result<pb::Visit, Error> {
    let (.., visit) = load_visits(db, &[id.to_string()]).await?.pop().ok_or(Error::NoVisit)?;
    Ok(visit)
}

/// Visits with their revisions, for the live streams.
pub(crate) async fn load_visits(db: &Db, ids: &[String]) -> Result<Vec<(String, u64, pb::Visit)>, Error> {
    let ids = ids.iter().map(|id| values::id("visit_id", id)).collect::<Result<Vec<Uuid>, _>>()?;
    let mut conn = db.reader().await?;
    let visits = store::many::visits(&mut conn, &ids).await?;
    let told = tell(&mut conn, &visits, db.clock().now()).await?;
    let name = |visit: &Visit| (visit.id.to_string(), visit.revision.unsigned_abs());
    Ok(visits.iter().map(name).zip(told).map(|((id, revision), told)| (id, revision, told)).collect())
}

/// Who makes a visit, as it is kept: of a visitor's session only a hash.
fn maker(caller: &Caller) -> String {
    match caller {
        Caller::Visitor { session, .. } => {
            domain::VISITOR.to_owned() + &BASE64URL_NOPAD.encode(&Sha256::digest(session.as_bytes()))
        }
        Caller::Staff { .. } => format!("staff:{}", caller.for_the_record()),
        Caller::Nobody | Caller::Device { .. } | Caller::Service(_) => format!("other:{}", caller.for_the_record()),
    }
}

fn asker(caller: &Caller) -> Asker {
    match caller {
        Caller::Visitor { visit, .. } => Asker::Visitor { maker: maker(caller), opened: *visit },
        Caller::Nobody | Caller::Staff { .. } | Caller::Device { .. } | Caller::Service(_) => Asker::House,
    }
}

const fn by(caller: &Caller) -> By {
    match caller {
        Caller::Visitor { .. } => By::Visitor,
        Caller::Nobody | Caller::Staff { .. } | Caller::Device { .. } | Caller::Service(_) => By::Desk,
    }
}

/// Another service's answer as our error: its code and, for refusals, its words and their name.
fn sibling(status: &Status) -> Error {
    if is_busy(status) {
        return Unserved::Busy.into();
    }
    let reason = status.metadata().get(kernel::error::REASON).and_then(|name| name.to_str().ok()).unwrap_or_default();
    Error::Part {
        code: Code::from_grpc(status.code()),
        message: status.message().to_owned(),
        reason: reason.to_owned(),
    }
}

/// The visit, if this caller may know of it.
async fn own(conn: &mut PgConnection, caller: &Caller, id: Uuid) -> Result<Visit, Error> {
    Ok(asker(caller).sees(id, store::visit(conn, id).await?)?)
}

/// The same, where nothing else is read with it.
async fn own_visit(db: &Db, caller: &Caller, id: Uuid) -> Result<Visit, Error> {
    own(&mut *db.reader().await?, caller, id).await
}

impl JourneyGrpc {
    async fn answer(&self, visit: Uuid) -> Result<Response<pb::Visit>, Status> {
        Ok(Response::new(load_visit(&self.db, visit).await?))
    }

    /// Starts the payment of an ordered visit. What payments refuses puts the visit back to held.
    async fn pay(&self, visit: &Visit, method: Method, return_url: String) -> Result<(), Error> {
        let id = visit.id;
        match self.siblings.create_payment(visit, method, return_url).await {
            // Paid or promised: payments' event says so.
            Ok(_) if method != Method::Online => Ok(()),
            Ok((payment, url)) => self.counters.taken.run(Taken { visit: id, payment, url }).await,
            Err(status) => {
                let error = sibling(&status);
                if let Error::Part { code: Code::InvalidArgument | Code::FailedPrecondition, .. } = &error {
                    self.db.transact(move |tx| Box::pin(commands::take_back_order(tx, id))).await?;
                }
                Err(error)
            }
        }
    }

    /// Waits a little until one of its changes says that the visit is confirmed or off; then, or else, answers it as
    /// it is.
    async fn settled(
        &self,
        id: Uuid,
        mut changes: impl Stream<Item = Result<pb::Visit, Status>> + Unpin,
    ) -> Result<Response<pb::Visit>, Status> {
        let under_way =
            |visit: &pb::Visit| matches!(visit.state(), VisitState::AwaitingPayment | VisitState::Confirming);
        let wait = async {
            while let Some(Ok(visit)) = changes.next().await {
                if !under_way(&visit) {
                    return Some(visit);
                }
            }
            None
        };
        match tokio::time::timeout(AT_ONCE, wait).await {
            Ok(Some(visit)) => Ok(Response::new(visit)),
            Ok(None) | Err(_) => self.answer(id).await,
        }
    }
}

#[tonic::async_trait]
impl Journey for JourneyGrpc {
    type WatchVisitStream = Pin<Box<dyn Stream<Item = Result<pb::Visit, Status>> + Send>>;

    async fn hold_visit(&self, request: Request<pb::HoldVisitRequest>) -> Result<Response<pb::Visit>, Status> {
        let caller = Caller::of(&request);
        let limits = (by(&caller) == By::Visitor).then_some(self.limits);
        let is_behind = hold::may_be_behind_a_line(&request);
        let wanted = requests::hold(request.into_inner(), &caller, maker(&caller), limits)?;
        hold::not_past_a_line(&self.db, &self.siblings, is_behind, &wanted.wish).await?;
        // In a task of its own: a visitor who goes away must not leave a half-held visit behind.
        let (db, siblings, counters) = (self.db.clone(), self.siblings.clone(), self.counters.clone());
        let held = self.tasks.spawn(async move { hold::hold(&db, &siblings, &counters, wanted).await }).await;
        Ok(Response::new(held.map_err(|_| Status::unavailable("The service is stopping. Please try again."))??))
    }

    async fn extend_visit(&self, request: Request<pb::ExtendVisitRequest>) -> Result<Response<pb::Visit>, Status> {
        let caller = Caller::of(&request);
        let id = values::id("visit_id", &request.into_inner().visit_id)?;
        own_visit(&self.db, &caller, id).await?;
        let (visit, until) = self.db.transact(move |tx| Box::pin(commands::holds::extension(tx, id))).await?;
        self.siblings.extend(&visit, until).await.map_err(|status| sibling(&status))?;
        self.db.transact(move |tx| Box::pin(commands::holds::extend(tx, id, until))).await?;
        self.answer(id).await
    }

    async fn confirm_visit(&self, request: Request<pb::ConfirmVisitRequest>) -> Result<Response<pb::Visit>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let id = values::id("visit_id", &request.visit_id)?;
        let method = requests::method(request.method)?;
        let contact = request.contact.map(|contact| requests::contact(&contact, by(&caller))).transpose()?;
        let return_url = values::text("return_url", &request.return_url, 2000)?;
        if method == Method::Online && return_url.is_empty() {
            return Err(invalid("return_url", "is missing; the visitor must come back from paying").into());
        }
        let order = Order { visit: id, asker: asker(&caller), method, contact, limits: self.limits };
        // From here on, so that no change is missed.
        let changes = Box::pin(self.visits.follow(&id.to_string()));
        let visit = self.counters.order.run(order).await?;
        if visit.state == State::AwaitingPayment {
            if method == Method::Online
                && let Some(pay_until) = visit.payment_expires_at
            {
                // However long it was chosen. Paid later still, the services take their parts again if they can.
                if let Err(status) = self.siblings.extend(&visit, pay_until + domain::KEEP).await {
                    tracing::warn!(visit = %id, reason = status.message(), "not held longer for the payment");
                }
            }
            self.pay(&visit, method, return_url).await?;
            if method == Method::Online {
                return self.answer(id).await;
            }
        }
        if matches!(visit.state, State::AwaitingPayment | State::Confirming) {
            self.settled(id, changes).await
        } else {
            self.answer(id).await
        }
    }

    /// The reason is asked for so that people think about it, and not kept: it may name somebody.
    async fn cancel_visit(&self, request: Request<pb::CancelVisitRequest>) -> Result<Response<pb::Visit>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let id = values::id("visit_id", &request.visit_id)?;
        values::text("reason", &request.reason, 200)?;
        own_visit(&self.db, &caller, id).await?;
        let by = by(&caller);
        let said = match by {
            By::Visitor => Text::new("Sie haben Ihren Besuch storniert.", "You have cancelled your visit.")
                .plainly("Sie haben Ihren Besuch abgesagt."),
            By::Desk => Text::new("Der Besuch wurde an der Kasse storniert.", "The desk has cancelled the visit.")
                .plainly("Die Kasse hat den Besuch abgesagt."),
        };
        let visit = self.db.transact(move |tx| Box::pin(commands::cancel(tx, id, by, said))).await?;
        if visit.state == State::Expired {
            // Held and never ordered: free again at once.
            self.siblings.release(id).await;
        }
        self.answer(id).await
    }

    async fn get_visit(&self, request: Request<pb::GetVisitRequest>) -> Result<Response<pb::Visit>, Status> {
        let caller = Caller::of(&request);
        let id = values::id("visit_id", &request.into_inner().visit_id)?;
        let mut conn = self.db.reader().await.map_err(Error::from)?;
        let own = own(&mut conn, &caller, id).await?;
        let told = tell(&mut conn, std::slice::from_ref(&own), self.db.clock().now()).await?;
        let mut told = told.into_iter().next().ok_or(Error::NoVisit)?;
        if matches!(&caller, Caller::Staff { roles, .. } if roles.contains(&Role::Desk)) {
            told.contact_name = own.contact.name;
        }
        Ok(Response::new(told))
    }

    async fn watch_visit(
        &self,
        request: Request<pb::WatchVisitRequest>,
    ) -> Result<Response<Self::WatchVisitStream>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let id = values::id("visit_id", &request.visit_id)?;
        own_visit(&self.db, &caller, id).await?;
        let stream = self.visits.watch(&id.to_string(), request.after_revision).await?;
        Ok(Response::new(Box::pin(stream)))
    }

    async fn issue_link(
        &self,
        request: Request<pb::IssueLinkRequest>,
    ) -> Result<Response<pb::IssueLinkResponse>, Status> {
        let caller = Caller::of(&request);
        let id = values::id("visit_id", &request.into_inner().visit_id)?;
        own_visit(&self.db, &caller, id).await?;
        let secret = token::new();
        let hash = token::hash(&secret);
        self.db.transact(move |tx| Box::pin(async move { commands::add_link(tx, id, &hash).await })).await?;
        Ok(Response::new(pb::IssueLinkResponse { secret }))
    }

    async fn exchange_link(
        &self,
        request: Request<pb::ExchangeLinkRequest>,
    ) -> Result<Response<pb::ExchangeLinkResponse>, Status> {
        let secret = request.into_inner().secret;
        if secret.is_empty() || secret.len() > 100 {
            return Err(invalid("secret", "is missing or is none of ours").into());
        }
        let visit = self.visit_of_link(&token::hash(&secret)).await?;
        Ok(Response::new(pb::ExchangeLinkResponse { visit_id: visit.to_string() }))
    }

    async fn list_missing(
        &self,
        request: Request<pb::ListMissingRequest>,
    ) -> Result<Response<pb::ListMissingResponse>, Status> {
        let showing = values::id("showing_id", &request.into_inner().showing_id)?;
        Ok(Response::new(self.missing_list(showing).await?))
    }

    async fn preview_delay(
        &self,
        request: Request<pb::PreviewDelayRequest>,
    ) -> Result<Response<pb::PreviewDelayResponse>, Status> {
        Ok(Response::new(self.preview(&request.into_inner()).await?))
    }

    async fn delay_showing(
        &self,
        request: Request<pb::DelayShowingRequest>,
    ) -> Result<Response<pb::DelayShowingResponse>, Status> {
        let request = request.into_inner();
        if request.shift_following {
            return self.delay_with_following(request).await;
        }
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let showing = values::id("showing_id", &request.showing_id)?;
        let told = reservations::DelayShowingRequest {
            idempotency_key: request.idempotency_key.clone(),
            showing_id: request.showing_id.clone(),
            minutes: request.minutes,
            reason: request.reason.clone(),
            expected_starts_at: request.expected_starts_at,
        };
        let (first, visits_affected) = self.first_answer("DelayShowing", key, request.clone(), showing).await?;
        if let Some(first) = first {
            return Ok(Response::new(first));
        }
        self.must_be_ahead(showing).await?;
        let moved = self.siblings.delay_showing(told).await.map_err(|status| sibling(&status))?;
        let answer = pb::DelayShowingResponse {
            starts_at: moved.starts_at,
            ends_at: moved.ends_at,
            visits_affected,
            following: Vec::new(),
        };
        Ok(Response::new(self.remember("DelayShowing", key, request, answer).await?))
    }

    async fn cancel_showing(
        &self,
        request: Request<pb::CancelShowingRequest>,
    ) -> Result<Response<pb::CancelShowingResponse>, Status> {
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let showing = values::id("showing_id", &request.showing_id)?;
        let told = reservations::CancelShowingRequest {
            idempotency_key: request.idempotency_key.clone(),
            showing_id: request.showing_id.clone(),
            reason: request.reason.clone(),
        };
        let (first, visits_affected) = self.first_answer("CancelShowing", key, request.clone(), showing).await?;
        if let Some(first) = first {
            return Ok(Response::new(first));
        }
        self.siblings.cancel_showing(told).await.map_err(|status| sibling(&status))?;
        let answer = pb::CancelShowingResponse { visits_affected };
        Ok(Response::new(self.remember("CancelShowing", key, request, answer).await?))
    }
}

/// Pure reads, and answers kept for repeats.
impl JourneyGrpc {
    async fn visit_of_link(&self, hash: &[u8]) -> Result<Uuid, Error> {
        let mut conn = self.db.reader().await?;
        store::visit_of_link(&mut conn, hash).await?.ok_or(Error::NoLink)
    }

    /// The first answer to a repeated request; else how many visits the showing has now.
    async fn first_answer<R: prost::Message + Default + 'static>(
        &self,
        method: &'static str,
        key: Uuid,
        request: impl prost::Message + 'static,
        showing: Uuid,
    ) -> Result<(Option<R>, u32), Error> {
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    let first = tx.first_answer::<R>(method, key, &request).await?;
                    Ok::<_, Error>((first, store::showings::count_coming(tx.conn(), showing).await?))
                })
            })
            .await
    }

    /// Keeps an answer; if somebody else has kept one in the meantime, that one counts.
    async fn remember<R: prost::Message + Default + 'static>(
        &self,
        method: &'static str,
        key: Uuid,
        request: impl prost::Message + 'static,
        answer: R,
    ) -> Result<R, Error> {
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    if let Some(first) = tx.first_answer::<R>(method, key, &request).await? {
                        return Ok(first);
                    }
                    tx.remember(method, key, &request, &answer).await?;
                    Ok::<_, Error>(answer)
                })
            })
            .await
    }
}
