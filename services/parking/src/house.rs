//! The `[parking]` part of the house file: the site, its bays, where else to park, what it costs.
//! Checks everything before anything is written; applying the same file again changes nothing.

use std::collections::HashSet;

use chrono::{NaiveDate, TimeDelta};
use kernel::{BoxFuture, Code, Failure, Tx, values, values::Text};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    commands,
    domain::{
        Alternative, BayClass, Channel, ParkLeg, charging, coaches::Rules, feeds::MOST, lanes::Direction, meals,
        open_formats::Place, plates::Least,
    },
    store,
};

#[derive(Deserialize)]
struct File {
    parking: Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    id: Spanned<String>,
    name: Text,
    walk_minutes: u32,
    /// How far off that may be; without it: half of it.
    #[serde(default)]
    walk_uncertainty_seconds: Option<Spanned<u32>>,
    /// From the barrier until parked.
    #[serde(default)]
    park: Option<Spanned<ParkLeg>>,
    /// Whether bays of rights that a closure suspends may be given to others.
    #[serde(default = "releases")]
    release_suspended: bool,
    /// What is told of charging points holds for so long.
    #[serde(default)]
    charging_holds_minutes: Option<Spanned<u32>>,
    /// From collecting a meal after the showing until the bay is free again.
    #[serde(default)]
    meal_minutes: Option<Spanned<u32>>,
    bays: Spanned<Vec<Bays>>,
    /// Where coaches let people out and in.
    #[serde(default)]
    kerb: Option<Spanned<Rules>>,
    #[serde(default)]
    alternatives: Vec<Spanned<Alternative>>,
    /// For open data; without it the site is in none.
    place: Option<Spanned<Place>>,
    /// Lanes with a barrier.
    #[serde(default)]
    lanes: Vec<Lane>,
    #[serde(default)]
    cameras: Vec<Camera>,
    /// Feeds that tell how full the alternatives are.
    #[serde(default)]
    feeds: Vec<Feed>,
    /// Other systems that speak with this one by name.
    #[serde(default)]
    partners: Vec<Partner>,
    #[serde(default)]
    taxes: Vec<Tax>,
    #[serde(default)]
    tariffs: Vec<Tariff>,
}

/// A lane with a barrier; its controller is paired as a device of kind "lane" under this id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lane {
    id: Spanned<String>,
    direction: Direction,
}

/// A camera that reads plates at a lane.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Camera {
    id: Spanned<String>,
    lane: Spanned<String>,
    direction: Direction,
    /// Thousandths; below, the driver is asked for the code.
    #[serde(default = "believed")]
    least_score: Spanned<u32>,
    #[serde(default = "believed")]
    least_dscore: Spanned<u32>,
}

/// A feed that pushes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feed {
    id: Spanned<String>,
}

/// A system of somebody else's with a token of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Partner {
    id: Spanned<String>,
    speaks: Speaks,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Speaks {
    /// Assigns rights, reads them and their sessions.
    Apds,
    /// Tells of charging points.
    Ocpi,
}

impl Speaks {
    const fn name(self) -> &'static str {
        match self {
            Self::Apds => "apds",
            Self::Ocpi => "ocpi",
        }
    }
}

/// On this certainty cameras are believed where the house does not say otherwise; an assumption, to be set by trial.
fn believed() -> Spanned<u32> {
    Spanned::new(0..0, 800)
}

const fn releases() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bays {
    class: Spanned<BayClass>,
    count: Spanned<u32>,
    #[serde(default)]
    free_of_charge: bool,
    /// So much more of them may be given than there are, in percent, because some never come.
    #[serde(default)]
    overbooking_percent: Option<Spanned<u32>>,
    /// Through whom they are sold; without it: through all.
    #[serde(default)]
    sold_by: Option<Spanned<Vec<Channel>>>,
}

impl Bays {
    fn overbooking(&self) -> u32 {
        self.overbooking_percent.as_ref().map_or(0, |percent| *percent.get_ref())
    }

