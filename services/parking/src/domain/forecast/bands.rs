//! How wide the band is: what it claims, and what the house has learnt from the forecasts that it made. Pure.

/// Of a hundred times the truth lies within the band so often. Eight of ten, because whoever reads it sends somebody to
/// the lane or does not: a band that always holds the truth is as wide as the car park. An assumption; weather services
/// tell the range from the 10th to the 90th of a hundred likewise.
pub(crate) const COVERAGE: u32 = 80;
/// Standard deviations that hold eight of ten, if the model is right.
const IF_RIGHT: f64 = 1.28;
/// So many forecasts must have met their truth.
const ENOUGH: i64 = 40;
/// However good or bad they were.
const NARROWEST: f64 = 1.0;
const WIDEST: f64 = 6.0;

/// Forecasts are kept for so many quarters ahead: near and far ones are sure in different ways.
pub(crate) const KEPT: [u32; 3] = [4, 8, 16];

/// In how many standard deviations the band lies, by how far ahead one looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bands([f64; 3]);

/// Of forecasts so many minutes ahead that met their truth: how many, and within how many standard deviations the wanted
/// share of them lay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lay {
    pub(crate) ahead_minutes: i32,
    pub(crate) many: i64,
    pub(crate) within: f64,
}

impl Bands {
    /// What was learnt, where that is enough.
    pub(crate) fn of(seen: &[Lay]) -> Self {
        Self(KEPT.map(|ahead| {
            let lay = seen.iter().find(|lay| i64::from(lay.ahead_minutes) == i64::from(ahead) * 15);
            lay.filter(|lay| lay.many >= ENOUGH).map_or(IF_RIGHT, |lay| lay.within.clamp(NARROWEST, WIDEST))
        }))
    }

    /// Of the quarter with this place, from 0 on: as the nearest ones that are kept.
    pub(crate) fn at(self, place: usize) -> f64 {
        let [near, middle, far] = self.0;
        match place {
            0..6 => near,
            6..12 => middle,
            _ => far,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_distance_learns_from_its_own_forecasts() {
        assert_eq!(Bands::of(&[]), Bands([IF_RIGHT; 3]));
        let lay = |ahead_minutes, many, within| Lay { ahead_minutes, many, within };
        let bands = Bands::of(&[lay(60, 40, 1.5), lay(120, 39, 9.0), lay(240, 400, 9.0)]);
        assert_eq!(bands, Bands([1.5, IF_RIGHT, WIDEST]));
        for (places, expected) in [(0..6, 1.5), (6..12, IF_RIGHT), (12..48, WIDEST)] {
            assert!(places.clone().all(|place| (bands.at(place) - expected).abs() < 1e-9), "{places:?}: {bands:?}");
        }
    }
}
