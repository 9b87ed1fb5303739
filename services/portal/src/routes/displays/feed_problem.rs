//! What was wrong with the last answer of a feed of warnings, in the reader's language. Signage says it in English.

use crate::words::{Language, Words};

/// English pages keep signage's own words, which say more; nothing of nothing.
pub(super) fn said(w: &Words, english: &str) -> String {
    if english.is_empty() || w.language == Language::English {
        return english.to_owned();
    }
    if let Some(status) = english.strip_prefix("it answered ") {
        return w.with("feed-answered", "status", status);
    }
    w.t(match english {
        "it did not answer in time" => "feed-late",
        "it could not be reached, or broke off" => "feed-unreachable",
        "its answer is longer than 1 MB" => "feed-long",
        _ => "feed-unreadable",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_s_trouble_is_said_in_the_language_of_the_page() {
        let (german, english) = (Words::speaking(Language::German), Words::speaking(Language::English));
        for (problem, says) in [
            ("", ""),
            ("it did not answer in time", "Keine Antwort"),
            ("it could not be reached, or broke off", "Nicht erreichbar"),
            ("it answered 503 Service Unavailable", "503"),
            ("its answer is longer than 1 MB", "1 MB"),
            ("alert: is not UTF-8", "keine lesbare Warnung"),
            ("list: has an entry that is no alert", "keine lesbare Warnung"),
        ] {
            let told = said(&german, problem);
            assert!(told.contains(says) && (told.is_empty() || told != problem), "{problem}: {told}");
            assert_eq!(said(&english, problem), problem);
        }
    }
}
