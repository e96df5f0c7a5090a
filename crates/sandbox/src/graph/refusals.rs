//! Meta's refusals that the state of the world leads to, one constructor each.

use super::error::Refusal;

/// Tokens and the app.
impl Refusal {
    pub(crate) fn no_token(path_is_me: bool) -> Self {
        if path_is_me {
            return Self::new(
                2500,
                "An active access token must be used to query information about the current user.",
            );
        }
        Self::new(104, "An access token is required to request this resource.")
    }

    pub(crate) fn malformed_token() -> Self {
        Self::new(
            190,
            "Invalid OAuth access token - Cannot parse access token",
        )
    }

    pub(crate) fn token_expired(expired: &str, now: &str) -> Self {
        Self::new(
            190,
            format!(
                "Error validating access token: Session has expired on {expired}. The current time is {now}."
            ),
        )
        .sub(463)
    }

    /// A token that died otherwise than by age; `subcode` says how.
    pub(crate) fn token_dead(subcode: i64, app_id: &str) -> Self {
        let reason = match subcode {
            458 => format!("The user has not authorized application {app_id}."),
            459 => "You cannot access the app till you log in to www.facebook.com and follow the instructions given.".to_owned(),
            460 => "The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons.".to_owned(),
            464 => "Sessions for the user are not allowed because the user is not a confirmed user.".to_owned(),
            492 => "The user must be an administrator, editor, or moderator of the page in order to impersonate it.".to_owned(),
            _ => "The session is invalid because the user logged out.".to_owned(),
        };
        Self::new(190, format!("Error validating access token: {reason}")).sub(subcode)
    }

    pub(crate) fn proof_missing() -> Self {
        Self::new(
            100,
            "API calls from the server require an appsecret_proof argument",
        )
        .method_exception()
    }

    pub(crate) fn proof_wrong() -> Self {
        Self::new(100, "Invalid appsecret_proof provided in the API argument").method_exception()
    }

    pub(crate) fn wrong_app() -> Self {
        Self::new(
            101,
            "Error validating application. Cannot get application info due to a system error.",
        )
    }

    pub(crate) fn wrong_secret() -> Self {
        Self::new(1, "Error validating client secret.")
    }

    pub(crate) fn code_unknown() -> Self {
        Self::new(100, "Invalid verification code format.")
    }

    pub(crate) fn code_for_other_redirect() -> Self {
        Self::new(
            100,
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request",
        )
        .sub(36008)
    }

    pub(crate) fn code_expired() -> Self {
        Self::new(100, "This authorization code has expired.").sub(36007)
    }

    pub(crate) fn code_used() -> Self {
        Self::new(100, "This authorization code has been used.").sub(36009)
    }

    pub(crate) fn code_verifier() -> Self {
        Self::new(100, "Invalid code_verifier parameter.")
    }

    pub(crate) fn app_token_needed() -> Self {
        Self::new(
            100,
            "(#100) You must provide an app access token, or a user access token that is an owner or developer of the app",
        )
    }
}

/// Objects, parameters and permissions.
impl Refusal {
    pub(crate) fn no_object(method: &str, id: &str) -> Self {
        Self::new(
            100,
            format!(
                "Unsupported {} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api",
                method.to_lowercase()
            ),
        )
        .sub(33)
        .method_exception()
    }

    pub(crate) fn unknown_alias(id: &str) -> Self {
        Self::new(
            803,
            format!("(#803) Some of the aliases you requested do not exist: {id}"),
        )
        .status(404)
    }

    pub(crate) fn unknown_path(path: &str) -> Self {
        Self::new(2500, format!("Unknown path components: /{path}"))
    }

    pub(crate) fn parameter(message: &str) -> Self {
        Self::new(100, format!("(#100) {message}"))
    }

    pub(crate) fn parameter_needed(name: &str) -> Self {
        Self::parameter(&format!("The parameter {name} is required"))
    }

    pub(crate) fn no_such_field(field: &str, node: &str) -> Self {
        Self::parameter(&format!(
            "Tried accessing nonexisting field ({field}) on node type ({node})"
        ))
    }

