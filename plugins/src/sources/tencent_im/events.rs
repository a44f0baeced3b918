//! Typed events: the bodies of the commands about topics and group profiles.
//!
//! They are lenient: every field may be missing, a number may be text, and what is not known here stays in `other`, so that
//! an event which is written out again says what it said. A `null` counts as missing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use switchhook_core::{Event, Map};

/// Declares events: each field with the platform's name for it; all may be missing.
macro_rules! events {
    ($(
        $(#[$about:meta])*
        $event:ident = $command:literal {
            $($(#[$what:meta])* $field:ident: $type:ty = $name:literal,)*
        }
    )*) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct $event {
            $(
                $(#[$what])*
                #[serde(rename = $name, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
            /// Everything else in the body.
            #[serde(flatten)]
            pub other: Map,
        }

        impl Event for $event {
            const COMMAND: &'static str = $command;
        }
    )*};
}

events! {
    /// Before a topic is created.
    BeforeCreateTopic = "Group.CallbackBeforeCreateTopic" {
        /// The group; not documented for this command.
        group: String = "GroupId",
        /// The kind of group.
        kind: String = "Type",
        /// Who wants to create it.
        operator: String = "Operator_Account",
        /// The topic's name.
        name: String = "Name",
    }

    /// A topic was created.
    TopicCreated = "Group.CallbackAfterCreateTopic" {
        /// The group.
        group: String = "GroupId",
        /// The topic.
        topic: String = "TopicId",
        /// The kind of group.
        kind: String = "Type",
        /// Who created it.
        operator: String = "Operator_Account",
        /// Whose it is.
        owner: String = "Owner_Account",
        /// The topic's name.
        name: String = "Name",
        /// Fields of the app's own.
        custom: Vec<CustomField> = "UserDefinedDataList",
    }

    /// Topics were deleted.
    TopicDestroyed = "Group.CallbackAfterTopicDestroyed" {
        /// The group.
        group: String = "GroupId",
        /// The kind of group.
        kind: String = "Type",
        /// The topics.
        topics: Topics = "TopicIdList",
    }

    /// Details of a topic changed; only those that changed are there.
    TopicInfoChanged = "Group.CallbackAfterTopicInfoChanged" {
        /// The group.
        group: String = "GroupId",
        /// The topic; not documented for this command.
        topic: String = "TopicId",
        /// The kind of group.
        kind: String = "Type",
        /// Who changed them.
        operator: String = "Operator_Account",
        /// The new name.
        name: String = "Name",
        /// The new introduction.
        introduction: String = "Introduction",
        /// The new announcement.
        notification: String = "Notification",
        /// The new avatar's address.
        face_url: String = "FaceUrl",
        /// When, where it is said.
        time: EventTime = "EventTime",
    }

    /// Details of a group changed; only those that changed are there.
    GroupInfoChanged = "Group.CallbackAfterGroupInfoChanged" {
        /// The group.
        group: String = "GroupId",
        /// The kind of group.
        kind: String = "Type",
        /// Who changed them.
        operator: String = "Operator_Account",
        /// The new name.
        name: String = "Name",
        /// The new introduction.
        introduction: String = "Introduction",
        /// The new announcement.
        notification: String = "Notification",
        /// The new avatar's address.
        face_url: String = "FaceUrl",
        /// When.
        time: EventTime = "EventTime",
    }

    /// Before a group is created.
    BeforeCreateGroup = "Group.CallbackBeforeCreateGroup" {
        /// The kind of group.
        kind: String = "Type",
        /// Who wants to create it.
        operator: String = "Operator_Account",
        /// Whose it will be.
        owner: String = "Owner_Account",
        /// The group's name.
        name: String = "Name",
        /// Its first members.
        members: Vec<Member> = "MemberList",
        /// When.
        time: EventTime = "EventTime",
    }

    /// A group was created.
    GroupCreated = "Group.CallbackAfterCreateGroup" {
        /// The group.
        group: String = "GroupId",
        /// The kind of group.
        kind: String = "Type",
        /// Who created it.
        operator: String = "Operator_Account",
        /// Whose it is.
        owner: String = "Owner_Account",
        /// The group's name.
        name: String = "Name",
        /// Its first members.
        members: Vec<Member> = "MemberList",
        /// Fields of the app's own.
        custom: Vec<CustomField> = "UserDefinedDataList",
        /// When.
        time: EventTime = "EventTime",
    }

    /// A group was dissolved.
    GroupDestroyed = "Group.CallbackAfterGroupDestroyed" {
        /// The group.
        group: String = "GroupId",
        /// The kind of group.
        kind: String = "Type",
        /// Whose it was.
        owner: String = "Owner_Account",
        /// The group's name.
        name: String = "Name",
        /// Its last members; communities send none.
        members: Vec<Member> = "MemberList",
        /// When.
        time: EventTime = "EventTime",
    }
}

impl From<GroupInfoChanged> for TopicInfoChanged {
    /// The same details, without a topic.
    fn from(details: GroupInfoChanged) -> Self {
        let GroupInfoChanged { group, kind, operator, name, introduction, .. } = details;
        let GroupInfoChanged { notification, face_url, time, other, .. } = details;
        let topic = None;
        Self {
            group,
            topic,
            kind,
            operator,
            name,
            introduction,
            notification,
            face_url,
            time,
            other,
        }
    }
}

/// When something happened, in milliseconds since 1970: documented as a number, seen as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EventTime {
    /// As a number.
    Number(i64),
    /// As text, possibly empty.
    Text(String),
}

impl EventTime {
    /// The time, if there is one in it.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let millis = match self {
            Self::Number(millis) => *millis,
            Self::Text(text) => text.parse().ok()?,
        };
        Timestamp::from_millisecond(millis).ok()
    }
}

/// Topic ids: documented as text, shown as a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Topics {
    /// A list.
    Many(Vec<String>),
    /// A single one.
    One(String),
}

impl Topics {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::Many(topics) => topics.iter(),
            Self::One(topic) => std::slice::from_ref(topic).iter(),
        }
        .map(String::as_str)
    }
}

/// A member of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Member {
    /// The account.
    #[serde(rename = "Member_Account", skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Everything else about it.
    #[serde(flatten)]
    pub other: Map,
}

/// A field of the app's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CustomField {
    /// Its name.
    #[serde(rename = "Key", skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its value; mostly text.
    #[serde(rename = "Value", skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Everything else about it.
    #[serde(flatten)]
    pub other: Map,
}