    fn sold_by(&self) -> &[Channel] {
        self.sold_by.as_ref().map_or(&Channel::ALL, |channels| channels.get_ref())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tax {
    id: Spanned<String>,
    basis_points: Spanned<u32>,
    valid_from: NaiveDate,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tariff {
    id: Spanned<String>,
    class: Spanned<BayClass>,
    label: Text,
    cents: Spanned<u32>,
    tax: Spanned<String>,
    valid_from: Spanned<NaiveDate>,
    source: String,
}

/// What people were charged by stays as it was.
const CHARGED: &str =
    "people were charged by this row as it was; leave it, and add one with a new id and a later valid_from";
/// The same of a tax row.
const TAXED: &str =
    "people were taxed by this row as it was; leave it, and add one with a new id, which newer prices name";

/// Nobody looks for a bay for longer, in seconds.
const LONGEST_PARKING: u32 = 3600;
const MOST_BAYS: u32 = 10_000;
/// No stay costs more than 1,000 euro: a typo would.
const MOST_OVERBOOKING: u32 = 100;
const MOST_CENTS: u32 = 100_000;

/// "line 12, parking.bays[2].class: twice"
fn wrong<T>(text: &str, at: &Spanned<T>, key: &str, problem: &str) -> String {
    let line = text.get(..at.span().start).map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}, parking.{key}: {problem}")
}

fn read(text: &str) -> Result<Section, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let section = file.parking;
    values::slug("id", section.id.get_ref()).map_err(|error| wrong(text, &section.id, "id", &error.problem))?;
    if section.bays.get_ref().is_empty() {
        return Err(wrong(text, &section.bays, "bays", "needs at least one class"));
    }
    let mut classes = HashSet::new();
    for (place, bays) in section.bays.get_ref().iter().enumerate() {
        if !classes.insert(bays.class.get_ref().name()) {
            let key = format!("bays[{place}].class");
            return Err(wrong(text, &bays.class, &key, "stands here twice"));
        }
        if *bays.count.get_ref() > MOST_BAYS {
            let key = format!("bays[{place}].count");
            return Err(wrong(text, &bays.count, &key, "is more than 10000"));
        }
        if let Some(channels) = &bays.sold_by
            && let Some(problem) = problem_of(channels.get_ref())
        {
            return Err(wrong(text, channels, &format!("bays[{place}].sold_by"), problem));
        }
    }
    if let Some(place) = &section.place
        && let Some(problem) = place.get_ref().problem()
    {
        return Err(wrong(text, place, "place", problem));
    }
    if let Some(kerb) = &section.kerb
        && let Some(problem) = kerb.get_ref().problem()
    {
        return Err(wrong(text, kerb, "kerb", problem));
    }
    if let Some(park) = &section.park
        && (park.get_ref().seconds > LONGEST_PARKING || park.get_ref().uncertainty_seconds > LONGEST_PARKING)
    {
        return Err(wrong(text, park, "park", "is more than an hour; say it in seconds"));
    }
    if let Some(walk) = &section.walk_uncertainty_seconds
        && *walk.get_ref() > LONGEST_PARKING
    {
        return Err(wrong(text, walk, "walk_uncertainty_seconds", "is more than an hour; say it in seconds"));
    }
    if let Some(holds) = &section.charging_holds_minutes
        && !(1..=charging::LONGEST).contains(holds.get_ref())
    {
        return Err(wrong(text, holds, "charging_holds_minutes", "must be between 1 and 1440 (a day)"));
    }
    if let Some(meal) = section.meal_minutes.as_ref().filter(|meal| *meal.get_ref() > meals::LONGEST) {
        return Err(wrong(text, meal, "meal_minutes", "is more than 180 (three hours)"));
    }
    read_lanes(text, &section)?;
    read_cameras(text, &section)?;
    read_taxes(text, &section)?;
    read_tariffs(text, &section, &classes)?;
    Ok(section)
}

/// What is wrong with a list of those who sell.
fn problem_of(channels: &[Channel]) -> Option<&'static str> {
    let once: HashSet<_> = channels.iter().collect();
    if channels.is_empty() {
        Some("names nobody; name \"online\", \"desk\" or \"partner\", or leave it out where all of them sell")
    } else if once.len() < channels.len() {
        Some("names somebody twice")
    } else {
        None
    }
}

