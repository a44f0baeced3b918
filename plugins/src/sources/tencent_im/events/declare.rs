//! The form of a declaration.

/// Declares a command: its event, and beside the fields all that is known of it.
macro_rules! command {
    (
        $(#[doc = $about:literal])+
        $event:ident = $command:literal {
            title: $title:literal,
            title_zh: $title_zh:literal,
            doc: $doc:literal,
            reply: $rule:expr,
            natural_key: [$($must:ident),*] $(or without [$($may:ident),*])?,
            order_by: $order_by:ident,
            sample: $sample:literal,
        }
        fields {
            $($fields:tt)*
        }
    ) => {
        $crate::sources::tencent_im::wire::object! {
            $(#[doc = $about])+
            $event { $($fields)* }
        }

        impl switchhook_api::Event for $event {
            const COMMAND: &'static str = $command;
        }

        impl $event {
            pub(super) fn declared() -> $crate::sources::tencent_im::events::Known {
                #[allow(unused_imports, reason = "not every declaration needs every word")]
                use $crate::sources::tencent_im::{
                    keys::{Natural, OrderBy, Part},
                    rule::{self, Codes, Rule::*},
                    wire::Fields,
                };

                $crate::sources::tencent_im::events::Declared {
                    command: $command,
                    title: $title,
                    title_zh: $title_zh,
                    about: concat!($($about, "\n"),+),
                    doc: $doc,
                    fields: <$event as Fields>::FIELDS,
                    sample: $sample,
                    rule: $rule,
                    natural: Natural { must: &[$(Part::$must),*], may: &[$($(Part::$may),*)?] },
                    order_by: OrderBy::$order_by,
                }
                .into()
            }
        }
    };
}
