//! A test house with payments and a fake provider, and short ways to ask them things.

use std::{collections::BTreeMap, net::SocketAddr};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Clock,
    testing::{House, noon, producer},
    values::{Text, euro, timestamp},
};
use load_tests::fake_provider::FakeProvider;
use sky_proto::{
    journey::v1::{VisitCancelled, VisitExpired},
    kernel::v1::ChargedItem,
    payments::v1::{self as pb, Method, payments_client::PaymentsClient},
};
use tonic::Status;
use uuid::Uuid;

pub struct Till {
    pub house: House,
    pub provider: FakeProvider,
}

/// A macro, because the client's type cannot be named.
#[macro_export]
macro_rules! client {
    ($house:expr, $caller:expr) => {
        sky_proto::payments::v1::payments_client::PaymentsClient::new($house.channel($caller))
    };
}

/// Any free port.
pub fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub async fn till() -> Till {
    till_with(FakeProvider::start(anywhere()).await.expect("provider")).await
}

pub async fn till_with(provider: FakeProvider) -> Till {
    let own = BTreeMap::from([("payments".to_owned(), provider.settings())]);
    let house = House::start_at(&[payments::SERVICE, producer("journey")], Clock::manual(noon()), own).await;
    Till { house, provider }
}

pub fn journey() -> Caller {
    Caller::Service("journey".to_owned())
}

pub fn minutes(n: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(n)
}

/// 2 × 8.50 € and one parking ticket of 3 €, within a quarter of an hour.
pub fn order(visit: Uuid, method: pb::Method) -> pb::CreatePaymentRequest {
    let item = |label: &str, quantity, cents, tax_basis_points| ChargedItem {
        label: Some(Text::new(label, label).to_proto()),
        quantity,
        unit_price: Some(euro(cents)),
        tariff_id: format!("tariff-{label}"),
        tax_id: format!("tax-{tax_basis_points}"),
        tax_basis_points,
    };
    let free = method == pb::Method::Free;
    pb::CreatePaymentRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: visit.to_string(),
        method: method.into(),
        items: if free { Vec::new() } else { vec![item("adult", 2, 850, 0), item("bay", 1, 300, 1900)] },
        amount: Some(euro(if free { 0 } else { 2000 })),
        return_url: format!("http://localhost/visits/{visit}/return"),
        expires_at: Some(timestamp(minutes(15))),
    }
}

pub fn cancelled(visit: Uuid, refund: bool) -> VisitCancelled {
    VisitCancelled { visit_id: visit.to_string(), refund, ..Default::default() }
}

pub fn expired(visit: Uuid) -> VisitExpired {
    VisitExpired { visit_id: visit.to_string() }
}

impl Till {
    pub async fn create(&self, order: &pb::CreatePaymentRequest) -> Result<pb::Payment, Status> {
        let mut client = PaymentsClient::new(self.house.channel(&journey()));
        client.create_payment(order.clone()).await.map(tonic::Response::into_inner)
    }

    pub async fn get(&self, visit: Uuid) -> pb::Payment {
        let request = pb::GetPaymentRequest { visit_id: visit.to_string() };
        client!(self.house, &journey()).get_payment(request).await.expect("a payment").into_inner()
    }

    pub async fn check(&self, visit: Uuid) -> pb::Payment {
        let request = pb::CheckPaymentRequest { visit_id: visit.to_string() };
        client!(self.house, &journey()).check_payment(request).await.expect("a payment").into_inner()
    }

    /// Presses a button on the provider's page.
    pub async fn press(&self, payment: &pb::Payment, button: &str) {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("client");
        let answer = client.post(format!("{}/{button}", payment.redirect_url)).send().await.expect("pressed");
        assert_eq!(answer.status(), 303);
        let back = answer.headers()["location"].to_str().expect("ASCII").to_owned();
        assert_eq!(back, format!("http://localhost/visits/{}/return", payment.visit_id));
    }

    /// A payment that was made online.
    pub async fn paid(&self, visit: Uuid) -> pb::Payment {
        let payment = self.create(&order(visit, Method::Online)).await.expect("created");
        self.press(&payment, "pay").await;
        self.check(visit).await
    }

    /// Lets the house's time pass until the poll has brought the payment into a state.
    pub async fn wait_for(&self, visit: Uuid, state: pb::PaymentState) {
        for _ in 0..500 {
            if self.get(visit).await.state() == state {
                return;
            }
            self.house.clock.advance(TimeDelta::seconds(2));
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("not {state:?} but {:?}", self.get(visit).await.state());
    }

    pub async fn react_twice<M: prost::Message + prost::Name>(&self, visit: Uuid, event: &M) {
        for _ in 0..2 {
            self.house.react("payments", "journey", &visit.to_string(), event).await.expect("reacted");
        }
    }

    pub async fn ledger(&self, visit: Uuid) -> Vec<(String, i64)> {
        sqlx::query_as("select kind, cents from ledger where visit_id = $1 order by id")
            .bind(visit)
            .fetch_all(self.house.pool("payments"))
            .await
            .expect("ledger")
    }

    /// How many payments are completed, failed, and refunded, as the house was told.
    pub async fn told(&self) -> (usize, usize, Vec<i64>) {
        let completed: Vec<pb::PaymentCompleted> = self.house.events("payments").await;
        let failed: Vec<pb::PaymentFailed> = self.house.events("payments").await;
        let refunded: Vec<pb::PaymentRefunded> = self.house.events("payments").await;
        let cents = refunded.into_iter().map(|told| told.amount.expect("amount").cents).collect();
        (completed.len(), failed.len(), cents)
    }
}

pub fn line(kind: &str, cents: i64) -> (String, i64) {
    (kind.to_owned(), cents)
}
