//! Nothing is ever stuck: every visit that waits has a deadline, and here is looked after those whose
//! deadline is over. Asks other services outside of transactions, then lets commands decide.

use futures::StreamExt;
use kernel::Db;

use crate::{
    commands,
    domain::{self, State, Visit},
    error::Error,
    grpc::siblings::Siblings,
    projection::News,
    saga::{self, Overdue},
    store,
};

/// Most visits of one turn; the rest comes in the next one.
const TURN: i64 = 200;
const AT_ONCE: usize = 4;

/// Looks after everything that is overdue. One that fails does not stop the others.
pub(crate) async fn sweep(db: &Db, siblings: &Siblings) -> Result<(), Error> {
    let due = {
        let mut conn = db.pool().acquire().await?;
        store::due(&mut conn, db.clock().now(), TURN).await?
    };
    let mut work =
        futures::stream::iter(due.into_iter().map(|visit| look_after(db, siblings, visit))).buffer_unordered(AT_ONCE);
    while let Some(result) = work.next().await {
        if let Err(error) = result {
            tracing::warn!(%error, "an overdue visit could not be looked after; it is tried again");
        }
    }
    Ok(())
}

async fn look_after(db: &Db, siblings: &Siblings, visit: Visit) -> Result<(), Error> {
    let id = visit.id;
    let news = match saga::overdue(visit.state) {
        Overdue::Nothing => return Ok(()),
        Overdue::Expire => {
            let ended = db.transact(move |tx| Box::pin(commands::holds::run_out(tx, id))).await?;
            if let Some(visit) = ended {
                // Its event says so too; this is only sooner.
                siblings.release(visit.id).await;
            }
            return Ok(());
        }
        Overdue::AskPayment => ask_payment(db, siblings, &visit).await,
        Overdue::AskParts => {
            tracing::error!(visit = %id, "a paid visit has not been confirmed in time; its parts are asked");
            ask_parts(siblings, &visit).await
        }
        Overdue::AskRefund => {
            tracing::error!(visit = %id, "a refund has not been done in time; payments is asked");
            siblings.payment(id).await.ok().and_then(saga::asked_refund).into_iter().collect()
        }
    };
    for news in news {
        db.transact(move |tx| Box::pin(commands::hear(tx, id, news))).await?;
    }
    if visit.state == State::Confirming {
        db.transact(move |tx| Box::pin(commands::confirm_again(tx, id))).await?;
    }
    // Whatever was heard: if it still waits for the same, it waits longer.
    match visit.deadline {
        Some(was) => db.transact(move |tx| Box::pin(commands::wait_longer(tx, id, was))).await,
        None => Ok(()),
    }
}

async fn ask_payment(db: &Db, siblings: &Siblings, visit: &Visit) -> Vec<News> {
    let given_up = visit.payment_expires_at.is_none_or(|at| db.clock().now() >= at + domain::GIVE_UP);
    let answer = match siblings.check_payment(visit.id).await {
        Ok(money) => saga::asked_payment(money, given_up),
        Err(_) if given_up => saga::asked_payment(None, true),
        Err(_) => None,
    };
    if answer.is_none() {
        let until = db.clock().now() + domain::KEEP;
        if let Err(status) = siblings.extend(visit, until).await {
            tracing::info!(visit = %visit.id, reason = status.message(), "not held until its payment is known");
        }
    }
    answer.into_iter().collect()
}

async fn ask_parts(siblings: &Siblings, visit: &Visit) -> Vec<News> {
    let bay = async { if visit.bay.is_some() { siblings.right(visit.id).await } else { None } };
    let meal = async { if visit.meal.is_some() { siblings.order(visit.id).await } else { None } };
    let (booking, bay, meal) = futures::join!(siblings.booking(visit.id), bay, meal);
    [booking, bay, meal].into_iter().flatten().collect()
}
