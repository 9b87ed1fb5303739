//! When showings go on sale, what is told of what is left, where parties would like to sit, and booked
//! parties that are moved.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::future::join_all;
use kernel::{
    Clock, Role,
    testing::{House, noon, producer, staff, visitor},
    values::timestamp,
};
use prost::Message;
use sky_proto::reservations::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

async fn set_sale_start(house: &House, showing: &str, release: &str, at: i64) -> Result<u32, tonic::Status> {
    let request = pb::SetSaleStartRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.to_owned(),
        release_id: release.to_owned(),
        on_sale_at: Some(timestamp(minutes(at))),
    };
    let answer = client!(house, &operator()).set_sale_start(request).await?;
    Ok(answer.into_inner().showings)
}

/// What is told of a showing once it is this.
async fn told(house: &House, showing: &str, reason: pb::AvailabilityReason) -> pb::Showing {
    let told = async {
        loop {
            let told = get(house, showing).await;
            if told.availability.as_ref().is_some_and(|it| it.reason() == reason) {
                return told;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), told).await.expect("told within a second")
}

#[tokio::test]
async fn a_showing_goes_on_sale_by_itself_at_its_time() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    assert_eq!(set_sale_start(&house, &showing, "", 12).await.expect("set"), 1);
    let told_before = told(&house, &showing, pb::AvailabilityReason::NotYetOnSale).await;
    assert_eq!(told_before.on_sale_at, Some(timestamp(minutes(12))));
    assert_eq!(told_before.availability.expect("known").free_online, 0);
    assert!(told_before.prices.iter().all(|price| price.free == 0));
    let refused = hold(&house, &wish(Uuid::now_v7(), &showing, 1)).await.expect_err("too early");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("12:12"), "{}", refused.message());
    let mut at_the_door = wish(Uuid::now_v7(), &showing, 1);
    at_the_door.channel = pb::Channel::Door.into();
    // Until after the start of the sale: nothing but the time changes then.
    at_the_door.expires_at = Some(timestamp(minutes(15)));
    hold(&house, &at_the_door).await.expect("the desk sells it");
    known(&house).await;
    house.clock.set(minutes(12));
    let on_sale = told(&house, &showing, pb::AvailabilityReason::Free).await;
    assert!(on_sale.prices.iter().all(|price| price.free > 0));
    let mut order = wish(Uuid::now_v7(), &showing, 1);
    order.expires_at = Some(timestamp(minutes(25)));
    hold(&house, &order).await.expect("on sale");
}

const RELEASE: &str = r#"
[[reservations.releases]]
id = "concerts"
name = { de = "Konzerte", en = "Concerts" }
first_day = "2000-01-01"
last_day = "2099-12-31"
titles = ["TITLE"]
on_sale_at = "2099-01-01 10:00"
"#;

#[tokio::test]
async fn a_release_goes_on_sale_together_and_stays_as_staff_have_moved_it() {
    let house = house().await;
    let public = programme(&house, &operator(), false).await;
    let title = public[0].title_id.clone();
    let of_title = public.iter().filter(|showing| showing.title_id == title).count();
    assert!(of_title > 1 && of_title < public.len(), "{of_title} of {}", public.len());
    let file = format!("{HOUSE_FILE}\n{}", RELEASE.replace("TITLE", &title));
    load(&house, &file, false).await.expect("loads");
    let released = |showings: Vec<pb::Showing>| -> Vec<pb::Showing> {
        let is_released =
            |showing: &pb::Showing| showing.release.as_ref().is_some_and(|release| release.release_id == "concerts");
        showings.into_iter().filter(is_released).collect()
    };
    let waiting = released(programme(&house, &operator(), false).await);
    assert_eq!(waiting.len(), of_title);
    assert!(waiting.iter().all(|it| it.on_sale_at.is_some_and(|at| at.seconds > minutes(0).timestamp())));
    assert_eq!(waiting[0].release.as_ref().and_then(|it| it.name.as_ref()).expect("named").en, "Concerts");

    // Staff move it, and one showing by itself; the same file again does not move them back.
    assert_eq!(set_sale_start(&house, "", "concerts", 10).await.expect("moved") as usize, of_title);
    set_sale_start(&house, &waiting[0].showing_id, "", 15).await.expect("moved");
    load(&house, &file, false).await.expect("loads");
    let starts = |showings: &[pb::Showing]| -> HashMap<i64, usize> {
        let mut starts = HashMap::new();
        for showing in showings {
            *starts.entry(showing.on_sale_at.map_or(0, |at| at.seconds)).or_default() += 1;
        }
        starts
    };
    let moved = released(programme(&house, &operator(), false).await);
    let expected = HashMap::from([(minutes(10).timestamp(), of_title - 1), (minutes(15).timestamp(), 1)]);
    assert_eq!(starts(&moved), expected);
    // Another instant in the file counts for all.
    load(&house, &file.replace("2099-01-01", "2098-01-01"), false).await.expect("loads");
    assert_eq!(starts(&released(programme(&house, &operator(), false).await)).len(), 1);

    for (from, to, said) in [
        ("2099-01-01 10:00", "tomorrow", "on_sale_at: is no time"),
        ("last_day = \"2099-12-31\"", "last_day = \"1999-12-31\"", "is before the first day"),
        (&format!("titles = [\"{title}\"]"), "titles = [\"no-such\"]", "no title of the id"),
    ] {
        let refused = load(&house, &file.replace(from, to), true).await.expect_err(said);
        assert!(refused.message().contains(said) && refused.message().contains("line "), "{}", refused.message());
    }
}

