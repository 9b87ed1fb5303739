//! The gRPC face of what the desk has to hand out. No decisions.

use kernel::{
    Access, Context, Db, Role, Who,
    values::{self, day_of, euro, midnight, timestamp},
};
use sky_proto::payments::v1::{self as pb, payouts_server::Payouts};
use tonic::{Request, Response, Status};

use crate::{commands, domain::REFUND_OVERDUE, error::Error, events, store};

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.payments.v1.Payouts",
    methods: &[("ListPayouts", &[Who::Staff(Role::Desk)]), ("TakeBackPayout", &[Who::Staff(Role::Desk)])],
};

/// The server.
#[derive(Debug)]
pub(crate) struct PayoutsGrpc {
    db: Db,
}

impl PayoutsGrpc {
    pub(crate) fn new(context: &Context) -> Self {
        Self { db: context.db.clone() }
    }
}

#[tonic::async_trait]
impl Payouts for PayoutsGrpc {
    async fn list_payouts(
        &self,
        _: Request<pb::ListPayoutsRequest>,
    ) -> Result<Response<pb::ListPayoutsResponse>, Status> {
        let now = self.db.clock().now();
        let mut conn = self.db.reader().await.map_err(Error::from)?;
        let (open, count, cents) = store::payouts::open(&mut conn).await?;
        let paid_out = store::payouts::paid_out(&mut conn, midnight(day_of(now))).await?;
        let unanswered = store::payouts::unanswered(&mut conn, now - REFUND_OVERDUE).await?;
        Ok(Response::new(pb::ListPayoutsResponse {
            open: open.iter().map(events::payout).collect(),
            open_count: count,
            open_sum: Some(euro(cents)),
            paid_out: paid_out.iter().map(events::payout).collect(),
            unanswered: unanswered.iter().map(events::payout).collect(),
            observed_at: Some(timestamp(now)),
        }))
    }

    async fn take_back_payout(
        &self,
        request: Request<pb::TakeBackPayoutRequest>,
    ) -> Result<Response<pb::Payout>, Status> {
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        let id = values::id("refund_id", &request.refund_id)?;
        let payout = self.db.transact(move |tx| Box::pin(commands::parts::take_back(tx, visit, id))).await?;
        Ok(Response::new(events::payout(&payout)))
    }
}
