//! Several things go wrong with one meal: each is decided, one after the other. Corrections that meet other things at once.

use chrono::TimeDelta;
use kernel::{
    Tx,
    testing::{House, noon},
    values::timestamp,
};
use sky_proto::{gastro::v1 as pb, reservations::v1::ShowingDelayed};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{kds, kitchen, recipes::nuts, support::*};

use pb::{
    AffectedBy,
    OfferAnswer::Keep,
    StationState::{Closed, Open},
};

fn no_nuts(visit: Uuid, showing: Uuid) -> pb::HoldOrderRequest {
    pb::HoldOrderRequest { avoid_allergens: vec![8], allergens_acknowledged: true, ..wish(visit, showing) }
}

/// A pasta for who avoids nuts.
async fn bought(house: &House) -> (Uuid, Uuid) {
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    hold(house, &no_nuts(visit, showing)).await.expect("held");
    twice(house, "journey", &confirmed(visit, showing)).await;
    (visit, showing)
}

/// What is asked of the only order that needs a decision.
async fn asked(house: &House) -> Option<AffectedBy> {
    let orders = affected(house).await;
    assert!(orders.len() < 2, "{orders:?}");
    orders.first().map(|it| AffectedBy::try_from(it.affected.as_ref().expect("why").by).expect("known"))
}

async fn keep(house: &House, visit: Uuid) {
    let request = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: Keep.into() };
    kitchen!(house, &cook()).answer_offer(request).await.expect("kept");
}

async fn settled(house: &House) -> usize {
    house.events::<pb::OrderSettled>("gastro").await.len()
}

#[tokio::test]
async fn whether_it_is_made_at_all_is_decided_and_then_what_is_in_it() {
    for by in [AffectedBy::NoTime, AffectedBy::KitchenSystem, AffectedBy::Station] {
        let house = house().await;
        let (visit, showing) = bought(&house).await;
        match by {
            AffectedBy::NoTime => {
                let few = sqlx::query("update station set slot_seconds = 60 where station_id = 'hot'");
                few.execute(house.pool("gastro")).await.expect("set");
                let delayed = ShowingDelayed {
                    showing_id: showing.to_string(),
                    minutes: 60,
                    starts_at: Some(timestamp(minutes(120))),
                    ends_at: Some(timestamp(minutes(170))),
                    ..Default::default()
                };
                twice(&house, "reservations", &delayed).await;
            }
            AffectedBy::KitchenSystem => {
                let token = kds::token(&house).await;
                kds::status(&house, &token, &order(&house, visit).await.order_id, 35).await;
            }
            _ => drop(set_station(&house, "hot", Closed).await.expect("closed")),
        }
        assert_eq!(asked(&house).await, Some(by));
        load(&house, &nuts(), false).await.expect("applied");
        assert_eq!(asked(&house).await, Some(by), "one after the other");
        match by {
            AffectedBy::Station => drop(set_station(&house, "hot", Open).await.expect("open")),
            _ => keep(&house, visit).await,
        }
        assert_eq!((asked(&house).await, settled(&house).await), (Some(AffectedBy::Recipe), 0), "{by:?}");
        keep(&house, visit).await;
        assert_eq!((asked(&house).await, settled(&house).await), (None, 1), "{by:?}");
        // What staff have settled with the party is no news any more.
        set_station(&house, "hot", Closed).await.expect("closed");
        set_station(&house, "hot", Open).await.expect("open");
        assert_eq!(asked(&house).await, None, "{by:?}");
    }
}

#[tokio::test]
async fn a_dish_that_is_made_after_all_is_asked_about_if_its_correction_was_not_read() {
    let house = house().await;
    let (visit, _) = bought(&house).await;
    load(&house, &nuts(), false).await.expect("applied");
    let replaced = substitute(&house, &order(&house, visit).await, "pretzel").await;
    // What takes its place is corrected, too, and in it is nothing that they avoid.
    let id = "id = \"pretzel\"";
    let recipe = "recipes = [{ valid_from = \"2026-11-28\", allergens = [1, 3], traces = [] }]";
    load(&house, &nuts().replacen(id, &format!("{id}\n{recipe}"), 1), false).await.expect("applied");
    assert_eq!(asked(&house).await, None);
    undo(&house, &replaced.order_id).await.expect("pasta after all");
    assert_eq!(asked(&house).await, Some(AffectedBy::Recipe));
}

/// Waits until so many transactions wait for a lock.
async fn waiting(house: &House, n: i64) {
    let sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let wait = async {
        while sqlx::query_scalar::<_, i64>(sql).fetch_one(house.pool("gastro")).await.expect("counted") < n {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.expect("they wait");
}

#[tokio::test]
async fn a_correction_that_begins_before_a_hold_and_comes_after_it_finds_its_order() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    let ((locked, is_locked), (go, may_go)) = (oneshot::channel::<()>(), oneshot::channel::<()>());
    let keeps_locked = house.transact("gastro", move |tx: &mut Tx| {
        Box::pin(async move {
            sqlx::query("select from kitchen for update").execute(tx.conn()).await?;
            locked.send(()).expect("somebody waits");
            may_go.await.expect("told");
            Ok::<(), sqlx::Error>(())
        })
    });
    let request = no_nuts(visit, showing);
    let holds = async {
        is_locked.await.expect("locked");
        house.clock.set(noon() + TimeDelta::milliseconds(1));
        hold(&house, &request).await.expect("held");
    };
    let corrects = async {
        waiting(&house, 1).await;
        house.clock.set(noon());
        load(&house, &nuts(), false).await.expect("applied");
    };
    let lets_go = async {
        waiting(&house, 2).await;
        go.send(()).expect("it waits");
    };
    let (kept, (), (), ()) = tokio::join!(keeps_locked, holds, corrects, lets_go);
    kept.expect("kept");
    assert_eq!(order(&house, visit).await.lines[0].allergens, [1], "held before the correction");
    twice(&house, "journey", &confirmed(visit, showing)).await;
    assert_eq!(asked(&house).await, Some(AffectedBy::Recipe));
}

#[tokio::test]
async fn a_busy_station_moves_nothing_of_tomorrow() {
    let house = house().await;
    let (today, _) = bought(&house).await;
    let (tomorrow, showing) = (Uuid::now_v7(), Uuid::now_v7());
    let request = pb::HoldOrderRequest {
        showing_starts_at: Some(timestamp(minutes(25 * 60))),
        showing_ends_at: Some(timestamp(minutes(26 * 60))),
        ..wish(tomorrow, showing)
    };
    hold(&house, &request).await.expect("held");
    twice(&house, "journey", &confirmed(tomorrow, showing)).await;
    set_busy(&house, "hot", 20).await.expect("busy");
    let moved: Vec<pb::OrderMoved> = house.events("gastro").await;
    assert_eq!(moved.into_iter().map(|it| it.visit_id).collect::<Vec<_>>(), [today.to_string()]);
}
