//! Booking on the pages as browsers without JavaScript do it: by needs, chosen places and wishes, longer than ten
//! minutes, and what a page says when there are no such places.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Role,
    testing::House,
    values::{from_timestamp, timestamp},
};
use reqwest::StatusCode;
use sky_proto::{
    journey::v1::{GetVisitRequest, Visit, VisitState, journey_client::JourneyClient},
    reservations::v1::{
        BlockSeatsRequest, Channel, HoldSeatsRequest, ListProgrammeRequest, Need, PartyLine, SetSaleStartRequest,
        reservations_client::ReservationsClient,
    },
};
use sqlx::PgConnection;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    browsers::{Browser, open, open_with},
    scenario::next_showing,
    world::{self, World, staff},
};

/// The next showing with a plan to choose places from.
pub async fn with_a_plan(world: &World, house: &House) -> String {
    let now = house.clock.now();
    let request = ListProgrammeRequest {
        from: Some(timestamp(now)),
        until: Some(timestamp(now + TimeDelta::days(10))),
        include_closed: false,
    };
    let mut programme = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    let showings = programme.list_programme(request).await.expect("a programme").into_inner().showings;
    showings.into_iter().find(|it| it.numbered).expect("one with a plan").showing_id
}

/// A form as a page sends it, with a key of its own.
pub async fn post(
    house: &House,
    browser: &Browser,
    showing: &str,
    typed: &[(&str, &str)],
) -> (StatusCode, String, String) {
    let key = Uuid::new_v4().to_string();
    let form: Vec<(&str, &str)> = std::iter::once(("key", key.as_str())).chain(typed.iter().copied()).collect();
    browser.post(house, &format!("/showings/{showing}/hold"), &form).await
}

/// What was refused, on which kind of page.
pub async fn refused(house: &House, showing: &str, typed: &[(&str, &str)]) -> (u16, String) {
    let (status, _, body) = post(house, &Browser::new(), showing, typed).await;
    (status.as_u16(), body)
}

pub async fn visit(world: &World, path: &str) -> Visit {
    let mut journey = JourneyClient::new(world.door("journey", &staff(Role::Desk)));
    let visit_id = path.rsplit('/').next().expect("an id").to_owned();
    journey.get_visit(GetVisitRequest { visit_id }).await.expect("a visit").into_inner()
}

