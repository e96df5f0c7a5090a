//! Reading the configuration: by flag, by environment, or from a file of the same names.
//!
//! A flag wins over the environment, the environment over the file. Every secret may also be named
//! by a file that holds it (`…_FILE`). A `SHOPBELL_*` name that nobody knows is an error: a typing
//! mistake in a setting must not pass for its default.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use url::Url;
use wire::api::EnrolMode;

use crate::config::{Config, ConfigError, MetaApp, QueueLimits, Rates, is_loopback};
use crate::secret::Secret;

/// A setting: its name, whether it is a secret, and what it says in `--help`.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in the environment and in a file.
    pub name: &'static str,
    /// Its flag.
    pub flag: &'static str,
    /// Whether `…_FILE` is known too.
    pub secret: bool,
    /// What it does.
    pub help: &'static str,
}

const fn plain(name: &'static str, flag: &'static str, help: &'static str) -> Setting {
    Setting {
        name,
        flag,
        secret: false,
        help,
    }
}

const fn secret(name: &'static str, flag: &'static str, help: &'static str) -> Setting {
    Setting {
        name,
        flag,
        secret: true,
        help,
    }
}

/// All settings there are.
pub const SETTINGS: [Setting; 16] = [
    plain(
        "SHOPBELL_LISTEN",
        "listen",
        "Address to listen on [default: 127.0.0.1:8787]",
    ),
    plain(
        "SHOPBELL_STORE",
        "store",
        "Where envelopes are kept: sqlite:PATH [default: sqlite:relay.db]",
    ),
    plain(
        "SHOPBELL_PUBLIC_URL",
        "public-url",
        "Where the relay is reached from outside [default: http://LISTEN]",
    ),
    plain("SHOPBELL_META_APP_ID", "meta-app-id", "Id of the Meta app"),
    secret(
        "SHOPBELL_META_APP_SECRETS",
        "meta-app-secrets",
        "The app's secret; during a rotation also the next one, after a comma",
    ),
    secret(
        "SHOPBELL_META_VERIFY_TOKEN",
        "meta-verify-token",
        "The word Meta shows when it verifies the webhook",
    ),
    plain(
        "SHOPBELL_GRAPH_URL",
        "graph-url",
        "Meta's Graph API [default: Meta's own]",
    ),
    plain(
        "SHOPBELL_FACEBOOK_URL",
        "facebook-url",
        "Facebook's login [default: Meta's own]",
    ),
    plain(
        "SHOPBELL_INSTAGRAM_URL",
        "instagram-url",
        "Instagram's API [default: Meta's own]",
    ),
    plain(
        "SHOPBELL_KEYS",
        "keys",
        "Folder of the relay's keys [default: keys]",
    ),
    plain(
        "SHOPBELL_OPERATOR",
        "operator",
        "Who runs this relay; needed on a public address",
    ),
    plain(
        "SHOPBELL_CONTACT",
        "contact",
        "Where to reach them; needed on a public address",
    ),
    plain(
        "SHOPBELL_ENROL",
        "enrol",
        "Who may enrol: open, or code [default: code]",
    ),
    plain(
        "SHOPBELL_TRUSTED_PROXIES",
        "trusted-proxies",
        "Proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8 [default: none]",
    ),
    plain(
        "SHOPBELL_METRICS_LISTEN",
        "metrics-listen",
        "Address for metrics [default: none]",
    ),
    plain(
        "SHOPBELL_LOG",
        "log",
        "What to log, such as info or relay=debug [default: info]",
    ),
];

/// The one name that leads to a file with the others.
pub const CONFIG_FILE: &str = "SHOPBELL_CONFIG";

/// What was given, before it is understood.
#[derive(Debug, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, String>,
    secret_files: BTreeMap<&'static str, String>,
}

impl Settings {
    /// Puts flags, environment and file together. `flags` are by flag name.
    pub fn gather(
        flags: &BTreeMap<&'static str, String>,
        environment: impl IntoIterator<Item = (String, String)>,
        config_file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let environment: BTreeMap<String, String> = environment
            .into_iter()
            .filter(|(name, _)| name.starts_with("SHOPBELL_"))
            .collect();
        let named = environment.get(CONFIG_FILE).map(PathBuf::from);
        let mut settings = Self::default();
        if let Some(path) = config_file.map(Path::to_owned).or(named) {
            settings.take_all(read_file(&path)?)?;
        }
        settings.take_all(environment)?;
        for setting in &SETTINGS {
            if let Some(value) = flags.get(setting.flag) {
                settings.take(setting.name, value.clone())?;
            }
        }
        Ok(settings)
    }

