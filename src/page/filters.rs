//! The filter controls above a list: a plain form, so that the whole state is in the URL.

use maud::{Markup, html};

use crate::model::draft::FieldError;
use crate::model::facets::{Facet, Facets};
use crate::model::filter::{UserTerm, escaped};
use crate::model::words::{Action, Log, ModelType};
use crate::page::text::{list_path, number, shown};

/// The most users in the drop-down, those with the most entries first.
const MAX_USERS: usize = 50;
/// The parameters that have a control.
const WITH_CONTROL: [&str; 10] =
    ["action", "model_type", "user", "q", "field", "resource", "ip", "reason", "since", "until"];

/// A parameter with another one inside, as in a query string. Browsers change line breaks in the values of a form.
pub(crate) const KEPT: &str = "kept";

/// Whether a browser would change this value of a form.
fn has_line_break(text: &str) -> bool {
    text.contains(['\r', '\n'])
}

/// The controls' values.
pub(crate) struct FilterForm<'a> {
    pub(crate) log: Log,
    /// The parameters and their texts.
    pub(crate) typed: &'a [(String, String)],
    pub(crate) errors: &'a [FieldError],
    /// Counts in the time range.
    pub(crate) facets: &'a Facets,
}

/// An option of a drop-down.
struct Choosable {
    value: String,
    label: String,
    count: u64,
}

impl FilterForm<'_> {
    fn texts<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        let own = self.typed.iter().filter(move |(it, text)| it == name && !has_line_break(text));
        own.map(|(_, text)| text.as_str())
    }

    /// The text of a control. Several values are shown as the list that one value may be.
    fn text(&self, name: &str) -> String {
        self.texts(name).collect::<Vec<_>>().join(",")
    }

    fn error(&self, name: &str) -> Markup {
        html! {
            @if self.described_by(name).is_some() {
                span id={ "error-" (name) } {
                    @for error in self.errors.iter().filter(|it| it.field == name) {
                        span class="error" role="alert" { (shown(name)) " " (shown(&error.detail)) } " "
                    }
                }
            }
        }
    }

    fn described_by(&self, name: &str) -> Option<String> {
        self.errors.iter().any(|it| it.field == name).then(|| format!("error-{name}"))
    }

    fn pick(&self, name: &'static str, title: &str, options: &[Choosable], others: &Markup) -> Markup {
        let chosen: Vec<_> = self.texts(name).collect();
        let has_error = self.described_by(name).is_some();
        html! {
            details class="pick" name="pick" open[has_error] {
                summary {
                    (title)
                    @if !chosen.is_empty() { " " span class="badge" { (chosen.len()) } }
                }
                fieldset {
                    legend { (title) }
                    @for option in options {
                        label {
                            input type="checkbox" name=(name) value=(option.value) checked[chosen.contains(&option.value.as_str())];
                            " " span { (shown(&option.label)) } " " span class="count" { (number(option.count)) }
                        }
                    }
                    (others)
                    // A value that is no option, such as an excluded one, stays until it is unchecked.
                    @for text in chosen.iter().filter(|text| !options.iter().any(|it| it.value == **text)) {
                        label { input type="checkbox" name=(name) value=(text) checked; " " span { (shown(text)) } }
                    }
                    (self.error(name))
                }
            }
        }
    }

    fn input(&self, name: &'static str, title: &str, kind: &str, hint: &str) -> Markup {
        self.box_of(name, title, kind, hint, &self.text(name), true)
    }

    /// Boxes of texts in which a comma is a comma, so that each has its own.
    fn text_boxes(&self, name: &'static str, title: &str, kind: &str, hint: &str) -> Markup {
        let texts: Vec<_> = self.texts(name).collect();
        html! {
            @for (index, text) in texts.iter().enumerate() { (self.box_of(name, title, kind, hint, text, index == 0)) }
            @if texts.is_empty() { (self.box_of(name, title, kind, hint, "", true)) }
        }
    }

    /// A text box. The first of a parameter has its errors.
    fn box_of(&self, name: &str, title: &str, kind: &str, hint: &str, text: &str, is_first: bool) -> Markup {
        html! {
            label class={ "field " (name) } {
                span { (title) }
                input type=(kind) name=(name) value=(text) placeholder=(hint) spellcheck="false" autocomplete="off"
                    aria-invalid=[self.described_by(name).map(|_| "true")] aria-describedby=[self.described_by(name)];
                @if is_first { (self.error(name)) }
            }
        }
    }
}

