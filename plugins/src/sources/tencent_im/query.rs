//! The query string, read strictly: what could be read in two ways is refused.

use std::borrow::Cow;

use switchhook_api::{Refusal, RefusalKind};

use crate::sources::common::{decoded, malformed};

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
