//! How long it takes until everybody is in, and how long one waits at the desk and in the café: from so many to so many
//! minutes, as it was measured. What was not measured, or is too old, reads "unknown".

use chrono::{DateTime, Utc};
use kernel::values::from_timestamp;
use sky_proto::flow::v1::{Admission, AdmissionState, Estimate, EstimateKind, FlowSnapshot};

use crate::words::Words;

/// A waiting time.
#[derive(Debug)]
pub(crate) struct WaitView {
    /// What it is of: a showing or a zone.
    pub(crate) id: String,
    pub(crate) name: String,
    /// "4 bis 9 min"; empty: not known.
    pub(crate) span: String,
    /// "Stand 14:02 · 120 Personen in der Stunde"
    pub(crate) measured: String,
}

/// Whole minutes: from the shortest, rounded down, to the longest, rounded up.
fn minutes(estimate: &Estimate) -> (usize, usize) {
    let whole = |seconds: u32| usize::try_from(seconds).unwrap_or(usize::MAX);
    (whole(estimate.seconds_low) / 60, whole(estimate.seconds_high).div_ceil(60))
}

fn wait(w: &Words, id: &str, name: String, told: Option<&Estimate>, now: DateTime<Utc>) -> WaitView {
    let good = told.filter(|estimate| from_timestamp(estimate.valid_until) > now);
    let (span, measured) = good.map_or_else(
        || (String::new(), w.t("wait-not-measured")),
        |estimate| {
            let (low, high) = minutes(estimate);
            let pace = w.n("wait-pace", estimate.per_hour);
            (w.of("wait-span", low, high), format!("{} {} · {pace}", w.t("as-of"), w.time(&estimate.as_of)))
        },
    );
    WaitView { id: id.to_owned(), name, span, measured }
}

/// Until everybody who is expected is in; None: the doors are closed.
pub(crate) fn door(w: &Words, flow: &FlowSnapshot, admission: &Admission, now: DateTime<Utc>) -> Option<WaitView> {
    if !matches!(admission.state(), AdmissionState::DoorsOpen | AdmissionState::LastCall) {
        return None;
    }
    let told = flow
        .estimates
        .iter()
        .find(|estimate| estimate.kind() == EstimateKind::Door && estimate.showing_id == admission.showing_id);
    Some(wait(w, &admission.showing_id, w.t("wait-door"), told, now))
}

/// The zones in which people queue.
pub(crate) fn queues(w: &Words, flow: &FlowSnapshot, now: DateTime<Utc>) -> Vec<WaitView> {
    flow.zones
        .iter()
        .filter(|zone| zone.queue() != EstimateKind::Unspecified)
        .map(|zone| {
            let told = flow.estimates.iter().find(|estimate| estimate.zone_id == zone.zone_id);
            wait(w, &zone.zone_id, w.text(&zone.name), told, now)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use kernel::values::timestamp;
    use sky_proto::flow::v1::Zone;

    use super::*;
    use crate::words::Language;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn snapshot(low: u32, high: u32) -> FlowSnapshot {
        let estimate = Estimate {
            kind: EstimateKind::Desk.into(),
            zone_id: "desk".to_owned(),
            per_hour: 120,
            seconds: low.midpoint(high),
            seconds_low: low,
            seconds_high: high,
            as_of: Some(timestamp(at(0))),
            valid_until: Some(timestamp(at(60))),
            ..Estimate::default()
        };
        let zone =
            |id: &str, queue: EstimateKind| Zone { zone_id: id.to_owned(), queue: queue.into(), ..Zone::default() };
        let zones = vec![
            zone("desk", EstimateKind::Desk),
            zone("cafe", EstimateKind::Cafe),
            zone("foyer", EstimateKind::Unspecified),
        ];
        FlowSnapshot { zones, estimates: vec![estimate], ..FlowSnapshot::default() }
    }

    #[test]
    fn a_wait_is_a_span_of_minutes_that_holds_the_measured_one() {
        for (low, high, german, english) in [
            (240, 540, "4 bis 9 min", "4 to 9 min"),
            (241, 541, "4 bis 10 min", "4 to 10 min"),
            (0, 30, "0 bis 1 min", "0 to 1 min"),
            (59, 61, "0 bis 2 min", "0 to 2 min"),
        ] {
            for (language, expected) in [(Language::German, german), (Language::English, english)] {
                let waits = queues(&Words::speaking(language), &snapshot(low, high), at(30));
                assert_eq!(waits[0].span, expected, "{low} to {high} s");
                assert!(waits[0].measured.contains("120"), "{}", waits[0].measured);
            }
        }
    }

    #[test]
    fn what_is_not_measured_or_too_old_is_not_told() {
        let w = Words::default();
        let ids: Vec<String> = queues(&w, &snapshot(60, 120), at(30)).into_iter().map(|wait| wait.id).collect();
        assert_eq!(ids, ["desk", "cafe"], "where nobody queues, nobody waits");
        assert!(queues(&w, &snapshot(60, 120), at(30))[1].span.is_empty(), "never measured");
        assert!(queues(&w, &snapshot(60, 120), at(60))[0].span.is_empty(), "a minute old");
        let open = Admission { state: AdmissionState::DoorsOpen.into(), ..Admission::default() };
        assert!(door(&w, &snapshot(60, 120), &open, at(30)).is_some_and(|wait| wait.span.is_empty()));
        assert!(door(&w, &snapshot(60, 120), &Admission::default(), at(30)).is_none(), "the doors are closed");
    }
}