#[tokio::test]
async fn what_is_left_for_needs_and_together_follows_the_sale() {
    let house = house().await;
    let showing = showing(&house).await;
    let free = |showing: &pb::Showing, need: pb::Need| {
        let needs = &showing.availability.as_ref().expect("known").needs;
        needs.iter().find(|it| it.need() == need).map(|it| it.free)
    };
    assert_eq!(free(&showing, pb::Need::Wheelchair), Some(4));
    assert_eq!(free(&showing, pb::Need::Companion), Some(4));
    assert_eq!(free(&showing, pb::Need::StepFree), Some(10));
    assert_eq!(showing.availability.as_ref().expect("known").together, Some(17));
    let mut pair = wish(Uuid::now_v7(), &showing.showing_id, 1);
    pair.party = vec![line("adult", 1, pb::Need::Wheelchair), line("adult", 1, pb::Need::Companion)];
    hold(&house, &pair).await.expect("held");
    let mut chosen = wish(Uuid::now_v7(), &showing.showing_id, 2);
    chosen.seats = vec!["F9".to_owned(), "G9".to_owned()];
    hold(&house, &chosen).await.expect("held");
    known(&house).await;
    let after = get(&house, &showing.showing_id).await;
    assert_eq!((free(&after, pb::Need::Wheelchair), free(&after, pb::Need::Companion)), (Some(3), Some(3)));
    assert_eq!(after.availability.as_ref().expect("known").together, Some(16), "D and E are whole");
}

#[tokio::test]
async fn held_places_for_a_need_are_told_with_the_time_when_they_may_come_back() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let wheelchair = |visit: Uuid| pb::HoldSeatsRequest {
        party: vec![line("adult", 1, pb::Need::Wheelchair)],
        ..wish(visit, &showing, 1)
    };
    let left = async || {
        known(&house).await;
        let needs = get(&house, &showing).await.availability.expect("known").needs;
        let found = needs.into_iter().find(|it| it.need() == pb::Need::Wheelchair).expect("told");
        (found.free, found.held_until)
    };
    let visits: Vec<Uuid> = (0..4).map(|_| Uuid::now_v7()).collect();
    for visit in &visits {
        assert_eq!(left().await.1, None, "some are free");
        hold(&house, &wheelchair(*visit)).await.expect("held");
    }
    assert_eq!(left().await, (0, Some(timestamp(minutes(10)))));
    let refused = hold(&house, &wheelchair(Uuid::now_v7())).await.expect_err("all are held");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("wheelchair place is free for this showing now"), "{}", refused.message());
    let told = <pb::SeatsRefused as prost::Message>::decode(refused.details()).expect("why, as data");
    assert_eq!((told.need(), told.held_until), (pb::Need::Wheelchair, Some(timestamp(minutes(10)))));

    let release = pb::ReleaseHoldRequest { visit_id: visits[3].to_string() };
    client!(house, &journey()).release_hold(release).await.expect("released");
    assert_eq!(left().await, (1, None));
    hold(&house, &wheelchair(Uuid::now_v7())).await.expect("it came back");
    for visit in &visits[..3] {
        twice(&house, *visit, &confirmed(*visit, &showing)).await;
    }
    assert_eq!(left().await, (0, Some(timestamp(minutes(10)))), "one is only held");
}

