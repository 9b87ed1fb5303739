//! What has been ordered ahead in the words of the contract.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::values::{Text, timestamp};
use sky_proto::gastro::v1 as pb;

use crate::domain::pre_orders::{PreOrders, Quarter, Tray};

fn dishes(dishes: &[(Text, u32)]) -> Vec<pb::PreOrderedDish> {
    dishes
        .iter()
        .map(|(name, quantity)| pb::PreOrderedDish { name: Some(name.to_proto()), quantity: *quantity })
        .collect()
}

fn tray(it: &Tray) -> pb::PreOrderedTray {
    pb::PreOrderedTray { number: it.number, name: it.name.clone(), dishes: dishes(&it.dishes) }
}

fn quarter(it: &Quarter) -> pb::PreOrderedQuarter {
    pb::PreOrderedQuarter {
        begins_at: Some(timestamp(it.begins_at)),
        dishes: dishes(&it.dishes),
        trays: it.trays.iter().map(tray).collect(),
    }
}

pub(crate) fn pre_orders(day: NaiveDate, all: &PreOrders, now: DateTime<Utc>) -> pb::ListPreOrdersResponse {
    pb::ListPreOrdersResponse {
        day: day.to_string(),
        orders: u32::try_from(all.orders).unwrap_or(u32::MAX),
        totals: dishes(&all.totals),
        quarters: all.quarters.iter().map(quarter).collect(),
        observed_at: Some(timestamp(now)),
    }
}
