//! The rules of the repository that no compiler knows, each with a negative control: a made-up
//! repository in which the same check finds what it is there to find.

#[path = "tidy/catalogue.rs"]
mod catalogue;
#[path = "tidy/crates.rs"]
mod crates;
#[path = "tidy/data_map.rs"]
mod data_map;
#[path = "tidy/fetched.rs"]
mod fetched;
#[path = "tidy/licences.rs"]
mod licences;
#[path = "tidy/links.rs"]
mod links;
#[path = "tidy/permissions.rs"]
mod permissions;
#[path = "tidy/promises.rs"]
mod promises;
#[path = "tidy/repository.rs"]
mod repository;
#[path = "tidy/security_page.rs"]
mod security_page;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/sources.rs"]
mod sources;
#[path = "tidy/ways_out.rs"]
mod ways_out;
#[path = "tidy/window_lock.rs"]
mod window_lock;
#[path = "tidy/words.rs"]
mod words;
