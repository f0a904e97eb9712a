//! What LLVM's back end has to say.
//!
//! Without a handler an error of the BPF back end (a stack of more than 512 bytes, a sixth argument) ends the process
//! with `exit(1)`. With one, LLVM goes on and produces an object that must not be used.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_void};

use inkwell::context::Context;
use llvm_sys::LLVMDiagnosticSeverity;
use llvm_sys::core::{
    LLVMContextSetDiagnosticHandler, LLVMDisposeMessage, LLVMGetDiagInfoDescription, LLVMGetDiagInfoSeverity,
};
use llvm_sys::prelude::LLVMDiagnosticInfoRef;

/// Collects the errors of one context; it must live as long as code is generated in that context.
#[derive(Debug, Default)]
pub struct Messages {
    errors: Vec<String>,
}

impl Messages {
    /// Installs the handler. The box must outlive the context's use; [`Messages::errors`] reads what was said.
    pub fn install(context: &Context) -> Box<Self> {
        let mut messages = Box::<Self>::default();
        let pointer: *mut Self = &mut *messages;
        // SAFETY: the handler gets the pointer back while code is generated, when the caller holds the box and no
        // reference to its content; a box does not move its content.
        unsafe { LLVMContextSetDiagnosticHandler(context.raw(), Some(handle), pointer.cast()) };
        messages
    }

    /// Takes the handler back, so that the collected messages can be dropped.
    pub fn uninstall(context: &Context) {
        // SAFETY: no handler is a valid handler.
        unsafe { LLVMContextSetDiagnosticHandler(context.raw(), None, std::ptr::null_mut()) };
    }

    pub fn errors(&self) -> &[String] {
        &self.errors
    }
}

extern "C" fn handle(info: LLVMDiagnosticInfoRef, context: *mut c_void) {
    // SAFETY: LLVM calls this with the pointer that `install` gave it, and with a diagnostic that is valid for the
    // call; the description is a C string that we own.
    unsafe {
        if LLVMGetDiagInfoSeverity(info) as u32 != LLVMDiagnosticSeverity::LLVMDSError as u32 {
            return;
        }
        let description = LLVMGetDiagInfoDescription(info);
        let text = CStr::from_ptr(description).to_string_lossy().into_owned();
        LLVMDisposeMessage(description);
        (*context.cast::<Messages>()).errors.push(text);
    }
}
