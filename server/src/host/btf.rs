//! The kernel's own description of its types: an index over `/sys/kernel/btf/vmlinux`, built in one pass.
//!
//! The blob stays as it is (5 to 6 MB); beside it stand the offset of each type and a hash table from (kind, name) to
//! id, about 1 MB for 126,000 types. Types are converted when they are asked for. A damaged blob never panics and
//! never loops: reads are bounds-checked, chains of types are followed a limited number of steps.
//!
//! Modules (`/sys/kernel/btf/MODULE`) are split BTF: ids and strings that continue those of vmlinux. Each is a `Btf`
//! with that of vmlinux as its base, which answers for what the module does not describe itself.

mod convert;
mod declare;
mod reader;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use reader::{Blob, Record};
pub use reader::{BtfError, Bytes, Kind};

/// Modifiers, typedefs and pointers in one chain that are followed; the kernel's own code has fewer than ten.
const CHAIN_LIMIT: u32 = 32;

pub struct Btf {
    blob: Arc<Blob>,
    /// What this one continues, and the id of the first type here.
    base: Option<Arc<Btf>>,
    first: u32,
    /// Empty: the kernel proper.
    module: String,
    /// Offset of each type in the blob; of a kernel's own, index 0 is `void` and unused.
    offsets: Vec<u32>,
    /// Open addressing, 0 is empty. Of equal (kind, name) the lowest id is found.
    table: Vec<u32>,
}

impl Btf {
    /// Where the running kernel publishes its types.
    pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";
    const DIRECTORY: &str = "/sys/kernel/btf";

    /// The file of `BPFTRACE_BTF`, or the kernel's own.
    pub fn path() -> PathBuf {
        std::env::var_os("BPFTRACE_BTF").filter(|path| !path.is_empty()).unwrap_or_else(|| Self::VMLINUX.into()).into()
    }

    pub fn read(path: &Path) -> std::io::Result<Self> {
        Self::parse(Bytes::of_file(path)?).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
    }

    /// The module that these types are of; None for the kernel proper.
    pub fn module(&self) -> Option<&str> {
        Some(self.module.as_str()).filter(|name| !name.is_empty())
    }

    /// Whether a type of this kind and name is described here, not only in the base.
    pub fn has_own(&self, kind: Kind, name: &str) -> bool {
        self.own_id_of(kind, name).is_some()
    }

