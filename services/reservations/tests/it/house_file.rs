//! What a changed house file may say of a house in which places are sold: what it takes out is not offered any more, and what
//! would contradict what was sold is refused with its line.

use kernel::testing::House;
use sky_proto::reservations::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use crate::support::*;

/// The line of what is found first after something.
fn line_of(file: &str, after: &str, wanted: &str) -> usize {
    let from = file.find(after).expect("there");
    let at = from + file[from..].find(wanted).expect("there too");
    file[..at].matches('\n').count() + 1
}

async fn refused(house: &House, file: &str, check_only: bool) -> String {
    let refused = load(house, file, check_only).await.expect_err("refused");
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    refused.message().to_owned()
}

const ROW_A: &str = "{ row = \"A\", seats = 10, features = [\"step_free\"], guide_dog = [1, 10] }";
const ROW_B: &str = "{ row = \"B\", seats = 12, features = [], guide_dog = [] }";

#[tokio::test]
async fn a_plan_that_is_sold_by_keeps_its_places() {
    let house = house().await;
    let places = async || {
        let labels = "select label from layout_seat where layout_id = 'dome-a' order by label";
        sqlx::query_scalar::<_, String>(labels).fetch_all(house.pool("reservations")).await.expect("labels")
    };
    let before = places().await;
    // As many places as before, in other rows.
    let moved = HOUSE_FILE.replacen("row = \"A\", seats = 10,", "row = \"A\", seats = 11,", 1).replacen(
        "row = \"G\", seats = 17,",
        "row = \"G\", seats = 16,",
        1,
    );
    let said = refused(&house, &moved, false).await;
    let line = line_of(&moved, "id = \"dome-a\"", "rows = [");
    assert!(
        said.contains(&format!("line {line}, reservations.layouts[0].rows: A11 are new, G17 are missing")),
        "{said}"
    );
    assert!(said.contains("give the new plan a new id"), "{said}");
    let fewer = HOUSE_FILE.replacen("row = \"G\", seats = 17,", "row = \"G\", seats = 10,", 1);
    let said = refused(&house, &fewer, false).await;
    assert!(said.contains("G11, G12, G13, G14, G15 and 2 more are missing"), "{said}");
    let elsewhere = HOUSE_FILE.replacen("id = \"dome-c\"\nhall = \"dome\"", "id = \"dome-c\"\nhall = \"room-1\"", 1);
    let said = refused(&house, &elsewhere, false).await;
    assert!(said.contains("layouts[2].hall: \"dome-c\" is a plan of \"dome\"; give the new plan a new id"), "{said}");
    assert_eq!(places().await, before);
}

#[tokio::test]
async fn what_is_said_of_places_counts_from_the_next_one_on() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let features = async |seat: &str| {
        let order = pb::HoldSeatsRequest { seats: vec![seat.to_owned()], ..wish(Uuid::now_v7(), &showing, 1) };
        hold(&house, &order).await.expect("held").seats[0].features.clone()
    };
    let loops = async || {
        let needs = get(&house, &showing).await.availability.expect("known").needs;
        needs.iter().find(|it| it.need() == pb::Need::HearingLoop).expect("told").free
    };
    // Whoever sells has read the plan.
    assert!(features("B3").await.is_empty());
    let before = loops().await;
    let file = HOUSE_FILE.replacen(ROW_B, &ROW_B.replace("features = []", "features = [\"hearing_loop\"]"), 1);
    load(&house, &file, false).await.expect("loads");
    assert_eq!(features("B4").await, ["hearing_loop"]);
    assert_eq!(loops().await, before + 10, "of twelve, two are held");
}

#[tokio::test]
async fn mistakes_are_refused_with_their_line() {
    let house = house().await;
    let wrong: [(&str, &str, &str, &str); 6] = [
        (ROW_A, "guide_dog = [1, 10]", "guide_dog = [1, 12]", "layouts[0].rows[0].guide_dog: the row has no seat 12"),
        (ROW_A, "guide_dog = [1, 10]", "guide_dog = [0]", "layouts[0].rows[0].guide_dog: the row has no seat 0"),
        (
            "id = \"dome-a\"",
            "wheelchair_places = 4",
            "wheelchair_places = 4000000000",
            "layouts[0].wheelchair_places: must be",
        ),
        (
            ROW_A,
            "row = \"A\", seats = 10",
            "row = \"B1\", seats = 10",
            "layouts[0].rows: two places would be called B11",
        ),
        (
            "from = \"2026-01-31\"",
            "until = \"2026-02-06\"",
            "until = \"2026-01-30\"",
            "school_holidays[0].until: is before",
        ),
        (
            "from = \"2026-01-31\"",
            "from = \"2026-03-30\"",
            "from = \"2026-01-31\"",
            "school_holidays[1].from: other holidays",
        ),
    ];
    for (after, from, to, said) in wrong {
        let at = HOUSE_FILE.find(after).expect(after);
        let file = format!("{}{}", &HOUSE_FILE[..at], HOUSE_FILE[at..].replacen(from, to, 1));
        let refused = refused(&house, &file, true).await;
        assert!(refused.contains(said), "{said}: {refused}");
        let line = if said.contains(".rows:") {
            line_of(&file, "id = \"dome-a\"", "rows = [")
        } else {
            line_of(HOUSE_FILE, after, from)
        };
        assert!(refused.contains(&format!("line {line}, ")), "{said}: {refused}");
    }
}

