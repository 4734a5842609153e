//! How everything looks once the environment and the profile have been heard about what was not typed.

use chrono_tz::Tz;
use clap::ValueEnum;

use crate::args::output::AppearanceArgs;
use crate::config::env::Environment;
use crate::config::{Origin, SelectedProfile};

/// A setting as it holds, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolvedSetting {
    /// Its key in a profile.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// Who says so.
    pub origin: Origin,
}

impl AppearanceArgs {
    /// Fills in what was not typed, and tells of each setting what it is and who says so. `typed` knows flags by their ids.
    pub(crate) fn resolve(
        &mut self,
        typed: impl Fn(&str) -> bool,
        environment: &Environment,
        settings: &SelectedProfile,
    ) -> Vec<ResolvedSetting> {
        let profile = &settings.profile;
        let by_profile = || Origin::Profile(settings.name.clone());
        // Words of the configuration file were judged when it was read.
        fn filled<T: ValueEnum>(setting: &mut T, word: Option<&str>) -> bool {
            let word = word.and_then(|word| T::from_str(word, true).ok());
            word.map(|word| *setting = word).is_some()
        }

        let (zone, zone_origin) = match (self.tz, environment.zone, profile.tz) {
            (Some(zone), _, _) => (zone, Origin::Flag("--tz")),
            (None, Some(zone), _) => (zone, Origin::Variable("TZ")),
            (None, None, Some(zone)) => (zone, by_profile()),
            (None, None, None) => (environment.machine_zone.unwrap_or(Tz::UTC), Origin::Default),
        };
        self.tz = Some(zone);

        let time_origin = match () {
            () if typed("time") => Origin::Flag("--time"),
            () if filled(&mut self.time, profile.time) => by_profile(),
            () => Origin::Default,
        };
        let color_origin = match () {
            () if typed("color") => Origin::Flag("--color"),
            () if environment.no_color => Origin::Variable("NO_COLOR"),
            () if environment.force_color => Origin::Variable("CLICOLOR_FORCE"),
            () if environment.dumb => Origin::Variable("TERM"),
            () if filled(&mut self.color, profile.color) => by_profile(),
            () => Origin::Default,
        };
        let theme_origin = match () {
            () if typed("theme") => Origin::Flag("--theme"),
            () if filled(&mut self.theme, profile.theme) => by_profile(),
            () => Origin::Default,
        };
        let ascii_origin = match profile.ascii {
            _ if self.ascii => Origin::Flag("--ascii"),
            Some(ascii) => {
                self.ascii = ascii;
                by_profile()
            }
            None => Origin::Default,
        };

        let word = |word: Option<clap::builder::PossibleValue>| word.map(|word| word.get_name().to_owned());
        let settled = [
            ("tz", Some(zone.name().to_owned()), zone_origin),
            ("time", word(self.time.to_possible_value()), time_origin),
            ("color", word(self.color.to_possible_value()), color_origin),
            ("theme", word(self.theme.to_possible_value()), theme_origin),
            ("ascii", Some(self.ascii.to_string()), ascii_origin),
        ];
        let settled = settled.into_iter();
        settled
            .map(|(key, value, origin)| ResolvedSetting { key, value: value.unwrap_or_default(), origin })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::output::{ThemeWord, TimeWord};
    use crate::config::file::{COLORS, Profile, THEMES, TIMES};
    use crate::terminal::ColourWhen;

    fn words<T: ValueEnum>() -> Vec<String> {
        let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        values.map(|value| value.get_name().to_owned()).collect()
    }

    #[test]
    fn a_profile_takes_the_words_of_the_flags() {
        assert_eq!(words::<ThemeWord>(), THEMES);
        assert_eq!(words::<TimeWord>(), TIMES);
        assert_eq!(words::<ColourWhen>(), COLORS);
    }

    #[test]
    fn a_flag_outranks_the_environment_which_outranks_the_profile() {
        let profile = Profile {
            tz: Some(Tz::Asia__Tokyo),
            time: Some("relative"),
            color: Some("always"),
            theme: Some("mono"),
            ascii: Some(true),
            ..Profile::default()
        };
        let settings =
            |profile| SelectedProfile { name: "work".to_owned(), origin: Origin::Default, profile };
        let settle = |args: &mut AppearanceArgs, typed: &[&str], environment: &Environment, profile| {
            let settled = args.resolve(|id| typed.contains(&id), environment, &settings(profile));
            settled
                .into_iter()
                .map(|it| format!("{} {} ({})", it.key, it.value, it.origin))
                .collect::<Vec<_>>()
        };
        let mut args = AppearanceArgs::default();
        let work = ["tz Asia/Tokyo", "time relative", "color always", "theme mono", "ascii true"];
        assert_eq!(
            settle(&mut args, &[], &Environment::default(), profile.clone()),
            work.map(|it| format!("{it} (profile work)"))
        );
        assert!(args.ascii && args.theme == ThemeWord::Mono && args.tz == Some(Tz::Asia__Tokyo));
        let environment =
            Environment { zone: Some(Tz::Europe__Madrid), no_color: true, ..Environment::default() };
        let mut args = AppearanceArgs { time: TimeWord::Absolute, ..AppearanceArgs::default() };
        assert_eq!(
            settle(&mut args, &["time", "theme"], &environment, profile),
            [
                "tz Europe/Madrid (TZ)",
                "time absolute (--time)",
                "color auto (NO_COLOR)",
                "theme default (--theme)",
                "ascii true (profile work)"
            ]
        );
        let mut args = AppearanceArgs::default();
        let machine = Environment { machine_zone: Some(Tz::Asia__Kolkata), ..Environment::default() };
        let settled = settle(&mut args, &[], &machine, Profile::default());
        assert_eq!(settled[0], "tz Asia/Kolkata (default)");
        assert!(settled.iter().all(|it| it.ends_with(" (default)")), "{settled:?}");
    }
}
