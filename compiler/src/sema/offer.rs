//! What the typer tells an editor where it meets the name that stands for the cursor.

use crate::completion::{CURSOR, Member, Members};
use crate::kernel::Field;
use crate::types::Type;

use super::typer::Typer;

impl Typer<'_> {
    /// Notes members, if the name is the cursor's.
    pub fn offer(&mut self, name: &str, of: impl FnOnce() -> String, members: impl FnOnce() -> Vec<Member>) {
        if name.strip_prefix('$').unwrap_or(name) == CURSOR {
            self.members = Some(Members { of: of(), members: members() });
        }
    }

    /// Notes the variables that are visible, those of the innermost block first.
    pub fn offer_variables(&mut self, name: &str) {
        if name.strip_prefix('$') != Some(CURSOR) {
            return;
        }
        let mut members: Vec<Member> = Vec::new();
        for scope in self.program.scopes.iter().rev() {
            let mut names: Vec<_> = scope.iter().filter(|(name, _)| !name.contains('#')).collect();
            names.sort_by_key(|(name, _)| *name);
            for (name, id) in names {
                let key = self.program.variables[id.0 as usize].key;
                let ty = self.variables.get(&key).and_then(super::typer::Slot::ty);
                let declaration = ty.map(|ty| ty.to_string()).unwrap_or_default();
                members.push(Member { name: name.clone(), declaration });
            }
        }
        self.members = Some(Members { of: String::new(), members });
    }
}

/// As C declares them.
pub fn declared<'f>(fields: impl IntoIterator<Item = &'f Field>) -> Vec<Member> {
    let member = |field: &Field| Member { name: field.name.clone(), declaration: field.declaration.clone() };
    fields.into_iter().map(member).collect()
}

/// Parts of a tuple, by their numbers.
pub fn numbered(parts: &[Type]) -> Vec<Member> {
    let member = |(index, ty): (usize, &Type)| Member { name: index.to_string(), declaration: ty.to_string() };
    parts.iter().enumerate().map(member).collect()
}
