//! Giving up access at Meta: the app is unsubscribed with the last route on a Page or WhatsApp
//! account, and permissions are taken back with a login's last connection. Best effort; what Meta
//! did not confirm, the receipt says.

use std::collections::{BTreeMap, BTreeSet};

use channels::meta::login::{Revoked, revoke};
use channels::meta::subscription::unsubscribe;
use domain::ConnectionId;
use store::shop::logins::Login;

use super::Doomed;
use crate::connected::Connected;
use crate::eraser::Told;
use crate::shop::Shop;
use crate::tokens::{Fresh, Whose};

/// Where the relay says that a connection was the last of the person who logged in, on any computer.
pub(super) type LastOfPerson = BTreeMap<ConnectionId, bool>;

/// Unsubscribes where the relay confirms that this was the last route; it is the only one to know.
pub(super) async fn unsubscribe_last(shop: &Shop, doomed: &Doomed) -> (Told, LastOfPerson) {
    let mut last_of_person = LastOfPerson::new();
    let Some(relay) = shop.relay() else {
        return (Told::NotConfirmed, last_of_person);
    };
    let mut told: BTreeMap<&str, Told> = BTreeMap::new();
    for connected in &doomed.connections {
        let subscription = connected.account.subscription_node();
        let stream = doomed.streams.iter().find(|(id, _)| *id == connected.id);
        let answer = match stream {
            Some((_, stream)) => relay.disconnect(*stream).await.ok(),
            None => None,
        };
        let Some(answer) = answer else {
            told.insert(subscription, Told::NotConfirmed);
            continue;
        };
        last_of_person.insert(connected.id, answer.last_of_login);
        let word = match answer.last_on_subscription {
            true => end_subscription(shop, connected).await,
            false => Told::StillNeeded,
        };
        hear(&mut told, subscription, word);
    }
    let told: Vec<Told> = told.into_values().collect();
    (sum(&told), last_of_person)
}

/// What is known of a subscription by now. Two connections may share one: that the first still left
/// it to the second says nothing any more once the second has ended it. What was not confirmed for
/// one of them stays so, for the relay may still have its route.
fn hear<'a>(told: &mut BTreeMap<&'a str, Told>, subscription: &'a str, word: Told) {
    let known = told.entry(subscription).or_insert(word);
    if *known != Told::NotConfirmed {
        *known = word;
    }
}

async fn end_subscription(shop: &Shop, connected: &Connected) -> Told {
    let (whose, account) = (Whose::Connection(connected.id), &connected.account);
    let ask = |token| async move { unsubscribe(&shop.graph, account, &token).await };
    match shop.ask_meta(&whose, Fresh::ForThisAlone, ask).await {
        Ok(Some(Ok(()))) => Told::Confirmed,
        Ok(Some(Err(error))) if access_is_over(&error) => Told::AlreadyGone,
        Ok(_) | Err(_) => Told::NotConfirmed,
    }
}

/// Takes permissions back from logins that end here, unless the same person's access is still
/// needed: here, or by the relay's word on another computer.
pub(super) async fn revoke_ending(
    shop: &Shop,
    doomed: &Doomed,
    last_of_person: &LastOfPerson,
) -> Told {
    let going: BTreeSet<ConnectionId> = doomed.connections.iter().map(|one| one.id).collect();
    let mut told = Vec::new();
    let mut users = BTreeSet::new();
    for login in &doomed.logins {
        let Some(user) = login.user_id.clone() else {
            continue;
        };
        if !users.insert(user.clone()) {
            continue;
        }
        let elsewhere = is_needed_on_another(shop, login, last_of_person).await;
        if elsewhere || is_needed_elsewhere(shop, &user, going.clone()).await {
            told.push(Told::StillNeeded);
            continue;
        }
        told.push(take_back(shop, login, &user).await);
    }
    sum(&told)
}

async fn take_back(shop: &Shop, login: &Login, user: &str) -> Told {
    let whose = Whose::Login(login.id.clone());
    let ask = |token| async move { revoke(&shop.graph, &token, user).await };
    match shop.ask_meta(&whose, Fresh::ForThisAlone, ask).await {
        Ok(Some(Ok(Revoked::Confirmed))) => Told::Confirmed,
        Ok(Some(Ok(Revoked::AlreadyGone))) => Told::AlreadyGone,
        Ok(Some(Err(error))) if access_is_over(&error) => Told::AlreadyGone,
        Ok(_) | Err(_) => Told::NotConfirmed,
    }
}

/// Whether the relay, where it could be asked, knows another connection of the same person's.
async fn is_needed_on_another(shop: &Shop, login: &Login, last_of_person: &LastOfPerson) -> bool {
    let id = login.id.clone();
    let covered = shop.shop_db(move |db| db.read(|read| read.connections_of_login(&id)));
    let covered = covered.await.unwrap_or_default();
    let said: Vec<bool> = covered
        .iter()
        .filter_map(|id| last_of_person.get(id).copied())
        .collect();
    !said.is_empty() && said.iter().all(|last| !last)
}

fn access_is_over(error: &channels::meta::Error) -> bool {
    error.verdict() == Some(channels::meta::Verdict::SignInEnded)
}

/// Whether a connection that stays is covered by a login of the same person.
async fn is_needed_elsewhere(shop: &Shop, user: &str, going: BTreeSet<ConnectionId>) -> bool {
    let user = user.to_owned();
    let needed = shop.shop_db(move |db| {
        db.read(|read| {
            for login in read.logins()? {
                if login.user_id.as_deref() == Some(user.as_str())
                    && read
                        .connections_of_login(&login.id)?
                        .iter()
                        .any(|id| !going.contains(id))
                {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    });
    // Not knowing, access is left as it is: the receipt says where to end it.
    needed.await.unwrap_or(true)
}

/// One word for several answers: the one that asks most of the owner.
fn sum(told: &[Told]) -> Told {
    [
        Told::NotConfirmed,
        Told::StillNeeded,
        Told::Confirmed,
        Told::AlreadyGone,
    ]
    .into_iter()
    .find(|one| told.contains(one))
    .unwrap_or(Told::StillNeeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_that_asks_most_of_the_owner_counts() {
        assert_eq!(
            sum(&[Told::Confirmed, Told::NotConfirmed]),
            Told::NotConfirmed
        );
        assert_eq!(
            sum(&[Told::Confirmed, Told::StillNeeded]),
            Told::StillNeeded
        );
        assert_eq!(sum(&[Told::Confirmed, Told::Confirmed]), Told::Confirmed);
        assert_eq!(sum(&[Told::AlreadyGone]), Told::AlreadyGone);
        assert_eq!(sum(&[]), Told::StillNeeded);
    }

    #[test]
    fn the_last_connection_of_a_subscription_says_what_became_of_it() {
        let after = |words: &[Told]| {
            let mut told = BTreeMap::new();
            words.iter().for_each(|word| hear(&mut told, "page", *word));
            told["page"]
        };
        assert_eq!(
            after(&[Told::StillNeeded, Told::Confirmed]),
            Told::Confirmed
        );
        assert_eq!(
            after(&[Told::StillNeeded, Told::NotConfirmed]),
            Told::NotConfirmed
        );
        assert_eq!(
            after(&[Told::NotConfirmed, Told::StillNeeded]),
            Told::NotConfirmed
        );
        assert_eq!(after(&[Told::StillNeeded]), Told::StillNeeded);
    }
}
