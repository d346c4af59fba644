//! GPUs and other accelerators, as Linux shows them without their vendors' tools.
//!
//! Names come from drivers: NVIDIA's in `/proc/driver/nvidia`, AMD's in the KFD topology. A device
//! that no driver names goes by its PCI numbers. "None" (`Some([])`) is said only where the PCI bus
//! could be looked at and has none, and nothing hints at a way around it (WSL, Tegra); otherwise it
//! is unknown.

use std::path::Path;

use crate::ambient::Ambient;

use super::line;

/// A device with what `CUDA_VISIBLE_DEVICES` can name it by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Device {
    name: String,
    uuid: Option<String>,
}

const NVIDIA: &str = "0x10de";
const AMD: &str = "0x1002";

/// Names of accelerators that this process may use, in the order of the bus.
pub(super) fn usable(root: &Path, ambient: &Ambient) -> Option<Vec<String>> {
    let nvidia = of_nvidia(root);
    let amd = of_amd(root);
    let on_bus = of_bus(root, nvidia.is_empty(), amd.is_empty());
    if nvidia.is_empty() && amd.is_empty() {
        if root.join("dev/dxg").exists() || on_bus.is_none() {
            return tegra(root).map(|name| vec![name]);
        }
        if on_bus.as_ref().is_some_and(Vec::is_empty)
            && let Some(name) = tegra(root)
        {
            return Some(vec![name]);
        }
    }
    let visible = visible(nvidia, ambient);
    let names = visible.into_iter().map(|device| device.name);
    Some(names.chain(amd).chain(on_bus.unwrap_or_default()).collect())
}

/// `/proc/driver/nvidia/gpus/<bus address>/information`, which containers see their own part of.
fn of_nvidia(root: &Path) -> Vec<Device> {
    sorted(&root.join("proc/driver/nvidia/gpus"))
        .iter()
        .filter_map(|name| {
            let folder = root.join("proc/driver/nvidia/gpus").join(name);
            let text = line(&folder.join("information"))?;
            let field = |wanted: &str| {
                text.lines()
                    .filter_map(|line| line.split_once(':'))
                    .find(|(key, _)| key.trim() == wanted)
                    .map(|(_, value)| value.trim().to_owned())
                    .filter(|value| !value.is_empty())
            };
            Some(Device {
                name: field("Model")?,
                uuid: field("GPU UUID"),
            })
        })
        .collect()
}

/// KFD's nodes with compute units; those without are processors.
fn of_amd(root: &Path) -> Vec<String> {
    let nodes = root.join("sys/class/kfd/kfd/topology/nodes");
    sorted(&nodes)
        .iter()
        .filter_map(|node| {
            let properties = line(&nodes.join(node).join("properties"))?;
            let number = |wanted: &str| {
                properties
                    .lines()
                    .filter_map(|line| line.split_once(' '))
                    .find(|(key, _)| *key == wanted)
                    .and_then(|(_, value)| value.trim().parse::<u32>().ok())
            };
            if number("simd_count")? == 0 {
                return None;
            }
            let product = number("drm_render_minor").and_then(|minor| {
                let device = format!("sys/class/drm/renderD{minor}/device/product_name");
                line(&root.join(device))
            });
            product.or_else(|| Some(format!("AMD {}", gfx_name(number("gfx_target_version")?))))
        })
        .collect()
}

/// `gfx90a` of 90010: major, minor and stepping in two decimal digits each, the last two written in
/// hexadecimal (the kernel's `kfd_topology.h`).
fn gfx_name(version: u32) -> String {
    let (major, minor, stepping) = (version / 10000, version / 100 % 100, version % 100);
    format!("gfx{major}{minor:x}{stepping:x}")
}

