//! What came of the day: counters that everybody moves, and the table at the end.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use kernel::{Role, values};
use sky_proto::flow::v1::{FlowSnapshot, GetFlowRequest, flow_client::FlowClient};

use super::{
    api::Api,
    estimates::{Estimates, What},
    forecast::Forecasts,
    heads::Heads,
    places::Places,
    troubles::Troubles,
};

/// One number that is counted.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// That many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// At least that many.
    pub fn peak(&self, found: u64) {
        self.0.fetch_max(found, Ordering::Relaxed);
    }

    /// So far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The day's numbers. People, unless the name says otherwise.
#[derive(Debug, Default)]
pub struct Report {
    pub booked: Count,
    /// In the minute in which a later showing went on sale.
    pub sale_booked: Count,
    pub sale_turned_away: Count,
    pub refused_sold_out: Count,
    pub admitted: Count,
    pub too_early: Count,
    pub too_late: Count,
    /// Visits.
    pub cancelled: Count,
    /// Visits whose showing was cancelled.
    pub called_off: Count,
    /// Visits that were off, by whomever, of which no money is on its way any more.
    pub settled: Count,
    pub cars_in: Count,
    pub cars_out: Count,
    /// To another car park, because the way was closed.
    pub cars_sent_on: Count,
    pub meals_ordered: Count,
    pub meals_collected: Count,
    /// Called off with their visits.
    pub meals_off: Count,
    /// Changes seen by the monitors.
    pub monitor_updates: Count,
    pub pages_read: Count,
    /// Pages that were loaded again because the house was busy.
    pub loaded_again: Count,
    /// Holds that had to be tried again because the house was busy.
    pub pressed_again: Count,
    /// The most people in the dome at once.
    pub most_in_dome: Count,
    pub showings_delayed: Count,
    pub showings_cancelled: Count,
    /// How long door, desk and café were said to take, and how long they took.
    pub estimates: Estimates,
    /// How full the car park was said to be, and how full it was.
    pub forecasts: Forecasts,
    /// Where everybody is.
    pub places: Places,
    /// What the headcount said, and how many people there were.
    pub heads: Heads,
    /// What went wrong, and how the house coped.
    pub troubles: Troubles,
    surprises: Mutex<BTreeMap<String, u64>>,
}

impl Report {
    /// Something that should not happen; counted by its sentence.
    pub fn surprise(&self, what: impl Into<String>) {
        *self.surprises.lock().unwrap_or_else(PoisonError::into_inner).entry(what.into()).or_default() += 1;
    }

    /// For the progress bar.
    pub fn line(&self) -> String {
        format!("booked {} in {} meals {}", self.booked.get(), self.admitted.get(), self.meals_collected.get())
    }

    /// The table.
    pub async fn print(&self, api: &Api) {
        println!();
        for (name, count) in [
            ("people booked", &self.booked),
            ("people turned away, sold out", &self.refused_sold_out),
            ("people booked from the waiting room", &self.sale_booked),
            ("people told in the waiting room: sold out", &self.sale_turned_away),
            ("people admitted", &self.admitted),
            ("most people in the dome at once", &self.most_in_dome),
            ("scans too early", &self.too_early),
            ("people too late", &self.too_late),
            ("visits cancelled by visitors", &self.cancelled),
            ("visits of cancelled showings", &self.called_off),
            ("of both, money settled", &self.settled),
            ("showings delayed", &self.showings_delayed),
            ("showings cancelled", &self.showings_cancelled),
            ("cars in", &self.cars_in),
            ("cars out", &self.cars_out),
            ("cars sent to another car park", &self.cars_sent_on),
            ("meals ordered", &self.meals_ordered),
            ("meals collected", &self.meals_collected),
            ("meals called off with their visit", &self.meals_off),
            ("changes seen by monitors", &self.monitor_updates),
            ("web pages read", &self.pages_read),
            ("holds pressed again, house busy", &self.pressed_again),
            ("pages loaded again, house busy", &self.loaded_again),
        ] {
            println!("  {name:<46} {:>6}", count.get());
        }
        println!("  {:<46} {:>6}", "asked again, house not available", api.asked_again());
        for what in What::ALL {
            match self.estimates.errors(what) {
                Some(errors) => println!(
                    "  {} estimates: {} compared with what came ({} s, median), off by {} s (median), {} s (nine of \
                     ten), {} % within their band, {} % too short",
                    what.name(),
                    errors.compared,
                    errors.truth,
                    errors.median,
                    errors.ninety,
                    errors.within,
                    errors.too_short
                ),
                None => println!("  {} estimates: none were told", what.name()),
            }
        }
        for errors in self.forecasts.errors() {
            println!(
                "  car park forecasts, {} min ahead: {} compared, off by {} bays (median), {} % within their band of {} bays \
                 (median), which claims {} %{}",
                errors.ahead,
                errors.compared,
                errors.median,
                errors.within,
                errors.width,
                errors.claimed,
                if errors.is_honest() { "" } else { ": NOT WHAT IT CLAIMS" }
            );
        }
        println!("  headcounts: {}", self.heads.told());
        for (what, how) in self.troubles.told() {
            println!("  {what}: {}", how.as_deref().unwrap_or("NOT COPED WITH by the end of the day"));
        }
        match occupancy(api).await {
            Ok(flow) => {
                let zones = flow.zones.iter().map(|zone| {
                    let count = zone.count.map_or_else(|| "?".to_owned(), |count| count.to_string());
                    format!("{} {count}/{}", zone.zone_id, zone.capacity)
                });
                println!("  at the end: {}", zones.collect::<Vec<_>>().join(", "));
            }
            Err(error) => println!("  at the end: occupancy unknown ({error})"),
        }
    }

    /// Why the day has failed; nothing: it was as it should be. One on which nobody was admitted, or on which something
    /// surprising happened, proves nothing; on another one a band did not hold what it claims.
    pub fn unmet(&self) -> Vec<String> {
        let lived = [
            ("booked", &self.booked),
            ("bought from the waiting room", &self.sale_booked),
            ("was told there that all is sold", &self.sale_turned_away),
            ("was admitted", &self.admitted),
            ("called a visit off", &self.cancelled),
            ("had it settled", &self.settled),
            ("came by car", &self.cars_in),
            ("collected a meal", &self.meals_collected),
            ("changed a monitor", &self.monitor_updates),
            ("read a page", &self.pages_read),
        ];
        let idle = lived.into_iter().filter(|(_, count)| count.get() == 0).map(|(what, _)| format!("nobody {what}"));
        let open = self.troubles.left().into_iter();
        let wrong = self.forecasts.errors().into_iter().filter(|errors| !errors.is_honest());
        let surprises = self.surprises.lock().unwrap_or_else(PoisonError::into_inner);
        idle.chain(open.map(|what| format!("{what}: not coped with by the end of the day")))
            .chain(wrong.map(|it| format!("the car park's forecast {} minutes ahead is not what it claims", it.ahead)))
            .chain(self.estimates.grossly_wrong())
            .chain(surprises.iter().map(|(what, times)| format!("surprise ×{times}: {what}")))
            .collect()
    }
}

async fn occupancy(api: &Api) -> anyhow::Result<FlowSnapshot> {
    let mut flow = FlowClient::new(api.staff(Role::Desk).await?);
    let now = kernel::clock::wall_now();
    // Zones are told with any window.
    let window = GetFlowRequest {
        from: Some(values::timestamp(now)),
        until: Some(values::timestamp(now + chrono::TimeDelta::minutes(1))),
    };
    Ok(flow.get_flow(window).await?.into_inner())
}
