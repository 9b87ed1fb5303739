//! What a notice says, as parts that become text and HTML alike: made of the visit as it is now. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::ticket_code::reference;
use kernel::values::Text;
use serde::{Deserialize, Serialize};

pub(crate) use super::words::Language;
use super::{Facts, Kind, Place, said_as, words::Words};
use crate::domain::{Bay, Item, Meal, Method, Money, Part, Showing, State, Visit, sum, timeline::ARRIVE};

/// A part of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Heading(String),
    Text(String),
    Facts(Vec<(String, String)>),
    List(Vec<String>),
    Link { label: String, url: String },
}

/// A letter to a visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// Of its words, for screen readers.
    pub(crate) lang: &'static str,
    /// Nothing of a person in it: it is read on locked screens.
    pub(crate) subject: String,
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) foot: Vec<String>,
}

/// What the house file says of the house.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct HouseWords {
    pub(crate) name: Text,
    /// For the head of a page: short, and the same in every language.
    pub(crate) brand: String,
    pub(crate) address: String,
    /// What the café is called.
    pub(crate) cafe: String,
    /// The halls' names, by their ids.
    pub(crate) halls: BTreeMap<String, Text>,
    /// What the house has for people with disabilities.
    pub(crate) accessible: Text,
    /// Who is responsible for the pages (§ 5 DDG).
    pub(crate) imprint: Text,
    /// By public transport, by bicycle, by car: in this order.
    pub(crate) tram: Text,
    pub(crate) bicycle: Text,
    pub(crate) car: Text,
    pub(crate) step_free: Text,
    pub(crate) bring: Text,
}

/// The car park, as it is told before the drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CarPark {
    pub(crate) reachable: bool,
    pub(crate) reason: Text,
    pub(crate) places: Vec<Place>,
}

/// What a letter is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Material<'m> {
    pub(crate) visit: &'m Visit,
    pub(crate) showing: &'m Showing,
    pub(crate) house: &'m HouseWords,
    /// None: nothing is known of it, and nothing is said.
    pub(crate) car_park: Option<&'m CarPark>,
    /// The visit's page.
    pub(crate) link: &'m str,
}

/// The letter of a notice.
pub(crate) fn compose(kind: Kind, facts: &Facts, material: &Material<'_>) -> Letter {
    let writer = Writer { language: Language::named(&material.visit.language), material, blocks: Vec::new() };
    writer.letter(said_as(kind, facts, material.showing), facts)
}

struct Writer<'m> {
    language: Language,
    material: &'m Material<'m>,
    blocks: Vec<Block>,
}

