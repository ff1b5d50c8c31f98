//! Files that say how a module is reached, as Java's own provider of PKCS#11 has them.

use std::path::{Path, PathBuf};

use crypto::token::SlotChoice;

/// A longer file is something else.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// What Java puts before the `name` of a provider.
const PREFIX: &str = "SunPKCS11-";

/// How a module is reached.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) library: PathBuf,
    pub(super) slot: SlotChoice,
}

/// The provider of this name, from its file below the folder of configuration files.
pub(super) fn read(name: &str, config: &Path) -> Result<Provider, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(is_allowed) {
        return Err(format!("`{name}` is not the name of a provider: letters, digits, `.`, `_` and `-`"));
    }
    let folder = config.join("pkcs11");
    let names = [Some(name), name.strip_prefix(PREFIX)];
    let mut paths = names.into_iter().flatten().map(|name| folder.join(format!("{name}.cfg")));
    let Some(path) = paths.find(|path| path.is_file()) else {
        let wanted = folder.join(format!("{}.cfg", name.strip_prefix(PREFIX).unwrap_or(name)));
        return Err(format!(
            "there is no `{}`, which would say where the module `{name}` is",
            wanted.display()
        ));
    };
    let text = super::super::file_system_secret_store::read_file(&path, FILE_BYTES_MAX);
    let text =
        text.map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?.unwrap_or_default();
    let text = std::str::from_utf8(&text).map_err(|_| format!("`{}` is not UTF-8", path.display()))?;
    parse(text).map_err(|error| format!("`{}`: {error}", path.display()))
}

/// Reads `name = value` lines. Blocks in braces, such as attributes of new keys, are of no use here.
pub(super) fn parse(text: &str) -> Result<Provider, String> {
    let (mut library, mut slots) = (None, Vec::new());
    let mut depth = 0_usize;
    for (line, number) in text.lines().zip(1..) {
        let line = line.split('#').next().unwrap_or_default();
        let is_block = depth > 0 || line.contains('{');
        depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
        let Some((name, value)) = line.split_once('=').filter(|_| !is_block) else { continue };
        let value = value.trim().trim_matches('"');
        let as_number = || format!("line {number}: `{value}` is no number");
        match name.trim() {
            "library" => library = Some(PathBuf::from(value)),
            "slot" => slots.push(SlotChoice::Id(id(value).ok_or_else(as_number)?)),
            "slotListIndex" => slots.push(SlotChoice::Index(value.parse().map_err(|_| as_number())?)),
            _ => {}
        }
    }
    let library = library.ok_or("there is no line `library = …`")?;
    if !library.is_absolute() {
        return Err(format!("`library` is `{}`, and a whole path is needed", library.display()));
    }
    if slots.len() > 1 {
        return Err("`slot` or `slotListIndex` says which slot it is, not both".to_owned());
    }
    Ok(Provider { library, slot: slots.pop().unwrap_or(SlotChoice::Index(0)) })
}

/// A number, or one of base 16 with `0x` in front.
fn id(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