    fn take_all(
        &mut self,
        given: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        given
            .into_iter()
            .filter(|(name, _)| name != CONFIG_FILE)
            .try_for_each(|(name, value)| self.take(&name, value))
    }

    /// A value replaces an earlier one of the same name, and a file one named before it.
    fn take(&mut self, name: &str, value: String) -> Result<(), ConfigError> {
        for setting in &SETTINGS {
            if setting.name == name {
                self.secret_files.remove(setting.name);
                self.values.insert(setting.name, value);
                return Ok(());
            }
            if setting.secret && name.strip_suffix("_FILE") == Some(setting.name) {
                self.values.remove(setting.name);
                self.secret_files.insert(setting.name, value);
                return Ok(());
            }
        }
        Err(ConfigError::Unknown(name.to_owned()))
    }

    /// A value as it was given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    fn secret(&self, name: &'static str) -> Result<Secret, ConfigError> {
        if let Some(path) = self.secret_files.get(name) {
            let text = std::fs::read_to_string(path).map_err(|why| ConfigError::File {
                path: path.clone(),
                why: why.to_string(),
            })?;
            return Ok(Secret::new(text.trim()));
        }
        self.get(name)
            .map(Secret::new)
            .ok_or_else(|| ConfigError::Missing(name.to_owned()))
    }

    fn url(&self, name: &'static str, default: &str) -> Result<Url, ConfigError> {
        let url: Url =
            self.get(name)
                .unwrap_or(default)
                .parse()
                .map_err(|why: url::ParseError| ConfigError::Bad {
                    name,
                    why: why.to_string(),
                })?;
        if url.host().is_some() && ["http", "https"].contains(&url.scheme()) {
            return Ok(url);
        }
        Err(ConfigError::Bad {
            name,
            why: "this is not an http or https address".into(),
        })
    }

    /// Where to listen.
    pub fn listen(&self) -> Result<SocketAddr, ConfigError> {
        address(
            "SHOPBELL_LISTEN",
            self.get("SHOPBELL_LISTEN").unwrap_or("127.0.0.1:8787"),
        )
    }

    /// The folder of the keys.
    pub fn keys(&self) -> PathBuf {
        PathBuf::from(self.get("SHOPBELL_KEYS").unwrap_or("keys"))
    }

    /// The file of the store.
    pub fn store(&self) -> Result<PathBuf, ConfigError> {
        let name = "SHOPBELL_STORE";
        let store = self.get(name).unwrap_or("sqlite:relay.db");
        match store.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(PathBuf::from(path)),
            Some(("nats", _)) => {
                let why = "this version keeps its envelopes in SQLite: sqlite:PATH".into();
                Err(ConfigError::Bad { name, why })
            }
            _ => Err(ConfigError::Bad {
                name,
                why: "write sqlite:PATH".into(),
            }),
        }
    }

    /// All of it, understood and checked.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let listen = self.listen()?;
        let public_url = self.url("SHOPBELL_PUBLIC_URL", &format!("http://{listen}"))?;
        let missing = self.missing(&public_url);
        if !missing.is_empty() {
            return Err(ConfigError::Missing(missing.join(", ")));
        }
        let secrets = self.secret("SHOPBELL_META_APP_SECRETS")?;
        let secrets = secrets
            .expose()
            .split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty());
        let metrics = self.get("SHOPBELL_METRICS_LISTEN");
        let config = Config {
            public_url,
            store: self.store()?,
            keys: self.keys(),
            meta: MetaApp {
                id: self.app_id()?,
                secrets: secrets.map(Secret::new).collect(),
                verify_token: self.secret("SHOPBELL_META_VERIFY_TOKEN")?,
                graph_url: self.url("SHOPBELL_GRAPH_URL", "https://graph.facebook.com")?,
                facebook_url: self.url("SHOPBELL_FACEBOOK_URL", "https://www.facebook.com")?,
                instagram_url: self.url("SHOPBELL_INSTAGRAM_URL", "https://graph.instagram.com")?,
            },
            operator: self.get("SHOPBELL_OPERATOR").unwrap_or_default().to_owned(),
            contact: self.get("SHOPBELL_CONTACT").unwrap_or_default().to_owned(),
            enrol: self.enrol()?,
            trusted_proxies: self.proxies()?,
            metrics_listen: metrics
                .map(|text| address("SHOPBELL_METRICS_LISTEN", text))
                .transpose()?,
            limits: QueueLimits::default(),
            rates: Rates::default(),
        };
        config.check()?;
        Ok(config)
    }

    /// What no relay can do without, and what one that others reach needs besides: all at once, so
    /// that nobody learns of one after the other.
    fn missing(&self, public_url: &Url) -> Vec<&'static str> {
        let always = [
            "SHOPBELL_META_APP_ID",
            "SHOPBELL_META_APP_SECRETS",
            "SHOPBELL_META_VERIFY_TOKEN",
        ];
        let public = ["SHOPBELL_OPERATOR", "SHOPBELL_CONTACT"];
        let public = public.into_iter().filter(|_| !is_loopback(public_url));
        let given = |name: &&str| self.get(name).is_some() || self.secret_files.contains_key(name);
        always
            .into_iter()
            .chain(public)
            .filter(|name| !given(name))
            .collect()
    }

    fn app_id(&self) -> Result<String, ConfigError> {
        let name = "SHOPBELL_META_APP_ID";
        let id = self.get(name).unwrap_or_default();
        if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(id.to_owned());
        }
        Err(ConfigError::Bad {
            name,
            why: "an app id has digits only".into(),
        })
    }

    fn enrol(&self) -> Result<EnrolMode, ConfigError> {
        match self.get("SHOPBELL_ENROL") {
            None | Some("code") => Ok(EnrolMode::Code),
            Some("open") => Ok(EnrolMode::Open),
            Some(_) => Err(ConfigError::Bad {
                name: "SHOPBELL_ENROL",
                why: "write open or code".into(),
            }),
        }
    }

    fn proxies(&self) -> Result<Vec<IpNet>, ConfigError> {
        let name = "SHOPBELL_TRUSTED_PROXIES";
        let given = self.get(name).unwrap_or_default().split(',').map(str::trim);
        given
            .filter(|one| !one.is_empty())
            .map(|one| {
                let network = one.parse::<IpNet>().ok();
                let address = || one.parse::<std::net::IpAddr>().map(IpNet::from).ok();
                network.or_else(address).ok_or_else(|| ConfigError::Bad {
                    name,
                    why: format!("{one} is not an address or a network"),
                })
            })
            .collect()
    }
}

