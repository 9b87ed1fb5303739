//! All displays, all that is known, and what each shows: kept in memory, so that an event becomes contents without
//! reading anything. Contents are computed once per distinct view, however many displays share it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{About, Content, Known, Record, Setup, Told, View, compose};

/// A display's own part of what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The groups that messages address.
    pub groups: Vec<String>,
    /// From the house file.
    pub setup: Setup,
    /// When the house file said so.
    pub configured_at: DateTime<Utc>,
}

/// A display on the wall.
#[derive(Clone, Debug)]
pub struct Hung {
    /// Slug, e.g. `foyer-1`.
    pub id: String,
    /// What is to be shown.
    pub view: View,
    /// Those that take its message while it is silent, the nearest first.
    pub neighbours: Vec<String>,
    /// It has fallen silent.
    pub silent: bool,
    /// Its device was heard of lately. One that never had a device is neither.
    pub there: bool,
    /// Nobody can read its screen: it is dark by plan, or its page is hidden. An emergency lights it up.
    pub dark: bool,
    /// It has a device, or had one. One that never had is not waited for.
    pub fitted: bool,
    /// Its view in the store.
    pub view_id: Uuid,
    /// The wall's version from which on it shows that view.
    pub since: i64,
}

/// A display that was heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Not long ago.
    pub lately: bool,
    /// Its last word was that nobody can read its screen.
    pub dark: bool,
}

/// A display as the house file wants it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Slug.
    pub id: String,
    /// The groups that messages address.
    pub groups: Vec<String>,
    /// How it is set up.
    pub setup: Setup,
    /// Those that take its message while it is silent.
    pub neighbours: Vec<String>,
}

/// A computed content with its revision: the wall's version in which it was computed.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Rises with each change of the wall, whatever view it is.
    pub revision: i64,
    /// What.
    pub content: Content,
    /// When.
    pub computed_at: DateTime<Utc>,
}

/// A display in its place: which revision it sees at least.
#[derive(Clone, Debug)]
pub struct Place {
    /// The display.
    pub display_id: String,
    /// A display that is moved to another view must not see a lower revision than before.
    pub since: i64,
}

/// A view with what it shows and where.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Its id in the store.
    pub view_id: Uuid,
    /// What is to be shown.
    pub view: View,
    /// None: nothing was computed yet.
    pub shown: Option<Arc<Shown>>,
    /// On which displays.
    pub places: Arc<[Place]>,
}

/// What a turn of the wall has changed, to be stored.
#[derive(Debug, Default)]
pub struct News {
    /// Facts.
    pub records: Vec<Record>,
    /// Keys of facts that are over.
    pub forgotten: Vec<String>,
    /// Views with a new content.
    pub views: Vec<Posted>,
    /// Displays have come, gone or moved to another view.
    pub moved: bool,
}

impl News {
    /// True when there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.forgotten.is_empty() && self.views.is_empty() && !self.moved
    }
}

/// The whole.
#[derive(Clone, Debug, Default)]
pub struct Wall {
    /// Rises with every change.
    pub version: i64,
    /// The version in which displays last came, went or moved.
    pub setup_version: i64,
    /// All that was told.
    pub known: Known,
    /// All displays.
    pub displays: Vec<Hung>,
    /// All views.
    pub views: Vec<Posted>,
    /// Which displays are to show each directive and incident, as was told last.
    concerned: BTreeMap<About, Vec<String>>,
}

impl Wall {
    /// As it was stored: contents by view.
    #[must_use]
    pub fn stored(
        version: i64,
        setup_version: i64,
        known: Known,
        displays: Vec<Hung>,
        mut shown: HashMap<Uuid, Arc<Shown>>,
    ) -> Self {
        let mut wall = Self { version, setup_version, known, displays, ..Self::default() };
        wall.stand_in();
        wall.post(|view_id| shown.remove(&view_id));
        wall.concerned = wall.shows();
        wall
    }

