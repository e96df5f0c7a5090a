//! What Meta's numbers come to, and what the owner is told of it.

use std::ops::RangeInclusive;

use domain::outbound::{Holds, Reason};

/// What a refusal comes to: one variant for each thing somebody does differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The login is over: stop the connection's jobs, ask for "Reconnect", keep everything.
    SignInEnded,
    /// The `appsecret_proof` is wrong or missing: ask the relay for a fresh one.
    ProofWrong,
    /// The app or the person lacks a permission.
    PermissionMissing,
    /// The reply window has closed.
    WindowClosed,
    /// The person cannot be written to.
    PersonUnavailable,
    /// The account does not know this recipient.
    UnknownRecipient,
    /// The node does not exist any more, or not for us.
    Gone,
    /// Too many calls.
    TooFast(Holds),
    /// Meta blocked the shop for its rules.
    Blocked,
    /// WhatsApp chose not to deliver.
    NotDelivered,
    /// The person opted out.
    OptedOut,
    /// The picture was not taken.
    PictureRefused,
    /// Meta is down or asks to try again.
    Down,
    /// Anything else: trying again would not help.
    Refused,
}

/// One row of the table: a code, its subcodes (empty: any), and what it comes to. The first row
/// that fits decides, so the rows with subcodes stand before the row without.
type Row = (RangeInclusive<i64>, &'static [i64], Verdict);

/// What Meta and WhatsApp document of their numbers, read 2026-11.
const TABLE: &[Row] = &[
    (
        i64::MIN..=i64::MAX,
        &[1_545_041],
        Verdict::PersonUnavailable,
    ),
    (
        i64::MIN..=i64::MAX,
        &[2_018_278, 2_534_022, 2_018_065],
        Verdict::WindowClosed,
    ),
    (
        i64::MIN..=i64::MAX,
        &[2_018_108],
        Verdict::PersonUnavailable,
    ),
    (i64::MIN..=i64::MAX, &[2_018_001], Verdict::UnknownRecipient),
    (i64::MIN..=i64::MAX, &[2_018_047], Verdict::PictureRefused),
    (0..=0, &[], Verdict::SignInEnded),
    (1..=2, &[], Verdict::Down),
    (3..=3, &[], Verdict::PermissionMissing),
    (4..=4, &[], Verdict::TooFast(Holds::Connection)),
    (9..=9, &[], Verdict::TooFast(Holds::Connection)),
    (10..=10, &[2_018_300, 2_018_109], Verdict::Refused),
    (10..=10, &[], Verdict::PermissionMissing),
    (17..=17, &[], Verdict::TooFast(Holds::Connection)),
    (32..=32, &[], Verdict::TooFast(Holds::Connection)),
    (33..=33, &[], Verdict::Gone),
    (100..=100, &[33], Verdict::Gone),
    (102..=102, &[], Verdict::SignInEnded),
    (190..=190, &[], Verdict::SignInEnded),
    (200..=299, &[], Verdict::PermissionMissing),
    (341..=341, &[], Verdict::TooFast(Holds::Connection)),
    (368..=368, &[], Verdict::Blocked),
    (551..=551, &[], Verdict::PersonUnavailable),
    (613..=613, &[], Verdict::TooFast(Holds::Connection)),
    (803..=803, &[], Verdict::Gone),
    (80_000..=80_014, &[], Verdict::TooFast(Holds::Connection)),
    (130_429..=130_429, &[], Verdict::TooFast(Holds::Connection)),
    (130_472..=130_472, &[], Verdict::NotDelivered),
    (131_000..=131_000, &[], Verdict::Down),
    (131_005..=131_005, &[], Verdict::PermissionMissing),
    (131_016..=131_016, &[], Verdict::Down),
    (131_026..=131_026, &[], Verdict::PersonUnavailable),
    (131_030..=131_030, &[], Verdict::UnknownRecipient),
    (131_031..=131_031, &[], Verdict::Blocked),
    (131_047..=131_047, &[], Verdict::WindowClosed),
    (131_048..=131_048, &[], Verdict::Blocked),
    (131_049..=131_049, &[], Verdict::NotDelivered),
    (131_050..=131_050, &[], Verdict::OptedOut),
    (131_052..=131_053, &[], Verdict::PictureRefused),
    (131_056..=131_056, &[], Verdict::TooFast(Holds::Person)),
    (131_057..=131_057, &[], Verdict::Down),
    (133_004..=133_004, &[], Verdict::Down),
];

/// What Meta's numbers come to; `transient` is its own promise that trying again may help.
pub fn verdict(code: i64, subcode: Option<i64>, transient: bool) -> Verdict {
    let fits = |(codes, subcodes, _): &&Row| {
        codes.contains(&code)
            && (subcodes.is_empty() || subcode.is_some_and(|sub| subcodes.contains(&sub)))
    };
    match TABLE.iter().find(fits) {
        Some((_, _, verdict)) => *verdict,
        None if transient => Verdict::Down,
        None => Verdict::Refused,
    }
}

impl Verdict {
    /// The reason the owner is shown.
    pub const fn reason(self) -> Reason {
        match self {
            Self::SignInEnded | Self::ProofWrong => Reason::SignInEnded,
            Self::PermissionMissing => Reason::PermissionMissing,
            Self::WindowClosed => Reason::WindowClosed,
            Self::PersonUnavailable => Reason::PersonUnavailable,
            Self::UnknownRecipient | Self::Gone => Reason::UnknownRecipient,
            Self::TooFast(_) => Reason::TooFast,
            Self::Blocked => Reason::Blocked,
            Self::NotDelivered => Reason::NotDelivered,
            Self::OptedOut => Reason::OptedOut,
            Self::PictureRefused => Reason::PictureRefused,
            Self::Down => Reason::PlatformDown,
            Self::Refused => Reason::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number META.md names for the calls this program makes, with and without its second.
    const DOCUMENTED: [(i64, Option<i64>, Verdict); 66] = [
        (0, None, Verdict::SignInEnded),
        (1, None, Verdict::Down),
        (1, Some(99), Verdict::Down),
        (1, Some(1_357_046), Verdict::Down),
        (2, None, Verdict::Down),
        (2, Some(2_018_344), Verdict::Down),
        (3, None, Verdict::PermissionMissing),
        (4, None, Verdict::TooFast(Holds::Connection)),
        (4, Some(2_446_079), Verdict::TooFast(Holds::Connection)),
        (9, Some(2_018_352), Verdict::TooFast(Holds::Connection)),
        (10, None, Verdict::PermissionMissing),
        (10, Some(2_018_278), Verdict::WindowClosed),
        (10, Some(2_534_022), Verdict::WindowClosed),
        (10, Some(2_018_065), Verdict::WindowClosed),
        (10, Some(2_018_108), Verdict::PersonUnavailable),
        (10, Some(1_545_041), Verdict::PersonUnavailable),
        (10, Some(2_018_300), Verdict::Refused),
        (17, None, Verdict::TooFast(Holds::Connection)),
        (32, None, Verdict::TooFast(Holds::Connection)),
        (33, None, Verdict::Gone),
        (100, None, Verdict::Refused),
        (100, Some(33), Verdict::Gone),
        (100, Some(2_018_001), Verdict::UnknownRecipient),
        (100, Some(2_018_047), Verdict::PictureRefused),
        (102, None, Verdict::SignInEnded),
        (190, None, Verdict::SignInEnded),
        (190, Some(458), Verdict::SignInEnded),
        (190, Some(459), Verdict::SignInEnded),
        (190, Some(460), Verdict::SignInEnded),
        (190, Some(463), Verdict::SignInEnded),
        (190, Some(464), Verdict::SignInEnded),
        (190, Some(467), Verdict::SignInEnded),
        (190, Some(492), Verdict::SignInEnded),
        (200, None, Verdict::PermissionMissing),
        (200, Some(1_545_041), Verdict::PersonUnavailable),
        (230, None, Verdict::PermissionMissing),
        (299, None, Verdict::PermissionMissing),
        (341, None, Verdict::TooFast(Holds::Connection)),
        (368, None, Verdict::Blocked),
        (506, None, Verdict::Refused),
        (551, None, Verdict::PersonUnavailable),
        (551, Some(1_545_041), Verdict::PersonUnavailable),
        (613, Some(1_996), Verdict::TooFast(Holds::Connection)),
        (803, None, Verdict::Gone),
        (2_500, None, Verdict::Refused),
        (80_001, None, Verdict::TooFast(Holds::Connection)),
        (80_002, None, Verdict::TooFast(Holds::Connection)),
        (80_006, None, Verdict::TooFast(Holds::Connection)),
        (80_007, None, Verdict::TooFast(Holds::Connection)),
        (80_008, None, Verdict::TooFast(Holds::Connection)),
        (130_429, None, Verdict::TooFast(Holds::Connection)),
        (130_472, None, Verdict::NotDelivered),
        (130_497, None, Verdict::Refused),
        (131_000, None, Verdict::Down),
        (131_005, None, Verdict::PermissionMissing),
        (131_008, None, Verdict::Refused),
        (131_016, None, Verdict::Down),
        (131_021, None, Verdict::Refused),
        (131_026, None, Verdict::PersonUnavailable),
        (131_047, None, Verdict::WindowClosed),
        (131_048, None, Verdict::Blocked),
        (131_049, None, Verdict::NotDelivered),
        (131_050, None, Verdict::OptedOut),
        (131_053, None, Verdict::PictureRefused),
        (131_056, None, Verdict::TooFast(Holds::Person)),
        (131_057, None, Verdict::Down),
    ];

    #[test]
    fn every_documented_number_comes_to_what_somebody_can_do() {
        for (code, subcode, expected) in DOCUMENTED {
            assert_eq!(
                verdict(code, subcode, false),
                expected,
                "{code}/{subcode:?}"
            );
        }
    }
}
