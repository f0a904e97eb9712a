//! The thread that turns what came out of the kernel into events: names, text, order.
//!
//! It receives items in the order in which they happened and sends events in the same order; stacks and names go out
//! before the events that use them. Both channels are bounded: when nobody reads the events, the ring fills up and the
//! programs count what they lose.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, RecvTimeoutError, select};
use tracedeck_compiler::abi::format::printf::printf;
use tracedeck_compiler::abi::value::{MapSnapshot, Value};
use tracedeck_compiler::manifest::{Manifest, MapId, SiteId, SiteKind};
use tracedeck_compiler::types::{StackSpace, Type};

use super::control::Control;
use super::maps::has_stack;
use super::names::{Namer, has_names, types};
use super::packets::Packets;
use super::processes::Processes;
use super::symbolize::Captured;
use super::system;
use crate::session::event::{Event, Output};

/// Items on their way.
pub const ITEMS: usize = 2048;
/// Stacks that are named together at most.
const STACK_BATCH: usize = 256;

/// Something that happened in the kernel, with addresses where names will be.
pub enum Item {
    /// Ready as it is.
    Event(Event),
    Stack(Captured),
    /// A call with arguments: printf, cat, system. By its site.
    Formatted {
        site: SiteId,
        values: Vec<Value>,
    },
    Value {
        value: Value,
        ty: Type,
    },
    Map {
        map: MapId,
        snapshot: MapSnapshot,
        top: u64,
        div: u64,
    },
    Time {
        site: SiteId,
    },
    /// A packet for a file.
    Packet {
        site: SiteId,
        boot_ns: u64,
        length: u64,
        captured: Vec<u8>,
    },
    Maps(Vec<(MapId, MapSnapshot)>),
    FinalMaps(Vec<(MapId, MapSnapshot)>),
}

/// What the thread starts from.
pub struct EmitterParts {
    pub items: Receiver<Item>,
    pub events: SyncSender<Event>,
    pub control: Arc<Control>,
    pub manifest: Arc<Manifest>,
    pub processes: Arc<Mutex<Processes>>,
    /// Where else to look for debug information.
    pub debug_directories: Vec<String>,
}

/// The state of the thread, which never leaves it.
pub struct Emitter {
    items: Receiver<Item>,
    events: SyncSender<Event>,
    control: Arc<Control>,
    manifest: Arc<Manifest>,
    namer: Namer,
    packets: Packets,
    /// Stacks that wait for a batch.
    stacks: Vec<Arc<Captured>>,
    /// Maps whose entries hold names.
    named_maps: HashSet<MapId>,
}

impl Emitter {
    pub fn new(parts: EmitterParts) -> Self {
        let EmitterParts { items, events, control, manifest, processes, debug_directories } = parts;
        let has = |ty: &Type| has_names(ty);
        let named_maps = (0..manifest.maps.len())
            .filter(|index| {
                let map = &manifest.maps[*index];
                has(&map.value) || map.key.as_ref().is_some_and(has)
            })
            .map(|index| MapId(index as u32))
            .collect();
        let namer = Namer::new(manifest.clone(), processes, &debug_directories);
        Self { items, events, control, manifest, namer, packets: Packets::default(), stacks: Vec::new(), named_maps }
    }

    /// Runs until the engine drops its end of the channel.
    pub fn run(mut self) {
        self.send(Event::Names(self.namer.clocks()));
        loop {
            let item = match self.items.try_recv() {
                Ok(item) => Some(item),
                Err(_) => match self.namer.awaited_kernel_symbols() {
                    Some(symbols) => select! {
                        recv(self.items) -> item => item.ok(),
                        recv(symbols) -> symbols => {
                            self.namer.take_kernel_symbols(symbols.unwrap_or_default());
                            continue;
                        }
                    },
                    None => {
                        // Nothing waits: a good moment for the stacks that do.
                        self.flush_stacks();
                        self.namer.rest();
                        match self.namer.rest_after().map(|time| self.items.recv_timeout(time)) {
                            Some(Err(RecvTimeoutError::Timeout)) => continue,
                            Some(item) => item.ok(),
                            None => self.items.recv().ok(),
                        }
                    }
                },
            };
            let Some(item) = item else { return };
            self.handle(item);
        }
    }

