//! `self:signal:SIGUSR1`: a script that answers a signal to the tracer.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tracedeck_tests::binary::{command, wait_until_attached};
use tracedeck_tests::require_tracing;

#[test]
fn a_signal_runs_the_probe_each_time() {
    require_tracing!();
    let script = r#"self:signal:SIGUSR1 { @n++; printf("%s %d\n", probetype, @n); if (@n == 3) { exit(); } }
                    self:signal:SIGUSR1 /@n > 3/ { printf("never\n"); }"#;
    let mut tracer = command(&["-e", script]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tracedeck");
    wait_until_attached(&mut tracer);
    let mut lines = BufReader::new(tracer.stdout.take().expect("its output")).lines();
    for expected in ["special 1", "special 2", "special 3"] {
        kill(Pid::from_raw(tracer.id() as i32), Signal::SIGUSR1).expect("a signal");
        assert_eq!(lines.next().expect("a line").expect("text"), expected);
    }
    assert!(tracer.wait().expect("its end").success());
}
