//! new
use anyhow::Result;
pub(crate) fn run(_role: &str, _name: &str) -> Result<()> {
    Ok(())
}
