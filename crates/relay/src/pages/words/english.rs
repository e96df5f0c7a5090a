//! The pages in English.

use super::Words;

pub(super) const WORDS: Words = Words {
    tag: "en",
    dir: "ltr",
    run_by: "Relay run by",
    run_here: "A relay on this machine",
    privacy: "Privacy",
    under_way: "Your deletion request is under way",
    completed: "Your deletion request is done",
    refused: "Your deletion request was refused",
    unknown: "There is no such request here",
    unknown_text: &["Check the code. A request is shown here for 400 days after it came."],
    request: "Request",
    no_name: "This page needs no sign-in and shows no name.",
    done: "done",
    received: "Received from Meta",
    relay_erased: "Erased from this relay",
    sealed_none: "It held no sealed messages.",
    sealed: "Sealed messages erased: {count}. It could read none of them.",
    computers: "Erased from the shop’s computers",
    none_held: "Nothing is held: no computer is connected by this sign-in.",
    all_confirmed: "Confirmed by every computer ({count}), signed, the last on {date}.",
    some_confirmed: "{count} of {all} confirmed, signed, the last on {date}.",
    none_confirmed: "None of {all} has confirmed yet.",
    last_seen: "One was last seen on {date}.",
    as_soon_as_on: "A computer that is off erases as soon as it is on, before it shows anything.",
    not_reached: "{count} could not be reached for 180 days.",
    why_refused: "Why was it refused?",
    kept_question: "Is anything kept?",
    kept_answer: "This request’s code, its dates and the signed receipts, for 400 days. They name \
                  nobody.",
    meta_question: "What about Facebook, Instagram and WhatsApp themselves?",
    meta_answer: "What is in your account there is not touched. You can delete it there.",
    proof_question: "Can I prove it?",
    proof_ready: "Get the signed receipt. Anyone can check it, without this relay.",
    proof_later: "When a computer has confirmed, this page offers a signed receipt anyone can check.",
    over_title: "This sign-in is over",
    over_text: &["Go back to Shopbell and start it again."],
    busy_title: "Too many visits from here",
    busy_text: &["Wait a minute, then load this page again. Nothing is lost meanwhile."],
    down_title: "This relay cannot answer right now",
    down_text: &[
        "Wait a minute, then load this page again. If it stays like this, tell whoever runs this relay.",
    ],
    home_title: "This is a Shopbell relay",
    home_text: &[
        "It passes what customers write to a shop on Instagram, Messenger and WhatsApp on to the \
         shop’s own computer, sealed, and can read none of what it keeps.",
        "There is nothing to sign in to here. Shops work in the Shopbell program on their computer.",
    ],
    home_links: "More about this relay",
    privacy_title: "What this relay knows",
    privacy_text: &[
        "This relay passes messages from Meta on to a shop owner’s own computer. Each message is \
         sealed to that computer the moment it arrives, before it is written to any disk. The \
         relay has no key to open what it keeps.",
    ],
    privacy_answers: &[
        (
            "What it keeps",
            "Public keys of the shop’s computers. Sealed messages until the computer has them for \
             good, and one day longer; 30 days at most. Pseudonyms of connected accounts and of the \
             people who signed in, made with a secret that is not kept beside them. The minute \
             something arrived, and its size. Counts. A keyed hash of each delivery, for eight \
             days, to know one that Meta repeats. Deletion requests and their receipts, for 400 \
             days. A request sealed for a computer that is off waits until that is on.",
        ),
        (
            "What it does not keep",
            "Names, numbers, addresses, text, pictures, access tokens, or the ids of accounts and \
             people. Tokens are sealed to the shop’s computer and forgotten.",
        ),
        (
            "Who gets it",
            "The shop’s own computers. Nobody else: no analytics, no advertising, no sale, no \
             training of models.",
        ),
        (
            "Who is responsible",
            "The shop decides what its messages are used for. The operator named below runs the \
             relay on its behalf.",
        ),
        (
            "How to have data deleted",
            "Remove the app in your Facebook settings and ask for deletion there, or disconnect in \
             Shopbell, or write to the operator. See /data-deletion.",
        ),
    ],
    deletion_title: "How to have data deleted",
    deletion_text: &[
        "Everything a shop reached by way of Meta can be erased, here and on the shop’s own \
         computers, and there is a signed receipt to prove it.",
    ],
    deletion_answers: &[
        (
            "If you are the shop",
            "In Shopbell, open Settings, Connections, and choose “Disconnect and wipe”. The data is \
             dead within seconds. Or open your Facebook settings, Business integrations, remove the \
             app and ask for deletion: you get a code, and a page here shows how far it is.",
        ),
        (
            "If you wrote to a shop",
            "Ask the shop, or the operator named below. The messages are on the shop’s own computer, \
             so only the shop can erase them.",
        ),
        (
            "How long it takes",
            "The relay erases its part at once. A computer erases as soon as it is on.",
        ),
        (
            "What is kept",
            "The code of each request, its dates and the signed receipts, for 400 days. They name \
             nobody.",
        ),
    ],
};
