//! What payments does, each in a given transaction: load, decide, save, tell. No proto, no network,
//! no commit.

pub(crate) mod parts;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Tx, combine::Keyed, values::invalid};
use uuid::Uuid;

use crate::{
    domain::{self, Answer, Entry, Item, Means, Method, Payment, Return, State, Step, Why},
    error::Error,
    events, store,
};

/// What is to be paid, and how.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) key: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) method: Method,
    pub(crate) items: Vec<Item>,
    pub(crate) return_url: String,
    pub(crate) expires_at: DateTime<Utc>,
    /// How often the provider is asked; online only.
    pub(crate) every: TimeDelta,
}

impl Order {
    fn cents(&self) -> i64 {
        self.items.iter().map(Item::cents).sum()
    }

    /// Where the visitor comes back to does not count: who orders again from the house's other address, or from another
    /// page, orders the same. They come back to the first one, which the provider knows.
    fn is_of(&self, payment: &Payment) -> bool {
        payment.method == self.method && payment.items == self.items
    }
}

impl Keyed for Order {
    fn batch_key(&self) -> Uuid {
        self.visit
    }
}

/// A payment that is asked for.
enum Started {
    Now(Payment),
    /// By an earlier request with the same key: it is answered as it is.
    Before(Payment),
}

impl Order {
    fn start(&self, present: Option<Payment>, now: DateTime<Utc>) -> Result<Started, Error> {
        if let Some(present) = present {
            if present.idempotency_key == self.key {
                return if self.is_of(&present) { Ok(Started::Before(present)) } else { Err(Error::KeyReused) };
            }
            if present.state != State::Failed {
                return Err(Error::Exists);
            }
        }
        let online = self.method == Method::Online;
        // Only now: a late repeat still gets its answer.
        if online && self.expires_at <= now {
            return Err(invalid("expires_at", "is in the past").into());
        }
        Ok(Started::Now(Payment {
            id: kernel::values::new_id(now),
            visit: self.visit,
            idempotency_key: self.key,
            method: self.method,
            state: self.method.first_state(),
            cents: self.cents(),
            items: self.items.clone(),
            return_url: self.return_url.clone(),
            provider_ref: String::new(),
            redirect_url: String::new(),
            created_at: now,
            expires_at: self.expires_at,
            next_check_at: online.then_some(now + self.every),
            watch_until: None,
            given_back: 0,
            means: None,
            paid_at: (self.method == Method::Free).then_some(now),
            open_at: None,
            given_up: false,
        }))
    }
}

/// Starts payments of different visits. The same key again answers the payment as it is now.
pub(crate) async fn create(tx: &mut Tx, orders: &[Order]) -> Result<Vec<Result<Payment, Error>>, Error> {
    let now = tx.now();
    let visits: Vec<Uuid> = orders.iter().map(|order| order.visit).collect();
    let mut present = store::of_visits(tx.conn(), &visits).await?;
    let failed_before: Vec<Uuid> =
        present.values().filter(|payment| payment.state == State::Failed).map(|payment| payment.visit).collect();
    let started: Vec<Result<Started, Error>> =
        orders.iter().map(|order| order.start(present.remove(&order.visit), now)).collect();
    let new: Vec<&Payment> =
        started.iter().filter_map(|it| if let Ok(Started::Now(payment)) = it { Some(payment) } else { None }).collect();
    if !new.is_empty() {
        store::add_all(tx.conn(), &new).await?;
        if !failed_before.is_empty() {
            let anew: Vec<Uuid> =
                new.iter().map(|payment| payment.visit).filter(|it| failed_before.contains(it)).collect();
            store::give_up(tx.conn(), &anew).await?;
        }
    }
    for payment in new {
        if payment.state == State::Paid {
            store::enter(tx.conn(), payment, Entry::Charge, payment.cents, now).await?;
        }
        if payment.state != State::Pending {
            tell(tx, payment, &events::completed(payment, now)).await?;
        }
    }
    let payment = |(Started::Now(payment) | Started::Before(payment)): Started| payment;
    Ok(started.into_iter().map(|it| it.map(payment)).collect())
}