fn read_lanes(text: &str, section: &Section) -> Result<(), String> {
    let mut ids = HashSet::new();
    for (place, lane) in section.lanes.iter().enumerate() {
        let key = format!("lanes[{place}].id");
        values::slug("id", lane.id.get_ref()).map_err(|error| wrong(text, &lane.id, &key, &error.problem))?;
        if !ids.insert(lane.id.get_ref()) {
            return Err(wrong(text, &lane.id, &key, "stands here twice"));
        }
    }
    Ok(())
}

fn read_cameras(text: &str, section: &Section) -> Result<(), String> {
    let mut ids = HashSet::new();
    for (place, camera) in section.cameras.iter().enumerate() {
        let key = |name: &str| format!("cameras[{place}].{name}");
        for (name, value) in [("id", &camera.id), ("lane", &camera.lane)] {
            values::slug(name, value.get_ref()).map_err(|error| wrong(text, value, &key(name), &error.problem))?;
        }
        if !ids.insert(camera.id.get_ref()) {
            return Err(wrong(text, &camera.id, &key("id"), "stands here twice"));
        }
        for (name, least) in [("least_score", &camera.least_score), ("least_dscore", &camera.least_dscore)] {
            if *least.get_ref() > 1000 {
                return Err(wrong(text, least, &key(name), "is more than 1000 (thousandths)"));
            }
        }
    }
    for (place, feed) in section.feeds.iter().enumerate() {
        let key = format!("feeds[{place}].id");
        values::slug("id", feed.id.get_ref()).map_err(|error| wrong(text, &feed.id, &key, &error.problem))?;
        // One token, one device.
        if !ids.insert(feed.id.get_ref()) {
            return Err(wrong(text, &feed.id, &key, "stands here twice"));
        }
    }
    for (place, partner) in section.partners.iter().enumerate() {
        let key = format!("partners[{place}].id");
        values::slug("id", partner.id.get_ref()).map_err(|error| wrong(text, &partner.id, &key, &error.problem))?;
        if !ids.insert(partner.id.get_ref()) {
            return Err(wrong(text, &partner.id, &key, "stands here twice"));
        }
    }
    for (place, alternative) in section.alternatives.iter().enumerate() {
        let other = alternative.get_ref();
        let named = section.feeds.iter().any(|feed| *feed.id.get_ref() == other.feed);
        if (!other.feed.is_empty() && !named) || other.feed.is_empty() != other.uid.is_empty() {
            let problem = "`feed` must name one of [[parking.feeds]], and `uid` the place in it";
            return Err(wrong(text, alternative, &format!("alternatives[{place}].feed"), problem));
        }
        if other.capacity.is_some_and(|spaces| !(1..=MOST).contains(&i64::from(spaces))) {
            let problem = format!("must be 1 to {MOST} spaces");
            return Err(wrong(text, alternative, &format!("alternatives[{place}].capacity"), &problem));
        }
    }
    Ok(())
}

fn read_taxes(text: &str, section: &Section) -> Result<(), String> {
    let mut ids = HashSet::new();
    for (place, tax) in section.taxes.iter().enumerate() {
        let key = |name: &str| format!("taxes[{place}].{name}");
        values::slug("id", tax.id.get_ref()).map_err(|error| wrong(text, &tax.id, &key("id"), &error.problem))?;
        if !ids.insert(tax.id.get_ref()) {
            return Err(wrong(text, &tax.id, &key("id"), "stands here twice"));
        }
        if *tax.basis_points.get_ref() > 10_000 {
            let problem = "is more than 10000 (100 %)";
            return Err(wrong(text, &tax.basis_points, &key("basis_points"), problem));
        }
    }
    Ok(())
}

