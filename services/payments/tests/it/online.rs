//! Online payment: paid, given up, out of time, too late, with a provider that fails in between.

use load_tests::fake_provider::{FakeProvider, Status};
use sky_proto::payments::v1::{self as pb, Method, PaymentState};
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn the_visitor_pays_and_every_repeat_changes_nothing() {
    let till = till().await;
    let visit = Uuid::now_v7();
    let order = order(visit, Method::Online);
    let payment = till.create(&order).await.expect("created");
    assert_eq!(payment.state(), PaymentState::Pending);
    assert!(payment.redirect_url.starts_with(&till.provider.url), "{}", payment.redirect_url);
    assert_eq!(till.create(&order).await.expect("repeat"), payment);
    let elsewhere = pb::CreatePaymentRequest {
        return_url: format!("https://www.planetarium.example/visits/{visit}/return"),
        ..order.clone()
    };
    assert_eq!(till.create(&elsewhere).await.expect("from the house's other address"), payment);
    assert_eq!(till.provider.transactions().len(), 1);
    let page = reqwest::get(&payment.redirect_url).await.expect("page").text().await.expect("text");
    assert!(page.contains("20,00 €"), "{page}");

    till.press(&payment, "pay").await;
    till.press(&payment, "pay").await;
    // The visitor comes back twice while the poll asks too.
    let (first, second) = tokio::join!(till.check(visit), till.check(visit));
    assert_eq!(first.state(), PaymentState::Paid);
    assert_eq!(second.state(), PaymentState::Paid);
    assert_eq!(first.redirect_url, "", "no way to pay twice");
    till.wait_for(visit, PaymentState::Paid).await;
    assert_eq!(till.create(&order).await.expect("late repeat").state(), PaymentState::Paid);
    assert_eq!(till.told().await, (1, 0, vec![]));
    assert_eq!(till.ledger(visit).await, [line("charge", 2000)]);
}

#[tokio::test]
async fn a_demo_provider_with_books_knows_a_payment_after_its_end_and_is_where_it_was() {
    let books = std::env::temp_dir().join(format!("books-{}.json", Uuid::new_v4()));
    let provider = FakeProvider::start_with_books(anywhere(), &books).await.expect("provider");
    let till = till_with(provider).await;
    let visit = Uuid::now_v7();
    let payment = till.create(&order(visit, Method::Online)).await.expect("created");
    let Till { house, provider } = till;
    provider.stop().await;
    let house = house.restart().await;
    let provider = FakeProvider::start_with_books(anywhere(), &books).await.expect("provider");
    let till = Till { house, provider };
    assert!(payment.redirect_url.starts_with(&till.provider.url), "the page is where the visitor has it open");
    till.press(&payment, "pay").await;
    assert_eq!(till.check(visit).await.state(), PaymentState::Paid);
    std::fs::write(&books, "nonsense").expect("written");
    assert!(FakeProvider::start_with_books(anywhere(), &books).await.is_err(), "what is not understood is not lost");
    std::fs::remove_file(&books).expect("removed");
}

#[tokio::test]
async fn the_poll_finds_out_by_itself() {
    let till = till().await;
    let (paid, given_up) = (Uuid::now_v7(), Uuid::now_v7());
    let payment = till.create(&order(paid, Method::Online)).await.expect("created");
    let other = till.create(&order(given_up, Method::Online)).await.expect("created");
    till.press(&payment, "pay").await;
    till.press(&other, "cancel").await;
    till.wait_for(paid, PaymentState::Paid).await;
    till.wait_for(given_up, PaymentState::Failed).await;
    assert_eq!(till.told().await, (1, 1, vec![]));
    assert!(till.ledger(given_up).await.is_empty());

    // Given up is not the end: another try under a new key.
    let again = till.create(&order(given_up, Method::Online)).await.expect("another payment");
    till.press(&again, "pay").await;
    till.wait_for(given_up, PaymentState::Paid).await;
}

/// The visitor may be on the page where one pays.
#[tokio::test]
async fn a_provider_that_does_not_know_a_payment_for_a_moment_ends_nothing() {
    let till = till().await;
    let visit = Uuid::now_v7();
    let payment = till.create(&order(visit, Method::Online)).await.expect("created");
    let pool = till.house.pool("payments");
    let known: String = sqlx::query_scalar("select provider_ref from payment where visit_id = $1")
        .bind(visit)
        .fetch_one(pool)
        .await
        .expect("a payment");
    let names = async |reference: &str| {
        let named = sqlx::query("update payment set provider_ref = $2 where visit_id = $1").bind(visit).bind(reference);
        named.execute(pool).await.expect("named");
    };
    names(&Uuid::new_v4().to_string()).await;
    assert_eq!(till.check(visit).await.state(), PaymentState::Pending, "nobody knows yet");
    names(&known).await;
    till.press(&payment, "pay").await;
    assert_eq!(till.check(visit).await.state(), PaymentState::Paid);
    assert_eq!(till.told().await, (1, 0, vec![]));
}

