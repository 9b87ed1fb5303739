//! The seller: everybody who wants places waits in one queue; all that waits is decided together,
//! written in one transaction and answered together. One lock of a hot showing serves them all.
//!
//! Decides with what it knows of a showing, and lets the database check that in the one statement that
//! writes: it counts for showings that have the version it was decided with. What is refused or has
//! changed is looked at and decided again; if that does not help either, it is decided under the
//! showing's lock. So any number of replicas may sell: what keeps a place from being sold twice is the
//! database alone. Who wants places of a showing that somebody keeps locked waits apart (`locked.rs`): the others
//! are sold to.

mod locked;

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
};

use chrono::{DateTime, Utc};
use futures::FutureExt;
use kernel::{
    Context, Db, Remembered, Tasks,
    combine::{Turn, Unserved},
};
use sqlx::PgConnection;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{
    commands::SHOWINGS_TOPIC,
    domain::{
        Booking,
        sale::{Sale, Wish},
    },
    error::Error,
    events,
    store::{
        self,
        sale::{Given, Granted, Plans, patience},
    },
};

/// Most orders decided together.
const BATCH: usize = 512;
/// Most showings that the seller keeps in mind.
const REMEMBERED: usize = 2000;
/// So many first answers are kept in mind: a browser that asks again does so within seconds.
const ANSWERED: usize = 8192;
/// Before it takes the queue, the seller lets those in who are at the door.
const LET_IN: usize = 4;
/// So many showings at most are waited for apart, each with a connection; of others that somebody keeps locked it is
/// said at once that they cannot be sold now.
const MOST_APART: usize = 4;

/// A wish with its idempotency key and the hash of the request.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) wish: Wish,
    pub(crate) key: Uuid,
    pub(crate) request_hash: Vec<u8>,
}

/// What an order comes to.
#[derive(Debug)]
pub(crate) enum Held {
    Now(Booking),
    /// The stored answer to the first request with this key.
    Before(Vec<u8>),
}

type Answer = Result<Held, Error>;

struct Waiting {
    order: Order,
    turn: Turn,
    reply: oneshot::Sender<Answer>,
}

/// The way into the queue.
#[derive(Clone, Debug)]
pub(crate) struct Seller {
    queue: mpsc::Sender<Waiting>,
}

impl Seller {
    /// So many may wait; whoever comes then is told at once to come again.
    pub(crate) fn start(context: &Context, may_wait: usize) -> Self {
        let (queue, waiting) = mpsc::channel(may_wait);
        let counter = Counter {
            db: context.db.clone(),
            tasks: context.tasks.clone(),
            may_wait,
            apart: HashMap::new(),
            plans: Plans::new(),
            sales: HashMap::new(),
            answered: Remembered::new(ANSWERED),
        };
        context.tasks.spawn_until_stop(counter.work(waiting));
        Self { queue }
    }

    /// Holds places for a party, all or none. A repeat of an order gets the first answer.
    ///
    /// # Errors
    /// Why not; [`Error::Busy`] at once when too many wait, or after some seconds when its turn has not come.
    pub(crate) async fn hold(&self, order: Order) -> Answer {
        let (reply, answer) = oneshot::channel();
        let turn = Turn::default();
        self.queue.try_send(Waiting { order, turn: turn.clone(), reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => Error::Interrupted,
        })?;
        turn.answered(answer).await.unwrap_or_else(|unserved| {
            Err(match unserved {
                Unserved::Busy => Error::Busy,
                Unserved::Interrupted => Error::Interrupted,
            })
        })
    }
}

/// Where it is decided.
struct Counter {
    db: Db,
    tasks: Tasks,
    may_wait: usize,
    /// Showings that somebody keeps locked, with those who wait for them: a queue of their own.
    apart: HashMap<Uuid, mpsc::Sender<Waiting>>,
    plans: Plans,
    sales: HashMap<Uuid, Sale>,
    /// By idempotency key.
    answered: Remembered<Uuid, Given>,
}

type ByShowing = HashMap<Uuid, Vec<Waiting>>;

impl Counter {
    async fn work(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut waiting = Vec::new();
        loop {
            if waiting.is_empty() {
                let Some(first) = queue.recv().await else { return };
                waiting.push(first);
            }
            for _ in 0..LET_IN {
                tokio::task::yield_now().await;
            }
            while waiting.len() < BATCH
                && let Ok(next) = queue.try_recv()
            {
                waiting.push(next);
            }
            let (mut batch, later) = once_each(waiting);
            waiting = later;
            batch.retain(|it| it.turn.comes());
            // A panic ends this batch, whose people may ask again, and not the sale.
            if AssertUnwindSafe(self.serve(batch)).catch_unwind().await.is_err() {
                tracing::error!("deciding a batch panicked; all showings are looked at anew");
                self.sales.clear();
            }
        }
    }

