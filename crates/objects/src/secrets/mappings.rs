//! Which entries of a store of keys are which secrets: the field `mappings` of key stores and modules.

use std::collections::HashMap;

use crypto::SecretId;
use heap::{Builder, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// The entries of one secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mapping {
    /// Which secret.
    secret_id: heap::SecretId,
    /// The aliases of its entries, the active one first.
    aliases: Spanned<Vec<Spanned<String>>>,
}

/// The aliases of every secret, the active one first.
#[derive(Debug, Default)]
pub(super) struct Aliases(HashMap<SecretId, Vec<Spanned<String>>>);

impl Aliases {
    /// Those of a configuration.
    ///
    /// # Errors
    /// A mapping without aliases; an alias that a secret has twice.
    pub(super) fn new(mappings: Vec<Mapping>, b: &Builder<'_>) -> Result<Self, Diagnostic> {
        let mut aliases: HashMap<SecretId, Vec<Spanned<String>>> = HashMap::new();
        for mapping in mappings {
            if mapping.aliases.is_empty() {
                return Err(b.error("a mapping without aliases has no secret", Some(mapping.aliases.span())));
            }
            let known = aliases.entry(mapping.secret_id.0.clone()).or_default();
            for alias in mapping.aliases.into_inner() {
                if known.iter().any(|known| known.to_lowercase() == alias.to_lowercase()) {
                    let message = format!("`{}` has the alias `{}` twice", mapping.secret_id.0, &*alias);
                    return Err(b.error(message, Some(alias.span())));
                }
                known.push(alias);
            }
        }
        Ok(Self(aliases))
    }

    pub(super) fn contains(&self, id: &SecretId) -> bool {
        self.0.contains_key(id)
    }

    /// What `read` makes of the aliases of every secret. In the order of the configuration, so that the first mistake is
    /// the one that is told.
    pub(super) fn read<T, E>(
        &self,
        read: impl Fn(&Spanned<String>) -> Result<T, E>,
    ) -> Result<HashMap<SecretId, Vec<T>>, E> {
        let mut in_order: Vec<_> = self.0.iter().collect();
        in_order.sort_by_key(|(_, aliases)| aliases.first().map(|alias| alias.span().range().start));
        let entries = in_order
            .into_iter()
            .map(|(id, aliases)| Ok((id.clone(), aliases.iter().map(&read).collect::<Result<Vec<_>, E>>()?)));
        entries.collect()
    }
}
