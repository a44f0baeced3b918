//! What a store is opened in, and what new lanes begin with.

use switchhook_api::journal::{ConsumerId, ConsumerSpec, Journal as _};

use super::*;

/// As older versions left it, who forgot a handler's lane alone.
#[tokio::test]
async fn state_without_a_lane_is_not_given_to_a_new_handler() {
    let folder = Folder::new();
    drop(folder.embedded().unwrap());
    let left =
        "INSERT INTO state (handler, key, value) VALUES ('new', 'k', x'31'), ('old', 'k', x'32');
                INSERT INTO lanes (id, cursor) VALUES ('old', 0);";
    folder.raw().execute_batch(left).unwrap();
    let journal = folder.embedded().unwrap();
    let spec = |handler: &str| ConsumerSpec {
        id: ConsumerId::projection(handler),
        start: Start::Beginning,
        commands: vec!["*".parse().unwrap()],
        ordering: Ordering::None,
        enabled: true,
    };
    journal.attach(&[spec("new"), spec("old")]).await.unwrap();
    assert_eq!(journal.state("new", "k").await.unwrap(), None);
    assert_eq!(journal.state("old", "k").await.unwrap().as_deref(), Some(&b"2"[..]));
}

/// By the rule for every folder with data: see `switchhook_api::access`.
#[tokio::test]
async fn a_folder_that_others_may_write_to_is_refused_unless_sticky() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.dir.path().join("j");
    std::fs::create_dir(&path).unwrap();
    let set = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    for mode in [0o777, 0o2777, 0o702] {
        set(mode);
        let error = folder.embedded().err().expect("refused").to_string();
        assert!(error.contains(&format!("chmod o-w {}", path.display())), "{error}");
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0, "nothing was made in it");
    }
    for mode in [0o1777, 0o770, 0o755, 0o700] {
        set(mode);
        drop(folder.embedded().expect("opened"));
    }
}
