//! The webhook action against targets of our own on loopback.

mod ages;
mod closed;
mod configuration;
mod http2;
mod relays;
mod replies;
mod target;

use std::sync::Arc;

use switchhook_api::{Action, BoxError, Callback, Failure, Phase, Plugin, Record};
use switchhook_engine::config::Section;

use self::target::Target;
use super::Webhook;
use super::options::Options;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &str = "{\"Name\" : \"Grüße\\n群组\",\r\n \"n\": 1.0}";

/// Reads options, as `switchhook check` does, and gives each mistake as text.
fn options(toml: &str) -> Result<Options, Vec<String>> {
    let section = Section::parse("actions.crm.options", toml).expect("TOML");
    let options = section
        .read::<Options>()
        .map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    match Webhook::check(&options) {
        none if none.is_empty() => Ok(options),
        some => Err(some.into_iter().map(|(key, message)| format!("{key}: {message}")).collect()),
    }
}

async fn build(toml: &str) -> Result<Arc<dyn Action>, BoxError> {
    let options = options(toml).map_err(|all| all.join("\n"))?;
    Webhook::build(options, &switchhook_testkit::build_context("crm", "/nowhere")).await
}

/// An action that posts to a target of ours; `more` are further options.
async fn relay_to(target: &Target, more: &str) -> Arc<dyn Action> {
    let toml = format!("url = \"{}\"\nallow_private = true\n{more}", target.url());
    build(&toml).await.expect("built")
}

fn record() -> Record {
    let cx = switchhook_testkit::build_context("crm", "/");
    let callback = Callback::new(
        "Group.CallbackAfterTopicInfoChanged",
        Phase::After,
        "1400000000",
        BODY.into(),
    );
    let mut facts = callback.facts;
    facts.id = cx.rng.id(cx.clock.wall());
    facts.source = "tencent".into();
    facts.received = "2026-05-04T03:02:01.5Z".parse().expect("a time");
    Record::new("topic_changes".into(), facts, None, "a topic changed".into(), callback.body)
}

/// One attempt that is expected to fail.
async fn refused(action: &Arc<dyn Action>) -> Failure {
    action.deliver(&record()).await.expect_err("a failure")
}
