//! Converts a filter to SQL. The conditions on ip, reason, field and text are not converted: the store checks them with
//! `Filter::matches_content` on each row.

use std::collections::HashSet;

use crate::model::filter::{Choice, Filter};
use crate::model::timestamp::Timestamp;
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

/// Row numbers of the users that a filter admits: the store evaluates the filter on each user first.
#[derive(Debug, Clone, Default)]
pub struct UserRefs {
    /// The users who acted; `None` if the filter admits all.
    pub user: Option<Vec<i64>>,
    /// The users for whom others acted; `None` if the filter admits every entry, with or without such a user.
    pub on_behalf_of: Option<Vec<i64>>,
}

/// The most branches of a query: above this, they cost more than the sort they save.
const MAX_BRANCHES: usize = 32;

/// SQL text, with the values of its placeholders in order: a condition, or the whole statement that `ordered` makes of one.
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

    /// The SQL with `$1`, `$2`, … in place of each `?`, as PostgreSQL wants it: our SQL contains `?` only as a
    /// placeholder.
    #[must_use]
    pub fn numbered(&self) -> String {
        let mut parts = self.sql.split('?');
        let first = parts.next().unwrap_or_default().to_owned();
        (1..).zip(parts).fold(first, |sql, (number, part)| format!("{sql}${number}{part}"))
    }

    /// Appends `UNION ALL other`.
    pub(super) fn union(&mut self, other: Self) {
        self.sql.push_str(" UNION ALL ");
        self.sql.push_str(&other.sql);
        self.parameters.extend(other.parameters);
    }

    /// Adds the conditions of `filter` that this module converts. Users are given by their row numbers.
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
        self.and_times(*since, *until);
        self.and_dimensions(filter, user_refs.user.as_deref());
        if let Some(refs) = &user_refs.on_behalf_of {
            self.and_users("on_behalf_ref", refs, on_behalf_of.admits_optional_user(None));
        }
        let texts = |values: &[String]| values.iter().cloned().map(Parameter::Text).collect();
        self.and_choice("model_id", texts(&model_id.include), texts(&model_id.exclude));
        self.and_choice("request_id", texts(&request_id.include), texts(&request_id.exclude));
        for (resources, not) in [(&resource.include, ""), (&resource.exclude, "NOT ")] {
            let values = resources.iter().flat_map(|it| {
                [code_parameter(ModelType::ALL, it.model_type), Parameter::Text(it.model_id.clone())]
            });
            match resources.len() {
                0 => {}
                // One resource, as in `history`: a plain condition lets every engine read the index in order.
                1 => self.and(&format!("{not}(model_type = ? AND model_id = ?)"), values),
                many => {
                    let pairs = vec!["(?, ?)"; many].join(", ");
                    self.and(&format!("(model_type, model_id) {not}IN (VALUES {pairs})"), values);
                }
            }
        }
    }

    /// Adds the bounds of a time window.
    pub(super) fn and_times(&mut self, since: Option<Timestamp>, until: Option<Timestamp>) {
        if let Some(since) = since {
            self.and("occurred_at >= ?", [Parameter::Integer(since.micros())]);
        }
        if let Some(until) = until {
            self.and("occurred_at < ?", [Parameter::Integer(until.micros())]);
        }
    }

    /// Adds the conditions on the dimensions of the rollup: action, model type, channel and user.
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
        // Not every engine accepts `IN ()`.
        let any = if user_refs.is_empty() {
            "1 = 0".to_owned()
        } else {
            // Inlined as literals: they are trusted integers, and thousands would exceed the parameter limit.
            let list: Vec<_> = user_refs.iter().map(i64::to_string).collect();
            format!("{column} IN ({})", list.join(","))
        };
        if or_null.is_empty() { self.and(&any, []) } else { self.and(&format!("({or_null}{any})"), []) }
    }

    /// One condition per resource of the filter, or else per user, so that an index returns each branch already sorted. Empty if
    /// there are fewer than two or more than [`MAX_BRANCHES`].
    #[must_use]
    pub fn branches(log: Log, filter: &Filter, user_refs: &UserRefs) -> Vec<Self> {
        let resource = |model_type: ModelType, model_id: &str| {
            let mut one = Self::default();
            let id = Parameter::Text(model_id.to_owned());
            one.and("model_type = ? AND model_id = ?", [code_parameter(ModelType::ALL, model_type), id]);
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
        // Duplicates are removed. Stop at one more than the limit: then no branches are used.
        let mut seen = HashSet::new();
        let branches: Vec<_> =
            all.filter(|branch| seen.insert(branch.clone())).take(MAX_BRANCHES + 1).collect();
        if (2..=MAX_BRANCHES).contains(&branches.len()) { branches } else { Vec::new() }
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
            one.sql = format!("SELECT * FROM ({}) AS branch", select(&one));
            if all.sql.is_empty() { all = one } else { all.union(one) }
        }
        all.sql.push_str(&format!(" ORDER BY {order_by} {limit}"));
        all
    }

    fn and_words<T: Copy + PartialEq>(&mut self, column: &str, all: &[T], choice: &Choice<T>) {
        let codes = |values: &[T]| values.iter().map(|it| code_parameter(all, *it)).collect();
        self.and_choice(column, codes(&choice.include), codes(&choice.exclude));
    }

    /// Adds a choice on a column. NULL matches no included value and passes every exclusion.
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

/// The stored code of an enum value: its index in `all`, to which values are only appended.
#[must_use]
pub fn code<T: Copy + PartialEq>(all: &[T], word: T) -> i16 {
    all.iter().position(|it| *it == word).and_then(|index| i16::try_from(index).ok()).unwrap_or(-1)
}

/// [`code`] as a bound value.
#[must_use]
pub fn code_parameter<T: Copy + PartialEq>(all: &[T], word: T) -> Parameter {
    Parameter::Integer(code(all, word).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered() {
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
        assert_eq!((of(ids(1)), of(ids(MAX_BRANCHES)), of(ids(MAX_BRANCHES + 1))), (0, MAX_BRANCHES, 0));
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
