//! Another showing for a visit: what there is, and the move. A call to reservations never happens inside a
//! transaction; who hangs up does not stop it.

use chrono::TimeDelta;
use kernel::{Access, Caller, Code, Db, Role, Tasks, Who, values};
use sky_proto::journey::v1::{self as pb, rebooking_server::Rebooking};
use tonic::{Request, Response, Status};

use super::{
    clock, load_visit, own_visit, sibling,
    siblings::{Siblings, is_past_the_pages},
};
use crate::{
    commands::rebooking::{self as commands, Wish},
    domain::{
        Visit,
        clock::{legs, policy::minutes},
        rebooking::{self, Mover},
    },
    error::Error,
    events,
    store::{
        self,
        rebooking::{Progress, Rebooking as Move},
    },
};

const DESK: &[Who] = &[Who::Visitor, Who::Staff(Role::Desk), Who::Staff(Role::Operator)];

/// Who may call what. Visitors for their own visit.
pub(crate) const ACCESS: Access =
    Access { service: "sky.journey.v1.Rebooking", methods: &[("OfferRebooking", DESK), ("AcceptRebooking", DESK)] };

/// Whoever began a move longer ago does not go on with it any more.
const LEFT: TimeDelta = TimeDelta::seconds(15);

/// The server.
#[derive(Debug)]
pub(crate) struct RebookingGrpc {
    db: Db,
    tasks: Tasks,
    siblings: Siblings,
}

const fn mover(caller: &Caller) -> Mover {
    if matches!(caller, Caller::Visitor { .. }) { Mover::Visitor } else { Mover::Staff }
}

impl RebookingGrpc {
    pub(crate) const fn new(db: Db, tasks: Tasks, siblings: Siblings) -> Self {
        Self { db, tasks, siblings }
    }

    async fn options(&self, visit: &Visit, by: Mover) -> Result<pb::OfferRebookingResponse, Error> {
        let now = self.db.clock().now();
        let (policy, clocked, promised) = {
            let mut conn = self.db.reader().await?;
            (
                store::clock::policy(&mut conn).await?,
                store::clock::clocked(&mut conn, &[visit.id]).await?.pop(),
                store::rebooking::promised(&mut conn, &[visit.id], now).await?,
            )
        };
        rebooking::may_move(visit, clocked.as_ref().map(|it| it.risk), by)?;
        let takes = clocked.map_or(TimeDelta::zero(), |it| legs::sum(&it.legs).time);
        // Staff see the party, and how soon it can be there.
        let gap = if by == Mover::Staff { TimeDelta::zero() } else { minutes(policy.rebook_gap_minutes) };
        let candidates = clock::candidates(&self.db, &self.siblings).await.map_err(|status| sibling(&status))?;
        let options = rebooking::options(visit, &candidates, rebooking::earliest(now, takes, gap), &promised);
        Ok(pb::OfferRebookingResponse {
            options: options.into_iter().map(events::clock::option).collect(),
            observed_at: Some(values::timestamp(now)),
        })
    }
}

#[tonic::async_trait]
impl Rebooking for RebookingGrpc {
    async fn offer_rebooking(
        &self,
        request: Request<pb::OfferRebookingRequest>,
    ) -> Result<Response<pb::OfferRebookingResponse>, Status> {
        let caller = Caller::of(&request);
        let id = values::id("visit_id", &request.into_inner().visit_id)?;
        let visit = own_visit(&self.db, &caller, id).await?;
        Ok(Response::new(self.options(&visit, mover(&caller)).await?))
    }

    async fn accept_rebooking(
        &self,
        request: Request<pb::AcceptRebookingRequest>,
    ) -> Result<Response<pb::Visit>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let wish = Wish {
            id: values::id("idempotency_key", &request.idempotency_key)?,
            visit: values::id("visit_id", &request.visit_id)?,
            to: values::id("showing_id", &request.showing_id)?,
            mover: mover(&caller),
            by: if mover(&caller) == Mover::Staff { caller.for_the_record() } else { "visitor".to_owned() },
        };
        let visit = wish.visit;
        own_visit(&self.db, &caller, visit).await?;
        // A move that has begun goes on, whatever stands before the showing by now, and whatever else there is.
        let is_new = {
            let mut conn = self.db.reader().await.map_err(Error::from)?;
            store::rebooking::find(&mut conn, wish.id).await?.is_none()
        };
        if is_new && is_past_the_pages(&caller) {
            self.siblings.no_line_before(wish.to).await?;
        }
        let candidates = if is_new {
            clock::candidates(&self.db, &self.siblings).await.map_err(|status| sibling(&status))?
        } else {
            Vec::new()
        };
        let it = self
            .db
            .transact(move |tx| {
                let (wish, candidates) = (wish.clone(), candidates.clone());
                Box::pin(async move { commands::begin(tx, &wish, &candidates).await })
            })
            .await?;
        let (db, siblings) = (self.db.clone(), self.siblings.clone());
        let done = self.tasks.spawn(async move { carry_out(&db, &siblings, it).await }).await;
        done.map_err(|_| Status::unavailable("The service is stopping. The move is being done; look again soon."))??;
        Ok(Response::new(load_visit(&self.db, visit).await?))
    }
}

/// Goes on with a move from wherever it is. Asking reservations again with the same key moves nothing twice.
async fn carry_out(db: &Db, siblings: &Siblings, it: Move) -> Result<(), Error> {
    match it.progress {
        Progress::Moved => return Ok(()),
        Progress::Refused { code, problem, reason } => {
            let code = Code::from_grpc(tonic::Code::from_i32(code));
            return Err(Error::Part { code, message: problem, reason });
        }
        Progress::Moving => {}
    }
    let (id, visit) = (it.id, it.visit);
    match siblings.move_booking(id, visit, it.to).await {
        Ok(seats) => {
            // A showing that nobody has told of yet is learned here.
            let to = siblings.showing(it.to).await.ok();
            db.transact(move |tx| {
                let (seats, to) = (seats.clone(), to.clone());
                Box::pin(async move { commands::carried_out(tx, id, visit, &seats, to.as_ref()).await })
            })
            .await
        }
        Err(status) => {
            let error = sibling(&status);
            if let Error::Part { code, message, reason } = &error
                && (*code == Code::InvalidArgument || code.is_refusal() && *code != Code::PermissionDenied)
            {
                let (problem, reason) = (message.clone(), reason.clone());
                let why = Progress::Refused { code: status.code() as i32, problem, reason };
                db.transact(move |tx| {
                    let why = why.clone();
                    Box::pin(async move { commands::refused(tx, id, &why).await })
                })
                .await?;
                clock::offer_another(db, siblings, visit, it.to).await?;
            }
            Err(error)
        }
    }
}

/// Goes on with moves that somebody has begun and left.
pub(crate) async fn go_on(db: &Db, siblings: &Siblings) -> Result<(), Error> {
    let before = db.clock().now() - LEFT;
    let left = store::rebooking::left_moving(&mut *db.reader().await?, before).await?;
    for it in left {
        let id = it.id;
        if let Err(error) = carry_out(db, siblings, it).await {
            tracing::warn!(%error, rebooking = %id, "a move to another showing is not done; it is tried again");
        }
    }
    Ok(())
}
