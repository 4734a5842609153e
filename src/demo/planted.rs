//! Invented credentials. Each has a marker that tests look for in every output, because none may ever be shown.
//!
//! The values are assembled at run time, so that scanners of source code find nothing. The resources that hold them are not
//! known here.

/// The markers. Each secret value of the demo has one. A marker in an output, a file or a log is a leak.
pub const PLANTED: &[&str] = &[
    SECRET_VALUE,
    BEARER_TOKEN,
    SECRET_TOKEN,
    WEBHOOK_SECRET,
    AUTH_HEADER,
    AUTHORIZATION,
    API_KEY_HEADER,
    COOKIE,
    BODY_PASSWORD,
    URL_PASSWORD,
    PRIVATE_KEY,
    JWT_SIGNATURE,
    STRIPE_KEY,
    GITHUB_TOKEN,
    AWS_KEY,
    SLACK_TOKEN,
    PAYLOAD,
];

const SECRET_VALUE: &str = "n0rthw1nd-s3cr3t-v4lue-q7xv81";
const BEARER_TOKEN: &str = "n0rthw1nd-b34rer-t0ken-k2md94";
const SECRET_TOKEN: &str = "n0rthw1nd-s3cret-t0ken-w8rc33";
const WEBHOOK_SECRET: &str = "n0rthw1nd-w3bh00k-hm4c-p5zt60";
const AUTH_HEADER: &str = "n0rthw1nd-cust0m-he4der-h1fy27";
const AUTHORIZATION: &str = "n0rthw1nd-l1teral-4uth-d9jb18";
const API_KEY_HEADER: &str = "n0rthw1nd-4pi-k3y-l00kup-u4ge52";
const COOKIE: &str = "n0rthw1nd-sess10n-c00kie-m6nq75";
const BODY_PASSWORD: &str = "n0rthw1nd-b0dy-p4ssw0rd-x3ol46";
const URL_PASSWORD: &str = "n0rthw1nd-url-us3r1nfo-s7ia09";
// Formats with a fixed alphabet: base64, base64url, letters and digits, capitals and digits.
const PRIVATE_KEY: &str = "n0rthw1ndPemB0dyQ7xVb81LmT2kRz5";
const JWT_SIGNATURE: &str = "n0rthw1nd-jwt-s1gnature_Zq7xVb81LmT2kRz5Wd9";
const STRIPE_KEY: &str = "n0rthw1ndStr1peZq7xVb81LmT2k";
const GITHUB_TOKEN: &str = "n0rthw1ndG1tHubZq7xVb81LmT2kRz5Wd9Hc";
const AWS_KEY: &str = "N0RTHW1NDZQ7XVB8";
const SLACK_TOKEN: &str = "n0rthw1ndSl4ckZq7xVb81Lm";
const PAYLOAD: &str = "n0rthw1nd-ev3nt-payl0ad-f2ub57";

pub(super) fn secret_value(which: &str) -> String {
    format!("{SECRET_VALUE}-{which}")
}

pub(super) fn bearer_token(which: &str) -> String {
    format!("{BEARER_TOKEN}-{which}")
}

pub(super) fn secret_token(which: &str) -> String {
    format!("{SECRET_TOKEN}-{which}")
}

pub(super) fn webhook_secret(which: &str) -> String {
    format!("{WEBHOOK_SECRET}-{which}")
}

pub(super) fn auth_header(which: &str) -> String {
    format!("{AUTH_HEADER}-{which}")
}

/// An `Authorization` header with a token instead of a `$secret` reference.
pub(super) fn authorization() -> String {
    format!("Bearer {AUTHORIZATION}")
}

pub(super) fn api_key_header() -> String {
    API_KEY_HEADER.to_owned()
}

pub(super) fn cookie() -> String {
    format!("session={COOKIE}; path=/")
}

pub(super) fn body_password(which: &str) -> String {
    format!("{BODY_PASSWORD}-{which}")
}

/// A URL with a user and a password.
pub(super) fn url_with_password(rest: &str) -> String {
    format!("https://etl:{URL_PASSWORD}@{rest}")
}

pub(super) fn private_key() -> String {
    let frame = |word: &str| ["-----", word, " PRIVATE", " KEY", "-----"].concat();
    format!("{}\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n{PRIVATE_KEY}==\n{}\n", frame("BEGIN"), frame("END"))
}

pub(super) fn jwt() -> String {
    ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJkYXRldiIsImlhdCI6MTc1MDAwMDAwMH0", JWT_SIGNATURE].join(".")
}

pub(super) fn stripe_key() -> String {
    ["sk", "live", STRIPE_KEY].join("_")
}

pub(super) fn github_token() -> String {
    ["ghp", GITHUB_TOKEN].join("_")
}

pub(super) fn aws_key() -> String {
    ["AK", "IA", AWS_KEY].concat()
}

pub(super) fn slack_token() -> String {
    ["xoxb", "204811223344", "2048112233445", SLACK_TOKEN].join("-")
}

/// A customer's value in an example payload.
pub(super) fn payload(which: &str) -> String {
    format!("{PAYLOAD}-{which}")
}
