//! What `up` prints when it is up.

use crate::commands::output;
use crate::config::Secret;
use crate::domain::window::WindowLength;
use anyhow::Result;
use std::borrow::Cow;
use std::path::PathBuf;
use url::Url;

/// See the module.
pub(super) struct Welcome {
    /// Where this machine calls the API.
    pub(super) url: Url,
    /// Where gateways and recipients reach it: the private listener, if there is one, has no webhooks.
    pub(super) public_url: Url,
    pub(super) directory: PathBuf,
    pub(super) window: WindowLength,
    /// The folder that the caller named: the commands to paste need it, too.
    pub(super) data_flag: Option<PathBuf>,
    /// An admin's key, on the first start.
    pub(super) api_key: Option<String>,
    pub(super) kannel: Kannel,
}

/// The gateway that is there without configuration.
pub(super) enum Kannel {
    /// The configuration names others.
    Absent,
    /// Its secret was drawn by this start.
    New(Secret),
    /// Its secret was drawn by an earlier one, which may have failed before it could show it.
    Kept,
}

impl Welcome {
    /// Prints it.
    pub(super) fn print(&self) -> Result<()> {
        Ok(output::print(&self.text(&program()))?)
    }

    fn text(&self, program: &str) -> String {
        let url = self.url.as_str().trim_end_matches('/');
        let public_url = self.public_url.as_str().trim_end_matches('/');
        let data = self
            .data_flag
            .as_ref()
            .map(|path| format!(" --data {}", quoted(&path.to_string_lossy())));
        let data = data.unwrap_or_default();
        let program = quoted(program);
        let mut text = format!(
            "\ntextrail is up at {url} (its calls: {url}/docs)\n\
             data      {}\n\
             windows   {}: what happens now is in the reports about that long after\n",
            self.directory.display(),
            String::from(self.window),
        );
        if public_url != url {
            text.push_str(&format!(
                "public    {public_url}: webhooks and short URLs\n"
            ));
        }
        match &self.kannel {
            Kannel::Absent => {}
            Kannel::New(secret) => text.push_str(&format!(
                "kannel    {public_url}/v1/gateways/kannel/inbound?secret={}&… (shown once)\n",
                secret.expose()
            )),
            Kannel::Kept => text.push_str(&format!(
                "kannel    its URLs: {program} gateway list --show-secrets{data}\n"
            )),
        }
        let key = match &self.api_key {
            Some(key) => {
                text.push_str(&format!("API key   {key} (an admin's; shown once)\n"));
                format!("export TEXTRAIL_API_KEY={key}")
            }
            None => format!(
                "# the key of the first start, or: {program} key create NAME --role admin{data}\n  \
                 export TEXTRAIL_API_KEY=…"
            ),
        };
        text.push_str(&format!(
            r#"
Try it in another terminal:

  {key}
  curl -H "Authorization: Bearer $TEXTRAIL_API_KEY" -H 'Content-Type: application/json' \
    -X PUT {url}/v1/campaigns/welcome -d '{{"type":"onboarding","name":"Welcome"}}'
  curl -H "Authorization: Bearer $TEXTRAIL_API_KEY" -H 'Content-Type: application/json' \
    {url}/v1/messages -d '{{"to":"+436641234567","from":"Shop","campaign":"welcome","body":"Hello! https://example.com/start"}}'
  {program} demo --messages 500{data}
  {program} report --group-by campaign_type{data}

Ctrl-C stops everything; the next start goes on where this one stopped.
"#
        ));
        text
    }
}

/// A word as a shell takes it; what it could not take is shown as it is.
fn quoted(word: &str) -> Cow<'_, str> {
    shlex::try_quote(word).unwrap_or(Cow::Borrowed(word))
}

/// How this program was called, so that the commands to paste work where `textrail` is not on the
/// PATH.
fn program() -> String {
    let name = std::env::args()
        .next()
        .unwrap_or_else(|| "textrail".to_owned());
    let here = std::env::current_dir().map(|path| format!("{}/", path.display()));
    let short = here
        .ok()
        .and_then(|here| name.strip_prefix(&here).map(ToOwned::to_owned));
    short.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn welcome(api_key: Option<&str>) -> Welcome {
        Welcome {
            url: "http://127.0.0.1:8080/".parse().unwrap(),
            public_url: "http://127.0.0.1:8080/".parse().unwrap(),
            directory: PathBuf::from("/srv/t"),
            window: WindowLength::default(),
            data_flag: Some(PathBuf::from("/srv/t")),
            api_key: api_key.map(ToOwned::to_owned),
            kannel: Kannel::Absent,
        }
    }

    #[test]
    fn the_webhook_is_at_the_public_url() {
        let mut welcome = welcome(None);
        assert!(!welcome.text("textrail").contains("public "));
        welcome.public_url = "https://sms.example.com/".parse().unwrap();
        welcome.kannel = Kannel::New(Secret::new("s"));
        let text = welcome.text("textrail");
        assert!(
            text.contains("https://sms.example.com/v1/gateways/kannel/inbound?secret=s"),
            "{text}"
        );
        assert!(
            text.contains("public    https://sms.example.com:"),
            "{text}"
        );
    }

    #[test]
    fn paths_are_quoted_and_the_secret_of_an_earlier_start_can_be_found() {
        let mut welcome = welcome(None);
        welcome.data_flag = Some(PathBuf::from("/srv/my texts"));
        welcome.kannel = Kannel::Kept;
        let text = welcome.text("/home/a b/textrail");
        let quoted = "'/home/a b/textrail' gateway list --show-secrets --data '/srv/my texts'";
        assert!(text.contains(quoted), "{text}");
    }

    #[test]
    fn the_key_is_shown_on_the_first_start_alone() {
        let first = welcome(Some("k3y")).text("textrail");
        assert!(first.contains("export TEXTRAIL_API_KEY=k3y"), "{first}");
        assert!(
            first.contains("textrail report --group-by campaign_type --data /srv/t"),
            "{first}"
        );
        let later = welcome(None).text("textrail");
        assert!(
            later.contains("key create") && !later.contains("k3y"),
            "{later}"
        );
    }
}