    /// The modules that are loaded and publish their types, in alphabetical order.
    pub fn modules() -> Vec<String> {
        let entries = std::fs::read_dir(Self::DIRECTORY).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name != "vmlinux").collect();
        names.sort_unstable();
        names
    }

    /// The types of a module on top of the kernel's own.
    pub fn of_module(base: &Arc<Btf>, module: &str) -> std::io::Result<Self> {
        if module.contains('/') || module.starts_with('.') {
            return Err(std::io::Error::from(std::io::ErrorKind::NotFound));
        }
        let bytes = Bytes::of_file(&Path::new(Self::DIRECTORY).join(module))?;
        Self::parse_split(bytes, base, module)
            .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
    }

    pub fn parse(bytes: impl Into<Bytes>) -> Result<Self, BtfError> {
        Self::index(Blob::new(bytes, None)?, None, String::new())
    }

    /// Types that continue those of a base.
    pub fn parse_split(bytes: impl Into<Bytes>, base: &Arc<Btf>, module: &str) -> Result<Self, BtfError> {
        Self::index(Blob::new(bytes, Some(base.blob.clone()))?, Some(base.clone()), module.to_owned())
    }

    fn index(blob: Blob, base: Option<Arc<Btf>>, module: String) -> Result<Self, BtfError> {
        let (mut at, end) = blob.types();
        let mut offsets = Vec::with_capacity((end - at) as usize / 24 + 1);
        if base.is_none() {
            offsets.push(0);
        }
        let first = base.as_ref().map_or(0, |base| base.len() as u32);
        let mut named = 0_usize;
        while at < end {
            let (record, next) = blob.record(at).ok_or(BtfError::BadType(first + offsets.len() as u32))?;
            named += usize::from(record.name != 0);
            offsets.push(at);
            at = next;
        }
        let table = vec![0; (named * 3 / 2 + 1).next_power_of_two()];
        let mut btf = Self { blob: Arc::new(blob), base, first, module, offsets, table };
        btf.fill_table();
        Ok(btf)
    }

    fn fill_table(&mut self) {
        let mask = self.table.len() - 1;
        for id in self.own_ids() {
            let Some(record) = self.record(id) else { continue };
            if record.name == 0 {
                continue;
            }
            let mut slot = hash(record.kind, self.blob.name_bytes(record.name)) as usize & mask;
            while self.table[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.table[slot] = id;
        }
    }

    /// Of the types that are described here, not in the base.
    fn own_ids(&self) -> std::ops::Range<u32> {
        self.first.max(1)..self.len() as u32
    }

    /// The id of the first type of this kind and name: what a program names as its attach target or kfunc.
    pub fn id_of(&self, kind: Kind, name: &str) -> Option<u32> {
        self.own_id_of(kind, name).or_else(|| self.base.as_ref()?.id_of(kind, name))
    }

    fn own_id_of(&self, kind: Kind, name: &str) -> Option<u32> {
        let mask = self.table.len() - 1;
        let mut slot = hash(kind, name.as_bytes()) as usize & mask;
        for _ in 0..self.table.len() {
            let id = self.table[slot];
            if id == 0 {
                return None;
            }
            let record = self.record(id)?;
            if record.kind == kind && self.blob.name_bytes(record.name) == name.as_bytes() {
                return Some(id);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    /// The name of a type, if it is of this kind.
    pub fn name_of(&self, kind: Kind, id: u32) -> Option<&str> {
        let record = self.record(id).filter(|record| record.kind == kind)?;
        Some(self.blob.name(record.name)).filter(|name| !name.is_empty())
    }

    #[cfg(test)]
    fn string_bytes(&self) -> u32 {
        self.blob.string_bytes()
    }

    /// How many types there are, `void` and those of the base included.
    pub fn len(&self) -> usize {
        self.first as usize + self.offsets.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() <= 1
    }

    /// The names of all types of a kind, in the order of their ids; anonymous ones and those of the base left out.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = (u32, &str)> {
        self.own_ids().filter_map(move |id| {
            let record = self.record(id)?;
            let name = self.blob.name(record.name);
            (record.kind == kind && !name.is_empty()).then_some((id, name))
        })
    }

    /// Whether a function is marked as one that BPF programs may call. Kernels whose BTF has no such marks call all of
    /// their functions for programs `bpf_`.
    pub fn is_kfunc(&self, name: &str) -> bool {
        let Some(function) = self.id_of(Kind::Function, name) else { return false };
        let mut marks = self.names(Kind::DeclTag).filter(|(_, tag)| *tag == "bpf_kfunc").peekable();
        if marks.peek().is_none() {
            return name.starts_with("bpf_");
        }
        marks.any(|(id, _)| self.record(id).is_some_and(|record| record.size_or_type == function))
    }

    /// The constant `name` of any enum: the enum's id and the value.
    pub fn enum_constant(&self, name: &str) -> Option<(u32, i64)> {
        self.own_ids().find_map(|id| {
            let record = self.record(id)?;
            if !matches!(record.kind, Kind::Enum | Kind::Enum64) {
                return None;
            }
            (0..record.count)
                .map(|index| self.blob.entry(&record, index))
                .find(|entry| self.blob.name_bytes(entry.0) == name.as_bytes())
                .map(|entry| (id, enumerator_value(&record, entry)))
        })
    }

    fn record(&self, id: u32) -> Option<Record> {
        if id == 0 {
            return None;
        }
        match (id.checked_sub(self.first), &self.base) {
            (Some(own), _) => Some(self.blob.record(*self.offsets.get(own as usize)?)?.0),
            (None, Some(base)) => base.record(id),
            (None, None) => None,
        }
    }

    /// Follows qualifiers, tags and typedefs to the type behind. The name of the last typedef on the way comes along.
    fn strip(&self, mut id: u32) -> (u32, Option<u32>) {
        let mut typedef = None;
        for _ in 0..CHAIN_LIMIT {
            match self.record(id) {
                Some(record) => match record.kind {
                    Kind::Typedef => {
                        typedef = Some(record.name);
                        id = record.size_or_type;
                    }
                    Kind::Const | Kind::Volatile | Kind::Restrict | Kind::TypeTag => id = record.size_or_type,
                    _ => return (id, typedef),
                },
                None => return (0, typedef),
            }
        }
        (0, typedef)
    }
}

fn enumerator_value(record: &Record, (_, low, high): reader::Entry) -> i64 {
    match (record.kind, record.flag) {
        (Kind::Enum64, _) => ((u64::from(high) << 32) | u64::from(low)) as i64,
        (_, true) => i64::from(low as i32),
        (_, false) => i64::from(low),
    }
}

/// FNV-1a over the name, eight bytes at a time.
fn hash(kind: Kind, name: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ kind as u64;
    let mut chunks = name.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7]]);
        hash = (hash ^ word).wrapping_mul(PRIME);
        hash ^= hash >> 29;
    }
    for byte in chunks.remainder() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests;
