//! Resolves the appearance settings: flag, then environment, then profile, then default.

use chrono_tz::Tz;
use clap::ValueEnum;

use crate::args::output::AppearanceArgs;
use crate::config::env::Environment;
use crate::config::{Origin, SelectedProfile};
use crate::terminal::ColorWhen;

/// The value of a setting, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolvedSetting {
    /// The key in a profile.
    pub key: &'static str,
    pub value: String,
    pub origin: Origin,
}

impl AppearanceArgs {
    /// Fills in the settings that have no flag on the command line, and returns each setting with its origin. `is_typed` takes
    /// the id of a flag.
    pub(crate) fn resolve(
        &mut self,
        is_typed: impl Fn(&str) -> bool,
        environment: &Environment,
        settings: &SelectedProfile,
    ) -> Vec<ResolvedSetting> {
        let profile = &settings.profile;
        let by_profile = || Origin::Profile(settings.name.clone());
        // The words of a profile were checked when it was read.
        fn set<T: ValueEnum>(setting: &mut T, word: Option<&str>) -> bool {
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

        let time_origin = if is_typed("time") {
            Origin::Flag("--time")
        } else if set(&mut self.time, profile.time) {
            by_profile()
        } else {
            Origin::Default
        };
        let variables = [
            (environment.no_color, ColorWhen::Never, "NO_COLOR"),
            (environment.force_color, ColorWhen::Always, "CLICOLOR_FORCE"),
            (environment.dumb, ColorWhen::Never, "TERM"),
        ];
        let variable = variables.into_iter().find(|(is_set, ..)| *is_set);
        let color_origin = if is_typed("color") && (self.color != ColorWhen::Auto || variable.is_none()) {
            Origin::Flag("--color")
        } else if let Some((_, color, name)) = variable {
            self.color = color;
            Origin::Variable(name)
        } else if set(&mut self.color, profile.color) {
            by_profile()
        } else {
            Origin::Default
        };
        let theme_origin = if is_typed("theme") {
            Origin::Flag("--theme")
        } else if set(&mut self.theme, profile.theme) {
            by_profile()
        } else {
            Origin::Default
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
        let resolved = [
            ("tz", Some(zone.name().to_owned()), zone_origin),
            ("time", word(self.time.to_possible_value()), time_origin),
            ("color", word(self.color.to_possible_value()), color_origin),
            ("theme", word(self.theme.to_possible_value()), theme_origin),
            ("ascii", Some(self.ascii.to_string()), ascii_origin),
        ];
        resolved
            .into_iter()
            .map(|(key, value, origin)| ResolvedSetting { key, value: value.unwrap_or_default(), origin })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::output::TimeDisplay;
    use crate::config::file::{COLORS, Profile, THEMES, TIMES};
    use crate::render::style::Theme;

    fn words<T: ValueEnum>() -> Vec<String> {
        let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        values.map(|value| value.get_name().to_owned()).collect()
    }

    #[test]
    fn profiles_and_flags_accept_the_same_words() {
        assert_eq!(words::<Theme>(), THEMES);
        assert_eq!(words::<TimeDisplay>(), TIMES);
        assert_eq!(words::<ColorWhen>(), COLORS);
    }

    #[test]
    fn flags_override_the_environment_which_overrides_the_profile() {
        let profile = Profile {
            tz: Some(Tz::Asia__Tokyo),
            time: Some("relative"),
            color: Some("always"),
            theme: Some("mono"),
            ascii: Some(true),
            ..Profile::default()
        };
        let settings =
            |profile| SelectedProfile { name: "work".to_owned(), profile, ..SelectedProfile::default() };
        let resolve = |args: &mut AppearanceArgs, typed: &[&str], environment: &Environment, profile| {
            let resolved = args.resolve(|id| typed.contains(&id), environment, &settings(profile));
            resolved
                .into_iter()
                .map(|it| format!("{} {} ({})", it.key, it.value, it.origin))
                .collect::<Vec<_>>()
        };
        let mut args = AppearanceArgs::default();
        let work = ["tz Asia/Tokyo", "time relative", "color always", "theme mono", "ascii true"];
        assert_eq!(
            resolve(&mut args, &[], &Environment::default(), profile.clone()),
            work.map(|it| format!("{it} (profile work)"))
        );
        assert!(args.ascii && args.theme == Theme::Mono && args.tz == Some(Tz::Asia__Tokyo));
        let environment =
            Environment { zone: Some(Tz::Europe__Madrid), no_color: true, ..Environment::default() };
        let mut args = AppearanceArgs { time: TimeDisplay::Absolute, ..AppearanceArgs::default() };
        assert_eq!(
            resolve(&mut args, &["time", "theme"], &environment, profile),
            [
                "tz Europe/Madrid (TZ)",
                "time absolute (--time)",
                "color never (NO_COLOR)",
                "theme default (--theme)",
                "ascii true (profile work)"
            ]
        );
        let mut args = AppearanceArgs { color: ColorWhen::Always, ..AppearanceArgs::default() };
        assert_eq!(
            resolve(&mut args, &["color"], &environment, Profile::default())[2],
            "color always (--color)"
        );
        let mut args = AppearanceArgs::default();
        assert_eq!(
            resolve(&mut args, &["color"], &environment, Profile::default())[2],
            "color never (NO_COLOR)"
        );
        let mut args = AppearanceArgs::default();
        let machine = Environment { machine_zone: Some(Tz::Asia__Kolkata), ..Environment::default() };
        let resolved = resolve(&mut args, &[], &machine, Profile::default());
        assert_eq!(resolved[0], "tz Asia/Kolkata (default)");
        assert!(resolved.iter().all(|it| it.ends_with(" (default)")), "{resolved:?}");
    }
}
