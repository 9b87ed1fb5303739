//! The gRPC face of payments: reads and checks what was sent, calls commands, answers. No decisions.

pub(crate) mod payouts;

use kernel::{
    Access, Caller, Combiner, Context, Db, Role, Who,
    values::{self, InvalidField, Text, euro, invalid},
};
use sky_proto::{
    kernel::v1::{ChargedItem, Money},
    payments::v1::{self as pb, payments_server::Payments},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    commands::{self, Order},
    domain::{Item, Means, Method, Payment, State},
    error::Error,
    events,
    online::Online,
    store,
};

const JOURNEY: Who = Who::Service("journey");

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.payments.v1.Payments",
    methods: &[
        ("CreatePayment", &[JOURNEY]),
        ("GetPayment", &[JOURNEY, Who::Staff(Role::Desk), Who::Visitor]),
        ("CheckPayment", &[JOURNEY, Who::Service("portal")]),
        ("SettleAtDesk", &[Who::Staff(Role::Desk)]),
        ("RefundPayment", &[JOURNEY]),
        ("PayOutPart", &[Who::Staff(Role::Desk)]),
    ],
};

/// As many as the provider takes.
const MOST_ITEMS: usize = 99;
const MOST_OF_ONE: u32 = 500;
const MOST_CENTS: i64 = 1_000_000;
const LONGEST_URL: usize = 2000;
/// So many orders may wait; whoever comes then is told at once to come again.
const MAY_WAIT: usize = 8192;
/// Most that are started together.
const TOGETHER: usize = 64;

/// The server.
#[derive(Debug)]
pub(crate) struct PaymentsGrpc {
    db: Db,
    online: Online,
    counter: Combiner<Order, Payment, Error>,
}

impl PaymentsGrpc {
    pub(crate) fn new(context: &Context, online: Online) -> Self {
        let counter = Combiner::start(context, MAY_WAIT, TOGETHER, |tx, orders| Box::pin(commands::create(tx, orders)));
        Self { db: context.db.clone(), online, counter }
    }

    /// As it is told to whoever asks how far it is.
    async fn told(&self, payment: &Payment) -> Result<Response<pb::Payment>, Status> {
        let mut told = events::payment(payment);
        if payment.state == State::Refunded {
            let mut conn = self.db.reader().await.map_err(Error::from)?;
            told.refunded = Some(euro(store::parts::refunded(&mut conn, payment.id).await?));
        }
        Ok(Response::new(told))
    }

    async fn of_visit(&self, visit: Uuid) -> Result<Payment, Error> {
        let mut conn = self.db.reader().await?;
        store::of_visit(&mut conn, visit).await?.ok_or(Error::NoPayment)
    }
}

fn method(value: i32) -> Result<Method, InvalidField> {
    match values::choice("method", value)? {
        pb::Method::Free => Ok(Method::Free),
        pb::Method::AtDesk => Ok(Method::AtDesk),
        pb::Method::Online => Ok(Method::Online),
        pb::Method::Unspecified => Err(invalid("method", "is missing")),
    }
}

fn means(value: i32) -> Result<Means, InvalidField> {
    if value == 0 {
        return Ok(Means::Cash);
    }
    match values::choice("means", value)? {
        pb::Means::Unspecified | pb::Means::Cash => Ok(Means::Cash),
        pb::Means::Card => Ok(Means::Card),
    }
}

fn cents(field: &'static str, money: Option<&Money>) -> Result<i64, InvalidField> {
    let money = money.ok_or_else(|| invalid(field, "is missing"))?;
    if money.currency != "EUR" {
        return Err(invalid(field, "must be in EUR"));
    }
    if !(0..=MOST_CENTS).contains(&money.cents) {
        return Err(invalid(field, format!("must be 0 to {MOST_CENTS} cents")));
    }
    Ok(money.cents)
}

fn row(field: &'static str, id: &str) -> Result<String, InvalidField> {
    let id = values::text(field, id, 100)?;
    if id.is_empty() {
        return Err(invalid(field, "is missing; every amount points to its dated row"));
    }
    Ok(id)
}

fn item(item: ChargedItem) -> Result<Item, InvalidField> {
    if !(1..=MOST_OF_ONE).contains(&item.quantity) {
        return Err(invalid("items.quantity", format!("must be 1 to {MOST_OF_ONE}")));
    }
    if item.tax_basis_points > 10_000 {
        return Err(invalid("items.tax_basis_points", "must be 0 to 10000"));
    }
    Ok(Item {
        label: Text::checked("items.label", item.label, 200, true)?,
        quantity: item.quantity,
        unit_cents: cents("items.unit_price", item.unit_price.as_ref())?,
        tariff_id: row("items.tariff_id", &item.tariff_id)?,
        tax_id: row("items.tax_id", &item.tax_id)?,
        tax_basis_points: item.tax_basis_points,
    })
}

