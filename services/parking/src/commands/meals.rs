//! The kitchen tells of meals: whoever eats after the showing keeps the bay until then, in a given transaction. No proto,
//! no commit.

use std::collections::BTreeMap;

use kernel::Tx;
use uuid::Uuid;

use super::{lock_all_bays, save_moved};
use crate::{
    domain::{Right, meals::Told},
    error::Error,
    store,
};

/// What was told of visits' meals, of each in its order. A right is as long as its showing and its meal need it, as far as
/// there is a bay; computed from the times themselves, so that hearing it again changes nothing.
pub(crate) async fn told(tx: &mut Tx, meals: &BTreeMap<Uuid, Vec<Told>>) -> Result<(), Error> {
    let visits: Vec<Uuid> = meals.keys().copied().collect();
    // Most who eat come without a car: nobody is kept waiting for them. Whoever has a bay had it before the meal was told.
    if visits.is_empty() || !store::meals::is_for_a_right(tx.conn(), &visits).await? {
        return Ok(());
    }
    lock_all_bays(tx).await?;
    let stay = store::meals::stay(tx.conn()).await?;
    let (mut noted, mut counted) = (Vec::new(), Vec::new());
    for (visit, mut right) in store::quarters::lock_rights(tx.conn(), &visits).await? {
        let before = right.clone();
        for it in meals.get(&visit).into_iter().flatten() {
            right.meal.hear(*it, stay);
        }
        if right.meal == before.meal {
            continue;
        }
        // One that has run out may be taken again, with its meal.
        if right.is_counted() { counted.push((before, right)) } else { noted.push(right) }
    }
    store::quarters::save_rights(tx.conn(), &noted).await?;
    follow(tx, counted).await.map(|_| ())
}

/// Rights that end before their parties have eaten are kept longer, as far as there is a bay. As they are then.
pub(super) async fn keep_longer(tx: &mut Tx, rights: Vec<Right>) -> Result<Vec<Right>, Error> {
    let is_short = |right: &Right| right.is_counted() && right.meal.ends(right.window.until) > right.window.until;
    let (short, mut rights): (Vec<Right>, Vec<Right>) = rights.into_iter().partition(is_short);
    let short = short.into_iter().map(|right| (right.clone(), right)).collect();
    rights.extend(follow(tx, short).await?);
    Ok(rights)
}

/// Moves rights (before, after) to where showing and meal have them. What is not known of a showing yet comes with its times.
async fn follow(tx: &mut Tx, mut rights: Vec<(Right, Right)>) -> Result<Vec<Right>, Error> {
    let now = tx.now();
    let showings: Vec<Uuid> = rights.iter().map(|(_, right)| right.showing).collect();
    let times = store::showings::times_of(tx.conn(), &showings).await?;
    for (_, right) in &mut rights {
        if let Some(times) = times.get(&right.showing) {
            right.anchor(times.starts_at, times.ends_at);
            right.follow(times.starts_at, times.effective_end(), now);
        }
    }
    save_moved(tx, rights).await
}
