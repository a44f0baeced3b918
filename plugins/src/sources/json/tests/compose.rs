//! What is composed is taken in; what is not, is refused and no more.

use proptest::prelude::*;
use serde_json::{Value, json};
use switchhook_api::Map;

use super::*;

const PLACES: [&str; 4] =
    ["path = true", "query = \"e\"", "header = \"X-Event\"", "body = \"/a/e\""];
const PROOFS: [&str; 5] = [
    "",
    "hmac = { header = \"X-Sig\", prefix = \"sha256=\", secrets = [\"new\", \"old\"] }",
    "hmac = { header = \"X-Sig\", encoding = \"base64\", secrets = [\"new\"] }",
    "hmac = { header = \"X-Sig\", timestamp = \"X-Time\", secrets = [\"new\"] }",
    "token = { header = \"Authorization\", prefix = \"Bearer \", tokens = [\"new\", \"old\"] }",
];

fn sources() -> Vec<Arc<dyn Source>> {
    let toml = |place, proof| format!("command = {{ {place} }}\nkey = \"/name\"\n{proof}");
    let all = PLACES.iter().flat_map(|place| PROOFS.iter().map(move |proof| toml(place, proof)));
    all.map(|toml| source(&toml)).collect()
}

fn map(value: Value) -> Map {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

#[test]
fn a_composed_call_says_its_command_where_it_is_looked_for() {
    let compose = |place: &str| {
        let source = source(&format!("command = {{ {place} }}"));
        let fields = map(json!({"name": "x", "a": {"b": 1}}));
        let request = source.compose("room.made", &fields, at(0)).expect("composed");
        let body: Value = serde_json::from_slice(request.body()).expect("JSON");
        (request.uri().to_string(), request.headers().get("x-event").cloned(), body)
    };
    let plain = json!({"name": "x", "a": {"b": 1}});
    let header = HeaderValue::from_static("room.made");
    assert_eq!(compose(PLACES[0]), ("/room.made".to_owned(), None, plain.clone()));
    assert_eq!(compose(PLACES[1]), ("/?e=room.made".to_owned(), None, plain.clone()));
    assert_eq!(compose(PLACES[2]), ("/".to_owned(), Some(header), plain));
    let filled = json!({"name": "x", "a": {"b": 1, "e": "room.made"}});
    assert_eq!(compose(PLACES[3]), ("/".to_owned(), None, filled));
}

#[test]
fn what_cannot_be_composed_says_why() {
    let source = source("command.body = \"/a/e\"");
    let error = |command: &str, fields: Value| {
        source.compose(command, &map(fields), at(0)).expect_err("refused").0
    };
    assert!(error("a b", json!({})).contains("`a b` is not a valid command"));
    assert!(error("a", json!({"a": "text"})).contains("`a` is not an object"));
}

#[test]
fn a_replaced_body_is_signed_anew() {
    for source in sources() {
        let mut request = source.compose("a.b", &Map::new(), at(0)).expect("composed");
        *request.body_mut() = Bytes::from_static(b"{\"a\":{\"e\":\"a.b\"},\"other\":1}");
        source.sign(&mut request, at(0));
        assert_eq!(Call::of(&request).open(&source).expect("genuine").command(), "a.b");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_composed_is_taken_in(name in "\\PC{0,40}", command in "[A-Za-z0-9._-]{1,128}|[a-z:]{1,9}(/[a-z:]{1,9}){0,3}") {
        let fields = map(json!({"name": name, "n": 1, "a": {"x": [name]}}));
        for source in sources() {
            let request = source.compose(&command, &fields, at(0)).expect("composed");
            let callback = Call::of(&request).open(&source).expect("genuine");
            prop_assert_eq!(callback.command(), &command);
            prop_assert_eq!(&callback.body, request.body());
            let key = (!name.is_empty()).then(|| format!("crm/{name}"));
            prop_assert_eq!(callback.facts.key.as_deref(), key.as_deref());
        }
    }

    #[test]
    fn one_changed_byte_spoils_a_signed_call(at_byte in 0_usize..30, byte: u8) {
        let source = source(&format!("command.header = \"X-Event\"\n{}", PROOFS[3]));
        let fields = map(json!({"name": "a body of thirty bytes"}));
        let request = source.compose("a", &fields, at(0)).expect("composed");
        let mut call = Call::of(&request);
        let mut body = call.body.to_vec();
        body[at_byte] = byte;
        call.body = body.into();
        prop_assert_eq!(call.open(&source).is_ok(), call.body == request.body());
    }

    #[test]
    fn nothing_that_comes_in_panics(
        body in prop::collection::vec(any::<u8>(), 0..100),
        like_json in "[\\[\\]{}\":,aen0-9.\\\\u ]{0,60}",
        below in "\\PC{0,20}",
        query in "[e=&%0-9a-f+]{0,20}",
        value in prop::collection::vec(32_u8..=255, 0..20),
        spoilt in 0..BODY.len(),
        byte: u8,
    ) {
        let value: Vec<u8> = value.into_iter().filter(|byte| *byte != 127).collect();
        let mut almost = BODY.as_bytes().to_vec();
        almost[spoilt] = byte;
        for source in sources() {
            for body in [body.clone(), like_json.clone().into_bytes(), almost.clone()] {
                let mut call = call(body).below(&below).query(&query);
                for name in ["x-event", "x-sig", "x-time", "authorization"] {
                    call = call.header(name, &value);
                }
                if let Ok(callback) = call.open(&source) {
                    prop_assert!(serde_json::from_slice::<Map>(&callback.body).is_ok());
                }
            }
        }
    }
}