/// Waits until others may have the places: whoever chose anew has its answer before that.
async fn given_back(world: &World, path: &str) {
    for _ in 0..200 {
        if visit(world, path).await.state() == VisitState::Expired {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{path} is held still");
}

/// Chooses and is led to the summary.
async fn held(house: &House, world: &World, browser: &Browser, showing: &str, typed: &[(&str, &str)]) -> Visit {
    let (status, to, body) = post(house, browser, showing, typed).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{typed:?}: {body}");
    let (status, _, summary) = browser.get(house, &to).await;
    let visit = visit(world, &to).await;
    assert_eq!(status, StatusCode::OK, "{summary}");
    for seat in &visit.seats {
        assert!(summary.contains(&seat.label), "{} is not in {summary}", seat.label);
    }
    visit
}

/// Somebody else holds places, past the pages.
pub async fn takes(world: &World, house: &House, showing: &str, line: PartyLine) -> Result<(), Status> {
    let mut sale = ReservationsClient::new(world.door("reservations", &Caller::Service("journey".to_owned())));
    let request = HoldSeatsRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: Uuid::new_v4().to_string(),
        showing_id: showing.to_owned(),
        party: vec![line],
        expires_at: Some(timestamp(house.clock.now() + TimeDelta::minutes(10))),
        seats: Vec::new(),
        channel: Channel::Online.into(),
        wish: None,
        offered: false,
    };
    sale.hold_seats(request).await.map(drop)
}

pub fn adults(count: u32) -> PartyLine {
    PartyLine { tariff_class: "adult".to_owned(), count, need: 0 }
}

#[tokio::test]
async fn a_party_sits_where_its_needs_are_met() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let (_, _, form) = Browser::new().get(&house, &format!("/showings/{showing}")).await;
    for (field, need, feature) in [
        ("need_wheelchair", Need::Wheelchair, "wheelchair"),
        ("need_hearing_loop", Need::HearingLoop, "hearing_loop"),
        ("need_step_free", Need::StepFree, "step_free"),
        ("need_guide_dog", Need::GuideDog, "guide_dog"),
    ] {
        assert!(form.contains(&format!("name=\"{field}\"")), "{field}");
        let visit = held(&house, &world, &Browser::new(), &showing, &[("count_adult", "2"), (field, "1")]).await;
        let seat = visit.seats.iter().find(|seat| seat.need() == need).expect("a place for the need");
        assert!(seat.features.iter().any(|it| it == feature), "{field}: {seat:?}");
        assert_eq!(visit.seats.len(), 2, "the others sit with them");
    }
    let pair = [("count_adult", "2"), ("need_wheelchair", "1"), ("need_companion", "1")];
    let visit = held(&house, &world, &Browser::new(), &showing, &pair).await;
    let label = |need: Need| visit.seats.iter().find(|seat| seat.need() == need).expect("a place").label.clone();
    assert_eq!(label(Need::Companion), format!("{}B", label(Need::Wheelchair)), "side by side, in one step");

    let alone = [("count_adult", "2"), ("need_companion", "1")];
    let (status, body) = refused(&house, &showing, &alone).await;
    assert_eq!(status, 422);
    assert!(body.contains("<a href=\"#need_companion\">Ein Begleitplatz steht neben einem Rollstuhlplatz."), "{body}");

    // Nobody has a companion's free place without whom they accompany.
    let (status, body) = refused(&house, &showing, &[("count_companion", "1")]).await;
    assert_eq!(status, 422);
    assert!(
        body.contains("<a href=\"#count_companion\">„Begleitperson (Merkzeichen B, frei)“ lässt sich nur"),
        "{body}"
    );

    let (status, body) = refused(&house, &showing, &[("count_adult", "1"), ("need_wheelchair", "2")]).await;
    assert_eq!(status, 422);
    assert!(body.contains("mehr besondere Plätze gewählt als Personen"), "{body}");
    assert!(
        body.contains(
            "name=\"need_wheelchair\" type=\"number\" inputmode=\"numeric\" min=\"0\" max=\"20\" value=\"2\""
        )
    );
}

#[tokio::test]
async fn chosen_places_are_had_and_others_are_named() {
    let (house, world) = open().await;
    let showing = with_a_plan(&world, &house).await;
    let chosen = [("count_adult", "2"), ("seat", "E5"), ("seat", "E6")];
    let visit = held(&house, &world, &Browser::new(), &showing, &chosen).await;
    let labels: Vec<&str> = visit.seats.iter().map(|seat| seat.label.as_str()).collect();
    assert_eq!(labels, ["E5", "E6"]);

    let (status, body) = refused(&house, &showing, &chosen).await;
    assert_eq!(status, 409);
    assert!(body.contains("<a href=\"#seats\">Diese Plätze sind inzwischen vergeben: E5, E6."), "{body}");
    for label in ["E5", "E6"] {
        let seat = body.split("<label class=\"seat").find(|it| it.contains(&format!("value=\"{label}\""))).expect("it");
        assert!(seat.contains(" disabled") && !seat.contains(" checked"), "{seat}");
    }
    let one = [("count_adult", "2"), ("seat", "E6"), ("seat", "E7")];
    let (_, body) = refused(&house, &showing, &one).await;
    assert!(body.contains("Der Platz E6 ist inzwischen vergeben."), "{body}");
    let free = body.split("<label class=\"seat").find(|it| it.contains("value=\"E7\"")).expect("it");
    assert!(free.contains(" checked"), "what is free stays chosen: {free}");

    let request = BlockSeatsRequest {
        showing_id: showing.clone(),
        seats: vec!["D4".to_owned()],
        blocked: true,
        reason: "broken".to_owned(),
    };
    let mut desk = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    desk.block_seats(request).await.expect("blocked");
    let table = [
        (vec![("seat", "W1"), ("seat", "E9")], 422, "W1 ist für Menschen im Rollstuhl"),
        (vec![("seat", "D4"), ("seat", "E9")], 409, "Für diese Vorstellung nicht im Verkauf: D4."),
        (vec![("seat", "Z99"), ("seat", "E9")], 422, "Den Platz Z99 gibt es in diesem Saal nicht."),
        (vec![("seat", "E9"), ("seat", "E10"), ("need_wheelchair", "1")], 429, "fehlt ein Rollstuhlplatz"),
        (vec![("seat", "E9")], 422, "Bitte genau 2 Plätze wählen oder keinen."),
    ];
    for (typed, status, says) in table {
        let typed: Vec<(&str, &str)> = std::iter::once(("count_adult", "2")).chain(typed).collect();
        let (seen, body) = refused(&house, &showing, &typed).await;
        assert_eq!(seen, status, "{typed:?}: {body}");
        assert!(body.contains(says), "{typed:?}: {body}");
        assert!(body.contains("<details id=\"seats\" open>"), "the plan stays open: {body}");
    }
}

