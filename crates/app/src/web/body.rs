//! What a request says, read strictly: whatever its content type, a body that is not understood is refused with the words
//! that every other refusal has, and nothing is done. A close whose part could not be read must not become a close of all.

use super::door::refuse;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::Response;
use serde::de::DeserializeOwned;

/// A JSON body; no body says nothing, which is an empty object.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|why| refuse(why.status(), &why.body_text()))?;
        read(&bytes).map(Self).map_err(|(status, why)| refuse(status, &why))
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, (StatusCode, String)> {
    let said = if bytes.is_empty() { b"{}" } else { bytes };
    let Json(said) =
        Json::from_bytes(said).map_err(|why| (why.status(), format!("{}; nothing was done", why.body_text())))?;
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Part {
        part: Option<String>,
    }

    #[test]
    fn nothing_said_is_nothing_and_what_is_not_understood_is_never_taken_for_nothing() {
        assert_eq!(read::<Part>(b""), Ok(Part::default()));
        assert_eq!(read(br#"{"part":"40%"}"#), Ok(Part { part: Some("40%".to_owned()) }));
        for (wrong, status, named) in [
            (r#"{"Part":"40%"}"#, 422, "Part"),
            (r#"{"part":40}"#, 422, "integer `40`"),
            (r#"{"part":"40%"#, 400, "EOF"),
            ("part=40%", 400, "line 1"),
        ] {
            let (answered, why) = read::<Part>(wrong.as_bytes()).err().unwrap_or_default();
            assert!(answered == status && why.contains(named), "{wrong}: {answered} {why}");
        }
    }
}
