use super::source::Environment;
use super::*;
use figment::providers::{Format, Toml};

fn read(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_sources(Toml::string(file), Environment(variables.collect()))
}

#[test]
fn the_environment_wins_over_the_file_and_ours_over_the_standard_one() {
    let file = "[ledger]\nurl = 'postgres://file'\npool_size = 3\n[http]\nlisten = '0.0.0.0:80'";
    let config = read(
        file,
        &[
            ("DATABASE_URL", "postgres://standard"),
            ("TEXTRAIL_LEDGER__URL", "postgres://ours"),
            (
                "TEXTRAIL_HTTP__TRUSTED_PROXIES",
                r#"["10.0.0.0/8", "::1/128"]"#,
            ),
            ("TEXTRAIL_LAKE__SPLIT_BYTES", "1024"),
            ("TEXTRAIL_LAKE__PATH_STYLE", "true"),
            ("TEXTRAIL_LEDGER__THREADS__CLICKS", "7"),
        ],
    )
    .unwrap();
    assert_eq!(config.ledger.url.unwrap().expose(), "postgres://ours");
    assert_eq!(
        (config.ledger.pool_size, config.ledger.threads.clicks.get()),
        (3, 7)
    );
    assert_eq!(config.http.listen.port(), 80);
    assert_eq!(config.http.trusted_proxies.len(), 2);
    assert_eq!(
        (config.lake.split_bytes, config.lake.path_style),
        (1024, Some(true))
    );
}

#[test]
fn webhooks_are_kept_for_a_month_at_most() {
    let days = |days: &str| read("", &[("TEXTRAIL_WEBHOOKS__KEEP_REQUESTS_DAYS", days)]);
    assert_eq!(days("0").unwrap().webhooks.keep_requests_days, 0);
    assert_eq!(days("30").unwrap().webhooks.keep_requests_days, 30);
    let refused = days("31").unwrap_err().to_string();
    assert!(refused.contains("0 to 30"), "{refused}");
}

#[test]
fn a_secret_of_digits_stays_text_and_is_never_shown() {
    let config = read(
        "",
        &[
            ("TEXTRAIL_LOADER__KEY", "0012"),
            ("TEXTRAIL_GATEWAYS__KANNEL__DIALECT", "kannel"),
            ("TEXTRAIL_GATEWAYS__KANNEL__SECRET", "007"),
        ],
    )
    .unwrap();
    assert_eq!(
        config.gateways["kannel"].secret.as_ref().unwrap().expose(),
        "007"
    );
    assert_eq!(config.loader.key.as_ref().unwrap().expose(), "0012");
    assert!(!format!("{config:?}").contains("007"));
}

#[test]
fn variables_that_kubernetes_invents_are_passed_over() {
    let invented = [
        ("TEXTRAIL_PORT", "tcp://10.0.0.1:80"),
        ("TEXTRAIL_SERVICE_HOST", "10.0.0.1"),
    ];
    assert!(read("", &invented).is_ok());
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let message = read("[http]\nlisen = '127.0.0.1:1'", &[])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`lisen`") && message.contains("`listen`"),
        "{message}"
    );
    let message = read("", &[("TEXTRAIL_LAKE__BUKET", "b")])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("buket") && message.contains("the environment"),
        "{message}"
    );
    assert!(read("htp = 1", &[]).is_err());
}

#[test]
fn a_value_that_does_not_fit_names_its_key_and_what_would_fit() {
    let message = read("", &[("TEXTRAIL_LAKE__WINDOW", "7s")])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("TEXTRAIL_LAKE__WINDOW") && message.contains("such as 5s"),
        "{message}"
    );
    let message = read("[ledger]\npool_size = 'many'", &[])
        .unwrap_err()
        .to_string();
    assert!(message.contains("pool_size"), "{message}");
    assert!(read("not toml", &[]).is_err());
}