    fn handle(&mut self, item: Item) {
        match item {
            Item::Event(event) => {
                if matches!(event, Event::Ended { .. }) {
                    self.flush_stacks();
                }
                let is_attached = matches!(event, Event::Attached { .. });
                self.send(event);
                if is_attached && needs_kernel_symbols(&self.manifest) {
                    self.namer.read_kernel_symbols();
                }
            }
            Item::Stack(captured) => {
                if let Some(captured) = self.namer.remember(captured) {
                    self.stacks.push(captured);
                    if self.stacks.len() >= STACK_BATCH && self.namer.awaited_kernel_symbols().is_none() {
                        self.flush_stacks();
                    }
                }
            }
            Item::Formatted { site, values } => self.formatted(site, &values),
            Item::Value { value, ty } => {
                if has_stack(&ty) {
                    self.flush_stacks();
                }
                let names = self.namer.new_names_of(&value);
                self.send_names(names);
                self.send(Event::Output(Output::Value { value, ty }));
            }
            Item::Map { map, snapshot, top, div } => {
                let maps = [(map, snapshot)];
                self.prepare_maps(&maps);
                let [(map, snapshot)] = maps;
                self.send(Event::Output(Output::Map { map, snapshot, top, div }));
            }
            Item::Packet { site, boot_ns, length, captured } => self.packet(site, boot_ns, length, &captured),
            Item::Time { site } => {
                if let Some(SiteKind::Time { format }) = self.manifest.sites.get(site.index()).map(|site| &site.kind) {
                    let text = self.namer.time_now(format).into_bytes();
                    self.send(Event::Output(Output::Time(text)));
                }
            }
            Item::Maps(maps) => {
                self.prepare_maps(&maps);
                self.send(Event::Maps(maps));
            }
            Item::FinalMaps(maps) => {
                self.prepare_maps(&maps);
                self.send(Event::FinalMaps(maps));
            }
        }
    }

    fn packet(&mut self, site: SiteId, boot_ns: u64, length: u64, captured: &[u8]) {
        let manifest = self.manifest.clone();
        let Some(SiteKind::Packet { path, .. }) = manifest.sites.get(site.index()).map(|site| &site.kind) else {
            return;
        };
        let wall_ns = self.namer.boot_to_wall(boot_ns);
        if let Err(error) = self.packets.write(path, wall_ns, length, captured) {
            self.send(Event::Warning { message: format!("skboutput: {path} cannot be written: {error}") });
        }
    }

    fn formatted(&mut self, site: SiteId, values: &[Value]) {
        let manifest = self.manifest.clone();
        let Some(site) = manifest.sites.get(site.index()) else { return };
        match &site.kind {
            SiteKind::Printf { stream, format, .. } => {
                let printed = printf(format, values, &self.namer);
                self.send(Event::Output(Output::Printf {
                    stream: *stream,
                    text: printed.text,
                    foreign: printed.foreign,
                    span: site.span,
                    expanded_from: site.expanded_from.clone(),
                }));
            }
            SiteKind::Cat { format, .. } => {
                let path = printf(format, values, &self.namer).text;
                match read_file(&path, manifest.settings.max_cat_bytes) {
                    Ok(bytes) => self.send(Event::Output(Output::Cat(bytes))),
                    Err(error) => {
                        let path = String::from_utf8_lossy(&path);
                        self.send(Event::Warning { message: format!("cat: {path} cannot be read: {error}") });
                    }
                }
            }
            SiteKind::System { format, .. } => {
                let command = printf(format, values, &self.namer).text;
                match system::run(&command, || self.control.is_stopped()) {
                    Ok(output) => self.send(Event::Output(Output::System(output))),
                    Err(error) => self.send(Event::Warning { message: format!("system: {error}") }),
                }
            }
            SiteKind::Print { .. }
            | SiteKind::PrintMap { .. }
            | SiteKind::PrintEntry { .. }
            | SiteKind::Clear { .. }
            | SiteKind::Zero { .. }
            | SiteKind::Exit
            | SiteKind::Time { .. }
            | SiteKind::Packet { .. }
            | SiteKind::Join { .. } => {}
        }
    }

    /// Sends what must be known before these maps.
    fn prepare_maps(&mut self, maps: &[(MapId, MapSnapshot)]) {
        self.flush_stacks();
        let named: Vec<&MapSnapshot> =
            maps.iter().filter(|(id, _)| self.named_maps.contains(id)).map(|(_, snapshot)| snapshot).collect();
        let names = self.namer.new_names(&named);
        self.send_names(names);
    }

    fn flush_stacks(&mut self) {
        if !self.stacks.is_empty() {
            let stacks = self.namer.resolve_stacks(&self.stacks);
            self.stacks.clear();
            self.send(Event::Stacks(stacks));
        }
    }

    fn send_names(&self, names: Vec<crate::session::event::ResolvedName>) {
        if !names.is_empty() {
            self.send(Event::Names(names));
        }
    }

    fn send(&self, event: Event) {
        if self.events.send(event).is_err() {
            // Nobody listens any more.
            self.control.stop();
        }
    }
}

/// Reading the kernel's symbols takes up to a tenth of a second: it begins when the probes are attached and goes on
/// beside all else. Only what has kernel names in it waits.
fn needs_kernel_symbols(manifest: &Manifest) -> bool {
    fn has(ty: &Type) -> bool {
        matches!(ty, Type::KernelSymbol | Type::Stack { space: StackSpace::Kernel, .. })
            || matches!(ty, Type::Array { of, .. } if has(of))
            || ty.parts().into_iter().any(has)
    }
    types(manifest).any(has)
}

/// The first bytes of a file. Does not wait for a pipe's other end.
fn read_file(path: &[u8], most: u32) -> std::io::Result<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt as _;
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(std::ffi::OsStr::from_bytes(path))?;
    let mut bytes = Vec::new();
    file.take(u64::from(most)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cat_stops_at_its_limit_even_where_a_file_never_ends() {
        assert_eq!(read_file(b"/dev/zero", 100).expect("readable").len(), 100);
        assert!(read_file(b"/no/such/file", 100).is_err());
    }
}