impl Writer<'_> {
    fn letter(mut self, kind: Kind, facts: &Facts) -> Letter {
        let words = self.language.words();
        let said = (words.kind)(kind);
        let visit = self.material.visit;
        let name = &visit.contact.name;
        self.text(if name.is_empty() { words.hello.to_owned() } else { fill(words.hello_name, "name", name) });
        self.text(said.lead.to_owned());
        let reason = self.language.of(&facts.reason).to_owned();
        self.text(reason);
        match kind {
            Kind::Confirmed => {
                let notice = self.language.of(&visit.notice).to_owned();
                self.text(notice);
                self.day(None);
                self.link();
                self.way();
                self.price();
            }
            Kind::DayBefore => {
                self.day(None);
                self.link();
                self.car_park();
                self.way();
            }
            Kind::WaitListed => {
                self.which();
                self.link_named(words.link_waiting);
            }
            Kind::PlacesOffered => {
                if let Some(until) = facts.until {
                    self.text(fill(words.order_until, "time", &self.language.moment(until)));
                }
                self.day(None);
                self.link_named(words.link_order);
            }
            Kind::WaitOver => {
                self.which();
                self.link_named(words.link_off);
            }
            Kind::NotCompleted => {
                self.which();
                self.text(words.nothing_charged.to_owned());
                self.link_named(words.link_off);
            }
            Kind::Reseated => {
                self.day(None);
                self.link();
            }
            Kind::Reissued => {
                self.which();
                self.link();
            }
            Kind::Delayed | Kind::Earlier => {
                self.day(facts.was);
                self.link();
            }
            Kind::Rebooked => {
                self.day(facts.was);
                self.link();
                self.way();
            }
            Kind::Cancelled | Kind::Refunded => {
                self.money(kind, facts);
                self.link();
            }
            Kind::ParkingSuspended => {
                let until = facts.until.map(|until| fill(words.closed_until, "time", &self.language.moment(until)));
                self.text(until.unwrap_or_else(|| words.closed_open_end.to_owned()));
                self.places(&facts.places);
                self.link();
            }
            Kind::ParkingLost => {
                self.places(&facts.places);
                self.link();
            }
            Kind::ParkingRestored => {
                self.day(None);
                self.link();
            }
            Kind::ParkingOff => {
                let tram = self.language.of(&self.material.house.tram).to_owned();
                self.text(tram);
                self.link();
            }
            Kind::MealMoved => {
                self.meal(facts.was);
                self.link();
            }
            Kind::MealChanged | Kind::MealAsked | Kind::MealSettled => {
                self.meal(None);
                self.link();
            }
            Kind::MealOff => {
                if facts.cents > 0 {
                    self.text(fill(words.money_back, "sum", &self.language.euros(facts.cents)));
                }
                self.link();
            }
            Kind::AtRisk | Kind::RebookingOffered => {
                self.choices(facts);
                self.link();
            }
        }
        let day = self.language.day(self.material.showing.starts_at);
        let mut foot: Vec<String> = words.foot.iter().map(|line| (*line).to_owned()).collect();
        let house = [self.language.of(&self.material.house.name), &self.material.house.address];
        foot.push(house.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "));
        foot.retain(|line| !line.is_empty());
        Letter {
            lang: self.language.tag(),
            subject: fill(said.subject, "day", &day),
            title: said.title.to_owned(),
            blocks: self.blocks,
            foot,
        }
    }

    fn text(&mut self, text: String) {
        if !text.is_empty() {
            self.blocks.push(Block::Text(text));
        }
    }

    fn heading(&mut self, text: &str) {
        self.blocks.push(Block::Heading(text.to_owned()));
    }

    fn link(&mut self) {
        self.link_named(self.language.words().link);
    }

    fn link_named(&mut self, label: &str) {
        if !self.material.link.is_empty() {
            self.blocks.push(Block::Link { label: label.to_owned(), url: self.material.link.to_owned() });
        }
    }

    /// Which visit it is about.
    fn which(&mut self) {
        let words = self.language.words();
        self.facts(vec![
            (words.showing, self.language.of(&self.material.showing.title).to_owned()),
            (words.when, self.language.moment(self.material.showing.starts_at)),
            (words.reference, reference(self.material.visit.id)),
        ]);
    }

    /// What, when, where: with what it was before, if it has moved.
    fn day(&mut self, was: Option<DateTime<Utc>>) {
        let (words, language) = (self.language.words(), self.language);
        let Material { visit, showing, .. } = *self.material;
        let mut facts = vec![(words.showing, language.of(&showing.title).to_owned())];
        if let Some(was) = was {
            facts.push((words.was, language.moment(was)));
            facts.push((words.is_now, language.moment(showing.starts_at)));
        } else {
            facts.push((words.when, language.moment(showing.starts_at)));
        }
        facts.push((words.be_there, language.time(showing.starts_at - ARRIVE)));
        facts.push((words.people, visit.size().to_string()));
        facts.push((words.places, places(visit, words)));
        if let Some(bay) = confirmed_bay(visit) {
            let window = fill(words.window, "from", &language.time(bay.due_from()));
            let window = fill(&window, "until", &language.time(bay.until));
            facts.push((words.parking, format!("{}, {window}", language.bay(&bay.class))));
        }
        if let Some(meal) = visit.meal.as_ref().filter(|meal| meal.part == Part::Confirmed) {
            facts.push((words.meal, pickup(meal, language)));
            facts.push((words.dishes, self.dishes()));
        }
        facts.push((words.reference, reference(visit.id)));
        self.facts(facts);
    }

    fn facts(&mut self, facts: Vec<(&str, String)>) {
        let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
        self.blocks.push(Block::Facts(facts.map(|(label, value)| (label.to_owned(), value)).collect()));
    }

    fn dishes(&self) -> String {
        let dishes = self.material.visit.meal.iter().flat_map(|meal| &meal.dishes);
        dishes
            .map(|dish| format!("{} × {}", dish.quantity, self.language.of(&dish.name)))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn meal(&mut self, was: Option<DateTime<Utc>>) {
        let (words, language) = (self.language.words(), self.language);
        let Some(meal) = &self.material.visit.meal else { return };
        let mut facts = Vec::new();
        if let Some(was) = was {
            facts.push((words.was, language.time(was)));
        }
        facts.push((words.meal, pickup(meal, language)));
        facts.push((words.dishes, self.dishes()));
        if meal.number > 0 {
            facts.push((words.meal_number, meal.number.to_string()));
        }
        self.facts(facts);
    }

    /// The ways to the house: public transport before the car, and the way without steps for whom it is booked.
    fn way(&mut self) {
        let (words, language) = (self.language.words(), self.language);
        let Material { visit, house, .. } = *self.material;
        let mut ways = vec![language.of(&house.tram), language.of(&house.bicycle)];
        if confirmed_bay(visit).is_some() {
            ways.push(language.of(&house.car));
        }
        ways.retain(|way| !way.is_empty());
        if !ways.is_empty() {
            let ways = ways.into_iter().map(str::to_owned).collect();
            self.heading(words.way);
            self.blocks.push(Block::List(ways));
        }
        let step_free = language.of(&house.step_free);
        if needs_no_steps(visit) && !step_free.is_empty() {
            self.heading(words.step_free);
            self.text(step_free.to_owned());
        }
        let bring = language.of(&house.bring);
        if !bring.is_empty() {
            self.heading(words.bring);
            self.text(bring.to_owned());
        }
    }

    /// What is known of the car park, for those who have a bay.
    fn car_park(&mut self) {
        let words = self.language.words();
        let Material { visit, car_park, .. } = *self.material;
        let Some(bay) = visit.bay.as_ref().filter(|bay| bay.part == Part::Confirmed) else { return };
        let (reachable, reason, places) = match (&bay.suspension, car_park) {
            (Some(it), _) => {
                let place = |(name, walk): &(String, u32)| Place { name: name.clone(), walk_minutes: *walk };
                (false, it.reason.clone(), it.alternatives.iter().map(place).collect())
            }
            (None, Some(it)) => (it.reachable, it.reason.clone(), it.places.clone()),
            (None, None) => return,
        };
        self.heading(words.parking);
        if reachable {
            self.text(words.car_park_open.to_owned());
        } else {
            self.text(words.car_park_closed.to_owned());
            self.text(self.language.of(&reason).to_owned());
            self.places(&places);
        }
    }

    fn places(&mut self, places: &[Place]) {
        let words = self.language.words();
        if places.is_empty() {
            return;
        }
        self.heading(words.park_elsewhere);
        let walk =
            |place: &Place| fill(&fill(words.walk, "place", &place.name), "minutes", &place.walk_minutes.to_string());
        self.blocks.push(Block::List(places.iter().map(walk).collect()));
    }

    fn choices(&mut self, facts: &Facts) {
        let (words, language) = (self.language.words(), self.language);
        if facts.choices.is_empty() {
            return;
        }
        self.heading(words.choices);
        let say =
            |choice: &super::Choice| format!("{}: {}", language.moment(choice.starts_at), language.of(&choice.title));
        self.blocks.push(Block::List(facts.choices.iter().map(say).collect()));
        if let Some(until) = facts.until {
            self.text(fill(words.choose_until, "time", &language.time(until)));
        }
    }

    /// What becomes of the money.
    fn money(&mut self, kind: Kind, facts: &Facts) {
        let words = self.language.words();
        let visit = self.material.visit;
        self.which();
        let comes_back = kind == Kind::Refunded || matches!(visit.state, State::Refunding | State::Refunded);
        if comes_back && matches!(visit.money, Money::Paid | Money::Refunding | Money::Refunded) && facts.cents > 0 {
            let text = match (kind, visit.method) {
                (Kind::Refunded, Some(Method::AtDesk)) => words.refunded_at_desk,
                (Kind::Refunded, _) => words.refunded,
                (_, Some(Method::AtDesk)) => words.comes_back_at_desk,
                _ => words.comes_back,
            };
            self.text(fill(text, "sum", &self.language.euros(facts.cents)));
        } else if matches!(visit.money, Money::None | Money::Pending | Money::DueAtDesk | Money::Failed | Money::Voided)
        {
            self.text(words.nothing_to_pay.to_owned());
        }
    }

    /// What was ordered, as the law wants it on something that lasts.
    fn price(&mut self) {
        let (words, language) = (self.language.words(), self.language);
        let visit = self.material.visit;
        let items = visit.items();
        let total = sum(&items);
        if total == 0 {
            return;
        }
        let line = |item: &Item| {
            let cents = item.unit_cents.saturating_mul(i64::from(item.quantity));
            (format!("{} × {}", item.quantity, language.of(&item.label)), language.euros(cents))
        };
        let mut lines: Vec<(String, String)> = items.iter().map(line).collect();
        lines.push((words.total.to_owned(), language.euros(total)));
        self.heading(words.price);
        self.blocks.push(Block::Facts(lines));
        if visit.money == Money::DueAtDesk {
            self.text(fill(words.due, "sum", &language.euros(total)));
        } else if visit.money == Money::Paid {
            self.text(words.paid.to_owned());
        }
        self.text(words.no_withdrawal.to_owned());
    }
}

/// What a calendar says of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diary {
    pub(crate) title: String,
    pub(crate) place: String,
    pub(crate) text: String,
}

