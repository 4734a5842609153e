//! Generates the data, the same on every run and every machine.
//!
//! One organization has the requested number of entries; 199 others of skewed sizes share a quarter of that number. There are
//! 60 users, 4,000 resources and 1–12 changed fields per entry, some of them nested; about 650 bytes of JSON each. Times are
//! spread evenly so that a tenth of the entries is older than a year.

use std::fmt::Write as _;

/// The number of organizations.
pub(crate) const ORGANIZATIONS: u64 = 200;
/// The days over which entries are spread: a tenth of them is older than 365 days.
const DAYS: f64 = 405.5;
/// The same in microseconds.
pub(crate) const SPAN_US: i64 = 4_055 * 8_640_000_000;

/// The state of a random sequence, SplitMix64 (Steele, Lea and Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn uuid(&mut self) -> uuid::Uuid {
        let bits = u128::from(self.next()) << 64 | u128::from(self.next());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }

    pub(crate) fn request_id(&mut self) -> String {
        format!("req_{:016x}", self.next())
    }

    /// A skewed number below `bound`: a quarter of the draws are in the first sixteenth.
    fn skewed(&mut self, bound: u64) -> u64 {
        let one = self.below(1 << 16);
        (one * one * bound) >> 32
    }
}

/// The number of entries of an organization if the first has `entries`.
pub(crate) fn size(organization: u64, entries: u64) -> u64 {
    match organization {
        0 => entries,
        // The others share a quarter in proportion to 1, 1/2, 1/3 …; the harmonic number of 199 is 5.88.
        rank => entries * 100 / (4 * 588 * rank),
    }
}

/// The first `count` of an organization's entries, oldest first, as JSON lines that end at `now`, in seconds since 1970.
pub(crate) fn entries(organization: u64, count: u64, now: i64) -> impl Iterator<Item = String> {
    let mut numbers = Numbers(organization.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ 1);
    (0..count).map(move |index| {
        #[expect(clippy::cast_precision_loss, reason = "a share of time, not a count")]
        let share = (count - index) as f64 / count as f64;
        #[expect(clippy::cast_possible_truncation, reason = "some thirty million seconds")]
        let at = now - (share * DAYS * 86_400.0) as i64;
        entry(&mut numbers, at)
    })
}

fn entry(numbers: &mut Numbers, at: i64) -> String {
    let at = chrono::DateTime::from_timestamp(at, 0).unwrap_or_default().format("%Y-%m-%dT%H:%M:%S");
    let micros = numbers.below(1_000_000);
    let action = [
        "updated", "updated", "updated", "updated", "updated", "updated", "updated", "created", "created",
        "deleted",
    ][numbers.below(10) as usize];
    let resource = numbers.skewed(4000);
    let model_type = ["connector", "connector_endpoint", "secret", "organization", "member"]
        [[0, 0, 0, 0, 0, 1, 1, 2, 4, 3][(resource % 10) as usize]];
    let user = numbers.skewed(60);
    let uuid = numbers.uuid();
    let mut text = format!(
        r#"{{"uuid":"{uuid}","occurred_at":"{at}.{micros:06}Z","action":"{action}","model_type":"{model_type}","model_id":"{resource}","model_name":"Resource {resource} of the warehouse","user":{{"id":"{user}","email":"person{user}@acme.example","name":"Person Number{user}","role":"editor"}},"context":{{"via":"web","ip":"198.51.100.{}","request_id":"{}"}},"changes":["#,
        numbers.below(256),
        numbers.request_id(),
    );
    let fields = 1 + numbers.skewed(12);
    let first = numbers.below(12);
    for field in 0..fields {
        if field > 0 {
            text.push(',');
        }
        let name = FIELDS[((first + field) % 12) as usize];
        let n = numbers.below(100_000);
        // Both sides always differ: an update that changes nothing is not recorded.
        let (old, new) = (value(n, name), value(n + 1, name));
        let written = match action {
            "created" => write!(text, r#"{{"field":"{name}","new":{new}}}"#),
            "deleted" => write!(text, r#"{{"field":"{name}","old":{old}}}"#),
            _ => write!(text, r#"{{"field":"{name}","old":{old},"new":{new}}}"#),
        };
        written.unwrap_or(());
    }
    text.push_str("]}");
    text
}

const FIELDS: [&str; 12] = [
    "status",
    "name",
    "description",
    "trigger",
    "perform",
    "process",
    "retry_limit",
    "allowed_urls",
    "owner",
    "labels",
    "timeout_ms",
    "notes",
];

fn value(n: u64, field: &str) -> String {
    match field {
        "status" => format!(r#""{}""#, if n.is_multiple_of(2) { "active" } else { "disabled" }),
        "retry_limit" | "timeout_ms" => n.to_string(),
        "trigger" => format!(r#""row.amount > {n}\nrow.email = lower(row.email)""#),
        "perform" => format!(
            r#"{{"url":"https://api.acme.example/v2/orders/{n}","method":"POST","retry":{{"max":{},"jitter":"full"}}}}"#,
            n % 10
        ),
        "process" => format!(
            r#"{{"mappings":[{{"from":"Email","to":"email_{n}"}},{{"from":"Owner","to":"owner_id"}}]}}"#
        ),
        "allowed_urls" | "labels" => format!(r#"["https://a{n}.acme.example","b"]"#),
        _ => format!(r#""a text about the thing, {n}""#),
    }
}
