//! Files with one secret each: where they are, who may open them, what stands in them.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::Secret;
use crate::access::{self, Thing};

/// A secret file is short; what is longer is another file.
const SIZE_MAX: u64 = 4096;
/// Set by systemd for a service: the folder with the secrets that the unit was given.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The name of a file with one secret: relative to the configuration file, or `$CREDENTIALS_DIRECTORY/name` for a credential
/// that systemd gives to the service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretFile(PathBuf);

impl SecretFile {
    /// A file of this name.
    ///
    /// # Errors
    /// The name is empty.
    pub fn new(name: impl Into<PathBuf>) -> Result<Self, String> {
        let name = name.into();
        match name.as_os_str().is_empty() {
            true => Err("the path of a secret file cannot be empty".to_owned()),
            false => Ok(Self(name)),
        }
    }

    /// Where it is; relative names start from `base`, the configuration file's folder.
    ///
    /// # Errors
    /// It is a credential of systemd, and there are none.
    pub fn path(&self, base: &Path) -> Result<PathBuf, String> {
        self.within(base, std::env::var_os(CREDENTIALS))
    }

    fn within(&self, base: &Path, credentials: Option<OsString>) -> Result<PathBuf, String> {
        let starts = [format!("${CREDENTIALS}"), format!("${{{CREDENTIALS}}}")];
        let Some(name) = starts.iter().find_map(|start| self.0.strip_prefix(start).ok()) else {
            return Ok(base.join(&self.0));
        };
        let fail = |what: &str| Err(format!("secret file {}: {what}", self.0.display()));
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if name.as_os_str().is_empty() || !name.components().all(plain) {
            return fail("expected the name of a credential after the folder");
        }
        match credentials.filter(|folder| Path::new(folder).is_absolute()) {
            Some(folder) => Ok(Path::new(&folder).join(name)),
            None => fail(
                "$CREDENTIALS_DIRECTORY is not set: systemd sets it for a service whose unit has `LoadCredential=` or \
                 `SetCredential=`; otherwise configure the path of a file",
            ),
        }
    }

    /// Reads it; logs a warning where others may read it and this process cannot change that.
    ///
    /// # Errors
    /// It cannot be read, others may read or write it, or what stands in it is no secret. Names the file, never its content.
    pub fn read(&self, base: &Path) -> Result<Secret, String> {
        Secret::read(&self.path(base)?)
    }

    /// Reads it as what `parse` makes of it.
    ///
    /// # Errors
    /// As `read`, and what `parse` says, with the file's name.
    pub fn parsed<T>(
        &self,
        base: &Path,
        parse: impl FnOnce(Secret) -> Result<T, String>,
    ) -> Result<T, String> {
        let path = self.path(base)?;
        let secret = Secret::read(&path)?;
        parse(secret).map_err(|why| format!("secret file {}: {why}", path.display()))
    }
}

impl<'de> Deserialize<'de> for SecretFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(PathBuf::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for SecretFile {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "SecretFile".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "secret file" })
    }
}

impl Secret {
    /// Reads one from a file, without a byte order mark and the white space around it. Logs a warning where others may read the
    /// file and this process cannot change that.
    ///
    /// # Errors
    /// The file cannot be read, others may read or write it, or what stands in it is no secret. Names the file, never its
    /// content.
    pub fn read(path: &Path) -> Result<Self, String> {
        let fail = |what: String| format!("secret file {}: {what}", path.display());
        let file = open(path).map_err(fail)?;
        if let Some(warning) = access::examine(Thing::SecretFile, &file, path).map_err(fail)? {
            access::warn_once(path, &format!("secret file: {warning}"));
        }
        let mut bytes = Vec::new();
        let read = file.take(SIZE_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|error| fail(error.to_string()))?;
        content(&bytes).map(Self::from).map_err(fail)
    }
}

fn open(path: &Path) -> Result<File, String> {
    // Without NONBLOCK, opening a pipe would wait for a writer.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = file.map_err(|error| error.to_string())?;
    match file.metadata().map_err(|error| error.to_string())?.is_file() {
        true => Ok(file),
        false => Err("it is not a regular file".to_owned()),
    }
}

