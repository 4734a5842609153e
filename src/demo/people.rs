//! The users of the demo: members, the service account, the token, the assistant and the platform itself.
//!
//! A person's role is not known here, because it changes over time.

use crate::demo::fields::{object, text};
use crate::model::json::Json;
use crate::model::words::{UserKind, Via};

/// A user and the usual way it connects.
pub(super) struct DemoUser {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) email: Option<&'static str>,
    pub(super) kind: UserKind,
    pub(super) via: Via,
    pub(super) ip: Option<&'static str>,
    browser: &'static str,
}

impl DemoUser {
    const fn member(
        id: &'static str,
        name: &'static str,
        email: &'static str,
        ip: &'static str,
        browser: &'static str,
    ) -> Self {
        Self { id, name, email: Some(email), kind: UserKind::User, via: Via::Web, ip: Some(ip), browser }
    }

    const fn machine(
        id: &'static str,
        name: &'static str,
        kind: UserKind,
        via: Via,
        ip: Option<&'static str>,
    ) -> Self {
        Self { id, name, email: None, kind, via, ip, browser: "" }
    }

    /// The user agent of a change through `via`. The platform itself has none.
    pub(super) const fn user_agent(&self, via: Via) -> Option<&'static str> {
        match via {
            Via::Web => Some(self.browser),
            Via::Api => Some("tramontana-deploy/2.3.1"),
            Via::Cli => Some("krosyn-cli/1.14.0 (linux; x86_64)"),
            Via::Terraform => Some("Terraform/1.9.8 terraform-provider-krosyn/0.7.2"),
            Via::System => None,
            Via::Mcp => Some("tramontana-assistant/0.9.2"),
        }
    }
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15";

pub(super) const ELENA: DemoUser =
    DemoUser::member("1", "Elena Vidal", "elena.vidal@tramontana.example", "198.51.100.10", SAFARI);
pub(super) const ANA: DemoUser =
    DemoUser::member("2", "Ana Ruiz", "ana.ruiz@tramontana.example", "198.51.100.23", FIREFOX);
pub(super) const MARC: DemoUser =
    DemoUser::member("3", "Marc Soler", "marc.soler@tramontana.example", "2001:db8:51:7::23", FIREFOX);
pub(super) const NOOR: DemoUser =
    DemoUser::member("4", "Noor Haddad", "noor.haddad@tramontana.example", "198.51.100.31", SAFARI);
pub(super) const JULIA: DemoUser =
    DemoUser::member("5", "Júlia Ferrer", "julia.ferrer@tramontana.example", "198.51.100.24", CHROME);
pub(super) const MISAKI: DemoUser =
    DemoUser::member("6", "田中 美咲", "misaki.tanaka@tramontana.example", "2001:db8:81:3::a2", SAFARI);
pub(super) const YAEL: DemoUser =
    DemoUser::member("7", "יעל כהן", "yael.cohen@tramontana.example", "203.0.113.77", CHROME);
pub(super) const TOM: DemoUser =
    DemoUser::member("8", "Tom Becker", "tom.becker@tramontana.example", "203.0.113.18", CHROME);
pub(super) const PRIYA: DemoUser =
    DemoUser::member("9", "Priya Nair", "priya.nair@tramontana.example", "2001:db8:91:1::4c", FIREFOX);
/// Her name is written with a combining diaeresis.
pub(super) const ZOE: DemoUser =
    DemoUser::member("10", "Zoe\u{308} O’Brien", "zoe.obrien@tramontana.example", "203.0.113.42", SAFARI);
pub(super) const OMAR: DemoUser =
    DemoUser::member("11", "Omar Benali", "omar.benali@tramontana.example", "198.51.100.40", CHROME);
pub(super) const LUCIA: DemoUser =
    DemoUser::member("12", "Lucía Peña", "lucia.pena@tramontana.example", "198.51.100.52", CHROME);
pub(super) const KWAME: DemoUser =
    DemoUser::member("13", "Kwame Mensah", "kwame.mensah@tramontana.example", "2001:db8:51:7::61", FIREFOX);
pub(super) const INGRID: DemoUser =
    DemoUser::member("14", "Ingrid Håkansson", "ingrid.hakansson@tramontana.example", "203.0.113.9", SAFARI);
/// The penetration tester, whose connectors have hostile names.
pub(super) const SAM: DemoUser =
    DemoUser::member("15", "Sam Okafor", "sam.okafor@redcell.example", "192.0.2.66", FIREFOX);

pub(super) const TERRAFORM: DemoUser =
    DemoUser::machine("svc-1", "terraform", UserKind::Service, Via::Terraform, Some("192.0.2.14"));
pub(super) const DEPLOY_TOKEN: DemoUser =
    DemoUser::machine("tok-4", "ci-deploy", UserKind::Token, Via::Api, Some("2001:db8:c1::15"));
/// The assistant that members let change connectors for them.
pub(super) const ASSISTANT: DemoUser =
    DemoUser::machine("agt-1", "assistant", UserKind::Agent, Via::Mcp, Some("192.0.2.31"));
pub(super) const SSO: DemoUser = DemoUser::machine("sys-sso", "sso", UserKind::System, Via::System, None);

/// Those who change connectors in the daily routine, while they are members with the right to do so.
pub(super) const REGULARS: &[&DemoUser] =
    &[&ANA, &MARC, &JULIA, &MISAKI, &YAEL, &TOM, &PRIYA, &ZOE, &OMAR, &LUCIA, &KWAME];

pub(super) fn member(email: &str, role: &str, status: &str) -> Json {
    object([("email", text(email)), ("role", text(role)), ("status", text(status))])
}
