//! What journey does with a visit, each in a given transaction: load, decide, save, tell. No proto,
//! no network, no commit.

pub(crate) mod clock;
pub(crate) mod contacts;
pub(crate) mod holds;
mod limits;
pub(crate) mod missing;
pub(crate) mod money_back;
pub(crate) mod notices;
pub(crate) mod rebooking;
pub(crate) mod showings;
pub(crate) mod waiting;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use kernel::{
    Tx,
    combine::Keyed,
    values::{Text, invalid},
};
use uuid::Uuid;

use crate::{
    domain::{
        self, Contact, Method, Money, Showing, State, Visit, asker::Asker, euros, join, limits::Limits,
        money_back::BackState, sum,
    },
    error::Error,
    events,
    projection::{self, News},
    saga::{self, Asked, By, Next},
    store,
};

/// The topic of the visits' live streams; the key is the visit's id.
pub(crate) const VISIT_TOPIC: &str = "visit";

async fn lock(tx: &mut Tx, id: Uuid) -> Result<Visit, Error> {
    store::lock(tx.conn(), id).await?.ok_or(Error::NoVisit)
}

async fn save(tx: &mut Tx, visit: &mut Visit) -> Result<(), Error> {
    save_all(tx, &mut [visit]).await
}

/// Saves visits that are locked.
async fn save_all(tx: &mut Tx, visits: &mut [&mut Visit]) -> Result<(), Error> {
    let saved = store::many::save_all(tx.conn(), visits).await?;
    for visit in visits {
        if !saved.contains(&visit.id) {
            return Err(Error::Stored(format!("visit {} that changed although it was locked", visit.id)));
        }
        tx.touch(VISIT_TOPIC, visit.id.to_string());
    }
    Ok(())
}

/// Takes a step that saga has decided. The caller saves.
async fn take(tx: &mut Tx, visit: &mut Visit, next: Next) -> Result<(), Error> {
    let now = tx.now();
    let id = visit.id.to_string();
    match next {
        Next::Stay => {}
        Next::Confirm => {
            (visit.state, visit.deadline) = (State::Confirming, Some(now + domain::ANSWER));
            visit.notice = Text::default();
            tx.append(&id, &events::confirmed(visit)).await?;
        }
        Next::Confirmed => (visit.state, visit.deadline) = (State::Confirmed, None),
        Next::Expire { notice } => {
            (visit.state, visit.deadline) = (State::Expired, None);
            visit.notice = notice;
            visit.payment_url.clear();
            tx.append(&id, &events::expired(visit)).await?;
        }
        Next::Cancel { reason, refund } => {
            (visit.state, visit.deadline) =
                if refund { (State::Refunding, Some(now + domain::ANSWER)) } else { (State::Cancelled, None) };
            visit.payment_url.clear();
            tx.append(&id, &events::cancelled(visit, &reason, refund)).await?;
            visit.notice = reason;
        }
        Next::CancelAgain { refund } => {
            let reason = visit.notice.clone();
            tx.append(&id, &events::cancelled(visit, &reason, refund)).await?;
        }
        Next::Refunded { cents } => {
            (visit.state, visit.deadline) = (State::Refunded, None);
            let (de, en) = euros(cents);
            let back = Text::new(format!("{de} gehen zurück an Sie."), format!("{en} is on its way back to you."))
                .plainly(format!("Sie bekommen {de} zurück."));
            visit.notice = join(&visit.notice, &back);
        }
        Next::Cancelled => (visit.state, visit.deadline) = (State::Cancelled, None),
    }
    Ok(())
}

/// Another service has told something about a visit. Told twice it changes nothing; told about an
/// unknown visit neither.
pub(crate) async fn hear(tx: &mut Tx, id: Uuid, news: News) -> Result<(), Error> {
    hear_all(tx, &[(id, news)]).await
}

