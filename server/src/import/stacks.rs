//! Gathers stacks: equal ones become one, and maps whose keys are stacks are made of them.

use std::collections::HashMap;
use std::sync::Arc;

use tracedeck_compiler::abi::value::{Frame, MapSnapshot, Number, Stack, Unresolved, Value};
use tracedeck_compiler::types::{Aggregate, StackMode, StackSpace, Type};

use crate::session::event::MapShape;

/// The most frames that a stack type allows.
const LIMIT: u16 = 1024;

/// Every distinct stack of a file.
#[derive(Debug, Default)]
pub struct Stacks {
    ids: HashMap<(bool, Vec<Frame>), u64>,
    pub all: Vec<Arc<Stack>>,
}

impl Stacks {
    /// The value that stands for these frames, innermost first. Without frames it is the empty stack.
    pub fn value(&mut self, space: StackSpace, frames: Vec<Frame>) -> Value {
        let mode = StackMode::Bpftrace;
        if frames.is_empty() {
            return Value::Stack { id: 0, space, mode };
        }
        let next = self.all.len() as u64 + 1;
        let all = &mut self.all;
        let id = *self.ids.entry((space == StackSpace::Kernel, frames)).or_insert_with_key(|(_, frames)| {
            all.push(Arc::new(Stack { id: next, space, pid: 0, frames: frames.clone(), places: Vec::new() }));
            next
        });
        Value::Stack { id, space, mode }
    }
}

pub fn stack_type(space: StackSpace) -> Type {
    Type::Stack { space, mode: StackMode::Bpftrace, limit: LIMIT }
}

/// A frame that a file names.
pub fn frame(address: u64, symbol: Option<String>, module: Option<String>) -> Frame {
    let reason = symbol.is_none().then_some(Unresolved::NoSymbols);
    Frame { address, symbol, offset: 0, module, source: None, inlined: false, reason }
}

/// A frame with the space that it is in.
#[derive(Debug, Clone)]
pub struct Placed {
    pub frame: Frame,
    pub is_kernel: bool,
}

/// A map of samples by process and stack.
#[derive(Debug)]
pub struct StackMap {
    name: String,
    value: Type,
    weights: HashMap<(Option<String>, Value, Value), u64>,
    has_kernel: bool,
    has_label: bool,
}

impl StackMap {
    /// `counts` says that the weights are numbers of samples; otherwise the map's name says what they are.
    pub fn new(name: String, counts: bool) -> Self {
        let aggregate = if counts { Aggregate::Count } else { Aggregate::Sum { signed: false } };
        Self { name, value: Type::Aggregate(aggregate), weights: HashMap::new(), has_kernel: false, has_label: false }
    }

    /// Adds a sample, its frames innermost first. Kernel frames are those that the stack ends in.
    pub fn add(&mut self, stacks: &mut Stacks, label: Option<String>, mut frames: Vec<Placed>, weight: u64) {
        let kernel = frames.iter().take_while(|placed| placed.is_kernel).count();
        let user: Vec<Frame> = frames.split_off(kernel).into_iter().map(|placed| placed.frame).collect();
        let kernel: Vec<Frame> = frames.into_iter().map(|placed| placed.frame).collect();
        self.has_kernel |= !kernel.is_empty();
        self.has_label |= label.is_some();
        let key = (label, stacks.value(StackSpace::User, user), stacks.value(StackSpace::Kernel, kernel));
        let sum = self.weights.entry(key).or_insert(0);
        *sum = sum.saturating_add(weight);
    }

    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Columns that nothing stands in are left out.
    pub fn finish(self) -> (MapShape, MapSnapshot) {
        let mut types = Vec::new();
        if self.has_label {
            types.push(Type::String { capacity: 256 });
        }
        types.push(stack_type(StackSpace::User));
        if self.has_kernel {
            types.push(stack_type(StackSpace::Kernel));
        }
        let mut sorted: Vec<_> = self.weights.into_iter().collect();
        // The order of output: the heaviest last, equal ones by their key.
        sorted
            .sort_by(|(a, left), (b, right)| (left, &a.0, id(&a.1), id(&a.2)).cmp(&(right, &b.0, id(&b.1), id(&b.2))));
        let entries = sorted
            .into_iter()
            .map(|((label, user, kernel), weight)| {
                let mut parts = Vec::new();
                if self.has_label {
                    let bytes = label.unwrap_or_default().into_bytes();
                    parts.push(Value::String { bytes, truncated: false });
                }
                parts.push(user);
                if self.has_kernel {
                    parts.push(kernel);
                }
                let key = if parts.len() == 1 { parts.remove(0) } else { Value::Tuple(parts) };
                (Some(key), Value::Number(Number::Unsigned(weight)))
            })
            .collect();
        let key = if types.len() == 1 { types.remove(0) } else { Type::Tuple(types.into()) };
        let shape = MapShape { name: self.name, key: Some(key), value: self.value };
        (shape, MapSnapshot { entries, omitted: 0 })
    }
}

fn id(value: &Value) -> u64 {
    if let Value::Stack { id, .. } = value { *id } else { 0 }
}

/// Text as the name of a map.
pub fn map_name(text: &str) -> String {
    let word: String = text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let word = word.trim_matches('_');
    let digit = if word.starts_with(|letter: char| letter.is_ascii_digit()) { "_" } else { "" };
    format!("@{digit}{}", if word.is_empty() { "samples" } else { word })
}
