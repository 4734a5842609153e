//! From a filter to SQL: the parts an index can answer. `Filter::matches` is the meaning; what SQL cannot say (text
//! search, paths into values) the store asks `Filter::matches_content` for each row that is left.

use std::collections::HashSet;

use crate::model::filter::{Choice, Filter};
use crate::model::words::{Action, Log, ModelType, Via};

/// A value bound to a statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The numbers of the users that a filter admits, which the store found by the filter's own meaning.
#[derive(Debug, Clone, Default)]
pub struct UserRefs {
    /// The users who acted; `None` if the filter admits all.
    pub user: Option<Vec<i64>>,
    /// The users for whom others acted; `None` if the filter admits all, also that there is none.
    pub on_behalf_of: Option<Vec<i64>>,
}

/// Beyond so many branches of a question, each costs more than the sort it saves.
const MOST_BRANCHES: usize = 32;

/// The WHERE part of a statement, with its values in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Condition {
    /// SQL, with one `?` for each value.
    pub sql: String,
    /// The values.
    pub parameters: Vec<Parameter>,
}

impl Condition {
    /// Adds `AND sql`, with its values.
    pub fn and(&mut self, sql: &str, parameters: impl IntoIterator<Item = Parameter>) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(sql);
        self.parameters.extend(parameters);
    }

    /// The SQL with `$1`, `$2`, … in place of each `?`, as PostgreSQL wants it: no text of ours holds one otherwise.
    #[must_use]
    pub fn numbered(&self) -> String {
        let mut parts = self.sql.split('?');
        let first = parts.next().unwrap_or_default().to_owned();
        (1..).zip(parts).fold(first, |sql, (number, part)| format!("{sql}${number}{part}"))
    }

    /// Makes this statement one that also gives the rows of `other`.
    pub(super) fn union(&mut self, other: Self) {
        self.sql.push_str(" UNION ALL ");
        self.sql.push_str(&other.sql);
        self.parameters.extend(other.parameters);
    }

    /// Adds everything of `filter` that SQL can say. Users are given by their numbers.
    pub fn and_filter(&mut self, filter: &Filter, user_refs: &UserRefs) {
        let Filter {
            since,
            until,
            model_id,
            request_id,
            resource,
            on_behalf_of,
            // In `and_dimensions`.
            action: _,
            model_type: _,
            via: _,
            user: _,
            // In `Filter::matches_content`.
            ip: _,
            reason: _,
            field: _,
            text: _,
        } = filter;
        if let Some(since) = since {
            self.and("occurred_at >= ?", [Parameter::Integer(since.micros())]);
        }
        if let Some(until) = until {
            self.and("occurred_at < ?", [Parameter::Integer(until.micros())]);
        }
        self.and_dimensions(filter, user_refs.user.as_deref());
        if let Some(refs) = &user_refs.on_behalf_of {
            self.and_users("on_behalf_ref", refs, on_behalf_of.admits_optional_user(None));
        }
        let texts = |values: &[String]| values.iter().cloned().map(Parameter::Text).collect();
        self.and_choice("model_id", texts(&model_id.include), texts(&model_id.exclude));
        self.and_choice("request_id", texts(&request_id.include), texts(&request_id.exclude));
        for (resources, not) in [(&resource.include, ""), (&resource.exclude, "NOT ")] {
            let values = resources
                .iter()
                .flat_map(|it| [code(ModelType::ALL, it.model_type), Parameter::Text(it.model_id.clone())]);
            match resources.len() {
                0 => {}
                // What `history` asks for: a plain condition, which every engine's index answers in order.
                1 => self.and(&format!("{not}(model_type = ? AND model_id = ?)"), values),
                many => {
                    let pairs = vec!["(?, ?)"; many].join(", ");
                    self.and(&format!("(model_type, model_id) {not}IN (VALUES {pairs})"), values);
                }
            }
        }
    }

    /// Adds what `filter` says of the dimensions that are summed: action, model type, channel and user.
    pub(super) fn and_dimensions(&mut self, filter: &Filter, user_refs: Option<&[i64]>) {
        self.and_words("action", Action::ALL, &filter.action);
        self.and_words("model_type", ModelType::ALL, &filter.model_type);
        self.and_words("via", Via::ALL, &filter.via);
        if let Some(user_refs) = user_refs {
            self.and_users("user_ref", user_refs, false);
        }
    }

    /// Adds that a column holds one of these users, or nothing.
    fn and_users(&mut self, column: &str, user_refs: &[i64], or_null: bool) {
        let or_null = if or_null { format!("{column} IS NULL OR ") } else { String::new() };
        // An empty list is not every engine's SQL.
        let any = if user_refs.is_empty() {
            "1 = 0".to_owned()
        } else {
            // Numbers of our own making: written out, so that thousands of users do not meet a limit on parameters.
            let list: Vec<_> = user_refs.iter().map(i64::to_string).collect();
            format!("{column} IN ({})", list.join(","))
        };
        if or_null.is_empty() { self.and(&any, []) } else { self.and(&format!("({or_null}{any})"), []) }
    }

    /// One condition for each of a filter's resources, or else for each of its users: an index has the entries of
    /// each in order, but not of all together. None when there is but one way, or too many.
    #[must_use]
    pub fn branches(log: Log, filter: &Filter, user_refs: &UserRefs) -> Vec<Self> {
        let resource = |model_type: ModelType, model_id: &str| {
            let mut one = Self::default();
            let id = Parameter::Text(model_id.to_owned());
            one.and("model_type = ? AND model_id = ?", [code(ModelType::ALL, model_type), id]);
            one
        };
        fn users(column: &'static str, refs: Option<&[i64]>) -> impl Iterator<Item = Condition> {
            let refs = refs.unwrap_or_default().iter();
            refs.map(move |user_ref| Condition {
                sql: format!("{column} = {user_ref}"),
                ..Condition::default()
            })
        }
        let all: Box<dyn Iterator<Item = Self>> = if !filter.resource.include.is_empty() {
            Box::new(filter.resource.include.iter().map(|it| resource(it.model_type, &it.model_id)))
        } else if !filter.model_id.include.is_empty() {
            let types =
                ModelType::of(log).iter().filter(|it| filter.model_type.admits(|wanted| wanted == *it));
            Box::new(types.flat_map(|it| filter.model_id.include.iter().map(move |id| resource(*it, id))))
        } else if !filter.user.include.is_empty() {
            Box::new(users("user_ref", user_refs.user.as_deref()))
        } else if !filter.on_behalf_of.include.is_empty() {
            Box::new(users("on_behalf_ref", user_refs.on_behalf_of.as_deref()))
        } else {
            return Vec::new();
        };
        // Duplicates are removed. One branch too many settles the matter: the rest need not be made.
        let mut seen = HashSet::new();
        let branches: Vec<_> =
            all.filter(|branch| seen.insert(branch.clone())).take(MOST_BRANCHES + 1).collect();
        if (2..=MOST_BRANCHES).contains(&branches.len()) { branches } else { Vec::new() }
    }

    /// A statement for the first `limit` rows of this condition in an order, by way of its branches.
    pub(super) fn ordered(
        &self,
        (columns, table): (&str, &str),
        branches: Vec<Self>,
        order_by: &str,
        limit: &str,
    ) -> Self {
        let select = |condition: &Self| {
            format!("SELECT {columns} FROM {table} WHERE {} ORDER BY {order_by} {limit}", condition.sql)
        };
        if branches.is_empty() {
            return Self { sql: select(self), parameters: self.parameters.clone() };
        }
        let mut all = Self::default();
        for branch in branches {
            let mut one = self.clone();
            one.and(&branch.sql, branch.parameters);
            let union = if all.sql.is_empty() { "" } else { " UNION ALL " };
            all.sql.push_str(&format!("{union}SELECT * FROM ({}) AS branch", select(&one)));
            all.parameters.extend(one.parameters);
        }
        all.sql.push_str(&format!(" ORDER BY {order_by} {limit}"));
        all
    }

    fn and_words<T: Copy + PartialEq>(&mut self, column: &str, all: &[T], choice: &Choice<T>) {
        let codes = |values: &[T]| values.iter().map(|it| code(all, *it)).collect();
        self.and_choice(column, codes(&choice.include), codes(&choice.exclude));
    }

    /// A column that may be null equals no included value and no excluded one.
    fn and_choice(&mut self, column: &str, include: Vec<Parameter>, exclude: Vec<Parameter>) {
        let marks = |values: &[Parameter]| vec!["?"; values.len()].join(",");
        if !include.is_empty() {
            self.and(&format!("{column} IN ({})", marks(&include)), include);
        }
        if !exclude.is_empty() {
            self.and(&format!("({column} IS NULL OR {column} NOT IN ({}))", marks(&exclude)), exclude);
        }
    }
}