    /// Decides about orders of different keys and visits, and answers them.
    async fn serve(&mut self, batch: Vec<Waiting>) {
        let mut by_showing = ByShowing::new();
        for it in batch {
            match self.answered.get(&it.order.key) {
                Some(given) => repeat(it, &given),
                None => {
                    if let Some(it) = self.join_apart(it) {
                        by_showing.entry(it.order.wish.showing).or_default().push(it);
                    }
                }
            }
        }
        let unclear = self.sell(by_showing, None).await;
        if unclear.is_empty() {
            return;
        }
        match self.look(unclear).await {
            Ok((orders, looked_at)) => {
                for (showing, orders) in self.sell(orders, Some(looked_at)).await {
                    let left = locked::sell(&self.db, &self.plans, showing, orders, patience::TOGETHER).await;
                    self.keep_apart(showing, left);
                }
            }
            Err(error) => tracing::warn!(%error, "nothing can be sold now"),
        }
    }

    /// Asks what was answered before and which showings have changed; those are read again. Answers the orders that
    /// are left, and when that was. On an error the orders are dropped, which tells those who wait.
    async fn look(&mut self, mut orders: ByShowing) -> Result<(ByShowing, DateTime<Utc>), Error> {
        let keys: Vec<Uuid> = orders.values().flatten().map(|it| it.order.key).collect();
        let showings: Vec<Uuid> = orders.keys().copied().collect();
        let mut conn = self.db.reader().await?;
        let mut known = store::sale::known(&mut conn, &keys, &showings).await?;
        let now = self.db.clock().now();
        if self.sales.len() > REMEMBERED - BATCH {
            self.sales.clear();
        }
        let is_current = |(id, version): &(&Uuid, &store::Version)| {
            self.sales.get(*id).is_some_and(|sale| sale.is_current(**version, now))
        };
        let stale: Vec<Uuid> = known.versions.iter().filter(|it| !is_current(it)).map(|(id, _)| *id).collect();
        if !stale.is_empty() {
            for sale in store::sale::load(&mut conn, &mut self.plans, &stale, now).await? {
                self.sales.insert(sale.showing().id, sale);
            }
            // Another replica may have answered in between, and who asks both must not hear that their own places are
            // taken.
            known.given.extend(store::sale::known(&mut conn, &keys, &[]).await?.given);
        }
        for orders in orders.values_mut() {
            for it in std::mem::take(orders) {
                match known.given.get(&it.order.key) {
                    Some(given) => repeat(it, given),
                    None if known.versions.contains_key(&it.order.wish.showing) => orders.push(it),
                    None => answer(it, Err(Error::NoShowing)),
                }
            }
        }
        orders.retain(|_, orders| !orders.is_empty());
        Ok((orders, now))
    }

    /// Decides with what is known, and writes what was granted if nothing has changed since. Answers the orders that
    /// are left: those of showings that are not known or have changed, and what is refused, unless it was just looked at.
    async fn sell(&mut self, mut by_showing: ByShowing, looked_at: Option<DateTime<Utc>>) -> ByShowing {
        let now = looked_at.unwrap_or_else(|| self.db.clock().now());
        let mut decided: HashMap<Uuid, Vec<Answer>> = HashMap::new();
        let (mut versions, mut granted) = (Vec::new(), Vec::new());
        for (id, orders) in &by_showing {
            let Some(sale) = self.sales.get_mut(id).filter(|sale| !sale.has_run_out(now)) else { continue };
            let before = granted.len();
            let answers = orders.iter().map(|it| decide(sale, &it.order, now, &mut granted)).collect();
            if granted.len() > before {
                versions.push((*id, sale.version()));
            }
            decided.insert(*id, answers);
        }
        let sold = if granted.is_empty() { Ok(Vec::new()) } else { self.write(&versions, &granted, now).await };
        let (sold, kept) = match sold {
            Ok(sold) => (sold, Vec::new()),
            Err(error) => {
                tracing::debug!(%error, "a batch was not written; its showings are looked at");
                let too_long = store::sale::waited_too_long(&error);
                (Vec::new(), if too_long { self.kept_locked(&versions).await } else { Vec::new() })
            }
        };
        for (id, _) in &versions {
            if !sold.contains(id) {
                // Refusals too: they were decided with places given to others of this batch.
                self.sales.remove(id);
                decided.remove(id);
            } else if let Some(sale) = self.sales.get_mut(id) {
                sale.saved();
            }
        }
        for it in granted.into_iter().filter(|it| sold.contains(&it.booking.showing)) {
            self.answered.put(it.key, Given { request_hash: it.request_hash, response: it.response });
        }
        for (id, answers) in decided {
            let orders = by_showing.remove(&id).unwrap_or_default();
            for (it, decided) in orders.into_iter().zip(answers) {
                match decided {
                    // It may repeat an order that another replica has granted, and places may have come back.
                    Err(_) if looked_at.is_none() => by_showing.entry(id).or_default().push(it),
                    decided => answer(it, decided),
                }
            }
        }
        for showing in kept {
            self.keep_apart(showing, by_showing.remove(&showing).unwrap_or_default());
        }
        by_showing
    }

