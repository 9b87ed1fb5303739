//! The charging points on the car park's board: how many are in which state, and since when all of that is known.

use kernel::{Caller, values::from_timestamp};
use sky_proto::parking::v1::{ListChargePointsRequest, charge_point::State};

use crate::{
    edge::{Edge, answer},
    problem::Problem,
    words::Words,
};

/// "2 free, 1 charging, 1 unknown (as of 12:04)"; empty: nobody tells of any. What was told too long ago is unknown.
pub(super) async fn line(edge: &Edge, w: &Words, caller: &Caller) -> Result<String, Problem> {
    let points = answer(edge.occupancy(caller).list_charge_points(ListChargePointsRequest {})).await?.charge_points;
    // Of those that are known the word that is longest ago: the line promises no more than that.
    let known = points.iter().filter(|point| point.state() != State::Unspecified);
    let oldest = known.min_by_key(|point| from_timestamp(point.observed_at));
    let told = [
        (State::Free, "charging-free"),
        (State::Charging, "charging-charging"),
        (State::Taken, "charging-taken"),
        (State::OutOfOrder, "charging-out-of-order"),
        (State::Unspecified, "charging-unknown"),
    ];
    let told = told.into_iter().filter_map(|(state, key)| {
        let many = points.iter().filter(|point| point.state() == state).count();
        (many > 0).then(|| format!("{many} {}", w.t(key)))
    });
    let told = told.collect::<Vec<_>>().join(", ");
    Ok(match oldest {
        Some(oldest) => format!("{told} ({} {})", w.t("as-of"), w.time(&oldest.observed_at)),
        None => told,
    })
}