/// The number a closed word is stored as: its place in the documented order, which only ever grows at its end.
#[must_use]
pub fn place<T: Copy + PartialEq>(all: &[T], word: T) -> i16 {
    all.iter().position(|it| *it == word).and_then(|place| i16::try_from(place).ok()).unwrap_or(-1)
}

/// The same, as a statement's value.
#[must_use]
pub fn code<T: Copy + PartialEq>(all: &[T], word: T) -> Parameter {
    Parameter::Integer(place(all, word).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_number() {
        let mut condition = Condition::default();
        condition.and("org_id = ?", [Parameter::Integer(1)]);
        condition.and("(a, b) < (?, ?)", [Parameter::Integer(2), Parameter::Text("x".into())]);
        assert_eq!(condition.numbered(), "org_id = $1 AND (a, b) < ($2, $3)");
        assert_eq!(Condition::default().numbered(), "");
    }

    #[test]
    fn branches_are_distinct_and_few_and_made_in_one_pass() {
        let of = |ids: Vec<String>| {
            let mut filter = Filter::default();
            filter.model_type.include.push(ModelType::Secret);
            filter.model_id.include = ids;
            Condition::branches(Log::Audit, &filter, &UserRefs::default()).len()
        };
        let ids = |count: usize| (0..count).map(|id| id.to_string()).collect::<Vec<_>>();
        assert_eq!(of([ids(3), ids(3)].concat()), 3);
        assert_eq!((of(ids(1)), of(ids(MOST_BRANCHES)), of(ids(MOST_BRANCHES + 1))), (0, MOST_BRANCHES, 0));
        // Were each compared with all before it, these would take minutes.
        assert_eq!(of(vec!["1".to_owned(); 1_000_000]), 0);
        assert_eq!(of(ids(1_000_000)), 0);
    }

    #[test]
    fn stored_codes_never_change() {
        let words: Vec<_> = Action::ALL.iter().map(|it| it.as_str()).collect();
        assert_eq!(
            words,
            [
                "created", "updated", "deleted", "read", "exported", "pruned", "erased", "started",
                "stopped", "migrated"
            ]
        );
        let words: Vec<_> = ModelType::ALL.iter().map(|it| it.as_str()).collect();
        let of_audit_log = ["connector", "connector_endpoint", "secret", "organization", "member"];
        let of_trail = ["audit_log", "token", "hold", "user", "server", "session"];
        assert_eq!(words, [&of_audit_log[..], &of_trail].concat());
        let words: Vec<_> = Via::ALL.iter().map(|it| it.as_str()).collect();
        assert_eq!(words, ["web", "api", "cli", "terraform", "system", "mcp"]);
    }
}