#[tokio::test]
async fn wishes_are_followed() {
    let (house, world) = open().await;
    let showing = with_a_plan(&world, &house).await;
    let row = |visit: &Visit| visit.seats[0].label.chars().next().expect("a row");
    let party = ("count_adult", "2");
    let front = held(&house, &world, &Browser::new(), &showing, &[party, ("sit", "1")]).await;
    let back = held(&house, &world, &Browser::new(), &showing, &[party, ("sit", "2")]).await;
    let anywhere = held(&house, &world, &Browser::new(), &showing, &[party, ("sit", "0")]).await;
    assert!(row(&front) < row(&anywhere) && row(&anywhere) < row(&back), "{front:?} {anywhere:?} {back:?}");
    let aisle = held(&house, &world, &Browser::new(), &showing, &[party, ("aisle", "1")]).await;
    let is_on_aisle = |visit: &Visit| visit.seats.iter().any(|seat| seat.features.iter().any(|it| it == "aisle"));
    assert!(is_on_aisle(&aisle), "{aisle:?}");
    assert!(!is_on_aisle(&anywhere), "the best places are not on the aisle: {anywhere:?}");
}

#[tokio::test]
async fn who_finds_no_places_reads_which_and_when_some_may_come_back() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let until = house.clock.now() + TimeDelta::minutes(10);
    let until = until.with_timezone(&chrono_tz::Europe::Berlin).format("%H:%M").to_string();
    for _ in 0..4 {
        let wheelchair = PartyLine { need: Need::Wheelchair.into(), ..adults(1) };
        takes(&world, &house, &showing, wheelchair).await.expect("held");
    }
    let (status, body) = refused(&house, &showing, &[("count_adult", "1"), ("need_wheelchair", "1")]).await;
    assert_eq!(status, 429);
    assert!(
        body.contains("<a href=\"#need_wheelchair\">Für diese Vorstellung ist gerade kein Rollstuhlplatz frei."),
        "{body}"
    );
    // Held by others, not gone: the sentence says until when, and so does what moves by itself.
    assert!(body.contains(&format!("wird vielleicht um {until} Uhr wieder frei.")), "{body}");
    let line = format!("Rollstuhlplätze alle reserviert, vielleicht wieder frei um {until}");
    let page = || async { Browser::new().get(&house, &format!("/showings/{showing}")).await.2 };
    world::until("the page says so", page, |page| page.contains(&line)).await;
    let field = body.split("<input id=\"need_wheelchair\"").nth(1).expect("the field");
    assert!(field.split('>').next().expect("it").contains("aria-invalid=\"true\""), "{field}");

    // All but two of those that are sold online.
    for people in [28, 28, 28] {
        takes(&world, &house, &showing, adults(people)).await.expect("held");
    }
    let back = format!("werden vielleicht um {until} Uhr wieder frei.");
    let (status, body) = refused(&house, &showing, &[("count_adult", "3")]).await;
    assert_eq!(status, 429);
    assert!(body.contains("Nur noch 2 Plätze frei.") && body.contains(&back), "{body}");
    assert!(body.contains("value=\"3\""), "what was typed is still there");
    assert!(body.contains("Das würde passen:"), "{body}");
    assert!(body.contains(&format!("data-live=\"/showings/{showing}/live\"")), "and moves by itself: {body}");

    takes(&world, &house, &showing, adults(2)).await.expect("held");
    let (_, body) = refused(&house, &showing, &[("count_adult", "1")]).await;
    assert!(body.contains("Ausverkauft.") && body.contains(&back), "{body}");
    let english = Browser::new();
    english.get(&house, "/accessibility?lang=en").await;
    let (_, _, body) = post(&house, &english, &showing, &[("count_adult", "1")]).await;
    assert!(body.contains(&format!("Sold out. Places held by others may come back at {until}.")), "{body}");
}