#[test]
fn a_zero_that_would_stop_a_server_is_refused_with_its_key() {
    for (section, key) in [
        ("ledger", "pool_size"),
        ("ledger", "queued_rows"),
        ("ledger.threads", "sends"),
        ("ledger.threads", "inbound"),
        ("spool", "max_bytes"),
        ("inbound", "join_parts_seconds"),
        ("loader", "sweep_seconds"),
        ("loader", "queue_visibility_seconds"),
        ("lake", "split_bytes"),
        ("http", "workers"),
    ] {
        let file = read(&format!("[{section}]\n{key} = 0"), &[]).unwrap_err();
        assert!(file.to_string().contains(key), "{file}");
        let variable = format!("TEXTRAIL_{section}__{key}").replace('.', "__");
        let variable = variable.to_uppercase();
        let environment = read("", &[(&variable, "0")]).unwrap_err();
        assert!(environment.to_string().contains(&variable), "{environment}");
    }
}

#[test]
fn a_named_file_must_exist() {
    let missing = Config::read(Some(std::path::Path::new("/nowhere/textrail.toml")));
    assert!(matches!(missing, Err(ConfigError::Missing(_))));
    assert!(Config::read(None).is_ok(), "the default one need not");
}

/// The example is what a newcomer copies: it must be valid as it stands, and with every key
/// uncommented.
#[test]
fn the_example_shows_keys_that_exist() {
    let example = include_str!("../../textrail.example.toml");
    read(example, &[]).unwrap();
    let is_key = |line: &&str| {
        line.strip_prefix("#")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    let uncommented = |lines: &str, key: &dyn Fn(&str) -> Option<usize>| -> String {
        let lines = lines.lines();
        lines
            .map(|line| key(line).map_or(line, |from| &line[from..]))
            .flat_map(|line| [line, "\n"])
            .collect()
    };
    // A gateway is commented out whole: it has no defaults, and its secret must not be the example's.
    let (usual, gateway) = example.split_at(example.find("# [gateways.").unwrap());
    let of_gateway = |line: &str| {
        let (name, _) = line.strip_prefix("# ")?.split_once(" = ")?;
        let is_key = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        is_key.then_some(2)
    };
    let gateway = uncommented(gateway, &of_gateway).replacen("# [", "[", 1);
    let usual = uncommented(usual, &|line| is_key(&line).then_some(1));
    let config = read(&(usual + &gateway), &[]).unwrap();
    let kannel = &config.gateways["kannel"];
    assert_eq!(kannel.dialect, "kannel");
    assert!(kannel.secret.is_some() && kannel.secret_file.is_some() && kannel.topics.len() == 1);
    assert_eq!(config.lake.bucket.as_deref(), Some("my-lake"));
}

/// A value that an operator reads as the default has to be it.
#[test]
fn the_example_shows_the_defaults_or_says_what_they_are() {
    let example = include_str!("../../textrail.example.toml");
    let (mut shown, mut comment) = (String::new(), String::new());
    for line in example.lines() {
        let is_key = line
            .strip_prefix('#')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
        if is_key && !comment.contains("Default:") {
            shown.push_str(&line[1..]);
        } else {
            shown.push_str(line);
        }
        shown.push('\n');
        if line.starts_with("# ") {
            comment.push_str(line);
        } else {
            comment.clear();
        }
    }
    let default = read(example, &[]).unwrap();
    let shown = read(&shown, &[]).unwrap();
    assert_eq!(format!("{shown:#?}"), format!("{default:#?}"));
}

#[test]
fn words_of_countries_come_from_the_file_and_the_environment() {
    let file =
        "[opt_out.words.FR]\nstop = ['FINI', 'PLUS RIEN']\n[opt_out.words.default]\nhelp = ['?!']";
    let variables = [("TEXTRAIL_OPT_OUT__WORDS__PL__STOP", r#"["KONIEC"]"#)];
    let words = read(file, &variables).unwrap().opt_out.words;
    assert_eq!(words["FR"].stop, ["FINI", "PLUS RIEN"]);
    assert_eq!(
        (words["pl"].stop.len(), words["default"].help.len()),
        (1, 1)
    );
    let message = read("[opt_out.words.FR]\nhalt = ['x']", &[])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("halt") && message.contains("stop"),
        "{message}"
    );
}
