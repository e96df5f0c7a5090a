//! A relay in wrong hands: what the shipped relay sealed and signed is taken and changed on its way,
//! five hundred times. Every omission, repetition, exchange, alteration and forgery is noticed or
//! without effect.

use anyhow::{Context, Result, ensure};
use domain::Channel;
use wire::SigningSecret;
use wire::chain::{Cursor, Head};
use wire::envelope::Envelope;

use crate::counts::{Dice, Rounds, report};
use crate::device::{Device, Frame};
use crate::ground::Ground;
use crate::load::{Http, Maker, words};
use crate::victims::kill;

/// Under this name the counts are kept.
const COUNTED: &str = "evil-relay";
/// Cases in the short run.
const CASES: u32 = 500;
/// Messages in the stream.
const MESSAGES: usize = 24;

/// What the relay does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Omit,
    Repeat,
    Swap,
    /// Three or more in the other direction.
    Reverse,
    /// One of another stream of the same shop in its place, as it came or as if it were of this.
    Stray,
    Disguise,
    AlterSealed,
    AlterPlace,
    AlterHead,
    ForgeHead,
    ForgeEnvelope,
}

const DEEDS: [Deed; 11] = [
    Deed::Omit,
    Deed::Repeat,
    Deed::Swap,
    Deed::Reverse,
    Deed::Stray,
    Deed::Disguise,
    Deed::AlterSealed,
    Deed::AlterPlace,
    Deed::AlterHead,
    Deed::ForgeHead,
    Deed::ForgeEnvelope,
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_evil_relay_does_is_noticed_or_without_effect() -> Result<()> {
    let (ground, mut relay, desk) = Ground::connected().await?;
    desk.stop().await?;
    let device = Device::of(&ground.data(), &ground.keychain()?)?;
    let beside = Device::on(Channel::Instagram, &ground.data(), &ground.keychain()?)?;
    let mut http = Http::connect(ground.address()).await;
    for number in 0..MESSAGES {
        for channel in [0, 1] {
            let status = http.post(&Maker::new().webhook_on(channel, number)).await?;
            ensure!(status == 200, "the relay answered {status}");
        }
    }
    let last = words(MESSAGES - 1);
    let (honest, frames) = device.frames(ground.address(), &last).await?;
    let (said, strays) = beside.frames(ground.address(), &last).await?;
    ensure!(said.len() == MESSAGES, "the other stream is short");
    let strays: Vec<Envelope> = strays.into_iter().filter_map(Frame::envelope).collect();
    kill(&mut relay).await?;
    ensure!(
        honest.len() == MESSAGES,
        "{} of {MESSAGES} came",
        honest.len()
    );
    ensure!(
        device.believe(&frames)? == honest,
        "control: the honest one is believed"
    );

    let mut dice = Dice::new(5);
    let (mut cases, mut fooled, mut passed_over) = (0, 0, 0);
    for case in Rounds::at_least(CASES, COUNTED) {
        let deed = DEEDS[usize::try_from(case)? % DEEDS.len()];
        let changed = done(deed, (&frames, &strays), &mut dice)?;
        if let Ok(said) = device.believe(&changed) {
            // What came twice may be passed over; nothing else may.
            ensure!(
                deed == Deed::Repeat && said == honest,
                "{deed:?} was not noticed"
            );
            passed_over += 1;
        }
        let naive = device.believe_anything(&changed);
        fooled += u32::from(naive.is_ok_and(|said| said != honest));
        cases += 1;
    }
    ensure!(
        fooled > 0,
        "control: nobody is fooled, also who believes anything"
    );
    report(
        COUNTED,
        &format!(
            "{cases} omissions, repetitions, exchanges, alterations and forgeries: each noticed or \
             without effect ({passed_over} repetitions passed over); control: who opens whatever \
             comes is fooled {fooled} times"
        ),
    )
}

fn done(
    deed: Deed,
    (frames, strays): (&[Frame], &[Envelope]),
    dice: &mut Dice,
) -> Result<Vec<Frame>> {
    let mut frames = frames.to_vec();
    let is_envelope = |frame: &Frame| matches!(frame, Frame::Envelope(_));
    let places = |wanted: bool| -> Vec<usize> {
        let all = frames.iter().enumerate();
        let all = all.filter(|(_, frame)| is_envelope(frame) == wanted);
        all.map(|(place, _)| place).collect()
    };
    let (envelopes, heads) = (places(true), places(false));
    let first = dice.below(envelopes.len() - 1);
    let (one, next) = (envelopes[first], envelopes[first + 1]);
    let head = *heads
        .get(dice.below(heads.len()))
        .context("a signed head")?;
    match deed {
        Deed::Omit => drop(frames.remove(one)),
        Deed::Repeat => frames.insert(next, frames[one].clone()),
        Deed::Swap => frames.swap(one, next),
        Deed::Reverse => {
            let length = 3 + dice.below(6);
            let first = dice.below(envelopes.len() - length);
            let places = &envelopes[first..first + length];
            for (from, to) in places.iter().zip(places.iter().rev()).take(length / 2) {
                frames.swap(*from, *to);
            }
        }
        Deed::Stray | Deed::Disguise => {
            if let Frame::Envelope(old) = &mut frames[one] {
                *old = stray(deed, old, strays)?;
            }
        }
        Deed::AlterSealed | Deed::AlterPlace | Deed::ForgeEnvelope => {
            let mut forged = None;
            if let Frame::Envelope(envelope) = &mut frames[one] {
                match deed {
                    Deed::AlterSealed => {
                        let at = dice.below(envelope.sealed.len());
                        envelope.sealed[at] ^= 1 << dice.below(8);
                    }
                    Deed::AlterPlace => envelope.sequence += 1,
                    _ => {
                        let mut made = envelope.clone();
                        made.previous = envelope.link();
                        made.sequence += 1;
                        made.sealed.reverse();
                        forged = Some(made);
                    }
                }
            }
            if let Some(forged) = forged {
                frames.insert(one + 1, Frame::Envelope(forged));
            }
        }
        Deed::AlterHead | Deed::ForgeHead => {
            if let Frame::Head(old) = &mut frames[head] {
                *old = head_of(deed, old);
            }
        }
    }
    Ok(frames)
}

/// The envelope of another stream at the same place.
fn stray(deed: Deed, old: &Envelope, strays: &[Envelope]) -> Result<Envelope> {
    let same = strays.iter().find(|of| of.sequence == old.sequence);
    let mut stray = same.context("the streams are alike")?.clone();
    if deed == Deed::Disguise {
        stray.stream = old.stream;
        stray.previous = old.previous;
    }
    Ok(stray)
}

/// A head that says something else, or is signed by somebody else.
fn head_of(deed: Deed, old: &Head) -> Head {
    if deed == Deed::AlterHead {
        return Head {
            sequence: old.sequence + 1,
            ..old.clone()
        };
    }
    let cursor = Cursor {
        stream: old.stream,
        sequence: old.sequence,
        link: old.link,
    };
    let stranger = SigningSecret::from_seed(&[9; 32]);
    Head::sign(
        wire::RelayId::from_bytes([9; 16]),
        &stranger,
        cursor,
        old.at,
    )
}
