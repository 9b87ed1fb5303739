//! What feeds tell of other car parks, in a given transaction. No proto, no commit.

use kernel::Tx;

use super::{tell_site, touch_site};
use crate::{
    domain::feeds::{Problem, Taken, Told, take},
    error::Error,
    store,
};

/// What became of a push.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) taken: usize,
    pub(crate) repeated: usize,
    /// Which place, and why.
    pub(crate) refused: Vec<(String, Problem)>,
}

/// Takes what a feed tells of the places that the house file names; of others nothing is kept.
pub(crate) async fn take_feed(tx: &mut Tx, feed: &str, told: &[Told]) -> Result<Summary, Error> {
    let now = tx.now();
    store::lock_site(tx.conn()).await?;
    let known = store::feeds::places(tx.conn(), feed).await?;
    let mut summary = Summary::default();
    let mut changed = false;
    for told in told {
        let Some(spaces) = known.get(&told.uid).copied() else { continue };
        let before = store::feeds::before(tx.conn(), feed, &told.uid).await?;
        match take(told, spaces, before, now) {
            Taken::Free(free, at) => {
                store::feeds::save(tx.conn(), feed, told, free, at).await?;
                (summary.taken, changed) = (summary.taken + 1, true);
            }
            Taken::Repeated => summary.repeated += 1,
            Taken::Refused(problem) => {
                if problem.forgets() {
                    store::feeds::save(tx.conn(), feed, told, None, now).await?;
                    changed = true;
                }
                summary.refused.push((told.uid.clone(), problem));
            }
        }
    }
    if changed {
        touch_site(tx, None).await?;
        tell_site(tx).await?;
    }
    Ok(summary)
}
