//! Directives: proposed, checked against what holds, confirmed, shown, ended.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Tx;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{record, touch_house};
use crate::{
    domain::{
        Zone,
        directives::{self, Acks, Answer, BY_POLICY, Directive, Kind, State, Wish, into_stop},
    },
    error::Error,
    events, store,
};

/// Directives that ended within this span are told beside the open ones.
pub(crate) const RECENT: TimeDelta = TimeDelta::hours(12);

/// For the audit log.
pub(super) fn said(directive: &Directive) -> Value {
    json!({"state": directive.state.name(), "kind": directive.kind.name(), "from": directive.from, "to": directive.to,
        "text": directive.text, "step_free_text": directive.step_free_text, "revision": directive.revision})
}

/// Displays hear of what they are to show, and that they are not to show it any more.
pub(super) async fn tell(tx: &mut Tx, directive: &Directive) -> Result<(), Error> {
    let zones = store::zones(tx.conn()).await?;
    tx.append(&directive.id.to_string(), &events::measures::directive_changed(directive, &zones)).await?;
    Ok(())
}

/// Proposes a directive. With `confirm` it is confirmed by the same person in the same breath.
pub(crate) async fn propose(tx: &mut Tx, id: Uuid, wish: Wish, confirm: bool) -> Result<Directive, Error> {
    let now = tx.now();
    let known = store::measures::lock_directives(tx.conn(), now).await?;
    if let Some(before) = store::measures::directive(tx.conn(), id).await? {
        return Ok(before);
    }
    let zones = store::zones(tx.conn()).await?;
    for id in [Some(&wish.from), wish.kind.leads().then_some(&wish.to)].into_iter().flatten() {
        if !zones.iter().any(|zone| zone.id == *id) {
            return Err(Error::NoZone);
        }
    }
    let way = (wish.from.as_str(), wish.to.as_str());
    let lifts = store::measures::lifts(tx.conn()).await?;
    let cause = directives::cause(wish.stated, wish.by_policy, way, &known, &zones, &lifts);
    let words = directives::words(wish.kind, cause, way, &zones, &lifts);
    let gives_way = check(None, wish.kind, way, known, &zones)?;
    let by = wish.by.clone();
    let mut directive = wish.directive(id, words, now);
    if confirm {
        end_all(tx, &gives_way).await?;
        directive.confirm(&by, now);
    }
    store::measures::save_directive(tx.conn(), &directive).await?;
    record(tx, &by, "propose_directive", directive.id, Value::Null, said(&directive)).await?;
    if directive.state.shown() {
        tell(tx, &directive).await?;
    }
    follow_stop(tx, &directive, &by).await?;
    touch_house(tx).await?;
    Ok(directive)
}

/// Who is sent away from where nobody is let in reads that, as long as it is so.
pub(super) async fn follow_stop(tx: &mut Tx, stop: &Directive, by: &str) -> Result<(), Error> {
    if stop.kind == Kind::StopAdmission && stop.state != State::Proposed { rewrite_ways(tx, by).await } else { Ok(()) }
}

/// Staff say yes. What has changed since it was proposed may speak against it now.
pub(crate) async fn confirm(tx: &mut Tx, id: Uuid, by: &str) -> Result<Directive, Error> {
    let now = tx.now();
    let known = store::measures::lock_directives(tx.conn(), now).await?;
    let mut directive = store::measures::directive(tx.conn(), id).await?.ok_or(Error::NoDirective)?;
    if directive.state.binds() {
        return Ok(directive);
    }
    if directive.state == State::Ended || directive.valid_until <= now {
        return Err(Error::MeasureEnded);
    }
    let zones = store::zones(tx.conn()).await?;
    let gives_way = check(Some(id), directive.kind, (&directive.from, &directive.to), known, &zones)?;
    end_all(tx, &gives_way).await?;
    let before = said(&directive);
    directive.confirm(by, now);
    store::measures::save_directive(tx.conn(), &directive).await?;
    record(tx, by, "confirm_directive", id, before, said(&directive)).await?;
    if directive.state.shown() {
        tell(tx, &directive).await?;
    }
    follow_stop(tx, &directive, by).await?;
    touch_house(tx).await?;
    Ok(directive)
}

/// Whether a directive may hold beside what is known. Answers what the policy has ordered that ends when it begins.
fn check(
    id: Option<Uuid>,
    kind: Kind,
    (from, to): (&str, &str),
    mut known: Vec<Directive>,
    zones: &[Zone],
) -> Result<Vec<Uuid>, Error> {
    let gives_way = if kind == Kind::StopAdmission { into_stop(from, &known, zones) } else { Vec::new() };
    known.retain(|other| !gives_way.contains(&other.id));
    directives::check(id, kind, from, to, &known, zones)?;
    Ok(gives_way)
}

/// What the policy had ordered gives way to a stop.
async fn end_all(tx: &mut Tx, directives: &[Uuid]) -> Result<(), Error> {
    for id in directives {
        end(tx, *id, BY_POLICY).await?;
    }
    Ok(())
}

/// Ends a directive, or turns a proposal down.
pub(crate) async fn end(tx: &mut Tx, id: Uuid, by: &str) -> Result<Directive, Error> {
    store::measures::lock(tx.conn()).await?;
    let mut directive = store::measures::directive(tx.conn(), id).await?.ok_or(Error::NoDirective)?;
    if directive.state != State::Ended {
        finish(tx, &mut directive, by).await?;
        touch_house(tx).await?;
    }
    Ok(directive)
}