/// Other services have told something about several visits, in this order.
pub(crate) async fn hear_all(tx: &mut Tx, told: &[(Uuid, News)]) -> Result<(), Error> {
    let ids: Vec<Uuid> = told.iter().map(|(id, _)| *id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let before = store::many::lock_all(tx.conn(), &ids).await?;
    let mut visits = before.clone();
    let mut said = Vec::new();
    for (id, news) in told {
        let Some(visit) = visits.get_mut(id) else { continue };
        let was = (notices::speaks(news) || news.may_owe()).then(|| visit.clone());
        believe(tx, visit, news).await?;
        let Some(was) = was else { continue };
        said.extend(notices::said(&was, visit, news));
        for owed in domain::money_back::of_refused(&was, visit) {
            money_back::ask(tx, visit.id, &owed).await?;
        }
    }
    save_changed(tx, &before, &mut visits).await?;
    notices::enqueue(tx, &said).await
}

/// Saves those of locked visits that are not as they were before.
async fn save_changed(
    tx: &mut Tx,
    before: &HashMap<Uuid, Visit>,
    visits: &mut HashMap<Uuid, Visit>,
) -> Result<(), Error> {
    let mut changed: Vec<&mut Visit> =
        visits.values_mut().filter(|visit| before.get(&visit.id).is_none_or(|it| it != *visit)).collect();
    save_all(tx, &mut changed).await?;
    notices::follow(tx, before, visits.values()).await
}

/// Notes news and takes the step that follows. The caller saves.
async fn believe(tx: &mut Tx, visit: &mut Visit, news: &News) -> Result<(), Error> {
    projection::note(visit, news);
    let mut next = saga::next(visit, news);
    if next == Next::Confirm
        && let Some(at) = saga::paid_late(visit, news)
    {
        let showing = store::showings::get(tx.conn(), visit.showing).await?;
        next = saga::late_money(at, showing.as_ref());
    }
    take(tx, visit, next).await
}

/// The door has let people of a visit in.
pub(crate) async fn admitted(tx: &mut Tx, id: Uuid, tickets: &[Uuid]) -> Result<(), Error> {
    if store::lock(tx.conn(), id).await?.is_none() {
        return Ok(());
    }
    let people = store::admit(tx.conn(), id, tickets).await?;
    hear(tx, id, News::Admitted { people }).await
}

/// A scan was taken back: these tickets are not in.
pub(crate) async fn not_admitted(tx: &mut Tx, id: Uuid, tickets: &[Uuid]) -> Result<(), Error> {
    if store::lock(tx.conn(), id).await?.is_none() {
        return Ok(());
    }
    let people = store::unadmit(tx.conn(), id, tickets).await?;
    hear(tx, id, News::AdmissionUndone { people }).await
}

/// An order with payment.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) visit: Uuid,
    pub(crate) asker: Asker,
    pub(crate) method: Method,
    /// None: it was given with the order before, or when the visit began to wait.
    pub(crate) contact: Option<Contact>,
    /// What one contact may order; staff orders are not limited.
    pub(crate) limits: Limits,
}

impl Keyed for Order {
    fn batch_key(&self) -> Uuid {
        self.visit
    }
}

/// A visit that is ordered.
enum Ordered {
    Now(Visit),
    /// The same way before: it is answered as it is.
    Before(Visit),
}

impl Order {
    fn of(&self, found: Option<Visit>, showing: Option<&Showing>, now: DateTime<Utc>) -> Result<Ordered, Error> {
        let visit = self.asker.sees(self.visit, found)?;
        let by_visitor = matches!(self.asker, Asker::Visitor { .. });
        match visit.state {
            State::Held | State::Expired if showing.is_some_and(Showing::is_off) => return Err(Error::Off),
            // Whom to let in late is for staff to say.
            State::Held | State::Expired if by_visitor && showing.is_some_and(|showing| now >= showing.starts_at) => {
                return Err(Error::SaleEnds);
            }
            State::Held if now < visit.hold_expires_at => {}
            State::AwaitingPayment if visit.method == Some(self.method) => return Ok(Ordered::Before(visit)),
            State::AwaitingPayment => return Err(Error::OtherMethod),
            State::Confirming | State::Confirmed => return Ok(Ordered::Before(visit)),
            State::Holding | State::Refused => return Err(Error::NoVisit),
            State::Waiting => return Err(Error::NotHeld(visit.state)),
            State::Held | State::Expired => return Err(Error::HoldExpired),
            State::Cancelled | State::Refunding | State::Refunded => return Err(Error::NotHeld(visit.state)),
        }
        match (self.method, sum(&visit.items())) {
            (Method::Free, 1..) => Err(invalid("method", "FREE is for visits that cost nothing").into()),
            (Method::AtDesk | Method::Online, 0) => {
                Err(invalid("method", "must be FREE: there is nothing to pay").into())
            }
            _ if self.contact.is_none() && by_visitor && !visit.is_on_waiting_list() => {
                Err(invalid("contact.name", "is missing").into())
            }
            _ => Ok(Ordered::Now(visit)),
        }
    }

