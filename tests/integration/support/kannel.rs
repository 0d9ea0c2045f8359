//! A real SMS gateway: Debian's Kannel (`bearerbox` and `smsbox`), with `fakesmsc` from the package
//! `kannel-extras` as the carrier behind it.
//!
//! What was learned by trying, with Kannel 1.4.5:
//!
//! - `smsc = fake` takes one carrier connection at a time, and answers each outbound message by
//!   itself with receipts 8 and then 1; the two calls run side by side, so 1 may come first. 8 has
//!   no foreign id (`%F`) and the answer (`%A`) `ACK/`; 1 has a foreign id and no answer. In a
//!   receipt `%p` is the subscriber and `%P` the sender of the message: a receipt is, to Kannel, a
//!   message *from* the phone.
//! - `fakesmsc` picks at random among the texts it was given, with repetition. Exact texts need one
//!   process each, with `-m 1`; it stays connected afterwards and receives outbound messages.
//! - `smsbox` does not repeat a call that was answered with an error, only one without an answer.

use super::eventually::eventually;
use anyhow::{Context, Result, bail, ensure};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Where `kannel-extras` puts the carrier.
const FAKESMSC: &str = "/usr/lib/kannel/test/fakesmsc";
/// The user name and the password of every door of this Kannel, which only loopback can reach.
const PASSWORD: &str = "kannel";
/// Success, failure, buffered, accepted and rejected by the SMSC.
const ALL_RECEIPTS: &str = "31";
/// A machine under load may take its time to start a process.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often other ports are tried when another process was quicker to take one.
const ATTEMPTS: usize = 3;

/// A running gateway with its carrier. Dropping it kills its processes, by their ids.
#[derive(Debug)]
pub(crate) struct Kannel {
    // Declared in the order in which they are to be dropped: from the outside in, the files last.
    carrier: Option<Process>,
    _smsbox: Process,
    _bearerbox: Process,
    ports: Ports,
    client: reqwest::Client,
    directory: TempDir,
}

/// One message for the gateway to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outbound<'a> {
    /// The subscriber.
    pub(crate) to: &'a str,
    /// The sender that the subscriber sees.
    pub(crate) from: &'a str,
    /// The rendered body.
    pub(crate) text: &'a str,
    /// The URL that Kannel calls for each receipt, with Kannel's escapes (`%d`, `%F`, …) in it.
    pub(crate) dlr_url: &'a str,
}

/// One text that a subscriber writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inbound<'a> {
    /// The subscriber.
    pub(crate) from: &'a str,
    /// The platform's number.
    pub(crate) to: &'a str,
    /// What is written; characters of GSM-7.
    pub(crate) text: &'a str,
}

impl Kannel {
    /// Starts the gateway and its carrier on free loopback ports. `inbound_url` is called for each
    /// text of a subscriber, with Kannel's escapes (`%p`, `%b`, …) in it.
    pub(crate) async fn start(inbound_url: &str) -> Result<Self> {
        ensure!(
            Path::new(FAKESMSC).exists(),
            "{FAKESMSC} is missing: install the Debian packages kannel and kannel-extras"
        );
        let mut failure = None;
        for _ in 0..ATTEMPTS {
            match Self::start_once(inbound_url).await {
                Ok(kannel) => return Ok(kannel),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.context("no attempt was made")?)
    }

    async fn start_once(inbound_url: &str) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let ports = Ports::free()?;
        let configuration = directory.path().join("kannel.conf");
        std::fs::write(
            &configuration,
            configure(&ports, directory.path(), inbound_url),
        )?;

        let client = reqwest::Client::new();
        let mut bearerbox = Process::start(box_command("bearerbox", &configuration))?;
        wait_for_status(&client, &ports, &mut bearerbox, "Status: running").await?;
        let mut smsbox = Process::start(box_command("smsbox", &configuration))?;
        wait_for_status(&client, &ports, &mut smsbox, "smsbox:").await?;

        let mut kannel = Self {
            carrier: None,
            _smsbox: smsbox,
            _bearerbox: bearerbox,
            ports,
            client,
            directory,
        };
        kannel.connect_carrier(None).await?;
        Ok(kannel)
    }

    /// Hands one message to the gateway, as a campaign tool does. The gateway's word is only
    /// "accepted": receipts come to the URL later.
    pub(crate) async fn send(&self, message: Outbound<'_>) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/cgi-bin/sendsms", self.ports.sendsms);
        let mut query = vec![
            ("username", PASSWORD),
            ("password", PASSWORD),
            ("to", message.to),
            ("from", message.from),
            ("text", message.text),
            ("charset", "UTF-8"),
            ("dlr-mask", ALL_RECEIPTS),
            ("dlr-url", message.dlr_url),
        ];
        if !message.text.is_ascii() {
            query.push(("coding", "2")); // UCS-2: what GSM-7 lacks would arrive as question marks
        }
        let answer = self.client.get(url).query(&query).send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        ensure!(
            status == reqwest::StatusCode::ACCEPTED,
            "sendsms answered {status}: {body}"
        );
        Ok(())
    }