/// Ordered, and not paid in time.
async fn out_of_time(till: &Till, visit: Uuid) -> pb::Payment {
    let payment = till.create(&order(visit, Method::Online)).await.expect("created");
    till.house.clock.set(minutes(15));
    till.wait_for(visit, PaymentState::Failed).await;
    assert_eq!(till.told().await, (0, 1, vec![]));
    payment
}

impl Till {
    /// Waits until something has gone back.
    async fn gives_back(&self) {
        for _ in 0..1000 {
            if !self.told().await.2.is_empty() {
                return;
            }
            self.house.clock.advance(chrono::TimeDelta::seconds(2));
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("nothing goes back");
    }
}

#[tokio::test]
async fn money_that_comes_after_its_time_is_told_once_and_goes_back_when_the_visit_is_called_off() {
    let till = till().await;
    let visit = Uuid::now_v7();
    let payment = out_of_time(&till, visit).await;
    till.react_twice(visit, &expired(visit)).await;

    till.press(&payment, "pay").await;
    let (..) = tokio::join!(till.check(visit), till.check(visit));
    till.wait_for(visit, PaymentState::Paid).await;
    assert_eq!(till.told().await, (1, 1, vec![]), "the visit may take its places again");
    // It is told late once more that time has run out.
    till.react_twice(visit, &expired(visit)).await;
    assert_eq!(till.get(visit).await.state(), PaymentState::Paid);

    till.react_twice(visit, &cancelled(visit, true)).await;
    till.wait_for(visit, PaymentState::Refunded).await;
    assert_eq!(till.told().await, (1, 1, vec![2000]));
    assert_eq!(till.ledger(visit).await, [line("charge", 2000), line("refund", -2000)]);
}

#[tokio::test]
async fn money_for_a_payment_that_was_made_anew_goes_back() {
    let till = till().await;
    let visit = Uuid::now_v7();
    let first = out_of_time(&till, visit).await;
    let anew = pb::CreatePaymentRequest { idempotency_key: Uuid::new_v4().to_string(), ..order(visit, Method::AtDesk) };
    till.create(&anew).await.expect("paid another way");
    till.press(&first, "pay").await;
    till.gives_back().await;
    assert_eq!(till.told().await.2, [2000]);
    assert_eq!(till.get(visit).await.state(), PaymentState::DueAtDesk);
}

#[tokio::test]
async fn money_that_comes_too_late_goes_back_exactly_once() {
    let till = till().await;
    let visit = Uuid::now_v7();
    let payment = out_of_time(&till, visit).await;
    // Called off in the same moment; there is nothing to give back yet.
    till.react_twice(visit, &cancelled(visit, true)).await;

    till.press(&payment, "pay").await;
    let (..) = tokio::join!(till.check(visit), till.check(visit));
    till.gives_back().await;
    till.check(visit).await;
    till.react_twice(visit, &cancelled(visit, true)).await;
    assert_eq!(till.get(visit).await.state(), PaymentState::Failed);
    assert_eq!(till.told().await, (0, 1, vec![2000]));
    assert_eq!(till.ledger(visit).await, [line("charge", 2000), line("refund", -2000)]);
}

#[tokio::test]
async fn a_cancelled_visit_gets_its_money_back_once() {
    let till = till().await;
    let visit = Uuid::now_v7();
    let payment = till.paid(visit).await;

    // The provider is down at first: the refund is tried until it is taken.
    till.provider.set_down(true);
    till.react_twice(visit, &cancelled(visit, true)).await;
    assert_eq!(till.get(visit).await.state(), PaymentState::Refunding);
    let request = pb::RefundPaymentRequest { visit_id: visit.to_string(), reason: "again".to_owned() };
    let same = client!(till.house, &journey()).refund_payment(request).await.expect("under way").into_inner();
    assert_eq!(same.state(), PaymentState::Refunding);
    till.provider.set_down(false);
    till.wait_for(visit, PaymentState::Refunded).await;
    till.react_twice(visit, &cancelled(visit, true)).await;
    assert_eq!(till.told().await, (1, 0, vec![2000]));
    assert_eq!(till.ledger(visit).await, [line("charge", 2000), line("refund", -2000)]);
    let transactions = till.provider.transactions();
    let transaction = &transactions[&payment.payment_id];
    assert_eq!(transaction.status, Status::Payed);
    assert_eq!(transaction.refund.as_ref().expect("refunded").1, 2000);
}

#[tokio::test]
async fn a_provider_that_is_down_costs_time_and_nothing_else() {
    let till = till().await;
    let visit = Uuid::now_v7();
    till.provider.set_down(true);
    let order = order(visit, Method::Online);
    let payment = till.create(&order).await.expect("created all the same");
    assert_eq!((payment.state(), payment.redirect_url.as_str()), (PaymentState::Pending, ""));
    till.provider.set_down(false);
    let payment = till.create(&order).await.expect("repeat");
    assert!(!payment.redirect_url.is_empty(), "now there is an address");

    // Paid while it is unreachable for us, and we ask again only after the time has run out.
    till.press(&payment, "pay").await;
    till.provider.set_down(true);
    till.house.clock.set(minutes(16));
    assert_eq!(till.check(visit).await.state(), PaymentState::Pending, "not known to be unpaid");
    till.provider.set_down(false);
    till.wait_for(visit, PaymentState::Paid).await;

    // Never created there, time over: failed, and nothing to watch.
    let never = Uuid::now_v7();
    till.provider.set_down(true);
    let mut order = crate::support::order(never, Method::Online);
    order.expires_at = Some(kernel::values::timestamp(minutes(60)));
    till.create(&order).await.expect("created");
    till.house.clock.set(minutes(60));
    till.wait_for(never, PaymentState::Failed).await;
    assert_eq!(till.told().await, (1, 1, vec![]));
}

#[tokio::test]
async fn an_expired_or_cancelled_visit_is_not_asked_for_money_any_more() {
    let till = till().await;
    let (pending, late, paid) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let payment = till.create(&order(pending, Method::Online)).await.expect("created");
    till.create(&order(late, Method::AtDesk)).await.expect("created");
    till.paid(paid).await;
    till.react_twice(pending, &expired(pending)).await;
    till.react_twice(late, &cancelled(late, false)).await;
    till.react_twice(paid, &cancelled(paid, false)).await;
    assert_eq!(till.get(pending).await.state(), PaymentState::Failed);
    assert_eq!(till.get(late).await.state(), PaymentState::Voided);
    assert_eq!(till.get(paid).await.state(), PaymentState::Paid, "cancelled too late: the money stays");

    // They pay all the same: whoever ran out of time may have the places again.
    till.press(&payment, "pay").await;
    till.wait_for(pending, PaymentState::Paid).await;
    assert_eq!(till.told().await.2, [0, 0]);
    // An unknown visit is nobody's business here.
    till.react_twice(Uuid::now_v7(), &cancelled(Uuid::now_v7(), true)).await;
}

#[tokio::test]
async fn a_refund_is_counted_before_the_provider_is_asked() {
    let till = till().await;
    let visit = Uuid::now_v7();
    till.paid(visit).await;
    till.provider.set_down(true);
    till.react_twice(visit, &cancelled(visit, true)).await;
    let attempts = || async {
        let attempts = sqlx::query_scalar::<_, i32>("select attempts from refund");
        attempts.fetch_one(till.house.pool("payments")).await.expect("a refund")
    };
    let before = attempts().await;
    // The provider gives it back, and what it says cannot be written down: as if the process had died.
    let mut blocked = till.house.pool("payments").begin().await.expect("a transaction");
    sqlx::query("select 1 from payment for update").execute(&mut *blocked).await.expect("locked");
    till.provider.set_down(false);
    for _ in 0..500 {
        till.house.clock.advance(chrono::TimeDelta::seconds(1));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        if till.provider.transactions().values().all(|transaction| transaction.refund.is_some()) {
            break;
        }
    }
    assert!(till.provider.transactions().values().all(|transaction| transaction.refund.is_some()));
    assert!(
        attempts().await > before,
        "asked for and not counted: a bare 409 would be taken for a refusal, and the desk pays"
    );
    blocked.rollback().await.expect("let go");
    till.wait_for(visit, PaymentState::Refunded).await;
    assert_eq!(till.ledger(visit).await, [line("charge", 2000), line("refund", -2000)]);
}