#[tokio::test]
async fn before_a_sale_the_page_says_when_it_begins() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await;
    let opens = house.clock.now() + TimeDelta::minutes(30);
    let mut desk = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    let request = SetSaleStartRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.showing_id.clone(),
        release_id: String::new(),
        on_sale_at: Some(timestamp(opens)),
    };
    desk.set_sale_start(request).await.expect("set");
    let (status, body) = refused(&house, &showing.showing_id, &[("count_adult", "1")]).await;
    assert_eq!(status, 409);
    let at = opens.with_timezone(&chrono_tz::Europe::Berlin).format("am %d.%m.%Y um %H:%M Uhr").to_string();
    assert!(body.contains(&format!("Der Verkauf im Internet beginnt {at}")), "{body}");
}

#[tokio::test]
async fn more_time_is_had_thrice_and_what_was_typed_stays() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let browser = Browser::new();
    let (_, to, _) = post(&house, &browser, &showing, &[("count_adult", "1")]).await;
    let until = async || from_timestamp(visit(&world, &to).await.hold_expires_at);
    let begun = house.clock.now();
    let time = |at: DateTime<Utc>| at.with_timezone(&chrono_tz::Europe::Berlin).format("%H:%M").to_string();
    let (_, _, summary) = browser.get(&house, &to).await;
    let says_until = format!("\">{}</time>", time(begun + TimeDelta::minutes(10)));
    assert!(summary.contains("Für Sie reserviert bis") && summary.contains(&says_until), "{summary}");
    assert!(summary.contains(&format!("formaction=\"{to}/extend\" formnovalidate>Mehr Zeit")), "{summary}");
    let left: i64 =
        summary.split("data-left=\"").nth(1).and_then(|it| it.split('"').next()).expect("it").parse().expect("ms");
    assert!((590_000..=600_000).contains(&left), "{left}");

    let typed = [("name", "Erika Muster"), ("email", "erika@"), ("method", "2"), ("plain", "1")];
    for (now, expected) in [(8, 18), (17, 27), (26, 30)] {
        house.clock.set(begun + TimeDelta::minutes(now));
        let (status, _, body) = browser.post(&house, &format!("{to}/extend"), &typed).await;
        let expected = begun + TimeDelta::minutes(expected);
        assert_eq!((status, until().await), (StatusCode::OK, expected), "{body}");
        assert!(body.contains(&format!("Reserviert bis {}.", time(expected))), "{body}");
        for kept in [
            "value=\"Erika Muster\"",
            "value=\"erika@\"",
            "name=\"method\" value=\"2\" checked",
            "name=\"plain\" value=\"1\" checked",
            &format!("href=\"{to}?lang=en\""),
        ] {
            assert!(body.contains(kept), "{kept}: {body}");
        }
    }
    let (_, _, body) = browser.post(&house, &format!("{to}/extend"), &typed).await;
    assert!(body.contains("Länger als 30 Minuten geht es leider nicht."), "{body}");
    let (status, back, _) = browser.post(&house, &format!("{to}/extend"), &[("name", ""), ("email", "")]).await;
    assert_eq!((status, back.as_str()), (StatusCode::SEE_OTHER, to.as_str()), "nothing typed: the page anew");

    house.clock.set(begun + TimeDelta::minutes(31));
    let (_, back, _) = browser.post(&house, &format!("{to}/extend"), &typed).await;
    assert_eq!(back, to, "no promise that is not kept");
    let (_, over, _) = browser.get(&house, &to).await;
    assert!(over.starts_with("/visits/"), "{over}");
}

