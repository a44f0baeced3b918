//! `switchhook dead-letters list`.

use switchhook_api::journal::DeadLetter;
use switchhook_engine::admin::PAGE_MAX;

use super::ListArgs;
use crate::Failed;
use crate::output::{self, Format, columns, line, message, one_line};
use crate::store::{Page, Store};

/// Characters of a reason; `show` has all of it.
const REASON: usize = 200;

pub(super) async fn run(store: &mut Store, args: &ListArgs) -> Result<(), Failed> {
    let page = find(store, args).await?;
    match args.format {
        Format::Json => {
            for letter in &page.items {
                let json = serde_json::to_string(letter);
                line(&output::json_line(&json.map_err(|error| Failed::bug(error.to_string()))?))?;
            }
        }
        Format::Text if page.items.is_empty() => message("there are no matching dead letters"),
        Format::Text => line(&table(&page.items))?,
    }
    if let Some(before) = page.next {
        message(&format!("there may be more: use --before {before}"));
    }
    Ok(())
}

/// So many as are wanted, and where the next page begins.
pub(super) async fn find(store: &mut Store, args: &ListArgs) -> Result<Page<DeadLetter>, Failed> {
    let limit = args.limit as usize;
    let mut query = args.of.query(limit.min(PAGE_MAX));
    query.before = args.before;
    let mut found = Vec::new();
    loop {
        let page = store.dead_letters(&query).await?;
        query.before = page.next;
        for letter in page.items.into_iter().filter(|letter| args.of.matches(&letter.lane)) {
            let number = letter.number;
            found.push(letter);
            if found.len() == limit {
                return Ok(Page {
                    items: found,
                    next: Some(number).filter(|n| *n > 1),
                    damaged: 0,
                });
            }
        }
        if query.before.is_none() {
            return Ok(Page { items: found, next: None, damaged: 0 });
        }
    }
}

fn table(letters: &[DeadLetter]) -> String {
    let head = ["NUMBER", "FAILED", "CONSUMER", "ATTEMPTS", "COMMAND", "KEY", "REASON"];
    let row = |letter: &DeadLetter| {
        let callback = letter.callback.as_ref();
        let key = callback.and_then(|facts| facts.key.as_deref());
        [
            letter.number.to_string(),
            format!("{:.0}", letter.at),
            one_line(&letter.lane),
            letter.attempts.to_string(),
            callback.map_or_else(|| "(damaged)".to_owned(), |facts| one_line(&facts.command)),
            key.map_or_else(|| "-".to_owned(), one_line),
            one_line(&letter.reason.chars().take(REASON).collect::<String>()),
        ]
    };
    let rows: Vec<[String; 7]> =
        std::iter::once(head.map(str::to_owned)).chain(letters.iter().map(row)).collect();
    columns(&rows)
}