/// Devices on the PCI bus that no driver has named: displays (class 03) of the two makers of compute
/// cards, and processing accelerators (class 12) of anyone. `None` when there is no bus to look at.
fn of_bus(root: &Path, nvidia: bool, amd: bool) -> Option<Vec<String>> {
    let devices = root.join("sys/bus/pci/devices");
    std::fs::read_dir(&devices).ok()?;
    let named = sorted(&devices).into_iter().filter_map(|device| {
        let read = |file: &str| line(&devices.join(&device).join(file));
        let (class, vendor) = (read("class")?, read("vendor")?);
        let display = class.starts_with("0x03");
        let counts = match vendor.as_str() {
            NVIDIA => display && nvidia,
            AMD => (display || class.starts_with("0x12")) && amd,
            _ => class.starts_with("0x12"),
        };
        let maker = match vendor.as_str() {
            NVIDIA => "NVIDIA",
            AMD => "AMD",
            _ => "accelerator",
        };
        let numbers = format!("{vendor}:{}", read("device")?).replace("0x", "");
        counts.then(|| format!("{maker} {numbers}"))
    });
    Some(named.collect())
}

/// NVIDIA's boards with the GPU on the same chip, which is on no bus.
fn tegra(root: &Path) -> Option<String> {
    let tree = root.join("proc/device-tree");
    let compatible = line(&tree.join("compatible"))?;
    let model = line(&tree.join("model"))?;
    compatible
        .contains("nvidia,tegra")
        .then(|| model.trim_end_matches('\0').to_owned())
}

/// What `CUDA_VISIBLE_DEVICES` leaves. Numbers count in CUDA's order, fastest first, which can't be
/// told from here: they pick devices only where all are the same or the bus order was asked for.
/// What can't be picked apart stays whole.
fn visible(devices: Vec<Device>, ambient: &Ambient) -> Vec<Device> {
    let value = |wanted: &str| {
        ambient
            .vars()
            .find(|(name, _)| *name == wanted)
            .and_then(|(_, value)| value.to_str())
    };
    let Some(wanted) = value("CUDA_VISIBLE_DEVICES") else {
        return devices;
    };
    let by_bus = value("CUDA_DEVICE_ORDER") == Some("PCI_BUS_ID")
        || devices.windows(2).all(|pair| pair[0].name == pair[1].name);
    let mut left = Vec::new();
    for word in wanted.split(',').map(str::trim) {
        let index = word.parse::<usize>().ok();
        let device = match index {
            Some(_) if !by_bus => return devices,
            Some(index) => devices.get(index),
            None if word.starts_with("GPU-") => devices.iter().find(|device| {
                let uuid = device.uuid.as_deref().unwrap_or_default();
                uuid.starts_with(word)
            }),
            None if word.starts_with("MIG-") => return devices,
            None => None,
        };
        match device {
            Some(device) => left.push(device.clone()),
            // CUDA stops at the first that it doesn't know, `-1` above all.
            None => break,
        }
    }
    left
}

