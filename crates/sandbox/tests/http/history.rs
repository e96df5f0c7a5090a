//! Profiles and what was said before, as the Graph API tells it.

use serde_json::json;

use crate::world::{PAGE, World};

#[tokio::test]
async fn names_and_pictures_come_only_after_the_customer_wrote() {
    let (world, tokens) = World::connected().await;
    let (psid, igsid) = (
        world.customer("messenger", "ken").await,
        world.customer("instagram", "ken").await,
    );
    assert_eq!(
        world.get(&psid, &tokens.page, &[]).await.1["error"]["error_subcode"],
        33
    );
    assert_eq!(
        world.get(&igsid, &tokens.page, &[]).await.1["error"]["code"],
        230
    );
    world.say("messenger", "ken", "配達").await;
    world.say("instagram", "ken", "配達").await;
    let fields = [("fields", "first_name,last_name,profile_pic")];
    let (_, person) = world.get(&psid, &tokens.page, &fields).await;
    assert_eq!(
        (&person["first_name"], &person["last_name"]),
        (&json!("健"), &json!("佐藤"))
    );
    let fields = [("fields", "name,username,profile_pic")];
    let (_, person) = world.get(&igsid, &tokens.page, &fields).await;
    assert_eq!(
        (&person["name"], &person["username"]),
        (&json!("佐藤 健"), &json!("ken.sato"))
    );
    let picture = world
        .http
        .get(person["profile_pic"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(picture.headers()["content-type"], "image/jpeg");
    assert!(
        picture
            .bytes()
            .await
            .unwrap()
            .starts_with(&[0xff, 0xd8, 0xff])
    );
}

#[tokio::test]
async fn the_newest_twenty_messages_can_be_read_back() {
    let (world, tokens) = World::connected().await;
    let mut ids = Vec::new();
    for number in 0..23 {
        ids.push(
            world
                .say("instagram", "sofia", &format!("Olá {number}"))
                .await,
        );
    }
    let query = [
        ("platform", "instagram"),
        (
            "fields",
            "id,updated_time,participants,messages{id,created_time,from,message}",
        ),
    ];
    let path = format!("{PAGE}/conversations");
    let (_, answer) = world.get(&path, &tokens.page, &query).await;
    let thread = &answer["data"][0];
    let messages = thread["messages"]["data"].as_array().unwrap();
    assert_eq!(
        (messages.len(), &messages[0]["message"]),
        (23, &json!("Olá 22"))
    );
    assert_eq!(messages[0]["from"]["username"], "sofia.marques");
    assert!(
        messages[20].get("message").is_none(),
        "no details of the 21st"
    );
    let detail = [("fields", "id,created_time,from,to,message")];
    let newest = world.get(&ids[22], &tokens.page, &detail).await.1;
    assert_eq!(newest["message"], "Olá 22");
    assert!(newest["created_time"].as_str().unwrap().ends_with("+0000"));
    let (status, oldest) = world.get(&ids[2], &tokens.page, &detail).await;
    assert_eq!((status, &oldest["error"]["code"]), (400, &json!(100)));
    let only = [("platform", "instagram"), ("user_id", "1")];
    assert_eq!(
        world.get(&path, &tokens.page, &only).await.1,
        json!({"data": []})
    );
}

#[tokio::test]
async fn conversations_are_paged_with_cursors() {
    let (world, tokens) = World::connected().await;
    for key in ["clara", "misaki", "layla"] {
        world.say("messenger", key, "Hi").await;
    }
    let path = format!("{PAGE}/conversations");
    let (_, first) = world.get(&path, &tokens.page, &[("limit", "2")]).await;
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    assert!(first["paging"]["next"].is_string());
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    let (_, second) = world
        .get(&path, &tokens.page, &[("limit", "2"), ("after", after)])
        .await;
    assert_eq!(second["data"].as_array().unwrap().len(), 1);
    assert!(second["paging"]["next"].is_null());
}
