//! Object and manifest become maps and programs in the kernel: all of them, or none.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use aya_obj::generated::{bpf_attach_type, bpf_prog_type};
use tracedeck_compiler::Compiled;
use tracedeck_compiler::manifest::{FunctionHome, GLOBALS_MAP, KernelMap, Manifest, Program, ProgramKind, RING_MAP};
use tracedeck_compiler::source::{SourceFile, Span};

use super::bpf::inspect;
use super::bpf::link;
use super::bpf::map::Map;
use super::bpf::memory::Memory;
use super::bpf::program::{self, LoadFailure, LoadType, ProgramFd, ProgramImage, Records};
use super::btf_id::KernelBtf;
use super::failure::Failure;
use super::limits;
use super::object::{LinkedProgram, ObjectError, Target};
use super::objects::Objects;
use super::ring_ahead::RingAhead;
use super::verifier;
use crate::host::bpf_programs;
use crate::host::btf::Btf;

/// What is in the kernel of a script, not attached yet. Dropping it removes all.
#[derive(Debug)]
pub struct Loaded {
    /// In the order of the manifest's programs.
    pub programs: Vec<ProgramFd>,
    /// The manifest's programs that follow processes.
    pub followers: Vec<ProgramFd>,
    /// By symbol, without the ring buffer.
    pub maps: HashMap<String, Map>,
    pub globals: Arc<Memory>,
    /// None for a script that sends nothing.
    pub ring: Option<Map>,
}

/// Creates the maps and loads the programs.
pub fn load(compiled: &Compiled, source: &SourceFile, cpus: u32, ring: Option<RingAhead>) -> Result<Loaded, Failure> {
    let manifest = &compiled.manifest;
    let objects = Objects::parse(compiled).map_err(|error| internal(&error))?;
    let mut maps = create_maps(manifest, cpus, ring)?;
    let globals = map_globals(manifest, &maps)?;
    let mut loader = Loader::new(manifest, source, &objects, &maps);
    let programs = manifest.programs.iter().map(|program| loader.load(program)).collect::<Result<_, _>>()?;
    let followers = manifest.followers.iter().map(|program| loader.load(program)).collect::<Result<_, _>>()?;
    let ring = maps.remove(RING_MAP);
    Ok(Loaded { programs, followers, maps, globals, ring })
}

/// What the verifier says about each program, in the order of the manifest. Nothing stays in the kernel.
pub fn verifier_logs(compiled: &Compiled, source: &SourceFile, cpus: u32) -> Result<Vec<String>, Failure> {
    let manifest = &compiled.manifest;
    let objects = Objects::parse(compiled).map_err(|error| internal(&error))?;
    let maps = create_maps(manifest, cpus, None)?;
    let mut loader = Loader::new(manifest, source, &objects, &maps);
    manifest.programs.iter().map(|program| loader.with_image(program, program::verify)).collect()
}

/// Maps from this size on are made beside the others: the kernel takes a millisecond to make two megabytes of entries.
const LARGE_MAP_BYTES: u64 = 1 << 20;

/// The ring last: it may be on its way.
fn create_maps(manifest: &Manifest, cpus: u32, ring: Option<RingAhead>) -> Result<HashMap<String, Map>, Failure> {
    let (rings, others): (Vec<&KernelMap>, Vec<_>) =
        manifest.kernel_maps.iter().partition(|map| map.symbol == RING_MAP);
    let create =
        |map: &KernelMap| Ok((map.symbol.clone(), create_map(map, manifest, cpus, || Map::create(map, cpus))?));
    let large = |map: &&KernelMap| limits::map_bytes(map, cpus) >= LARGE_MAP_BYTES;
    let aside = if others.len() > 1 { others.iter().position(large) } else { None };
    let mut maps = std::thread::scope(|scope| {
        let mut others = others;
        let making = aside.map(|at| others.swap_remove(at)).map(|map| scope.spawn(move || create(map)));
        let mut maps = others.into_iter().map(create).collect::<Result<HashMap<_, _>, Failure>>()?;
        if let Some(making) = making {
            let made = making.join().map_err(|_| internal(&ObjectError("making a map failed".to_owned())))?;
            maps.extend([made?]);
        }
        Ok::<_, Failure>(maps)
    })?;
    let mut ahead = ring;
    for ring in rings {
        let made = || ahead.take().and_then(|ahead| ahead.take(ring)).unwrap_or_else(|| Map::create(ring, cpus));
        maps.insert(ring.symbol.clone(), create_map(ring, manifest, cpus, made)?);
    }
    Ok(maps)
}

