//! The URL of a store as messages show it.

/// Removes the password from a URL, wherever it is.
#[must_use]
pub fn without_password(url: &str) -> String {
    let shown = match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or("");
            format!("{}{user}{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    };
    match shown.split_once('?') {
        Some((base, query)) if query.contains("password=") => {
            let kept: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("password=")).collect();
            if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) }
        }
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        assert_eq!(without_password("postgres://ana:hun:t@er2@db/x"), "postgres://ana@db/x");
        assert_eq!(without_password("sqlite:/tmp/a@b.db"), "sqlite:/tmp/a@b.db");
        assert_eq!(without_password("postgres://db/x?user=ana&password=pw"), "postgres://db/x?user=ana");
        assert_eq!(without_password("postgres://db/x?password=pw"), "postgres://db/x");
    }
}
