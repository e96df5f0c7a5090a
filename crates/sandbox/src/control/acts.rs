//! Faults that happen at once.

use serde_json::Value;

use super::Problem;
use crate::graph::accounts::take_back;
use crate::world::World;
use crate::world::logins::Token;
use crate::world::shop::{self, Channel, Page, User};

/// What an act is about.
#[derive(Debug)]
pub(crate) struct Act {
    pub(crate) place: String,
    pub(crate) value: Value,
}

impl Act {
    fn words(&self) -> impl Iterator<Item = &str> {
        self.place.split_whitespace()
    }

    fn number(&self, usual: i64) -> i64 {
        self.value.as_i64().unwrap_or(usual)
    }

    fn user(&self, usual: &str) -> Option<&'static User> {
        self.words()
            .find_map(shop::user)
            .or_else(|| shop::user(usual))
    }

    fn pages(&self) -> Vec<&'static Page> {
        let named: Vec<&Page> = self.words().filter_map(shop::page).collect();
        if named.is_empty() {
            shop::PAGES.iter().collect()
        } else {
            named
        }
    }
}

pub(crate) type Done = Result<usize, Problem>;

pub(crate) fn token_expired(world: &mut World, act: &Act, now: i64) -> Done {
    Ok(world
        .logins
        .change(&act.place, |token| token.expires_at = Some(now - 1)))
}

pub(crate) fn token_revoked(world: &mut World, act: &Act, _now: i64) -> Done {
    let subcode = act.number(460);
    Ok(world
        .logins
        .change(&act.place, |token| token.dead = Some(subcode)))
}

pub(crate) fn password_changed(world: &mut World, act: &Act, _now: i64) -> Done {
    sessions_ended(world, act, 460)
}

pub(crate) fn logged_out(world: &mut World, act: &Act, _now: i64) -> Done {
    sessions_ended(world, act, 467)
}

pub(crate) fn checkpoint(world: &mut World, act: &Act, _now: i64) -> Done {
    sessions_ended(world, act, 459)
}

pub(crate) fn unconfirmed(world: &mut World, act: &Act, _now: i64) -> Done {
    sessions_ended(world, act, 464)
}

/// All of a person's tokens die, those of the person's Pages too. One that is dead stays as it is.
fn sessions_ended(world: &mut World, act: &Act, subcode: i64) -> Done {
    let user = act
        .user("owner")
        .ok_or_else(|| Problem::unknown("no such user"))?;
    let end = |token: &mut Token| {
        token.dead.get_or_insert(subcode);
    };
    Ok(world.logins.change(user.id, end))
}

pub(crate) fn permission_lost(world: &mut World, act: &Act, now: i64) -> Done {
    let user = act
        .user("owner")
        .ok_or_else(|| Problem::unknown("no such user"))?;
    let scopes: Vec<&str> = act
        .words()
        .filter(|word| shop::user(word).is_none())
        .collect();
    if scopes.is_empty() {
        return Err(Problem::bad("name the permissions in `where`"));
    }
    for scope in &scopes {
        take_back(world, user, Some(scope), now);
    }
    Ok(scopes.len())
}

pub(crate) fn role_lost(world: &mut World, act: &Act, _now: i64) -> Done {
    set_tasks(world, act, ("owner", false), None)
}

pub(crate) fn task_lost(world: &mut World, act: &Act, _now: i64) -> Done {
    set_tasks(world, act, ("owner", false), Some("MESSAGING"))
}

pub(crate) fn task_given(world: &mut World, act: &Act, _now: i64) -> Done {
    set_tasks(world, act, ("employee", true), Some("MESSAGING"))
}

fn set_tasks(
    world: &mut World,
    act: &Act,
    (usual, given): (&str, bool),
    task: Option<&str>,
) -> Done {
    let user = act
        .user(usual)
        .ok_or_else(|| Problem::unknown("no such user"))?;
    let mut changed = 0;
    for page in act.pages() {
        let tasks = match task {
            Some(task) => vec![task.to_owned()],
            None => world.logins.tasks_of(user, page.id),
        };
        for task in tasks {
            world.logins.set_task(user, page.id, &task, given);
            changed += 1;
        }
    }
    Ok(changed)
}

pub(crate) fn secret_changed(world: &mut World, act: &Act, _now: i64) -> Done {
    let secret = act.value.as_str().filter(|secret| !secret.is_empty());
    let secret = secret.ok_or_else(|| Problem::bad("give the new secret as `value`"))?;
    secret.clone_into(&mut world.app.secret);
    Ok(1)
}

pub(crate) fn unsubscribe(world: &mut World, act: &Act, _now: i64) -> Done {
    let account = |word: &str| match Channel::named(word) {
        Some(channel) => shop::usual_account(channel).to_owned(),
        None => word.to_owned(),
    };
    let mut named: Vec<String> = act.words().map(account).collect();
    if named.is_empty() {
        named = world.subscriptions.accounts();
    }
    Ok(named
        .iter()
        .filter(|account| world.subscriptions.end(account))
        .count())
}

pub(crate) fn message_too_old(world: &mut World, act: &Act, _now: i64) -> Done {
    let by = act.number(25) * 3_600_000;
    let mut changed = 0;
    for thread in &mut world.threads {
        let label = format!(
            "{} {} {}",
            thread.channel.name(),
            thread.person().key,
            thread.account
        );
        if act.words().all(|word| label.contains(word)) {
            thread.age(by);
            changed += 1;
        }
    }
    Ok(changed)
}

pub(crate) fn link_expired(world: &mut World, _act: &Act, now: i64) -> Done {
    world.media.expire_links(now + 1);
    Ok(1)
}

pub(crate) fn media_lost(world: &mut World, _act: &Act, _now: i64) -> Done {
    Ok(world.media.clear())
}

pub(crate) fn phone_on(world: &mut World, act: &Act, now: i64) -> Done {
    world.faults.heal("phone_off", &act.place);
    Ok(world.phones_catch_up(now))
}

pub(crate) fn webhook_release(world: &mut World, act: &Act, _now: i64) -> Done {
    world.faults.heal("webhook_hold", &act.place);
    Ok(1)
}

pub(crate) fn heal(world: &mut World, _act: &Act, _now: i64) -> Done {
    world.faults.heal_all();
    world.switches = crate::world::Switches::default();
    Ok(1)
}
