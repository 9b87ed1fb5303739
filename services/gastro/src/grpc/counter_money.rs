//! The gRPC face of what the counter gives back: reads and checks what was sent, calls commands, answers. No decisions.

use kernel::{
    Access, Context, Db, Role, Who,
    values::{self, InvalidField, invalid},
};
use sky_proto::{
    gastro::v1::{self as pb, counter_money_server::CounterMoney},
    kernel::v1::Money,
};
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::kitchen::account;
use crate::{
    commands::{given_back, lock_kitchen},
    domain::Order,
    error::Error,
    events::kitchen as words,
    store,
};

/// Who stands at the counter.
const COUNTER: &[Who] = &[Who::Staff(Role::Kitchen), Who::Staff(Role::Desk)];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.gastro.v1.CounterMoney",
    methods: &[("ListGiveBacks", COUNTER), ("NoteGivenBack", COUNTER), ("TakeBackGivenBack", COUNTER)],
};

/// The server.
#[derive(Debug)]
pub(crate) struct CounterMoneyGrpc {
    db: Db,
}

impl CounterMoneyGrpc {
    pub(crate) fn new(context: &Context) -> Self {
        Self { db: context.db.clone() }
    }
}

fn cents(money: Option<&Money>) -> Result<i64, InvalidField> {
    let money = money.ok_or_else(|| invalid("amount", "is missing"))?;
    if money.currency != "EUR" {
        return Err(invalid("amount", "must be in EUR"));
    }
    if money.cents < 1 { Err(invalid("amount", "must be more than nothing")) } else { Ok(money.cents) }
}

/// An order as it is now, with all that is known besides it.
async fn whole(conn: &mut PgConnection, order: &Order) -> Result<pb::Order, Error> {
    let beside = store::kitchen::beside(conn, std::slice::from_ref(order)).await?;
    Ok(words::whole_order(order, beside.get(&order.id)))
}

#[tonic::async_trait]
impl CounterMoney for CounterMoneyGrpc {
    async fn list_give_backs(
        &self,
        _: Request<pb::ListGiveBacksRequest>,
    ) -> Result<Response<pb::ListGiveBacksResponse>, Status> {
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let since = self.db.clock().now() - store::kitchen::rules(&mut conn).await?.undo;
        let mut ids = store::given_back::waiting(&mut conn).await?;
        ids.extend(store::given_back::lately(&mut conn, since).await?);
        let mut orders = store::orders(&mut conn, &ids).await?;
        orders.sort_by_key(|order| (order.pickup_at, order.number));
        let beside = store::kitchen::beside(&mut conn, &orders).await?;
        let orders = orders.iter().map(|order| words::whole_order(order, beside.get(&order.id))).collect();
        Ok(Response::new(pb::ListGiveBacksResponse { orders }))
    }

    async fn note_given_back(&self, request: Request<pb::NoteGivenBackRequest>) -> Result<Response<pb::Order>, Status> {
        let by = account(&request);
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let order = values::id("order_id", &request.order_id)?;
        let cents = cents(request.amount.as_ref())?;
        let order = self
            .db
            .transact(move |tx| {
                let (by, request) = (by.clone(), request.clone());
                Box::pin(async move {
                    lock_kitchen(tx).await?;
                    if let Some(first) = tx.first_answer("NoteGivenBack", key, &request).await? {
                        return Ok::<_, Error>(first);
                    }
                    let order = given_back::note(tx, order, cents, &by).await?;
                    let order = whole(tx.conn(), &order).await?;
                    tx.remember("NoteGivenBack", key, &request, &order).await?;
                    Ok(order)
                })
            })
            .await?;
        Ok(Response::new(order))
    }

    async fn take_back_given_back(
        &self,
        request: Request<pb::TakeBackGivenBackRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let by = account(&request);
        let request = request.into_inner();
        let order = values::id("order_id", &request.order_id)?;
        let noted = request.at.map(|at| values::time("at", Some(at))).transpose()?;
        let order = self
            .db
            .transact(move |tx| {
                let by = by.clone();
                Box::pin(async move {
                    let order = given_back::take_back(tx, order, noted, &by).await?;
                    whole(tx.conn(), &order).await
                })
            })
            .await?;
        Ok(Response::new(order))
    }
}
