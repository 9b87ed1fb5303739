//! The invariants about people (domain.md §4): how many share an escape route, how many were in a hall at the fullest moment
//! of the day, and that no display knows who they are.

use super::{Databases, Finding, rows};

/// Everything.
pub async fn check(databases: &Databases<'_>) -> anyhow::Result<Vec<Finding>> {
    Ok(vec![escape_groups(databases).await?, halls(databases).await?, displays(databases).await?])
}

/// Invariant 3: of all rooms that share a way out, at whatever depth, the people together.
async fn escape_groups(databases: &Databases<'_>) -> anyhow::Result<Finding> {
    let groups = rows(databases, "flow", "select id from escape_group").await?;
    let breaches = rows(
        databases,
        "flow",
        "with recursive lies_in (room, zone) as (
             select id, id from zone where kind = 'room'
             union select l.room, z.parent from lies_in l join zone z on z.id = l.zone where z.parent <> '')
         select format('%s: %s of %s', g.id, sum(z.count), g.most)
         from escape_group g
         join lateral (select distinct l.room from lies_in l where l.zone = any(g.zones)) r on true
         join zone z on z.id = r.room
         group by g.id, g.most having sum(z.count) > g.most",
    )
    .await?;
    let name = "no escape group has more people than its permit allows";
    Ok(Finding::new(name, i64::try_from(groups.len())?, breaches))
}

/// The most that was counted at once in each hall on the last day of which there are numbers: there the doors decide who comes
/// in. How many stand in a foyer or a queue people decide, and the house only says. A band is no number, and what was taken
/// back is not kept. Whom somebody has counted last by walking through was there, and is no breach of the doors.
async fn halls(databases: &Databases<'_>) -> anyhow::Result<Finding> {
    let halls = rows(databases, "flow", "select id from zone where filled_by like 'hall:%'").await?;
    let breaches = rows(
        databases,
        "flow",
        "select format('%s: %s of %s at %s', z.id, s.count, z.capacity, s.at)
         from zone z cross join lateral (
             select count, at from zone_sample
             where zone_id = z.id and quality <> 'degraded'
                 and at > (select max(at) from zone_sample) - interval '1 day'
                 and count > coalesce((
                     select c.count from zone_correction c
                     where c.zone_id = z.id and c.at between zone_sample.at - interval '1 day' and zone_sample.at
                         and not exists (
                         select from door_step d where d.about = z.id and d.at = c.at and d.undone)
                     order by c.id desc limit 1), 0)
             order by count desc, at limit 1) s
         where z.filled_by like 'hall:%' and s.count > z.capacity",
    )
    .await?;
    let name = "no hall held more people that day than its document permits";
    Ok(Finding::new(name, i64::try_from(halls.len())?, breaches))
}

/// A text's words, small, each between blanks: so neither a mark, nor what JSON does with it, nor a second blank matters.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |plain, word| plain + &word.to_lowercase() + " ")
}

/// How a visitor would be named, in plain words. A single word may be anybody's, and the name of a star besides: a name
/// has two. Lists put the last one first.
fn spellings(contact: &str) -> Vec<String> {
    let name = plain(contact);
    match name.trim().rsplit_once(' ') {
        None => Vec::new(),
        Some(_) if contact.contains('@') => vec![name],
        Some((first, last)) => vec![format!(" {last} {first} "), name],
    }
}

/// Invariant 7, for the wall: neither what displays show nor what they are made of names a visitor.
async fn displays(databases: &Databases<'_>) -> anyhow::Result<Finding> {
    let contacts = rows(
        databases,
        "journey",
        "select distinct trim(contact) from visit cross join lateral (values (contact_name), (contact_email)) c (contact)
         where trim(contact) <> ''",
    )
    .await?;
    let shown = rows(
        databases,
        "signage",
        "select 'view ' || view_id || ' ' || content::text from view
         union all select 'fact ' || key || ' ' || value::text from fact
         union all select 'display ' || display_id || ' ' || name::text || ' ' || location from display",
    )
    .await?;
    let spellings: Vec<String> = contacts.iter().flat_map(|contact| spellings(contact)).collect();
    // Without anybody to look for, nothing was looked at.
    let looked_at = if spellings.is_empty() { 0 } else { i64::try_from(shown.len())? };
    let mut breaches = Vec::new();
    for text in &shown {
        let plain = plain(text);
        // Never the name itself: this goes to a log.
        if spellings.iter().any(|spelling| plain.contains(spelling)) {
            let what: Vec<&str> = text.split(' ').take(2).collect();
            breaches.push(format!("{} names a visitor", what.join(" ")));
        }
    }
    Ok(Finding::new("no visitor's name or address is on any display", looked_at, breaches))
}

#[cfg(test)]
mod tests {
    use super::{plain, spellings};

    fn names(text: &str, contact: &str) -> bool {
        spellings(contact).iter().any(|spelling| plain(text).contains(spelling))
    }

    #[test]
    fn a_name_is_found_in_whatever_spelling_and_a_single_word_is_nobody() {
        for text in [
            "{\"de\": \"Muster, Erika: bitte zum Empfang\"}",
            "{\"de\": \"Erika  Muster\"}",
            "{\"de\": \"Familie \\\"Erika Muster\\\"\"}",
        ] {
            assert!(names(text, "Erika Muster"), "{text}");
            assert!(names(text, " Erika   Muster"), "{text}");
        }
        assert!(
            names("{\"de\": \"Jörg \\\"Jo\\\" Öztürk\"}", "Jörg \"Jo\" Öztürk"),
            "marks that JSON writes otherwise"
        );
        let text = "{\"de\": \"Bitte zum Empfang: ERIKA MUSTER\"}";
        assert!(names(text, "Erika Muster"));
        assert!(!names(text, "Erika Mustermann"));
        assert!(!names("Der Sternenhimmel", "Stern"), "a word of the programme");
        assert!(names("an erika@visitors.invalid", "erika@visitors.invalid"));
    }
}
