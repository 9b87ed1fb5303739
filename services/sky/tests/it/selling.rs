//! The desk sells on the visitors' form: from which quota, to whom, with which bay, and who may.

use chrono::TimeDelta;
use kernel::{
    Role,
    testing::House,
    values::{from_timestamp, timestamp},
};
use reqwest::StatusCode;
use sky_proto::{
    journey::v1::{Visit, VisitState},
    parking::v1::{BayClass, GetQuoteRequest, Quote, occupancy_client::OccupancyClient},
    payments::v1::{GetPaymentRequest, PaymentState, payments_client::PaymentsClient},
    reservations::v1::{Audience, ListProgrammeRequest, Showing, reservations_client::ReservationsClient},
};
use uuid::Uuid;

use crate::{
    booking::{adults, takes, visit, with_a_plan},
    browsers::{Browser, open},
    scenario::next_showing,
    world::{HOUSE_FILE, World, staff, until},
};

const PASSWORD: &str = "correct horse battery";
const DOOR: (&str, &str) = ("channel", "2");
const STAFF: (&str, &str) = ("channel", "3");
const SCHOOL: (&str, &str) = ("channel", "4");

async fn signed_in(house: &House, role: Role) -> Browser {
    portal::add_account(house.database_url(), role.name(), PASSWORD, &[role]).await.expect("an account");
    let browser = Browser::new();
    let form = [("account", role.name()), ("password", PASSWORD)];
    let (status, _, body) = browser.post(house, "/staff/sign-in", &form).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
    browser
}

async fn sell(house: &House, browser: &Browser, showing: &str, typed: &[(&str, &str)]) -> (StatusCode, String, String) {
    let key = Uuid::new_v4().to_string();
    let form: Vec<(&str, &str)> = std::iter::once(("key", key.as_str())).chain(typed.iter().copied()).collect();
    browser.post(house, &format!("/desk/showings/{showing}/sell"), &form).await
}

/// The next showing that only schools may come to.
async fn for_schools(world: &World, house: &House) -> Showing {
    let now = house.clock.now();
    let request = ListProgrammeRequest {
        from: Some(timestamp(now)),
        until: Some(timestamp(now + TimeDelta::days(10))),
        include_closed: true,
    };
    let mut desk = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    let showings = desk.list_programme(request).await.expect("a programme").into_inner().showings;
    showings.into_iter().find(|it| it.audience() == Audience::School).expect("a showing for schools")
}

#[tokio::test]
async fn where_late_guests_are_let_in_the_desk_sells_to_them() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await;
    let id = showing.showing_id.as_str();
    let (starts_at, minute) = (from_timestamp(showing.starts_at), TimeDelta::minutes(1));
    sqlx::query(
        "update showing set last_entry_at = starts_at + interval '10 minutes', revision = revision + 1,
             sale_version = sale_version + 1 where id = $1::uuid",
    )
    .bind(id)
    .execute(house.pool("reservations"))
    .await
    .expect("late guests are let in");
    let desk = signed_in(&house, Role::Desk).await;
    let sells = format!("href=\"/desk/showings/{id}/sell\"");
    let offered = || async { desk.get(&house, "/desk/sell").await.2.contains(&sells) };
    let form = format!("/desk/showings/{id}/sell");
    house.clock.set(starts_at + minute * 5);
    until("it is sold to late guests", offered, |it| *it).await;
    let (_, _, page) = desk.get(&house, &form).await;
    assert!(page.contains("name=\"count_adult\""), "{page}");
    let (_, order, body) = sell(&house, &desk, id, &[DOOR, ("count_adult", "1")]).await;
    assert!(order.starts_with("/desk/orders/"), "{body}");
    let online = takes(&world, &house, id, adults(1)).await.expect_err("visitors come to later ones");
    assert!(online.message().contains("begun"), "{online}");
    house.clock.set(starts_at + minute * 10);
    until("it is sold no longer", offered, |it| !*it).await;
    let (status, _, body) = sell(&house, &desk, id, &[DOOR, ("count_adult", "1")]).await;
    assert!(status.is_client_error() && body.contains("begonnen"), "{status} {body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_that_is_pressed_twice_at_the_desk_sells_once_and_refuses_nothing() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let desk = signed_in(&house, Role::Desk).await;
    let (action, key) = (format!("/desk/showings/{showing}/sell"), Uuid::new_v4().to_string());
    let form = [("key", key.as_str()), DOOR, ("count_adult", "2")];
    // The first time is not answered yet when the second one comes.
    let mut blocker = house.pool("reservations").begin().await.expect("begun");
    let lock = sqlx::query("select 1 from showing where id = $1::uuid for update").bind(&showing);
    lock.execute(&mut *blocker).await.expect("locked");
    let second = async {
        let begun = async || {
            let visits = sqlx::query_scalar::<_, i64>("select count(*) from visit where state = 'holding'");
            visits.fetch_one(house.pool("journey")).await.expect("counted")
        };
        until("the first has begun", begun, |visits| *visits == 1).await;
        let second = desk.post(&house, &action, &form).await;
        blocker.rollback().await.expect("let go");
        second
    };
    let ((_, order, body), (twice, _, page)) = tokio::join!(desk.post(&house, &action, &form), second);
    assert!(order.starts_with("/desk/orders/"), "{body}");
    assert_eq!(twice, StatusCode::SERVICE_UNAVAILABLE, "{page}");
    assert!(page.contains(&key) && !page.contains("nicht mehr frei"), "the same form again: {page}");
    let (_, again, body) = desk.post(&house, &action, &form).await;
    assert_eq!(again, order, "one visit: {body}");
}

