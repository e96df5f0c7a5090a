//! The sandbox over plain HTTP: a relay of a few lines, a client that is none of ours.

#[cfg(test)]
mod callbacks;
#[cfg(test)]
mod causes;
#[cfg(test)]
mod control;
#[cfg(test)]
mod dashboard;
#[cfg(test)]
mod dialog;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod history;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod login;
#[cfg(test)]
mod media;
#[cfg(test)]
mod message_refusals;
#[cfg(test)]
mod program;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod road;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod world;
