//! What can only be said once the sources are built: whether strangers get in, what they have never heard of, what they cannot say.

use switchhook_api::{Pattern, Phase};

use super::parts::{BuiltSource, Sources};
use super::verdicts::{never_given, unsayable};
use crate::config::{Config, ConfigError, HumanDuration, hint, report};

/// Reasons for a warning, or the reason not to start.
///
/// # Errors
/// Strangers could make events on an address that they can reach, or a verdict that the options fix cannot be said.
pub fn remarks(config: &Config, sources: &Sources) -> Result<Vec<String>, String> {
    let wrong = unsayable(config, sources);
    if !wrong.is_empty() {
        return Err(report(&wrong));
    }
    let mut remarks = Vec::new();
    let unsigned = sources.iter().filter(|one| !one.component.authenticates());
    let unsigned: Vec<&str> = unsigned.map(|one| &*one.name).collect();
    let (open, told) = open_to_strangers(config, &unsigned);
    if !open.is_empty() {
        return Err(open.join("\n"));
    }
    remarks.extend(told);
    let address = config.server.listen;
    if !address.ip().is_loopback() {
        let message = format!(
            "no TLS on {address}: put a TLS proxy in front, or anyone on the network path can read and replay signed callbacks"
        );
        remarks.push(config.at.mistake("server.listen", message).to_string());
    }
    let late = sources.iter().flat_map(|source| too_late(config, source));
    remarks.extend(late.map(|one| one.to_string()));
    remarks.extend(unheard_of(config, sources).iter().map(ToString::to_string));
    remarks.extend(never_given(config, sources).iter().map(ToString::to_string));
    Ok(remarks)
}

/// Times after which the sender of a source does not wait any more.
fn too_late(config: &Config, source: &BuiltSource) -> Vec<ConfigError> {
    let server = &config.server;
    let BuiltSource { name, table, component } = source;
    let waits = |phase| HumanDuration(component.reply_timeout(phase));
    let (before, after) = (waits(Phase::Before), waits(Phase::After));
    let decide_key = match table.decide_within {
        Some(_) => format!("sources.{name}.decide_within"),
        None => "server.decide_within".to_owned(),
    };
    let decide_within = HumanDuration(table.policy(server).decide_within(before.0));
    let keep_key = "server.persist_timeout".to_owned();
    let limits = [(decide_key, decide_within, before), (keep_key, server.persist_timeout, after)];
    let late = limits.into_iter().filter(|(_, within, waits)| within >= waits);
    let told = |(key, within, waits): (String, HumanDuration, HumanDuration)| {
        let message =
            format!("{within} is not shorter than the reply timeout of sources.{name} ({waits})");
        config.at.mistake(&key, message)
    };
    late.map(told).collect()
}

/// What other machines can reach without proof of who they are: reasons not to start, and remarks on what is allowed.
fn open_to_strangers(config: &Config, unsigned: &[&str]) -> (Vec<String>, Vec<String>) {
    let (mut wrong, mut remarks) = (Vec::new(), Vec::new());
    let at = |key: &str, message: String| config.at.mistake(key, message).to_string();
    let address = config.server.listen;
    let public = !address.ip().is_loopback();
    for name in unsigned {
        if public && !config.server.allow_unsigned {
            wrong.push(at("server.listen", format!(
                "{address} can be reached from other machines, and sources.{name} accepts unsigned callbacks: \
                 configure a secret for it, listen on 127.0.0.1, or set server.allow_unsigned = true"
            )));
        }
        remarks.push(at(
            &format!("sources.{name}"),
            format!("accepts unsigned callbacks: anyone who can reach {address} can forge events"),
        ));
    }
    let admin = &config.admin;
    if admin.enabled && !admin.listen.ip().is_loopback() {
        let address = admin.listen;
        if !admin.allow_public {
            wrong.push(at("admin.listen", format!(
                "{address} can be reached from other machines, and the admin API shows all callbacks without authentication: \
                 listen on 127.0.0.1, set admin.enabled = false, or, if a firewall or proxy restricts access, set \
                 admin.allow_public = true"
            )));
        }
        remarks.push(at(
            "admin.listen",
            format!("anyone who can reach {address} can read callbacks, dead letters and metrics"),
        ));
    }
    (wrong, remarks)
}