#[tokio::test]
async fn the_desk_sells_from_its_quotas_and_takes_the_money() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await;
    let id = showing.showing_id.as_str();
    // Places are chosen at the end.
    sqlx::query("update showing set numbered = true, revision = revision + 1, sale_version = sale_version + 1")
        .execute(house.pool("reservations"))
        .await
        .expect("numbered");
    for people in [28, 28, 28, 2] {
        takes(&world, &house, id, adults(people)).await.expect("held");
    }
    let desk = signed_in(&house, Role::Desk).await;
    let (_, _, programme) = desk.get(&house, "/desk/sell").await;
    assert!(programme.contains(&format!("href=\"/desk/showings/{id}/sell\"")), "{programme}");
    let form = until(
        "a form that knows what is left",
        || async { desk.get(&house, &format!("/desk/showings/{id}/sell")).await.2 },
        |form| form.contains("Abendkasse, noch 11 frei"),
    )
    .await;
    assert!(form.contains("Haus, noch 16 frei") && form.contains("Schule oder Kita, nichts mehr frei"), "{form}");
    assert!(form.contains("name=\"channel\" value=\"2\" checked"), "the door is the usual one: {form}");

    let visitor = Browser::new();
    let key = Uuid::new_v4().to_string();
    let typed = [("key", key.as_str()), ("count_adult", "1"), DOOR];
    let (status, _, body) = visitor.post(&house, &format!("/showings/{id}/hold"), &typed).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "visitors buy online, whatever they send: {body}");
    let (status, to, body) = sell(&house, &desk, id, &[("count_adult", "2"), DOOR]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
    let (_, _, summary) = desk.get(&house, &to).await;
    assert!(summary.contains(&format!("action=\"{to}/confirm\"")) && !summary.contains("required"), "{summary}");
    let (status, again, body) = desk.post(&house, &format!("{to}/confirm"), &[("name", ""), ("email", "")]).await;
    assert_eq!((status, again.as_str()), (StatusCode::SEE_OTHER, to.as_str()), "{body}");
    let sold = until(
        "the sale",
        || async { desk.get(&house, &to).await.2 },
        |page| page.contains("class=\"qr\"") && page.contains("Bar kassiert"),
    )
    .await;
    let booked = visit(&world, &to).await;
    assert!(sold.contains(&booked.reference), "{sold}");
    let cents = booked.total.expect("a total").cents.to_string();
    let form = [("visit", booked.visit_id.as_str()), ("expected", cents.as_str()), ("means", "cash")];
    desk.post(&house, "/desk/settle", &form).await;
    let mut payments = PaymentsClient::new(world.door("payments", &staff(Role::Desk)));
    let request = GetPaymentRequest { visit_id: booked.visit_id.clone() };
    let payment = payments.get_payment(request).await.expect("a payment").into_inner();
    assert_eq!(payment.state(), PaymentState::Paid);

    let (status, _, body) = sell(&house, &desk, id, &[("count_adult", "10"), DOOR]).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(body.contains("Nur noch 9 Plätze frei."), "{body}");
    let (status, _, body) = sell(&house, &desk, id, &[("count_adult", "10"), STAFF]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "the house has its own: {body}");

    // Protected places are anybody's at the desk once they are released, and before nobody's.
    let (status, _, body) = sell(&house, &desk, id, &[("count_adult", "1"), ("seat", "W1"), STAFF]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body.contains("W1 ist für Menschen im Rollstuhl"), "{body}");
    house.clock.set(from_timestamp(showing.starts_at) - TimeDelta::minutes(2));
    let (status, to, body) = sell(&house, &desk, id, &[("count_adult", "1"), ("seat", "W1"), STAFF]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
    assert_eq!(visit(&world, &to).await.seats[0].label, "W1");
    house.clock.set(from_timestamp(showing.starts_at));
    let (_, _, body) = sell(&house, &desk, id, &[("count_adult", "1"), STAFF]).await;
    assert!(body.contains("hat schon begonnen"), "{body}");
}

async fn quote(world: &World, showing: &Showing, class: BayClass) -> Quote {
    let mut occupancy = OccupancyClient::new(world.door("parking", &staff(Role::Desk)));
    let request = GetQuoteRequest {
        bay_class: class.into(),
        from: Some(timestamp(from_timestamp(showing.starts_at) - TimeDelta::minutes(60))),
        until: Some(timestamp(from_timestamp(showing.ends_at) + TimeDelta::minutes(60))),
    };
    occupancy.get_quote(request).await.expect("a quote").into_inner()
}

#[tokio::test]
async fn a_class_is_booked_at_the_desk_with_its_coach() {
    let (house, world) = open().await;
    let showing = for_schools(&world, &house).await;
    let id = showing.showing_id.as_str();
    let day = from_timestamp(showing.starts_at).with_timezone(&chrono_tz::Europe::Berlin).date_naive();
    let desk = signed_in(&house, Role::Desk).await;
    let (_, _, programme) = desk.get(&house, &format!("/desk/sell?day={day}")).await;
    assert!(programme.contains("für Schulen") && programme.contains(id), "{programme}");
    let coach = quote(&world, &showing, BayClass::Coach).await;
    let (_, _, form) = desk.get(&house, &format!("/desk/showings/{id}/sell")).await;
    assert!(form.contains("name=\"channel\" value=\"4\" checked"), "schools come from their own quota: {form}");
    // Another tray is asked for where the order is typed, not on the page that visitors buy from.
    let here = format!("formaction=\"/desk/showings/{id}/sell#on-tray");
    assert!(form.contains(&here) && !form.contains("formaction=\"/showings/"), "{form}");
    let (status, _, more) = sell(&house, &desk, id, &[("count_pupil", "28"), SCHOOL, ("more", "tray")]).await;
    assert!(status.is_success() && more.contains(&here) && more.contains("name=\"channel\""), "{status} {more}");
    let cents = coach.total.as_ref().expect("a price").cents;
    let price = format!("{},{:02}\u{a0}€", cents / 100, cents % 100);
    let bay = |form: &str| -> String {
        form.split("<label for=\"bay3\">").nth(1).expect("a bay").chars().take(120).collect()
    };
    let told = format!("{price}, noch {} frei", coach.free);
    assert!(coach.free > 1 && bay(&form).contains(&told), "{told}: {}", bay(&form));

    let class = [("count_pupil", "28"), SCHOOL, ("parking", "3")];
    let (status, to, body) = sell(&house, &desk, id, &class).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
    let held = visit(&world, &to).await;
    assert_eq!(held.seats.len(), 28);
    let right = held.parking.expect("a bay");
    assert_eq!((right.bay_class(), right.total), (BayClass::Coach, coach.total), "it costs what the form said");
    let (_, _, summary) = desk.get(&house, &to).await;
    assert!(summary.contains("Busstellplatz"), "{summary}");
    let one_less = format!("{price}, noch {} frei", coach.free - 1);
    let form = || async { desk.get(&house, &format!("/desk/showings/{id}/sell")).await.2 };
    until("one coach less", form, |form| bay(form).contains(&one_less)).await;

    // Not for visitors: neither the showing nor a bay for coaches, however the form is made.
    let open_to_all = next_showing(&world, house.clock.now()).await.showing_id;
    for (showing, parking, status, says) in
        [(id, "0", 409, "Diese Vorstellung ist geschlossen."), (&open_to_all, "3", 409, "vergibt die Kasse")]
    {
        let key = Uuid::new_v4().to_string();
        let typed = [("key", key.as_str()), ("count_adult", "1"), ("parking", parking)];
        let (seen, _, body) = Browser::new().post(&house, &format!("/showings/{showing}/hold"), &typed).await;
        assert_eq!(seen, status, "{body}");
        assert!(body.contains(says), "{body}");
    }
}

#[tokio::test]
async fn the_form_offers_the_bays_that_the_house_file_sells_so() {
    const COACH: &str = "id=\"bay3\"";
    const FAMILY: &str = "id=\"bay5\"";
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let desk = signed_in(&house, Role::Desk).await;
    let forms = async || {
        let (_, _, visitors) = Browser::new().get(&house, &format!("/showings/{showing}")).await;
        let (_, _, desks) = desk.get(&house, &format!("/desk/showings/{showing}/sell")).await;
        [visitors, desks].map(|form| (form.contains(COACH), form.contains(FAMILY)))
    };
    assert_eq!(forms().await, [(false, true), (true, true)], "a coach is agreed on with the desk");
    // Another house: coaches book online, families ring up.
    let other = HOUSE_FILE.replacen("sold_by = [\"desk\", \"partner\"]", "sold_by = [\"online\"]", 1).replacen(
        "class = \"family\"\ncount",
        "class = \"family\"\nsold_by = [\"desk\"]\ncount",
        1,
    );
    world.load(&other).await;
    until("the other house's bays", forms, |told| *told == [(true, false), (false, true)]).await;
}

#[tokio::test]
async fn only_the_desk_and_the_operator_sell() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let page = format!("/desk/showings/{showing}/sell");
    let operator = signed_in(&house, Role::Operator).await;
    let (status, to, body) = sell(&house, &operator, &showing, &[("count_adult", "1"), DOOR]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
    let (status, ..) = operator.post(&house, &format!("{to}/extend"), &[("name", "")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    operator.post(&house, &format!("{to}/confirm"), &[("name", ""), ("email", "")]).await;
    let sold =
        until("the sale", || async { operator.get(&house, &to).await.2 }, |it| it.contains("class=\"qr\"")).await;
    assert!(sold.contains("Zu bezahlen:") && !sold.contains("/desk/settle"), "the desk takes the money: {sold}");

    for nonsense in ["1", "", "9", "x"] {
        let (status, ..) = sell(&house, &operator, &showing, &[("count_adult", "1"), ("channel", nonsense)]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{nonsense}");
    }
    let cook = signed_in(&house, Role::Kitchen).await;
    let visitor = Browser::new();
    for path in [page.as_str(), to.as_str(), "/desk/sell"] {
        assert_eq!(cook.get(&house, path).await.0, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(visitor.get(&house, path).await.1, format!("/staff/sign-in?next={path}"));
    }
    for path in [page, format!("{to}/confirm"), format!("{to}/extend"), format!("{to}/cancel")] {
        assert_eq!(cook.post(&house, &path, &[("count_adult", "1"), DOOR]).await.0, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(visitor.post(&house, &path, &[("count_adult", "1"), DOOR]).await.0, StatusCode::UNAUTHORIZED);
    }
    // What the desk sells is no visitor's.
    assert_eq!(visitor.get(&house, &to.replace("/desk/orders/", "/order/")).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_party_is_moved_by_where_it_would_like_to_sit_and_reads_what_is_taken() {
    let (house, world) = open().await;
    let showing = with_a_plan(&world, &house).await;
    let desk = signed_in(&house, Role::Desk).await;
    let (_, to, _) = sell(&house, &desk, &showing, &[("count_adult", "2"), DOOR, ("sit", "2")]).await;
    desk.post(&house, &format!("{to}/confirm"), &[("name", ""), ("email", "")]).await;
    let booked = until("booked", || visit(&world, &to), |it| it.state() == VisitState::Confirmed).await;
    let row = |visit: &Visit| visit.seats[0].label.chars().next().expect("a row");
    let behind = row(&booked);
    let reseat = async |typed: &[(&str, &str)]| {
        let key = Uuid::new_v4().to_string();
        let form = [[("key", key.as_str()), ("visit", booked.visit_id.as_str())].as_slice(), typed].concat();
        let (_, to, body) = desk.post(&house, "/desk/reseat", &form).await;
        assert_eq!(to, "/desk", "{body}");
        desk.get(&house, "/desk").await.2
    };
    let page = reseat(&[("seats", ""), ("sit", "1")]).await;
    assert!(page.contains("Umgesetzt auf A"), "{page}");
    let moved = until("moved", || visit(&world, &to), |it| row(it) < behind).await;
    let theirs: Vec<&str> = moved.seats.iter().map(|seat| seat.label.as_str()).collect();

    let (_, other, _) = sell(&house, &desk, &showing, &[("count_adult", "2"), DOOR]).await;
    let others = visit(&world, &other).await.seats;
    let page = reseat(&[("seats", &format!("{}, {}", others[0].label, theirs[0]))]).await;
    let says = format!("Der Platz {} ist inzwischen vergeben.", others[0].label);
    assert!(page.contains(&says), "{page}");
}
