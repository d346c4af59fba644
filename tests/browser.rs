//! A real Chromium, driven over the W3C WebDriver protocol by Debian's chromedriver.
#![allow(clippy::print_stderr)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser. Without one the caller's test can't run: that is said aloud, and is a
    /// failure where tests decide (`CI`).
    pub fn start() -> Option<Self> {
        let found = |name: &str| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path)
                .map(|folder| folder.join(name))
                .find(|file| file.is_file())
        };
        let (Some(chromium), Some(driver)) = (found("chromium"), found("chromedriver")) else {
            let message = "chromium and chromedriver are not installed: the page was NOT tested \
                in a browser (apt-get install chromium chromium-driver)";
            assert!(std::env::var_os("CI").is_none(), "{message}");
            // Straight to the terminal: the test harness hides what a passing test prints.
            if let Ok(mut terminal) = std::fs::OpenOptions::new().write(true).open("/dev/tty") {
                let _ = writeln!(terminal, "\nSKIPPED: {message}\n");
            }
            eprintln!("\nSKIPPED: {message}\n");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = Command::new(driver)
            .arg(format!("--port={port}"))
            .env("HOME", profile.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
            _profile: profile,
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "chromedriver did not start"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        let data = browser._profile.path().join("data");
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            &format!("--user-data-dir={}", data.display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"binary": chromium, "args": args},
        }}});
        let answer = browser.http("POST", "/session", Some(&wanted));
        browser.session = answer["sessionId"].as_str().expect("a session").to_owned();
        Some(browser)
    }

    /// Opens a file at a window width, in a theme.
    pub fn open(&self, file: &Path, width: u32, theme: &str) {
        let size =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500});
        self.devtools("Emulation.setDeviceMetricsOverride", size);
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        self.devtools("Emulation.setEmulatedMedia", media);
        let url = format!("file://{}", file.display());
        self.ask("POST", "/url", Some(&json!({"url": url})));
    }

    /// Evaluates a function body in the page.
    pub fn js(&self, body: &str) -> Value {
        self.ask(
            "POST",
            "/execute/sync",
            Some(&json!({"script": body, "args": []})),
        )
    }

    /// Clicks as a person does: the element must be there and nothing may lie above it.
    pub fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.ask(
            "POST",
            &format!("/element/{element}/click"),
            Some(&json!({})),
        );
    }

    /// Types into an element.
    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.ask(
            "POST",
            &format!("/element/{element}/value"),
            Some(&json!({"text": text})),
        );
    }

    /// What a screen reader calls an element.
    pub fn label(&self, selector: &str) -> String {
        let element = self.find(selector);
        let answer = self.ask("GET", &format!("/element/{element}/computedlabel"), None);
        answer.as_str().unwrap_or_default().to_owned()
    }

    /// Everything that the console has printed since the last time.
    pub fn console(&self) -> Vec<String> {
        let answer = self.ask("POST", "/se/log", Some(&json!({"type": "browser"})));
        let entries = answer.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// A picture of the window as PNG.
    pub fn screenshot(&self) -> Vec<u8> {
        use base64::Engine as _;
        let answer = self.ask("GET", "/screenshot", None);
        let text = answer.as_str().expect("a picture");
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .expect("base64")
    }

    fn find(&self, selector: &str) -> String {
        let query = json!({"using": "css selector", "value": selector});
        let answer = self.ask("POST", "/element", Some(&query));
        answer[ELEMENT]
            .as_str()
            .unwrap_or_else(|| panic!("no {selector}: {answer}"))
            .to_owned()
    }

    fn devtools(&self, command: &str, params: Value) {
        self.ask(
            "POST",
            "/goog/cdp/execute",
            Some(&json!({"cmd": command, "params": params})),
        );
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.http(method, &format!("/session/{}{path}", self.session), body);
        assert!(answer.get("error").is_none(), "{path}: {answer}");
        answer
    }

    fn http(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.try_http(method, path, body);
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn try_http(&self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes())?;
        // The driver keeps the connection open, so the length says where the answer ends.
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            let read = reader.read_line(&mut line)?;
            let lower = line.to_ascii_lowercase();
            if let Some(text) = lower.strip_prefix("content-length:") {
                length = text.trim().parse().unwrap_or(0);
            }
            if read == 0 || line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let answer: Value = serde_json::from_slice(&body)?;
        Ok(answer["value"].clone())
    }
}

impl Drop for Browser {
    /// Killing the driver alone would leave its browser running, after a failed test too.
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.try_http("DELETE", &format!("/session/{}", self.session), None);
        }
        let _ = self.try_http("GET", "/shutdown", None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
