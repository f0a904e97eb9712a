//! A profile as samples.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::wire::{Field, fields};
use super::{KERNEL, field};

/// What a profile may grow to when it is unpacked.
const MAX_BYTES: u64 = 256 << 20;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PprofError {
    #[error("it cannot be unpacked: {0}")]
    Packed(String),
    #[error("it is larger than {} MiB when it is unpacked", MAX_BYTES >> 20)]
    TooLarge,
    #[error("it is not a profile.proto")]
    NotAProfile,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct PprofProfile {
    /// Type and unit of each value of a sample: `cpu`, `nanoseconds`.
    pub types: Vec<(String, String)>,
    /// Which of them a viewer shows first.
    pub preferred: usize,
    pub samples: Vec<PprofSample>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct PprofSample {
    /// Innermost first.
    pub frames: Vec<PprofFrame>,
    pub values: Vec<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PprofFrame {
    pub name: Vec<u8>,
    pub module: Option<Vec<u8>>,
    pub is_kernel: bool,
    pub is_inlined: bool,
}

/// Reads a profile, gzipped or not.
pub fn read(file: &[u8]) -> Result<PprofProfile, PprofError> {
    let unpacked;
    let bytes = if file.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        let mut reader = MultiGzDecoder::new(file).take(MAX_BYTES + 1);
        reader.read_to_end(&mut out).map_err(|error| PprofError::Packed(error.to_string()))?;
        if out.len() as u64 > MAX_BYTES {
            return Err(PprofError::TooLarge);
        }
        unpacked = out;
        &unpacked
    } else {
        file
    };
    Raw::read(bytes).and_then(|raw| raw.resolve()).ok_or(PprofError::NotAProfile)
}

/// Everything by number, as it stands in the file.
#[derive(Debug, Default)]
struct Raw<'a> {
    texts: Vec<&'a [u8]>,
    types: Vec<(u64, u64)>,
    preferred: u64,
    samples: Vec<(Vec<u64>, Vec<u64>)>,
    /// File by id.
    mappings: HashMap<u64, u64>,
    /// Mapping and functions by id; the innermost function first.
    locations: HashMap<u64, (u64, Vec<u64>)>,
    /// Name by id.
    functions: HashMap<u64, u64>,
}

impl<'a> Raw<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut raw = Self::default();
        fields(bytes, |number, content| raw.take(number, content))?;
        Some(raw)
    }

    fn take(&mut self, number: u32, content: Field<'a>) -> Option<()> {
        let message = content.bytes();
        match number {
            field::profile::SAMPLE_TYPE => {
                let [kind, unit] = numbers(message, [field::value_type::TYPE, field::value_type::UNIT])?;
                self.types.push((kind, unit));
            }
            field::profile::SAMPLE => {
                let (mut places, mut values) = (Vec::new(), Vec::new());
                fields(message, |number, content| match number {
                    field::sample::LOCATION_ID => content.numbers(&mut places),
                    field::sample::VALUE => content.numbers(&mut values),
                    _ => Some(()),
                })?;
                self.samples.push((places, values));
            }
            field::profile::MAPPING => {
                let [id, file] = numbers(message, [field::mapping::ID, field::mapping::FILENAME])?;
                self.mappings.insert(id, file);
            }
            field::profile::LOCATION => {
                let [id, mapping] = numbers(message, [field::location::ID, field::location::MAPPING_ID])?;
                let mut functions = Vec::new();
                fields(message, |number, content| {
                    if number == field::location::LINE {
                        let [function] = numbers(content.bytes(), [field::line::FUNCTION_ID])?;
                        functions.push(function);
                    }
                    Some(())
                })?;
                self.locations.insert(id, (mapping, functions));
            }
            field::profile::FUNCTION => {
                let [id, name] = numbers(message, [field::function::ID, field::function::NAME])?;
                self.functions.insert(id, name);
            }
            field::profile::STRING_TABLE => self.texts.push(message),
            field::profile::DEFAULT_SAMPLE_TYPE => self.preferred = content.number(),
            _ => {}
        }
        Some(())
    }

    /// None when a number leads nowhere.
    fn resolve(self) -> Option<PprofProfile> {
        // Every profile says what it counts, and its table of texts begins with the empty one.
        if self.types.is_empty() || self.texts.first() != Some(&&b""[..]) {
            return None;
        }
        let text = |index: u64| usize::try_from(index).ok().and_then(|index| self.texts.get(index)).copied();
        let words = |index| text(index).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let types: Vec<(String, String)> =
            self.types.iter().map(|(kind, unit)| Some((words(*kind)?, words(*unit)?))).collect::<Option<_>>()?;
        // Where nothing is said, the last is shown.
        let preferred = self.types.iter().position(|(kind, _)| self.preferred != 0 && *kind == self.preferred);
        let preferred = preferred.unwrap_or(types.len() - 1);
        let mut frames_of: HashMap<u64, Vec<PprofFrame>> = HashMap::with_capacity(self.locations.len());
        for (id, (mapping, functions)) in &self.locations {
            let file = self.mappings.get(mapping).and_then(|file| text(*file)).filter(|file| !file.is_empty());
            let is_kernel = file.is_some_and(is_kernel);
            let module = file.filter(|file| *file != KERNEL.as_bytes()).map(<[u8]>::to_vec);
            let frame = |(index, name): (usize, &[u8])| PprofFrame {
                name: name.to_vec(),
                module: module.clone(),
                is_kernel,
                is_inlined: index + 1 < functions.len(),
            };
            let names = functions.iter().map(|function| self.functions.get(function).and_then(|name| text(*name)));
            let names: Vec<&[u8]> = names.collect::<Option<_>>()?;
            let frames = if names.is_empty() {
                vec![frame((0, &b""[..]))]
            } else {
                names.into_iter().enumerate().map(frame).collect()
            };
            frames_of.insert(*id, frames);
        }
        let mut samples = Vec::with_capacity(self.samples.len());
        for (places, values) in &self.samples {
            if values.len() != types.len() {
                return None;
            }
            let frames: Vec<&Vec<PprofFrame>> =
                places.iter().map(|place| frames_of.get(place)).collect::<Option<_>>()?;
            let frames = frames.into_iter().flatten().cloned().collect();
            samples.push(PprofSample { frames, values: values.iter().map(|value| *value as i64).collect() });
        }
        Some(PprofProfile { types, preferred, samples })
    }
}

fn is_kernel(file: &[u8]) -> bool {
    file.starts_with(b"[kernel") || file.ends_with(b".ko") || file == b"[guest.kernel.kallsyms]"
}

/// Some of a message's numbers; those that are left out are zero.
fn numbers<const N: usize>(message: &[u8], wanted: [u32; N]) -> Option<[u64; N]> {
    let mut found = [0; N];
    fields(message, |number, content| {
        if let Some(index) = wanted.iter().position(|one| *one == number) {
            found[index] = content.number();
        }
        Some(())
    })?;
    Some(found)
}
