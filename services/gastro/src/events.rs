//! The domain in the words of the contract. Decides nothing.

pub(crate) mod kitchen;
pub(crate) mod kitchen_system;
mod menu;
pub(crate) mod pre_orders;
mod receipts;

use kernel::values::{euro, timestamp};
use sky_proto::{
    gastro::v1 as pb,
    kernel::v1::{ChargedItem, LocalizedText},
};
use uuid::Uuid;

pub(crate) use menu::{group_lunch, item as menu_item, meal_refused, menu};
pub(crate) use receipts::{order_record, receipt};

use crate::commands::offers::Offer;
use crate::domain::{Charge, Order, OrderState, OrderedItem, Pickup, Station, StationState};

fn order_state(state: OrderState) -> pb::OrderState {
    match state {
        OrderState::Held => pb::OrderState::Held,
        OrderState::Scheduled => pb::OrderState::Scheduled,
        OrderState::Fired => pb::OrderState::Fired,
        OrderState::Preparing => pb::OrderState::Preparing,
        OrderState::Ready => pb::OrderState::Ready,
        OrderState::Recalled => pb::OrderState::Recalled,
        OrderState::Collected => pb::OrderState::Collected,
        OrderState::Expired => pb::OrderState::Expired,
        OrderState::Cancelled => pb::OrderState::Cancelled,
        OrderState::Rejected => pb::OrderState::Rejected,
    }
}

fn pickup(pickup: Pickup) -> pb::Pickup {
    match pickup {
        Pickup::Before => pb::Pickup::BeforeShowing,
        Pickup::After => pb::Pickup::AfterShowing,
    }
}

pub(crate) fn station(station: &Station) -> pb::Station {
    let state = match station.state {
        StationState::Open => pb::StationState::Open,
        StationState::Busy => pb::StationState::Busy,
        StationState::Paused => pb::StationState::Paused,
        StationState::Closed => pb::StationState::Closed,
    };
    pb::Station {
        station_id: station.id.clone(),
        name: Some(station.name.to_proto()),
        state: state.into(),
        delay_minutes: u32::try_from(station.delay.num_minutes()).unwrap_or_default(),
    }
}

pub(crate) fn pickup_offer(offer: Offer) -> pb::PickupOffer {
    pb::PickupOffer {
        pickup: pickup(offer.pickup).into(),
        at: Some(timestamp(offer.at)),
        free_seconds: offer.free_seconds,
        most_free_seconds: offer.most_free_seconds,
    }
}

pub(crate) fn ordered_item(line: &OrderedItem) -> pb::OrderedItem {
    pb::OrderedItem {
        item_id: line.item.clone(),
        name: Some(line.name.to_proto()),
        quantity: line.quantity,
        station: line.station.clone(),
        allergens: line.allergens.clone(),
        variant_id: line.variant.clone(),
        modifier_ids: line.modifiers.clone(),
        traces: line.traces.clone(),
        combo_id: line.combo.clone(),
        tray: line.tray.clone(),
        recipe_id: line.recipe.clone(),
        also_at: line.also_at.iter().map(|work| work.station.clone()).collect(),
        corrected_recipe_id: line.corrected.as_ref().map(|it| it.recipe.clone()).unwrap_or_default(),
    }
}

fn charged_item(charge: &Charge) -> ChargedItem {
    ChargedItem {
        label: Some(charge.label.to_proto()),
        quantity: charge.quantity,
        unit_price: Some(euro(charge.cents)),
        tariff_id: charge.price_id.clone(),
        tax_id: charge.tax_id.clone(),
        tax_basis_points: charge.tax_basis_points,
    }
}

pub(crate) fn order(order: &Order) -> pb::Order {
    let total = order.charges.iter().map(|charge| charge.cents * i64::from(charge.quantity)).sum();
    pb::Order {
        order_id: order.id.to_string(),
        visit_id: order.visit.to_string(),
        number: order.number.unwrap_or_default(),
        state: order_state(order.state).into(),
        lines: order.lines.iter().map(ordered_item).collect(),
        items: order.charges.iter().map(charged_item).collect(),
        total: Some(euro(total)),
        pickup: pickup(order.wish.pickup).into(),
        pickup_at: Some(timestamp(order.pickup_at)),
        fire_at: Some(timestamp(order.fire_at())),
        expires_at: Some(timestamp(order.expires_at)),
        showing_id: order.showing.to_string(),
        state_at: Some(timestamp(order.state_at)),
        walk_up: order.walk_up,
        ..Default::default()
    }
}

pub(crate) fn order_scheduled(order: &Order) -> pb::OrderScheduled {
    pb::OrderScheduled {
        order_id: order.id.to_string(),
        visit_id: order.visit.to_string(),
        number: order.number.unwrap_or_default(),
        pickup_at: Some(timestamp(order.pickup_at)),
        fire_at: Some(timestamp(order.fire_at())),
    }
}

/// The hold ran out and the kitchen has no time left.
pub(crate) fn order_refused(visit: Uuid) -> pb::OrderRefused {
    pb::OrderRefused {
        visit_id: visit.to_string(),
        reason: Some(LocalizedText {
            de: "Ihr Essen war nur befristet vorgemerkt, und die Küche hat zu dieser Zeit keinen Platz mehr."
                .to_owned(),
            en: "Your meal was held for a limited time only, and the kitchen is full by now.".to_owned(),
            plain: "Ihr Essen können wir leider nicht mehr machen.".to_owned(),
        }),
    }
}

pub(crate) fn order_moved(order: &Order) -> pb::OrderMoved {
    pb::OrderMoved {
        order_id: order.id.to_string(),
        visit_id: order.visit.to_string(),
        pickup_at: Some(timestamp(order.pickup_at)),
        fire_at: Some(timestamp(order.fire_at())),
    }
}

pub(crate) fn order_state_changed(order: &Order) -> pb::OrderStateChanged {
    pb::OrderStateChanged {
        order_id: order.id.to_string(),
        visit_id: order.visit.to_string(),
        number: order.number.unwrap_or_default(),
        state: order_state(order.state).into(),
        at: Some(timestamp(order.state_at)),
    }
}

pub(crate) fn station_changed(changed: &Station) -> pb::StationChanged {
    pb::StationChanged { station: Some(station(changed)) }
}
