//! Visits as they are told, with what is known of their clock, their ways and their money. Reads only.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sky_proto::journey::v1 as pb;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{self, State, Visit, clock::after::About},
    error::Error,
    events, store,
};

/// Visits as they are told, in their order, with what is kept beside them. Only of a confirmed visit there is a clock
/// or an offer, and of a held one nothing was paid: they are not asked for.
pub(super) async fn tell(
    conn: &mut PgConnection,
    visits: &[Visit],
    now: DateTime<Utc>,
) -> Result<Vec<pb::Visit>, Error> {
    let ids = |of: fn(&Visit) -> bool| visits.iter().filter(|it| of(it)).map(|it| it.id).collect::<Vec<_>>();
    let showings: Vec<Uuid> = visits.iter().map(|visit| visit.showing).collect();
    let showings = store::many::showings(conn, &showings).await?;
    let confirmed = ids(|visit| visit.state == State::Confirmed);
    let (mut clocked, mut offers, mut about) = (Vec::new(), Vec::new(), About::default());
    if !confirmed.is_empty() {
        clocked = store::clock::clocked(conn, &confirmed).await?;
        offers = store::rebooking::offers(conn, &confirmed).await?;
    }
    // A sale reads many that are weeks away: of those nothing is told.
    let is_soon = |of: &domain::Showing| domain::clock::ahead::is_soon(of.starts_at, now);
    let soon = |it: &Visit| showings.get(&it.showing).is_some_and(is_soon);
    if !clocked.is_empty() || visits.iter().any(|it| it.state == State::Confirmed && soon(it)) {
        about = store::clock::about(conn).await?;
    }
    let ordered = ids(|visit| !matches!(visit.state, State::Holding | State::Held));
    let mut back = HashMap::new();
    if !ordered.is_empty() {
        back = store::money_back::of_visits(conn, &ordered).await?;
    }
    let told = visits.iter().map(|visit| {
        let showing = showings.get(&visit.showing);
        let mut told = events::visit(&visit.at(now), showing);
        told.refunds = back.remove(&visit.id).iter().flatten().map(events::money_back::part).collect();
        if let Some(showing) = showing.filter(|_| visit.state == State::Confirmed) {
            // Of one that is off nobody is late, and what goes back is for people to decide.
            let (clocked, offers) =
                if showing.is_off() { (&[][..], &[][..]) } else { (clocked.as_slice(), offers.as_slice()) };
            let clock = clocked.iter().find(|it| (it.visit, it.showing) == (visit.id, showing.id));
            told.clock = clock.map(|it| events::clock::clock(visit, showing, it, &about, now));
            events::clock::put_ways(&mut told, visit, showing, &about, now);
            let offer = offers.iter().find(|it| (it.visit, it.from) == (visit.id, showing.id));
            told.offer = offer.map(events::clock::offer);
        }
        told
    });
    Ok(told.collect())
}