fn create_map(
    map: &KernelMap,
    manifest: &Manifest,
    cpus: u32,
    create: impl FnOnce() -> io::Result<Map>,
) -> Result<Map, Failure> {
    create().map_err(|error| {
        let name = limits::map_name(manifest, &map.symbol);
        let span = manifest.maps.iter().find(|own| own.name == name).map_or(Span::default(), |own| own.span);
        let bytes = limits::map_bytes(map, cpus);
        Failure::new(
            "map-not-created",
            span,
            format!("the map {name} ({} entries, about {} KB) was not created: {error}", map.max_entries, bytes >> 10),
        )
        .with_cause(&error)
    })
}

fn map_globals(manifest: &Manifest, maps: &HashMap<String, Map>) -> Result<Arc<Memory>, Failure> {
    let map = maps.get(GLOBALS_MAP).ok_or_else(|| internal(&ObjectError("no globals".to_owned())))?;
    Memory::of(map, manifest.globals.size() as usize).map(Arc::new).map_err(|error| {
        Failure::new("map-not-created", Span::default(), format!("the globals cannot be mapped into memory: {error}"))
            .with_cause(&error)
    })
}

struct Loader<'a> {
    manifest: &'a Manifest,
    source: &'a SourceFile,
    objects: &'a Objects<'a>,
    maps: &'a HashMap<String, Map>,
    /// Sections of constants by object and section, each in an array of its own; programs keep them alive.
    constants: HashMap<(usize, usize), Map>,
    /// The type information of each object.
    btf: Vec<Option<Result<OwnedFd, LoadFailure>>>,
    /// Read when the first program needs it.
    kernel_btf: Option<KernelBtf>,
}

impl<'a> Loader<'a> {
    fn new(
        manifest: &'a Manifest,
        source: &'a SourceFile,
        objects: &'a Objects<'a>,
        maps: &'a HashMap<String, Map>,
    ) -> Self {
        let btf = objects.iter().map(|object| object.btf().map(program::load_btf)).collect();
        Self { manifest, source, objects, maps, constants: HashMap::new(), btf, kernel_btf: None }
    }

    /// A program, and the number of the object that it is in.
    fn linked(&mut self, program: &Program) -> Result<(LinkedProgram, usize), Failure> {
        let (number, object) = self.objects.of(&program.section).map_err(|error| internal(&error))?;
        let mut linked = object.link(&program.section).map_err(|error| internal(&error))?;
        self.resolve(&mut linked, number).map_err(|error| internal(&error))?;
        Ok((linked, number))
    }

    fn btf(&self, object: usize) -> Option<&Result<OwnedFd, LoadFailure>> {
        self.btf.get(object).and_then(Option::as_ref)
    }

