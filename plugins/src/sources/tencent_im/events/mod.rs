//! Typed events: one file for each command, which holds all that is known of it.
//!
//! A type is named after its command without `Callback`: `Group.CallbackAfterTopicInfoChanged` is
//! [`GroupAfterTopicInfoChanged`]. Every field may be missing; the wire's other spellings are read as well (numbers as text,
//! text as numbers, one item in place of a list), and what is not known here stays in `other`, so that an event which is
//! written out again says what it said.

#[macro_use]
mod declare;
mod shared;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use switchhook_api::{CommandSpec, FieldSpec};

pub use self::shared::{CustomField, Member, MsgElement};
use super::keys::{Natural, OrderBy, Part};
use super::rule::Rule;
pub use super::wire::{Milliseconds, Seconds};

/// A command of the catalogue.
pub(super) struct Known {
    pub(super) spec: CommandSpec,
    /// Its name, ready to be shared.
    pub(super) name: Arc<str>,
    pub(super) rule: Rule,
    pub(super) natural: Natural,
    pub(super) order_by: OrderBy,
}

/// What a file declares.
struct Declared {
    command: &'static str,
    title: &'static str,
    title_zh: &'static str,
    about: &'static str,
    doc: &'static str,
    fields: &'static [FieldSpec],
    sample: &'static str,
    rule: Rule,
    natural: Natural,
    order_by: OrderBy,
}

impl From<Declared> for Known {
    fn from(declared: Declared) -> Self {
        let Declared { command, title, rule, natural, order_by, .. } = declared;
        let mut spec = CommandSpec::after(command, title, declared.doc).sample(declared.sample);
        spec.phase = rule.phase();
        spec.answered = matches!(rule, Rule::Signal);
        spec.titles = vec![("zh", declared.title_zh)];
        spec.about = plain(declared.about).into();
        spec.answers = rule.answers();
        spec.reply_fields = rule.fields();
        spec.fields = declared.fields;
        spec.natural_key = natural.parts().map(Part::name).collect();
        spec.ordering_key = order_by.as_str();
        Self { name: command.into(), spec, rule, natural, order_by }
    }
}

/// The second paragraph of a comment: the first is the title.
fn plain(comment: &str) -> String {
    let lines = comment.lines().map(str::trim).skip_while(|line| !line.is_empty());
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Lists the files, each with its type.
macro_rules! commands {
    ($($file:ident: $event:ident,)*) => {
        $(
            pub mod $file;
            pub use self::$file::$event;
        )*

        /// The catalogue, in this order.
        pub(super) static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| vec![$($event::declared(),)*]);

        #[cfg(test)]
        pub(super) mod each {
            /// Reads a value as the event of a command and writes it out again.
            pub(in super::super) fn rewritten(command: &str, body: &serde_json::Value) -> serde_json::Value {
                match command {
                    $(<super::$event as switchhook_api::Event>::COMMAND => {
                        let event: super::$event = serde_json::from_value(body.clone()).expect("an event");
                        serde_json::to_value(event).expect("JSON")
                    })*
                    other => panic!("{other} is not known"),
                }
            }

            /// Whether two values say the same as events of a command, however they spell it.
            pub(in super::super) fn same(command: &str, one: &serde_json::Value, other: &serde_json::Value) -> bool {
                match command {
                    $(<super::$event as switchhook_api::Event>::COMMAND => {
                        let read = |body: &serde_json::Value| {
                            let event: super::$event = serde_json::from_value(body.clone()).expect("an event");
                            crate::sources::tencent_im::wire::Wire::plain(event)
                        };
                        read(one) == read(other)
                    })*
                    other => panic!("{other} is not known"),
                }
            }
        }
    };
}