    /// Nobody pays for a showing that has begun meanwhile; what staff sell after that has its full time.
    fn place(&self, visit: &mut Visit, starts_at: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let mut pay_until = now + domain::PAY;
        if let Some(starts_at) = starts_at.filter(|starts_at| now < *starts_at) {
            pay_until = pay_until.min(starts_at);
        }
        visit.state = State::AwaitingPayment;
        visit.payment_expires_at = Some(pay_until);
        visit.deadline = Some(pay_until + domain::PAY_GRACE);
        visit.method = Some(self.method);
        if let Some(contact) = &self.contact {
            visit.contact.clone_from(contact);
        }
        visit.ordered_at = Some(now);
        visit.notice = Text::default();
    }
}

/// Visitors order with payment, each another visit. Ordering again the same way answers the visit as it is.
pub(crate) async fn order(tx: &mut Tx, orders: &[Order]) -> Result<Vec<Result<Visit, Error>>, Error> {
    let now = tx.now();
    let ids: Vec<Uuid> = orders.iter().map(|order| order.visit).collect();
    let mut found = store::many::lock_all(tx.conn(), &ids).await?;
    let showings: BTreeSet<Uuid> = found.values().map(|visit| visit.showing).collect();
    let showings = store::many::showings(tx.conn(), &showings.into_iter().collect::<Vec<_>>()).await?;
    let starts_at = |showing: &Uuid| showings.get(showing).map(|showing| showing.starts_at);
    let mut answers: Vec<Result<Ordered, Error>> = orders
        .iter()
        .map(|order| {
            let found = found.remove(&order.visit);
            let showing = found.as_ref().and_then(|visit| showings.get(&visit.showing));
            order.of(found, showing, now)
        })
        .collect();
    let limited: Vec<(&Visit, &str, Limits)> = orders
        .iter()
        .zip(&answers)
        .filter(|(order, _)| matches!(order.asker, Asker::Visitor { .. }))
        .filter_map(|(order, answer)| match answer {
            Ok(Ordered::Now(visit)) => {
                let contact = order.contact.as_ref().unwrap_or(&visit.contact);
                Some((visit, contact.email.as_str(), order.limits))
            }
            Ok(Ordered::Before(_)) | Err(_) => None,
        })
        .collect();
    let mut refused = limits::may_order(tx, &limited).await?;
    let mut placed = Vec::new();
    for (order, answer) in orders.iter().zip(&mut answers) {
        if let Some(refusal) = refused.remove(&order.visit) {
            *answer = Err(refusal);
        } else if let Ok(Ordered::Now(visit)) = answer {
            order.place(visit, starts_at(&visit.showing), now);
            placed.push(visit);
        }
    }
    save_all(tx, &mut placed).await?;
    let visit = |(Ordered::Now(visit) | Ordered::Before(visit)): Ordered| visit;
    Ok(answers.into_iter().map(|answer| answer.map(visit)).collect())
}

/// Payments would not take the order: the visit is held as before.
pub(crate) async fn take_back_order(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    let mut visit = lock(tx, id).await?;
    if visit.state == State::AwaitingPayment && visit.money == Money::None {
        (visit.state, visit.deadline) = (State::Held, Some(visit.hold_expires_at));
        (visit.method, visit.payment_expires_at, visit.ordered_at) = (None, None, None);
        visit.contact = Contact::default();
        save(tx, &mut visit).await?;
    }
    Ok(())
}

/// Payments has taken an order; free and at the desk it is as good as paid.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) visit: Uuid,
    pub(crate) payment: Asked,
    /// Where to pay; may be empty.
    pub(crate) url: String,
}

