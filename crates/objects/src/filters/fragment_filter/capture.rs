//! What the cookie holds: for each path and query that a browser was sent away from, the fragment.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::filters::navigation::leads_here;

/// Browsers keep cookies of 4096 bytes; name and attributes take the rest.
const TEXT_BYTES_MAX: usize = 3500;

/// A fragment, with its `#`, and the path and query it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Capture {
    target: String,
    fragment: String,
}

/// Captures, the newest last.
#[derive(Debug, Default)]
pub(super) struct Captures(Vec<Capture>);

impl Capture {
    /// Reads the fields of a form. `None` for what is not made as browsers make it, or leads to another host.
    pub(super) fn of(fields: &[(String, String)]) -> Option<Self> {
        let field = |wanted: &str| {
            let mut values =
                fields.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
            values.next().filter(|_| values.next().is_none())
        };
        Self::checked(field("target")?, field("fragment")?)
    }

    fn checked(target: &str, fragment: &str) -> Option<Self> {
        let is_visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_fragment = fragment.starts_with('#') && is_visible(fragment);
        let is_sound = leads_here(target) && is_fragment && !target.contains('#') && is_visible(target);
        is_sound.then(|| Self { target: target.to_owned(), fragment: fragment.to_owned() })
    }
}

impl Captures {
    /// Reads the value of the cookie; `None` for what was never one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let pairs: Vec<(String, String)> = serde_json::from_slice(&json).ok()?;
        // Whoever plants a cookie is no more to be trusted than whoever posts a form.
        let captures = pairs.iter().map(|(target, fragment)| Capture::checked(target, fragment));
        captures.collect::<Option<_>>().map(Self)
    }

    /// The value of the cookie; `None` when there is nothing to remember. The oldest go when it becomes too
    /// long.
    pub(super) fn to_text(&self) -> Option<String> {
        let mut captures = self.0.as_slice();
        while let [_, newer @ ..] = captures {
            let pairs: Vec<_> = captures.iter().map(|capture| (&capture.target, &capture.fragment)).collect();
            let text = serde_json::to_vec(&pairs).ok().map(|json| URL_SAFE_NO_PAD.encode(json))?;
            if text.len() <= TEXT_BYTES_MAX {
                return Some(text);
            }
            captures = newer;
        }
        None
    }

    /// Remembers one in place of what was remembered for the same path.
    pub(super) fn put(&mut self, capture: Capture) {
        self.take(&capture.target);
        self.0.push(capture);
    }

    /// Forgets what is remembered for a path and query, and tells its fragment.
    pub(super) fn take(&mut self, target: &str) -> Option<String> {
        let at = self.0.iter().position(|capture| capture.target == target)?;
        Some(self.0.remove(at).fragment)
    }
}
