//! What an object can be used as. Delegates count as what they stand for, on this level or an outer one.

use super::{LevelScope, Resolved, look_up};
use crate::declare::{Declarer, Target};
use crate::errors;
use crate::role::{AnyObject, Role, role_name};

/// The role and the type name of an object.
pub(crate) type Settled = (&'static str, &'static str);

/// A mistake elsewhere leaves open what the object is. It has been reported.
const UNKNOWN: Settled = (AnyObject::REFERENCE, "unknown");

/// Roles and type names of all objects declared so far. Follows chains of delegates of any length.
pub(crate) fn settled_roles(declarer: &Declarer<'_>) -> Vec<Settled> {
    let own = declarer.objects.iter().map(|object| match object.object_type {
        None => Some(UNKNOWN),
        Some(known) => (known.reference != AnyObject::REFERENCE).then_some((known.reference, known.name)),
    });
    let mut settled: Vec<Option<Settled>> = own.collect();
    for start in 0..settled.len() {
        let mut path = Vec::new();
        let mut target = Some(Resolved::Local(start));
        let found = loop {
            match target {
                None => break UNKNOWN,
                Some(Resolved::Outer(up, index)) => break outer(declarer, up, index).unwrap_or(UNKNOWN),
                Some(Resolved::Local(index)) => {
                    if let Some(found) = settled[index] {
                        break found;
                    }
                    // Whoever comes by again before this is settled goes round in a circle.
                    settled[index] = Some(UNKNOWN);
                    path.push(index);
                    target = stands_for(declarer, index);
                }
            }
        };
        for index in path {
            settled[index] = Some(found);
        }
    }
    settled.into_iter().map(|found| found.unwrap_or(UNKNOWN)).collect()
}

/// Every reference must lead to an object of the role it asks for.
pub(super) fn check(declarer: &mut Declarer<'_>, sites: &[Option<Resolved>], scope: &LevelScope) {
    let mut complaints = Vec::new();
    for (site, resolved) in declarer.sites.iter().zip(sites) {
        let found = match resolved {
            None => continue,
            Some(Resolved::Local(index)) => scope.roles.get(*index).copied(),
            Some(Resolved::Outer(up, index)) => outer(declarer, *up, *index),
        };
        let (role, type_name) = found.unwrap_or(UNKNOWN);
        if [site.role, AnyObject::REFERENCE].contains(&role) || site.role == AnyObject::REFERENCE {
            continue;
        }
        let name = match &site.target {
            Target::Named(name) => name,
            Target::Inline(index) => &declarer.objects[*index].name,
            Target::Broken => continue,
        };
        let wanted = role_name(site.role);
        complaints.push(errors::wrong_role(name, role_name(role), type_name, wanted, &site.span));
    }
    declarer.diagnostics.append(&mut complaints);
}

/// The first reference of a delegate is the one it is made of; decorations come later.
fn stands_for(declarer: &Declarer<'_>, index: usize) -> Option<Resolved> {
    let site = declarer.objects[index].sites.first()?;
    match &declarer.sites.get(*site)?.target {
        Target::Named(name) => look_up(name, &declarer.names, declarer.parent),
        Target::Inline(index) => Some(Resolved::Local(*index)),
        Target::Broken => None,
    }
}

fn outer(declarer: &Declarer<'_>, up: usize, index: usize) -> Option<Settled> {
    let mut level = declarer.parent;
    for _ in 1..up {
        level = level?.parent.as_ref();
    }
    level?.roles.get(index).copied()
}
