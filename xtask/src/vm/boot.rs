//! Starting the emulator and finding out how the command ended.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::{Machine, directory, image, initrd, modules};

/// Of the environment, what the command gets.
const KEPT: [&str; 4] = ["PATH", "HOME", "LANG", "TERM"];
const KEPT_PREFIXES: [&str; 3] = ["TRACEDECK", "RUST_", "BPFTRACE"];

/// Lines of the kernel's that are shown when the machine dies.
const SHOWN_LINES: usize = 30;

/// Boots, runs the command, switches off: the command's exit status.
pub fn run(machine: &Machine<'_>) -> Result<u8> {
    if let Some(reason) = image::missing_tools() {
        bail!("{reason}; `cargo xtask setup --tests` installs what is needed");
    }
    let kernel = image::kernel(machine.kernel)?;
    let base = base(&kernel)?;
    std::fs::create_dir_all(&machine.shared)?;
    let shared = machine.shared.canonicalize()?;
    let modules_directory = kernel.modules.canonicalize()?;
    let directory = std::env::current_dir()?;
    let environment: Vec<(String, String)> = std::env::vars()
        .filter(|(name, _)| {
            KEPT.contains(&name.as_str()) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        })
        .collect();
    let order = initrd::Order {
        command: machine.command,
        directory: &directory,
        environment: &environment,
        shared: &shared,
        modules: (&modules_directory, &kernel.version),
    };
    let files = Files::new()?;
    let mut whole = std::fs::read(base)?;
    whole.extend(initrd::order(&order));
    std::fs::write(files.path("initrd"), whole)?;
    let mut emulator = emulator(machine, &kernel, &files, &shared).spawn().context("could not start qemu")?;
    // `wait` would close its input, at whose end it takes the output for closed too, and the command would hang.
    let input = emulator.stdin.take();
    let status = emulator.wait()?;
    drop(input);
    let console = std::fs::read_to_string(files.path("console")).unwrap_or_default();
    if machine.console {
        eprint!("{console}");
    }
    let code = std::fs::read_to_string(files.path("status")).unwrap_or_default();
    match code.trim().parse() {
        Ok(code) => Ok(code),
        Err(_) => {
            let lines: Vec<&str> = console.lines().collect();
            let last = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
            bail!("the virtual machine ended before the command did (qemu: {status}); the kernel's last words:\n{last}")
        }
    }
}

/// The initial file system of a kernel, made once.
fn base(kernel: &image::Kernel) -> Result<PathBuf> {
    let path = directory().join(format!("initrd-{}", kernel.version));
    let executable = std::env::current_exe()?;
    let time = |path: &Path| path.metadata().and_then(|found| found.modified());
    // Older than this program: the scripts in it may have changed.
    if matches!((time(&path), time(&executable)), (Ok(made), Ok(built)) if made > built) {
        return Ok(path);
    }
    let archive = initrd::base(&image::busybox()?, &modules::ordered(&kernel.modules)?)?;
    let aside = path.with_extension(std::process::id().to_string());
    std::fs::write(&aside, archive)?;
    std::fs::rename(aside, &path)?;
    Ok(path)
}

fn emulator(machine: &Machine<'_>, kernel: &image::Kernel, files: &Files, shared: &Path) -> std::process::Command {
    let file = |name: &str| files.path(name).display().to_string();
    let mut arguments: Vec<String> = [
        "-accel tcg -nodefaults -no-user-config -display none -no-reboot -machine q35 -cpu max",
        "-device virtio-serial-pci -device virtserialport,chardev=output,name=output",
        "-device virtserialport,chardev=status,name=status -chardev stdio,id=output,signal=off",
        "-device virtio-9p-pci,fsdev=host,mount_tag=host -device virtio-9p-pci,fsdev=shared,mount_tag=shared",
    ]
    .iter()
    .flat_map(|line| line.split(' ').map(str::to_owned))
    .collect();
    let append = "console=ttyS0 quiet panic=-1 mitigations=off audit=0 apparmor=0 no_timer_check";
    let valued = [
        ("-m", machine.memory.to_string()),
        ("-smp", machine.cpus.to_string()),
        ("-kernel", kernel.image.display().to_string()),
        ("-initrd", file("initrd")),
        ("-append", append.to_owned()),
        ("-serial", format!("file:{}", file("console"))),
        ("-chardev", format!("file,id=status,path={}", file("status"))),
        ("-fsdev", "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap".to_owned()),
        ("-fsdev", format!("local,id=shared,path={},security_model=none,multidevs=remap", shared.display())),
    ];
    arguments.extend(valued.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
    let mut command = std::process::Command::new("qemu-system-x86_64");
    command.args(arguments).stdin(Stdio::piped());
    // Library paths of the build must not reach the emulator's own libraries.
    command.env_remove("LD_LIBRARY_PATH");
    command
}

/// The files of one boot, gone afterwards.
struct Files(PathBuf);

impl Files {
    fn new() -> Result<Self> {
        let path = directory().join(format!("boot-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
