//! Every spelling, every doubt.

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

#[test]
fn every_spelling_of_a_plate_is_the_same_plate() {
    for spelling in ["HAL-AB 123", "hal ab123", "HAL·AB·123", "HAL - AB - 123", "HAL.AB:123", "Hal\u{2013}Ab 123"] {
        assert_eq!(normalise(spelling).as_deref(), Some("HALAB123"), "{spelling}");
    }
    for spelling in ["HAL\u{2011}AB\u{a0}123", "HAL\u{2014}AB\t123", "HAL\u{2212}AB\u{2009}123", "HAL • AB 123"] {
        assert_eq!(normalise(spelling).as_deref(), Some("HALAB123"), "{spelling:?}");
    }
    assert_eq!(normalise("LJ ČŠ-Ž12"), normalise("LJ CS-Z12"), "marks as cameras read them");
    assert_eq!(normalise("SÜW-Ö 12E"), normalise("SUW O 12 E"), "umlauts as cameras read them");
    assert_eq!(normalise("LEI-OI 10"), normalise("LE1-01 1O"), "letters that look like digits");
    for none in ["", "A1", "HAL-AB 12345678", "HAL/AB 123", "🚗 123", "   ", "'; drop table plate"] {
        assert_eq!(normalise(none), None, "{none}");
    }
}

#[test]
fn a_barrier_opens_on_both_certainties_and_on_fresh_readings_only() {
    let least = Least { score: 800, dscore: 500 };
    let plates = |plates: &[&str]| Sight::Plates(plates.iter().map(|&plate| plate.to_owned()).collect());
    for (what, plate, score, dscore, seconds, sight) in [
        ("sure of both", "hal-ab 123", 800, 500, 0, plates(&["HALAB123", "HALA8123"])),
        ("not sure of the characters", "HALAB123", 799, 900, 0, Sight::Unreadable),
        ("not sure that it is a plate", "C00D", 990, 441, 0, Sight::Unreadable),
        ("as old as it may be", "HALAB123", 900, 900, -20, plates(&["HALAB123", "HALA8123"])),
        ("the car before", "HALAB123", 900, 900, -21, Sight::Late),
        ("a clock that is ahead", "HALAB123", 900, 900, 6, Sight::Late),
    ] {
        let candidates = [("halab123", 900), ("hala8123", 800), ("halab128", 799), ("?", 1000)];
        let candidates = candidates.map(|(plate, score)| (plate.to_owned(), score)).to_vec();
        let reading = Reading { plate: plate.to_owned(), candidates, score, dscore, at: at(seconds) };
        assert_eq!(judge(&reading, least, at(0)), sight, "{what}");
    }
    let nothing = Reading { plate: "?".to_owned(), candidates: Vec::new(), score: 1000, dscore: 1000, at: at(0) };
    assert_eq!(judge(&nothing, least, at(0)), Sight::Unreadable);
}
