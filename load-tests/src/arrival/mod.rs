//! Arrival and table: what a driver waits for at the barrier, how fast a delay moves bays, meals and pages, and how many
//! bays and meals are held when everybody wants the same. In a house with as many bays and hands as a house file may have.

mod delay;
mod holds;
mod lanes;
mod plan;

use clap::{Args, ValueEnum};

use crate::{
    house::House,
    report::Report,
    rush::{hall, orders::Counter, orders::Ordered, sell::CONNECTIONS},
};

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// 50 cars a second at the barrier, by code and by plate.
    Lanes,
    /// A delay of a showing with 110 visits, 40 bays and 60 meals, until the last of them has moved.
    Delay,
    /// 64 callers hold bays of one class, and meals in a quarter of an hour and its neighbours, until there are no more.
    Holds,
    /// A day's 700 orders planned anew: the decision alone, and from the call until all is stored.
    Plan,
}

/// Options of `arrival`.
#[derive(Debug, Args)]
pub struct Options {
    /// How often each scenario is measured; the reported figure is the median.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    runs: u32,
    /// Only these.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Scenario>,
}

/// Measures what is asked for.
pub async fn measure(report: &mut Report, options: Options) -> anyhow::Result<()> {
    let asked = |scenario| options.only.is_empty() || options.only.contains(&scenario);
    if asked(Scenario::Plan) {
        plan::measure(report, options.runs).await?;
    }
    if asked(Scenario::Holds) {
        holds::measure(report, options.runs).await?;
    }
    if !asked(Scenario::Lanes) && !asked(Scenario::Delay) {
        return Ok(());
    }
    let house = House::fresh_as(&hall::roomy_house()?).await?;
    if asked(Scenario::Lanes) {
        lanes::measure(&house, report, options.runs).await?;
    }
    if asked(Scenario::Delay) {
        delay::measure(&house, report, options.runs).await?;
    }
    house.verify().await?;
    std::fs::remove_dir_all(house.stop().await?)?;
    Ok(())
}

/// Orders visits at one showing, some at a time: the first so many with a bay, the last so many with a meal.
async fn visits(
    house: &House,
    showing: uuid::Uuid,
    count: usize,
    bays: usize,
    meals: usize,
) -> anyhow::Result<Vec<Ordered>> {
    let mut counters = Vec::new();
    for _ in 0..CONNECTIONS {
        counters.push(Counter::open(house).await?);
    }
    let tasks = kernel::Tasks::default();
    let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
    for (place, counter) in counters.iter().cycle().take(16).enumerate() {
        let (mut counter, told) = (counter.clone(), told.clone());
        tasks.spawn(async move {
            for number in (place..count).step_by(16) {
                let wish = crate::rush::orders::wish(showing, number < bays, number >= count - meals);
                let _ = told.send(counter.order(wish).await);
            }
        });
    }
    drop(told);
    let mut visits = Vec::with_capacity(count);
    while let Some(ordered) = answers.recv().await {
        visits.push(ordered?);
    }
    Ok(visits)
}
