//! Giving up access at Meta: the app is unsubscribed with the last route on a Page or WhatsApp
//! account, and permissions are taken back with a login's last connection. Best effort; what Meta
//! did not confirm, the receipt says.

use std::collections::BTreeSet;

use channels::meta::login::{Revoked, revoke};
use channels::meta::subscription::unsubscribe;
use domain::ConnectionId;

use super::Doomed;
use crate::eraser::Told;
use crate::shop::Shop;
use crate::tokens::Whose;

/// Unsubscribes where the relay confirms that this was the last route; it is the only one to know.
pub(super) async fn unsubscribe_last(shop: &Shop, doomed: &Doomed) -> Told {
    let Some(relay) = shop.relay() else {
        return Told::NotConfirmed;
    };
    let mut told = Vec::new();
    for connected in &doomed.connections {
        let stream = doomed.streams.iter().find(|(id, _)| *id == connected.id);
        let Some((_, stream)) = stream else {
            told.push(Told::NotConfirmed);
            continue;
        };
        let one = match relay.disconnect(*stream).await {
            Ok(answer) if !answer.last_on_subscription => Told::StillNeeded,
            Ok(_) => match shop.token_of(connected.id).await {
                Ok(Some(token)) => {
                    match unsubscribe(&shop.graph, &connected.account, &token).await {
                        Ok(()) => Told::Confirmed,
                        Err(error) if access_is_over(&error) => Told::AlreadyGone,
                        Err(_) => Told::NotConfirmed,
                    }
                }
                _ => Told::NotConfirmed,
            },
            Err(_) => Told::NotConfirmed,
        };
        told.push(one);
    }
    sum(&told)
}

/// Takes permissions back from logins that end here, unless another login of the same person is
/// still needed.
pub(super) async fn revoke_ending(shop: &Shop, doomed: &Doomed) -> Told {
    if doomed.logins.is_empty() {
        return Told::StillNeeded;
    }
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
        if is_needed_elsewhere(shop, &user, going.clone()).await {
            told.push(Told::StillNeeded);
            continue;
        }
        let one = match shop.kept_token(&Whose::Login(login.id.clone())).await {
            Ok(Some(kept)) => match revoke(&shop.graph, &kept.token(), &user).await {
                Ok(Revoked::Confirmed) => Told::Confirmed,
                Ok(Revoked::AlreadyGone) => Told::AlreadyGone,
                Err(error) if access_is_over(&error) => Told::AlreadyGone,
                Err(_) => Told::NotConfirmed,
            },
            _ => Told::NotConfirmed,
        };
        told.push(one);
    }
    sum(&told)
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
}
