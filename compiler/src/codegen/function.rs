//! The state of one BPF function under construction.

use std::marker::PhantomData;

/// One BPF function under construction: a program, or the callback of a loop in it.
pub struct FunctionBuilder<'a, 'ctx> {
    marker: PhantomData<(&'a (), &'ctx ())>,
}
