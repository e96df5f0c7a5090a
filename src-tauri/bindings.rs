//! Writes the typed bindings the window uses, from the commands' own types.

use specta_typescript::Typescript;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    shopbell_lib::surface().export(Typescript::default(), "ui/src/backend/bindings.ts")?;
    Ok(())
}
