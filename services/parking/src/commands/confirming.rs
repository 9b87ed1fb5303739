//! Visits are confirmed, and their rights with them, all that were told together: read once, written once. No proto, no
//! commit.

use std::collections::BTreeMap;

use kernel::Tx;
use uuid::Uuid;

use super::{closures, coaches, holding, meals, touch_site};
use crate::{
    domain::{Confirmation, Right, RightState, Window},
    error::Error,
    events, store,
};

/// Confirms the rights of visits, each with its reference, if there still is a bay for those whose hold ran out.
pub(crate) async fn confirm(tx: &mut Tx, confirmed: BTreeMap<Uuid, String>) -> Result<(), Error> {
    if confirmed.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    store::lock_site(tx.conn()).await?;
    // All classes: which ones cannot be known before the rights are read.
    store::lock_classes(tx.conn(), None).await?;
    store::quarters::end_holds(tx.conn(), now).await?;
    let visits: Vec<Uuid> = confirmed.keys().copied().collect();
    let mut rights = store::quarters::lock_rights(tx.conn(), &visits).await?;
    let mut given = match span(rights.values().filter(|right| right.confirmation(now) == Confirmation::Retake)) {
        Some(span) => holding::given_without(tx, span, None).await?,
        None => BTreeMap::new(),
    };
    let mut changed = Vec::new();
    for (visit, reference) in confirmed {
        let Some(mut right) = rights.remove(&visit) else {
            tx.append(&visit.to_string(), &events::right_refused(visit)).await?;
            continue;
        };
        match right.confirmation(now) {
            Confirmation::Keep => continue,
            Confirmation::Confirm => {}
            Confirmation::Retake => {
                let of_class = given.get_mut(&right.class).filter(|given| given.fits(right.window, now));
                let Some(of_class) = of_class.filter(|_| right.window.until > now) else {
                    right.state = RightState::Expired;
                    changed.push(right);
                    tx.append(&visit.to_string(), &events::right_refused(visit)).await?;
                    continue;
                };
                of_class.give(right.window);
                right.given = right.window;
                coaches::place(tx, &mut right).await?;
            }
        }
        right.state = RightState::Confirmed;
        right.reference = reference;
        tx.append(&visit.to_string(), &events::right_confirmed(&right)).await?;
        changed.push(right);
    }
    store::quarters::save_rights(tx.conn(), &changed).await?;
    changed.retain(|right| right.state == RightState::Confirmed);
    if changed.is_empty() {
        return Ok(());
    }
    // Its meal may have been told before.
    let changed = meals::keep_longer(tx, changed).await?;
    let site = store::site(tx.conn(), now).await?;
    if site.closure.is_some() {
        closures::apply(tx, &site, changed).await?;
    }
    touch_site(tx, None).await
}

/// From the first beginning to the last end.
fn span<'r>(rights: impl Iterator<Item = &'r Right> + Clone) -> Option<Window> {
    let from = rights.clone().map(|right| right.window.from).min()?;
    let until = rights.map(|right| right.window.until).max()?;
    Some(Window { from, until })
}
