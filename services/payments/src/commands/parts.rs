//! Parts of a payment go back: asked for by the key of their cause, each once, with the payment locked.

use kernel::Tx;
use uuid::Uuid;

use super::{lock_of_visit, tell};
use crate::{
    domain::{
        self, Entry, Payment, State,
        parts::{Part, PartState, PartWish, Payout, whole},
    },
    error::Error,
    events, store,
};

/// Somebody is to get a part back. Asked again, whatever was said of it stands.
pub(crate) async fn ask(tx: &mut Tx, wish: &PartWish) -> Result<(), Error> {
    let now = tx.now();
    let Some(mut payment) = lock_of_visit(tx, wish.visit).await? else {
        tracing::warn!(visit = %wish.visit, refund = %wish.id, "a part is to go back of a visit without a payment");
        return Ok(());
    };
    if store::parts::find(tx.conn(), wish.id).await?.is_some() {
        return Ok(());
    }
    let (cents, state) = payment.part(wish.cents);
    if cents < wish.cents {
        tracing::warn!(visit = %wish.visit, refund = %wish.id, cents, "less goes back than was asked for: no more is left");
    }
    let part = Part::new(wish, payment.id, cents, state);
    store::parts::add(tx.conn(), &part, wish, now).await?;
    tell(tx, &payment, &events::part_changed(&part)).await?;
    payment.given_back += cents;
    if payment.state == State::DueAtDesk && payment.left() == 0 {
        // Nothing is left to be taken.
        payment.state = State::Paid;
        store::enter(tx.conn(), &payment, Entry::Charge, 0, now).await?;
        tell(tx, &payment, &events::settled(&payment)).await?;
    }
    store::save(tx.conn(), &payment).await
}

/// A part with its payment locked.
async fn lock(tx: &mut Tx, id: Uuid) -> Result<(Part, Payment), Error> {
    let of = store::parts::find(tx.conn(), id).await?.ok_or(Error::NothingToPayOut)?.payment;
    let payment = store::lock(tx.conn(), of).await?;
    Ok((store::parts::find(tx.conn(), id).await?.ok_or(Error::NothingToPayOut)?, payment))
}

/// The provider has given a part back.
pub(crate) async fn done(tx: &mut Tx, id: Uuid, provider_ref: &str) -> Result<Payment, Error> {
    let (part, payment) = lock(tx, id).await?;
    if part.state == PartState::Returning {
        give(tx, &payment, part, provider_ref).await?;
    }
    Ok(payment)
}

/// The provider does not give back this part: the desk does.
pub(crate) async fn not_by_provider(tx: &mut Tx, id: Uuid) -> Result<Payment, Error> {
    let (mut part, payment) = lock(tx, id).await?;
    if part.state == PartState::Returning {
        tracing::warn!(payment = %payment.id, refund = %id, "the payment provider gives back no part of it; the desk does");
        part.becomes(PartState::AtDesk);
        let now = tx.now();
        store::parts::set_state(tx.conn(), &part, now).await?;
        tell(tx, &payment, &events::part_changed(&part)).await?;
    }
    Ok(payment)
}

/// The provider does not give back what is left of a payment: the desk does, and its page shows it as a part.
pub(crate) async fn whole_not_by_provider(tx: &mut Tx, id: Uuid) -> Result<Payment, Error> {
    let payment = store::lock(tx.conn(), id).await?;
    let Some(cents) = store::refund_over(tx.conn(), id).await? else {
        return Ok(payment);
    };
    tracing::warn!(payment = %id, cents, "the payment provider does not give it back; the desk does");
    whole_at_desk(tx, &payment, cents, "the provider does not give it back").await?;
    Ok(payment)
}

/// All that was left of a locked payment waits at the desk.
pub(super) async fn whole_at_desk(tx: &mut Tx, payment: &Payment, cents: i64, reason: &str) -> Result<(), Error> {
    let now = tx.now();
    let wish = PartWish { id: whole(payment.id), visit: payment.visit, cents, reason: reason.to_owned() };
    let part = Part::new(&wish, payment.id, cents, PartState::AtDesk);
    store::parts::add(tx.conn(), &part, &wish, now).await?;
    tell(tx, payment, &events::part_changed(&part)).await
}

