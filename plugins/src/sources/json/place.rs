//! Where the command of a call stands.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use switchhook_api::{RawRequest, Refusal};

use super::options::CommandOptions;
use super::pointer::Pointer;
use crate::sources::common::{Scalar, decoded, malformed, named_freely};

/// One of the places.
pub(super) enum Place {
    Path,
    Query(String),
    Header(HeaderName),
    Body(Pointer),
}

impl Place {
    /// The one place of the options; none when they name no place, or several.
    pub(super) fn of(options: &CommandOptions) -> Option<Self> {
        let CommandOptions { path, query, header, body } = options;
        let places = [
            path.then_some(Self::Path),
            query.as_ref().map(|name| Self::Query(name.0.clone())),
            header.as_ref().map(|name| Self::Header(name.0.clone())),
            body.as_ref().map(|pointer| Self::Body(pointer.clone())),
        ];
        let mut places = places.into_iter().flatten();
        places.next().filter(|_| places.next().is_none())
    }

    /// The command of a call with this body.
    pub(super) fn command<'r>(
        &self,
        request: &'r RawRequest<'_>,
        body: &'r str,
    ) -> Result<Cow<'r, str>, Refusal> {
        let found = match self {
            Self::Path => Some(decoded(request.below).map_err(|_| malformed("bad_command"))?),
            Self::Query(name) => parameter(request.query, name)?,
            Self::Header(name) => header(request.headers, name)?.map(Cow::Borrowed),
            Self::Body(pointer) => match pointer.find(body)? {
                Scalar::Text(text) => Some(text),
                Scalar::Absent => None,
                Scalar::Other => return Err(malformed("bad_command")),
            },
        };
        match found.filter(|command| !command.is_empty()) {
            Some(command) if named_freely(&command) => Ok(command),
            Some(_) => Err(malformed("bad_command")),
            None => Err(malformed("missing_command")),
        }
    }

    /// The path and query of a call with this command.
    pub(super) fn target(&self, command: &str) -> String {
        match self {
            Self::Path => format!("/{command}"),
            Self::Query(name) => format!("/?{name}={command}"),
            Self::Header(_) | Self::Body(_) => "/".to_owned(),
        }
    }
}

fn header<'r>(headers: &'r HeaderMap, name: &HeaderName) -> Result<Option<&'r str>, Refusal> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (Some(value), None) => value.to_str().map(Some).map_err(|_| malformed("bad_command")),
        (Some(_), Some(_)) => Err(malformed("repeated_header")),
        (None, _) => Ok(None),
    }
}

fn parameter<'r>(query: &'r str, wanted: &str) -> Result<Option<Cow<'r, str>>, Refusal> {
    let mut found = None;
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decoded(name)? == wanted && found.replace(decoded(value)?).is_some() {
            return Err(malformed("repeated_parameter"));
        }
    }
    Ok(found)
}