fn rows(held: &[pb::HeldSeat]) -> BTreeSet<&str> {
    held.iter().map(|seat| &seat.label[..1]).collect()
}

#[tokio::test]
async fn parties_sit_where_they_like_if_that_can_be_had() {
    use pb::seat_wish::Part;
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let wished = |aisle: bool, part: Part| {
        let mut order = wish(Uuid::now_v7(), &showing, 3);
        order.wish = Some(pb::SeatWish { aisle, part: part.into() });
        order
    };
    let front = hold(&house, &wished(false, Part::Front)).await.expect("held");
    assert_eq!(rows(&front.seats), BTreeSet::from(["A"]));
    let back = hold(&house, &wished(true, Part::Back)).await.expect("held");
    assert_eq!(rows(&back.seats), BTreeSet::from(["G"]));
    assert!(back.seats.iter().any(|seat| seat.features.contains(&"aisle".to_owned())), "{:?}", back.seats);
    let mut unknown = wished(true, Part::Back);
    unknown.wish = Some(pb::SeatWish { aisle: false, part: 9 });
    let mut both = wished(true, Part::Back);
    both.seats = vec!["B1".to_owned(), "B2".to_owned(), "B3".to_owned()];
    for (order, field) in [(unknown, "wish.part"), (both, "wish")] {
        let refused = hold(&house, &order).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(field), "{}", refused.message());
    }
}

async fn booked(house: &House, showing: &str, order: pb::HoldSeatsRequest) -> pb::Booking {
    let visit = Uuid::parse_str(&order.visit_id).expect("an id");
    hold(house, &order).await.expect("held");
    let told = confirmed(visit, showing);
    house.react("reservations", "journey", &told.visit_id, &told).await.expect("reacted");
    booking(house, visit).await.expect("booked")
}

fn move_to(visit: &str, seats: &[&str]) -> pb::ReseatRequest {
    pb::ReseatRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: visit.to_owned(),
        seats: seats.iter().map(|label| (*label).to_owned()).collect(),
        wish: None,
    }
}

async fn reseat(house: &House, request: &pb::ReseatRequest) -> Result<pb::Booking, tonic::Status> {
    client!(house, &staff(Role::Desk)).reseat(request.clone()).await.map(tonic::Response::into_inner)
}

fn seats(booking: &pb::Booking) -> Vec<&str> {
    booking.tickets.iter().map(|ticket| ticket.seat.as_str()).collect()
}

#[tokio::test]
async fn a_moved_party_keeps_its_codes() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let mut order = wish(Uuid::now_v7(), &showing, 2);
    order.seats = vec!["B3".to_owned(), "B4".to_owned()];
    let before = booked(&house, &showing, order).await;
    // One place further: one of their own places changes hands within the party.
    let request = move_to(&before.visit_id, &["B4", "B5"]);
    let after = reseat(&house, &request).await.expect("moved");
    assert_eq!(seats(&after), ["B4", "B5"]);
    let codes = |booking: &pb::Booking| -> BTreeSet<String> {
        booking.tickets.iter().map(|ticket| ticket.code.clone()).collect()
    };
    assert_eq!((codes(&before), &before.visit_code), (codes(&after), &after.visit_code));
    assert_eq!(reseat(&house, &request).await.expect("the same again"), after);
    let told: Vec<pb::BookingReseated> = house.events("reservations").await;
    assert_eq!(told.len(), 1, "told once");
    let mut places: Vec<&str> = told[0].tickets.iter().map(|ticket| ticket.seat.as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, ["B4", "B5"]);
    // What they have left is free, what they have now is not.
    let mut next = wish(Uuid::now_v7(), &showing, 1);
    next.seats = vec!["B3".to_owned()];
    hold(&house, &next).await.expect("free again");
    let mut taken = wish(Uuid::now_v7(), &showing, 1);
    taken.seats = vec!["B5".to_owned()];
    assert_eq!(hold(&house, &taken).await.expect_err("theirs").code(), Code::Aborted);
}

