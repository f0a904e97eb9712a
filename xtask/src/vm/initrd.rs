//! The initial file system: a cpio archive with busybox, modules, and the scripts that lead to the command.

use std::path::Path;

use super::modules::Module;

/// Runs as the first process: finds the host's files, starts the command in them, says how it ended, switches off.
const INIT: &str = r#"#!/bin/busybox sh
export PATH=/bin
/bin/busybox mkdir -p /proc /sys /dev /host /cover /root
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in $(cat /modules/order); do insmod /modules/$module.ko || echo "module $module failed"; done
port() {
    for entry in /sys/class/virtio-ports/*; do
        [ "$(cat $entry/name)" = "$1" ] && echo /dev/${entry##*/}
    done
}
OUTPUT=$(port output)
STATUS=$(port status)
end() {
    echo "$1" > $STATUS
    sync
    poweroff -f
}
fail() {
    echo "the virtual machine is not usable: $1" > $OUTPUT
    end 125
}
NINE=trans=virtio,version=9p2000.L,msize=524288
mount -t 9p -o ro,cache=loose,$NINE host /host || fail "the host's files are not there"
mount -t tmpfs -o mode=755 tmpfs /cover
mkdir /cover/upper /cover/work
mount -t overlay -o lowerdir=/host,upperdir=/cover/upper,workdir=/cover/work overlay /root || fail "no overlay"
cd /root
. /settings
mkdir -p proc sys dev tmp run "./$MODULES"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t devtmpfs devtmpfs dev
mkdir -p dev/pts dev/shm
mount -t devpts devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs run
mount -t tracefs tracefs sys/kernel/tracing
mount -t debugfs debugfs sys/kernel/debug 2> dev/null
mount -t bpf bpf sys/fs/bpf
mount -t securityfs securityfs sys/kernel/security 2> dev/null
mount -t cgroup2 cgroup2 sys/fs/cgroup 2> dev/null
ln -sf /proc/self/fd dev/fd 2> dev/null
mkdir -p ".$SHARED"
mount -t 9p -o rw,cache=none,$NINE shared ".$SHARED" || fail "the shared directory is not there"
mount --bind "./$MODULES_FROM" "./$MODULES"
ip link set lo up
hostname tracedeck-vm
cp /command run/vm-command
chmod 755 run/vm-command
chroot . /bin/sh /run/vm-command < /dev/null > ${OUTPUT} 2>&1
end $?
"#;

/// The part that depends on the kernel alone.
pub fn base(busybox: &Path, modules: &[Module]) -> std::io::Result<Vec<u8>> {
    let mut archive = Archive::default();
    for directory in ["bin", "modules"] {
        archive.directory(directory);
    }
    archive.file("bin/busybox", 0o755, &std::fs::read(busybox)?);
    archive.file("init", 0o755, INIT.as_bytes());
    for module in modules {
        archive.file(&format!("modules/{}.ko", module.name), 0o644, &module.bytes);
    }
    let order: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    archive.file("modules/order", 0o644, order.join("\n").as_bytes());
    Ok(archive.end())
}

/// What is different each time. The kernel unpacks several archives, one after the other, as one.
pub struct Order<'a> {
    pub command: &'a [String],
    pub directory: &'a Path,
    pub environment: &'a [(String, String)],
    pub shared: &'a Path,
    /// The kernel's modules on the host, and its version.
    pub modules: (&'a Path, &'a str),
}

pub fn order(order: &Order<'_>) -> Vec<u8> {
    let mut script = String::from("#!/bin/sh\n");
    for (name, value) in order.environment {
        script.push_str(&format!("export {name}={}\n", quoted(value)));
    }
    script.push_str(&format!("cd {} || exit 125\n", quoted(&order.directory.to_string_lossy())));
    let words: Vec<String> = order.command.iter().map(|word| quoted(word)).collect();
    script.push_str(&format!("exec {}\n", words.join(" ")));
    let settings = format!(
        "SHARED={}\nMODULES_FROM={}\nMODULES={}\n",
        quoted(&order.shared.to_string_lossy()),
        quoted(&order.modules.0.to_string_lossy()),
        quoted(&format!("/lib/modules/{}", order.modules.1)),
    );
    let mut archive = Archive::default();
    archive.file("command", 0o755, script.as_bytes());
    archive.file("settings", 0o644, settings.as_bytes());
    archive.end()
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A cpio archive of the `newc` format, which the kernel unpacks.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    const DIRECTORY: u32 = 0o040_000;
    const FILE: u32 = 0o100_000;

    fn directory(&mut self, name: &str) {
        self.entry(name, Self::DIRECTORY | 0o755, &[]);
    }

    fn file(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entry(name, Self::FILE | mode, content);
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        let (size, name_size) = (content.len() as u32, name.len() as u32 + 1);
        // Number, mode, owner, group, links, time, size, four device numbers, bytes of the name, checksum.
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.bytes.extend(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08x}").bytes());
        }
        self.bytes.extend(name.bytes().chain([0]));
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn end(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_quotes() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }

    #[test]
    fn an_archive_is_made_of_aligned_entries() {
        let mut archive = Archive::default();
        archive.file("a", 0o644, b"xyz");
        let bytes = archive.end();
        assert_eq!(&bytes[..14], b"07070100000001");
        assert_eq!(&bytes[110..116], b"a\0xyz\0");
        assert_eq!(&bytes[116..122], b"070701");
        assert_eq!(bytes.len() % 512, 0);
    }
}