/// The places of a visit by name, and that seating is free for who has none.
fn places(visit: &Visit, words: &Words) -> String {
    let mut places: Vec<&str> =
        visit.seats.iter().map(|seat| seat.label.as_str()).filter(|label| !label.is_empty()).collect();
    if places.len() < visit.seats.len() {
        places.push(words.free_seating);
    }
    places.join(", ")
}

/// The visit in a calendar.
pub(crate) fn diary(material: &Material<'_>) -> Diary {
    let Material { visit, showing, house, .. } = *material;
    let language = Language::named(&visit.language);
    let words = language.words();
    let house_name = language.of(&house.name);
    let mut lines = vec![format!("{} {}", words.be_there, language.time(showing.starts_at - ARRIVE))];
    let places = places(visit, words);
    if !places.is_empty() {
        lines.push(format!("{}: {places}", words.places));
    }
    if let Some(bay) = confirmed_bay(visit) {
        let window = fill(words.window, "from", &language.time(bay.due_from()));
        lines.push(format!("{}: {}", words.parking, fill(&window, "until", &language.time(bay.until))));
    }
    if let Some(meal) = visit.meal.as_ref().filter(|meal| meal.part == Part::Confirmed && !meal.is_asked()) {
        lines.push(format!("{} {}", words.meal, language.time(meal.pickup_at)));
    }
    let place = [house_name, &house.address].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    Diary { title: language.of(&showing.title).to_owned(), place, text: lines.join("\n") }
}

/// Empty, and so not said, while the kitchen waits for an answer.
fn pickup(meal: &Meal, language: Language) -> String {
    if meal.is_asked() { String::new() } else { language.time(meal.pickup_at) }
}

fn confirmed_bay(visit: &Visit) -> Option<&Bay> {
    visit.bay.as_ref().filter(|bay| bay.part == Part::Confirmed && bay.suspension.is_none())
}

fn needs_no_steps(visit: &Visit) -> bool {
    let steps = |need: &str| matches!(need, "NEED_WHEELCHAIR" | "NEED_STEP_FREE");
    let bay = visit.bay.as_ref().is_some_and(|bay| bay.class == "BAY_CLASS_ACCESSIBLE");
    bay || visit.party.iter().any(|line| steps(&line.need)) || visit.seats.iter().any(|seat| steps(&seat.need))
}

/// A text with something in it. What is put in is not looked at again.
pub(super) fn fill(text: &str, name: &str, value: &str) -> String {
    text.replacen(&format!("{{{name}}}"), value, 1)
}