/// Keeps the seller from writing: somebody else has the showing's row.
async fn block<'c>(house: &House, showing: &str) -> sqlx::Transaction<'c, sqlx::Postgres> {
    let mut blocker = house.pool("reservations").begin().await.expect("begun");
    let conn: &mut PgConnection = &mut blocker;
    let lock = sqlx::query("select 1 from showing where id = $1 for update");
    lock.bind(Uuid::parse_str(showing).expect("an id")).execute(conn).await.expect("locked");
    blocker
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_too_many_buy_the_page_keeps_the_form_and_sends_it_again() {
    let queue = BTreeMap::from([("queue".to_owned(), toml::Value::Integer(1))]);
    let (house, world) = open_with(BTreeMap::from([("reservations".to_owned(), queue)])).await;
    let (house, world) = (std::sync::Arc::new(house), std::sync::Arc::new(world));
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let blocker = block(&house, &showing).await;
    let mut before = tokio::task::JoinSet::new();
    let is_full = async |before: &mut tokio::task::JoinSet<Result<(), Status>>| {
        let (house, world, showing) = (house.clone(), world.clone(), showing.clone());
        before.spawn(async move { takes(&world, &house, &showing, adults(1)).await });
        let soon = tokio::time::timeout(std::time::Duration::from_millis(200), before.join_next()).await;
        matches!(soon, Ok(Some(Ok(Err(status)))) if status.code() == Code::ResourceExhausted)
    };
    while !is_full(&mut before).await {}

    let browser = Browser::new();
    let (status, _, body) = post(&house, &browser, &showing, &[("count_adult", "2"), ("sit", "2")]).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert!(body.contains("Gerade kaufen sehr viele") && !body.contains("nicht mehr frei"), "{body}");
    assert!(body.contains("data-again=\"2\"") && body.contains("/static/again.js"), "{body}");
    blocker.rollback().await.expect("let go");
    while before.join_next().await.is_some() {}

    // As the script sends it, and the button.
    let hidden: Vec<(&str, &str)> = body
        .split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|it| {
            let (name, rest) = it.split_once("\" value=\"").expect("a value");
            (name, rest.split('"').next().expect("a value"))
        })
        .collect();
    assert!(hidden.contains(&("count_adult", "2")) && hidden.contains(&("again", "1")), "{hidden:?}");
    let action = format!("/showings/{showing}/hold");
    assert!(body.contains(&format!("action=\"{action}\"")), "{body}");
    let (_, _, form) = browser.post(&house, &action, &[hidden.as_slice(), &[("more", "form")]].concat()).await;
    assert!(form.contains("value=\"2\"") && form.contains("Weiter zur Übersicht"), "{form}");
    let (status, to, body) = browser.post(&house, &action, &hidden).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
    assert_eq!(visit(&world, &to).await.seats.len(), 2);
    let (_, again, _) = browser.post(&house, &action, &hidden).await;
    assert_eq!(again, to, "sent twice: one visit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_that_is_pressed_twice_gives_one_visit_and_no_refusal() {
    let (house, world) = open_with(BTreeMap::new()).await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let browser = Browser::new();
    let (status, _, body) = post(&house, &browser, &showing, &[("count_adult", "1")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "has a session from now on: {body}");
    let (action, key) = (format!("/showings/{showing}/hold"), Uuid::new_v4().to_string());
    let form = [("key", key.as_str()), ("count_adult", "2")];
    // The first time is not answered yet when the second one comes.
    let blocker = block(&house, &showing).await;
    let pause = |ms| tokio::time::sleep(std::time::Duration::from_millis(ms));
    let second = async {
        pause(200).await;
        let second = browser.post(&house, &action, &form).await;
        blocker.rollback().await.expect("let go");
        second
    };
    let ((status, order, body), (twice, _, page)) = tokio::join!(browser.post(&house, &action, &form), second);
    assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
    assert_eq!(twice, StatusCode::SERVICE_UNAVAILABLE, "{page}");
    assert!(page.contains(&key) && !page.contains("nicht mehr frei"), "the same form again: {page}");
    let (_, again, _) = browser.post(&house, &action, &form).await;
    assert_eq!(again, order, "one visit");
    assert_eq!(visit(&world, &order).await.seats.len(), 2);
}

#[tokio::test]
async fn a_second_showing_takes_nothing_from_the_first_and_chosen_anew_it_is_given_back() {
    let (house, world) = open().await;
    let showing = with_a_plan(&world, &house).await;
    let request = ListProgrammeRequest {
        from: Some(timestamp(house.clock.now() + TimeDelta::hours(1))),
        until: Some(timestamp(house.clock.now() + TimeDelta::days(10))),
        include_closed: false,
    };
    let mut programme = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    let showings = programme.list_programme(request).await.expect("a programme").into_inner().showings;
    let other =
        showings.into_iter().find(|it| it.numbered && it.showing_id != showing).expect("another one").showing_id;

    let family = Browser::new();
    let first = held(&house, &world, &family, &showing, &[("count_adult", "2")]).await;
    let second = held(&house, &world, &family, &other, &[("count_adult", "2")]).await;
    let order = |visit: &Visit| format!("/order/{}", visit.visit_id);
    for held in [&first, &second] {
        assert_eq!(visit(&world, &order(held)).await.state(), VisitState::Held);
        let (status, _, page) = family.get(&house, &order(held)).await;
        assert_eq!(status, StatusCode::OK, "both go on: {page}");
    }
    let anew = held(&house, &world, &family, &other, &[("count_adult", "1")]).await;
    given_back(&world, &order(&second)).await;
    for held in [&first, &anew] {
        assert_eq!(visit(&world, &order(held)).await.state(), VisitState::Held);
    }
    // Back to the first showing, by way of the other.
    let back = held(&house, &world, &family, &showing, &[("count_adult", "3")]).await;
    given_back(&world, &order(&first)).await;
    for held in [&back, &anew] {
        assert_eq!(visit(&world, &order(held)).await.state(), VisitState::Held);
    }
}

#[tokio::test]
async fn a_booked_visit_goes_into_its_guests_calendar_and_into_nobody_elses() {
    const FILE: &str = "/visit/calendar.ics";
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let browser = Browser::new();
    let order = format!("/order/{}", held(&house, &world, &browser, &showing, &[("count_adult", "2")]).await.visit_id);
    let form = [("name", "Erika Muster"), ("email", "erika@muster.example"), ("method", "2")];
    let (status, _, body) = browser.post(&house, &format!("{order}/confirm"), &form).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
    let booked = world::until("booked", || visit(&world, &order), |it| it.state() == VisitState::Confirmed).await;
    let (_, _, page) = browser.get(&house, "/visit").await;
    assert!(page.contains(&format!("href=\"{FILE}\"")), "{page}");

    let answer = browser.0.get(format!("http://{}{FILE}", house.running.http)).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    for (name, value) in [
        ("content-type", "text/calendar; charset=utf-8"),
        ("content-disposition", "attachment; filename=\"planetarium.ics\""),
    ] {
        assert_eq!(answer.headers().get(name).expect(name), value);
    }
    let file = answer.text().await.expect("a file");
    let starts = from_timestamp(booked.starts_at).format("DTSTART:%Y%m%dT%H%M%SZ").to_string();
    for line in ["BEGIN:VCALENDAR", "STATUS:CONFIRMED", &starts, "END:VCALENDAR"] {
        assert!(file.contains(line), "{line}: {file}");
    }
    assert!(!file.contains("Erika") && !file.contains(&booked.reference), "calendars are shared: {file}");
    assert_eq!(Browser::new().get(&house, FILE).await.0, StatusCode::NOT_FOUND, "a stranger's browser");
}
