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
fn a_barrier_opens_on_both_certainties() {
    let least = Least { score: 800, dscore: 500 };
    let plates = |plates: &[&str]| Sight::Plates(plates.iter().map(|&plate| plate.to_owned()).collect());
    for (what, plate, score, dscore, sight) in [
        ("sure of both", "hal-ab 123", 800, 500, plates(&["HALAB123", "HALA8123"])),
        ("not sure of the characters", "HALAB123", 799, 900, Sight::Unreadable),
        ("not sure that it is a plate", "C00D", 990, 441, Sight::Unreadable),
    ] {
        let candidates = [("halab123", 900), ("hala8123", 800), ("halab128", 799), ("?", 1000)];
        let candidates = candidates.map(|(plate, score)| (plate.to_owned(), score)).to_vec();
        let reading = Reading { plate: plate.to_owned(), candidates, score, dscore, at: at(0) };
        assert_eq!(judge(&reading, least), sight, "{what}");
    }
    let nothing = Reading { plate: "?".to_owned(), candidates: Vec::new(), score: 1000, dscore: 1000, at: at(0) };
    assert_eq!(judge(&nothing, least), Sight::Unreadable);
}

#[test]
fn a_clock_is_as_wrong_as_before_until_its_readings_come_much_later_or_sooner() {
    let behind = |by, since| Behind { by: TimeDelta::seconds(by), since: at(since) };
    for (late, before, now_is) in [
        (40, None, behind(40, 0)),
        (44, Some(behind(40, -60)), behind(40, -60)),
        (45, Some(behind(40, -60)), behind(45, 0)),
        (-40, Some(behind(40, -60)), behind(-40, 0)),
    ] {
        assert_eq!(Behind::of(TimeDelta::seconds(late), before, at(0)), now_is, "{late} {before:?}");
    }
}

#[test]
fn a_reading_is_about_the_car_that_stands_there_only_while_it_is_fresh() {
    // A car that stood there that long ago, and still does if none has left since.
    for (what, seconds, behind, since) in [
        ("now", 0, None, -5),
        ("as old as it may be", -20, None, -20),
        ("the car before", -21, Some(21), -21),
        ("as far ahead as it may be", 5, None, -5),
        ("a clock that is ahead", 6, Some(-6), -5),
        ("a clock of another year", -86_400 * 365, Some(86_400 * 365), -300),
    ] {
        assert_eq!(late(at(seconds), at(0)), behind.map(TimeDelta::seconds), "{what}");
        assert_eq!(may_stand_since(at(seconds), None, at(0)), at(since), "{what}");
    }
    let behind = |by, since| Behind { by: TimeDelta::seconds(by), since: at(since) };
    for (what, before, since) in [
        ("as late as before", behind(40, -5), -5),
        ("a moment longer on the way", behind(44, -600), -5),
        ("as late as one that came a moment ago", behind(40, -4), -40),
        ("the next car of some that come together", behind(45, -600), -40),
        ("later", behind(20, -600), -40),
        ("ahead before", behind(-40, -600), -40),
    ] {
        assert_eq!(may_stand_since(at(-40), Some(before), at(0)), at(since), "{what}");
    }
}
