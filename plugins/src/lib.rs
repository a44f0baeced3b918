//! The plugins that come with Switchhook. A program that wants them says `use switchhook_plugins as _;`.

mod actions;
mod handlers;
mod journals;
#[cfg(any(feature = "embedded", feature = "file"))]
mod lock;
pub mod sources;

/// What holds for every linked plugin; a new one is tested by being there.
#[cfg(test)]
mod tests {
    use switchhook_api::Registry;
    use switchhook_engine::config::Section;

    #[test]
    fn every_example_is_good_and_one_more_key_is_refused_by_its_name() {
        let registry = Registry::linked().expect("no name is taken twice");
        assert!(registry.iter().count() > 0, "nothing is linked");
        for plugin in registry.iter() {
            let read = |text: &str| Section::parse("options", text).expect("TOML");
            if let Err(mistakes) = plugin.configure(&read(plugin.example)) {
                panic!("the example of {plugin:?}: {mistakes:?}");
            }
            let more = format!("not_an_option = 1\n{}", plugin.example);
            let mistakes = plugin.configure(&read(&more)).err().expect("one key too many");
            assert!(
                mistakes.iter().any(|m| m.key == "options.not_an_option"),
                "{plugin:?}: {mistakes:?}"
            );
        }
    }
}
