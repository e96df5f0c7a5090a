//! What must not be left after a forgetting.

use anyhow::Result;
use tests::files;
use tests::shop::Shop;

/// After everything was deleted: no file but receipts and what says nothing, nothing in the
/// keychain, and none of these words anywhere.
pub(super) fn nothing_is_left(shop: &Shop, words: &[&str]) -> Result<()> {
    let left: Vec<_> = files::under(shop.folder())?
        .into_iter()
        .filter(|file| !file.to_string_lossy().contains("receipts"))
        .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
        .collect();
    let harmless = ["CACHEDIR.TAG", "lock", "wipe.a", "wipe.b"];
    assert!(
        left.iter().all(|name| harmless.contains(&name.as_str())),
        "left: {left:?}"
    );
    assert_eq!(shop.secrets.names(), Vec::<String>::new());
    no_words_are_left(shop, words)
}

/// None of these words lies in any file, nor who the owner and the customer are.
pub(super) fn no_words_are_left(shop: &Shop, words: &[&str]) -> Result<()> {
    for words in words
        .iter()
        .chain(&["Clara Whitfield", "10229384756102938"])
    {
        let found = files::holding(shop.folder(), words)?;
        assert!(found.is_empty(), "{words} lies in {found:?}");
    }
    Ok(())
}
