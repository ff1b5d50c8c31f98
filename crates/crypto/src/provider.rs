//! [`SecretsProvider`]: several stores, asked in order.

use crate::{Purpose, Secret, SecretError, SecretId, SecretStore, SecretStoreRef};

/// Several stores, asked in order: the active secret is that of the first store that has one, and the others
/// are valid beside it.
#[derive(Debug, Clone)]
pub struct SecretsProvider {
    stores: Vec<SecretStoreRef>,
}

impl SecretsProvider {
    /// A provider that asks these stores in this order.
    pub fn new(stores: Vec<SecretStoreRef>) -> Self {
        Self { stores }
    }
}

impl SecretStore for SecretsProvider {
    /// A store that fails before the active secret is found fails the look-up: the secret of a later store
    /// must not take its place. After that, it is left out with a warning.
    async fn secrets(&self, id: &SecretId, purpose: Purpose) -> Result<Vec<Secret>, SecretError> {
        let mut found = Vec::new();
        for store in &self.stores {
            match store.secrets(id, purpose).await {
                Ok(mut secrets) => found.append(&mut secrets),
                Err(error) if found.is_empty() => return Err(error),
                Err(error) => tracing::warn!(secret = %id, %error, "A further store was left out."),
            }
        }
        Ok(found)
    }

    /// The first store that has a secret of this name answers.
    async fn named(
        &self,
        id: &SecretId,
        stable_id: &str,
        purpose: Purpose,
    ) -> Result<Vec<Secret>, SecretError> {
        for store in &self.stores {
            let found = store.named(id, stable_id, purpose).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use std::task::{Context, Poll, Waker};

    /// A store of one id, or one that fails: `a=1,2` or `a=!`.
    struct Fixed(&'static str);

    impl SecretStore for Fixed {
        async fn secrets(&self, id: &SecretId, _: Purpose) -> Result<Vec<Secret>, SecretError> {
            let (known, values) = self.0.split_once('=').unwrap();
            if known != id.as_str() {
                return Ok(Vec::new());
            }
            if values == "!" {
                return Err(SecretError::Malformed { id: id.clone(), reason: "it is broken".into() });
            }
            Ok(values.split(',').map(|value| Secret::generic(value.into())).collect())
        }
    }

    #[track_caller]
    fn check(stores: &[&'static str], expected: Expect) {
        let stores = stores.iter().map(|store| SecretStoreRef::new(Fixed(store))).collect();
        let provider = SecretStoreRef::new(SecretsProvider::new(stores));
        let id = SecretId::parse("a").unwrap();
        let text = |secret: &Secret| String::from_utf8(secret.bytes().unwrap().to_vec()).unwrap();
        let active = now(provider.active(&id, Purpose::Password));
        let valid = now(provider.secrets(&id, Purpose::Password));
        let active = active.as_ref().map_or_else(ToString::to_string, text);
        let valid: Vec<String> = valid.unwrap_or_default().iter().map(text).collect();
        expected.assert_eq(&format!("{active} {valid:?}"));
    }

    fn now<T>(future: impl Future<Output = T>) -> T {
        match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => unreachable!("these stores never wait"),
        }
    }

    #[test]
    fn the_first_store_with_the_secret_has_the_active_one() {
        check(&["b=0", "a=1,2", "a=3"], expect![[r#"1 ["1", "2", "3"]"#]]);
    }

    #[test]
    fn nobody_knows_it() {
        check(&["b=0"], expect!["no store has the secret `a` []"]);
        check(&[], expect!["no store has the secret `a` []"]);
    }

    #[test]
    fn a_store_that_fails_is_not_passed_over() {
        check(&["a=!", "a=2"], expect!["the secret `a` cannot be used: it is broken []"]);
    }

    #[test]
    fn a_store_that_fails_later_is_left_out() {
        check(&["a=1", "a=!", "a=3"], expect![[r#"1 ["1", "3"]"#]]);
    }
}
