//! What a configuration is made of.

/// What a configuration is made of.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The file's path, for messages.
    pub path: String,
    /// The file's text.
    pub text: String,
    /// The environment without what the program reads for itself. What begins with `SWITCHHOOK_` and has `__` in it sets a key.
    pub variables: Vec<(String, String)>,
    /// The variables whose values are not UTF-8.
    pub garbled: Vec<String>,
    /// Keys and values from the command line.
    pub flags: Vec<(String, String)>,
}
