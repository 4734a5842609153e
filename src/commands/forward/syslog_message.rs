//! Syslog messages (RFC 5424), framed by octet counting (RFC 6587), and the older form of local sockets. Pure functions.

use crate::commands::forward::event::{OutgoingEvent, Subject};
use crate::model::timestamp::Timestamp;
use crate::model::words::Action;

/// `log audit` (RFC 5424, table 1).
const FACILITY: u8 = 13;
const APP_NAME: &str = "krosyn-audit";
// The longest host name and message id, in characters.
const MAX_HOST: usize = 255;
const MAX_MSGID: usize = 32;

/// RFC 5424, table 2.
#[derive(Clone, Copy)]
enum Severity {
    Warning = 4,
    Notice = 5,
    Info = 6,
}

const fn priority(severity: Severity) -> u8 {
    FACILITY * 8 + severity as u8
}

/// Priority, time and message id of an event.
fn header(event: &OutgoingEvent<'_>) -> (u8, Timestamp, String) {
    match event.subject {
        Subject::Entry(entry) => {
            let severity = if entry.action == Action::Deleted { Severity::Notice } else { Severity::Info };
            (priority(severity), entry.occurred_at, format!("{}.{}", entry.model_type, entry.action))
        }
        Subject::Gap(gap) => (priority(Severity::Warning), gap.noticed_at, "entries_pruned".to_owned()),
    }
}

/// A message of RFC 5424. `origin` is structured data that the RFC itself defines. Without a byte order mark, as most
/// senders write it: receivers that do not know the mark would show it.
pub(super) fn message(event: &OutgoingEvent<'_>, host: &str) -> String {
    let (priority, at, id) = header(event);
    let (host, id) = (printable(host, MAX_HOST), printable(&id, MAX_MSGID));
    let origin = concat!("[origin software=\"krosyn-audit\" swVersion=\"", env!("CARGO_PKG_VERSION"), "\"]");
    format!("<{priority}>1 {at} {host} {APP_NAME} - {id} {origin} {}", event.line)
}

/// Adds a message to a stream: its length in bytes, a space, and the message.
pub(super) fn frame(out: &mut Vec<u8>, message: &str) {
    out.extend_from_slice(message.len().to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(message.as_bytes());
}

/// A message for a local socket: receivers such as journald and rsyslog expect the older form there, and set time and host
/// themselves.
pub(super) fn local_message(event: &OutgoingEvent<'_>) -> String {
    let (priority, at, _) = header(event);
    format!("<{priority}>{} {APP_NAME}: {}", at.datetime().format("%b %e %H:%M:%S"), event.line)
}

/// A field of the header: visible ASCII, or `-`.
fn printable(text: &str, longest: usize) -> String {
    let text: String = text.chars().filter(char::is_ascii_graphic).take(longest).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::forward::event::tests::{deleted, renderer};
    use crate::commands::forward::event::{DeliveryForm, Gap};
    use crate::model::prune::Pruned;

    #[test]
    fn a_message_has_the_header_of_rfc_5424() {
        let entry = deleted();
        let event = OutgoingEvent { subject: Subject::Entry(&entry), line: "{\"é\":1}".to_owned() };
        let version = env!("CARGO_PKG_VERSION");
        // Facility 13, severity 5: 13 * 8 + 5, as in section 6.2.1.
        let expected = format!(
            "<109>1 2026-11-22T08:14:07.412033Z vm.example krosyn-audit - secret.deleted [origin software=\"krosyn-audit\" swVersion=\"{version}\"] {{\"é\":1}}"
        );
        assert_eq!(message(&event, "vm.example"), expected);
        assert!(message(&event, " \n").starts_with("<109>1 2026-11-22T08:14:07.412033Z - krosyn-audit "));
        assert_eq!(local_message(&event), "<109>Nov 22 08:14:07 krosyn-audit: {\"é\":1}");
    }

    #[test]
    fn a_notice_is_a_warning() {
        let pruned = Pruned { through_id: 12, before: Timestamp::MIN };
        let gap = Gap { after_id: 3, pruned, noticed_at: Timestamp::MIN };
        let message = message(&renderer(DeliveryForm::Json).gap(&gap), "h");
        assert!(
            message.starts_with("<108>1 1970-01-01T00:00:00.000000Z h krosyn-audit - entries_pruned ["),
            "{message}"
        );
    }

    /// MSG-LEN counts octets and not characters (RFC 6587, section 3.4.1; the messages are examples of RFC 5424, section 6.5).
    #[test]
    fn frames_count_octets() {
        let mut out = Vec::new();
        let first = "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed for lonvick on /dev/pts/8";
        frame(&mut out, first);
        frame(&mut out, "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - é");
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(text.starts_with(&format!("{} <34>1 ", first.len())), "{text}");
        let second = &text[first.len() + first.len().to_string().len() + 1..];
        let (length, rest) = second.split_once(' ').expect("a frame");
        assert_eq!(length.parse::<usize>().ok(), Some(rest.len()));
    }
}
