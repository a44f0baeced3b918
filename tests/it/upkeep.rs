//! What operators do with a journal, beside a running server and without one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::harness::*;
use crate::operator::*;

fn dead_letters(folder: &Path) -> Vec<serde_json::Value> {
    say(folder, "dead-letters --format json").good().json_lines()
}

/// A server with one dead letter: its target said 422 once and takes everything from now on.
fn one_dead(target: &Target) -> Server {
    let server = Server::start(&relaying(target));
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("News"));
    target.got(1);
    eventually("a dead letter", || (dead_letters(server.folder.path()).len() == 1).then_some(()));
    server
}

fn retried(target: &Target, server: &Server) {
    let got = target.got(2);
    assert_ne!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    assert_eq!(got[0].header("switchhook-replayed"), None);
    assert_eq!(got[1].header("switchhook-replayed").as_deref(), Some("true"));
    assert_eq!(got[1].body, topic_changed("News"), "byte for byte");
    server.lanes_settled();
    assert!(dead_letters(server.folder.path()).is_empty());
}

#[test]
fn a_dead_letter_is_shown_retried_and_delivered_under_a_new_id() {
    let target = Target::start(&[422, 200]);
    let server = one_dead(&target);
    let folder = server.folder.path();
    let number = dead_letters(folder)[0]["number"].clone();
    let shown = say(folder, &format!("dead-letters show {number}")).good();
    for part in ["all>crm", "422", TOPIC_CHANGED, "\"Name\":\"News\"", "after 1 attempt"] {
        assert!(shown.out.contains(part), "no `{part}` in {}", shown.out);
    }
    let dry = say(folder, "dead-letters retry --all --dry-run").good();
    assert_eq!(dry.out, "all>crm: 1 dead letter\n");
    assert_eq!(dead_letters(folder).len(), 1, "a dry run changes nothing");
    say(folder, &format!("dead-letters retry {number} --yes")).good();
    retried(&target, &server);
}

#[test]
fn a_dead_letter_is_retried_without_a_server_and_goes_out_at_the_next_start() {
    let target = Target::start(&[422, 200]);
    let mut server = one_dead(&target);
    server.signal("TERM");
    assert!(server.wait().success());
    let folder = server.folder.clone();
    let said = say(folder.path(), "dead-letters retry --action crm --yes").good();
    assert!(
        said.out.contains("1 delivery queued again; it is processed when a server runs"),
        "{said:?}"
    );
    assert_eq!(target.got(1).len(), 1);
    retried(&target, &Server::start_in(folder, |_| ()));
}

#[test]
fn dead_letters_are_forgotten_only_by_a_clear_word() {
    let target = Target::start(&[422, 200]);
    let server = one_dead(&target);
    let folder = server.folder.path();
    let unasked = say(folder, "dead-letters drop --all");
    assert_eq!((unasked.code, dead_letters(folder).len()), (64, 1), "{unasked:?}");
    assert_eq!(say(folder, "dead-letters drop").code, 64, "which ones must be said");
    say(folder, "dead-letters drop --consumer all>crm --yes").good();
    assert!(dead_letters(folder).is_empty());
    server.lanes_settled();
    assert_eq!(target.got(1).len(), 1, "it is not delivered");
}

#[test]
fn a_paused_action_gets_nothing_until_it_is_resumed_even_after_a_restart() {
    let target = Target::start(&[200]);
    let server = Server::start(&relaying(&target));
    let waiting = |server: &Server, count: u64| {
        eventually("callbacks that wait", || {
            let lanes = say(server.folder.path(), "consumers --format json").good();
            let lanes: serde_json::Value = serde_json::from_str(&lanes.out).expect("JSON");
            let lane =
                |name: &str| lanes.as_array()?.iter().find(|it| it["consumer"] == name).cloned();
            let (all, crm) = (lane("all")?, lane("all>crm")?);
            assert_eq!((&crm["paused"], &all["paused"]), (&true.into(), &false.into()));
            let left = crm["lag"].as_u64()? + crm["pending"].as_u64()?;
            (all["lag"] == 0 && all["pending"] == 0 && left == count).then_some(())
        });
    };
    say(server.folder.path(), "pause crm").good();
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("one"));
    waiting(&server, 1);
    assert_eq!(server.lines("topics.jsonl", 1).len(), 1, "other actions go on");
    let server = Server::start_in(server.kill(), |_| ());
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("two"));
    waiting(&server, 2);
    assert!(target.got(0).is_empty());
    let remarks = get(server.admin, "/readyz").json()["warnings"].to_string();
    assert!(remarks.contains("consumer all>crm is paused"), "{remarks}");
    let folder = server.kill();
    say(folder.path(), "resume crm").good();
    say(folder.path(), "pause crm").good();
    let server = Server::start_in(folder, |_| ());
    waiting(&server, 2);
    say(server.folder.path(), "resume crm").good();
    let got = target.got(2);
    assert!(got[0].body.contains("one") && got[1].body.contains("two"), "in order: {got:?}");
    let slip = say(server.folder.path(), "pause crn");
    assert_eq!(slip.code, 64);
    assert!(slip.err.contains("did you mean `crm`?"), "{slip:?}");
}