fn read_tariffs(text: &str, section: &Section, classes: &HashSet<&'static str>) -> Result<(), String> {
    let mut ids = HashSet::new();
    let mut days = HashSet::new();
    for (place, tariff) in section.tariffs.iter().enumerate() {
        let key = |name: &str| format!("tariffs[{place}].{name}");
        let class = tariff.class.get_ref().name();
        values::slug("id", tariff.id.get_ref()).map_err(|error| wrong(text, &tariff.id, &key("id"), &error.problem))?;
        if !ids.insert(tariff.id.get_ref()) {
            return Err(wrong(text, &tariff.id, &key("id"), "stands here twice"));
        }
        if !classes.contains(class) {
            let problem = "no bays of this class";
            return Err(wrong(text, &tariff.class, &key("class"), problem));
        }
        if !days.insert((class, *tariff.valid_from.get_ref())) {
            let problem = "this class has another tariff from the same day";
            return Err(wrong(text, &tariff.valid_from, &key("valid_from"), problem));
        }
        if *tariff.cents.get_ref() > MOST_CENTS {
            let problem = "is more than 1000 euro";
            return Err(wrong(text, &tariff.cents, &key("cents"), problem));
        }
        let tax = tariff.tax.get_ref();
        let Some(taxed) = section.taxes.iter().find(|row| row.id.get_ref() == tax) else {
            let problem = format!("no tax row named \"{tax}\"");
            return Err(wrong(text, &tariff.tax, &key("tax"), &problem));
        };
        if *tariff.valid_from.get_ref() < taxed.valid_from {
            let problem = format!("this row is valid only from {}", taxed.valid_from);
            return Err(wrong(text, &tariff.tax, &key("tax"), &problem));
        }
    }
    for (place, bays) in section.bays.get_ref().iter().enumerate() {
        let class = *bays.class.get_ref();
        let priced = section.tariffs.iter().any(|tariff| *tariff.class.get_ref() == class);
        if let Some(percent) = bays.overbooking_percent.as_ref().filter(|percent| *percent.get_ref() > MOST_OVERBOOKING)
        {
            let key = format!("bays[{place}].overbooking_percent");
            return Err(wrong(text, percent, &key, "is more than 100"));
        }
        if !bays.free_of_charge && !priced {
            let key = format!("bays[{place}].class");
            let problem = "is not free of charge and has no tariff";
            return Err(wrong(text, &bays.class, &key, problem));
        }
    }
    Ok(())
}

/// Reads and checks the whole part.
pub(crate) fn check(text: &str) -> Result<String, String> {
    let section = read(text)?;
    let bays: u32 = section.bays.get_ref().iter().map(|bays| *bays.count.get_ref()).sum();
    Ok(format!("{bays} bays in {} classes, {} tariffs", section.bays.get_ref().len(), section.tariffs.len()))
}

/// Applies a part that passed the check.
pub(crate) fn apply<'t>(tx: &'t mut Tx, text: &'t str) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let section = read(text).map_err(|problem| Failure::new(Code::InvalidArgument, problem))?;
        write(tx, text, &section).await
    })
}

