//! Stacks, as far as the program itself goes.

use super::harness::{peers, script};

peers! {
    one_frame: script("uprobe:TARGET:counted_function { print(ustack(1)); }").child("call 1 500");
    two_frames: script("uprobe:TARGET:spin_outer { print(ustack(2)); }").child("spin 300");
    a_stack_that_is_printed: script(r#"uprobe:TARGET:counted_function /arg0 == 0/ { printf("%s\n", ustack(1)); }"#).child("call 1 500");
    a_stack_that_is_printed_alone: script("uprobe:TARGET:counted_function /arg0 == 0/ { print(ustack(2)); }").child("call 1 500");
    a_stack_as_perf_writes_it: script("uprobe:TARGET:counted_function { print(ustack(perf, 2)); }").child("call 1 500");
    stacks_are_told_apart: script(r#"uprobe:TARGET:counted_function { @[ustack] = count(); } uprobe:TARGET:spin_outer { @[ustack] = count(); } END { printf("ended\n"); clear(@); }"#).child("call 3");
    symbols_of_addresses: script(r#"uprobe:TARGET:counted_function { print(usym(reg("ip"))); }"#).child("call 1 500");
}
