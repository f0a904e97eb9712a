//! pprof: a map for each of the values that its samples have.

use tracedeck_compiler::abi::escape::unescape;

use super::stacks::{Placed, StackMap, Stacks, frame, map_name};
use super::{Import, ImportError, text};
use crate::flame::pprof::{self, PprofFrame, PprofProfile};

/// Gzip, or bytes that begin as a profile does and as no text: with its first type of value.
pub fn is_likely(file: &[u8]) -> bool {
    file.starts_with(&[0x1f, 0x8b]) || matches!(file, [0x0a, length @ 1..32, 0x08, ..] if *length != b'\n')
}

pub fn read(file: &[u8]) -> Result<Import, ImportError> {
    let PprofProfile { types, preferred, samples } = pprof::read(file)?;
    let mut stacks = Stacks::default();
    let mut maps = Vec::new();
    let mut order: Vec<usize> = (0..types.len()).collect();
    order.sort_by_key(|index| *index != preferred);
    for index in order {
        let (kind, unit) = &types[index];
        let name = if unit == "count" || kind == unit { kind.clone() } else { format!("{kind}_{unit}") };
        let mut map = StackMap::new(map_name(&name), kind == "samples");
        for sample in &samples {
            // Differences may be negative; a flame graph has no place for them.
            let Some(weight) = u64::try_from(sample.values[index]).ok().filter(|weight| *weight > 0) else { continue };
            map.add(&mut stacks, None, sample.frames.iter().map(placed).collect(), weight);
        }
        if !map.is_empty() {
            maps.push(map.finish());
        }
    }
    if maps.is_empty() {
        return Err(ImportError::Nothing("the profile has no samples"));
    }
    Ok(Import { kind: "pprof", maps, stacks: stacks.all, output: Vec::new() })
}

fn placed(from: &PprofFrame) -> Placed {
    let plain = |bytes: &[u8]| {
        let name = text(bytes);
        unescape(&name).map_or(name, |bytes| text(&bytes))
    };
    let symbol = (!from.name.is_empty()).then(|| plain(&from.name));
    let mut frame = frame(0, symbol, from.module.as_deref().map(plain));
    frame.inlined = from.is_inlined;
    Placed { frame, is_kernel: from.is_kernel }
}