/// What is told of a showing's prices: class, tariff.
async fn prices(house: &House, showing: &str) -> Vec<(String, String)> {
    let prices = get(house, showing).await.prices;
    prices.into_iter().map(|price| (price.tariff_class, price.tariff_id)).collect()
}

#[tokio::test]
async fn a_price_that_is_taken_out_is_not_sold_any_more() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let sold = hold(&house, &wish(Uuid::now_v7(), &showing, 1)).await.expect("held");
    let known = prices(&house, &showing).await;
    let (_, adult) = known.iter().find(|(class, _)| class == "adult").expect("a price").clone();
    assert_eq!(sold.items[0].tariff_id, adult);

    // Somebody was charged by it: its day may have another price, under another id.
    let file = HOUSE_FILE.replace(&format!("id = \"{adult}\""), "id = \"adult-anew\"");
    load(&house, &file, false).await.expect("loads");
    let (_, anew) = prices(&house, &showing).await.into_iter().find(|(class, _)| class == "adult").expect("a price");
    assert_eq!(anew, "adult-anew");
    let sold = hold(&house, &wish(Uuid::now_v7(), &showing, 1)).await.expect("held");
    assert_eq!(sold.items[0].tariff_id, "adult-anew");
    // And back again, as it was.
    load(&house, HOUSE_FILE, false).await.expect("loads");
    assert_eq!(prices(&house, &showing).await, known);

    // Without one for a class, the class is not sold.
    let blocks = HOUSE_FILE.split("\n[[");
    let kept: Vec<&str> = blocks
        .filter(|block| !block.contains("class = \"reduced\"") || !block.contains("category = \"public\""))
        .collect();
    let file = kept.join("\n[[").replace("\"reduced\", ", "").replace(", \"reduced\"", "");
    load(&house, &file, false).await.expect("loads");
    assert!(prices(&house, &showing).await.iter().all(|(class, _)| class != "reduced"));
    let order = pb::HoldSeatsRequest {
        party: vec![line("reduced", 1, pb::Need::Unspecified)],
        ..wish(Uuid::now_v7(), &showing, 1)
    };
    assert_eq!(hold(&house, &order).await.expect_err("no such price").code(), Code::InvalidArgument);
}

#[tokio::test]
async fn two_prices_may_change_their_days() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let before = prices(&house, &showing).await;
    let swapped = HOUSE_FILE
        .replace("id = \"public-adult-2023\"", "id = \"x\"")
        .replace("id = \"public-adult-2026\"", "id = \"public-adult-2023\"")
        .replace("id = \"x\"", "id = \"public-adult-2026\"");
    load(&house, &swapped, false).await.expect("loads");
    assert_ne!(prices(&house, &showing).await, before);
}

#[tokio::test]
async fn showings_follow_a_release_that_is_shortened_or_taken_out() {
    let house = house().await;
    let public = programme(&house, &operator(), false).await;
    let title = public[0].title_id.clone();
    let all: Vec<&pb::Showing> = public.iter().filter(|showing| showing.title_id == title).collect();
    let release = |until: &str, title: &str| {
        format!(
            "{HOUSE_FILE}\n[[reservations.releases]]\nid = \"concerts\"\nname = {{ de = \"Konzerte\", en = \"Concerts\" }}\n\
             first_day = \"2000-01-01\"\nlast_day = \"{until}\"\ntitles = [\"{title}\"]\non_sale_at = \"2099-01-01 10:00\"\n"
        )
    };
    // Of those of the title: how many wait for the release, how many for an hour of their own, how many are on sale.
    let counts = async || {
        let mut counts = [0; 3];
        for showing in programme(&house, &operator(), false).await.iter().filter(|it| it.title_id == title) {
            let is_of_it = showing.release.as_ref().is_some_and(|it| it.release_id == "concerts");
            counts[if is_of_it {
                0
            } else if showing.on_sale_at.is_some() {
                1
            } else {
                2
            }] += 1;
        }
        counts
    };
    let waiting = async || {
        load(&house, &release("2099-12-31", &title), false).await.expect("loads");
        assert_eq!(counts().await, [all.len(), 0, 0]);
    };
    assert!(all.len() > 2, "{}", all.len());
    for file in [release("2000-01-02", &title), HOUSE_FILE.to_owned(), release("2099-12-31", "vortrag")] {
        assert_ne!(title, "vortrag");
        waiting().await;
        load(&house, &file, false).await.expect("loads");
        assert_eq!(counts().await, [0, 0, all.len()]);
        hold(&house, &wish(Uuid::now_v7(), &all[0].showing_id, 1)).await.expect("on sale");
    }
    // One that staff gave an hour of its own keeps that.
    waiting().await;
    let request = pb::SetSaleStartRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: all[1].showing_id.clone(),
        release_id: String::new(),
        on_sale_at: Some(kernel::values::timestamp(minutes(30))),
    };
    crate::client!(house, &operator()).set_sale_start(request).await.expect("set");
    load(&house, HOUSE_FILE, false).await.expect("loads");
    assert_eq!(counts().await, [0, 1, all.len() - 1]);
}