commands! {
    state_change: StateChange,
    profile_portrait_set: ProfilePortraitSet,
    sns_prev_friend_add: SnsPrevFriendAdd,
    sns_prev_friend_response: SnsPrevFriendResponse,
    sns_friend_add: SnsFriendAdd,
    sns_friend_delete: SnsFriendDelete,
    sns_black_list_add: SnsBlackListAdd,
    sns_black_list_delete: SnsBlackListDelete,
    follow_after_follow_add: FollowAfterFollowAdd,
    follow_after_follow_delete: FollowAfterFollowDelete,
    c2c_before_send_msg: C2cBeforeSendMsg,
    c2c_after_send_msg: C2cAfterSendMsg,
    c2c_after_msg_report: C2cAfterMsgReport,
    c2c_after_msg_with_draw: C2cAfterMsgWithDraw,
    c2c_after_c2c_msg_extension: C2cAfterC2cMsgExtension,
    c2c_after_msg_read_receipt: C2cAfterMsgReadReceipt,
    c2c_after_modify_msg: C2cAfterModifyMsg,
    c2c_after_msg_read_all: C2cAfterMsgReadAll,
    group_before_create_group: GroupBeforeCreateGroup,
    group_after_create_group: GroupAfterCreateGroup,
    group_before_apply_join_group: GroupBeforeApplyJoinGroup,
    group_before_invite_join_group: GroupBeforeInviteJoinGroup,
    group_after_new_member_join: GroupAfterNewMemberJoin,
    group_after_member_exit: GroupAfterMemberExit,
    group_before_send_msg: GroupBeforeSendMsg,
    group_after_send_msg: GroupAfterSendMsg,
    group_after_group_full: GroupAfterGroupFull,
    group_after_group_destroyed: GroupAfterGroupDestroyed,
    group_after_group_info_changed: GroupAfterGroupInfoChanged,
    group_after_recall_msg: GroupAfterRecallMsg,
    group_on_member_state_change: GroupOnMemberStateChange,
    group_send_msg_exception: GroupSendMsgException,
    group_before_create_topic: GroupBeforeCreateTopic,
    group_after_create_topic: GroupAfterCreateTopic,
    group_after_topic_destroyed: GroupAfterTopicDestroyed,
    group_after_topic_info_changed: GroupAfterTopicInfoChanged,
    group_after_member_field_changed: GroupAfterMemberFieldChanged,
    group_after_group_attr_changed: GroupAfterGroupAttrChanged,
    group_after_read_receipt: GroupAfterReadReceipt,
    group_after_change_group_owner: GroupAfterChangeGroupOwner,
    group_on_daily_group_quota_alarm: GroupOnDailyGroupQuotaAlarm,
    group_after_group_msg_extension: GroupAfterGroupMsgExtension,
    group_after_modify_msg: GroupAfterModifyMsg,
    bot_on_c2c_message: BotOnC2cMessage,
    bot_on_group_message: BotOnGroupMessage,
    chatbot_on_c2c_signal_message: ChatbotOnC2cSignalMessage,
    content_callback_result_notify: ContentCallbackResultNotify,
    alert_request_over_limit: AlertRequestOverLimit,
    push_all_member_push: PushAllMemberPush,
    push_offline_push: PushOfflinePush,
    official_account_before_create_official_account: OfficialAccountBeforeCreateOfficialAccount,
    official_account_after_create_official_account: OfficialAccountAfterCreateOfficialAccount,
    official_account_after_official_account_info_changed: OfficialAccountAfterOfficialAccountInfoChanged,
    official_account_after_official_account_destroyed: OfficialAccountAfterOfficialAccountDestroyed,
    official_account_before_add_subscriber: OfficialAccountBeforeAddSubscriber,
    official_account_after_add_subscriber: OfficialAccountAfterAddSubscriber,
    official_account_after_official_account_full: OfficialAccountAfterOfficialAccountFull,
    official_account_after_delete_subscriber: OfficialAccountAfterDeleteSubscriber,
    official_account_before_send_msg: OfficialAccountBeforeSendMsg,
    official_account_after_send_msg: OfficialAccountAfterSendMsg,
    official_account_after_msg_with_draw: OfficialAccountAfterMsgWithDraw,
    live_after_create_room: LiveAfterCreateRoom,
    live_after_destroy_room: LiveAfterDestroyRoom,
    live_after_update_room_info: LiveAfterUpdateRoomInfo,
    live_after_set_metadata: LiveAfterSetMetadata,
    live_after_del_metadata: LiveAfterDelMetadata,
    live_after_create_room_reaching_threshold: LiveAfterCreateRoomReachingThreshold,
    live_after_member_state_changed: LiveAfterMemberStateChanged,
    live_after_change_owner: LiveAfterChangeOwner,
    live_after_modify_admin: LiveAfterModifyAdmin,
    live_after_create_battle: LiveAfterCreateBattle,
    live_after_start_battle: LiveAfterStartBattle,
    live_after_end_battle: LiveAfterEndBattle,
    live_before_send_gift: LiveBeforeSendGift,
    live_after_cloud_recording_changed: LiveAfterCloudRecordingChanged,
    mic_after_seat_info_changed: MicAfterSeatInfoChanged,
    room_after_create_room: RoomAfterCreateRoom,
    room_after_destroy_room: RoomAfterDestroyRoom,
    room_after_update_room_info: RoomAfterUpdateRoomInfo,
    room_after_member_enter: RoomAfterMemberEnter,
    room_after_member_leave: RoomAfterMemberLeave,
    call_after_start_call: CallAfterStartCall,
    call_after_member_changed: CallAfterMemberChanged,
    call_after_end_call: CallAfterEndCall,
}

static PLACES: LazyLock<HashMap<&'static str, &'static Known>> =
    LazyLock::new(|| KNOWN.iter().map(|known| (&*known.spec.name, known)).collect());

/// The catalogue's entry for a command.
pub(super) fn find(command: &str) -> Option<&'static Known> {
    PLACES.get(command).copied()
}

/// What people and the framework are told of each command.
pub(super) static SPECS: LazyLock<Vec<CommandSpec>> =
    LazyLock::new(|| KNOWN.iter().map(|known| known.spec.clone()).collect());
