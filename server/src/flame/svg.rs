//! Samples as inferno's interactive SVG.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use inferno::flamegraph::color::{Color, PaletteMap};
use inferno::flamegraph::{self, Direction, FuncFrameAttrsMap, Options};

use super::{FlameFrame, FrameKind, Samples, annotated, folded_line};

#[derive(Debug, Clone, PartialEq)]
pub struct FlameOptions {
    pub title: String,
    /// Pixels; None: as wide as the page.
    pub width: Option<u32>,
    /// Frames narrower than this are left out, per cent of the whole.
    pub min_width: f64,
    /// Root at the top.
    pub icicle: bool,
    /// Innermost frames at the root: who called this?
    pub reversed: bool,
    /// Frames whose name contains this text are marked.
    pub search: Option<String>,
    /// What the weights count: `samples`, `bytes`.
    pub count_name: String,
}

impl Default for FlameOptions {
    fn default() -> Self {
        Self {
            title: "Flame graph".to_owned(),
            width: None,
            min_width: 0.05,
            icicle: false,
            reversed: false,
            search: None,
            count_name: "samples".to_owned(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FlameError {
    #[error("there are no stacks to draw")]
    NoSamples,
    #[error("the flame graph could not be drawn: {0}")]
    Draw(#[from] std::io::Error),
}

/// Weights above this lose their last bits: inferno adds them up in 64 bits.
const MAX_TOTAL: u128 = 1 << 53;
const MARKED: Color = Color { r: 230, g: 0, b: 230 };

/// Draws samples. The result is well-formed XML whatever the names hold.
pub fn render(samples: &Samples, options: &FlameOptions) -> Result<Vec<u8>, FlameError> {
    let total: u128 = samples.values().map(|weight| u128::from(*weight)).sum();
    if total == 0 {
        return Err(FlameError::NoSamples);
    }
    let mut shift = 0;
    while total >> shift > MAX_TOTAL {
        shift += 1;
    }

    let mut palette = PaletteMap::default();
    samples.keys().flatten().for_each(|frame| paint(&mut palette, frame, options.search.as_deref()));
    let lines = lines(samples, options.reversed, shift);

    let mut drawing = Options::default();
    drawing.title = printable(&options.title);
    drawing.image_width = options.width.map(|width| width.clamp(200, 20_000) as usize);
    drawing.min_width = options.min_width.clamp(0.0, 100.0);
    drawing.direction = if options.icicle { Direction::Inverted } else { Direction::Straight };
    drawing.count_name = printable(&options.count_name);
    drawing.factor = (1_u64 << shift) as f64;
    drawing.palette_map = Some(&mut palette);
    drawing.func_frameattrs = FuncFrameAttrsMap::from_reader(classes(samples).as_bytes())?;
    // The lines are sorted frame by frame. Sorting them as text, as inferno would, tears a function apart whose name
    // begins another's. This switch makes it take them in the order given, last one first.
    drawing.flame_chart = true;
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut drawing, lines.iter().rev().map(String::as_str), &mut svg)?;
    Ok(svg)
}

fn lines(samples: &Samples, reversed: bool, shift: u32) -> Vec<String> {
    let line = |frames: &[FlameFrame], weight: u64| folded_line(frames, (weight >> shift).max(1));
    if !reversed {
        return samples.iter().map(|(frames, weight)| line(frames, *weight)).collect();
    }
    let mut turned = Samples::new();
    for (frames, weight) in samples {
        *turned.entry(frames.iter().rev().cloned().collect()).or_insert(0) += weight;
    }
    turned.iter().map(|(frames, weight)| line(frames, *weight)).collect()
}

/// The kind of every frame as the class of its element, in the form inferno reads: colours are for eyes, the page
/// draws the frames in the colours of its theme.
fn classes(samples: &Samples) -> String {
    let mut kinds = BTreeMap::new();
    for frame in samples.keys().flatten() {
        kinds.entry(annotated(frame)).or_insert(frame.kind);
    }
    kinds.into_iter().map(|(name, kind)| format!("{name}\tclass={}\n", class(kind))).collect()
}

fn class(kind: FrameKind) -> &'static str {
    match kind {
        FrameKind::Key => "label",
        FrameKind::User => "user",
        FrameKind::Kernel => "kernel",
        FrameKind::Inlined => "inlined",
        FrameKind::JustInTime => "jit",
        FrameKind::Unresolved => "unresolved",
    }
}

/// Gives a frame the colour of its kind, a shade of its own.
fn paint(palette: &mut PaletteMap, frame: &FlameFrame, search: Option<&str>) {
    let name = annotated(frame);
    if palette.get(&name).is_some() {
        return;
    }
    let mut hasher = DefaultHasher::new();
    frame.name.hash(&mut hasher);
    let shade = (hasher.finish() % 48) as u8;
    let color = match frame.kind {
        _ if search.is_some_and(|text| !text.is_empty() && frame.name.contains(text)) => MARKED,
        FrameKind::Key => Color { r: 178 + shade / 2, g: 178 + shade / 2, b: 190 + shade / 2 },
        FrameKind::User => Color { r: 214 + shade / 2, g: 120 + shade, b: 74 + shade },
        FrameKind::Kernel => Color { r: 232, g: 166 + shade, b: 60 + shade },
        FrameKind::Inlined => Color { r: 90 + shade, g: 188 + shade / 2, b: 196 + shade / 2 },
        FrameKind::JustInTime => Color { r: 108 + shade, g: 196 + shade / 2, b: 100 + shade },
        FrameKind::Unresolved => Color { r: 200 + shade / 2, g: 196 + shade / 2, b: 180 + shade / 2 },
    };
    palette.insert(name, color);
}

/// Text without characters that XML cannot hold.
fn printable(text: &str) -> String {
    tracedeck_compiler::abi::escape::escape(text.as_bytes()).into_owned()
}