impl Keyed for Taken {
    fn batch_key(&self) -> Uuid {
        self.visit
    }
}

/// Payments has taken orders, each of another visit.
pub(crate) async fn payment_created(tx: &mut Tx, taken: &[Taken]) -> Result<Vec<Result<(), Error>>, Error> {
    let ids: Vec<Uuid> = taken.iter().map(|it| it.visit).collect();
    let before = store::many::lock_all(tx.conn(), &ids).await?;
    let mut visits = before.clone();
    let mut answers = Vec::with_capacity(taken.len());
    for it in taken {
        let Some(visit) = visits.get_mut(&it.visit) else {
            answers.push(Err(Error::NoVisit));
            continue;
        };
        answers.push(Ok(()));
        if visit.state != State::AwaitingPayment {
            // Called off before payments had the order: it had nothing to give up when it heard of that.
            if it.payment.money == Money::Pending {
                believe(tx, visit, &News::PaymentOpen).await?;
            }
            continue;
        }
        if visit.money == Money::None || visit.payment_url != it.url {
            visit.money = Money::Pending;
            visit.payment_url.clone_from(&it.url);
        }
        if let Some(news) = saga::asked_payment(Some(it.payment), false) {
            believe(tx, visit, &news).await?;
        }
    }
    save_changed(tx, &before, &mut visits).await?;
    Ok(answers)
}

/// The visitor or the desk calls the visit off. Again: it is answered as it is.
pub(crate) async fn cancel(tx: &mut Tx, id: Uuid, by: By, reason: Text) -> Result<Visit, Error> {
    let now = tx.now();
    let mut visit = lock(tx, id).await?;
    if matches!(visit.state, State::Holding | State::Refused) {
        return Err(Error::NoVisit);
    }
    let showing = store::showings::get(tx.conn(), visit.showing).await?;
    let next = saga::cancel(&visit, showing.as_ref(), by, reason, now)?;
    if next != Next::Stay {
        let before = visit.clone();
        take(tx, &mut visit, next).await?;
        save(tx, &mut visit).await?;
        notices::follow_one(tx, &before, &visit).await?;
    }
    Ok(visit)
}

/// Whoever has not answered yet is told once more that a visit is confirmed; who has, knows that.
pub(crate) async fn confirm_again(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    let visit = lock(tx, id).await?;
    if visit.state == State::Confirming {
        tx.append(&id.to_string(), &events::confirmed(&visit)).await?;
    }
    Ok(())
}

/// A deadline is over and asking brought nothing: ask again later.
pub(crate) async fn wait_longer(tx: &mut Tx, id: Uuid, was: DateTime<Utc>) -> Result<(), Error> {
    let now = tx.now();
    let mut visit = lock(tx, id).await?;
    if visit.deadline == Some(was) {
        let mut pause = domain::ASK_AGAIN;
        if visit.state == State::Refunding {
            let back = store::money_back::of_visits(tx.conn(), &[id]).await?.remove(&id).unwrap_or_default();
            if back.iter().any(|it| it.state == BackState::AtDesk) {
                pause = domain::COLLECT;
            }
        }
        visit.deadline = Some(now + pause);
        save(tx, &mut visit).await?;
    }
    Ok(())
}

/// Keeps a new link to a visit's page; only the secret's hash comes here.
pub(crate) async fn add_link(tx: &mut Tx, id: Uuid, hash: &[u8]) -> Result<(), Error> {
    let now = tx.now();
    let visit = lock(tx, id).await?;
    if matches!(visit.state, State::Holding | State::Refused) {
        return Err(Error::NoVisit);
    }
    store::add_link(tx.conn(), id, hash, now).await
}

/// Erases the contact data of visits that are long over, and what their visitors were told.
pub(crate) async fn erase_contacts(tx: &mut Tx) -> Result<(), Error> {
    let before = tx.now() - domain::KEEP_CONTACT;
    let erased = store::erase_contacts(tx.conn(), before).await?;
    store::notices::forget(tx.conn(), before).await?;
    if erased > 0 {
        tracing::info!(erased, "contact data of past visits erased");
    }
    Ok(())
}
