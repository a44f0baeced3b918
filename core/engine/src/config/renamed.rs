//! Keys of former versions, and what to write in their place.

/// A former key, with `*` for the name of an instance, and what to write now.
pub(super) const RENAMED: [(&str, &str); 19] = [
    ("server.keep_within", "`persist_timeout`"),
    ("server.limits.drain_time", "`server.shutdown_timeout`, which limits the shutdown as a whole"),
    ("server.limits.header_time", "`header_timeout`"),
    ("server.limits.body_time", "`body_timeout`"),
    ("server.limits.idle_time", "`idle_timeout`"),
    ("server.limits.write_time", "`write_timeout`"),
    ("journal.keep_for", "`retention`"),
    ("journal.keep_size", "`retention_size`"),
    ("journal.keep_dead_letters", "`dead_letter_retention`"),
    ("journal.detached_keep", "`orphan_retention`"),
    ("sources.*.same_answer", "`decision_ttl`"),
    ("actions.*.retry.first", "`initial`"),
    ("actions.*.retry.longest", "`max`"),
    ("actions.*.retry.share", "`max_ratio`"),
    ("actions.*.retry.floor", "`min_per_minute`"),
    (
        "actions.*.breaker",
        "`circuit_breaker`, with `failure_threshold`, `initial` and `max` instead of `failures`, `first` and `longest`",
    ),
    ("actions.*.circuit_breaker.failures", "`failure_threshold`"),
    ("actions.*.circuit_breaker.first", "`initial`"),
    ("actions.*.circuit_breaker.longest", "`max`"),
];

/// The answer to a key that former versions knew.
pub(super) fn renamed(key: &str) -> Option<String> {
    let (_, now) = RENAMED.iter().find(|(former, _)| matches(former, key))?;
    Some(format!("renamed; write {now}"))
}

fn matches(former: &str, key: &str) -> bool {
    former.split('.').count() == key.split('.').count()
        && former
            .split('.')
            .zip(key.split('.'))
            .all(|(wanted, name)| wanted == "*" || wanted == name)
}
