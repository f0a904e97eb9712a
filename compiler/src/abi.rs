//! The bytes between the kernel and user space: each layout, its writer's constants and its reader in one place.

pub mod calls;
pub mod decode;
pub mod escape;
pub mod format;
pub mod json;
pub mod order;
pub mod record;
pub mod value;