#[test]
fn orders_are_taken_on_the_socket_alone() {
    let target = Target::start(&[422, 200]);
    let server = one_dead(&target);
    for (path, body) in [
        ("dead-letters/retry", r#"{"numbers":[1]}"#),
        ("dead-letters/drop", r#"{"numbers":[1]}"#),
        ("replay", r#"{"consumer":"all>crm","positions":[1]}"#),
        ("pause", r#"{"action":"crm","paused":true}"#),
        ("consumers/forget", r#"{"consumer":"all"}"#),
        ("journal/prune", "{}"),
        ("journal/verify", "{}"),
        ("journal/backup", r#"{"path":"/no/such/folder/x"}"#),
    ] {
        for method in ["POST", "PUT", "DELETE"] {
            let call = request(method, &format!("/api/v1/{path}"), body);
            assert_eq!(exchange(server.admin, &call).status, 405, "{method} {path}");
        }
    }
    assert_eq!(dead_letters(server.folder.path()).len(), 1);
    assert_eq!(target.got(1).len(), 1);
    let mode = fs::metadata(server.path("journal/admin.sock")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else can give orders");
}

#[test]
fn a_server_whose_journal_lies_deep_can_be_asked() {
    let deep = ["d".repeat(100), "e".repeat(100)].join("/");
    let config = CONFIG.replace("options.path = \"journal\"", &format!("options.path = {deep:?}"));
    let server = Server::start(&config);
    let lanes = say(server.folder.path(), "consumers").good();
    assert!(lanes.out.contains("topics>audit"), "{lanes:?}");
    let socket = server.path(&deep).join("admin.sock");
    let mode = fs::metadata(&socket).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::remove_file(socket).expect("removed");
    let gone = say(server.folder.path(), "consumers");
    assert!(gone.code == 69 && gone.err.contains("(restart it)"), "{gone:?}");
}

/// Calls until it is told to stop; how many were answered.
fn load(server: &Server, stop: &Arc<AtomicBool>) -> (Arc<AtomicUsize>, thread::JoinHandle<()>) {
    let (answered, stop, address) = (Arc::new(AtomicUsize::new(0)), stop.clone(), server.address);
    let counted = answered.clone();
    let calling = thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            let name = counted.load(Ordering::Relaxed).to_string();
            let reply = post(address, &query(TOPIC_CHANGED), &topic_changed(&name));
            assert_eq!(reply.status, 200);
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    (answered, calling)
}

fn lines_named(text: &str, lane: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(&format!("{lane}: ")));
    line.unwrap_or_else(|| panic!("nothing about {lane} in {text}")).to_owned()
}

#[test]
fn a_backup_made_under_load_is_restored_elsewhere_as_was_said() {
    let target = Target::start(&[200]);
    let mut server = Server::start(&relaying(&target));
    let stop = Arc::new(AtomicBool::new(false));
    let (answered, calling) = load(&server, &stop);
    let enough =
        |count| move |it: &AtomicUsize| (it.load(Ordering::Relaxed) >= count).then_some(());
    eventually("some load", || enough(50)(&answered));
    let before = answered.load(Ordering::Relaxed);
    let made = say(server.folder.path(), "journal backup backup.sqlite").good();
    assert!(made.out.contains("backup.sqlite: "), "{made:?}");
    assert_eq!(
        say(server.folder.path(), "journal backup backup.sqlite").code,
        64,
        "never over a file"
    );
    eventually("more load", || enough(before + 50)(&answered));
    stop.store(true, Ordering::Relaxed);
    calling.join().expect("answered");
    server.lanes_settled();
    let running = say(server.folder.path(), "journal restore backup.sqlite --yes");
    assert_eq!(running.code, 69);
    assert!(running.err.contains(&format!("process {}", server.pid())), "{running:?}");
    server.signal("TERM");
    assert!(server.wait().success());
    let total = answered.load(Ordering::Relaxed);
    restored_here(&server, total, before);
    restored_elsewhere(&server, &target, before);
}

/// In its own folder a restore would go back: it says how far.
fn restored_here(server: &Server, total: usize, before: usize) {
    let said = say(server.folder.path(), "journal restore backup.sqlite --dry-run").good();
    let number = |text: &str| -> usize {
        let digits = text.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty());
        digits.and_then(|digits| digits.parse().ok()).expect("a number")
    };
    let kept = number(said.out.lines().next().expect("a line"));
    let lost = number(said.out.lines().nth(1).expect("a line"));
    assert_eq!(kept + lost, total, "{said:?}");
    assert!(kept >= before, "what was answered before the backup is in it: {said:?}");
    assert!(lines_named(&said.out, "all>crm").contains("deliveries repeated"), "{said:?}");
    let unasked = say(server.folder.path(), "journal restore backup.sqlite");
    assert_eq!(unasked.code, 64);
    let folder = say(server.folder.path(), "journal restore journal --dry-run");
    assert!(folder.code == 64 && folder.err.contains("journal is a folder"), "{folder:?}");
    assert_eq!(
        say(server.folder.path(), "events --limit 100000 --format json").json_lines().len(),
        total
    );
}

/// Elsewhere the server goes on where the backup was: what it had not delivered then comes, nothing else.
fn restored_elsewhere(server: &Server, target: &Target, before: usize) {
    let folder = folder_with(&relaying(target));
    fs::copy(server.path("backup.sqlite"), folder.path().join("b.sqlite")).expect("copied");
    let here = || fs::read_dir(folder.path()).expect("a folder").count();
    let before_it = here();
    let dry = say(folder.path(), "journal restore b.sqlite --dry-run").good();
    assert!(dry.out.contains("there is no journal in"), "{dry:?}");
    assert!(dry.out.contains("nothing would be lost"), "{dry:?}");
    assert_eq!(say(folder.path(), "journal restore b.sqlite").code, 64, "nobody to ask");
    assert_eq!(here(), before_it, "no journal was made");
    say(folder.path(), "journal restore b.sqlite --yes").good();
    let lanes = say(folder.path(), "consumers --format json").good();
    let lanes: serde_json::Value = serde_json::from_str(&lanes.out).expect("JSON");
    let of = |name: &str| lanes.as_array()?.iter().find(|lane| lane["consumer"] == name).cloned();
    let events =
        say(folder.path(), "events --limit 100000 --format json").good().json_lines().len();
    let cursor = of("all>crm").expect("there")["cursor"].as_u64().expect("a number");
    let had = target.got(0).len();
    let next = Server::start_in(Arc::new(folder), |_| ());
    next.lanes_settled();
    let came = target.got(0).len() - had;
    assert!(events >= before);
    let left = events - usize::try_from(cursor).expect("small");
    assert_eq!(came, left, "of {events} callbacks {cursor} had been delivered");
    assert_eq!(post(next.address, &query(TOPIC_CHANGED), &topic_changed("fresh")).status, 200);
    assert!(target.got(had + came + 1).last().expect("one").body.contains("fresh"));
}

#[test]
fn pruning_says_what_may_go_and_removes_it_when_told_to() {
    let server = Server::start(CONFIG);
    for name in ["one", "two"] {
        post(server.address, &query(TOPIC_CHANGED), &topic_changed(name));
    }
    server.lanes_settled();
    let folder = server.folder.path();
    let events = || say(folder, "events --format json").good().json_lines().len();
    let keep = "--override journal.retention=1ms";
    let dry = say(folder, &format!("journal prune --dry-run {keep}")).good();
    assert!(dry.out.contains("callbacks: 2, of which 2 are older than"), "{dry:?}");
    assert_eq!(say(folder, &format!("journal prune {keep}")).code, 64);
    assert_eq!(events(), 2);
    assert!(say(folder, "journal prune --yes").good().out.contains("removed: 0 callbacks"));
    let done = say(folder, &format!("journal prune --yes {keep}")).good();
    assert!(done.out.contains("removed: 2 callbacks"), "{done:?}");
    assert_eq!(events(), 0);
}

#[test]
fn a_lane_that_left_the_configuration_is_forgotten_on_request() {
    let target = Target::start(&[422]);
    let server = one_dead(&target);
    let attached = say(server.folder.path(), "journal prune --consumer all>crm --yes");
    assert_eq!(attached.code, 64, "{attached:?}");
    let folder = server.kill();
    fs::write(folder.path().join("config.toml"), CONFIG).expect("written");
    let server = Server::start_in(folder, |_| ());
    let folder = server.folder.path();
    let shown = say(folder, "consumers").good();
    assert!(shown.out.contains("orphaned since"), "{shown:?}");
    let retry = say(folder, "dead-letters retry --all --yes");
    assert_eq!(retry.code, 64, "{retry:?}");
    let dry = say(folder, "journal prune --consumer all>crm --dry-run").good();
    assert!(dry.out.contains("1 dead letter"), "{dry:?}");
    say(folder, "journal prune --consumer all>crm --yes").good();
    assert!(!say(folder, "consumers").good().out.contains("all>crm"));
    assert!(dead_letters(folder).is_empty());
    assert_eq!(say(folder, "journal prune --consumer all>crm --yes").code, 64, "it is gone");
}

#[test]
fn damage_is_found_in_a_copy_and_the_whole_one_is_whole() {
    let server = Server::start(CONFIG);
    let mark = "a name that is found again in the file";
    post(server.address, &query(TOPIC_CHANGED), &topic_changed(mark));
    server.lanes_settled();
    say(server.folder.path(), "journal verify").good();
    let folder = server.kill();
    let whole = say(folder.path(), "journal verify --format json").good();
    let whole: serde_json::Value = serde_json::from_str(&whole.out).expect("JSON");
    assert_eq!((&whole["events"], &whole["damaged"]), (&1.into(), &0.into()));
    say(folder.path(), "journal backup copy.sqlite").good();
    let elsewhere = folder_with(CONFIG);
    let copy = elsewhere.path().join("journal/journal.sqlite");
    fs::create_dir(elsewhere.path().join("journal")).expect("made");
    let mut bytes = fs::read(folder.path().join("copy.sqlite")).expect("there");
    let place = bytes.windows(mark.len()).position(|part| part == mark.as_bytes());
    bytes[place.expect("kept as it came")] ^= 1;
    fs::write(&copy, bytes).expect("written");
    let damaged = say(elsewhere.path(), "journal verify");
    assert_eq!(damaged.code, 74, "{damaged:?}");
    assert!(damaged.out.contains("damaged: 1\n  callback 1\n"), "{damaged:?}");
    let exported = |folder: &Path| {
        let exported = say(folder, "journal export");
        assert_eq!((exported.code, &*exported.out), (74, ""), "{exported:?}");
        assert!(exported.err.contains("1 damaged callback was left out"), "{exported:?}");
    };
    exported(elsewhere.path());
    let server = Server::start_in(Arc::new(elsewhere), |_| ());
    for _ in 0..2 {
        exported(server.folder.path()); // the server has met the damage, and says so each time
    }
}

#[test]
fn what_there_is_is_told_in_numbers_and_exported_whole() {
    let server = Server::start(CONFIG);
    for n in 0..3 {
        post(server.address, &query(TOPIC_CHANGED), &topic_changed(&n.to_string()));
    }
    server.lanes_settled();
    let check = |folder: &Path, file: &str| {
        let stats = say(folder, "journal stats --format json").good();
        let stats: serde_json::Value = serde_json::from_str(&stats.out).expect("JSON");
        assert_eq!((&stats["events"], &stats["last"]), (&3.into(), &3.into()));
        say(folder, &format!("journal export --output {file}")).good();
        let text = fs::read_to_string(folder.join(file)).expect("there");
        let piped = say(folder, "journal export").good();
        assert_eq!(text, piped.out);
        let names: Vec<_> =
            piped.json_lines().iter().map(|event| event["body"]["Name"].clone()).collect();
        assert_eq!(names, ["0", "1", "2"]);
        assert_eq!(say(folder, &format!("journal export --output {file}")).code, 64);
    };
    check(server.folder.path(), "beside.jsonl");
    check(server.kill().path(), "alone.jsonl");
}

#[test]
fn what_cannot_be_said_first_is_not_done() {
    let target = Target::start(&[422, 200]);
    let server = one_dead(&target);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = switchhook(server.folder.path());
    let status = command.args(["dead-letters", "retry", "--all", "--yes"]).stdout(writer).status();
    assert_eq!(status.expect("run").code(), Some(74));
    assert_eq!(dead_letters(server.folder.path()).len(), 1);
}
