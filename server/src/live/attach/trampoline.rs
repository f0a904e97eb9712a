//! `fentry` and `fexit`: what the program was loaded for.

use super::super::bpf::link;
use super::{AttachError, Link, Place};

pub fn attach(place: &Place<'_>) -> Result<Vec<Link>, AttachError> {
    let link = link::raw_tracepoint(place.program, None).map_err(|error| {
        let doing = match error.raw_os_error() {
            Some(libc::EBUSY) => "something else has taken the function over (live patching, or another tracer)",
            Some(libc::E2BIG) => "too many programs are attached to the function (38 at most)",
            Some(libc::EPERM) => "this kernel does not allow it: function tracing is switched off or locked down",
            _ => "attaching to the function",
        };
        AttachError::new(doing, error)
    })?;
    Ok(vec![Link::new(link, None)])
}