    /// Lets subscribers write these texts, one after the other, and returns when the gateway has
    /// received all of them; its calls to the inbound URL follow at once.
    pub(crate) async fn inbound(&mut self, texts: &[Inbound<'_>]) -> Result<()> {
        for text in texts {
            let before = self.received().await?;
            self.connect_carrier(Some(text)).await?;
            eventually("the gateway receives the text", PATIENCE, async || {
                (self.received().await.ok()? > before).then_some(())
            })
            .await;
        }
        Ok(())
    }

    /// Connects a new carrier in place of the one before, which then delivers one text, if given.
    async fn connect_carrier(&mut self, text: Option<&Inbound<'_>>) -> Result<()> {
        drop(self.carrier.take());
        let (count, message) = match text {
            Some(text) => ("1", format!("{} {} text {}", text.from, text.to, text.text)),
            None => ("0", "1 2 text none".to_owned()), // fakesmsc asks for one, and sends none of it
        };
        let mut command = Command::new(FAKESMSC);
        let port = self.ports.carrier.to_string();
        command
            .current_dir(self.directory.path())
            .args(["-H", "127.0.0.1", "-r", &port, "-i", "0.01", "-m", count])
            .arg(message);
        let mut carrier = Process::start(command)?;
        wait_for_status(&self.client, &self.ports, &mut carrier, "(online").await?;
        self.carrier = Some(carrier);
        Ok(())
    }

    /// Texts that the gateway has received from the carrier since it started.
    async fn received(&self) -> Result<u64> {
        let page = status_page(&self.client, &self.ports).await?;
        let (_, after) = page
            .split_once("SMS: received ")
            .context("no SMS line in the status")?;
        let count = after
            .split(' ')
            .next()
            .context("no count in the SMS line")?;
        Ok(count.parse()?)
    }
}

/// The loopback ports of one gateway.
#[derive(Clone, Copy, Debug)]
struct Ports {
    admin: u16,
    smsbox: u16,
    carrier: u16,
    sendsms: u16,
}

impl Ports {
    /// Ports that are free now: all four are held open at once, so that they differ.
    fn free() -> Result<Self> {
        let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let held = [listen()?, listen()?, listen()?, listen()?];
        let port = |index: usize| held[index].local_addr().map(|address| address.port());
        Ok(Self {
            admin: port(0)?,
            smsbox: port(1)?,
            carrier: port(2)?,
            sendsms: port(3)?,
        })
    }
}

/// The gateway's configuration; groups are parted by blank lines.
fn configure(ports: &Ports, directory: &Path, inbound_url: &str) -> String {
    let Ports {
        admin,
        smsbox,
        carrier,
        sendsms,
    } = ports;
    let directory = directory.display();
    format!(
        r#"group = core
admin-port = {admin}
admin-password = {PASSWORD}
status-password = {PASSWORD}
admin-deny-ip = "*.*.*.*"
admin-allow-ip = "127.0.0.1"
smsbox-port = {smsbox}
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = "{directory}/bearerbox.log"
log-level = 1
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = fake
port = {carrier}
connect-allow-ip = "127.0.0.1"

group = smsbox
bearerbox-host = "127.0.0.1"
sendsms-port = {sendsms}
sendsms-chars = "0123456789+"
log-file = "{directory}/smsbox.log"
log-level = 1
http-request-retry = 10
http-queue-delay = 1

group = sendsms-user
username = {PASSWORD}
password = {PASSWORD}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
get-url = "{inbound_url}"
max-messages = 0
"#
    )
}

fn box_command(program: &str, configuration: &Path) -> Command {
    let mut command = Command::new(sbin(program));
    command.arg(configuration);
    command
}

/// Debian keeps the boxes in a folder that is not on an ordinary user's PATH.
fn sbin(program: &str) -> PathBuf {
    Path::new("/usr/sbin").join(program)
}

async fn status_page(client: &reqwest::Client, ports: &Ports) -> reqwest::Result<String> {
    let url = format!("http://127.0.0.1:{}/status.txt", ports.admin);
    let request = client.get(url).query(&[("password", PASSWORD)]);
    request.send().await?.error_for_status()?.text().await
}

/// Waits until the status page holds `text`; an error if the process ends before.
async fn wait_for_status(
    client: &reqwest::Client,
    ports: &Ports,
    process: &mut Process,
    text: &str,
) -> Result<()> {
    let ended = eventually("Kannel's status page", PATIENCE, async || {
        if let Ok(Some(status)) = process.child.try_wait() {
            return Some(Some(status));
        }
        let page = status_page(client, ports).await.ok()?;
        page.contains(text).then_some(None)
    })
    .await;
    match ended {
        Some(status) => bail!("a process of Kannel ended early: {status}"),
        None => Ok(()),
    }
}

/// A child process that does not outlive its value.
#[derive(Debug)]
struct Process {
    child: Child,
}

impl Process {
    fn start(mut command: Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.get_program()))?;
        Ok(Self { child })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has ended by itself, which is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
