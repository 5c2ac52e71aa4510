//! A running `backstop run`, its API, and its end.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{backstop, last_line, run};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};

/// A running engine; ended when dropped.
pub struct Engine {
    child: Child,
    folder: PathBuf,
    pub address: String,
    pub token: String,
    alarms: Arc<Mutex<String>>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An engine with a fresh store and one long, opened by hand.
pub fn start(folder: &Path) -> Engine {
    launch(folder, None, &["--open", "0 BTCUSDT long 0.05"])
}

/// The same, with more said on the command line.
pub fn start_with(folder: &Path, more: &[&str]) -> Engine {
    launch(folder, None, &[&["--open", "0 BTCUSDT long 0.05"], more].concat())
}

/// An engine with a fresh store and nothing open.
pub fn start_alone(folder: &Path, more: &[&str]) -> Engine {
    launch(folder, None, more)
}

/// The engine again with the token of its first start and more on its command line.
pub fn start_again_with(folder: &Path, token: &str, more: &[&str]) -> Engine {
    launch(folder, Some(token), more)
}

/// The engine again, with the token of its first start.
pub fn start_again(folder: &Path, token: &str) -> Engine {
    launch(folder, Some(token), &[])
}

fn launch(folder: &Path, token: Option<&str>, more: &[&str]) -> Engine {
    let mut child = backstop(folder)
        .args(["run", "--store", "s.db", "--bind", "127.0.0.1:0"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut after = |mark: &str| {
        lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| line.split_once(mark).map(|(_, rest)| rest.to_owned()))
            .unwrap()
    };
    let token = token.map_or_else(|| after("keep it): "), str::to_owned);
    let address = after("http://");
    // What it says later is read at once, so that it never waits for us.
    let alarms = Arc::new(Mutex::new(String::new()));
    let noted = Arc::clone(&alarms);
    std::thread::spawn(move || {
        lines.map_while(Result::ok).for_each(|line| noted.lock().unwrap().push_str(&format!("{line}\n")))
    });
    let heard = Arc::clone(&alarms);
    let mut said = child.stderr.take().unwrap();
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(count @ 1..) = said.read(&mut part) {
            heard.lock().unwrap().push_str(&String::from_utf8_lossy(&part[..count]));
        }
    });
    Engine { child, folder: folder.to_owned(), address, token, alarms }
}

impl Engine {
    /// Asks through the command line, as a user would.
    pub fn ask(&self, line: &str) -> Output {
        let api = format!("http://{}", self.address);
        run(&self.folder, line, &["--json", "--api", &api, "--token", &self.token])
    }

    /// Asks the API itself; the answer stands on the output's last line, whatever the status.
    pub fn api(&self, method: &str, path: &str, body: &str) -> Output {
        let authorization = format!("Authorization: Bearer {}", self.token);
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{authorization}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}",
            self.address
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut stdout = Vec::new();
        stream.read_to_end(&mut stdout).unwrap();
        Output { status: ExitStatus::default(), stdout, stderr: Vec::new() }
    }

    /// Waits until every account has been read once.
    pub fn wait_until_read(&self) {
        let is_read = |health: &Value| health["protect_only"] == false && health["last_update"] != 0;
        while !is_read(&self.health()) {
            std::thread::yield_now();
        }
    }

    pub fn health(&self) -> Value {
        last_line(&self.ask("health"))
    }

    /// Asks until so many positions are open, each under a working stop. The market's first price and the venue's latency
    /// have to pass; a test that waits for what does not come is ended from outside.
    pub fn wait_until_protected(&self, count: u64) {
        loop {
            let health = self.health();
            if health["active_positions"] == count && health["unprotected_positions"] == 0 {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// What it has said since its start.
    pub fn heard(&self) -> String {
        self.alarms.lock().unwrap().clone()
    }

    /// The same, once that contains `text`.
    pub fn wait_for_alarm(&self, text: &str) -> String {
        loop {
            let said = self.heard();
            if said.contains(text) {
                return said;
            }
            std::thread::yield_now();
        }
    }

    /// `kill -9`.
    pub fn end_at_once(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the exit code.
    pub fn end_cleanly(&mut self) -> i32 {
        let ended = std::process::Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(ended.success());
        self.wait_for_end()
    }

    pub fn wait_for_end(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap()
    }
}
