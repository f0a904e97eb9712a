//! Layouts of the C structs whose values reach user space, for its decoder.

use std::collections::BTreeMap;

use crate::hir;
use crate::kernel::Kernel;
use crate::manifest::{FieldLayout, SiteKind, StructLayout};
use crate::types::Type;

/// The layout of every struct that a map or a record holds whole, members' structs included.
pub fn layouts(program: &hir::Program, kernel: &dyn Kernel) -> Vec<StructLayout> {
    let mut known = BTreeMap::new();
    for map in &program.maps {
        map.key.iter().chain([&map.value]).for_each(|ty| add(ty, kernel, &mut known));
    }
    for site in &program.sites {
        match &site.kind {
            SiteKind::Printf { arguments, .. }
            | SiteKind::Cat { arguments, .. }
            | SiteKind::System { arguments, .. }
            | SiteKind::Join { arguments, .. }
            | SiteKind::Packet { arguments, .. } => {
                arguments.iter().for_each(|slot| add(&slot.ty, kernel, &mut known));
            }
            SiteKind::Print { value: slot } | SiteKind::PrintEntry { key: slot, .. } => {
                add(&slot.ty, kernel, &mut known);
            }
            SiteKind::PrintMap { .. }
            | SiteKind::Clear { .. }
            | SiteKind::Zero { .. }
            | SiteKind::Exit
            | SiteKind::Time { .. } => {}
        }
    }
    known.into_values().collect()
}

fn add(ty: &Type, kernel: &dyn Kernel, known: &mut BTreeMap<String, StructLayout>) {
    match ty {
        Type::Array { of, .. } => add(of, kernel, known),
        Type::Tuple(_) | Type::Record(_) => ty.parts().into_iter().for_each(|part| add(part, kernel, known)),
        Type::Struct { name, .. } if !known.contains_key(&**name) => {
            let Some(found) = kernel.struct_type(name) else { return };
            let fields = found.fields.iter().map(|field| FieldLayout {
                name: field.name.clone(),
                ty: field.ty.clone(),
                offset: field.offset,
                bits: field.bits,
            });
            known.insert(name.to_string(), StructLayout { name: name.to_string(), fields: fields.collect() });
            // A struct by value cannot contain itself, so this ends.
            found.fields.iter().for_each(|field| add(&field.ty, kernel, known));
        }
        _ => {}
    }
}
