//! What all functions of one compilation share: the module, the layout, the debug information.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use inkwell::AddressSpace;
use inkwell::context::ContextRef;
use inkwell::intrinsics::Intrinsic;
use inkwell::module::{Linkage, Module};
use inkwell::values::{FunctionValue, PointerValue};

use crate::hir;
use crate::kernel::Kernel;
use crate::manifest::{Counter, CounterCause, GLOBALS_MAP, MapId, VALUE_SUFFIX};
use crate::source::{SourceFile, Span};

use super::debug_info::DebugInfo;
use super::ir::Argument;
use super::layout::Layout;
use super::program;
use super::prologue::Prologue;
use super::records::SiteLayout;
use super::ring::Traffic;

/// One compilation: a module and what its functions have in common.
pub struct Unit<'a, 'ctx> {
    pub program: &'a hir::Program,
    pub kernel: &'a dyn Kernel,
    pub file: &'a SourceFile,
    pub context: ContextRef<'ctx>,
    pub module: Module<'ctx>,
    pub debug: DebugInfo<'ctx>,
    /// `llvm.preserve.static.offset`
    pub keep_offset: FunctionValue<'ctx>,
    pub layout: RefCell<Layout>,
    pub sites: Vec<SiteLayout>,
    /// What goes into the ring.
    pub traffic: Traffic,
    /// Maps of which some probe deletes entries.
    pub deleted: HashSet<MapId>,
    /// Bytes of scratch memory that the hungriest program needs.
    pub scratch_size: Cell<u32>,
    /// The starts of functions, completed when the layout is final.
    pub prologues: RefCell<Vec<Prologue<'ctx>>>,
    symbols: RefCell<HashMap<String, PointerValue<'ctx>>>,
}

impl<'a, 'ctx> Unit<'a, 'ctx> {
    pub fn new(
        program: &'a hir::Program,
        kernel: &'a dyn Kernel,
        file: &'a SourceFile,
        context: ContextRef<'ctx>,
        module: Module<'ctx>,
        layout: Layout,
    ) -> Self {
        let debug = DebugInfo::new(&module, context, file.name());
        let keep_offset = Intrinsic::find("llvm.preserve.static.offset")
            .and_then(|intrinsic| intrinsic.get_declaration(&module, &[]))
            .expect("LLVM has the intrinsic since version 18");
        let sites = program.sites.iter().map(SiteLayout::new).collect();
        Self {
            program,
            kernel,
            file,
            context,
            module,
            debug,
            keep_offset,
            layout: RefCell::new(layout),
            sites,
            traffic: Traffic::default(),
            deleted: program::deleted_maps(program),
            scratch_size: Cell::new(0),
            prologues: RefCell::default(),
            symbols: RefCell::default(),
        }
    }

    /// The address that the loader puts in place of a map's symbol.
    pub fn symbol(&self, name: &str) -> PointerValue<'ctx> {
        *self.symbols.borrow_mut().entry(name.to_owned()).or_insert_with(|| {
            // A size that no access exceeds, so that the optimizer draws no conclusion from it.
            let bytes = self.context.i8_type().array_type(1 << 24);
            let global = self.module.add_global(bytes, Some(AddressSpace::default()), name);
            global.set_linkage(Linkage::External);
            global.as_pointer_value()
        })
    }

    /// The address of bytes that are part of the object; made at first use.
    pub fn constants(&self, name: &str, bytes: impl FnOnce() -> Vec<u8>) -> PointerValue<'ctx> {
        *self.symbols.borrow_mut().entry(format!("constants.{name}")).or_insert_with(|| {
            let bytes = bytes();
            let i8 = self.context.i8_type();
            let values: Vec<_> = bytes.iter().map(|byte| i8.const_int(u64::from(*byte), false)).collect();
            let initializer = i8.const_array(&values);
            let global = self.module.add_global(initializer.get_type(), Some(AddressSpace::default()), name);
            global.set_initializer(&initializer);
            global.set_constant(true);
            global.set_linkage(Linkage::Internal);
            global.set_alignment(8);
            global.as_pointer_value()
        })
    }

    /// The address of the globals' value.
    pub fn globals(&self) -> PointerValue<'ctx> {
        self.symbol(&format!("{GLOBALS_MAP}{VALUE_SUFFIX}"))
    }

    /// The counter for a cause at a place of the script.
    pub fn counter(&self, cause: CounterCause, span: Span, helper: Option<&str>) -> Counter {
        self.layout.borrow_mut().counter(cause, span, helper)
    }

    /// A kfunc: a function that the object calls and does not define.
    pub fn kernel_function(&self, name: &str, arguments: &[Argument<'ctx>]) -> FunctionValue<'ctx> {
        self.module.get_function(name).unwrap_or_else(|| {
            let types = arguments.iter().map(|argument| argument.ty(self.context)).collect::<Vec<_>>();
            let signature = self.context.i64_type().fn_type(&types, false);
            self.module.add_function(name, signature, Some(Linkage::External))
        })
    }

    /// A function with its debug information, in a section of the object.
    pub fn function(
        &self,
        name: &str,
        section: &str,
        parameters: &[Parameter],
        span: Span,
        is_static: bool,
    ) -> Function<'ctx> {
        let i64 = self.context.i64_type();
        let ptr = self.context.ptr_type(AddressSpace::default());
        let types: Vec<_> = parameters
            .iter()
            .map(|parameter| match parameter.kind {
                ParameterKind::Integer => i64.into(),
                ParameterKind::Pointer => ptr.into(),
            })
            .collect();
        // External linkage also for callbacks: the optimizer must keep their signatures, and the loader finds them by
        // their symbols. What makes them static for the kernel is their debug information.
        let value = self.module.add_function(name, i64.fn_type(&types, false), Some(Linkage::External));
        value.set_section(Some(section));
        let scope = self.debug.function(name, parameters, self.file.text_position(span.start).line, is_static);
        value.set_subprogram(scope);
        Function { value, scope }
    }
}

/// A function and the scope of its lines.
#[derive(Clone, Copy)]
pub struct Function<'ctx> {
    pub value: FunctionValue<'ctx>,
    pub scope: inkwell::debug_info::DISubprogram<'ctx>,
}

pub struct Parameter {
    pub name: &'static str,
    pub kind: ParameterKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    Integer,
    Pointer,
}