#[tokio::test]
async fn a_party_that_cannot_be_moved_keeps_its_places() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let mut order = wish(Uuid::now_v7(), &showing, 2);
    order.party = vec![line("adult", 1, pb::Need::Wheelchair), line("adult", 1, pb::Need::Companion)];
    let pair = booked(&house, &showing, order).await;
    let other = booked(&house, &showing, wish(Uuid::now_v7(), &showing, 2)).await;
    let theirs: Vec<&str> = seats(&other);
    for (request, code, said) in [
        (move_to(&pair.visit_id, &["B1", "B2"]), Code::ResourceExhausted, "wheelchair place"),
        (move_to(&pair.visit_id, &theirs), Code::Aborted, "taken"),
        (move_to(&other.visit_id, &["W2", "W2B"]), Code::InvalidArgument, "kept for wheelchair users"),
        (move_to(&other.visit_id, &["B1"]), Code::InvalidArgument, "1 places for 2 people"),
        (move_to(&other.visit_id, &["B1", "B1"]), Code::InvalidArgument, "twice"),
        (move_to(&other.visit_id, &["B1", "Z99"]), Code::InvalidArgument, "no place of this hall"),
        (move_to(&Uuid::now_v7().to_string(), &[]), Code::NotFound, "no places"),
        (move_to("x", &[]), Code::InvalidArgument, "visit_id"),
    ] {
        let refused = reseat(&house, &request).await.expect_err(said);
        assert_eq!(refused.code(), code, "{said}: {}", refused.message());
        assert!(refused.message().contains(said), "{said}: {}", refused.message());
    }
    for before in [&pair, &other] {
        let id = Uuid::parse_str(&before.visit_id).expect("an id");
        assert_eq!(&booking(&house, id).await.expect("booked"), before);
    }
    let held = wish(Uuid::now_v7(), &showing, 1);
    hold(&house, &held).await.expect("held");
    let refused = reseat(&house, &move_to(&held.visit_id, &[])).await.expect_err("only held");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let caller = visitor(Some(Uuid::parse_str(&other.visit_id).expect("an id")));
    let refused = client!(house, &caller).reseat(move_to(&other.visit_id, &[])).await.expect_err("for staff");
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn parties_moved_at_once_never_share_a_place() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let mut visits = Vec::new();
    for _ in 0..12 {
        visits.push(booked(&house, &showing, wish(Uuid::now_v7(), &showing, 2)).await.visit_id);
    }
    let desk = client!(house, &staff(Role::Desk));
    let moves = visits.iter().map(|visit| {
        let (mut desk, request) = (desk.clone(), move_to(visit, &["A1", "A2"]));
        async move { desk.reseat(request).await }
    });
    let answers = join_all(moves).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "one party gets the places");
    let mut all = BTreeSet::new();
    for visit in &visits {
        let now = booking(&house, Uuid::parse_str(visit).expect("an id")).await.expect("booked");
        assert!(now.tickets.into_iter().all(|ticket| all.insert(ticket.seat)), "a place twice");
    }
    assert_eq!(all.len(), 24);
}

#[tokio::test]
async fn a_start_of_sale_is_set_by_staff_for_what_there_is() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let unknown = Uuid::now_v7().to_string();
    for (showing, release, code, said) in [
        ("", "", Code::InvalidArgument, "showing_id"),
        (showing.as_str(), "concerts", Code::InvalidArgument, "release_id"),
        ("", "no-such", Code::NotFound, "no release"),
        (unknown.as_str(), "", Code::NotFound, "no such showing"),
        ("x", "", Code::InvalidArgument, "showing_id"),
    ] {
        let refused = set_sale_start(&house, showing, release, 5).await.expect_err(said);
        assert_eq!(refused.code(), code, "{}", refused.message());
        assert!(refused.message().contains(said), "{}", refused.message());
    }
    let request = pb::SetSaleStartRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.clone(),
        release_id: String::new(),
        on_sale_at: Some(timestamp(minutes(5))),
    };
    let refused = client!(house, &visitor(None)).set_sale_start(request.clone()).await.expect_err("for staff");
    assert_eq!(refused.code(), Code::PermissionDenied);
    // The same again is answered and does not undo what came after it.
    let mut operator = client!(house, &operator());
    operator.set_sale_start(request.clone()).await.expect("set");
    set_sale_start(&house, &showing, "", 30).await.expect("moved");
    operator.set_sale_start(request).await.expect("the first answer");
    known(&house).await;
    assert_eq!(get(&house, &showing).await.on_sale_at, Some(timestamp(minutes(30))));
}

