//! `GET /{id}`: people, Pages, Instagram accounts, numbers, files, messages, customers.

use base64::Engine as _;
use serde_json::{Map, Value, json};

use super::accounts::{managed_waba, object};
use super::call::{Call, Caller};
use super::error::Refusal;
use super::fields::Node;
use super::whatsapp::trouble;
use super::{history, whatsapp_media};
use crate::pictures::SHOP;
use crate::world::World;
use crate::world::people::{self, PEOPLE};
use crate::world::shop::{self, Channel, Instagram, Page, User, Waba};

pub(crate) const PAGE_EMPTY: &[&str] = &[
    "instagram_business_account",
    "connected_instagram_account",
    "about",
    "username",
    "access_token",
];
pub(crate) const PHONE_USUAL: &[&str] = &[
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "id",
];

pub(crate) fn read(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    (id, now): (&str, i64),
) -> Result<Value, Refusal> {
    if let Some(answer) = world.nodes.get(id) {
        return told(answer);
    }
    let fields = call.params.text("fields");
    let fields = fields.as_deref();
    if id == world.app.id {
        return app_node(world, caller, fields);
    }
    if let Some(user) = shop::user(id).filter(|user| user.id == id) {
        return person_of_shop(caller, user, fields);
    }
    if let Some(page) = shop::page(id) {
        return page_node(world, caller, (page, now), fields);
    }
    if let Some((page, account)) = shop::instagram(id) {
        caller.needs(world, "instagram_basic", Some(account.id))?;
        return instagram_node(world, (page, account), now).answer(fields);
    }
    if shop::waba(id).is_some() {
        let waba = managed_waba(world, caller, id)?;
        return waba_node(waba).answer(fields);
    }
    if let Some(waba) = shop::phone(id) {
        managed_waba(world, caller, waba.id)?;
        let usual = PHONE_USUAL;
        let value = phone_fields(world, waba);
        return Node {
            kind: "WhatsAppBusinessPhoneNumber",
            value,
            empty: &[],
            usual,
        }
        .answer(fields);
    }
    if world
        .media
        .get(id)
        .is_some_and(|media| media.channel == Channel::Whatsapp)
    {
        return whatsapp_media::media(world, call, caller, (id, now));
    }
    if let Some(found) = history::node(world, caller, (id, now), fields) {
        return found;
    }
    customer(world, caller, (id, now), fields)
}

/// What a test told us to say of a node; an `error` inside is said as an error.
fn told(answer: &Value) -> Result<Value, Refusal> {
    let Some(error) = answer.get("error") else {
        return Ok(answer.clone());
    };
    let code = error.get("code").and_then(Value::as_i64).unwrap_or(1);
    let subcode = error.get("error_subcode").and_then(Value::as_i64);
    match (code, subcode, error.get("message").and_then(Value::as_str)) {
        (_, None, Some(message)) => Err(Refusal::new(code, message)),
        _ => Err(Refusal::by_code(code, subcode)),
    }
}

fn app_node(world: &World, caller: &Caller, fields: Option<&str>) -> Result<Value, Refusal> {
    if !matches!(caller, Caller::App) {
        return Err(Refusal::no_object("get", &world.app.id));
    }
    let value = object(json!({
        "id": world.app.id,
        "name": world.app.name,
        "category": "Business",
        "link": format!("https://www.facebook.com/games/?app_id={}", world.app.id),
    }));
    Node {
        kind: "Application",
        value,
        empty: &[],
        usual: &["category", "link", "name", "id"],
    }
    .answer(fields)
}

fn person_of_shop(caller: &Caller, user: &User, fields: Option<&str>) -> Result<Value, Refusal> {
    if caller.token()?.user.id != user.id {
        return Err(Refusal::no_object("get", user.id));
    }
    let value = object(json!({"name": user.name, "id": user.id}));
    Node {
        kind: "User",
        value,
        empty: &["email", "picture"],
        usual: &["name", "id"],
    }
    .answer(fields)
}

pub(crate) fn page_fields(
    world: &World,
    caller: &Caller,
    page: &Page,
    now: i64,
) -> Map<String, Value> {
    let (category_id, category) = page.category;
    let mut value = object(json!({
        "id": page.id,
        "name": page.name,
        "category": category,
        "category_list": [{"id": category_id, "name": category}],
        "link": format!("https://www.facebook.com/{}", page.id),
        "picture": {"data": {
            "height": 160,
            "is_silhouette": false,
            "url": world.profile_link(SHOP, now),
            "width": 160,
        }},
    }));
    if let (Some(account), Ok(token)) = (&page.instagram, caller.token())
        && world
            .logins
            .allows(token.user, "instagram_basic", Some(account.id))
    {
        value.insert(
            "instagram_business_account".into(),
            instagram_value(world, account, now),
        );
    }
    value
}

fn instagram_value(world: &World, account: &Instagram, now: i64) -> Value {
    json!({
        "id": account.id,
        "username": account.username,
        "name": account.name,
        "profile_picture_url": world.profile_link(SHOP, now),
    })
}

