//! Who causes an event of the trail, and from where.

use crate::model::draft::{MAX_ID_CHARS, MAX_NAME_CHARS};
use crate::model::entry::{RequestContext, User};
use crate::model::words::{UserKind, Via};

/// The name under which a server acts by itself.
const SERVER: &str = "krosyn-audit";
/// Who caused an event, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The identity.
    pub user: User,
    /// The request.
    pub context: RequestContext,
}

impl Actor {
    fn new(kind: UserKind, name: &str, via: Via) -> Self {
        let name = Some(shortened(name, MAX_NAME_CHARS));
        let user = User { id: None, email: None, name, role: None, kind };
        let context = RequestContext { via: Some(via), ip: None, user_agent: None, request_id: None };
        Self { user, context }
    }

    /// The caller of an HTTP request, by the name of its token.
    #[must_use]
    pub fn token(name: &str) -> Self {
        Self::new(UserKind::Token, name, Via::Api)
    }

    /// The local account that runs a command, such as `ana@build-7`.
    #[must_use]
    pub fn account(account: &str, host: &str) -> Self {
        Self::new(UserKind::User, &format!("{account}@{host}"), Via::Cli)
    }

    /// The server itself.
    #[must_use]
    pub fn server() -> Self {
        Self::new(UserKind::System, SERVER, Via::System)
    }

    /// The same caller, with the request's address, user agent and id.
    #[must_use]
    pub fn with_request(mut self, ip: Option<String>, user_agent: Option<&str>, id: Option<&str>) -> Self {
        let kept = |text: &&str| !text.trim().is_empty();
        self.context.ip = ip;
        self.context.user_agent = user_agent.filter(kept).map(|text| shortened(text, MAX_NAME_CHARS));
        self.context.request_id = id.filter(kept).map(|text| shortened(text, MAX_ID_CHARS));
        self
    }
}

/// The start of a text.
fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
