//! Before anything else: no core dumps, no reading along by other programs of the same user, and no
//! secret in the list of running programs. Meta sends its webhooks readable, so for a moment this
//! program's memory holds what nobody shall find on a disk.
//!
//! This raises the cost; it is no defence against whoever may do everything on this machine.

use std::ffi::OsString;

use crate::settings::SETTINGS;

/// Hardens this process. A secret that came as a flag lies open to everybody who lists programs: the
/// program then starts once more, with the secret in its environment.
pub(crate) fn harden(arguments: &[OsString]) {
    #[cfg(unix)]
    if let Some((rest, secrets)) = without_secrets(arguments) {
        start_again(&rest, secrets);
    }
    no_cores();
}

#[cfg(target_os = "linux")]
fn no_cores() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // The service's own settings may forbid these calls; they say the same.
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(not(target_os = "linux"))]
fn no_cores() {}

/// A setting's name and what it was given.
type Given = (&'static str, String);

/// The arguments without secrets, and the secrets by their names; nothing if there are none.
#[cfg_attr(not(unix), expect(dead_code, reason = "only Unix can start in place"))]
fn without_secrets(arguments: &[OsString]) -> Option<(Vec<OsString>, Vec<Given>)> {
    let (mut rest, mut secrets) = (Vec::new(), Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().and_then(|text| text.strip_prefix("--"));
        let (flag, value) = match text.map(|text| text.split_once('=').unwrap_or((text, ""))) {
            Some((flag, value)) => (flag, value),
            None => ("", ""),
        };
        let setting = SETTINGS.iter().find(|one| one.secret && one.flag == flag);
        match setting {
            None => rest.push(argument.clone()),
            Some(setting) if text == Some(flag) => {
                let value = arguments.next()?.to_str()?;
                secrets.push((setting.name, value.to_owned()));
            }
            Some(setting) => secrets.push((setting.name, value.to_owned())),
        }
    }
    (!secrets.is_empty()).then_some((rest, secrets))
}

/// Comes back only if it could not be done; the secrets are then read where they were.
#[cfg(unix)]
fn start_again(arguments: &[OsString], secrets: Vec<Given>) {
    use std::os::unix::process::CommandExt as _;
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut command = std::process::Command::new(program);
    command.args(arguments.iter().skip(1));
    for (name, value) in secrets {
        // A flag wins over whatever else says where the secret is.
        command.env(name, value).env_remove(format!("{name}_FILE"));
    }
    drop(command.exec());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(arguments: &[&str]) -> Option<(Vec<String>, Vec<Given>)> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let (rest, secrets) = without_secrets(&arguments)?;
        let rest = rest.into_iter().map(|one| one.into_string().unwrap());
        Some((rest.collect(), secrets))
    }

    #[test]
    fn secrets_leave_the_arguments_however_they_were_given() {
        for given in [
            &[
                "relay",
                "serve",
                "--meta-app-secrets",
                "a,b",
                "--listen",
                "x",
            ][..],
            &["relay", "serve", "--listen", "x", "--meta-app-secrets=a,b"],
        ] {
            let (rest, secrets) = split(given).unwrap();
            assert_eq!(rest, ["relay", "serve", "--listen", "x"]);
            assert_eq!(secrets, [("SHOPBELL_META_APP_SECRETS", "a,b".to_owned())]);
        }
    }

    #[test]
    fn arguments_without_secrets_stay_as_they_are() {
        assert!(split(&["relay", "serve", "--listen=1", "--keys", "k"]).is_none());
        assert!(split(&["relay", "serve", "--meta-app-secrets"]).is_none());
    }
}
