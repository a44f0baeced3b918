//! `verdict`: gives one verdict, fixed in its options, to every callback of its commands that is decided.
//!
//! It makes no records: what it decides reaches actions through a `forward` handler of the same commands, whose records carry the
//! decision with `envelope = "full"`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use switchhook_api::{
    BoxError, BuildContext, Callback, Failure, HandleContext, Handler, Map, NewRecord, Plugin,
    Verdict, async_trait, register,
};

/// Characters of a flag that are kept with a callback.
const FLAG_MAX: usize = 256;

/// Options of a `verdict` handler.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The verdict that is given.
    verdict: Kind,
    /// With `"deny"`: an error code of the app, where the commands permit one; default none.
    code: Option<i64>,
    /// With `"deny"`: the text for the user, default none. With `"flag"`: the text that is recorded, at most 256 characters.
    reason: Option<String>,
    /// With `"replace"`: the fields of the body that are replaced. With `"answer"`: the fields of the reply.
    fields: Option<Map>,
}

/// The verdicts that options can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Refused; no further handler is asked.
    Deny,
    /// Discarded while the sender believes that it succeeded.
    Drop,
    /// Goes ahead with other fields in its body.
    Replace,
    /// Fields of the reply itself.
    Answer,
    /// Allowed; no further handler is asked.
    Allow,
    /// Recorded with the decision; the next handler is asked.
    Flag,
}

impl Options {
    /// The verdict, and the most particular option that it hangs on.
    fn fixed(self) -> (&'static str, Verdict) {
        let Self { verdict, code, reason, fields } = self;
        let text = reason.unwrap_or_default();
        let fields = fields.unwrap_or_default();
        match verdict {
            Kind::Deny => {
                let key = if code.is_some() { "code" } else { "verdict" };
                (key, Verdict::Deny { code, reason: text })
            }
            Kind::Drop => ("verdict", Verdict::Drop),
            Kind::Replace => ("fields", Verdict::Replace(fields)),
            Kind::Answer => ("fields", Verdict::Answer(fields)),
            Kind::Allow => ("verdict", Verdict::Allow),
            Kind::Flag => ("verdict", Verdict::Flag(text)),
        }
    }
}

/// The verdict that is always given.
struct Fixed(Verdict);

#[async_trait]
impl Plugin for Fixed {
    type Role = dyn Handler;
    const NAME: &'static str = "verdict";
    const DESCRIPTION: &'static str = "gives the same verdict to all callbacks of its commands";
    const COMMANDS: &'static [&'static str] = &[];
    const RECORDS: bool = false;
    const EXAMPLE: &'static str = "verdict = \"deny\"\nreason = \"closed until Monday\"";
    type Options = Options;

    fn check(options: &Options) -> Vec<(String, String)> {
        use Kind::{Answer, Deny, Flag, Replace};
        let kind = options.verdict;
        let mut wrong = Vec::new();
        let mut at = |key: &str, what: &str| wrong.push((key.to_owned(), what.to_owned()));
        if options.code.is_some() && kind != Deny {
            at("code", "allowed only with `verdict = \"deny\"`");
        }
        if options.reason.is_some() && ![Deny, Flag].contains(&kind) {
            at("reason", "allowed only with `verdict = \"deny\"` or `\"flag\"`");
        }
        if kind == Flag {
            match options.reason.as_deref().unwrap_or_default() {
                "" => at("reason", "missing; `verdict = \"flag\"` requires it"),
                text if text.chars().count() > FLAG_MAX => {
                    at("reason", "longer than 256 characters, the limit for a flag");
                }
                _ => {}
            }
        }
        match &options.fields {
            Some(_) if ![Replace, Answer].contains(&kind) => {
                at("fields", "allowed only with `verdict = \"replace\"` or `\"answer\"`");
            }
            None if [Replace, Answer].contains(&kind) => {
                at("fields", "missing; this verdict requires fields");
            }
            Some(fields) if fields.is_empty() => at("fields", "expected at least one field"),
            _ => {}
        }
        wrong
    }

    fn verdicts(options: &Options) -> Vec<(String, Verdict)> {
        let (key, verdict) = options.clone().fixed();
        vec![(key.to_owned(), verdict)]
    }

    async fn build(options: Options, _: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
        Ok(Arc::new(Self(options.fixed().1)))
    }
}

register!(Fixed);

