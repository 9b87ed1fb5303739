//! Messages of staff on the monitors: one touch for the usual ones, a form for all others, and taking back.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use kernel::values::timestamp;
use sky_proto::{
    kernel::v1::LocalizedText,
    signage::v1::{Message, PriorityClass, PublishMessageRequest, RestoreMessageRequest, WithdrawMessageRequest},
};

use super::desk_actions::outcome;
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::DESK,
    problem::Problem,
    session::{Guest, Notice},
    words::{Language, Words},
};

/// A message that is sent often: its text's key and how much it weighs.
pub(crate) struct Template {
    key: &'static str,
    class: PriorityClass,
    /// To whom it usually goes; empty: to all.
    group: &'static str,
}

/// What the form calls "to whom it usually goes": no group's name.
const USUAL: &str = "*";

/// What concerns one place only, and is not to take doors, numbers and car park off all others. Signposts keep their
/// ways below it.
const SIGNPOSTS: &str = "wayfinding";

/// The usual ones. Their texts stand in the locales, in German, English and plain German. None is about the lift: that is
/// reported at the front desk, so that every step-free way on the signposts is another one at once.
pub(crate) const TEMPLATES: [Template; 6] = [
    Template { key: "template-wait", class: PriorityClass::Operations, group: "" },
    Template { key: "template-child", class: PriorityClass::Operations, group: "" },
    Template { key: "template-cloakroom", class: PriorityClass::Scheduled, group: "" },
    Template { key: "template-cafe", class: PriorityClass::Scheduled, group: "" },
    Template { key: "template-roof", class: PriorityClass::Safety, group: SIGNPOSTS },
    Template { key: "template-staff", class: PriorityClass::Safety, group: "" },
];

/// A template as a button.
pub(crate) struct TemplateView {
    pub(crate) key: &'static str,
    pub(crate) text: String,
    /// Where it usually goes; empty: to all.
    pub(crate) to: String,
    pub(crate) is_safety: bool,
}

impl Template {
    pub(crate) fn view(&self, w: &Words) -> TemplateView {
        TemplateView {
            key: self.key,
            text: w.t(self.key),
            to: if self.group.is_empty() { String::new() } else { w.t("group-wayfinding") },
            is_safety: self.class == PriorityClass::Safety,
        }
    }

    fn text(&self) -> LocalizedText {
        let (german, english) = (Words::speaking(Language::German), Words::speaking(Language::English));
        LocalizedText {
            de: german.t(self.key),
            en: english.t(self.key),
            plain: german.t(&format!("{}-plain", self.key)),
        }
    }
}

/// Messages end on a round time: pressing twice sends the same message once.
const ROUND: TimeDelta = TimeDelta::minutes(5);

fn ends_at(now: DateTime<Utc>, minutes: u32) -> DateTime<Utc> {
    let end = now + TimeDelta::minutes(i64::from(minutes));
    end.duration_trunc(ROUND).map_or(end, |round| round + ROUND)
}

pub(crate) async fn publish(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let template = TEMPLATES.iter().find(|template| template.key == sent.get("template"));
    let text = template.map_or_else(
        || LocalizedText {
            de: sent.get("de").to_owned(),
            en: sent.get("en").to_owned(),
            plain: sent.get("plain").to_owned(),
        },
        Template::text,
    );
    let request = PublishMessageRequest {
        idempotency_key: sent.idempotency_key()?,
        priority_class: template.map_or_else(|| sent.choice("class"), |template| template.class.into()),
        text: Some(text),
        group: match (sent.get("group"), template) {
            (USUAL, template) => template.map_or("", |template| template.group).to_owned(),
            (chosen, _) => chosen.to_owned(),
        },
        valid_until: Some(timestamp(ends_at(edge.now(), sent.count("minutes").unwrap_or(0)))),
    };
    let published = answer(edge.signage(&caller).publish_message(request)).await;
    let w = &guest.words;
    let say = |message: Message| {
        Notice::good(w.with("message-sent", "time", &w.time(&message.valid_until))).with(w.text(&message.text))
    };
    outcome(&edge, &guest, published, say, "/displays").await
}

pub(crate) async fn withdraw(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = WithdrawMessageRequest { message_id: sent.get("message").to_owned() };
    let withdrawn = answer(edge.signage(&caller).withdraw_message(request)).await;
    let w = &guest.words;
    let say = |message: Message| Notice::good(w.t("message-withdrawn")).with(w.text(&message.text));
    outcome(&edge, &guest, withdrawn, say, "/displays").await
}

pub(crate) async fn restore(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = RestoreMessageRequest { message_id: sent.get("message").to_owned() };
    let restored = answer(edge.signage(&caller).restore_message(request)).await;
    let w = &guest.words;
    let say = |message: Message| Notice::good(w.t("message-restored")).with(w.text(&message.text));
    outcome(&edge, &guest, restored, say, "/displays").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_speak_three_voices_and_fit_on_a_monitor() {
        for template in &TEMPLATES {
            let text = template.text();
            for said in [&text.de, &text.en, &text.plain] {
                assert!((10..=120).contains(&said.chars().count()), "{}: {said}", template.key);
                assert!(said.contains(' '), "{} has no text: {said}", template.key);
            }
            assert!(text.de != text.en && text.de != text.plain, "{}", template.key);
        }
    }

    #[test]
    fn messages_end_on_a_round_time_and_not_before_they_were_to() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        assert_eq!(ends_at(at("2026-11-28T12:01:10Z"), 15), at("2026-11-28T12:20:00Z"));
        assert_eq!(ends_at(at("2026-11-28T12:04:59Z"), 15), at("2026-11-28T12:20:00Z"));
        assert_eq!(ends_at(at("2026-11-28T12:05:00Z"), 60), at("2026-11-28T13:10:00Z"));
    }
}
