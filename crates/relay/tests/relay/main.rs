//! The relay as the world sees it: over HTTP and its socket, with a stand-in for Meta and devices
//! that hold their own keys.

#[cfg(test)]
mod at_rest;
#[cfg(test)]
mod callbacks;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod deauthorize;
#[cfg(test)]
mod device;
#[cfg(test)]
mod disconnect;
#[cfg(test)]
mod fake_meta;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod json;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod login;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod pages;
#[cfg(test)]
#[cfg(unix)]
mod papers;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod road;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod turned_away;
#[cfg(test)]
mod twilio;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod world;