#[async_trait]
impl Handler for Fixed {
    async fn decide(&self, _: &Callback) -> Result<Verdict, Failure> {
        Ok(self.0.clone())
    }

    async fn handle(
        &self,
        _: &Callback,
        _: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;
    use switchhook_api::Phase;
    use switchhook_engine::config::Section;

    use super::*;
    use switchhook_testkit::handled;

    fn read(toml: &str) -> Options {
        Section::parse("o", toml).expect("TOML").read().expect("accepted")
    }

    fn callback() -> Callback {
        Callback::new("A.Before", Phase::Before, "1", Bytes::from_static(b"{}"))
    }

    #[tokio::test]
    async fn its_options_are_its_verdict() {
        let check = async |toml: &str, key: &str, expected: Verdict| {
            let options = read(toml);
            assert_eq!(Fixed::check(&options), [], "{toml}");
            assert_eq!(Fixed::verdicts(&options), [(key.to_owned(), expected.clone())], "{toml}");
            let handler = Fixed::build(options, &switchhook_testkit::build_context("h", ".")).await;
            let said = handler.expect("built").decide(&callback()).await.expect("said");
            assert_eq!(said, expected, "{toml}");
        };
        let deny = |code, reason: &str| Verdict::Deny { code, reason: reason.to_owned() };
        let map = || Map::from_iter([("A".to_owned(), json!([{"B": 1}, "c", 1.5, true]))]);
        let fields = "fields.A = [{ B = 1 }, \"c\", 1.5, true]";
        check("verdict = \"deny\"", "verdict", deny(None, "")).await;
        check("verdict = \"deny\"\nreason = \"no\"", "verdict", deny(None, "no")).await;
        check("verdict = \"deny\"\ncode = -7", "code", deny(Some(-7), "")).await;
        check("verdict = \"drop\"", "verdict", Verdict::Drop).await;
        check("verdict = \"allow\"", "verdict", Verdict::Allow).await;
        check("verdict = \"flag\"\nreason = \"x\"", "verdict", Verdict::Flag("x".into())).await;
        let replace = format!("verdict = \"replace\"\n{fields}");
        check(&replace, "fields", Verdict::Replace(map())).await;
        check(&format!("verdict = \"answer\"\n{fields}"), "fields", Verdict::Answer(map())).await;
    }

    #[test]
    fn options_that_do_not_go_together_are_named_by_their_keys() {
        let check = |toml: &str, expected: &[&str]| {
            let wrong = Fixed::check(&read(toml));
            let keys: Vec<&str> = wrong.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(keys, expected, "{toml}");
        };
        for kind in ["drop", "allow", "replace", "answer", "flag"] {
            let own = match kind {
                "replace" | "answer" => "fields.A = 1",
                "flag" => "reason = \"x\"",
                _ => "",
            };
            check(&format!("verdict = \"{kind}\"\n{own}"), &[]);
            check(&format!("verdict = \"{kind}\"\ncode = 1\n{own}"), &["code"]);
        }
        for kind in ["drop", "allow"] {
            check(
                &format!("verdict = \"{kind}\"\nreason = \"x\"\nfields.A = 1"),
                &["reason", "fields"],
            );
        }
        for kind in ["replace", "answer"] {
            check(&format!("verdict = \"{kind}\""), &["fields"]);
            check(&format!("verdict = \"{kind}\"\nfields = {{}}"), &["fields"]);
            check(&format!("verdict = \"{kind}\"\nreason = \"x\"\nfields.A = 1"), &["reason"]);
        }
        check("verdict = \"deny\"\nfields.A = 1", &["fields"]);
        check("verdict = \"flag\"\nreason = \"x\"\nfields.A = 1", &["fields"]);
        check("verdict = \"flag\"", &["reason"]);
        check("verdict = \"flag\"\nreason = \"\"", &["reason"]);
        let flag = |length| format!("verdict = \"flag\"\nreason = \"{}\"", "ä".repeat(length));
        check(&flag(256), &[]);
        check(&flag(257), &["reason"]);
    }

    #[test]
    fn a_verdict_has_to_be_given_and_known() {
        let read = |toml: &str| Section::parse("o", toml).expect("TOML").read::<Options>();
        assert!(read("").is_err());
        assert!(read("verdict = \"abstain\"").is_err());
    }

    #[tokio::test]
    async fn it_makes_no_records() {
        let (record, _) = handled(&Fixed(Verdict::Allow), &callback()).await;
        assert_eq!(record.expect("handled"), None);
    }
}