    /// Answers the showings of which it was written.
    async fn write(
        &self,
        versions: &[(Uuid, i64)],
        granted: &[Granted],
        now: DateTime<Utc>,
    ) -> Result<Vec<Uuid>, Error> {
        let writing = async |conn: &mut PgConnection| store::sale::write(conn, versions, granted, now).await;
        self.db.at_once(SHOWINGS_TOPIC, writing).await
    }

    /// Those of the showings that somebody keeps locked; none when that cannot be asked.
    async fn kept_locked(&self, versions: &[(Uuid, i64)]) -> Vec<Uuid> {
        let showings: Vec<Uuid> = versions.iter().map(|(id, _)| *id).collect();
        let asked = async { store::sale::kept_locked(&mut *self.db.reader().await?, &showings).await };
        asked.await.unwrap_or_else(|error| {
            tracing::debug!(%error, "it is not known which showings are locked");
            Vec::new()
        })
    }

    /// Lets orders wait for their locked showing by themselves.
    fn keep_apart(&mut self, showing: Uuid, orders: Vec<Waiting>) {
        if orders.is_empty() {
            return;
        }
        self.apart.retain(|_, queue| !queue.is_closed());
        if self.apart.len() >= MOST_APART {
            return orders.into_iter().for_each(|it| answer(it, Err(Error::Interrupted)));
        }
        let (queue, waiting) = mpsc::channel(self.may_wait);
        self.apart.insert(showing, queue);
        let (db, plans) = (self.db.clone(), self.plans.clone());
        self.tasks.spawn_until_stop(locked::sell_apart(db, plans, showing, orders, waiting));
    }

    /// Takes an order to those who wait for its showing apart, if anybody does.
    fn join_apart(&mut self, it: Waiting) -> Option<Waiting> {
        let showing = it.order.wish.showing;
        let Some(queue) = self.apart.get(&showing) else { return Some(it) };
        match queue.try_send(it) {
            Ok(()) => None,
            Err(mpsc::error::TrySendError::Full(it)) => {
                answer(it, Err(Error::Busy));
                None
            }
            Err(mpsc::error::TrySendError::Closed(it)) => {
                self.apart.remove(&showing);
                Some(it)
            }
        }
    }
}

/// The first order of each key and visit now, the others later: they get the first one's answer, or are
/// told that their visit has places.
fn once_each(waiting: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    let (mut keys, mut visits) = (HashSet::new(), HashSet::new());
    // Whoever has gone away is not served.
    let here = waiting.into_iter().filter(|it| !it.reply.is_closed());
    here.partition(|it| keys.insert(it.order.key) & visits.insert(it.order.wish.visit))
}

fn decide(sale: &mut Sale, order: &Order, now: DateTime<Utc>, granted: &mut Vec<Granted>) -> Answer {
    let booking = sale.hold(&order.wish, now)?;
    granted.push(Granted {
        booking: booking.clone(),
        key: order.key,
        request_hash: order.request_hash.clone(),
        response: events::stored_hold(&booking),
    });
    Ok(Held::Now(booking))
}

fn repeat(waiting: Waiting, given: &Given) {
    let first = first_answer(given, &waiting.order);
    answer(waiting, first);
}

fn first_answer(given: &Given, order: &Order) -> Answer {
    if given.request_hash != order.request_hash {
        return Err(Error::Repeat(kernel::db::Repeat::KeyReused));
    }
    Ok(Held::Before(given.response.clone()))
}

fn answer(waiting: Waiting, answer: Answer) {
    // Whoever has gone away asks again with the same key, or the hold runs out.
    let _ = waiting.reply.send(answer);
}
