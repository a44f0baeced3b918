//! Which callbacks a query finds.

use switchhook_api::Pattern;
use switchhook_api::journal::{EventQuery, Page, StoredEvent};

use super::Store;

impl Store {
    pub(in super::super) fn events(&self, query: &EventQuery) -> Page<StoredEvent> {
        let wanted = |event: &&StoredEvent| {
            let (at, received) = (event.position, event.facts.received);
            query.before.is_none_or(|before| at < before)
                && query.after.is_none_or(|after| at > after)
                && (event.persisted_late || !query.persisted_late)
                && (query.ids.is_empty() || query.ids.contains(&event.facts.id))
                && query.since.is_none_or(|since| received >= since)
                && query.until.is_none_or(|until| received < until)
                && (query.commands.is_empty()
                    || Pattern::any(&query.commands, &event.facts.command))
        };
        let all = self.entries.values().map(|one| &one.event).filter(wanted);
        match query.oldest_first {
            true => page(all, query.limit),
            false => page(all.rev(), query.limit),
        }
    }
}

fn page<'a>(mut found: impl Iterator<Item = &'a StoredEvent>, limit: usize) -> Page<StoredEvent> {
    let items: Vec<StoredEvent> = found.by_ref().take(limit).cloned().collect();
    let next = items.last().map(|last| last.position).filter(|_| found.next().is_some());
    Page { items, next, damaged: 0 }
}
