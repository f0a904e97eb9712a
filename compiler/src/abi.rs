//! The bytes between the kernel and user space: each layout, its writer's constants and its reader in one place.

pub mod format;
pub mod record;
pub mod value;
