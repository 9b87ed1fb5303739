//! All displays, all that is known, and what each shows: kept in memory, so that an event becomes contents without
//! reading anything. Contents are computed once per distinct view, however many displays share it.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Content, Fact, Known, Record, Setup, View, compose};

/// A display's own part of what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// Its own part.
    pub base: Arc<Base>,
    /// Which view it shows.
    pub view_id: Uuid,
    /// The wall's version from which on it shows that view.
    pub since: i64,
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
        let mut wall = Self { version, setup_version, known, displays, views: Vec::new() };
        wall.post(|view_id| shown.remove(&view_id));
        wall
    }

    /// Groups the displays by what they show.
    fn post(&mut self, mut shown: impl FnMut(Uuid) -> Option<Arc<Shown>>) {
        let mut views: Vec<(Uuid, Arc<Base>, Vec<Place>)> = Vec::new();
        let mut places: HashMap<Uuid, usize> = HashMap::new();
        for display in &self.displays {
            let at = *places.entry(display.view_id).or_insert_with(|| {
                views.push((display.view_id, display.base.clone(), Vec::new()));
                views.len() - 1
            });
            views[at].2.push(Place { display_id: display.id.clone(), since: display.since });
        }
        let post = |(view_id, base, places): (Uuid, Arc<Base>, Vec<Place>)| Posted {
            view_id,
            view: View { base },
            shown: shown(view_id),
            places: places.into(),
        };
        self.views = views.into_iter().map(post).collect();
    }

    /// Hangs the displays anew; those that show another view than before do so from the next version on.
    pub fn hang(&mut self, wanted: impl Iterator<Item = (String, Vec<String>, Setup)>, now: DateTime<Utc>) {
        let mut before: HashMap<String, Hung> = self.displays.drain(..).map(|it| (it.id.clone(), it)).collect();
        let mut bases: Vec<Arc<Base>> = Vec::new();
        for (id, groups, setup) in wanted {
            let old = before.remove(&id);
            let same = old.as_ref().filter(|old| old.base.groups == groups && old.base.setup == setup);
            let configured_at = same.map_or(now, |old| old.base.configured_at);
            let base = Base { groups, setup, configured_at };
            let base = bases.iter().find(|it| ***it == base).cloned().unwrap_or_else(|| {
                bases.push(Arc::new(base));
                bases[bases.len() - 1].clone()
            });
            let view_id = View { base: base.clone() }.id();
            let since = old.filter(|old| old.view_id == view_id).map_or(self.version + 1, |old| old.since);
            self.displays.push(Hung { id, base, view_id, since });
        }
        let mut shown: HashMap<Uuid, Arc<Shown>> =
            self.views.drain(..).filter_map(|it| Some((it.view_id, it.shown?))).collect();
        self.post(|view_id| shown.remove(&view_id));
    }

    /// Whether any display is in this group.
    #[must_use]
    pub fn has_group(&self, group: &str) -> bool {
        self.views.iter().any(|posted| posted.view.base.groups.iter().any(|it| it == group))
    }

    /// Learns facts and computes all contents: few views cost less than deciding whom a fact concerns.
    pub fn learn(&mut self, facts: &[Fact], now: DateTime<Utc>) -> News {
        let mut news = News::default();
        for fact in facts {
            if let Some(record) = self.known.learn(fact) {
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
