//! `rawtracepoint`: by name, or for programs with BTF arguments by what they were loaded for.

use std::ffi::CString;

use tracedeck_compiler::manifest::ProgramKind;

use super::super::bpf::link;
use super::{AttachError, Link, Place};

pub fn attach(place: &Place<'_>, name: &str) -> Result<Vec<Link>, AttachError> {
    let c_name = CString::new(name).map_err(|error| AttachError::new("its name", std::io::Error::other(error)))?;
    let by_name = !matches!(place.kind, ProgramKind::TracingRawTracepoint { .. });
    let link = link::raw_tracepoint(place.program, by_name.then_some(&c_name))
        .map_err(|error| AttachError::new("opening the raw tracepoint", error))?;
    Ok(vec![Link::new(link, None)])
}
