//! The loop around provider and commands: asks the provider, then tells the commands what it said.
//! Never both at once: no network inside a transaction. Whatever is lost in between is asked again.

use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt;
use kernel::{Db, Tx};
use uuid::Uuid;

use crate::{
    commands,
    domain::{self, Answer, GivenBack, Payment, Refund},
    error::Error,
    provider::Provider,
    store,
};

/// Most payments and refunds of one turn; the rest comes in the next one.
const TURN: i64 = 200;
/// How many of them are asked for at once.
const AT_ONCE: usize = 8;

/// Payments' way to the provider, if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Online {
    db: Db,
    provider: Option<Provider>,
    every: TimeDelta,
}

impl Online {
    pub(crate) fn new(db: Db, provider: Option<Provider>, every: Duration) -> Self {
        Self { db, provider, every: TimeDelta::from_std(every).unwrap_or(TimeDelta::seconds(2)) }
    }

    /// How often the provider is asked, or a refusal when there is none.
    pub(crate) fn every(&self) -> Result<TimeDelta, Error> {
        if self.provider.is_some() { Ok(self.every) } else { Err(Error::NoProvider) }
    }

    /// Asks for one payment now and answers it as it then is.
    pub(crate) async fn ask(&self, payment: Payment) -> Result<Payment, Error> {
        let Some(provider) = &self.provider else { return Ok(payment) };
        if !payment.is_open() {
            return Ok(payment);
        }
        let asked_at = self.db.clock().now();
        let answer = if !payment.provider_ref.is_empty() {
            provider.status(&payment).await
        } else if payment.may_create(asked_at) {
            provider.create(&payment).await
        } else {
            // Nobody ever got an address to pay at.
            Answer::Over
        };
        let (id, every) = (payment.id, self.every);
        self.db.transact(move |tx| Box::pin(commands::provider_said(tx, id, answer, asked_at, every))).await
    }

    /// Asks for a payment's refund now, if one is due.
    pub(crate) async fn refund_now(&self, payment: Uuid) -> Result<(), Error> {
        for refund in self.refunds(Some(payment)).await? {
            self.refund(refund).await?;
        }
        Ok(())
    }

    async fn refunds(&self, only: Option<Uuid>) -> Result<Vec<Refund>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        store::refunds_to_try(&mut conn, self.db.clock().now(), only, TURN).await
    }

    /// Asks the provider once; whoever asks at the same time, in another process too, does not.
    async fn refund(&self, mut refund: Refund) -> Result<(), Error> {
        let provider = self.provider.as_ref().ok_or(Error::NoProvider)?;
        let due = refund.clone();
        let leased = self.db.transact(move |tx| {
            let due = due.clone();
            Box::pin(async move {
                let now = tx.now();
                store::lease_refund(tx.conn(), &due, now, now + domain::REFUND_LEASE).await
            })
        });
        let Some(attempt) = leased.await? else { return Ok(()) };
        refund.repeated = attempt > 1;
        let answer = provider.refund(&refund).await;
        self.db
            .transact(move |tx| {
                let (refund, answer) = (refund.clone(), answer.clone());
                Box::pin(async move { told(tx, &refund, &answer).await })
            })
            .await?;
        Ok(())
    }

    /// Everything that is due now. One that fails does not stop the others.
    pub(crate) async fn poll(&self) -> Result<(), Error> {
        if self.provider.is_none() {
            return Ok(());
        }
        let payments = {
            let mut conn = self.db.pool().acquire().await?;
            store::to_check(&mut conn, self.db.clock().now(), TURN).await?
        };
        let asked = payments.into_iter().map(|payment| self.ask(payment));
        Self::all(asked).await;
        let refunds = self.refunds(None).await?;
        Self::all(refunds.into_iter().map(|refund| self.refund(refund))).await;
        Ok(())
    }

    async fn all<T>(work: impl Iterator<Item = impl Future<Output = Result<T, Error>>>) {
        let mut work = futures::stream::iter(work).buffer_unordered(AT_ONCE);
        while let Some(result) = work.next().await {
            if let Err(error) = result {
                tracing::warn!(%error, "a payment could not be looked at; it is tried again");
            }
        }
    }
}

/// What the provider has said to a refund. It is asked until it answers; what it does not give back waits at the desk.
async fn told(tx: &mut Tx, refund: &Refund, answer: &GivenBack) -> Result<Payment, Error> {
    match (refund.part, answer) {
        (None, GivenBack::Done(reference)) => commands::refund_done(tx, refund.payment, reference).await,
        (None, GivenBack::Refused) => commands::parts::whole_not_by_provider(tx, refund.payment).await,
        (None, GivenBack::Unclear) => commands::refund_failed(tx, refund.payment).await,
        (Some(part), GivenBack::Done(reference)) => commands::parts::done(tx, part, reference).await,
        (Some(part), GivenBack::Refused) => commands::parts::not_by_provider(tx, part).await,
        (Some(part), GivenBack::Unclear) => commands::parts::failed(tx, part).await,
    }
}