    /// Which displays that have a device and are not silent are to show each directive and incident. A dark one acknowledges
    /// nothing but what lights it up, so that nobody waits for it.
    fn shows(&self) -> BTreeMap<About, Vec<String>> {
        let out = self.displays.iter().filter(|it| it.silent || !it.fitted);
        let out: HashSet<&str> = out.map(|it| it.id.as_str()).collect();
        let dark: HashSet<&str> = self.displays.iter().filter(|it| it.dark).map(|it| it.id.as_str()).collect();
        let mut shows: BTreeMap<About, Vec<String>> = BTreeMap::new();
        for posted in &self.views {
            let lines = posted.shown.iter().flat_map(|shown| &shown.content.lines);
            let lights_up = posted.shown.as_ref().is_some_and(|shown| shown.content.class.is_acknowledged());
            let is_waited_for = |id: &str| !out.contains(id) && (lights_up || !dark.contains(id));
            let abouts: HashSet<&About> = lines.filter_map(|line| line.about.as_ref()).collect();
            for about in abouts {
                let there = posted.places.iter().filter(|place| is_waited_for(&place.display_id));
                shows.entry(about.clone()).or_default().extend(there.map(|place| place.display_id.clone()));
            }
        }
        for displays in shows.values_mut() {
            displays.sort_unstable();
        }
        shows
    }