async fn tell<M: prost::Message + prost::Name>(tx: &mut Tx, payment: &Payment, event: &M) -> Result<(), Error> {
    Ok(tx.append(&payment.visit.to_string(), event).await?)
}

/// The provider has answered (or not). Whatever comes twice or late changes nothing twice.
pub(crate) async fn provider_said(
    tx: &mut Tx,
    id: Uuid,
    answer: Answer,
    asked_at: DateTime<Utc>,
    every: TimeDelta,
) -> Result<Payment, Error> {
    let now = tx.now();
    let mut payment = store::lock(tx.conn(), id).await?;
    match &answer {
        Answer::Open { reference, redirect_url } => {
            payment.provider_ref.clone_from(reference);
            payment.redirect_url.clone_from(redirect_url);
            payment.open_at = payment.open_at.max(Some(asked_at));
        }
        Answer::Paid { reference, .. } => payment.provider_ref.clone_from(reference),
        Answer::Over | Answer::Unclear => {}
    }
    match payment.step(&answer, every, now) {
        Step::Complete => {
            let told = if let Answer::Paid { at, .. } = answer { at } else { None };
            let paid_at = payment.paid_then(told, now);
            payment.state = State::Paid;
            payment.paid_at = Some(paid_at);
            payment.next_check_at = None;
            payment.watch_until = None;
            store::enter(tx.conn(), &payment, Entry::Charge, payment.cents, now).await?;
            tell(tx, &payment, &events::completed(&payment, paid_at)).await?;
        }
        Step::Fail { watch } => {
            payment.state = State::Failed;
            watch_for_late_money(&mut payment, watch, now);
            let why = if watch { Why::OutOfTime } else { Why::NotPaid };
            tell(tx, &payment, &events::failed(&payment, why)).await?;
        }
        Step::ReturnLate => {
            tracing::warn!(payment = %payment.id, "money came after the payment was given up; it goes back");
            store::enter(tx.conn(), &payment, Entry::Charge, payment.cents, now).await?;
            store::request_refund(tx.conn(), &payment, "paid too late", now).await?;
            payment.given_back = payment.cents;
            // It stays failed: the visit may be paid anew, and then that payment stands.
            payment.next_check_at = None;
            payment.watch_until = None;
        }
        Step::AskAgain(at) => payment.next_check_at = Some(at),
        Step::Done => payment.next_check_at = None,
    }
    store::save(tx.conn(), &payment).await?;
    Ok(payment)
}

fn watch_for_late_money(payment: &mut Payment, watch: bool, now: DateTime<Utc>) {
    payment.watch_until = watch.then_some(now + domain::WATCH);
    payment.next_check_at = watch.then_some(now + domain::WATCH_EVERY);
}

/// The desk has taken the money: what is due, less the parts that are not asked for any more. Whoever was shown another
/// sum (`expected`; 0: not said) has asked the visitor for that one.
pub(crate) async fn settle(tx: &mut Tx, visit: Uuid, means: Means, expected: i64) -> Result<Payment, Error> {
    let now = tx.now();
    let mut payment = lock_of_visit(tx, visit).await?.ok_or(Error::NoPayment)?;
    match (payment.state, payment.method) {
        (State::DueAtDesk, _) => {}
        (State::Paid, Method::AtDesk) => return Ok(payment),
        (state, _) => return Err(Error::NotDue(state)),
    }
    if expected != 0 && expected != payment.left() {
        return Err(Error::DueChanged);
    }
    payment.state = State::Paid;
    payment.means = Some(means);
    payment.paid_at = Some(now);
    store::save(tx.conn(), &payment).await?;
    store::enter(tx.conn(), &payment, Entry::Charge, payment.left(), now).await?;
    tell(tx, &payment, &events::settled(&payment)).await?;
    Ok(payment)
}

