//! What attendants, cooks and the desk send from their pages, as browsers without JavaScript send it: each form does what
//! its button says, what was wrong can be taken back, and the page says so.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use kernel::{Clock, Role, testing::House};
use reqwest::{Client, StatusCode, header::LOCATION, redirect::Policy};
use sky_proto::{
    gastro::v1::{
        Order, OrderLine, PlaceWalkUpRequest, SetStationStateRequest, StationState, gastro_client::GastroClient,
        kitchen_client::KitchenClient,
    },
    journey::v1::{IssueLinkRequest, journey_client::JourneyClient},
    parking::v1::{GetSiteRequest, SiteState, parking_client::ParkingClient},
    payments::v1::Method,
};
use uuid::Uuid;

use crate::{
    scenario::Family,
    world::{HOUSE_FILE, World, furnished, staff, until},
};

const PASSWORD: &str = "correct horse battery";

/// A browser in which somebody with a role has signed in.
struct Pages {
    clock: Clock,
    client: Client,
    base: String,
}

impl Pages {
    async fn of(house: &House, role: Role) -> Self {
        portal::add_account(house.database_url(), role.name(), PASSWORD, &[role]).await.expect("account added");
        let client = Client::builder().cookie_store(true).redirect(Policy::none()).build().expect("a client");
        let pages = Self { clock: house.clock.clone(), client, base: format!("http://{}", house.running.http) };
        pages.sends("/staff/sign-in", &[("account", role.name()), ("password", PASSWORD)]).await;
        pages
    }

    async fn looks(&self, path: &str) -> (StatusCode, String) {
        let answer = self.client.get(format!("{}{path}", self.base)).send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("a page"))
    }

    async fn sees(&self, path: &str) -> String {
        let (status, page) = self.looks(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        page
    }

    /// Looks again until the page says it: what others must hear of first takes a moment.
    async fn sees_at_last(&self, path: &str, text: &str) -> String {
        for _ in 0..200 {
            let page = self.sees(path).await;
            if page.contains(text) {
                return page;
            }
            self.clock.advance(TimeDelta::seconds(1));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("\"{text}\" never stood on {path}: {}", self.sees(path).await)
    }

    /// Sends a form. Where it leads to, or the page that it is answered with.
    async fn asks(&self, path: &str, form: &[(&str, &str)]) -> Result<String, String> {
        let answer = self.client.post(format!("{}{path}", self.base)).form(form).send().await.expect("an answer");
        if answer.status() == StatusCode::SEE_OTHER {
            let to = answer.headers().get(LOCATION).expect("a way on");
            return Ok(to.to_str().expect("ASCII").to_owned());
        }
        assert_eq!(answer.status(), StatusCode::OK, "{path} {form:?}");
        Err(answer.text().await.expect("a page"))
    }

    async fn sends(&self, path: &str, form: &[(&str, &str)]) -> String {
        self.asks(path, form).await.expect("it leads on")
    }
}

async fn open() -> (House, World) {
    // Cookies over plain http, as the tests' client would not send them back otherwise.
    let portal = BTreeMap::from([("insecure_cookies".to_owned(), toml::Value::Boolean(true))]);
    let own = BTreeMap::from([("portal".to_owned(), portal)]);
    let (house, world) = furnished(|settings| settings.services = own).await;
    (house, world)
}

/// What stands between two texts on a page.
fn between<'p>(page: &'p str, before: &str, after: &str) -> &'p str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("no \"{before}\" in {page}"));
    rest.split_once(after).expect("its end").0
}

