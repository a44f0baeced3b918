//! Every command that Tencent Cloud Chat sends, as far as its pages say.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use switchhook_core::{CommandSpec, VerdictKind};

/// Refused or not.
const GATE: &[VerdictKind] = &[VerdictKind::Deny];
/// Refused, swallowed, or sent with other content.
const MESSAGE: &[VerdictKind] = &[VerdictKind::Deny, VerdictKind::Drop, VerdictKind::Replace];
/// Refused as a whole, or answered with fields of the reply's own.
const SOME: &[VerdictKind] = &[VerdictKind::Deny, VerdictKind::Answer];

macro_rules! intl {
    ($page:literal) => {
        concat!("https://www.tencentcloud.com/document/product/", $page)
    };
}

macro_rules! cn {
    ($page:literal) => {
        concat!("https://cloud.tencent.com/document/product/", $page)
    };
}

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("samples/", $name, ".json"))
    };
}

const fn after(name: &'static str, title: &'static str, doc: &'static str) -> CommandSpec {
    CommandSpec::after(name, title, doc)
}

const fn before(
    name: &'static str,
    title: &'static str,
    doc: &'static str,
    verdicts: &'static [VerdictKind],
) -> CommandSpec {
    CommandSpec::before(name, title, doc, verdicts)
}