/// Ends a directive that is locked and not ended.
pub(super) async fn finish(tx: &mut Tx, directive: &mut Directive, by: &str) -> Result<(), Error> {
    let (now, before, was_shown) = (tx.now(), said(directive), directive.state.shown());
    directive.end(by, now);
    store::measures::save_directive(tx.conn(), directive).await?;
    record(tx, by, "end_directive", directive.id, before, said(directive)).await?;
    if was_shown {
        tell(tx, directive).await?;
    }
    follow_stop(tx, directive, by).await
}

/// What binds holds for longer; true when it does now.
pub(super) async fn prolong(tx: &mut Tx, id: Uuid, until: DateTime<Utc>, by: &str) -> Result<bool, Error> {
    store::measures::lock(tx.conn()).await?;
    let mut directive = store::measures::directive(tx.conn(), id).await?.ok_or(Error::NoDirective)?;
    if !directive.state.binds() || directive.valid_until >= until {
        return Ok(false);
    }
    let before = json!({"valid_until": directive.valid_until});
    directive.prolong(until);
    store::measures::save_directive(tx.conn(), &directive).await?;
    record(tx, by, "prolong_directive", id, before, json!({"valid_until": until})).await?;
    if directive.state.shown() {
        tell(tx, &directive).await?;
    }
    Ok(true)
}

/// Takes back the end of one, a moment after somebody ended it by mistake.
pub(crate) async fn resume(tx: &mut Tx, id: Uuid, by: &str) -> Result<Directive, Error> {
    let now = tx.now();
    let known = store::measures::lock_directives(tx.conn(), now).await?;
    let mut directive = store::measures::directive(tx.conn(), id).await?.ok_or(Error::NoDirective)?;
    if directive.state != State::Ended {
        return Ok(directive);
    }
    if !directive.can_resume(now) {
        return Err(Error::EndedForGood);
    }
    let zones = store::zones(tx.conn()).await?;
    directives::check(Some(id), directive.kind, &directive.from, &directive.to, &known, &zones)?;
    let before = said(&directive);
    directive.resume(now);
    // A lift may have failed meanwhile.
    let lifts = store::measures::lifts(tx.conn()).await?;
    directive.say(directive.words(&known, &zones, &lifts));
    store::measures::save_directive(tx.conn(), &directive).await?;
    record(tx, by, "resume_directive", id, before, said(&directive)).await?;
    if directive.state.shown() {
        tell(tx, &directive).await?;
    }
    follow_stop(tx, &directive, by).await?;
    touch_house(tx).await?;
    Ok(directive)
}

/// A lift has failed or works again, a stop begins or ends, a zone is full or no longer: every way and why people go it is
/// looked at once more.
pub(super) async fn rewrite_ways(tx: &mut Tx, by: &str) -> Result<(), Error> {
    let now = tx.now();
    let zones = store::zones(tx.conn()).await?;
    let lifts = store::measures::lifts(tx.conn()).await?;
    let known = store::measures::lock_directives(tx.conn(), now).await?;
    let lately = directives::lately_full(&zones, &store::left_red(tx.conn()).await?, now);
    for mut directive in known.clone() {
        if directive.state == State::Ended || directive.says(&directive.words(&known, &lately, &lifts)) {
            continue;
        }
        let before = said(&directive);
        if directive.say(directive.words(&known, &zones, &lifts)) {
            store::measures::save_directive(tx.conn(), &directive).await?;
            record(tx, by, "rewrite_way", directive.id, before, said(&directive)).await?;
            if directive.state.shown() {
                tell(tx, &directive).await?;
            }
        }
    }
    Ok(())
}

/// Displays show directives or incidents. An answer to an older revision, or about what is over, is kept and changes
/// nothing. All of an evacuation answer at once: they are kept and judged together.
pub(crate) async fn acknowledged(tx: &mut Tx, answers: &[Answer]) -> Result<(), Error> {
    if answers.is_empty() {
        return Ok(());
    }
    store::measures::lock(tx.conn()).await?;
    store::measures::record_acks(tx.conn(), answers).await?;
    let about: BTreeSet<(Uuid, u64)> = answers.iter().map(|answer| (answer.about, answer.revision)).collect();
    for (about, revision) in about {
        judge(tx, about, revision).await?;
    }
    Ok(())
}

/// These displays, and no others, are to show a directive or an incident.
pub(crate) async fn concerned(tx: &mut Tx, about: Uuid, revision: u64, displays: &[String]) -> Result<(), Error> {
    store::measures::lock(tx.conn()).await?;
    store::measures::record_concerned(tx.conn(), about, revision, displays).await?;
    judge(tx, about, revision).await
}

/// Looks anew whether all displays that are to show it have said so.
async fn judge(tx: &mut Tx, about: Uuid, revision: u64) -> Result<(), Error> {
    if let Some(mut directive) = store::measures::directive(tx.conn(), about).await? {
        if directive.revision == revision && directive.state.shown() {
            directive.state = shown(&directive.acks);
            store::measures::save_directive(tx.conn(), &directive).await?;
            touch_house(tx).await?;
        }
    } else if let Some(mut incident) = store::measures::incident(tx.conn(), about).await?
        && incident.revision == revision
        && incident.state.shown()
    {
        incident.state = shown(&incident.acks);
        store::measures::save_incident(tx.conn(), &incident).await?;
        touch_house(tx).await?;
    }
    Ok(())
}

fn shown(acks: &Acks) -> State {
    if acks.complete() { State::AckedByDisplays } else { State::Active }
}
