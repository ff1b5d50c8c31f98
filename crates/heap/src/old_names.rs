//! Names of older releases: what they are, and what is written today.
//!
//! Meaning what they meant is the business of whoever reads them: an alias, a field, an object type of its
//! own. These tables only say what to complain about, so that the complaint and the page about migration
//! name the same replacement.

/// Names that configurations of older releases have.
#[derive(Debug, Clone, Copy, Default)]
pub struct OldNames {
    /// Names in the field `type`.
    pub types: &'static [OldType],
    /// Names of fields and decorations.
    pub fields: &'static [OldField],
}

/// An object type of an older release. What has been renamed and nothing else is an alias of its type instead.
#[derive(Debug, Clone, Copy)]
pub struct OldType {
    /// The name in the field `type`.
    pub name: &'static str,
    /// What to write instead, in Markdown: "`LocationHeaderFilter`".
    pub today: &'static str,
}

/// A field of an older release.
#[derive(Debug, Clone, Copy)]
pub struct OldField {
    /// Whose field it is, in the words of complaints: "CaptureDecorator", "`vertx` of admin.json". Empty for a
    /// field that stood in every object.
    pub owner: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What to write instead, in Markdown; for a field that is ignored, why nothing has to be written.
    pub today: &'static str,
    /// Whether the field still does what it did, or nothing.
    pub is_ignored: bool,
}

impl OldNames {
    /// What to write instead of an object type.
    pub(crate) fn today(&self, object_type: &str) -> Option<&'static str> {
        self.types.iter().find(|old| old.name == object_type).map(|old| old.today)
    }

    pub(crate) fn field(&self, owner: &str, name: &str) -> Option<&'static OldField> {
        self.fields.iter().find(|old| old.name == name && (old.owner.is_empty() || old.owner == owner))
    }
}
