//! The clock of the visit and its rebooking, in the words of the contract.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{ticket_code::reference, values::timestamp};
use sky_proto::journey::v1 as pb;

use super::missing;
use crate::{
    domain::{
        Showing, Visit,
        clock::{
            after::{About, MEAL},
            ahead::{Stretch, is_soon},
            legs,
            risk::Risk,
        },
        missing::MissingParty,
        rebooking::{Candidate, Offer, Offered},
        timeline,
    },
    store::{clock::Clocked, rebooking::Rebooking},
};

/// A clock that nobody has turned for so long tells no times.
const HOLDS: TimeDelta = TimeDelta::minutes(10);

pub(crate) fn at_risk(party: &MissingParty, showing: &Showing, at: DateTime<Utc>) -> pb::VisitAtRisk {
    pb::VisitAtRisk {
        visit_id: party.visit.to_string(),
        showing_id: showing.id.to_string(),
        door_closes_at: Some(timestamp(showing.door_closes_at())),
        slack_seconds: party.slack.num_seconds(),
        uncertainty_seconds: missing::seconds(party.uncertainty),
        legs: party.legs.iter().map(missing::leg).collect(),
        whereabouts: party.whereabouts.name().to_owned(),
        at: Some(timestamp(at)),
    }
}

/// Without a party: all of it is in.
pub(crate) fn recovered(it: &Clocked, showing: &Showing, party: Option<&MissingParty>) -> pb::VisitRecovered {
    pb::VisitRecovered {
        visit_id: it.visit.to_string(),
        showing_id: showing.id.to_string(),
        door_closes_at: Some(timestamp(showing.door_closes_at())),
        slack_seconds: party.map_or(0, |party| party.slack.num_seconds()),
        is_in: party.is_none(),
        at: Some(timestamp(it.observed_at)),
    }
}

pub(crate) fn offered(offer: &Offer, to: &Offered, at: DateTime<Utc>) -> pb::RebookingOffered {
    pb::RebookingOffered {
        visit_id: offer.visit.to_string(),
        showing_id: offer.from.to_string(),
        to_showing_id: to.showing.to_string(),
        title: Some(to.title.to_proto()),
        starts_at: Some(timestamp(to.starts_at)),
        ends_at: Some(timestamp(to.ends_at)),
        valid_until: Some(timestamp(offer.valid_until)),
        at: Some(timestamp(at)),
    }
}

pub(crate) fn rebooked(
    visit: &Visit,
    it: &Rebooking,
    from: Option<&Showing>,
    to: Option<&Showing>,
    at: DateTime<Utc>,
) -> pb::VisitRebooked {
    pb::VisitRebooked {
        visit_id: visit.id.to_string(),
        from_showing_id: it.from.to_string(),
        to_showing_id: it.to.to_string(),
        title: to.map(|to| to.title.to_proto()),
        starts_at: to.map(|to| timestamp(to.starts_at)),
        ends_at: to.map(|to| timestamp(to.ends_at)),
        doors_at: to.map(|to| timestamp(to.doors_at)),
        from_starts_at: from.map(|from| timestamp(from.starts_at)),
        from_ends_at: from.map(|from| timestamp(from.end())),
        has_parking: visit.bay.is_some(),
        has_meal: visit.meal.is_some(),
        reference: reference(visit.id),
        at: Some(timestamp(at)),
        rebooking_id: it.id.to_string(),
    }
}

const fn risk(risk: Risk) -> pb::Risk {
    match risk {
        Risk::Unknown => pb::Risk::Unknown,
        Risk::InTime => pb::Risk::InTime,
        Risk::Late => pb::Risk::AtRisk,
        Risk::Missed => pb::Risk::Missed,
    }
}

fn stretch(stretch: &Stretch) -> pb::Stretch {
    pb::Stretch {
        leg: Some(missing::leg(&stretch.leg)),
        to: Some(stretch.to.to_proto()),
        way: Some(stretch.way.to_proto()),
        be_there_by: stretch.be_there_by.map(timestamp),
        blocked: stretch.is_blocked,
    }
}

/// What is ahead of a visit, in the house's ways.
pub(crate) fn clock(
    visit: &Visit,
    showing: &Showing,
    it: &Clocked,
    about: &About,
    now: DateTime<Utc>,
) -> pb::VisitClock {
    let step_free = legs::needs_step_free(visit);
    let mut ahead = about.ways.ahead(&it.legs, &showing.hall, step_free, Some(showing.starts_at));
    about.put_meal(&mut ahead, visit, it.whereabouts, &showing.hall);
    pb::VisitClock {
        risk: risk(it.risk).into(),
        whereabouts: it.whereabouts.name().to_owned(),
        ahead: ahead.iter().map(stretch).collect(),
        door_closes_at: Some(timestamp(showing.door_closes_at())),
        observed_at: Some(timestamp(it.observed_at)),
        valid_until: Some(timestamp(now + HOLDS)),
        arrives_at: it.arrives_at.map(timestamp),
    }
}

/// Puts the way to the places into a visit whose clock does not run yet, and the ways to what comes after the seats into its
/// day, where they belong. A meal that lies on the way ahead is told there.
pub(crate) fn put_ways(told: &mut pb::Visit, visit: &Visit, showing: &Showing, about: &About, now: DateTime<Utc>) {
    if told.clock.is_none() {
        if !is_soon(showing.starts_at, now) {
            return;
        }
        told.ways = about.planned(visit, showing, now).iter().map(stretch).collect();
    }
    let ahead = told.clock.iter().flat_map(|clock| &clock.ahead).chain(&told.ways);
    let mut legs = ahead.filter_map(|it| it.leg.as_ref());
    let meal_is_ahead = legs.any(|leg| leg.kind == MEAL);
    for step in timeline::steps(visit, showing) {
        let way = about.of_step(&step, visit, &showing.hall).filter(|it| !meal_is_ahead || it.leg.kind != MEAL);
        if let (Some(way), Some(told)) = (way, told.timeline.iter_mut().find(|it| it.kind == step.kind)) {
            told.way = Some(stretch(&way));
        }
    }
}

pub(crate) fn offer(offer: &Offer) -> pb::RebookingOffer {
    let to = offer.to.as_ref();
    pb::RebookingOffer {
        showing_id: to.map(|to| to.showing.to_string()).unwrap_or_default(),
        title: to.map(|to| to.title.to_proto()),
        starts_at: to.map(|to| timestamp(to.starts_at)),
        ends_at: to.map(|to| timestamp(to.ends_at)),
        valid_until: Some(timestamp(offer.valid_until)),
    }
}

pub(crate) fn option(it: &Candidate) -> pb::RebookingOption {
    pb::RebookingOption {
        showing_id: it.showing.to_string(),
        title: Some(it.title.to_proto()),
        starts_at: Some(timestamp(it.starts_at)),
        ends_at: Some(timestamp(it.ends_at)),
        doors_at: Some(timestamp(it.doors_at)),
        free: it.free,
    }
}