async fn lock_of_visit(tx: &mut Tx, visit: Uuid) -> Result<Option<Payment>, Error> {
    match store::of_visit(tx.conn(), visit).await? {
        Some(payment) => Ok(Some(store::lock(tx.conn(), payment.id).await?)),
        None => Ok(None),
    }
}

/// Gives back what is left of what was paid, once: every repeat finds it under way or done. What is not paid yet goes back
/// when it still comes. None: nothing known.
pub(crate) async fn give_back(tx: &mut Tx, visit: Uuid, reason: &str) -> Result<Option<Payment>, Error> {
    let ended = end(tx, visit, reason).await?;
    store::give_up(tx.conn(), &[visit]).await?;
    Ok(ended)
}

async fn end(tx: &mut Tx, visit: Uuid, reason: &str) -> Result<Option<Payment>, Error> {
    let now = tx.now();
    let Some(mut payment) = lock_of_visit(tx, visit).await? else {
        return Ok(None);
    };
    if payment.state == State::Paid {
        parts::cover(tx, &mut payment).await?;
    }
    let left = payment.left();
    match payment.give_back() {
        Return::Keep => return Ok(Some(payment)),
        Return::ByProvider => {
            payment.state = State::Refunding;
            store::request_refund(tx.conn(), &payment, reason, now).await?;
            payment.given_back = payment.cents;
        }
        Return::AtDesk => {
            payment.state = State::Refunding;
            payment.given_back = payment.cents;
            parts::whole_at_desk(tx, &payment, left, reason).await?;
        }
        Return::Nothing { then } => {
            payment.state = then;
            if then == State::Failed {
                watch_for_late_money(&mut payment, true, now);
            } else {
                store::enter(tx.conn(), &payment, Entry::Void, 0, now).await?;
            }
            tell(tx, &payment, &events::refunded(&payment, 0)).await?;
        }
    }
    store::save(tx.conn(), &payment).await?;
    Ok(Some(payment))
}

/// The visit is called off without a refund: what is paid stays, and what still comes goes back.
pub(crate) async fn called_off(tx: &mut Tx, visit: Uuid) -> Result<(), Error> {
    stop_asking(tx, visit).await?;
    store::give_up(tx.conn(), &[visit]).await
}

/// The visit's time has run out: what is paid stays, what is not paid is not asked for any more. Parts that go
/// back stay on their way, even where they are all of it.
pub(crate) async fn stop_asking(tx: &mut Tx, visit: Uuid) -> Result<(), Error> {
    if let Some(payment) = lock_of_visit(tx, visit).await?
        && matches!(payment.give_back(), Return::Nothing { .. })
        && (payment.state != State::Paid || payment.given_back == 0)
    {
        end(tx, visit, "").await?;
    }
    Ok(())
}

/// The provider has given the money back.
pub(crate) async fn refund_done(tx: &mut Tx, id: Uuid, provider_ref: &str) -> Result<Payment, Error> {
    let now = tx.now();
    let mut payment = store::lock(tx.conn(), id).await?;
    let Some(cents) = store::refund_done(tx.conn(), id, provider_ref, now).await? else {
        return Ok(payment);
    };
    // Late money's payment stays failed.
    if payment.state == State::Refunding {
        payment.state = State::Refunded;
        store::save(tx.conn(), &payment).await?;
    }
    store::enter(tx.conn(), &payment, Entry::Refund, -cents, now).await?;
    tell(tx, &payment, &events::refunded(&payment, cents)).await?;
    Ok(payment)
}

/// The provider did not take the refund: later again.
pub(crate) async fn refund_failed(tx: &mut Tx, id: Uuid) -> Result<Payment, Error> {
    let now = tx.now();
    let payment = store::lock(tx.conn(), id).await?;
    let attempts = store::refund_attempts(tx.conn(), id).await?;
    store::refund_again(tx.conn(), id, domain::refund_pause(attempts), now).await?;
    tracing::warn!(payment = %id, attempts, "refund not taken by the provider; it is tried again");
    Ok(payment)
}