fn page_node(
    world: &World,
    caller: &Caller,
    (page, now): (&'static Page, i64),
    fields: Option<&str>,
) -> Result<Value, Refusal> {
    let user = caller.token()?.user;
    if world.logins.tasks_of(user, page.id).is_empty() {
        return Err(Refusal::no_object("get", page.id));
    }
    let listed = world.logins.allows(user, "pages_show_list", Some(page.id));
    let read = world
        .logins
        .allows(user, "pages_read_engagement", Some(page.id));
    if !listed && !read {
        return Err(Refusal::permission("pages_read_engagement"));
    }
    let mut value = page_fields(world, caller, page, now);
    value.insert("tasks".into(), json!(world.logins.tasks_of(user, page.id)));
    Node {
        kind: "Page",
        value,
        empty: PAGE_EMPTY,
        usual: &["name", "id"],
    }
    .answer(fields)
}

fn instagram_node(world: &World, (page, account): (&Page, &Instagram), now: i64) -> Node {
    let mut value = object(instagram_value(world, account, now));
    value.insert("ig_id".into(), json!(account.id));
    value.insert("followers_count".into(), json!(1_284));
    value.insert("follows_count".into(), json!(312));
    value.insert("media_count".into(), json!(207));
    value.insert("biography".into(), json!("Flowers for every day. 🌿🎀"));
    value.insert(
        "website".into(),
        json!(format!("https://www.facebook.com/{}", page.id)),
    );
    Node {
        kind: "IGUser",
        value,
        empty: &[],
        usual: &["id"],
    }
}

fn waba_node(waba: &Waba) -> Node {
    let value = object(json!({
        "id": waba.id,
        "name": waba.name,
        "currency": "GBP",
        "timezone_id": "22",
        "message_template_namespace": "f2b1c9d8_0a57_4b6e_9c1d_2f3e4a5b6c7d",
        "account_review_status": "APPROVED",
        "owner_business_info": {"name": shop::BUSINESS.1, "id": shop::BUSINESS.0},
    }));
    let usual = &[
        "id",
        "name",
        "currency",
        "timezone_id",
        "message_template_namespace",
    ];
    Node {
        kind: "WhatsAppBusinessAccount",
        value,
        empty: &[],
        usual,
    }
}

pub(crate) fn phone_fields(world: &World, waba: &Waba) -> Map<String, Value> {
    let trouble = trouble(world, waba);
    let can_send = if trouble.is_some() {
        "BLOCKED"
    } else {
        "AVAILABLE"
    };
    let is = |wrong| trouble == Some(wrong);
    object(json!({
        "id": waba.phone,
        "verified_name": waba.name,
        "display_phone_number": waba.display,
        "code_verification_status": "VERIFIED",
        "quality_rating": "GREEN",
        "status": if is("unregistered") { "DISCONNECTED" } else { "CONNECTED" },
        "name_status": if is("unnamed") { "DECLINED" } else { "APPROVED" },
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        "is_official_business_account": false,
        "is_on_biz_app": false,
        "is_pin_enabled": true,
        "account_mode": "LIVE",
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "messaging_limit_tier": "TIER_2K",
        "health_status": {"can_send_message": can_send, "entities": [
            {"entity_type": "PHONE_NUMBER", "id": waba.phone, "can_send_message": can_send},
            {"entity_type": "WABA", "id": waba.id, "can_send_message": "AVAILABLE"},
        ]},
    }))
}

/// A customer, as the Page or its Instagram account may see them.
fn customer(
    world: &World,
    caller: &Caller,
    (id, now): (&str, i64),
    fields: Option<&str>,
) -> Result<Value, Refusal> {
    if !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::unknown_alias(id));
    }
    let gone = || Refusal::no_object("get", id);
    let page = shop::page(caller.page().map_err(|_| gone())?).ok_or_else(gone)?;
    let wrote = |channel, account: &str, index| {
        world
            .thread(channel, account, index)
            .is_some_and(|thread| thread.customer_at.is_some())
    };
    if let Some(index) = people::by_id(id, Channel::Messenger, page.id) {
        caller.needs(world, "pages_messaging", Some(page.id))?;
        if !wrote(Channel::Messenger, page.id, index) {
            return Err(gone());
        }
        return messenger_person(world, index, id, now).answer(fields);
    }
    let account = page.instagram.as_ref().ok_or_else(gone)?;
    let index = people::by_id(id, Channel::Instagram, account.id).ok_or_else(gone)?;
    caller.needs(world, "instagram_manage_messages", Some(account.id))?;
    if !wrote(Channel::Instagram, account.id, index) {
        return Err(Refusal::consent());
    }
    instagram_person(world, index, id, now).answer(fields)
}

fn messenger_person(world: &World, index: usize, id: &str, now: i64) -> Node {
    let person = PEOPLE.get(index).unwrap_or(&PEOPLE[0]);
    let value = object(json!({
        "first_name": person.first,
        "last_name": person.last,
        "name": person.name,
        "profile_pic": world.profile_link(person.key, now),
        "id": id,
    }));
    let usual = &["first_name", "last_name", "profile_pic", "id"];
    Node {
        kind: "User",
        value,
        empty: &["locale", "timezone", "gender"],
        usual,
    }
}

fn instagram_person(world: &World, index: usize, id: &str, now: i64) -> Node {
    let person = PEOPLE.get(index).unwrap_or(&PEOPLE[0]);
    let value = object(json!({
        "name": person.name,
        "username": person.username,
        "profile_pic": world.profile_link(person.key, now),
        "follower_count": 40 + index * 17,
        "is_user_follow_business": index.is_multiple_of(2),
        "is_business_follow_user": false,
        "is_verified_user": false,
        "id": id,
    }));
    Node {
        kind: "IGBusinessScopedID",
        value,
        empty: &[],
        usual: &["name", "username", "id"],
    }
}

/// A file's hash the way WhatsApp's media object has it.
pub(crate) fn media_hash(bytes: [u8; 32]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
