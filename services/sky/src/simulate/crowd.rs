//! Who comes: parties for the day's showings, drawn from a seed so that the same day can be played again.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sky_proto::{
    gastro::v1::Pickup,
    parking::v1::BayClass,
    payments::v1::Method,
    reservations::v1::{Need, PartyLine, Showing},
};

use super::World;

/// A party's plan for the day.
#[derive(Clone, Debug)]
pub struct Party {
    /// Running number, for devices and keys.
    pub number: usize,
    /// What they want to see.
    pub showing_id: String,
    /// Planned start, as in the programme.
    pub starts_at: DateTime<Utc>,
    /// Who they are.
    pub lines: Vec<PartyLine>,
    /// When they book.
    pub books_at: DateTime<Utc>,
    /// Minutes before the start at which they reach the house.
    pub early_minutes: i64,
    /// A bay, for those who drive.
    pub bay: Option<BayClass>,
    /// A meal, for those who eat.
    pub meal: Option<Pickup>,
    /// How they pay.
    pub pays: Method,
    /// Changes their mind before the day's showing.
    pub cancels: bool,
    /// Never comes.
    pub stays_away: bool,
    /// A school class, booked by staff.
    pub class: bool,
}

impl Party {
    /// How many people.
    pub fn people(&self) -> u32 {
        self.lines.iter().map(|line| line.count).sum()
    }

    /// When they reach the house, if nothing moves.
    pub fn comes_at(&self) -> DateTime<Utc> {
        self.starts_at - TimeDelta::minutes(self.early_minutes)
    }
}

/// Parties for all showings: most filled to about two thirds, one sold out, one class that comes early.
pub fn plan(world: &World, showings: &[Showing], seed: u64, online: bool) -> Vec<Party> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut parties = Vec::new();
    for (place, showing) in showings.iter().enumerate() {
        let starts_at = values::from_timestamp(showing.starts_at);
        // The second showing of the day is asked for by more than it holds.
        let wanted = if place == 1 { 130 } else { dice.random_range(45..85) };
        let mut people = 0;
        while people < wanted {
            let party = party(&mut dice, world, showing, starts_at, parties.len(), online);
            people += party.people();
            parties.push(party);
        }
    }
    // Not every showing has a price for pupils: a concert has none. A workshop's room is full before a class has asked.
    let for_a_class = |showing: &&Showing| showing.hall == "dome" && tariff_classes(showing).contains(&"reduced");
    if let Some(showing) = showings.iter().rfind(for_a_class) {
        let starts_at = values::from_timestamp(showing.starts_at);
        parties.push(Party {
            lines: vec![line("adult", 2, Need::Unspecified), line("reduced", 22, Need::Unspecified)],
            books_at: world.opens + TimeDelta::minutes(2),
            early_minutes: 50,
            bay: Some(BayClass::Coach),
            meal: None,
            pays: Method::AtDesk,
            cancels: false,
            stays_away: false,
            class: true,
            ..party(&mut dice, world, showing, starts_at, parties.len(), online)
        });
    }
    parties
}

fn tariff_classes(showing: &Showing) -> Vec<&str> {
    showing.prices.iter().map(|price| price.tariff_class.as_str()).collect()
}

fn line(class: &str, count: u32, need: Need) -> PartyLine {
    PartyLine { tariff_class: class.to_owned(), count, need: need.into() }
}

fn party(
    dice: &mut StdRng,
    world: &World,
    showing: &Showing,
    starts_at: DateTime<Utc>,
    number: usize,
    online: bool,
) -> Party {
    let classes = tariff_classes(showing);
    let mut lines = vec![line("adult", dice.random_range(1..=2), Need::Unspecified)];
    if classes.contains(&"child") && dice.random_bool(0.35) {
        lines.push(line("child", dice.random_range(1..=3), Need::Unspecified));
    }
    if classes.contains(&"reduced") && dice.random_bool(0.2) {
        lines.push(line("reduced", 1, Need::Unspecified));
    }
    let wheelchair = classes.contains(&"companion") && dice.random_bool(0.02);
    if wheelchair {
        let class = if classes.contains(&"reduced") { "reduced" } else { "adult" };
        lines = vec![line(class, 1, Need::Wheelchair), line("companion", 1, Need::Companion)];
    }
    // Most book in the first half of the time there is; the last forty minutes before a start are for the desk.
    let window = (starts_at - TimeDelta::minutes(40) - world.opens).num_seconds().max(60);
    let soon = dice.random_bool(0.6);
    let books_after = dice.random_range(0..if soon { window / 2 } else { window });
    let bay = if wheelchair {
        Some(BayClass::Accessible)
    } else {
        dice.random_bool(0.18).then(|| if dice.random_bool(0.1) { BayClass::Ev } else { BayClass::Standard })
    };
    Party {
        number,
        showing_id: showing.showing_id.clone(),
        starts_at,
        lines,
        books_at: world.opens + TimeDelta::seconds(books_after),
        early_minutes: dice.random_range(6..32),
        bay,
        meal: dice
            .random_bool(0.25)
            .then(|| if dice.random_bool(0.2) { Pickup::BeforeShowing } else { Pickup::AfterShowing }),
        pays: if online && dice.random_bool(0.6) { Method::Online } else { Method::AtDesk },
        cancels: dice.random_bool(0.04),
        stays_away: dice.random_bool(0.05),
        class: false,
    }
}