    /// A permission the person never granted, or took back.
    pub(crate) fn permission(scope: &str) -> Self {
        match scope {
            "pages_messaging" => Self::new(
                230,
                "(#230) Requires pages_messaging permission to manage the object",
            )
            .status(403),
            "instagram_manage_messages" => Self::new(
                10,
                "(#10) Requires instagram_manage_messages permission to manage the object",
            )
            .status(403),
            "whatsapp_business_messaging" => Self::whatsapp(
                403,
                131_005,
                "Access denied",
                "Permission is either not granted or has been removed.",
            ),
            "whatsapp_business_management" => Self::new(
                200,
                "Your app doesn't have permission to access this WhatsApp Business Account",
            )
            .sub(1_349_174)
            .status(403)
            .user(
                "Permission Denied",
                "Your app doesn't have permission to access this resource",
            ),
            "pages_read_engagement" => Self::new(
                100,
                "Object does not exist, cannot be loaded due to missing permission or reviewable feature, or does not support this operation. This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' feature or the 'Page Public Metadata Access' feature.",
            ),
            other => Self::new(
                200,
                format!("(#200) Requires {other} permission to manage the object"),
            )
            .status(403),
        }
    }

    pub(crate) fn page_token_needed() -> Self {
        Self::new(
            210,
            "(#210) A page access token is required to request this resource.",
        )
        .status(403)
    }

    /// The person has a role on the Page, but not this task.
    pub(crate) fn task(task: &str) -> Self {
        Self::new(
            200,
            format!("(#200) The user must have the {task} task on the page to make this call."),
        )
        .status(403)
    }

    pub(crate) fn capability() -> Self {
        Self::new(
            3,
            "(#3) Application does not have the capability to make this API call.",
        )
    }

    pub(crate) fn consent() -> Self {
        Self::new(
            230,
            "(#230) User consent is required to access user profile",
        )
        .status(403)
    }
}

/// Messages.
impl Refusal {
    pub(crate) fn no_matching_user() -> Self {
        Self::parameter("No matching user found").sub(2_018_001)
    }

    /// What Messenger said of a closed window before it had a subcode of its own.
    pub(crate) fn messenger_window_of_old() -> Self {
        Self::new(10, "(#10) This message is sent outside of allowed window.")
            .sub(2_018_065)
            .status(403)
    }

    pub(crate) fn messenger_window() -> Self {
        Self::new(
            10,
            "(#10) This message is sent outside of allowed window. Learn more about the new policy here: https://developers.facebook.com/docs/messenger-platform/policy-overview",
        )
        .sub(2_018_278)
        .status(403)
    }

    pub(crate) fn instagram_window() -> Self {
        Self::new(10, "(#10) This message is sent outside of allowed window.")
            .sub(2_534_022)
            .status(403)
    }

    /// Under 551; 10 and 200 have been seen with the same subcode.
    pub(crate) fn person_unavailable(code: i64) -> Self {
        let status = if code == 551 { 400 } else { 403 };
        Self::new(
            code,
            format!("(#{code}) This person isn't available right now."),
        )
        .sub(1_545_041)
        .status(status)
    }

    pub(crate) fn cannot_receive() -> Self {
        Self::new(10, "(#10) This person cannot receive messages right now.")
            .sub(2_018_108)
            .status(403)
    }

    pub(crate) fn attachment_upload() -> Self {
        Self::parameter("Upload attachment failure.").sub(2_018_047)
    }

    pub(crate) fn message_deleted() -> Self {
        Self::parameter("The requested message has been deleted.")
    }

    pub(crate) fn whatsapp_missing(details: &str) -> Self {
        Self::whatsapp(400, 131_008, "Required parameter is missing", details)
    }

    pub(crate) fn whatsapp_invalid(details: &str) -> Self {
        Self::whatsapp(400, 131_009, "Parameter value is not valid", details)
    }

    pub(crate) fn whatsapp_window() -> Self {
        Self::whatsapp(
            400,
            131_047,
            "Re-engagement message",
            "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
        )
    }

    pub(crate) fn whatsapp_same_number() -> Self {
        Self::whatsapp(
            400,
            131_021,
            "Recipient cannot be sender",
            "Sender and recipient phone number is the same.",
        )
    }

    pub(crate) fn whatsapp_pair_limit() -> Self {
        Self::whatsapp(
            400,
            131_056,
            "(Business Account, Consumer Account) pair rate limit hit",
            "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time.",
        )
    }
}