    fn image<'l>(&'l self, program: &'l Program, (linked, object): &'l (LinkedProgram, usize)) -> ProgramImage<'l> {
        ProgramImage {
            name: &program.section,
            instructions: &linked.instructions,
            btf: self.btf(*object).and_then(|btf| btf.as_ref().ok()).map(AsFd::as_fd),
            function_info: Records { bytes: &linked.function_info, size: linked.function_info_size },
            line_info: Records { bytes: &linked.line_info, size: linked.line_info_size },
            license: &self.manifest.settings.license,
            log_size: self.manifest.settings.log_size.unwrap_or(0),
        }
    }

    fn with_image<T>(
        &mut self,
        program: &Program,
        work: impl FnOnce(&ProgramImage<'_>, &LoadType) -> T,
    ) -> Result<T, Failure> {
        let linked = self.linked(program)?;
        let kind = self.load_type(program)?;
        Ok(work(&self.image(program, &linked), &kind))
    }

    fn load(&mut self, program: &Program) -> Result<ProgramFd, Failure> {
        let linked = self.linked(program)?;
        let kind = self.load_type(program)?;
        program::load(&self.image(program, &linked), &kind).map_err(|mut failure| {
            if let Some(Err(btf)) = self.btf(linked.1) {
                failure.log = format!("{}\nthe type information was refused: {} {}", failure.log, btf.error, btf.log);
            }
            verifier::explain(&failure, program, &linked.0, self.manifest, self.source)
        })
    }

    fn resolve(&mut self, linked: &mut LinkedProgram, object: usize) -> Result<(), ObjectError> {
        for reference in &linked.references {
            if let Target::Constants { section, .. } = reference.to
                && !self.constants.contains_key(&(object, section))
            {
                let bytes = self.objects.get(object)?.constants(section)?;
                let map = Map::constants(bytes)
                    .map_err(|error| ObjectError(format!("the constants cannot be loaded: {error}")))?;
                self.constants.insert((object, section), map);
            }
        }
        let of_kernel = |target: &Target| matches!(target, Target::KernelFunction(_) | Target::KernelVariable(_));
        if self.kernel_btf.is_none() && linked.references.iter().any(|reference| of_kernel(&reference.to)) {
            let read = KernelBtf::read();
            let read = read.map_err(|error| ObjectError(format!("the kernel's types cannot be read: {error}")))?;
            self.kernel_btf = Some(read);
        }
        let types = self.kernel_btf.as_ref();
        let number = |id: u32| i32::try_from(id).ok();
        linked.resolve(|target| match target {
            Target::Map(symbol) | Target::Value { symbol, .. } => {
                self.maps.get(symbol).map(|map| map.as_fd().as_raw_fd())
            }
            Target::Constants { section, .. } => {
                self.constants.get(&(object, *section)).map(|map| map.as_fd().as_raw_fd())
            }
            Target::KernelFunction(name) => types?.function(name).and_then(number),
            Target::KernelVariable(name) => types?.variable(name).and_then(number),
        })
    }

    fn load_type(&mut self, program: &Program) -> Result<LoadType, Failure> {
        let plain = LoadType::plain;
        Ok(match &program.kind {
            ProgramKind::Tracepoint => plain(bpf_prog_type::BPF_PROG_TYPE_TRACEPOINT),
            ProgramKind::PerfEvent => plain(bpf_prog_type::BPF_PROG_TYPE_PERF_EVENT),
            ProgramKind::RawTracepoint => plain(bpf_prog_type::BPF_PROG_TYPE_RAW_TRACEPOINT),
            ProgramKind::Kprobe { multi: false } => plain(bpf_prog_type::BPF_PROG_TYPE_KPROBE),
            ProgramKind::Kprobe { multi: true } => LoadType {
                expected_attach: Some(bpf_attach_type::BPF_TRACE_UPROBE_MULTI as u32),
                ..plain(bpf_prog_type::BPF_PROG_TYPE_KPROBE)
            },
            ProgramKind::KprobeMulti => LoadType {
                expected_attach: Some(bpf_attach_type::BPF_TRACE_KPROBE_MULTI as u32),
                ..plain(bpf_prog_type::BPF_PROG_TYPE_KPROBE)
            },
            ProgramKind::KprobeSession => {
                LoadType { expected_attach: Some(link::KPROBE_SESSION), ..plain(bpf_prog_type::BPF_PROG_TYPE_KPROBE) }
            }
            ProgramKind::Trampoline { function, home, is_return } => {
                let (attach_btf_id, attach_object) = self.function(function, home, program)?;
                let expected =
                    if *is_return { bpf_attach_type::BPF_TRACE_FEXIT } else { bpf_attach_type::BPF_TRACE_FENTRY };
                LoadType {
                    expected_attach: Some(expected as u32),
                    attach_btf_id,
                    attach_object,
                    ..plain(bpf_prog_type::BPF_PROG_TYPE_TRACING)
                }
            }
            ProgramKind::TracingRawTracepoint { name } => {
                let (attach_btf_id, attach_object) = self.tracepoint(name, program)?;
                LoadType {
                    expected_attach: Some(bpf_attach_type::BPF_TRACE_RAW_TP as u32),
                    attach_btf_id,
                    attach_object,
                    ..plain(bpf_prog_type::BPF_PROG_TYPE_TRACING)
                }
            }
            ProgramKind::Xdp => plain(bpf_prog_type::BPF_PROG_TYPE_XDP),
            ProgramKind::Iterator { name } => LoadType {
                expected_attach: Some(bpf_attach_type::BPF_TRACE_ITER as u32),
                attach_btf_id: self.iterator_btf_id(name, program)?,
                ..plain(bpf_prog_type::BPF_PROG_TYPE_TRACING)
            },
        })
    }

    /// A raw tracepoint by its BTF id, and the type information that it is in unless that is the kernel's own.
    fn tracepoint(&mut self, name: &str, program: &Program) -> Result<(u32, Option<OwnedFd>), Failure> {
        let typedef = format!("btf_trace_{name}");
        let btf = self.kernel_btf(program)?;
        if let Some(id) = btf.typedef(&typedef) {
            return Ok((id, None));
        }
        let of_module = |module: &String| {
            let id = KernelBtf::read_module(module, btf).ok()?.typedef(&typedef)?;
            Some((id, Some(inspect::module_btf(module).ok()?)))
        };
        let found = Btf::modules().iter().find_map(of_module);
        let span = program_span(self.manifest, program);
        let message = format!("the kernel has no raw tracepoint '{name}' in its type information");
        found.ok_or_else(|| Failure::new("unknown-tracepoint", span, message))
    }

    fn iterator_btf_id(&mut self, name: &str, program: &Program) -> Result<u32, Failure> {
        let found = self.kernel_btf(program)?.function(&format!("bpf_iter_{name}"));
        let span = program_span(self.manifest, program);
        let message = format!("the kernel has no iterator '{name}' in its type information");
        found.ok_or_else(|| Failure::new("unknown-iterator", span, message))
    }

    fn kernel_btf(&mut self, program: &Program) -> Result<&KernelBtf, Failure> {
        if self.kernel_btf.is_none() {
            let span = program_span(self.manifest, program);
            self.kernel_btf = Some(KernelBtf::read().map_err(|error| {
                Failure::new("no-btf", span, format!("the kernel's type information cannot be read: {error}"))
            })?);
        }
        self.kernel_btf.as_ref().ok_or_else(|| internal(&ObjectError("no type information".to_owned())))
    }

    /// A function by its BTF id, and the program or the type information that it is in unless that is the kernel's own.
    fn function(
        &mut self,
        name: &str,
        home: &FunctionHome,
        program: &Program,
    ) -> Result<(u32, Option<OwnedFd>), Failure> {
        let span = program_span(self.manifest, program);
        let unknown = |place: &str| {
            let message = format!("{place} has no function '{name}' in its type information");
            Failure::new("unknown-function", span, message)
        };
        match home {
            FunctionHome::Kernel => {
                let found = self.kernel_btf(program)?.function(name);
                found.map(|id| (id, None)).ok_or_else(|| unknown("the kernel"))
            }
            FunctionHome::Module(module) => {
                let btf = self.kernel_btf(program)?;
                let id = KernelBtf::read_module(module, btf).ok().and_then(|btf| btf.function(name));
                let found = id.and_then(|id| Some((id, Some(inspect::module_btf(module).ok()?))));
                found.ok_or_else(|| unknown(&format!("the module {module}")))
            }
            FunctionHome::Program(number) => {
                let names = bpf_programs::names(*number).unwrap_or_default();
                let id = names.into_iter().find_map(|(found, id)| (found == name).then_some(id));
                let found = id.and_then(|id| Some((id, Some(inspect::program(*number).ok()?))));
                found.ok_or_else(|| unknown(&format!("the BPF program {number}")))
            }
        }
    }
}

/// Where the first probe of a program stands in the script.
pub fn program_span(manifest: &Manifest, program: &Program) -> Span {
    let first = program.attach.first().and_then(|point| manifest.probes.get(point.probe.index()));
    first.map_or(Span::default(), |probe| probe.span)
}

fn internal(error: &ObjectError) -> Failure {
    Failure::new("internal", Span::default(), error.to_string())
        .with_help("this is a mistake in tracedeck, not in the script; please report it with the script")
}