#[tokio::test]
async fn another_house_needs_no_other_pages() {
    let (house, world) = open().await;
    let mut file = HOUSE_FILE.to_owned();
    for (ours, theirs) in
        [("Planetarium Halle", "Sternwarte Jena"), ("Sternensaal", "Zeiss-Kuppel"), ("AstroGastro", "Kometencafé")]
    {
        assert!(file.contains(ours), "{ours}");
        file = file.replace(ours, theirs);
    }
    world.load(&file).await;
    let desk = Pages::of(&house, Role::Desk).await;
    let programme = desk.sees("/").await;
    for said in ["<title>Programm · Sternwarte Jena</title>", "Zeiss-Kuppel", "Holzplatz 5, 06110 Halle (Saale)"] {
        assert!(programme.contains(said), "{said}: {programme}");
    }
    let showing = between(&programme, "/showings/", "\"");
    assert!(desk.sees(&format!("/showings/{showing}")).await.contains("Kometencafé"));
    assert!(desk.sees("/imprint").await.contains("vertreten durch den Oberbürgermeister"));
    assert!(desk.sees("/desk").await.contains("Zeiss-Kuppel"));
    let named = ["Planetarium Halle", "Sternensaal", "AstroGastro"];
    for path in ["/", "/imprint", "/desk", "/kitchen", "/pickup", "/carpark", "/displays"] {
        let (status, page) = desk.looks(path).await;
        assert!(status == StatusCode::OK || status == StatusCode::FORBIDDEN, "{path}: {status}");
        for name in named {
            assert!(!page.contains(name), "{path} speaks of {name}: {page}");
        }
    }
}

