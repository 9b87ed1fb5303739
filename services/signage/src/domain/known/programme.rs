//! The programme as others read it in a calendar: what everybody may know of a showing, and since when that is so.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use uuid::Uuid;

use super::{Audience, Known, KnownShowing, Record};

/// A showing in the calendar. Neither places nor doors move it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which.
    pub showing_id: Uuid,
    /// Its title.
    pub title: Text,
    /// As it stands.
    pub starts_at: DateTime<Utc>,
    /// As it stands, whatever the door predicts.
    pub ends_at: DateTime<Utc>,
    /// Does not happen.
    pub cancelled: bool,
    /// Why it is late or cancelled.
    pub notice: Option<Text>,
    /// When it was last planned, delayed or cancelled.
    pub told_at: DateTime<Utc>,
}

impl KnownShowing {
    /// None: its plan is not known, or it is a closed party. The title of one could name people, and nobody else is to come.
    fn entry(&self) -> Option<Entry> {
        if self.audience? == Audience::Private {
            return None;
        }
        Some(Entry {
            showing_id: self.showing_id,
            title: self.title.clone()?,
            starts_at: self.starts_at?,
            ends_at: self.ends_at?,
            cancelled: self.cancelled,
            notice: self.notice.clone(),
            told_at: self.plan_at.max(self.cancelled_at)?,
        })
    }
}

impl Known {
    /// All showings that are not over, in their order, also those that are cancelled; without closed parties.
    #[must_use]
    pub fn programme(&self, now: DateTime<Utc>) -> Vec<Entry> {
        let entries = self.0.values().filter_map(|record| match record {
            Record::Showing(it) => it.start_unless_over(now).and_then(|_| it.entry()),
            _ => None,
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by_key(|it| (it.starts_at, it.showing_id));
        entries
    }
}
