//! The machine: what the operating system says about it, read from files and without starting a
//! program (`nvidia-smi` alone takes longer than all the rest of `start`).

mod accelerators;
mod memory;
mod processor;

use std::path::Path;

use crate::ambient::Ambient;
use crate::model::environment::Hardware;

/// Looks at the machine as this process may use it: cores and memory within the limits of its
/// cgroup, accelerators that `CUDA_VISIBLE_DEVICES` leaves. `None` is "could not be looked up".
///
/// Memory, the processor's name and accelerators are known on Linux only: elsewhere the system
/// tells them to a call into C or to a program, and neither is made here.
pub fn observe(ambient: &Ambient) -> Hardware {
    let root = Path::new("/");
    let linux = cfg!(target_os = "linux");
    Hardware {
        os: operating_system(),
        arch: architecture(),
        cpu: if linux {
            processor::name(root)
        } else {
            ambient.var("PROCESSOR_IDENTIFIER").map(str::to_owned)
        },
        cores: std::thread::available_parallelism()
            .ok()
            .and_then(|cores| u32::try_from(cores.get()).ok()),
        memory_bytes: linux.then(|| memory::bytes(root)).flatten(),
        gpus: linux.then(|| accelerators::usable(root, ambient)).flatten(),
    }
}

#[cfg(unix)]
fn operating_system() -> Option<String> {
    let name = rustix::system::uname();
    let system = name.sysname().to_str().ok()?.to_ascii_lowercase();
    let release = name.release().to_str().ok()?;
    Some(format!("{system} {}", version_of(release)))
}

#[cfg(not(unix))]
fn operating_system() -> Option<String> {
    cfg!(windows).then(|| "windows".to_owned())
}

/// `6.1.0` of `6.1.0-18-amd64`: what follows counts a distribution's rebuilds.
#[cfg(unix)]
fn version_of(release: &str) -> &str {
    let end = release.find(|c: char| !(c.is_ascii_digit() || c == '.'));
    release[..end.unwrap_or(release.len())].trim_end_matches('.')
}

#[cfg(unix)]
fn architecture() -> Option<String> {
    let name = rustix::system::uname();
    // Systems call the same two architectures by other names.
    let machine = match name.machine().to_str().ok()? {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        other => other,
    };
    Some(machine.to_owned())
}

#[cfg(not(unix))]
fn architecture() -> Option<String> {
    [
        ("x86_64", cfg!(target_arch = "x86_64")),
        ("aarch64", cfg!(target_arch = "aarch64")),
    ]
    .iter()
    .find(|(_, built_for)| *built_for)
    .map(|(name, _)| (*name).to_owned())
}

/// A small file of `/proc` or `/sys`, trimmed; `None` when it is not there or empty.
fn line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known() {
        let seen = observe(&Ambient::fixed("/", &[]));
        assert!(seen.os.is_some() && seen.arch.is_some());
        assert!(seen.cores > Some(0));
        if cfg!(target_os = "linux") {
            assert!(seen.memory_bytes > Some(1 << 20));
        }
    }

    #[test]
    fn rebuilds_of_a_kernel_are_the_same_system() {
        assert_eq!(version_of("6.1.0-18-amd64"), "6.1.0");
        assert_eq!(
            version_of("5.15.167.4-microsoft-standard-WSL2"),
            "5.15.167.4"
        );
        assert_eq!(version_of("24.3.0"), "24.3.0");
    }
}