fn count_of(facets: &[Facet], value: &str) -> u64 {
    facets.iter().find(|facet| facet.value == value).map_or(0, |facet| facet.count)
}

/// The parameter that selects exactly the users shown as this.
pub(super) fn user_text(label: &str) -> String {
    escaped::<UserTerm>(&UserTerm::shown_as(label).to_string())
}

/// The form.
pub(crate) fn view(form: &FilterForm<'_>) -> Markup {
    let word = |word: &'static str, label: &str, facets: &[Facet]| Choosable {
        value: word.to_owned(),
        label: label.to_owned(),
        count: count_of(facets, word),
    };
    let Facets { action, model_type, user, .. } = form.facets;
    let actions: Vec<_> =
        Action::of(form.log).iter().map(|it| word(it.as_str(), it.as_str(), action)).collect();
    let types: Vec<_> =
        ModelType::of(form.log).iter().map(|it| word(it.as_str(), it.label(), model_type)).collect();
    let users: Vec<_> = user
        .iter()
        .take(MAX_USERS)
        .map(|facet| Choosable {
            value: user_text(&facet.value),
            label: facet.value.clone(),
            count: facet.count,
        })
        .collect();
    let more = user.len().saturating_sub(MAX_USERS);
    let other = html! {
        @if more > 0 { p class="dim" { (number(more as u64)) " more users: type a name" } }
        label class="other" {
            span { "Another user" }
            input type="text" name="user" spellcheck="false" autocomplete="off";
        }
    };
    let unknown = form.errors.iter().filter(|error| !WITH_CONTROL.contains(&error.field.as_str()));
    let (kept, others): (Vec<_>, Vec<_>) = form.typed.iter().partition(|(_, text)| has_line_break(text));
    let hidden = others.into_iter().filter(|(name, _)| !WITH_CONTROL.contains(&name.as_str()));
    let pair = |name: &str, text: &str| {
        form_urlencoded::Serializer::new(String::new()).append_pair(name, text).finish()
    };
    html! {
        form class="filters" method="get" action=(list_path(form.log)) role="search" aria-label="Filters" {
            (form.pick("action", "Action", &actions, &html! {}))
            (form.pick("model_type", "Model type", &types, &html! {}))
            (form.pick("user", "User", &users, &other))
            (form.text_boxes("q", "Text", "search", "names and values"))
            (form.input("field", "Field", "text", "perform.retry"))
            (form.input("resource", "Resource", "text", "connector/42"))
            (form.text_boxes("reason", "Reason", "text", "INC-2041"))
            (form.input("ip", "Address", "text", "198.51.100.0/24"))
            (form.input("since", "Since", "text", "2h, 2026-11-20"))
            (form.input("until", "Until", "text", "now"))
            @for (name, text) in hidden {
                label class="chip" {
                    input type="checkbox" name=(name) value=(text) checked; " " (shown(name)) " " b { (shown(text)) }
                }
            }
            @for (name, text) in kept {
                label class="chip" {
                    input type="checkbox" name=(KEPT) value=(pair(name, text)) checked; " " (shown(name)) " " b { (shown(text)) }
                }
            }
            span class="buttons" {
                button class="main" { "Filter" }
                @if !form.typed.is_empty() { " " a href=(list_path(form.log)) { "Clear" } }
            }
            @for error in unknown {
                p class="error" role="alert" { b { (shown(&error.field)) } " " (shown(&error.detail)) }
            }
        }
    }
}
