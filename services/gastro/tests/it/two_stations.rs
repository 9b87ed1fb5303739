//! A dish that two stations work on: each has its time, its board and its ticket, and it is ready when both are.

use futures::future::join_all;
use kernel::testing::House;
use sky_proto::gastro::v1 as pb;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, kitchen, support::*};

use pb::OrderState::{Fired, Preparing, Ready, Scheduled};

/// The house in which a pasta takes the hot kitchen 60 s and the cold one 30 s.
async fn house_of_two() -> House {
    let house = house().await;
    load(&house, &file("also_at = [{ station = \"cold\", work_seconds = 30 }]"), false).await.expect("loaded");
    house
}

fn file(also: &str) -> String {
    let pasta = "id = \"tomato-pasta\"\n";
    let file = nearby().replacen(pasta, &format!("{pasta}{also}\n"), 1);
    assert_ne!(file, nearby());
    file
}

async fn ready(house: &House, order_id: &str, station: &str) -> Result<pb::Order, Status> {
    let (order_id, station_id) = (order_id.to_owned(), station.to_owned());
    let request = pb::MoveTicketRequest { order_id, station_id, to: Ready.into() };
    kitchen!(house, &cook()).move_ticket(request).await.map(tonic::Response::into_inner)
}

fn works(order: &pb::Order) -> Vec<(&str, pb::OrderState)> {
    order.parts.iter().map(|part| (part.station.as_str(), part.work())).collect()
}

/// Seconds that are taken of a station in its fullest quarter, and in all.
async fn taken_of(house: &House, station: &str) -> (i64, i64) {
    sqlx::query_as(
        "select coalesce(max(seconds), 0)::bigint, coalesce(sum(seconds), 0) from slot_use where station_id = $1",
    )
    .bind(station)
    .fetch_one(house.pool("gastro"))
    .await
    .expect("sums")
}

#[tokio::test]
async fn each_station_holds_its_own_time_however_many_ask_at_once() {
    // Two pastas: 120 s of the hot kitchen and 60 s of the cold one. Whichever is short decides, in each of four quarters.
    for (short, seconds, orders) in [("hot", 250, 8), ("cold", 130, 8), ("cold", 59, 0)] {
        let house = house_of_two().await;
        set_capacity(&house, short, seconds).await;
        let wishes: Vec<pb::HoldOrderRequest> = (0..24).map(|_| wish(Uuid::now_v7(), Uuid::now_v7())).collect();
        let answers = join_all(wishes.iter().map(|wish| hold(&house, wish))).await;
        let held = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(held, orders, "{short}");
        for refused in answers.into_iter().filter_map(Result::err) {
            assert_eq!(refused.code(), Code::ResourceExhausted, "{}", refused.message());
        }
        let count = i64::try_from(orders).expect("small");
        assert_eq!((taken_of(&house, "hot").await.1, taken_of(&house, "cold").await.1), (120 * count, 60 * count));
        let (fullest, _) = taken_of(&house, short).await;
        assert!(fullest <= seconds.into(), "{short}: {fullest}");
        taken(&house).await;
    }
}

#[tokio::test]
async fn both_boards_have_it_it_is_fired_once_and_ready_when_both_parts_are() {
    let house = house_of_two().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    let scheduled = scheduled_meal(&house, visit, showing).await;
    assert_eq!(
        (scheduled.lines[0].station.as_str(), scheduled.lines[0].also_at.as_slice()),
        ("hot", ["cold".to_owned()].as_slice())
    );
    let order = until_state(&house, visit, minutes(105), Fired).await;
    twice(&house, "journey", &confirmed(visit, showing)).await;
    assert_eq!(works(&order), [("bar", Fired), ("cold", Fired), ("hot", Fired)]);
    let id = order.order_id.as_str();
    for station in ["bar", "cold"] {
        assert_eq!(ready(&house, id, station).await.expect("made").state(), Preparing, "{station}");
    }
    let done = ready(&house, id, "hot").await.expect("the last one");
    assert_eq!((done.state(), works(&done)), (Ready, vec![("bar", Ready), ("cold", Ready), ("hot", Ready)]));
    let undone = undo(&house, id).await.expect("a wet finger");
    assert_eq!(works(&undone), [("bar", Ready), ("cold", Ready), ("hot", Fired)]);
    let fired = house.events::<pb::OrderStateChanged>("gastro").await.iter().filter(|it| it.state() == Fired).count();
    assert_eq!(fired, 1);
    let tickets: i64 =
        sqlx::query_scalar("select count(*) from ticket").fetch_one(house.pool("gastro")).await.expect("counted");
    assert_eq!(tickets, 3, "one for each station");
}

#[tokio::test]
async fn a_second_station_that_rests_stops_it_like_the_first() {
    let house = house_of_two().await;
    let (visit, control, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, visit, showing).await;
    let soup = pb::HoldOrderRequest { lines: vec![line("lentil-soup", 1)], ..wish(control, showing) };
    hold(&house, &soup).await.expect("held");
    twice(&house, "journey", &confirmed(control, showing)).await;
    set_station(&house, "cold", pb::StationState::Closed).await.expect("closed");
    let listed: Vec<String> = affected(&house).await.into_iter().map(|order| order.visit_id).collect();
    assert_eq!(listed, [visit.to_string()], "the soup needs no cold kitchen");
    let refused = hold(&house, &wish(Uuid::now_v7(), showing)).await.expect_err("half of it cannot be made");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{}", refused.message());
    let menu = client!(house, &cook()).get_menu(pb::GetMenuRequest::default()).await.expect("a menu").into_inner();
    let pasta = menu.items.into_iter().find(|item| item.item_id == "tomato-pasta").expect("pasta");
    assert_eq!((pasta.available, pasta.unavailable()), (false, pb::Unavailable::Station));
    until_state(&house, control, minutes(105), Fired).await;
    assert_eq!(order(&house, visit).await.state(), Scheduled, "nothing is begun that cannot be ended");
}

#[tokio::test]
async fn what_takes_its_place_leaves_the_second_station_nothing_to_do() {
    let house = house_of_two().await;
    let visit = Uuid::now_v7();
    scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let order = until_state(&house, visit, minutes(105), Fired).await;
    let substitute = async |item: &str| substitute(&house, &order, item).await;
    assert_eq!(works(&substitute("lentil-soup").await), [("bar", Fired), ("hot", Fired)]);
    assert_eq!(works(&substitute("tomato-pasta").await), [("bar", Fired), ("cold", Fired), ("hot", Fired)]);
}

#[tokio::test]
async fn the_house_file_names_each_station_once_with_its_seconds() {
    let house = house().await;
    for (also, key, problem) in [
        ("also_at = [{ station = \"grill\", work_seconds = 30 }]", "also_at[0].station", "no station"),
        ("also_at = [{ station = \"hot\", work_seconds = 30 }]", "also_at[0].station", "already"),
        ("also_at = [{ station = \"cold\", work_seconds = 0 }]", "also_at[0].work_seconds", "1 to 900"),
        (
            "also_at = [{ station = \"cold\", work_seconds = 30 }, { station = \"cold\", work_seconds = 30 }]",
            "also_at[1].station",
            "already",
        ),
    ] {
        let wrong = load(&house, &file(also), true).await.expect_err(also);
        assert_eq!(wrong.code(), Code::InvalidArgument);
        assert!(wrong.message().contains(key) && wrong.message().contains(problem), "{}", wrong.message());
    }
}
