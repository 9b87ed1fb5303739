//! Visits are confirmed, and their meals with them, all that were told together: read once, written once. No proto, no
//! commit.

use std::collections::BTreeMap;

use chrono_tz::Europe::Berlin;
use kernel::Tx;
use uuid::Uuid;

use super::{
    affected, current_wish, find_place, full, kitchen, lock_kitchen, ordering, pushes, receipts, recipes, require_open,
    take,
};
use crate::{
    domain::{Confirmation, Order, OrderState, Placing, need, payment::PaidBy},
    error::Error,
    events, store,
};

/// A visit that is confirmed, and how it is paid.
pub(crate) type Confirmed = (Uuid, PaidBy);

/// Confirms the meals of visits, each with a number of its day, if the kitchen still has the time for those whose hold
/// ran out.
pub(crate) async fn confirm(tx: &mut Tx, told: &[Confirmed]) -> Result<(), Error> {
    let visits: Vec<Uuid> = told.iter().map(|(visit, _)| *visit).collect();
    if visits.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    lock_kitchen(tx).await?;
    let mut orders = store::lock_orders_of_visits(tx.conn(), &visits).await?;
    let mut confirmed = Vec::new();
    for visit in &visits {
        // Named twice: once is enough.
        let Some(mut order) = orders.remove(visit) else {
            if !confirmed.iter().any(|order: &Order| order.visit == *visit) {
                refuse(tx, *visit).await?;
            }
            continue;
        };
        match order.confirmation(now) {
            Confirmation::Keep => {}
            Confirmation::Confirm => confirmed.push(order),
            Confirmation::Retake => {
                kitchen::end_holds(tx).await?;
                if store::is_refused(tx.conn(), *visit).await? {
                    continue;
                }
                match retake(tx, &mut order).await {
                    Ok(()) => confirmed.push(order),
                    Err(
                        Error::Full { .. } | Error::TooMuch(_) | Error::StationRests { .. } | Error::SoldOut { .. },
                    ) => {
                        order.becomes(OrderState::Rejected, now);
                        store::save_order(tx.conn(), &order).await?;
                        refuse(tx, *visit).await?;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    if confirmed.is_empty() {
        return Ok(());
    }
    let from_other_menu = recipes::from_other_menu(tx, &confirmed).await?;
    number(tx, &mut confirmed).await?;
    for order in &confirmed {
        tx.append(&order.visit.to_string(), &events::order_scheduled(order)).await?;
    }
    receipts::issue(tx, &confirmed, &told.iter().copied().collect()).await?;
    pushes::times(tx, &confirmed.iter().collect::<Vec<_>>()).await?;
    affected::note_those_at_rest(tx, &confirmed).await?;
    affected::note_those_without_time(tx, &confirmed).await?;
    confirmed.retain(|order| from_other_menu.contains(&order.id));
    recipes::correct(tx, &mut confirmed).await?;
    kitchen::touch_board(tx).await
}

/// Numbers orders in their days, in their order, and writes them.
async fn number(tx: &mut Tx, confirmed: &mut [Order]) -> Result<(), Error> {
    let now = tx.now();
    let mut days: BTreeMap<_, Vec<&mut Order>> = BTreeMap::new();
    for order in confirmed.iter_mut() {
        order.becomes(OrderState::Scheduled, now);
        days.entry(order.pickup_at.with_timezone(&Berlin).date_naive()).or_default().push(order);
    }
    let mut of_day = Vec::with_capacity(days.len());
    for (day, orders) in days {
        let first = store::next_numbers(tx.conn(), day, orders.len()).await?;
        of_day.push((day, orders.iter().map(|order| order.id).collect::<Vec<_>>()));
        for (number, order) in (first..).zip(orders) {
            order.number = Some(number);
        }
    }
    store::save_orders(tx.conn(), confirmed).await?;
    for (day, orders) in of_day {
        store::save_day(tx.conn(), &orders, day).await?;
    }
    Ok(())
}

/// Takes station time again for a hold that ran out. What was charged stays as it was ordered.
async fn retake(tx: &mut Tx, order: &mut Order) -> Result<(), Error> {
    let need = need(&order.lines);
    order.wish = current_wish(tx, order.showing, order.wish).await?;
    require_open(tx, &order.lines, order.wish.anchor()).await?;
    let (place, preparation) = find_place(tx, &order.wish, &need, order.guests()).await?;
    let Placing::Fits(place) = place else {
        return Err(full(place));
    };
    ordering::retake_stock(tx, order).await?;
    take(tx, order, &place, preparation, &need).await
}

/// Says once that there will be no meal.
async fn refuse(tx: &mut Tx, visit: Uuid) -> Result<(), Error> {
    let now = tx.now();
    if store::note_refusal(tx.conn(), visit, now).await? {
        tx.append(&visit.to_string(), &events::order_refused(visit)).await?;
    }
    Ok(())
}
