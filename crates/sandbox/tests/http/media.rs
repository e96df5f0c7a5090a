//! Pictures both ways, and links that end.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::world::{INSTAGRAM, PAGE, PHONE, Tokens, World, cloud, event, read};

/// The smallest PNG there is to be believed.
fn png() -> Vec<u8> {
    let mut bytes = vec![0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
    bytes.extend([0; 64]);
    bytes
}

fn file(bytes: Vec<u8>, mime: &str) -> Part {
    Part::bytes(bytes)
        .file_name("picture.png")
        .mime_str(mime)
        .unwrap()
}

async fn send_picture(world: &World, channel: &str) -> Value {
    let body = json!({"channel": channel, "from": "clara", "picture": "bouquet"});
    world.control("say", body).await.1
}

#[tokio::test]
async fn a_customers_picture_is_behind_a_link_that_expires() {
    let (world, _) = World::connected().await;
    for channel in ["instagram", "messenger"] {
        send_picture(&world, channel).await;
        let url = world
            .relay
            .webhook(|body| {
                let object = if channel == "messenger" {
                    "page"
                } else {
                    "instagram"
                };
                let found = event(body, "message").filter(|_| body["object"] == object)?;
                found["message"]["attachments"][0]["payload"]["url"]
                    .as_str()
                    .map(str::to_owned)
            })
            .await;
        let picture = world.http.get(&url).send().await.unwrap();
        assert_eq!(picture.status(), 200);
        assert!(
            picture
                .bytes()
                .await
                .unwrap()
                .starts_with(&[0xff, 0xd8, 0xff])
        );
        let forged = url
            .replace("oe=", "oe=f")
            .replace("signature=", "signature=f");
        assert_eq!(world.http.get(forged).send().await.unwrap().status(), 403);
        world.fault(json!({"kind": "link_expired"})).await;
        assert_eq!(world.http.get(&url).send().await.unwrap().status(), 403);
    }
}

#[tokio::test]
async fn an_expired_picture_has_a_new_link_in_the_history() {
    let (world, tokens) = World::connected().await;
    let id = send_picture(&world, "instagram").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    world.pass(Duration::from_secs(49 * 3600));
    let (_, message) = world
        .get(&id, &tokens.page, &[("fields", "attachments")])
        .await;
    let image = &message["attachments"]["data"][0]["image_data"];
    assert_eq!(
        (&image["width"], &image["height"]),
        (&json!(640), &json!(480))
    );
    let url = image["url"].as_str().unwrap();
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn whatsapps_picture_needs_its_id_the_token_and_five_minutes() {
    let (world, tokens) = World::connected().await;
    send_picture(&world, "whatsapp").await;
    let image = world
        .relay
        .webhook(|body| cloud(body, "messages").map(|message| message["image"].clone()))
        .await;
    assert_eq!(image["mime_type"], "image/jpeg");
    let id = image["id"].as_str().unwrap();
    let (_, media) = world
        .get(id, &tokens.user, &[("phone_number_id", PHONE)])
        .await;
    assert_eq!(media["sha256"], image["sha256"]);
    let url = media["url"].as_str().unwrap().to_owned();
    let get = async |token: Option<&str>| {
        let mut request = world.http.get(&url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(get(None).await, 401);
    assert_eq!(get(Some("EAAother")).await, 401);
    assert_eq!(get(Some(&tokens.user)).await, 200);
    world.pass(Duration::from_secs(301));
    assert_eq!(get(Some(&tokens.user)).await, 404);
    let (_, again) = world.get(id, &tokens.user, &[]).await;
    assert_ne!(again["url"], url.as_str());
    world.pass(Duration::from_secs(7 * 24 * 3600));
    let (_, gone) = world.get(id, &tokens.user, &[]).await;
    assert_eq!(
        gone["error"]["error_subcode"], 33,
        "ids from webhooks live seven days"
    );
}

#[tokio::test]
async fn the_shop_uploads_to_whatsapp_and_sends_by_id() {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "clara", "A picture?").await;
    let form = Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", "image/png")
        .part("file", file(png(), "image/png"));
    let (status, answer) = world
        .upload(&format!("{PHONE}/media"), &tokens.user, form)
        .await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["id"].as_str().unwrap();
    let body = json!({
        "messaging_product": "whatsapp", "to": "+447700900142", "type": "image",
        "image": {"id": id, "caption": "Peonies"},
    });
    world
        .post(&format!("{PHONE}/messages"), &tokens.user, body)
        .await;
    let sent = world.state().await["sent"][0].clone();
    assert_eq!(
        (&sent["text"], &sent["picture"]),
        (&json!("Peonies"), &json!(id))
    );
    assert_eq!(
        world.delete(id, &tokens.user).await.1,
        json!({"success": true})
    );
    assert_eq!(world.get(id, &tokens.user, &[]).await.0, 400);
}

async fn attach(world: &World, tokens: &Tokens, platform: &str, reusable: bool) -> (u16, Value) {
    let message = json!({"attachment": {"type": "image", "payload": {"is_reusable": reusable}}});
    let form = Form::new()
        .text("platform", platform.to_owned())
        .text("message", message.to_string())
        .part("filedata", file(png(), "image/png"));
    world
        .upload(&format!("{PAGE}/message_attachments"), &tokens.page, form)
        .await
}

async fn send_attachment(
    world: &World,
    tokens: &Tokens,
    channel: &str,
    payload: Value,
) -> (u16, Value) {
    let body = json!({
        "recipient": {"id": world.customer(channel, "clara").await},
        "messaging_type": "RESPONSE",
        "message": {"attachment": {"type": "image", "payload": payload}},
    });
    world
        .try_post(&format!("{PAGE}/messages"), &tokens.page, body)
        .await
}

#[tokio::test]
async fn the_shop_uploads_for_messenger_or_instagram_and_sends_by_id() {
    let (world, tokens) = World::connected().await;
    for channel in ["messenger", "instagram"] {
        world.say(channel, "clara", "A picture?").await;
        let (status, answer) = attach(&world, &tokens, channel, true).await;
        assert_eq!(status, 200, "{answer}");
        let payload = json!({"attachment_id": answer["attachment_id"]});
        let (status, sent) = send_attachment(&world, &tokens, channel, payload.clone()).await;
        assert_eq!(status, 200, "{sent}");
        let mid = sent["message_id"].clone();
        let echo = world
            .relay
            .webhook(|body| {
                event(body, "message")
                    .filter(|e| e["message"]["mid"] == mid)
                    .cloned()
            })
            .await;
        assert_eq!(echo["message"]["attachments"][0]["type"], "image");
        let url = echo["message"]["attachments"][0]["payload"]["url"]
            .as_str()
            .unwrap();
        assert_eq!(
            world
                .http
                .get(url)
                .send()
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap(),
            png()
        );
        // An upload for one platform is unknown to the other.
        let other = if channel == "messenger" {
            "instagram"
        } else {
            "messenger"
        };
        world.say(other, "clara", "And here?").await;
        let (_, refused) = send_attachment(&world, &tokens, other, payload).await;
        assert_eq!(refused["error"]["error_subcode"], 2_018_047);
    }
}

#[tokio::test]
async fn an_upload_that_was_not_marked_reusable_cannot_be_sent_by_id() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "A picture?").await;
    let (_, answer) = attach(&world, &tokens, "messenger", false).await;
    let payload = json!({"attachment_id": answer["attachment_id"]});
    let (_, refused) = send_attachment(&world, &tokens, "messenger", payload).await;
    assert_eq!(refused["error"]["error_subcode"], 2_018_047);
}

#[tokio::test]
async fn a_file_can_go_along_with_the_message_or_lie_behind_a_link() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "A picture?").await;
    let message = json!({"attachment": {"type": "image", "payload": {}}});
    let recipient = json!({"id": world.customer("messenger", "clara").await});
    let form = Form::new()
        .text("recipient", recipient.to_string())
        .text("messaging_type", "RESPONSE")
        .text("message", message.to_string())
        .part("filedata", file(png(), "image/png"));
    let (status, answer) = world
        .upload(&format!("{PAGE}/messages"), &tokens.page, form)
        .await;
    assert_eq!(status, 200, "{answer}");
    let sample = world.sandbox.url.join("/sandbox/pictures/tulips").unwrap();
    let (status, answer) =
        send_attachment(&world, &tokens, "messenger", json!({"url": sample})).await;
    assert_eq!(status, 200, "{answer}");
    let nowhere = world.sandbox.url.join("/sandbox/pictures/nowhere").unwrap();
    let (_, refused) = send_attachment(&world, &tokens, "messenger", json!({"url": nowhere})).await;
    assert_eq!(refused["error"]["error_subcode"], 2_018_047);
}

