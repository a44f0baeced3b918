//! The query string, read strictly: what could be read in two ways is refused.

use std::borrow::Cow;

use switchhook_core::{Refusal, RefusalKind};

const QUERY_BYTES_MAX: usize = 8 * 1024;
const PARAMETERS_MAX: usize = 64;

/// The parameters that the protocol knows. Values are decoded; what is missing is none.
#[derive(Debug, Default)]
pub(super) struct Query<'a> {
    pub(super) app: Option<Cow<'a, str>>,
    pub(super) command: Option<Cow<'a, str>>,
    pub(super) client_ip: Option<Cow<'a, str>>,
    pub(super) platform: Option<Cow<'a, str>>,
    pub(super) sign: Option<Cow<'a, str>>,
    pub(super) time: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Reads a query string. Names count in any case; only `&` parts them and `+` is no space.
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(Refusal::new(RefusalKind::TooLarge, "query_too_long"));
        }
        let encoded = text.contains('%');
        let decode = |part: &'a str| if encoded { decoded(part) } else { Ok(part.into()) };
        let mut query = Self::default();
        for (count, pair) in text.split('&').enumerate() {
            if count == PARAMETERS_MAX {
                return Err(malformed("too_many_parameters"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if let Some(place) = query.place(&name)
                && place.replace(value).is_some()
            {
                return Err(malformed("repeated_parameter").detail(name));
            }
        }
        Ok(query)
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<Cow<'a, str>>> {
        let is = |known| name.eq_ignore_ascii_case(known);
        match name.len() {
            8 if is("SdkAppid") => Some(&mut self.app),
            8 if is("ClientIP") => Some(&mut self.client_ip),
            15 if is("CallbackCommand") => Some(&mut self.command),
            11 if is("OptPlatform") => Some(&mut self.platform),
            11 if is("RequestTime") => Some(&mut self.time),
            4 if is("Sign") => Some(&mut self.sign),
            _ => None,
        }
    }
}

fn malformed(reason: &'static str) -> Refusal {
    Refusal::new(RefusalKind::Malformed, reason)
}

/// Percent-decodes; a broken escape or what is no UTF-8 is refused rather than guessed at.
fn decoded(text: &str) -> Result<Cow<'_, str>, Refusal> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let [high, low, tail @ ..] = tail else { return Err(malformed("bad_escape")) };
        let digits = nibble(*high).zip(nibble(*low));
        let (high, low) = digits.ok_or_else(|| malformed("bad_escape"))?;
        bytes.push(high << 4 | low);
        rest = tail;
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| malformed("query_not_utf8"))
}

/// The value of a hex digit in either case.
pub(super) fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