#[tokio::test]
async fn the_attendants_forms_do_what_they_say() {
    let (house, world) = open().await;
    let attendant = Pages::of(&house, Role::Attendant).await;
    let key = || Uuid::new_v4().to_string();

    // Lanes are data: the form names those of the house file.
    let page = attendant.sees("/carpark").await;
    for part in ["name=\"lane_in\" value=\"in-1\"", "name=\"lane_out\" value=\"out-1\"", "Andere Parkplätze", "Spitze"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(attendant.sees("/carpark/stays").await.contains("Noch kein Auto"));
    let car = [("bay", "1"), ("lane_in", "in-1"), ("lane_out", "out-1")];
    for direction in ["1", "2"] {
        let key = key();
        let form = [&[("key", key.as_str()), ("direction", direction)][..], &car].concat();
        assert_eq!(attendant.sends("/carpark/lane", &form).await, "/carpark");
    }
    house.clock.advance(TimeDelta::seconds(1));
    let stays = attendant.sees("/carpark/stays").await;
    assert!(stays.contains("geschätzt") && !stays.contains("noch hier"), "it has come and left: {stays}");
    let page = attendant.sees("/carpark").await;
    let lane = |id: &str| between(&page, &format!("<h3>{id}</h3>"), "</li></ul>").to_owned();
    for id in ["in-1", "out-1"] {
        assert!(lane(id).contains("Öffnen: angefordert"), "the barrier of {id} was told: {page}");
    }

    // Commands to barriers, the refused one with its reason in German.
    let order = async |action: &str| {
        let form = [("key", &*key()), ("lane", "out-1"), ("action", action), ("reason", "Lieferung")];
        assert_eq!(attendant.sends("/carpark/gate", &form).await, "/carpark");
        attendant.sees("/carpark").await
    };
    let page = order("3").await;
    assert!(page.contains("abgelehnt. Die Schranke wird nicht offen gehalten."), "{page}");
    assert!(order("2").await.contains("Offenhalten angefordert"));
    assert!(order("3").await.contains("Nicht mehr offen halten: angefordert"));

    // The bridge is closed: a look first, then the closure, then it is taken back.
    let bridge = [
        ("state", "3"),
        ("reason", "Brückenfest"),
        ("reason_en", "Bridge festival"),
        ("reason_plain", "Auf der Brücke ist ein Fest."),
        ("until", ""),
    ];
    let look = attendant.asks("/carpark/site/preview", &bridge).await.expect_err("a look");
    assert!(look.contains("value=\"Auf der Brücke ist ein Fest.\""), "what was typed goes along: {look}");
    assert!(look.contains("Brückenfest") && !attendant.sees("/carpark").await.contains("Brückenfest"));
    attendant.sends("/carpark/site", &bridge).await;
    let page = attendant.sees("/carpark").await;
    assert!(page.contains("nicht erreichbar") && page.contains("Brückenfest"), "{page}");
    let mut parking = ParkingClient::new(world.door("parking", &staff(Role::Attendant)));
    let site = parking.get_site(GetSiteRequest {}).await.expect("the site").into_inner();
    assert_eq!(site.reason.expect("a reason").plain, "Auf der Brücke ist ein Fest.");
    let closure = between(&page, "name=\"closure\" value=\"", "\"");
    attendant.sends("/carpark/site/undo", &[("closure", closure)]).await;
    assert!(!attendant.sees("/carpark").await.contains("Brückenfest"));

    // Nobody knows how the site is: there is nothing to look at first, and an end that was typed means nothing.
    let unknown =
        [("state", "4"), ("reason", ""), ("reason_en", ""), ("reason_plain", ""), ("until", "2026-11-28T23:00")];
    assert!(attendant.sees("/carpark").await.contains("<option value=\"4\">unbekannt</option>"));
    assert_eq!(attendant.sends("/carpark/site/preview", &unknown).await, "/carpark");
    let site = parking.get_site(GetSiteRequest {}).await.expect("the site").into_inner();
    assert_eq!((site.state(), site.closure_id.as_str(), site.until), (SiteState::Unknown, "", None));
}

/// While staff may take back that a meal's money goes back, its guest is not asked and decides nothing; then they are again.
#[tokio::test]
async fn a_guest_is_asked_nothing_while_staff_may_think_better_of_their_answer() {
    let (house, world) = open().await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    family.is_confirmed().await;
    let mut journey = JourneyClient::new(world.door("journey", &family.me));
    let link = journey.issue_link(IssueLinkRequest { visit_id: family.visit.clone() }).await.expect("a link");
    let client = Client::builder().cookie_store(true).redirect(Policy::none()).build().expect("a client");
    let guest = Pages { clock: house.clock.clone(), client, base: format!("http://{}", house.running.http) };
    guest.looks(&format!("/v/{}", link.into_inner().secret)).await;
    for station_id in ["hot", "cold", "bar"] {
        let (station_id, state) = (station_id.to_owned(), StationState::Closed.into());
        let mut kitchen = GastroClient::new(world.door("gastro", &staff(Role::Kitchen)));
        let request = SetStationStateRequest { station_id, state, delay_minutes: 0 };
        kitchen.set_station_state(request).await.expect("closed");
    }
    const ASKED: &str = "Kein Essen, Geld zurück";
    assert!(guest.sees("/visit/meal").await.contains(ASKED));

    let cook = Pages::of(&house, Role::Kitchen).await;
    let decisions = format!("/kitchen/decisions/{}", family.visit);
    cook.sends(&decisions, &[("answer", "2")]).await;
    let page = guest.sees("/visit/meal").await;
    assert!(page.contains("Die Küche entscheidet gerade über Ihr Essen") && !page.contains(ASKED), "{page}");
    // From a page that was open before.
    assert_eq!(guest.sends("/visit/meal", &[("answer", "2")]).await, "/visit/meal");
    assert!(guest.sees("/visit/meal").await.contains("Die Küche entscheidet gerade über dieses Essen"));
    cook.sends(&decisions, &[("answer", "4")]).await;
    assert!(guest.sees("/visit/meal").await.contains(ASKED));
    // A guest who notes a plate does so in the page's live part: it comes and goes with the bay.
    let page = guest.sees("/visit").await;
    let (_, live) = page.split_once("data-live=\"/visit/live\"").expect("a live part");
    let (live, _) = live.split_once("data-live-status").expect("its end");
    assert!(live.contains("action=\"/visit/plate\""), "{page}");
}

async fn walk_up(world: &World, item: &str) -> Order {
    places(world, vec![OrderLine { item_id: item.to_owned(), quantity: 1, ..OrderLine::default() }]).await
}

async fn places(world: &World, lines: Vec<OrderLine>) -> Order {
    let request = PlaceWalkUpRequest { idempotency_key: Uuid::new_v4().to_string(), lines };
    let mut kitchen = KitchenClient::new(world.door("gastro", &staff(Role::Desk)));
    kitchen.place_walk_up(request).await.expect("placed").into_inner()
}

#[tokio::test]
async fn the_cooks_forms_do_what_they_say_and_take_it_back() {
    let (house, world) = open().await;
    let cook = Pages::of(&house, Role::Kitchen).await;

    let form = [("key", &*Uuid::new_v4().to_string()), ("item", "water"), ("quantity", "2"), ("reason", "4")];
    assert_eq!(cook.sends("/kitchen/waste", &form).await, "/kitchen/decisions");
    let page = cook.sees("/kitchen/decisions").await;
    let undo = format!("/kitchen/waste/{}", between(&page, "action=\"/kitchen/waste/", "\""));
    assert!(!page.contains("zurückgenommen"));
    for _ in 0..2 {
        assert_eq!(cook.sends(&undo, &[]).await, "/kitchen/decisions");
    }
    assert!(cook.sees("/kitchen/decisions").await.contains("zurückgenommen"));

    // Something else instead, with what it may contain before the cook's eyes.
    let id = walk_up(&world, "tomato-pasta").await.order_id;
    let path = format!("/kitchen/orders/{id}");
    let page = cook.sees(&format!("{path}?line=0")).await;
    assert!(page.contains("bekommen sie den Unterschied zurück") && page.contains("Spuren von"), "{page}");
    assert!(!between(&page, "id=\"choices\"", "</section>").contains("value=\"coffee\""), "no drink for a dish");
    let refused = [("line", "0"), ("item", "pumpkin-curry")];
    assert_eq!(cook.sends(&format!("{path}/substitute"), &refused).await, format!("{path}?line=0"), "not read");
    let read = [("read", "8"), ("read", "9"), ("read", "11")];
    assert_eq!(cook.sends(&format!("{path}/substitute"), &[&refused[..], &read].concat()).await, "/kitchen");
    let page = cook.sees("/kitchen").await;
    assert!(page.contains("Kürbis") && page.contains("Spuren von"), "{page}");

    cook.sees_at_last(&path, "<h3>Warme Küche").await;

    // Begun, taken back; begun, stopped with what is thrown away, taken back.
    cook.sees_at_last("/kitchen", "name=\"to\" value=\"4\"").await;
    cook.sends(&path, &[("to", "4")]).await;
    assert!(cook.sees("/kitchen").await.contains("name=\"undo\""));
    cook.sends(&path, &[("undo", "1")]).await;
    cook.sends(&path, &[("to", "4")]).await;
    let stop = [("item", "pumpkin-curry"), ("waste_0", "1"), ("reason", "3")];
    assert_eq!(cook.sends(&format!("{path}/stop"), &stop).await, "/kitchen");
    assert!(cook.sees("/kitchen").await.contains("✕"));
    assert!(cook.sees("/kitchen/decisions").await.contains("1 × Kürbis"));
    cook.sends(&path, &[("undo", "1")]).await;
    assert!(!cook.sees("/kitchen/decisions").await.contains("1 × Kürbis"), "nothing was thrown away");
}

#[tokio::test]
async fn of_a_drink_on_two_lines_each_is_thrown_away_as_it_was_typed() {
    let (house, world) = open().await;
    let cook = Pages::of(&house, Role::Kitchen).await;
    let line = |quantity, changes: &[&str]| OrderLine {
        item_id: "cappuccino".to_owned(),
        quantity,
        modifier_ids: changes.iter().map(|it| (*it).to_owned()).collect(),
        ..OrderLine::default()
    };
    let id = places(&world, vec![line(3, &[]), line(2, &["oat-milk"])]).await.order_id;
    cook.sees_at_last("/kitchen", "name=\"to\" value=\"4\"").await;
    let path = format!("/kitchen/orders/{id}");
    let form = cook.sees(&path).await;
    let typed = [("waste_0", "2"), ("waste_1", "1")];
    assert!(typed.iter().all(|(name, _)| form.contains(&format!("name=\"{name}\""))), "{form}");
    let stop = [("item", "cappuccino"), ("item", "cappuccino"), ("reason", "3")];
    assert_eq!(cook.sends(&format!("{path}/stop"), &[&stop[..], &typed].concat()).await, "/kitchen");
    let thrown = cook.sees("/kitchen/decisions").await;
    assert!(thrown.contains("2 × Cappuccino, klein <"), "{thrown}");
    assert!(thrown.contains("1 × Cappuccino, klein, mit Hafermilch <"), "each line by its own name: {thrown}");
}

#[tokio::test]
async fn who_pays_for_a_meal_at_the_desk_is_handed_its_receipt() {
    let (house, world) = open().await;
    let desk = Pages::of(&house, Role::Desk).await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let visit = family.is_confirmed().await;
    let due = visit.total.expect("a total").cents.to_string();
    let receipts = format!("/desk/receipts/{}", family.visit);
    assert!(desk.sees(&receipts).await.contains("Ein Beleg ist da, sobald"), "nothing is paid yet");
    let form = [("visit", &*family.visit), ("expected", &*due), ("means", "cash"), ("meal", "1")];
    assert_eq!(desk.sends("/desk/settle", &form).await, receipts);
    let page = desk.sees_at_last(&receipts, "Beleg Nr. 1").await;
    for part in ["Planetarium Halle, AstroGastro, Holzplatz 5", &visit.reference, "href=\"/desk\""] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn the_desk_notes_a_plate_for_whoever_rings_up() {
    let (house, world) = open().await;
    let desk = Pages::of(&house, Role::Desk).await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let visit = family.is_confirmed().await;
    let looks = [("reference", &*visit.reference)];
    let found = desk.asks("/desk/party", &looks).await.expect_err("the party's page");
    assert!(found.contains("action=\"/desk/plate\"") && !found.contains("Kennzeichen vergessen"), "{found}");
    for (plate, says) in [("", "Das ist kein Kennzeichen"), ("MQ-XY 77", "Das Kennzeichen ist gemerkt")] {
        assert_eq!(desk.sends("/desk/plate", &[("visit", &*family.visit), ("plate", plate)]).await, "/desk");
        let said = desk.sees("/desk").await;
        assert!(said.contains(says), "{says}: {said}");
    }
    let found = desk.asks("/desk/party", &looks).await.expect_err("the party's page");
    assert!(found.contains("Kennzeichen vergessen") && !found.contains("XY"), "noted, and never shown: {found}");
    desk.sends("/desk/plate", &[("visit", &*family.visit), ("forget", "1")]).await;
    let found = desk.asks("/desk/party", &looks).await.expect_err("the party's page");
    assert!(!found.contains("Kennzeichen vergessen"), "{found}");
}

#[tokio::test]
async fn a_ticket_that_is_neither_on_paper_nor_on_a_screen_is_red_on_the_board() {
    let (house, world) = open().await;
    // The desk looks at the board; only who cooks reads tickets there.
    let desk = Pages::of(&house, Role::Desk).await;
    assert!(!desk.sees("/kitchen").await.contains("nirgends zu lesen"));
    walk_up(&world, "tomato-pasta").await;
    let page = desk.sees_at_last("/kitchen", "<span class=\"badge bad\">◼ nicht gedruckt</span>").await;
    let notice = between(&page, "<div class=\"notice bad\" data-say>", "</div>");
    assert!(notice.contains("<a href=\"/kitchen/decisions#tickets\">Ein Zettel ist nirgends zu lesen</a>"), "{notice}");
    // Somebody opens the board in the kitchen: it is read there.
    let cook = Pages::of(&house, Role::Kitchen).await;
    cook.sees("/kitchen").await;
    let is_read = |page: &String| !page.contains("nirgends zu lesen") && !page.contains("nicht gedruckt");
    until("read on a screen", || desk.sees("/kitchen"), is_read).await;
}