fn address(name: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| ConfigError::Bad {
        name,
        why: format!("{text} is not an address with a port, such as 127.0.0.1:8787"),
    })
}

/// Reads lines of `NAME=value`; what begins with `#` is a remark.
fn read_file(path: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    let failed = |why: String| ConfigError::File {
        path: path.display().to_string(),
        why,
    };
    let text = std::fs::read_to_string(path).map_err(|why| failed(why.to_string()))?;
    text.lines()
        .map(str::trim)
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let (name, value) = line
                .split_once('=')
                .ok_or_else(|| failed(format!("line {} is not NAME=value", number + 1)))?;
            let value = value.trim();
            let unquoted = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'));
            Ok((name.trim().to_owned(), unquoted.unwrap_or(value).to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: [(&str, &str); 3] = [
        ("SHOPBELL_META_APP_ID", "1055501234567890"),
        ("SHOPBELL_META_APP_SECRETS", "s3cr3t-1,s3cr3t-2"),
        ("SHOPBELL_META_VERIFY_TOKEN", "a-word-of-ours"),
    ];

    fn environment(more: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = NEEDED.iter().chain(more);
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn config(more: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Settings::gather(&BTreeMap::new(), environment(more), None)?.config()
    }

    #[test]
    fn the_least_that_is_needed_is_enough_on_this_machine() {
        let config = config(&[]).unwrap();
        assert_eq!(config.public("/x"), "http://127.0.0.1:8787/x");
        assert_eq!(config.meta.secrets.len(), 2);
        assert_eq!(config.enrol, EnrolMode::Code, "nobody enrols unasked");
        assert_eq!(
            config.meta.graph_url.as_str(),
            "https://graph.facebook.com/"
        );
    }

    #[test]
    fn an_unknown_name_is_an_error() {
        let unknown = config(&[("SHOPBELL_ENROLL", "open")]).unwrap_err();
        assert_eq!(unknown, ConfigError::Unknown("SHOPBELL_ENROLL".into()));
        let not_secret = config(&[("SHOPBELL_LISTEN_FILE", "x")]).unwrap_err();
        assert_eq!(
            not_secret,
            ConfigError::Unknown("SHOPBELL_LISTEN_FILE".into())
        );
        assert!(config(&[("OTHER_NAME", "x")]).is_ok());
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("relay.conf");
        let text =
            "# a remark\nSHOPBELL_OPERATOR=\"file\"\nSHOPBELL_CONTACT=file\nSHOPBELL_KEYS=file\n";
        std::fs::write(&file, text).unwrap();
        let flags = BTreeMap::from([("operator", "flag".to_owned())]);
        let environment = environment(&[("SHOPBELL_OPERATOR", "env"), ("SHOPBELL_CONTACT", "env")]);
        let settings = Settings::gather(&flags, environment, Some(&file)).unwrap();
        let config = settings.config().unwrap();
        assert_eq!(
            (config.operator.as_str(), config.contact.as_str()),
            ("flag", "env")
        );
        assert_eq!(config.keys, Path::new("file"));
        std::fs::write(&file, "SHOPBELL_TYPO=1\n").unwrap();
        let refused = Settings::gather(&BTreeMap::new(), [], Some(&file)).unwrap_err();
        assert_eq!(refused, ConfigError::Unknown("SHOPBELL_TYPO".into()));
    }

    #[test]
    fn a_secret_may_lie_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets");
        std::fs::write(&file, "first,second\n").unwrap();
        let path = file.to_str().unwrap();
        let mut environment = environment(&[("SHOPBELL_META_APP_SECRETS_FILE", path)]);
        environment.retain(|(name, _)| name != "SHOPBELL_META_APP_SECRETS");
        let settings = Settings::gather(&BTreeMap::new(), environment, None).unwrap();
        let secrets = settings.config().unwrap().meta.secrets;
        assert_eq!(
            secrets.iter().map(Secret::expose).collect::<Vec<_>>(),
            ["first", "second"]
        );
    }

    #[test]
    fn all_that_is_needed_is_named_at_once() {
        let nothing = Settings::gather(&BTreeMap::new(), [], None).unwrap();
        let said = nothing.config().unwrap_err().to_string();
        let all =
            "needed: SHOPBELL_META_APP_ID, SHOPBELL_META_APP_SECRETS, SHOPBELL_META_VERIFY_TOKEN. ";
        assert!(said.starts_with(all), "{said}");
        assert!(said.contains("init --write"), "{said}");
    }

    #[test]
    fn a_public_address_needs_https_and_somebody_who_answers_for_it() {
        let public = ("SHOPBELL_PUBLIC_URL", "https://relay.example.org");
        let named = [
            ("SHOPBELL_OPERATOR", "Ribbon Tools"),
            ("SHOPBELL_CONTACT", "a@example.org"),
        ];
        let missing = |given: &[_]| config(given).unwrap_err().to_string();
        let both = "needed: SHOPBELL_OPERATOR, SHOPBELL_CONTACT. ";
        assert!(missing(&[public]).starts_with(both));
        assert!(missing(&[public, named[0]]).starts_with("needed: SHOPBELL_CONTACT. "));
        assert!(config(&[public, named[0], named[1]]).is_ok());
        let plain = ("SHOPBELL_PUBLIC_URL", "http://relay.example.org");
        assert!(matches!(
            config(&[plain, named[0], named[1]]),
            Err(ConfigError::Bad { .. })
        ));
    }

    #[test]
    fn nonsense_is_named() {
        for (name, value) in [
            ("SHOPBELL_LISTEN", "8787"),
            ("SHOPBELL_STORE", "nats://a,b"),
            ("SHOPBELL_STORE", "postgres:x"),
            ("SHOPBELL_GRAPH_URL", "graph"),
            ("SHOPBELL_ENROL", "anyone"),
            ("SHOPBELL_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
            ("SHOPBELL_META_APP_ID", "app"),
            ("SHOPBELL_META_APP_SECRETS", "a,b,c"),
            ("SHOPBELL_META_VERIFY_TOKEN", "short"),
        ] {
            let refused = config(&[(name, value)]).unwrap_err();
            assert!(refused.to_string().contains(name), "{refused}");
        }
        let proxies = config(&[("SHOPBELL_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7")]).unwrap();
        assert_eq!(proxies.trusted_proxies.len(), 2);
    }

    #[test]
    fn no_secret_is_printed() {
        let shown = format!("{:?}", config(&[]).unwrap());
        assert!(
            !shown.contains("s3cr3t") && !shown.contains("a-word-of-ours"),
            "{shown}"
        );
    }
}
