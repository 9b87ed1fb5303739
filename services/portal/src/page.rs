//! What every page has around its own content, and how a template becomes a response.

use std::{ops::Deref, sync::LazyLock};

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use kernel::Role;

use crate::{alarm::AlarmView, http::assets, problem::Problem, session::Notice, words::Words};

/// A part of the house that some staff work in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) path: &'static str,
    /// Its name's key.
    pub(crate) key: &'static str,
    roles: &'static [Role],
}

pub(crate) const DESK: &[Role] = &[Role::Desk, Role::Operator];
pub(crate) const KITCHEN: &[Role] = &[Role::Kitchen];
pub(crate) const CARPARK: &[Role] = &[Role::Attendant, Role::Desk, Role::Operator];
pub(crate) const DISPLAYS: &[Role] = STAFF;
/// Everybody who works here.
pub(crate) const STAFF: &[Role] = &[Role::Desk, Role::Operator, Role::Kitchen, Role::Attendant];

/// Where an operator begins; the desk may look too.
const OPERATOR: &[Role] = &[Role::Operator, Role::Desk];

const AREAS: [Area; 5] = [
    Area { path: "/desk", key: "area-desk", roles: DESK },
    Area { path: "/operator", key: "area-operator", roles: OPERATOR },
    Area { path: "/kitchen", key: "area-kitchen", roles: KITCHEN },
    Area { path: "/carpark", key: "area-carpark", roles: CARPARK },
    Area { path: "/displays", key: "area-displays", roles: DISPLAYS },
];

impl Area {
    /// Where these roles work; the first is where they begin.
    pub(crate) fn of(roles: &[Role]) -> Vec<Self> {
        let may = |area: &Self| roles.contains(&Role::Admin) || area.roles.iter().any(|role| roles.contains(role));
        let mut areas: Vec<Self> = AREAS.into_iter().filter(may).collect();
        // An attendant or a cook begins at their own place.
        areas.sort_by_key(|area| !area.roles.first().is_some_and(|first| roles.contains(first)));
        areas
    }
}

/// The frame of a page; templates call it `w`, because most of what they ask of it is words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) words: Words,
    pub(crate) title: String,
    /// Of this page, for the language links.
    pub(crate) path: String,
    pub(crate) notice: Option<Notice>,
    /// Empty for visitors.
    pub(crate) areas: Vec<Area>,
    pub(crate) account: String,
    pub(crate) has_visit: bool,
    /// The page follows whether the house is to be left.
    pub(crate) follows_alarm: bool,
    /// It is.
    pub(crate) alarm: Option<AlarmView>,
}

impl Deref for Frame {
    type Target = Words;

    fn deref(&self) -> &Words {
        &self.words
    }
}

/// A path of ours, or nothing. `//elsewhere` would lead away, and so would it with a backslash, which
/// browsers take for a slash, or with a tab or line break, which they drop.
pub(crate) fn own_path(path: &str) -> &str {
    let ours = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    if ours && !path.contains(char::is_control) { path } else { "" }
}

static VERSION: LazyLock<String> = LazyLock::new(assets::version);

/// Changes with the style sheets and the scripts, which browsers may keep for ever.
pub(crate) fn version() -> &'static str {
    &VERSION
}

impl Frame {
    pub(crate) fn version(&self) -> &'static str {
        version()
    }

    pub(crate) fn is_here(&self, path: &str) -> bool {
        self.path == path
    }
}

/// A page.
pub(crate) fn page(template: &impl Template) -> Result<Response, Problem> {
    Ok(Html(html(template.render())?).into_response())
}

/// The text of a template or of one of its blocks.
pub(crate) fn html(rendered: askama::Result<String>) -> Result<String, Problem> {
    rendered.map_err(|error| Problem::ours(&error))
}
