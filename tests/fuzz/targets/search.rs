//! What somebody types into the search field becomes a query that the index understands.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    store::fuzz::search(text);
});
