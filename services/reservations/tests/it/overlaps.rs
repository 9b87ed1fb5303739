//! A house file with two showings in one hall at the same time: one of them would never be scheduled.

use crate::support::*;

#[tokio::test]
async fn two_showings_in_one_hall_at_a_time_are_refused_with_both_named() {
    let house = house().await;
    let slot = |days: &str, time: &str, holidays: &str| {
        format!(
            "\n[[reservations.schedule]]\nweekdays = [{days}]\ntimes = [\"{time}\"]\ntitle = \"vortrag\"\nlayout = \"dome-a\"\n\
             door_quota = 0\nstaff_quota = 0\nholidays = \"{holidays}\"\n"
        )
    };
    // The first row of the schedule is Tuesday to Friday at 9:00 and 11:30 for school classes, 50 minutes, not in holidays.
    let first = HOUSE_FILE.lines().position(|line| line.starts_with("times = [\"09:00\"")).expect("there") + 1;
    for (bad, named) in [
        (slot("\"wed\"", "08:55", "always"), "Wed 08:55"),
        (slot("\"sat\", \"tue\"", "08:01", "never"), "Tue 08:01"),
        (slot("\"fri\"", "09:00", "never"), "Fri 09:00"),
    ] {
        let file = format!("{HOUSE_FILE}{bad}");
        let line = file.lines().count() - 5;
        let refused = load(&house, &file, true).await.expect_err(named).message().to_owned();
        let place = HOUSE_FILE.matches("[[reservations.schedule]]").count();
        assert!(refused.contains(&format!("line {line}, reservations.schedule[{place}].times: {named} ")), "{refused}");
        assert!(refused.contains(&format!("09:00 of schedule[0] (line {first})")), "{refused}");
    }
    for good in [
        slot("\"wed\"", "08:00", "never"),
        slot("\"mon\"", "09:00", "always"),
        // Another in the same hour, one in the holidays and one not.
        slot("\"wed\"", "09:00", "only"),
    ] {
        let summary = load(&house, &format!("{HOUSE_FILE}{good}"), true).await;
        assert!(summary.is_ok(), "{good}: {summary:?}");
    }
    // Over midnight, from Sunday to Monday.
    let night = slot("\"sun\"", "23:30", "always") + &slot("\"mon\"", "00:15", "always");
    let refused = load(&house, &format!("{HOUSE_FILE}{night}"), true).await.expect_err("over midnight");
    assert!(
        refused.message().contains("Mon 00:15") && refused.message().contains("Sun 23:30"),
        "{}",
        refused.message()
    );
}
