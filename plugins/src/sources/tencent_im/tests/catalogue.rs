use std::collections::BTreeSet;

use super::*;
use crate::sources::tencent_im::catalogue::COMMANDS;
use switchhook_core::Phase;

#[test]
fn every_command_stands_there_once_and_says_what_it_is() {
    assert_eq!(COMMANDS.len(), 84);
    let names: BTreeSet<_> = COMMANDS.iter().map(|spec| spec.name).collect();
    assert_eq!(names.len(), 84);
    for spec in COMMANDS {
        assert!(spec.doc.starts_with("https://") && !spec.title.is_empty(), "{}", spec.name);
        // The names say the phase, but for two families that say `Prev`, and the guess knows those.
        assert_eq!(spec.phase, Phase::guess(spec.name), "{}", spec.name);
        assert_eq!(spec.phase == Phase::Before || spec.answered, !spec.verdicts.is_empty());
    }
    assert_eq!(COMMANDS.iter().filter(|spec| spec.phase == Phase::Before).count(), 12);
}

#[test]
fn the_reply_to_a_chatbots_signal_matters() {
    let answered: Vec<_> =
        COMMANDS.iter().filter(|spec| spec.answered).map(|spec| spec.name).collect();
    assert_eq!(answered, ["Chatbot.OnC2CSignalMessage"]);
    assert!(one(answered[0], "{}").answered);
    assert!(!one(COMMAND, "{}").answered);
}

#[test]
fn samples_are_bodies_of_their_command() {
    let samples: Vec<_> = COMMANDS.iter().filter_map(|spec| Some((spec, spec.sample?))).collect();
    assert_eq!(samples.len(), 8);
    for (spec, sample) in samples {
        assert_eq!(one(spec.name, sample).command(), spec.name);
        assert!(sample.contains(spec.name));
    }
}
