//! What the program is started with: where its files lie, which relay and which platforms it talks
//! to. Read from the environment once, at the start; nothing else in the engine reads it.

use std::env;
use std::path::PathBuf;

use url::Url;

use crate::decode::Decoder;

/// Everything the engine needs to know before it opens a file.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder of this installation: vaults, `shop.db`, media, receipts, the wipe journal.
    pub data_dir: PathBuf,
    /// A relay given from outside; the owner still sees and trusts its key.
    pub relay_url: Option<Url>,
    /// Where the platforms answer.
    pub platforms: Platforms,
    /// The version of the program, for the relay's log and for quarantine.
    pub version: String,
    /// Who decodes pictures: the helper process, or this one (tests).
    pub decoder: Decoder,
    /// The program that opens addresses instead of the system's own way (`BROWSER`).
    pub browser: Option<PathBuf>,
}

/// The platforms' addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platforms {
    /// `https://graph.facebook.com`, or a stand-in.
    pub graph: Url,
    /// `https://www.facebook.com`, or a stand-in.
    pub facebook: Url,
    /// `https://graph.instagram.com`, or a stand-in.
    pub instagram: Url,
    /// `https://api.twilio.com`, or a stand-in.
    pub twilio: Url,
}

/// An address in the environment that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not an address")]
pub struct ConfigError {
    /// The variable.
    pub name: &'static str,
}

impl Config {
    /// Reads `SHOPBELL_DATA_DIR`, `SHOPBELL_RELAY_URL` and the platforms' addresses; what is not
    /// set has the value of an ordinary installation.
    pub fn from_env(default_data_dir: PathBuf, version: &str) -> Result<Self, ConfigError> {
        Self::read(&|name| env::var(name).ok(), default_data_dir, version)
    }

    fn read(
        variable: &dyn Fn(&'static str) -> Option<String>,
        default_data_dir: PathBuf,
        version: &str,
    ) -> Result<Self, ConfigError> {
        let address = |name: &'static str| match variable(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => Url::parse(&text)
                .map(Some)
                .map_err(|_| ConfigError { name }),
        };
        let real = Platforms::real();
        Ok(Self {
            data_dir: variable("SHOPBELL_DATA_DIR")
                .filter(|text| !text.is_empty())
                .map_or(default_data_dir, PathBuf::from),
            relay_url: address("SHOPBELL_RELAY_URL")?,
            platforms: Platforms {
                graph: address("SHOPBELL_GRAPH_URL")?.unwrap_or(real.graph),
                facebook: address("SHOPBELL_FACEBOOK_URL")?.unwrap_or(real.facebook),
                instagram: address("SHOPBELL_INSTAGRAM_URL")?.unwrap_or(real.instagram),
                twilio: address("SHOPBELL_TWILIO_URL")?.unwrap_or(real.twilio),
            },
            version: version.to_owned(),
            decoder: Decoder::helper(),
            browser: variable("BROWSER")
                .filter(|text| !text.is_empty())
                .map(PathBuf::from),
        })
    }

    /// True while any platform address is not the real one.
    pub fn is_sandbox(&self) -> bool {
        self.platforms != Platforms::real()
    }
}

impl Platforms {
    /// The platforms' own hosts.
    pub fn real() -> Self {
        let host = |text: &str| Url::parse(text).expect("a constant address parses");
        Self {
            graph: host("https://graph.facebook.com"),
            facebook: host("https://www.facebook.com"),
            instagram: host("https://graph.instagram.com"),
            twilio: host("https://api.twilio.com"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variable = |name: &'static str| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Config::read(&variable, PathBuf::from("home"), "1")
    }

    #[test]
    fn nothing_set_is_the_real_world() {
        let config = read(&[]).unwrap();
        assert!(!config.is_sandbox());
        assert_eq!(config.data_dir, PathBuf::from("home"));
        assert_eq!(config.relay_url, None);
    }

    #[test]
    fn one_address_that_is_not_real_makes_a_sandbox() {
        let config = read(&[("SHOPBELL_GRAPH_URL", "http://127.0.0.1:8790/graph")]).unwrap();
        assert!(config.is_sandbox());
    }

    #[test]
    fn what_is_no_address_is_named() {
        let error = read(&[("SHOPBELL_RELAY_URL", "::")]).unwrap_err();
        assert_eq!(error.name, "SHOPBELL_RELAY_URL");
    }
}