fn return_url(url: &str, method: Method) -> Result<String, InvalidField> {
    let url = values::text("return_url", url, LONGEST_URL)?;
    let is_web = reqwest::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if method == Method::Online && !is_web {
        return Err(invalid("return_url", "must be a web address to which the visitor comes back"));
    }
    Ok(url)
}

fn order(request: pb::CreatePaymentRequest) -> Result<Order, InvalidField> {
    let key = values::id("idempotency_key", &request.idempotency_key)?;
    let visit = values::id("visit_id", &request.visit_id)?;
    let method = method(request.method)?;
    if request.items.len() > MOST_ITEMS {
        return Err(invalid("items", format!("are more than {MOST_ITEMS}")));
    }
    let items = request.items.into_iter().map(item).collect::<Result<Vec<_>, _>>()?;
    let amount = cents("amount", request.amount.as_ref())?;
    if items.iter().map(Item::cents).sum::<i64>() != amount {
        return Err(invalid("amount", "is not the sum of the items"));
    }
    match method {
        Method::Free if amount > 0 => return Err(invalid("method", "FREE is for an amount of 0 only")),
        Method::AtDesk | Method::Online if amount == 0 => {
            return Err(invalid("method", "must be FREE when there is nothing to pay"));
        }
        Method::Free | Method::AtDesk | Method::Online => {}
    }
    Ok(Order {
        key,
        visit,
        method,
        items,
        return_url: return_url(&request.return_url, method)?,
        expires_at: values::time("expires_at", request.expires_at)?,
        every: chrono::TimeDelta::zero(),
    })
}

#[tonic::async_trait]
impl Payments for PaymentsGrpc {
    async fn create_payment(
        &self,
        request: Request<pb::CreatePaymentRequest>,
    ) -> Result<Response<pb::Payment>, Status> {
        let mut order = order(request.into_inner())?;
        if order.method == Method::Online {
            order.every = self.online.every()?;
        }
        let payment = self.counter.run(order).await?;
        // The address to pay at, now if possible; otherwise the poll gets it.
        let payment = if payment.redirect_url.is_empty() { self.online.ask(payment).await? } else { payment };
        Ok(Response::new(events::payment(&payment)))
    }

    async fn get_payment(&self, request: Request<pb::GetPaymentRequest>) -> Result<Response<pb::Payment>, Status> {
        let caller = Caller::of(&request);
        let visit = values::id("visit_id", &request.into_inner().visit_id)?;
        caller.may_see_visit(visit)?;
        self.told(&self.of_visit(visit).await?).await
    }

    async fn check_payment(&self, request: Request<pb::CheckPaymentRequest>) -> Result<Response<pb::Payment>, Status> {
        let visit = values::id("visit_id", &request.into_inner().visit_id)?;
        let payment = self.online.ask(self.of_visit(visit).await?).await?;
        self.told(&payment).await
    }

    async fn settle_at_desk(&self, request: Request<pb::SettleAtDeskRequest>) -> Result<Response<pb::Payment>, Status> {
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        let (means, expected) = (means(request.means)?, request.expected_cents);
        let payment = self.db.transact(move |tx| Box::pin(commands::settle(tx, visit, means, expected))).await?;
        Ok(Response::new(events::payment(&payment)))
    }

    async fn pay_out_part(&self, request: Request<pb::PayOutPartRequest>) -> Result<Response<pb::Payment>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        let id = values::id("refund_id", &request.refund_id)?;
        let payment = self
            .db
            .transact(move |tx| {
                let by = by.clone();
                Box::pin(async move { commands::parts::pay_out(tx, visit, id, &by).await })
            })
            .await?;
        Ok(Response::new(events::payment(&payment)))
    }

    async fn refund_payment(
        &self,
        request: Request<pb::RefundPaymentRequest>,
    ) -> Result<Response<pb::Payment>, Status> {
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        let reason = values::text("reason", &request.reason, 200)?;
        if reason.is_empty() {
            return Err(invalid("reason", "is missing; it is kept for the record").into());
        }
        let payment = self
            .db
            .transact(move |tx| Box::pin(async move { commands::give_back(tx, visit, &reason).await }))
            .await?
            .ok_or(Error::NoPayment)?;
        self.online.refund_now(payment.id).await?;
        Ok(Response::new(events::payment(&self.of_visit(visit).await?)))
    }
}