#[tokio::test]
async fn a_customer_can_send_a_picture_of_their_own() {
    let (world, _) = World::connected().await;
    let picture = "data:image/png;base64,iVBORw0KGgoAAAAA";
    let body = json!({"channel": "instagram", "from": "clara", "picture": picture, "text": "Look"});
    assert_eq!(world.control("say", body).await.0, 200);
    let messages = world.state().await["conversations"][0]["messages"].clone();
    assert_eq!(
        messages[1]["text"], "Look",
        "Instagram's pictures have no words of their own"
    );
    let said = &messages[0];
    assert!(said["text"].is_null());
    let url = world
        .sandbox
        .url
        .join(said["picture"].as_str().unwrap())
        .unwrap();
    let response = world.http.get(url).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "image/png");
    let none =
        json!({"channel": "instagram", "from": "clara", "picture": "data:image/png;base64,aGk="});
    assert_eq!(world.control("say", none).await.0, 400);
}

#[tokio::test]
async fn a_file_of_another_account_cannot_be_sent() {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "clara", "A picture?").await;
    let (_, upload) = attach(&world, &tokens, "messenger", true).await;
    let body = json!({
        "messaging_product": "whatsapp", "to": "+447700900142", "type": "image",
        "image": {"id": upload["attachment_id"]},
    });
    let (_, refused) = world
        .try_post(&format!("{PHONE}/messages"), &tokens.user, body)
        .await;
    assert_eq!(refused["error"]["code"], 131_009);
    let url = world
        .sandbox
        .url
        .join(&format!("/graph/v25.0/{INSTAGRAM}/messages"))
        .unwrap();
    let request = world
        .http
        .post(url)
        .bearer_auth(&tokens.page)
        .json(&json!({}));
    let (_, refused) = read(request.send().await.unwrap()).await;
    assert_eq!(
        refused["error"]["error_subcode"], 33,
        "the Send API is the Page's"
    );
}
