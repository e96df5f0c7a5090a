//! The store on real SQLCipher files in folders of their own.

#[cfg(test)]
mod befallen;
#[cfg(test)]
mod beside;
#[cfg(test)]
mod echoes;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod full;
#[cfg(test)]
mod ingest;
#[cfg(test)]
mod keychain;
#[cfg(test)]
mod log;
#[cfg(test)]
mod media;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod order;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod placeholders;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod road;
#[cfg(test)]
mod search;
#[cfg(test)]
mod shop;

#[cfg(test)]
mod support;
#[cfg(test)]
mod thread;