/// The 84 commands. `Live.CallbackBeforeCallBackNotBlock` is missing: it names a setting and is never sent.
#[rustfmt::skip]
pub(super) static COMMANDS: &[CommandSpec] = &[
    after("State.StateChange", "Online status of a user changed", intl!("1047/34357")),
    after("Profile.CallbackPortraitSet", "User profile fields were changed", intl!("1047/48733")),
    before("Sns.CallbackPrevFriendAdd", "Before friends are added", intl!("1047/43468"), SOME),
    before("Sns.CallbackPrevFriendResponse", "Before a friend request is answered", intl!("1047/43467"), SOME),
    after("Sns.CallbackFriendAdd", "Friends were added", intl!("1047/34359")),
    after("Sns.CallbackFriendDelete", "Friends were deleted", intl!("1047/34360")),
    after("Sns.CallbackBlackListAdd", "Users were put on a block list", intl!("1047/34361")),
    after("Sns.CallbackBlackListDelete", "Users were taken off a block list", intl!("1047/34362")),
    after("Follow.CallbackAfterFollowAdd", "A user followed others", intl!("1047/70355")),
    after("Follow.CallbackAfterFollowDelete", "A user unfollowed others", intl!("1047/70356")),
    before("C2C.CallbackBeforeSendMsg", "Before a one-to-one message is sent", intl!("1047/34364"), MESSAGE),
    after("C2C.CallbackAfterSendMsg", "A one-to-one message was sent", intl!("1047/34365")),
    after("C2C.CallbackAfterMsgReport", "One-to-one messages were marked read", intl!("1047/43465")),
    after("C2C.CallbackAfterMsgWithDraw", "A one-to-one message was recalled", intl!("1047/43466")),
    after("C2C.CallbackAfterC2CMsgExtension", "Key-values were attached to a one-to-one message", intl!("1047/76006")),
    after("C2C.CallbackAfterMsgReadReceipt", "One-to-one read receipts were sent", cn!("269/128223")),
    after("C2C.CallbackAfterModifyMsg", "A one-to-one message was edited", cn!("269/128224")),
    after("C2C.CallbackAfterMsgReadAll", "All unread counts were cleared", cn!("269/128225")),
    before("Group.CallbackBeforeCreateGroup", "Before a group is created", intl!("1047/34368"), GATE).sample(sample!("Group.CallbackBeforeCreateGroup")),
    after("Group.CallbackAfterCreateGroup", "A group was created", intl!("1047/34369")).sample(sample!("Group.CallbackAfterCreateGroup")),
    before("Group.CallbackBeforeApplyJoinGroup", "Before a user applies to join a group", intl!("1047/34370"), GATE),
    before("Group.CallbackBeforeInviteJoinGroup", "Before users are invited to a group", intl!("1047/34371"), SOME),
    after("Group.CallbackAfterNewMemberJoin", "Users joined a group", intl!("1047/34372")),
    after("Group.CallbackAfterMemberExit", "Users left a group", intl!("1047/34373")),
    before("Group.CallbackBeforeSendMsg", "Before a group message is sent", intl!("1047/34374"), MESSAGE),
    after("Group.CallbackAfterSendMsg", "A group message was sent", intl!("1047/34375")),
    after("Group.CallbackAfterGroupFull", "A group became full", intl!("1047/34376")),
    after("Group.CallbackAfterGroupDestroyed", "A group was dissolved", intl!("1047/34377")).sample(sample!("Group.CallbackAfterGroupDestroyed")),
    after("Group.CallbackAfterGroupInfoChanged", "Group details changed", intl!("1047/34378")).sample(sample!("Group.CallbackAfterGroupInfoChanged")),
    after("Group.CallbackAfterRecallMsg", "Group messages were recalled", cn!("269/1618")),
    after("Group.CallbackOnMemberStateChange", "Audio-video group members went online or offline", intl!("1047/48734")),
    after("Group.CallbackSendMsgException", "Sending a group message failed", intl!("1047/49462")),
    before("Group.CallbackBeforeCreateTopic", "Before a topic is created", intl!("1047/49463"), GATE).sample(sample!("Group.CallbackBeforeCreateTopic")),
    after("Group.CallbackAfterCreateTopic", "A topic was created", intl!("1047/49464")).sample(sample!("Group.CallbackAfterCreateTopic")),
    after("Group.CallbackAfterTopicDestroyed", "Topics were deleted", intl!("1047/49465")).sample(sample!("Group.CallbackAfterTopicDestroyed")),
    after("Group.CallbackAfterTopicInfoChanged", "Topic details changed", intl!("1047/49466")).sample(sample!("Group.CallbackAfterTopicInfoChanged")),
    after("Group.CallbackAfterMemberFieldChanged", "A member's fields changed", intl!("1047/60393")),
    after("Group.CallbackAfterGroupAttrChanged", "Group attributes changed", intl!("1047/60394")),
    after("Group.CallbackAfterReadReceipt", "Group read receipts were sent", intl!("1047/60395")),
    after("Group.CallbackAfterChangeGroupOwner", "A group changed its owner", intl!("1047/60396")),
    after("Group.CallbackOnDailyGroupQuotaAlarm", "Daily new-group quota is nearly used", intl!("1047/57455")),
    after("Group.CallbackAfterGroupMsgExtension", "Key-values were attached to a group message", intl!("1047/76007")),
    after("Group.CallbackAfterModifyMsg", "A group message was edited", cn!("269/129193")),
    after("Bot.OnC2CMessage", "A one-to-one message reached a bot", intl!("1047/68952")),
    after("Bot.OnGroupMessage", "A bot was mentioned in a group", intl!("1047/68953")),
    after("Chatbot.OnC2CSignalMessage", "A pass-through signal for a chatbot", intl!("1047/59057")).answered(SOME),
    after("ContentCallback.ResultNotify", "Result of content moderation", intl!("1047/78240")),
    after("Alert.RequestOverLimit", "A server API is near its rate limit", intl!("1047/60256")),
    after("Push.AllMemberPush", "Results of a push to all or to tagged users", intl!("1047/67551")),
    after("Push.OfflinePush", "Results of offline pushes of messages", intl!("1047/67552")),
    before("OfficialAccount.CallbackBeforeCreateOfficialAccount", "Before an official account is created", intl!("1047/60795"), GATE),
    after("OfficialAccount.CallbackAfterCreateOfficialAccount", "An official account was created", intl!("1047/60796")),
    after("OfficialAccount.CallbackAfterOfficialAccountInfoChanged", "Details of an official account changed", intl!("1047/60797")),
    after("OfficialAccount.CallbackAfterOfficialAccountDestroyed", "An official account was destroyed", intl!("1047/60798")),
    before("OfficialAccount.CallbackBeforeAddSubscriber", "Before users subscribe to an official account", intl!("1047/60799"), SOME),
    after("OfficialAccount.CallbackAfterAddSubscriber", "Users subscribed", intl!("1047/60800")),
    after("OfficialAccount.CallbackAfterOfficialAccountFull", "An official account became full", intl!("1047/60801")),
    after("OfficialAccount.CallbackAfterDeleteSubscriber", "Users unsubscribed", intl!("1047/60802")),
    before("OfficialAccount.CallbackBeforeSendMsg", "Before an official account sends a message", intl!("1047/60803"), MESSAGE),
    after("OfficialAccount.CallbackAfterSendMsg", "An official account sent a message", intl!("1047/60804")),
    after("OfficialAccount.CallbackAfterMsgWithDraw", "Messages of an official account were recalled", intl!("1047/60805")),
    after("Live.CallbackAfterCreateRoom", "A live room was created", intl!("647/64422")),
    after("Live.CallbackAfterDestroyRoom", "A live room was closed", intl!("647/64423")),
    after("Live.CallbackAfterUpdateRoomInfo", "Live room details changed", intl!("647/67938")),
    after("Live.CallbackAfterSetMetadata", "Live room metadata was set", intl!("647/68222")),
    after("Live.CallbackAfterDelMetadata", "Live room metadata was deleted", intl!("647/68223")),
    after("Live.CallbackAfterCreateRoomReachingThreshold", "Number of live rooms is near its limit", intl!("647/70485")),
    after("Live.CallbackAfterMemberStateChanged", "Live room members came or went", intl!("647/64424")),
    after("Live.CallbackAfterChangeOwner", "A live room changed its owner", intl!("647/72553")),
    after("Live.CallbackAfterModifyAdmin", "Live room admins changed", intl!("647/72554")),
    after("Live.CallbackAfterCreateBattle", "A battle was requested", intl!("647/68259")),
    after("Live.CallbackAfterStartBattle", "A battle began", intl!("647/68260")),
    after("Live.CallbackAfterEndBattle", "A battle ended", intl!("647/68261")),
    before("Live.CallbackBeforeSendGift", "Before a gift is sent", intl!("647/72210"), GATE),
    after("Live.CallbackAfterCloudRecordingChanged", "A cloud or page recording event", cn!("269/129603")),
    after("Mic.CallbackAfterSeatInfoChanged", "Seats on the microphone changed", intl!("647/64425")),
    after("Room.CallbackAfterCreateRoom", "A conference room was created", "https://trtc.io/document/60733"),
    after("Room.CallbackAfterDestroyRoom", "A conference room was closed", intl!("647/60720")),
    after("Room.CallbackAfterUpdateRoomInfo", "Conference room details changed", "https://trtc.io/document/60731"),
    after("Room.CallbackAfterMemberEnter", "Members entered a conference room", intl!("647/60720")),
    after("Room.CallbackAfterMemberLeave", "Members left a conference room", intl!("647/60720")),
    after("Call.CallbackAfterStartCall", "A call was started", intl!("647/68941")),
    after("Call.CallbackAfterMemberChanged", "The state of a call member changed", intl!("647/69215")),
    after("Call.CallbackAfterEndCall", "A call ended", intl!("647/68940")),
];

/// A command of the catalogue, with its name ready to be shared.
pub(super) struct Known {
    pub(super) spec: &'static CommandSpec,
    pub(super) name: Arc<str>,
}

static BY_NAME: LazyLock<HashMap<&'static str, Known>> = LazyLock::new(|| {
    COMMANDS.iter().map(|spec| (spec.name, Known { spec, name: spec.name.into() })).collect()
});

/// The catalogue's entry for a command.
pub(super) fn find(command: &str) -> Option<&'static Known> {
    BY_NAME.get(command)
}