/// Commands that a handler or its plugin names and no source knows: new ones of the sender, or a slip.
fn unheard_of(config: &Config, sources: &Sources) -> Vec<ConfigError> {
    // A protocol without a catalogue may have any command: then only what looks like a slip is told.
    let any = sources.iter().any(|one| one.component.catalogue().is_empty());
    let known = || sources.iter().flat_map(|one| one.component.catalogue()).map(|spec| &*spec.name);
    let mut remarks = Vec::new();
    for handler in config.handlers.iter().filter(|handler| handler.table.enabled) {
        let own = handler.table.commands.is_none();
        for (i, pattern) in handler.commands().iter().enumerate() {
            if known().any(|command| pattern.matches(command)) {
                continue;
            }
            let text = pattern.to_string();
            let hint = match pattern {
                Pattern::Exact(_) => hint(&text, known()),
                _ => String::new(),
            };
            if any && hint.is_empty() {
                continue;
            }
            remarks.push(if own {
                let plugin = handler.plugin.name;
                let message = format!(
                    "no source knows the command `{text}`, which the plugin `{plugin}` lists in its `COMMANDS`{hint}"
                );
                handler.at.mistake("plugin", message)
            } else {
                let message = format!("no source knows the command `{text}`{hint}");
                handler.at.mistake(&format!("commands.{i}"), message)
            });
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;
    use crate::config::Layers;
    use crate::test_plugins::{GOOD, Wire, registry};
    use crate::test_plugins::{NoOptions, Out, Store};
    use switchhook_api::Handler;
    use switchhook_api::{BuildContext, Plugin, Registration, Registry};

    /// What keeps the server from starting, and what is only remarked on.
    fn strangers(text: &str, unsigned: &[&str]) -> (Vec<String>, Vec<String>) {
        let layers = Layers { text: format!("{text}\n{GOOD}"), ..Layers::default() };
        let config = Config::read(&layers, &registry()).expect("good");
        open_to_strangers(&config, unsigned)
    }

    #[test]
    fn every_source_that_takes_unsigned_calls_is_named() {
        let names = |texts: &[String]| {
            assert_eq!(texts.len(), 2, "{texts:?}");
            assert!(texts[0].contains("sources.one") && texts[1].contains("sources.two"));
        };
        let (wrong, remarks) = strangers("", &["one", "two"]);
        assert_eq!(wrong, [""; 0], "fine on this machine");
        names(&remarks);
        let public = "[server]\nlisten = \"0.0.0.0:80\"";
        names(&strangers(public, &["one", "two"]).0);
        let (wrong, remarks) =
            strangers(&format!("{public}\nallow_unsigned = true"), &["one", "two"]);
        assert_eq!(wrong, [""; 0]);
        names(&remarks);
        assert_eq!(strangers(public, &[]), (Vec::new(), Vec::new()));
    }

    #[test]
    fn an_admin_address_that_strangers_reach_has_to_be_allowed() {
        for address in ["127.0.0.1:9090", "127.8.7.6:9090", "[::1]:9090"] {
            let told = strangers(&format!("[admin]\nlisten = \"{address}\""), &[]);
            assert_eq!(told, (Vec::new(), Vec::new()), "{address}");
        }
        for address in ["0.0.0.0:9090", "[::]:9090", "192.168.0.7:9090", "[::ffff:10.0.0.1]:9090"] {
            let table = format!("[admin]\nlisten = \"{address}\"");
            let (wrong, _) = strangers(&table, &[]);
            assert!(
                wrong.len() == 1 && wrong[0].contains("admin.allow_public = true"),
                "{wrong:?}"
            );
            let (wrong, remarks) = strangers(&format!("{table}\nallow_public = true"), &[]);
            assert_eq!(wrong, [""; 0], "{address}");
            assert!(remarks.len() == 1 && remarks[0].contains(": admin.listen: "), "{remarks:?}");
            let off = strangers(&format!("{table}\nenabled = false"), &[]);
            assert_eq!(off, (Vec::new(), Vec::new()), "{address}");
        }
        let both = "[server]\nlisten = \"0.0.0.0:80\"\n[admin]\nlisten = \"0.0.0.0:90\"";
        assert_eq!(strangers(both, &["a"]).0.len(), 2, "all reasons at once");
    }

    #[test]
    fn an_answer_that_comes_when_nobody_waits_any_more_is_remarked_on() {
        let check = |server: &str, source: &str, expected: &[&str]| {
            let table = toml::from_str(&format!("plugin = \"wire\"\n{source}")).expect("a table");
            let sources =
                [BuiltSource { name: "chat".into(), table, component: Arc::new(Wire) }].into();
            let layers =
                Layers { text: format!("[server]\n{server}\n{GOOD}"), ..Layers::default() };
            let config = Config::read(&layers, &registry()).expect("good");
            let mut told = remarks(&config, &sources).expect("nothing is wrong");
            told.retain(|one| one.contains("reply timeout"));
            let told: Vec<&str> =
                told.iter().filter_map(|one| Some(one.split_once(": ")?.1)).collect();
            assert_eq!(told, expected, "{server} {source}");
        };
        check("", "", &[]);
        check("decide_within = \"1999ms\"\npersist_timeout = \"1999ms\"", "", &[]);
        let late = |key: &str, within: &str| {
            format!("{key}: {within} is not shorter than the reply timeout of sources.chat (2s)")
        };
        let (shared, own) = ("decide_within = \"3s\"", "decide_within = \"2s\"");
        check("persist_timeout = \"2s\"", "", &[&late("server.persist_timeout", "2s")]);
        check(shared, "", &[&late("server.decide_within", "3s")]);
        check(shared, own, &[&late("sources.chat.decide_within", "2s")]);
        check(shared, "decide_within = \"1s\"", &[]);
    }

    /// A handler whose plugin names its commands wrongly.
    struct Slip<const BROKEN: bool>;

    impl<const BROKEN: bool> Handler for Slip<BROKEN> {}

    #[async_trait]
    impl<const BROKEN: bool> Plugin for Slip<BROKEN> {
        type Role = dyn Handler;
        type Options = NoOptions;
        const NAME: &'static str = "slip";
        const DESCRIPTION: &'static str = "listens for what is never said";
        const COMMANDS: &'static [&'static str] =
            if BROKEN { &["Group.*", "Group*"] } else { &["Group.Changd", "Group.*"] };
        const EXAMPLE: &'static str = "";

        async fn build(
            _: NoOptions,
            _: &BuildContext,
        ) -> Result<Arc<dyn Handler>, switchhook_api::BoxError> {
            Ok(Arc::new(Self))
        }
    }

    fn with_slip<const BROKEN: bool>(commands: &str) -> Result<Vec<String>, Vec<ConfigError>> {
        let registry = Registry::of([
            Registration::of::<Wire>("tests::wire"),
            Registration::of::<Slip<BROKEN>>("tests::slip"),
            Registration::of::<Out>("tests::out"),
            Registration::of::<Store>("tests::store"),
        ]);
        let text = GOOD.replace("\"note\"", &format!("\"slip\"{commands}"));
        let layers = Layers { path: "c.toml".into(), text, ..Layers::default() };
        let registry = registry.expect("no name is taken twice").with_default_journal("embedded");
        let config = Config::read(&layers, &registry)?;
        let table = toml::from_str("plugin = \"wire\"").expect("a table");
        let sources =
            [BuiltSource { name: "chat".into(), table, component: Arc::new(Wire) }].into();
        Ok(unheard_of(&config, &sources).iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_command_that_a_plugin_names_wrongly_is_told() {
        let told = with_slip::<false>("").expect("good");
        let expected = "c.toml:8: handlers.changes.plugin: no source knows the command `Group.Changd`, which the plugin `slip` lists in its `COMMANDS`; did you mean `Group.Changed`?";
        assert_eq!(told, [expected]);
        let told =
            with_slip::<false>("\ncommands = [\"Group.*\",\n\"Group.Chnged\"]").expect("good");
        let expected = "c.toml:10: handlers.changes.commands.1: no source knows the command `Group.Chnged`; did you mean `Group.Changed`?";
        assert_eq!(told, [expected]);
        assert_eq!(with_slip::<false>("\ncommands = [\"Group.*\"]").expect("good"), [""; 0]);
        let wrong = with_slip::<true>("").expect_err("no pattern");
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        let expected = "c.toml:8: handlers.changes.plugin: bug in the plugin: its `COMMANDS` are wrong: `Group*` is not a valid command pattern; write a command, `Family.*` or `*`";
        assert_eq!(wrong, [expected]);
    }
}
