//! The fields of a sent form. Names may repeat (chosen seats) and are not all known beforehand (one per
//! tariff class and dish), so they are kept as pairs.

use axum::{
    Form,
    extract::{FromRequest, Request},
};
use chrono::DateTime;
use kernel::values::timestamp;
use prost_types::Timestamp;
use uuid::Uuid;

use crate::problem::Problem;

/// How often a form was sent again by itself; part of no order.
pub(crate) const AGAIN: &str = "again";

/// What a form has sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Form(pairs) = Form::from_request(request, state).await.map_err(|_| Problem::bad_form())?;
        Ok(Self(pairs))
    }
}

impl Fields {
    /// As if a form had sent them.
    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// One value, trimmed; empty when it was not sent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value.trim())
    }

    /// All values of a name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(found, _)| found == name).map(|(_, value)| value.clone()).collect()
    }

    /// All that was sent, in its order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A count: empty is 0, anything but a number is none.
    pub(crate) fn count(&self, name: &str) -> Option<u32> {
        match self.get(name) {
            "" => Some(0),
            text => text.parse().ok(),
        }
    }

    /// An enum's number; 0 when it was not sent or is none.
    pub(crate) fn choice(&self, name: &str) -> i32 {
        self.get(name).parse().unwrap_or(0)
    }

    pub(crate) fn is_on(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// The UUID that the page made for its form.
    pub(crate) fn page_key(&self) -> Result<Uuid, Problem> {
        Uuid::try_parse(self.get("key")).map_err(|_| Problem::bad_form())
    }

    /// A UUID out of one that the page made and all that was typed: the same form sent twice has the
    /// same key, a changed one has another.
    pub(crate) fn idempotency_key(&self) -> Result<String, Problem> {
        let page = self.page_key()?;
        let typed = self.pairs().filter(|(name, _)| *name != AGAIN).map(|(name, value)| format!("{name}={value}\n"));
        let typed: Vec<String> = typed.collect();
        Ok(Uuid::new_v5(&page, typed.concat().as_bytes()).to_string())
    }
}

/// What a script means by milliseconds since 1970.
pub(crate) fn at(millis: i64) -> Result<Option<Timestamp>, Problem> {
    DateTime::from_timestamp_millis(millis).map(|at| Some(timestamp(at))).ok_or_else(Problem::bad_form)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_repeated_form_has_the_same_key_and_a_changed_one_another() {
        let key = Uuid::new_v4().to_string();
        let once = form(&[("key", &key), ("count_adult", "2")]).idempotency_key().expect("a key");
        let again = form(&[("key", &key), ("count_adult", "2")]).idempotency_key().expect("a key");
        let other = form(&[("key", &key), ("count_adult", "3")]).idempotency_key().expect("a key");
        let by_itself = form(&[("key", &key), ("count_adult", "2"), (AGAIN, "1")]).idempotency_key().expect("a key");
        assert_eq!(once, by_itself, "sent again because too many asked: the same order");
        assert_eq!(once, again);
        assert_ne!(once, other);
        assert!(form(&[("key", "x")]).idempotency_key().is_err());
    }

    #[test]
    fn counts() {
        let form = form(&[("a", " 2 "), ("b", ""), ("c", "-1"), ("d", "99999999999")]);
        assert_eq!(form.count("a"), Some(2));
        assert_eq!(form.count("b"), Some(0));
        assert_eq!(form.count("nothing"), Some(0));
        assert_eq!(form.count("c"), None);
        assert_eq!(form.count("d"), None);
    }
}
