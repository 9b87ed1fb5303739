//! Cars that leave unnamed: without a code, with one of nobody's, with a plate that no camera knows. They have left all the
//! same, and a count that does not hear of it drifts towards full. In a given transaction; no proto, no commit.

use kernel::Tx;

use super::lanes::Seen;
use crate::{
    domain::{
        BayClass, ClassCount,
        lanes::{Credential, most_cars},
        plates::SAME_CAR,
    },
    error::Error,
    store::{counting, occupancy},
};

/// The class that an unnamed car is counted out of, `told` by whoever saw it, or guessed. None: it is nobody's exit.
pub(super) async fn class_of(
    tx: &mut Tx,
    seen: &Seen,
    told: Option<BayClass>,
    counts: &[ClassCount],
) -> Result<Option<BayClass>, Error> {
    let since = tx.now() - SAME_CAR;
    match seen.credential {
        Credential::Late => return Ok(None),
        Credential::UnknownPlate | Credential::Unreadable
            if counting::last_out(tx.conn(), &seen.lane, since).await?.is_some() =>
        {
            return Ok(None);
        }
        _ if told.is_some() => return Ok(told),
        _ => {}
    }
    Ok(occupancy::class_of_longest(tx.conn()).await?.or_else(|| most_cars(counts)))
}

/// A car is named that a lane has just let out unnamed: it is one car, and what was guessed of it is taken back.
pub(super) async fn take_back(tx: &mut Tx, lane: &str) -> Result<(), Error> {
    let since = tx.now() - SAME_CAR;
    let Some(last) = counting::last_out(tx.conn(), lane, since).await?.filter(|it| it.visit_id.is_none()) else {
        return Ok(());
    };
    if let Some(class) = last.class.as_deref().and_then(BayClass::named) {
        counting::uncount_exit(tx.conn(), last.idempotency_key, class).await?;
        occupancy::reopen_guessed(tx.conn(), lane, last.at).await?;
    }
    Ok(())
}
