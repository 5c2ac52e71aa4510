//! Talking to a running engine: where it is, the token, and what it answers.

use super::Failure;
use clap::Args;
use serde_json::Value;
use std::time::Duration;

/// Where the running engine is.
#[derive(Args, Clone, Debug)]
pub struct Api {
    /// The running engine's API.
    #[arg(long, default_value = "http://127.0.0.1:8787", env = "BACKSTOP_API")]
    api: String,
    /// The token that `backstop run` showed when it was first started.
    #[arg(long, env = "BACKSTOP_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

impl Api {
    /// Whether anybody answers there at all; no token is needed for that.
    pub fn answers(&self) -> bool {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return false };
        runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build();
            match client {
                Ok(client) => client.get(format!("{}/healthz", self.api)).send().await.is_ok(),
                Err(_) => false,
            }
        })
    }

    /// Where the engine is said to be.
    pub fn place(&self) -> &str {
        &self.api
    }

    /// Asks for something.
    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(reqwest::Method::GET, path, None)
    }

    /// Asks for something to be taken back.
    pub fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.call(reqwest::Method::DELETE, path, None)
    }

    /// Asks for something that the engine judges: true, with its words, when it refuses.
    pub fn post_judged(&self, path: &str, body: Value) -> Result<(bool, Value), Failure> {
        let (status, answer) = self.exchange(reqwest::Method::POST, path, Some(body))?;
        match status {
            reqwest::StatusCode::UNPROCESSABLE_ENTITY => Ok((true, answer)),
            _ => Ok((false, answered(status, answer)?)),
        }
    }

    /// Asks for something to be done.
    pub fn post(&self, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        self.call(reqwest::Method::POST, path, body)
    }

    /// Asks for something to be done with a position.
    pub fn ask(&self, position: &str, what: &str, body: Option<Value>) -> Result<Value, Failure> {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if position.is_empty() || !position.chars().all(known) {
            return Err(Failure::said(format!("{position:?} is not a position's name; see `backstop positions`")));
        }
        self.post(&format!("/api/v1/positions/{position}/{what}"), body)
    }

    fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let (status, answer) = self.exchange(method, path, body)?;
        answered(status, answer)
    }

    fn exchange(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(reqwest::StatusCode, Value), Failure> {
        let token = self
            .token
            .as_ref()
            .ok_or_else(|| Failure::said("a token is needed: --token, or BACKSTOP_TOKEN in the environment"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::said)?;
        let url = format!("{}{path}", self.api);
        runtime.block_on(async {
            let client =
                reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().map_err(Failure::said)?;
            let request = client.request(method, &url).bearer_auth(token);
            let sent = match body {
                Some(body) => request.json(&body).send().await,
                None => request.send().await,
            };
            let answer = sent
                .map_err(|_| Failure::said(format!("no engine answers at {}; is `backstop run` running?", self.api)))?;
            let status = answer.status();
            let body: Value =
                answer.json().await.map_err(|_| Failure::said(format!("{url} does not answer like Backstop")))?;
            Ok((status, body))
        })
    }
}

fn answered(status: reqwest::StatusCode, body: Value) -> Result<Value, Failure> {
    if status.is_success() {
        return Ok(body);
    }
    let why = body.get("error").and_then(Value::as_str).unwrap_or("refused");
    Err(Failure::said(format!("{why} ({status})")))
}