#[tokio::test]
async fn staff_sell_as_long_as_late_guests_are_let_in() {
    let services = [reservations::SERVICE, producer("journey")];
    let house = House::start_at(&services, Clock::manual(noon()), BTreeMap::new()).await;
    let row = "[[reservations.schedule]]\n";
    let late = HOUSE_FILE.replace(row, &format!("{row}last_entry_minutes = 10\n"));
    load(&house, &late, false).await.expect("house file loads");
    let showing = showing(&house).await;
    assert_eq!(
        (showing.starts_at, showing.last_entry_at),
        (Some(timestamp(minutes(60))), Some(timestamp(minutes(70))))
    );
    let ask = async |channel: pb::Channel| {
        let wish = pb::HoldSeatsRequest {
            channel: channel.into(),
            expires_at: Some(timestamp(minutes(80))),
            ..wish(Uuid::now_v7(), &showing.showing_id, 1)
        };
        hold(&house, &wish).await
    };
    house.clock.set(minutes(69));
    for channel in [pb::Channel::Door, pb::Channel::Staff, pb::Channel::School] {
        ask(channel).await.expect("late guests are let in");
    }
    assert!(ask(pb::Channel::Online).await.expect_err("it has begun").message().contains("has begun"));
    house.clock.set(minutes(70));
    assert!(ask(pb::Channel::Door).await.expect_err("nobody is let in").message().contains("has begun"));
}

/// What all that may be scheduled costs to tell; `--nocapture` says it.
#[tokio::test]
async fn two_months_of_programme_are_told_in_one_answer() {
    let services = [reservations::SERVICE, producer("journey")];
    let house = House::start_at(&services, Clock::manual(noon()), BTreeMap::new()).await;
    let longest = HOUSE_FILE.replacen("[reservations]\n", "[reservations]\ndays_ahead = 62\n", 1);
    load(&house, &longest, false).await.expect("house file loads");
    known(&house).await;
    let request = pb::ListProgrammeRequest {
        from: Some(timestamp(minutes(0))),
        until: Some(timestamp(minutes(62 * 24 * 60))),
        include_closed: true,
    };
    let mut client = client!(house, &operator());
    let (mut took, mut told) = (Vec::new(), pb::ListProgrammeResponse::default());
    for _ in 0..100 {
        let asked = std::time::Instant::now();
        told = client.list_programme(request).await.expect("told").into_inner();
        took.push(asked.elapsed());
    }
    took.sort_unstable();
    let (showings, bytes) = (told.showings.len(), told.encoded_len());
    println!("{showings} showings in {bytes} bytes: median {:?}, slowest {:?}", took[50], took[99]);
    assert!(showings > 250, "{showings} showings");
    // Eight showings each day; more than that nobody's client takes in one message.
    let of_eight = bytes.div_ceil(showings) * 62 * 8;
    assert!(of_eight < 4 * 1024 * 1024, "{of_eight} bytes");
}

#[tokio::test]
async fn places_that_the_desk_holds_beyond_its_own_are_told_to_come_back() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let refused = async || hold(&house, &wish(Uuid::now_v7(), &showing, 1)).await.expect_err("none left");
    // All but what is kept for staff.
    let free = get(&house, &showing).await.availability.expect("known").free_door;
    for _ in 0..free {
        let mut at_the_desk = wish(Uuid::now_v7(), &showing, 1);
        at_the_desk.channel = pb::Channel::Door.into();
        hold(&house, &at_the_desk).await.expect("held");
    }
    let all_held = told(&house, &showing, pb::AvailabilityReason::AllHeld).await;
    assert_eq!(all_held.availability.expect("known").held_until, Some(timestamp(minutes(10))));
    assert!(refused().await.message().contains("may come back at 12:10"), "{}", refused().await.message());
}