fn sorted(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    // Numbers in the order of their size: KFD's nodes are 0, 1, … 10.
    names.sort_by_key(|name| (name.parse::<u32>().unwrap_or(0), name.clone()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(files: &[(&str, &str)], vars: &[(&str, &str)]) -> Option<Vec<String>> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        usable(root.path(), &Ambient::fixed("/", vars))
    }

    const A100: &str = "Model: \t\t NVIDIA A100\nIRQ: 1\nGPU UUID: \t GPU-aa\n";
    const T4: &str = "Model: \t\t Tesla T4\nGPU UUID: \t GPU-bb\n";

    fn gpu(slot: &'static str, text: &'static str) -> (String, &'static str) {
        (
            format!("proc/driver/nvidia/gpus/0000:{slot}/information"),
            text,
        )
    }

    fn card(slot: &str, class: &'static str, vendor: &'static str) -> Vec<(String, &'static str)> {
        let folder = format!("sys/bus/pci/devices/0000:{slot}");
        vec![
            (format!("{folder}/class"), class),
            (format!("{folder}/vendor"), vendor),
            (format!("{folder}/device"), "0x20b0\n"),
        ]
    }

    fn names(files: &[(String, &str)], vars: &[(&str, &str)]) -> Option<Vec<String>> {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), *text))
            .collect();
        with(&files, vars)
    }

    #[test]
    fn nothing_to_look_at_is_not_nothing() {
        assert_eq!(with(&[], &[]), None);
        let network = card("00:01.0", "0x020000\n", "0x1af4\n");
        assert_eq!(names(&network, &[]), Some(vec![]));
        let wsl = [network, vec![("dev/dxg".to_owned(), "")]].concat();
        assert_eq!(names(&wsl, &[]), None);
    }

    #[test]
    fn cards_without_a_driver_go_by_their_numbers() {
        let cards = [
            card("00:02.0", "0x030000\n", "0x8086\n"),
            card("01:00.0", "0x030200\n", "0x10de\n"),
            card("02:00.0", "0x120000\n", "0x1da3\n"),
        ]
        .concat();
        let expected = ["NVIDIA 10de:20b0", "accelerator 1da3:20b0"].map(str::to_owned);
        assert_eq!(names(&cards, &[]), Some(expected.to_vec()));
        let named = [cards, vec![gpu("01:00.0", A100)]].concat();
        let expected = ["NVIDIA A100", "accelerator 1da3:20b0"].map(str::to_owned);
        assert_eq!(names(&named, &[]), Some(expected.to_vec()));
    }

    #[test]
    fn only_visible_devices_count() {
        let (same, mixed) = (
            [gpu("01:00.0", A100), gpu("02:00.0", A100)],
            [gpu("01:00.0", A100), gpu("02:00.0", T4)],
        );
        let count = |files: &[(String, &str)], value: &str| {
            names(files, &[("CUDA_VISIBLE_DEVICES", value)])
                .unwrap()
                .join(",")
        };
        assert_eq!(count(&same, "1"), "NVIDIA A100");
        assert_eq!(count(&same, "0,1"), "NVIDIA A100,NVIDIA A100");
        assert_eq!(count(&same, ""), "");
        assert_eq!(count(&same, "0,-1,1"), "NVIDIA A100");
        assert_eq!(count(&same, "7"), "");
        assert_eq!(
            count(&mixed, "0"),
            "NVIDIA A100,Tesla T4",
            "which one is 0 is not known"
        );
        assert_eq!(count(&mixed, "GPU-bb"), "Tesla T4");
        let order = [
            ("CUDA_VISIBLE_DEVICES", "1"),
            ("CUDA_DEVICE_ORDER", "PCI_BUS_ID"),
        ];
        assert_eq!(names(&mixed, &order), Some(vec!["Tesla T4".to_owned()]));
    }

    #[test]
    fn amd_is_named_by_product_or_architecture() {
        let nodes = "sys/class/kfd/kfd/topology/nodes";
        let files = [
            (
                format!("{nodes}/0/properties"),
                "cpu_cores_count 64\nsimd_count 0\n",
            ),
            (
                format!("{nodes}/10/properties"),
                "simd_count 440\ngfx_target_version 90010\ndrm_render_minor 129\n",
            ),
            (
                format!("{nodes}/2/properties"),
                "simd_count 440\ngfx_target_version 110000\ndrm_render_minor 128\n",
            ),
            (
                "sys/class/drm/renderD129/device/product_name".to_owned(),
                "AMD Instinct MI210\n",
            ),
        ];
        let expected = ["AMD gfx1100", "AMD Instinct MI210"].map(str::to_owned);
        assert_eq!(names(&files, &[]), Some(expected.to_vec()));
        assert_eq!(gfx_name(90010), "gfx90a");
        assert_eq!(gfx_name(100300), "gfx1030");
    }

    #[test]
    fn boards_with_a_built_in_gpu() {
        let files = [
            (
                "proc/device-tree/compatible",
                "nvidia,p3701-0000\0nvidia,tegra234\0",
            ),
            ("proc/device-tree/model", "NVIDIA Jetson AGX Orin\0"),
        ];
        assert_eq!(
            with(&files, &[]),
            Some(vec!["NVIDIA Jetson AGX Orin".to_owned()])
        );
    }
}