    /// Whether no display shows a directive or an incident.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.concerned.is_empty()
    }

    /// Of which directives and incidents other displays are concerned than before, and which.
    pub fn concern(&mut self) -> Vec<(About, Vec<String>)> {
        let before = std::mem::take(&mut self.concerned);
        self.concerned = self.shows();
        let changed = self.concerned.iter().filter(|(about, displays)| before.get(about) != Some(displays));
        let mut told: Vec<(About, Vec<String>)> = changed.map(|(about, ids)| (about.clone(), ids.clone())).collect();
        let off = before.into_keys().filter(|about| !self.concerned.contains_key(about));
        told.extend(off.map(|about| (about, Vec::new())));
        told
    }

    /// Groups the displays by what they show.
    fn post(&mut self, mut shown: impl FnMut(Uuid) -> Option<Arc<Shown>>) {
        let mut views: Vec<(Uuid, View, Vec<Place>)> = Vec::new();
        let mut at: HashMap<Uuid, usize> = HashMap::new();
        for display in &self.displays {
            let at = *at.entry(display.view_id).or_insert_with(|| {
                views.push((display.view_id, display.view.clone(), Vec::new()));
                views.len() - 1
            });
            views[at].2.push(Place { display_id: display.id.clone(), since: display.since });
        }
        let post = |(view_id, view, places): (Uuid, View, Vec<Place>)| Posted {
            view_id,
            view,
            shown: shown(view_id),
            places: places.into(),
        };
        self.views = views.into_iter().map(post).collect();
    }

    /// Decides who stands in for silent displays: the first of their neighbours that is there itself and can be read; where
    /// all that are there are dark, the first of these, because an emergency lights it up.
    fn stand_in(&mut self) {
        let place: HashMap<String, usize> =
            self.displays.iter().enumerate().map(|(at, display)| (display.id.clone(), at)).collect();
        let mut standing_in: HashMap<usize, Vec<Arc<Base>>> = HashMap::new();
        for display in self.displays.iter().filter(|display| display.silent) {
            let neighbours = display.neighbours.iter().filter_map(|id| place.get(id).copied());
            let there = neighbours.filter(|at| self.displays[*at].there);
            // The first of the least.
            if let Some(neighbour) = there.min_by_key(|at| self.displays[*at].dark) {
                standing_in.entry(neighbour).or_default().push(display.view.base.clone());
            }
        }
        for (at, display) in self.displays.iter_mut().enumerate() {
            display.view.standing_in = standing_in.remove(&at).unwrap_or_default();
        }
    }

    /// Gives each display the id of its view; answers those that show another one from the next version on.
    fn assign(&mut self) -> Vec<Hung> {
        let next = self.version + 1;
        // Most share one with others and stand in for nobody.
        let mut ids: HashMap<*const Base, Uuid> = HashMap::new();
        let mut moved = Vec::new();
        for display in &mut self.displays {
            let view_id = if display.view.standing_in.is_empty() {
                *ids.entry(Arc::as_ptr(&display.view.base)).or_insert_with(|| display.view.id())
            } else {
                display.view.id()
            };
            if display.view_id != view_id {
                (display.view_id, display.since) = (view_id, next);
                moved.push(display.clone());
            }
        }
        let mut shown: HashMap<Uuid, Arc<Shown>> =
            self.views.drain(..).filter_map(|it| Some((it.view_id, it.shown?))).collect();
        self.post(|view_id| shown.remove(&view_id));
        moved
    }

    /// Hangs the displays anew.
    pub fn hang(&mut self, wanted: Vec<Wanted>, now: DateTime<Utc>) {
        let mut before: HashMap<String, Hung> = self.displays.drain(..).map(|it| (it.id.clone(), it)).collect();
        let mut bases: Vec<Arc<Base>> = Vec::new();
        for Wanted { id, groups, setup, neighbours } in wanted {
            let old = before.remove(&id);
            let same = old.as_ref().map(|old| &old.view.base).filter(|old| old.groups == groups && old.setup == setup);
            let base = Base { configured_at: same.map_or(now, |old| old.configured_at), groups, setup };
            let base = bases.iter().find(|it| ***it == base).cloned().unwrap_or_else(|| {
                bases.push(Arc::new(base));
                bases[bases.len() - 1].clone()
            });
            let (silent, there, dark, fitted, view_id, since) = old
                .map_or((false, false, false, false, Uuid::nil(), 0), |old| {
                    (old.silent, old.there, old.dark, old.fitted, old.view_id, old.since)
                });
            let view = View { base, standing_in: Vec::new() };
            self.displays.push(Hung { id, view, neighbours, silent, there, dark, fitted, view_id, since });
        }
        self.stand_in();
        self.assign();
    }

    /// Which displays ever had a device; answers those of which that is news.
    pub fn fit(&mut self, fitted: &HashSet<String>) -> Vec<String> {
        let new = self.displays.iter_mut().filter(|it| !it.fitted && fitted.contains(&it.id));
        new.map(|display| {
            display.fitted = true;
            display.id.clone()
        })
        .collect()
    }

    /// How each display is that was ever heard of; answers those of which that is news, and those that show another view for
    /// it.
    pub fn silence(&mut self, heard: &HashMap<String, Heard>) -> Vec<Hung> {
        let mut changed = HashSet::new();
        for display in &mut self.displays {
            let heard = heard.get(&display.id).copied();
            let now = heard.map_or((false, false, false), |it| (!it.lately, it.lately, it.dark));
            if (display.silent, display.there, display.dark) != now {
                (display.silent, display.there, display.dark) = now;
                changed.insert(display.id.clone());
            }
        }
        if changed.is_empty() {
            return Vec::new();
        }
        self.stand_in();
        changed.extend(self.assign().into_iter().map(|display| display.id));
        self.displays.iter().filter(|display| changed.contains(&display.id)).cloned().collect()
    }

    /// Whether any display is in this group.
    #[must_use]
    pub fn has_group(&self, group: &str) -> bool {
        self.displays.iter().any(|display| display.view.base.groups.iter().any(|it| it == group))
    }

    /// What a display would show at that time, as far as it is known now; None: there is no such display.
    #[must_use]
    pub fn preview(&self, display_id: &str, at: DateTime<Utc>) -> Option<Content> {
        let display = self.displays.iter().find(|display| display.id == display_id)?;
        Some(compose(&display.view, &self.known.facts(at), at))
    }

    /// Learns facts and computes all contents: few views cost less than deciding whom a fact concerns.
    pub fn learn(&mut self, facts: &[Told], now: DateTime<Utc>) -> News {
        let mut news = News::default();
        for Told { fact, in_order } in facts {
            if let Some(record) = self.known.learn(fact, *in_order) {
                // Of one that is told about twice in a run, the last word counts.
                news.records.retain(|it| it.key() != record.key());
                news.records.push(record);
            }
        }
        if !news.records.is_empty() {
            news.views = self.compute(now);
        }
        news
    }

    /// Computes all contents; those that really changed get the next version as their revision.
    pub fn compute(&mut self, now: DateTime<Utc>) -> Vec<Posted> {
        let facts = self.known.facts(now);
        let mut changed = Vec::new();
        for posted in &mut self.views {
            let content = compose(&posted.view, &facts, now);
            if posted.shown.as_ref().is_none_or(|shown| shown.content != content) {
                posted.shown = Some(Arc::new(Shown { revision: self.version + 1, content, computed_at: now }));
                changed.push(posted.clone());
            }
        }
        changed
    }
}
