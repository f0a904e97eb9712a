//! Debug information, as little as BTF needs: functions with named parameters, and the lines of statements.
//!
//! The kernel wants BTF for functions that it calls back (loops). Beside that it prints the script's line for each
//! instruction in the verifier's log.

use inkwell::AddressSpace;
use inkwell::context::ContextRef;
use inkwell::debug_info::{
    AsDIScope, DICompileUnit, DIFlagsConstants, DILocation, DISubprogram, DIType, DWARFEmissionKind,
    DWARFSourceLanguage, DebugInfoBuilder,
};
use inkwell::module::{FlagBehavior, Module};

use crate::source::Position;

use super::unit::{Parameter, ParameterKind};

/// DW_ATE_unsigned of the DWARF standard.
const UNSIGNED: u32 = 7;
/// The version of LLVM's debug metadata.
const METADATA_VERSION: u64 = 3;

pub struct DebugInfo<'ctx> {
    context: ContextRef<'ctx>,
    builder: DebugInfoBuilder<'ctx>,
    compile_unit: DICompileUnit<'ctx>,
    integer: DIType<'ctx>,
    pointer: DIType<'ctx>,
}

impl<'ctx> DebugInfo<'ctx> {
    pub fn new(module: &Module<'ctx>, context: ContextRef<'ctx>, file: &str) -> Self {
        let version = context.i32_type().const_int(METADATA_VERSION, false);
        module.add_basic_value_flag("Debug Info Version", FlagBehavior::Warning, version);
        let (builder, compile_unit) = module.create_debug_info_builder(
            true,
            DWARFSourceLanguage::C,
            file,
            ".",
            "tracedeck",
            true,
            "",
            0,
            "",
            DWARFEmissionKind::Full,
            0,
            false,
            false,
            "",
            "",
        );
        let integer = builder
            .create_basic_type("u64", 64, UNSIGNED, inkwell::debug_info::DIFlags::ZERO)
            .expect("the type has a name")
            .as_type();
        // The kernel refuses pointer types with a name.
        let pointer = builder.create_pointer_type("", integer, 64, 64, AddressSpace::default()).as_type();
        Self { context, builder, compile_unit, integer, pointer }
    }

    /// A function that starts at a line. The kernel calls back only functions that are `local`.
    pub fn function(&self, name: &str, parameters: &[Parameter], line: u32, local: bool) -> DISubprogram<'ctx> {
        let file = self.compile_unit.get_file();
        let types: Vec<_> = parameters.iter().map(|parameter| self.parameter_type(parameter.kind)).collect();
        let flags = inkwell::debug_info::DIFlags::ZERO;
        let signature = self.builder.create_subroutine_type(file, Some(self.integer), &types, flags);
        let scope = self.compile_unit.as_debug_info_scope();
        let function =
            self.builder.create_function(scope, name, None, file, line, signature, local, true, line, flags, true);
        for (index, (parameter, ty)) in parameters.iter().zip(types).enumerate() {
            // BTF takes the names of parameters from these; parameters without names are refused.
            self.builder.create_parameter_variable(
                function.as_debug_info_scope(),
                parameter.name,
                index as u32 + 1,
                file,
                line,
                ty,
                true,
                flags,
            );
        }
        function
    }

    fn parameter_type(&self, kind: ParameterKind) -> DIType<'ctx> {
        match kind {
            ParameterKind::Integer => self.integer,
            ParameterKind::Pointer => self.pointer,
        }
    }

    pub fn location(&self, scope: DISubprogram<'ctx>, position: Position) -> DILocation<'ctx> {
        self.builder.create_debug_location(
            self.context,
            position.line,
            position.column,
            scope.as_debug_info_scope(),
            None,
        )
    }

    /// Completes the metadata; nothing may be added afterwards.
    pub fn finish(&self) {
        self.builder.finalize();
    }
}