/// The secret in the bytes of a file.
fn content(bytes: &[u8]) -> Result<&str, String> {
    if bytes.len() as u64 > SIZE_MAX {
        return Err(format!("it is longer than {SIZE_MAX} bytes"));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is encoded as UTF-16; save it as UTF-8".to_owned());
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("byte {} is not UTF-8", error.valid_up_to() + 1))?;
    let marked = text.strip_prefix('\u{feff}').unwrap_or(text);
    let secret = marked.trim();
    if secret.is_empty() {
        return Err("it is empty".to_owned());
    }
    // Characters before the secret are counted too: an editor shows the place so.
    let before = marked.len() - marked.trim_start().len();
    let before = marked.get(..before).unwrap_or_default().chars().count();
    match secret.chars().enumerate().find(|(_, c)| is_odd(*c)) {
        None => Ok(secret),
        Some((index, '\n' | '\r')) => Err(format!(
            "character {} is a line break; a secret is one line; put several secrets into separate files",
            before + index + 1
        )),
        Some((index, c)) => Err(format!(
            "character {} is a control character or invisible (U+{:04X}); remove it",
            before + index + 1,
            u32::from(c)
        )),
    }
}

/// Control characters, and others that nobody sees: they come with copied text.
fn is_odd(c: char) -> bool {
    let invisible = ['\u{ad}', '\u{feff}'].contains(&c)
        || ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{2069}']
            .iter()
            .any(|range| range.contains(&c));
    c.is_control() || invisible
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    const MARK: &[u8] = b"\xef\xbb\xbf";

    #[test]
    fn a_mark_and_white_space_around_a_secret_are_removed() {
        let rows: &[(&[u8], &str)] = &[
            (b"s3cret", "s3cret"),
            (b"s3cret\n", "s3cret"),
            (b"s3cret\r\n", "s3cret"),
            (b"s3cret\n\n\r\n", "s3cret"),
            (b"  s3cret \t\n", "s3cret"),
            (b"\n\ts3cret", "s3cret"),
            (b"\xef\xbb\xbfs3cret\r\n", "s3cret"),
            (b"\xef\xbb\xbf \n s3cret \n", "s3cret"),
            (b"\xc2\xa0s3cret\xe3\x80\x80", "s3cret"),
            (b"\x0bs3cret\x0c\xc2\x85\xe2\x80\xa8", "s3cret"),
            (b"two words", "two words"),
            (" пароль \n".as_bytes(), "пароль"),
        ];
        for (bytes, expected) in rows {
            assert_eq!(content(bytes).as_deref(), Ok(*expected), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_by_its_place_and_never_shown() {
        let long = [b'x'; 4097];
        let marked_twice = [MARK, MARK, b"hunter2"].concat();
        let rows: &[(&[u8], &str)] = &[
            (b"", "empty"),
            (b"\n", "empty"),
            (b" \r\n\t ", "empty"),
            (MARK, "empty"),
            (b"\xef\xbb\xbf\n", "empty"),
            (b"hunter2\nhunter3\n", "character 8 is a line break"),
            (b"hunter2\rhunter3", "character 8 is a line break"),
            (b" hunter2\nhunter3", "character 9 is a line break"),
            (b"hunter2\x00", "character 8 is a control character or invisible (U+0000)"),
            (b"\x00hunter2", "character 1 is"),
            (b"hunt\ter2", "character 5 is a control character or invisible (U+0009)"),
            (b"hunter2\x1b[0m", "character 8 is a control character or invisible (U+001B)"),
            (b"hunter2\x7f\n", "U+007F"),
            (
                "hünter\u{200b}2".as_bytes(),
                "character 7 is a control character or invisible (U+200B)",
            ),
            ("hunter\u{202e}2".as_bytes(), "U+202E"),
            (
                "hunter2\u{feff}".as_bytes(),
                "character 8 is a control character or invisible (U+FEFF)",
            ),
            (&marked_twice, "character 1 is a control character or invisible (U+FEFF)"),
            (b"hunter\xff2", "byte 7 is not UTF-8"),
            (b"\xff\xfeh\x00u\x00", "UTF-16"),
            (b"\xfe\xff\x00h\x00u", "UTF-16"),
            (&long, "longer than 4096"),
        ];
        for (bytes, expected) in rows {
            let error = content(bytes).expect_err("refused");
            assert!(error.contains(expected) && !error.contains("hunter"), "{bytes:?}: {error}");
        }
        assert!(content(&long[1..]).is_ok());
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_command_that_mends_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        fs::write(&path, "\u{feff}s3cret\n").expect("written");
        let mode = |mode| fs::set_permissions(&path, Permissions::from_mode(mode)).expect("set");
        for fine in [0o400, 0o440, 0o600, 0o640] {
            mode(fine);
            assert_eq!(Secret::read(&path).expect("read").expose(), "s3cret", "{fine:o}");
        }
        for (open, how) in [(0o644, "read it"), (0o444, "read it"), (0o666, "read and change it")] {
            mode(open);
            let error = Secret::read(&path).expect_err("refused");
            let command = format!("run `chmod o= {}`", path.display());
            assert!(error.contains(&command) && error.contains(how), "{error}");
            assert!(error.contains(&format!("mode {open:04o}")), "{error}");
        }
    }

    #[test]
    fn what_is_not_a_regular_file_is_refused_without_waiting() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        for path in [folder.path(), &pipe, Path::new("/dev/null")] {
            let error = Secret::read(path).expect_err("refused");
            assert!(error.contains(&path.display().to_string()), "{error}");
            assert!(error.contains("not a regular file"), "{error}");
        }
        let link = folder.path().join("..data");
        fs::write(folder.path().join("real"), "s3cret").expect("written");
        let only_us = Permissions::from_mode(0o400);
        fs::set_permissions(folder.path().join("real"), only_us).expect("set");
        std::os::unix::fs::symlink("real", &link).expect("linked");
        assert_eq!(Secret::read(&link).expect("as Kubernetes mounts it").expose(), "s3cret");
    }

    #[test]
    fn a_credential_of_systemd_is_found_by_its_folders_variable() {
        let check = |name: &str, credentials: Option<&str>, expected: Result<&str, &str>| {
            let file = SecretFile::new(name).expect("a name");
            let found = file.within(Path::new("/etc/app"), credentials.map(OsString::from));
            match (found, expected) {
                (Ok(path), Ok(expected)) => assert_eq!(path, Path::new(expected), "{name}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{name}: {error}"),
                (found, _) => panic!("{name}: {found:?}"),
            }
        };
        let folder = Some("/run/credentials/app.service");
        check("token", folder, Ok("/etc/app/token"));
        check("/run/secrets/token", None, Ok("/run/secrets/token"));
        check("$CREDENTIALS_DIRECTORY/token", folder, Ok("/run/credentials/app.service/token"));
        check("${CREDENTIALS_DIRECTORY}/token", folder, Ok("/run/credentials/app.service/token"));
        check("$CREDENTIALS_DIRECTORY/all/a.b", folder, Ok("/run/credentials/app.service/all/a.b"));
        for unset in [None, Some(""), Some("relative")] {
            check("$CREDENTIALS_DIRECTORY/token", unset, Err("LoadCredential="));
        }
        for odd in
            ["$CREDENTIALS_DIRECTORY", "$CREDENTIALS_DIRECTORY/", "${CREDENTIALS_DIRECTORY}/../x"]
        {
            check(odd, folder, Err("the name of a credential"));
        }
        check(
            "$CREDENTIALS_DIRECTORY_2/token",
            folder,
            Ok("/etc/app/$CREDENTIALS_DIRECTORY_2/token"),
        );
        check("x/$CREDENTIALS_DIRECTORY/t", folder, Ok("/etc/app/x/$CREDENTIALS_DIRECTORY/t"));
        assert!(SecretFile::new("").expect_err("refused").contains("empty"));
    }
}
