//! Signage's part of the house file, `[signage]`: the displays, their arrows and their ways out.
//! Checks everything before anything is applied; an error names line and key.

use std::collections::HashSet;

use chrono::NaiveTime;
use kernel::{
    BoxFuture, Failure, HouseLoader, Tx,
    error::Code,
    values::{Text, slug},
};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    cap, commands,
    domain::{Evacuation, Profile, Setup, Way},
    store::setup::{Configured, Part},
};

/// How the kernel reads our part.
pub const LOADER: HouseLoader = HouseLoader { check, apply };

/// The others' tables are theirs.
#[derive(Deserialize)]
struct File {
    signage: Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// The house's name, for warnings that go out to others.
    #[serde(default)]
    name: Text,
    /// Who the house is in such warnings, e.g. "planetarium-halle.de"; empty: after its name.
    sender: Option<Spanned<String>>,
    welcome: Spanned<Text>,
    evacuation: Spanned<Evacuation>,
    displays: Vec<Entry>,
    /// Parts of the day that have a name.
    #[serde(default)]
    day_parts: Vec<DayPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DayPart {
    id: Spanned<String>,
    name: Text,
    from: String,
    until: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    name: Text,
    location: String,
    /// The group it is in first of all.
    group: String,
    /// More groups.
    #[serde(default)]
    groups: Vec<String>,
    profile: Profile,
    viewing_distance_m: i32,
    #[serde(default)]
    orientation: Orientation,
    /// Those that take its message while it is silent, the nearest first.
    #[serde(default)]
    neighbours: Vec<String>,
    /// The UUID of a player that speaks SMIL.
    #[serde(default)]
    player: Option<uuid::Uuid>,
    /// Where it hangs: it tells what concerns these zones; empty: all.
    #[serde(default)]
    zones: Vec<String>,
    #[serde(default = "dome")]
    hall: String,
    #[serde(default)]
    wayfinding: Vec<Way>,
    exits: Vec<Way>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Orientation {
    #[default]
    Landscape,
    Portrait,
}

fn dome() -> String {
    "dome".to_owned()
}

fn check(toml: &str) -> Result<String, String> {
    let section = read(toml)?;
    Ok(format!("{} displays", section.displays.len()))
}

fn apply<'t>(tx: &'t mut Tx, toml: &'t str) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let section = read(toml).map_err(|problem| Failure::new(Code::InvalidArgument, problem))?;
        let parts: Vec<Part> = section.day_parts.iter().filter_map(part).collect();
        Ok(commands::setup::configure(tx, configured(section), &parts).await?)
    })
}

/// None: it has no good times, which [`read`] refuses.
fn part(part: &DayPart) -> Option<Part> {
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
    Some(Part {
        part_id: part.id.get_ref().clone(),
        name: part.name.clone(),
        from_time: time(&part.from)?,
        until_time: time(&part.until)?,
    })
}

fn configured(section: Section) -> Vec<Configured> {
    let sender = section.sender.map(Spanned::into_inner).unwrap_or_default();
    let (welcome, evacuation) = (section.welcome.into_inner(), section.evacuation.into_inner());
    let configured = |entry: Entry| Configured {
        display_id: entry.id.into_inner(),
        name: entry.name,
        location: entry.location,
        groups: std::iter::once(entry.group).chain(entry.groups).collect(),
        viewing_distance_m: entry.viewing_distance_m,
        orientation: match entry.orientation {
            Orientation::Landscape => "landscape",
            Orientation::Portrait => "portrait",
        }
        .to_owned(),
        neighbours: entry.neighbours,
        player: entry.player,
        setup: Setup {
            profile: entry.profile,
            hall: entry.hall,
            zones: entry.zones,
            viewing_distance_m: entry.viewing_distance_m,
            wayfinding: entry.wayfinding,
            exits: entry.exits,
            welcome: welcome.clone(),
            house: section.name.clone(),
            sender: sender.clone(),
            evacuation: evacuation.clone(),
        },
    };
    section.displays.into_iter().map(configured).collect()
}