async fn write(tx: &mut Tx, text: &str, section: &Section) -> Result<(), Failure> {
    let refused = |problem| Failure::new(Code::InvalidArgument, problem);
    use store::{coaches, feeds, gates, house, partners, plates};
    let now = tx.now();
    let alternatives: Vec<Alternative> = section.alternatives.iter().map(|place| place.get_ref().clone()).collect();
    let mut changed = house::save_site(
        tx.conn(),
        &house::SiteRow {
            id: section.id.get_ref(),
            name: &section.name,
            walk_minutes: section.walk_minutes,
            walk_uncertainty_seconds: section
                .walk_uncertainty_seconds
                .as_ref()
                .map_or(section.walk_minutes.saturating_mul(30), |walk| *walk.get_ref()),
            park: section.park.as_ref().map_or_else(ParkLeg::default, |park| *park.get_ref()),
            release_suspended: section.release_suspended,
            charging_holds: section
                .charging_holds_minutes
                .as_ref()
                .map_or(charging::HOLDS, |holds| TimeDelta::minutes((*holds.get_ref()).into())),
            meal_stay: section
                .meal_minutes
                .as_ref()
                .map_or(meals::STAY, |meal| TimeDelta::minutes((*meal.get_ref()).into())),
            alternatives: &alternatives,
            place: section.place.as_ref().map(Spanned::get_ref),
        },
        now,
    )
    .await?;
    changed |=
        coaches::save_rules(tx.conn(), section.kerb.as_ref().map_or(Rules::NONE, |kerb| *kerb.get_ref())).await?;
    for bays in section.bays.get_ref() {
        let (class, count) = (*bays.class.get_ref(), *bays.count.get_ref());
        changed |=
            house::save_class(tx.conn(), class, count, bays.free_of_charge, bays.overbooking(), bays.sold_by()).await?;
    }
    for lane in &section.lanes {
        gates::save_lane(tx.conn(), lane.id.get_ref(), lane.direction).await?;
    }
    let lanes: Vec<&str> = section.lanes.iter().map(|lane| lane.id.get_ref().as_str()).collect();
    gates::keep_lanes(tx.conn(), &lanes).await?;
    for camera in &section.cameras {
        let row = plates::Camera {
            id: camera.id.get_ref().clone(),
            lane: camera.lane.get_ref().clone(),
            direction: camera.direction,
            least: Least { score: *camera.least_score.get_ref(), dscore: *camera.least_dscore.get_ref() },
        };
        plates::save_camera(tx.conn(), &row).await?;
    }
    let cameras: Vec<&str> = section.cameras.iter().map(|camera| camera.id.get_ref().as_str()).collect();
    plates::keep_cameras(tx.conn(), &cameras).await?;
    let feeds: Vec<&str> = section.feeds.iter().map(|feed| feed.id.get_ref().as_str()).collect();
    feeds::keep(tx.conn(), &feeds).await?;
    let speak: Vec<_> = section.partners.iter().map(|it| (it.id.get_ref().as_str(), it.speaks.name())).collect();
    partners::keep(tx.conn(), &speak).await?;
    for (place, tax) in section.taxes.iter().enumerate() {
        let rate = *tax.basis_points.get_ref();
        if house::is_taxed_otherwise(tx.conn(), tax.id.get_ref(), rate).await? {
            return Err(refused(wrong(text, &tax.basis_points, &format!("taxes[{place}].basis_points"), TAXED)));
        }
        house::save_tax(tx.conn(), tax.id.get_ref(), rate, tax.valid_from, &tax.source).await?;
    }
    for (place, tariff) in section.tariffs.iter().enumerate() {
        let row = house::TariffRow {
            id: tariff.id.get_ref(),
            class: *tariff.class.get_ref(),
            label: &tariff.label,
            cents: *tariff.cents.get_ref(),
            tax_id: tariff.tax.get_ref(),
            valid_from: *tariff.valid_from.get_ref(),
            source: &tariff.source,
        };
        if house::is_charged_otherwise(tx.conn(), &row).await? {
            return Err(refused(wrong(text, &tariff.cents, &format!("tariffs[{place}]"), CHARGED)));
        }
        house::save_tariff(tx.conn(), &row).await?;
    }
    if changed {
        house::described(tx.conn(), now).await?;
        commands::touch_site(tx, None).await?;
        commands::tell_site(tx).await?;
    }
    Ok(())
}
