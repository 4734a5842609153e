//! Times of the demo: working days in Madrid, nights, and changes of the clocks. A schedule runs actions in the order of time.
//!
//! What the actions do is not known here.

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::{Europe::Madrid, Tz};

use crate::demo::history::DemoHistory;
use crate::demo::random::Random;
use crate::model::timestamp::Timestamp;

/// How far the demo goes back.
const DAYS: i64 = 120;

type ScheduledAction = Box<dyn FnOnce(&mut DemoHistory, Timestamp)>;

/// Actions and their times, in any order.
pub(super) struct Schedule {
    now: Timestamp,
    actions: Vec<(Timestamp, ScheduledAction)>,
}

impl Schedule {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { now, actions: Vec::new() }
    }

    pub(super) fn add(&mut self, at: Timestamp, action: impl FnOnce(&mut DemoHistory, Timestamp) + 'static) {
        self.actions.push((at, Box::new(action)));
    }

    /// Runs the actions in the order of time. Those of one moment run in the order they were added.
    pub(super) fn play(mut self) -> DemoHistory {
        self.actions.sort_by_key(|(at, _)| *at);
        let mut history = DemoHistory::default();
        for (at, action) in self.actions {
            action(&mut history, at);
        }
        history
    }

    pub(super) fn ago(&self, hours: i64, minutes: i64, millis: i64) -> Timestamp {
        let back = TimeDelta::hours(hours) + TimeDelta::minutes(minutes) + TimeDelta::milliseconds(millis);
        self.now.plus(-back)
    }

    /// The morning on which the organization is founded: the first one of a working day in the window.
    pub(super) fn founding(&self) -> Timestamp {
        let from = self.now.plus(-TimeDelta::days(DAYS));
        let dates = madrid(from).date_naive().iter_days().filter(is_working_day).take(2);
        let mut mornings = dates.map(|date| local(date, 8, 42, 17));
        mornings.find(|morning| *morning >= from).unwrap_or(from)
    }

    /// A time in Madrid on the last working day at least `days` before now, at odd seconds.
    pub(super) fn office(&self, days: i64, hour: u32, minute: u32) -> Timestamp {
        let day = madrid(self.now.plus(-TimeDelta::days(days))).date_naive();
        let date = std::iter::successors(Some(day), NaiveDate::pred_opt).find(is_working_day);
        let seed = u64::from(minute) + 60 * u64::from(hour) + 1_440 * days.unsigned_abs();
        shifted(local(date.unwrap_or(day), hour, minute, 0), &mut Random::new(seed), 58)
    }

    /// The beginning of each working day since the founding.
    pub(super) fn mornings(&self) -> Vec<Timestamp> {
        let founding = self.founding();
        let later = self.working_days(0).into_iter().map(|date| local(date, 8, 40, 0));
        std::iter::once(founding).chain(later).collect()
    }

    /// The working days after the founding, without the last ones.
    pub(super) fn working_days(&self, last_days_ago: i64) -> Vec<NaiveDate> {
        let first = madrid(self.founding()).date_naive();
        let last = madrid(self.now.plus(-TimeDelta::days(last_days_ago))).date_naive();
        first.iter_days().skip(1).take_while(|date| *date <= last).filter(is_working_day).collect()
    }

    /// The last change of Madrid's clocks between the day after the founding and an hour ago.
    pub(super) fn clock_change(&self) -> Option<Timestamp> {
        let hour = TimeDelta::hours(1);
        let whole_hour = self.now.micros() - self.now.micros().rem_euclid(3_600_000_000);
        let from = self.founding().plus(TimeDelta::days(1));
        let last = Timestamp::from_micros(whole_hour).map(|at| at.plus(-hour));
        let hours = std::iter::successors(last, |at| Some(at.plus(-hour)));
        let offset = |at: Timestamp| madrid(at).offset().fix();
        hours.take_while(|at| *at > from).find(|at| offset(*at) != offset(at.plus(-hour)))
    }
}

/// A time in the office hours: often in the morning, rarely at lunch, sometimes late.
pub(super) fn office_hours(date: NaiveDate, random: &mut Random) -> Timestamp {
    const HOURS: &[u32] = &[
        8, 9, 9, 9, 10, 10, 10, 10, 11, 11, 11, 12, 12, 12, 13, 13, 14, 15, 15, 16, 16, 16, 17, 17, 18, 18,
        19,
    ];
    let hour = random.pick(HOURS).copied().unwrap_or(9);
    shifted(local(date, hour, 0, 0), random, 50 * 60)
}

/// A time in the night, when the service account rotates secrets.
pub(super) fn night(date: NaiveDate, random: &mut Random) -> Timestamp {
    shifted(local(date, 3, 30, 0), random, 90)
}

/// A time up to `seconds` later, with random microseconds.
pub(super) fn shifted(at: Timestamp, random: &mut Random, seconds: u64) -> Timestamp {
    let micros = random.below(seconds.saturating_mul(1_000_000));
    at.plus(TimeDelta::microseconds(i64::try_from(micros).unwrap_or_default()))
}

fn madrid(at: Timestamp) -> DateTime<Tz> {
    at.datetime().with_timezone(&Madrid)
}

/// A time on Madrid's clocks. A time that the change in spring skips is read as UTC: no action falls on it.
fn local(date: NaiveDate, hour: u32, minute: u32, second: u32) -> Timestamp {
    let wall = date.and_hms_opt(hour, minute, second).unwrap_or_default();
    let moment = Madrid.from_local_datetime(&wall).earliest();
    let utc = moment.map_or_else(|| wall.and_utc(), |moment| moment.with_timezone(&Utc));
    Timestamp::try_from(utc).unwrap_or(Timestamp::MIN)
}

fn is_working_day(date: &NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}
