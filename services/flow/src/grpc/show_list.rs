//! The day on paper, out of the door's own copy: showings, and the parties of each by their spoken references. No
//! decisions.

use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::values::{midnight, timestamp};
use sky_proto::flow::v1 as pb;
use sqlx::PgConnection;

use crate::{
    domain::{Admission, scan::Party},
    error::Error,
    events, store,
};

/// The showings of a day that begin in it.
pub(super) async fn of(conn: &mut PgConnection, day: NaiveDate, now: DateTime<Utc>) -> Result<pb::ShowList, Error> {
    let end = midnight(day.checked_add_days(Days::new(1)).unwrap_or(day));
    let mut showings = Vec::new();
    for admission in store::admissions(conn, midnight(day), end).await? {
        let parties = store::parties_of(conn, admission.showing).await?;
        showings.push(showing(&admission, &parties));
    }
    Ok(pb::ShowList { day: day.to_string(), as_of: Some(timestamp(now)), showings })
}

fn showing(admission: &Admission, parties: &[Party]) -> pb::PrintedShowing {
    let mut parties: Vec<pb::PrintedParty> = parties.iter().map(party).collect();
    parties.sort_by(|one, other| one.reference.cmp(&other.reference));
    pb::PrintedShowing {
        showing_id: admission.showing.to_string(),
        title: Some(admission.title.to_proto()),
        hall: admission.hall.clone(),
        state: events::admission_state(admission.state).into(),
        doors_at: Some(timestamp(admission.doors_at)),
        starts_at: Some(timestamp(admission.starts_at)),
        ends_at: Some(timestamp(admission.predicted_end_at)),
        capacity: admission.capacity,
        booked: admission.booked,
        admitted: admission.admitted,
        assistance: parties.iter().map(|party| party.assistance).sum(),
        parties,
    }
}

fn party(party: &Party) -> pb::PrintedParty {
    let assisted = party.tickets.iter().filter(|ticket| ticket.live && ticket.assistance).count();
    pb::PrintedParty {
        reference: party.reference.clone(),
        people: party.size(),
        admitted: party.admitted(),
        assistance: u32::try_from(assisted).unwrap_or(u32::MAX),
        seats: party.tickets.iter().map(|ticket| ticket.seat.clone()).filter(|seat| !seat.is_empty()).collect(),
    }
}
