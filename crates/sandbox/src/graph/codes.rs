//! Meta's refusals by their number: limits, outages, and whatever else a test asks for.

use super::error::Refusal;

/// Limits and outages.
impl Refusal {
    /// The refusal of a limit or outage by its code, as `faults` asks for it.
    pub(crate) fn by_code(code: i64, subcode: Option<i64>) -> Self {
        if let Some(subcode) = subcode {
            return Self::by_subcode(code, subcode).sub(subcode);
        }
        match code {
            1 => Self::new(1, "An unknown error occurred").status(500),
            2 => Self::new(2, "An unexpected error occurred. Please retry your request")
                .status(500)
                .method_exception()
                .transient(),
            4 => Self::new(4, "(#4) Application request limit reached").transient(),
            9 => Self::new(9, "(#9) User is performing too many actions"),
            17 => Self::new(17, "(#17) User request limit reached").transient(),
            32 => Self::new(32, "(#32) Page request limit reached"),
            33 => Self::new(
                33,
                "This object does not exist or does not support this action",
            )
            .method_exception(),
            102 => Self::new(102, "Session key invalid or no longer valid"),
            341 => Self::new(341, "(#341) Feed action request limit reached"),
            368 => Self::new(
                368,
                "The action attempted has been deemed abusive or is otherwise disallowed",
            )
            .user(
                "You're Temporarily Blocked",
                "It looks like you were misusing this feature by going too fast.",
            ),
            551 => Self::person_unavailable(551),
            613 => Self::new(
                613,
                "(#613) Calls to this api have exceeded the rate limit.",
            ),
            80_001 | 80_002 | 80_006 | 80_007 | 80_008 => Self::new(
                code,
                format!(
                    "(#{code}) There have been too many calls to this account. Wait a bit and try again."
                ),
            ),
            _ => Self::whatsapp_by_code(code),
        }
    }

    /// Where the subcode has words of its own; beside others stand the code's.
    fn by_subcode(code: i64, subcode: i64) -> Self {
        match (code, subcode) {
            (1, 1_357_046) => {
                Self::new(1, "(#1) Sorry, this feature isn't available right now.").status(500)
            }
            (2, 2_018_344) => Self::new(2, "(#2) Service temporarily unavailable")
                .status(500)
                .transient(),
            (4, 2_018_354) => Self::new(4, "(#4) This app sends too many messages").transient(),
            (4, 2_446_079) => Self::new(4, "Application request limit reached").transient(),
            (10, 2_018_065) => Self::messenger_window_of_old(),
            (10, 2_018_108) => Self::cannot_receive(),
            (190, _) => Self::token_dead(subcode, "the app"),
            (10 | 200, 1_545_041) => Self::person_unavailable(code),
            _ => Self::by_code(code, None),
        }
    }

    fn whatsapp_by_code(code: i64) -> Self {
        match code {
            131_047 => return Self::whatsapp_window(),
            131_056 => return Self::whatsapp_pair_limit(),
            _ => {}
        }
        match WHATSAPP.iter().find(|(known, ..)| *known == code) {
            Some((_, status, title, details)) => Self::whatsapp(*status, code, title, *details),
            None => Self::new(code, format!("(#{code}) The call was refused.")),
        }
    }
}

/// WhatsApp's codes: HTTP status, title, details.
#[rustfmt::skip]
const WHATSAPP: &[(i64, u16, &str, &str)] = &[
    (0, 401, "AuthException", "We were unable to authenticate the app user."),
    (130_429, 400, "Rate limit hit", "Message failed to send because there were too many messages sent from this phone number in a short period of time"),
    (130_472, 400, "User's number is part of an experiment", "Failed to send message because this user's phone number is part of an experiment"),
    (130_497, 403, "Business account is restricted from messaging users in this country.", "The WhatsApp Business account may not message users in this country."),
    (131_000, 500, "Something went wrong", "Message failed to send due to an unknown error."),
    (131_005, 403, "Access denied", "Permission is either not granted or has been removed."),
    (131_016, 500, "Service unavailable", "A service is temporarily unavailable."),
    (131_026, 400, "Message undeliverable", "Message Undeliverable."),
    (131_030, 400, "Recipient phone number not in allowed list", "Recipient phone number not in allowed list: Add recipient phone number to recipient list and try again."),
    (131_031, 403, "Account has been locked", "Business Account has been locked because it violated a policy or data could not be verified."),
    (131_037, 400, "WhatsApp provided number needs display name approval before message can be sent.", "The number's display name has not been approved."),
    (131_042, 400, "Business eligibility payment issue", "Message failed to send because of one or more errors related to your payment method."),
    (131_045, 500, "Incorrect certificate", "The phone number is not registered."),
    (131_048, 400, "Spam rate limit hit", "Message failed to send because there are restrictions on how many messages can be sent from this phone number."),
    (131_049, 400, "This message was not delivered to maintain healthy ecosystem engagement.", "In order to maintain a healthy ecosystem engagement, the message failed to be delivered."),
    (131_051, 400, "Unsupported message type", "Message type is not currently supported."),
    (131_052, 400, "Media download error", "Unable to download the media sent by the user."),
    (131_053, 400, "Media upload error", "Unable to upload the media used in the message."),
    (131_057, 500, "Account in maintenance mode", "Business Account is in maintenance mode."),
    (133_004, 503, "Server temporarily unavailable", "Server is temporarily unavailable."),
    (133_010, 400, "Phone number not registered", "Phone number not registered on the WhatsApp Business Platform."),
    (135_000, 400, "Generic user error", "Message failed to send because of an unknown error with your request parameters."),
];
