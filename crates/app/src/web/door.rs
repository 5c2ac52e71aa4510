//! Who may come in: loopback addresses only (S1), an exact list of host names (S5), a token (S3).

use super::token::TokenFile;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

/// An address to listen at.
#[derive(Clone, Copy, Debug)]
pub struct Bind(pub SocketAddr);

/// An address that is not the machine itself.
#[derive(Debug, thiserror::Error)]
#[error("{0:?}: the API listens on the machine itself only, because it has no TLS; use 127.0.0.1:PORT or [::1]:PORT")]
pub struct NotLoopback(String);

impl FromStr for Bind {
    type Err = NotLoopback;

    fn from_str(text: &str) -> Result<Self, NotLoopback> {
        let address: SocketAddr = text.parse().map_err(|_| NotLoopback(text.to_owned()))?;
        if address.ip().is_loopback() { Ok(Self(address)) } else { Err(NotLoopback(text.to_owned())) }
    }
}

/// What the door knows.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) token: TokenFile,
    pub(super) hosts: Arc<Vec<String>>,
}

impl Door {
    /// The names this API answers to at an address.
    pub(super) fn at(address: SocketAddr, token: TokenFile) -> Self {
        let port = address.port();
        let hosts = ["127.0.0.1", "localhost", "[::1]"].iter().map(|name| format!("{name}:{port}")).collect();
        Self { token, hosts: Arc::new(hosts) }
    }
}

/// Lets requests through that name this machine and carry the token; everything else ends here, unknown routes too.
pub(super) async fn guard(State(door): State<Door>, request: Request, next: Next) -> Response {
    match turned_away(&door, request.uri(), request.headers()) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

fn turned_away(door: &Door, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let one_host = headers.get_all(header::HOST).iter().count() == 1;
    let known = text(header::HOST).is_some_and(|host| door.hosts.iter().any(|known| known == host));
    if !one_host || !known || uri.authority().is_some() {
        // DNS rebinding ends here (F-N01).
        let why = "this API answers to 127.0.0.1, [::1] and localhost only";
        return Some(refuse(StatusCode::MISDIRECTED_REQUEST, why));
    }
    let token = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    if uri.path() == "/healthz" || token.is_some_and(|token| door.token.admits(token)) {
        return None;
    }
    Some(refuse(StatusCode::UNAUTHORIZED, "a token is needed: Authorization: Bearer TOKEN"))
}

pub(super) fn refuse(status: StatusCode, why: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "error": why }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_machine_itself_is_listened_on() {
        for good in ["127.0.0.1:8787", "[::1]:0", "127.1.2.3:1"] {
            assert!(good.parse::<Bind>().is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:8787", "[::]:8787", "192.168.0.2:80", "localhost", "8787", ""] {
            assert!(bad.parse::<Bind>().is_err(), "{bad}");
        }
    }
}