/// The provider did not answer: later again.
pub(crate) async fn failed(tx: &mut Tx, id: Uuid) -> Result<Payment, Error> {
    let now = tx.now();
    let (part, payment) = lock(tx, id).await?;
    if part.state == PartState::Returning {
        let attempts = store::parts::attempts(tx.conn(), id).await?;
        store::parts::again(tx.conn(), id, now + domain::refund_pause(attempts)).await?;
    }
    Ok(payment)
}

/// The desk has handed a part out.
pub(crate) async fn pay_out(tx: &mut Tx, visit: Uuid, id: Uuid, by: &str) -> Result<Payment, Error> {
    let now = tx.now();
    let (mut part, mut payment) = lock(tx, id).await?;
    if part.visit != visit {
        return Err(Error::NothingToPayOut);
    }
    match part.state {
        PartState::Done => {}
        PartState::AtDesk => {
            let (is_whole, cents) = (part.id == whole(payment.id), part.cents);
            part.paid_out = Some((now, by.to_owned()));
            give(tx, &payment, part, "").await?;
            if is_whole {
                all_is_back(tx, &mut payment, cents).await?;
            }
        }
        state => return Err(Error::NotAtDesk(state)),
    }
    Ok(payment)
}

/// The desk has not handed it out after all: it waits there again.
pub(crate) async fn take_back(tx: &mut Tx, visit: Uuid, id: Uuid) -> Result<Payout, Error> {
    let now = tx.now();
    let (mut part, mut payment) = lock(tx, id).await?;
    if part.visit != visit {
        return Err(Error::NothingToPayOut);
    }
    match part.state {
        // A repeat.
        PartState::AtDesk if part.round > 0 => {}
        PartState::Done if part.may_be_taken_back(now) => {
            store::parts::enter(tx.conn(), &payment, &part, Entry::PayoutBack, now).await?;
            part.becomes(PartState::AtDesk);
            part.round += 1;
            part.paid_out = None;
            store::parts::back_at_desk(tx.conn(), &part).await?;
            if part.id == whole(payment.id) && payment.state == State::Refunded {
                payment.state = State::Refunding;
                store::save(tx.conn(), &payment).await?;
            }
            tell(tx, &payment, &events::part_changed(&part)).await?;
        }
        state => return Err(Error::NotPaidOut(state)),
    }
    store::payouts::find(tx.conn(), id).await?.ok_or(Error::NothingToPayOut)
}

/// The desk has handed out all that was left.
async fn all_is_back(tx: &mut Tx, payment: &mut Payment, cents: i64) -> Result<(), Error> {
    // Late money's payment stays failed.
    if payment.state == State::Refunding {
        payment.state = State::Refunded;
        store::save(tx.conn(), payment).await?;
    }
    tell(tx, payment, &events::refunded(payment, cents)).await
}

async fn give(tx: &mut Tx, payment: &Payment, mut part: Part, provider_ref: &str) -> Result<(), Error> {
    let now = tx.now();
    part.becomes(PartState::Done);
    store::parts::done(tx.conn(), &part, provider_ref, now).await?;
    store::parts::enter(tx.conn(), payment, &part, Entry::PartRefund, now).await?;
    tell(tx, payment, &events::part_changed(&part)).await
}

/// The whole payment goes back: what still waits at the desk goes with it.
pub(super) async fn cover(tx: &mut Tx, payment: &mut Payment) -> Result<(), Error> {
    for mut part in store::parts::at_desk(tx.conn(), payment.id).await? {
        part.becomes(PartState::Covered);
        let now = tx.now();
        store::parts::set_state(tx.conn(), &part, now).await?;
        payment.given_back -= part.cents;
        tell(tx, payment, &events::part_changed(&part)).await?;
    }
    Ok(())
}
