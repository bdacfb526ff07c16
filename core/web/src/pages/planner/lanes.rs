//! How the bars of one row share its place, and what they come to: those that meet stand below one
//! another; their load is spread evenly over the days that are worked. Pure.

use fondaco_kernel::shared::Calendar;
use fondaco_kernel::values::{Date, Decimal, Rounding, round};

use super::window::Window;

/// Places that a load is rounded to, half up, before it is compared.
const PLACES: u32 = 6;

/// Lanes of spans of columns, each with the numbers of its spans from left to right.
pub(super) fn lanes(spans: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|n| (spans[*n].0, std::cmp::Reverse(spans[*n].1)));
    let mut lanes: Vec<Vec<usize>> = Vec::new();
    for n in order {
        let is_free =
            |lane: &Vec<usize>| lane.last().is_none_or(|last| spans[*last].1 < spans[n].0);
        match lanes.iter().position(is_free) {
            Some(at) => lanes[at].push(n),
            None => lanes.push(vec![n]),
        }
    }
    lanes
}

/// So much work between two days.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    pub(super) from: Date,
    pub(super) until: Date,
    pub(super) load: Decimal,
}

/// What a column holds, and what it can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) load: Decimal,
    pub(super) most: Decimal,
}

impl Load {
    pub(super) fn is_over(self) -> bool {
        self.load > self.most
    }
}

/// The load of each column, and how much fits into it at `capacity` a worked day.
pub(super) fn loads(
    window: &Window,
    works: &[Work],
    calendar: Option<&Calendar>,
    capacity: Decimal,
) -> Vec<Load> {
    let worked = |from: Date, until: Date| match calendar {
        Some(calendar) if from <= until => calendar.worked_between(from, until),
        None if from <= until => days(from, until),
        _ => 0,
    };
    let of_column = |(first, last): &(Date, Date)| {
        let parts = works.iter().map(|work| {
            let all = worked(work.from, work.until);
            // What lies on closed days alone is all on the first of them.
            if all == 0 {
                let here = *first <= work.from && work.from <= *last;
                return if here { work.load } else { Decimal::ZERO };
            }
            let here = worked(work.from.max(*first), work.until.min(*last));
            (work.load * Decimal::from(here)).checked_div(Decimal::from(all)).unwrap_or_default()
        });
        let load = round(parts.sum(), PLACES, Rounding::HalfUp);
        Load { load, most: capacity * Decimal::from(worked(*first, *last)) }
    };
    window.columns.iter().map(of_column).collect()
}

fn days(from: Date, until: Date) -> u32 {
    let days = from.until(until).map_or(0, |span| span.get_days());
    u32::try_from(days).unwrap_or_default() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::planner::window::Scale;

    #[test]
    fn bars_that_meet_stand_below_one_another() {
        let told = |spans: &[(usize, usize)]| lanes(spans);
        assert_eq!(told(&[]), Vec::<Vec<usize>>::new());
        assert_eq!(told(&[(0, 2), (3, 4)]), [vec![0, 1]]);
        assert_eq!(told(&[(0, 3), (3, 4), (5, 5)]), [vec![0, 2], vec![1]]);
        assert_eq!(told(&[(2, 2), (0, 5), (2, 3)]), [vec![1], vec![2], vec![0]]);
    }

    #[test]
    fn a_load_is_spread_over_days_and_adds_up_again() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let window = Window::around(day("2026-03-05"), Scale::Week);
        let work = |from: &str, until: &str, load: &str| Work {
            from: day(from),
            until: day(until),
            load: load.parse().unwrap(),
        };
        let works = [work("2026-03-02", "2026-03-04", "20"), work("2026-03-04", "2026-03-04", "3")];
        let found = loads(&window, &works, None, Decimal::from(8));
        let told: Vec<String> =
            found.iter().map(|load| load.load.normalize().to_string()).collect();
        assert_eq!(told, ["6.666667", "6.666667", "9.666667", "0", "0", "0", "0"]);
        let over: Vec<bool> = found.iter().map(|load| load.is_over()).collect();
        assert_eq!(over, [false, false, true, false, false, false, false]);
        // Eight hours in a day of eight are no overload, however they are cut.
        let thirds = [work("2026-03-02", "2026-03-04", "24")];
        assert!(loads(&window, &thirds, None, Decimal::from(8)).iter().all(|load| !load.is_over()));
    }
}
