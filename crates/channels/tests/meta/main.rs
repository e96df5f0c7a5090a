//! The client against servers on this computer that answer what a test tells them to.

#[cfg(test)]
#[path = "../beside/folder.rs"]
mod beside;
#[cfg(test)]
mod elsewhere;
#[cfg(test)]
mod history;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod lies;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod login;
#[cfg(test)]
mod media;
#[cfg(test)]
mod media_answer;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod server;
#[cfg(test)]
mod silence;