fn read(toml: &str) -> Result<Section, String> {
    let File { signage } = toml::from_str(toml).map_err(|error| error.to_string())?;
    let at = |place: usize, key: &str, problem: &str| {
        let line = toml.get(..place).unwrap_or_default().matches('\n').count() + 1;
        Err(format!("line {line}, signage.{key}: {problem}"))
    };
    if let Some(problem) = untranslated(signage.welcome.get_ref()) {
        return at(signage.welcome.span().start, "welcome", problem);
    }
    let evacuation = signage.evacuation.get_ref();
    for (key, text) in [("headline", &evacuation.headline), ("instruction", &evacuation.instruction)] {
        let missing = if text.plain.is_empty() { Some("needs a text in Leichte Sprache (plain)") } else { None };
        if let Some(problem) = untranslated(text).or(missing) {
            return at(signage.evacuation.span().start, &format!("evacuation.{key}"), problem);
        }
    }
    if let Some(sender) = signage.sender.as_ref().filter(|sender| !cap::is_name(sender.get_ref())) {
        return at(sender.span().start, "sender", "must be 1 to 200 characters without spaces, commas, < or &");
    }
    if signage.displays.is_empty() {
        return at(signage.evacuation.span().start, "displays", "a house needs at least one display");
    }
    let (mut ids, mut players) = (HashSet::new(), HashSet::new());
    for (place, entry) in signage.displays.iter().enumerate() {
        let problem = wrong(entry).or_else(|| {
            (!ids.insert(entry.id.get_ref())).then(|| ("id", format!("\"{}\" is there twice", entry.id.get_ref())))
        });
        let problem = problem.or_else(|| {
            let twice = entry.player.is_some_and(|player| !players.insert(player));
            twice.then(|| ("player", "is another display's too".to_owned()))
        });
        if let Some((key, problem)) = problem {
            return at(entry.id.span().start, &format!("displays[{place}].{key}"), &problem);
        }
    }
    for (place, entry) in signage.displays.iter().enumerate() {
        let stranger = entry.neighbours.iter().find(|id| *id == entry.id.get_ref() || !ids.contains(id));
        if let Some(id) = stranger {
            let problem = format!("\"{id}\" is no other display");
            return at(entry.id.span().start, &format!("displays[{place}].neighbours"), &problem);
        }
    }
    let mut parts = HashSet::new();
    for (place, day_part) in signage.day_parts.iter().enumerate() {
        let problem = if let Err(invalid) = slug("id", day_part.id.get_ref()) {
            Some(("id", invalid.problem))
        } else if !parts.insert(day_part.id.get_ref()) {
            Some(("id", "stands here twice".to_owned()))
        } else if let Some(missing) = untranslated(&day_part.name) {
            Some(("name", missing.to_owned()))
        } else {
            part(day_part).is_none().then(|| ("from", "from and until must be times such as 09:00".to_owned()))
        };
        if let Some((key, problem)) = problem {
            return at(day_part.id.span().start, &format!("day_parts[{place}].{key}"), &problem);
        }
    }
    Ok(signage)
}

/// The first key of a display that is wrong, and why.
fn wrong(entry: &Entry) -> Option<(&'static str, String)> {
    let problem = |key, problem: &str| Some((key, problem.to_owned()));
    if let Err(invalid) = slug("id", entry.id.get_ref()) {
        return problem("id", &invalid.problem);
    }
    if let Err(invalid) = slug("group", &entry.group) {
        return problem("group", &invalid.problem);
    }
    if let Some(invalid) = entry.groups.iter().find_map(|group| slug("groups", group).err()) {
        return problem("groups", &invalid.problem);
    }
    if let Err(invalid) = slug("hall", &entry.hall) {
        return problem("hall", &invalid.problem);
    }
    if let Some(missing) = untranslated(&entry.name) {
        return problem("name", missing);
    }
    if entry.location.trim().is_empty() {
        return problem("location", "is empty");
    }
    if !(1..=50).contains(&entry.viewing_distance_m) {
        return problem("viewing_distance_m", "must be 1 to 50 metres");
    }
    if (entry.profile == Profile::Wayfinding) == entry.wayfinding.is_empty() {
        return problem("wayfinding", "displays with the profile \"wayfinding\" need directions, others have none");
    }
    // In an evacuation nobody takes a lift.
    if !entry.exits.iter().any(|exit| exit.step_free && exit.lift.is_empty()) {
        return problem("exits", "needs at least one way out that is step_free without a lift");
    }
    for (key, ways) in [("wayfinding", &entry.wayfinding), ("exits", &entry.exits)] {
        if let Some(missing) = ways.iter().find_map(|way| untranslated(&way.text)) {
            return problem(key, missing);
        }
    }
    None
}

fn untranslated(text: &Text) -> Option<&'static str> {
    if text.de.trim().is_empty() {
        Some("needs a German text (de)")
    } else if text.en.trim().is_empty() {
        Some("needs an English text (en)")
    } else {
        None
    }
}
