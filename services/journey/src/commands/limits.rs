//! Refuses what goes beyond a limit, in words that say what helps. Holds the locks that make it safe against
//! requests at the same instant.

use kernel::{Tx, values::Text};

use crate::{
    domain::{
        Refusal, Visit,
        limits::{Limits, Reached},
    },
    error::Error,
    store,
};

/// Whether the maker of a visit may hold it besides what is held already. If not: why.
pub(super) async fn may_hold(tx: &mut Tx, visit: &Visit, limits: &Limits) -> Result<Option<Refusal>, Error> {
    let now = tx.now();
    let held = store::limits::lock_maker(tx.conn(), &visit.maker, now).await?;
    Ok(limits.may_hold(held, visit.size()).err().map(refusal))
}

fn refusal(reached: Reached) -> Refusal {
    let (message, de, en) = match reached {
        Reached::Visits(most) => (
            format!("this browser holds {most} unpaid visits already; order one of them or give one back"),
            format!("Sie haben schon {most} Besuche vorgemerkt, mehr geht nicht zugleich."),
            format!("You are holding {most} visits already, the most at one time."),
        ),
        Reached::Places(most) => (
            format!("one browser holds at most {most} unpaid places; order a visit or give one back, or choose fewer"),
            format!("Zugleich lassen sich höchstens {most} Plätze vormerken."),
            format!("At most {most} places can be held at one time."),
        ),
    };
    Refusal {
        part: "limit".to_owned(),
        code: tonic::Code::ResourceExhausted as i32,
        message,
        reason: Text::new(
            format!(
                "{de} Bitte bestellen Sie einen Ihrer Besuche oder geben Sie einen zurück. Gruppen hilft die Kasse."
            ),
            format!("{en} Please order one of your visits or give one back. For groups, ask the front desk."),
        ),
        alternatives: Vec::new(),
    }
}

/// Refuses an order that would give one contact too many places of a showing.
pub(super) async fn may_order(tx: &mut Tx, visit: &Visit, email: &str, limits: &Limits) -> Result<(), Error> {
    let ordered = store::limits::lock_contact(tx.conn(), visit.showing, email).await?;
    if ordered.saturating_add(visit.size()) > limits.places_per_contact {
        return Err(Error::ContactFull(limits.places_per_contact));
    }
    Ok(())
}
