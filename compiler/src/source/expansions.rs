//! Where text came from that a macro or a `#define` put in the place of its use.
//!
//! Every expansion gets a range of offsets of its own behind the text of the file, as long as the definition, so that
//! two expansions of one macro do not share a single span. What leaves the compiler speaks of the file only: spans are
//! brought back by [`Expansions::place`].

use super::Span;

/// One use of a macro.
#[derive(Debug, Clone)]
struct Expansion {
    /// Its offsets.
    start: u32,
    end: u32,
    /// Where the definition begins: in the file.
    definition: u32,
    /// What it replaced: in the file, or in the expansion around it.
    call: Span,
    name: String,
}

impl Expansion {
    /// The span of the definition that one of the expansion is a copy of.
    fn of_definition(&self, span: Span) -> Span {
        let moved = |offset: u32| offset - self.start + self.definition;
        Span { start: moved(span.start), end: moved(span.end.clamp(span.start, self.end)) }
    }
}

/// All expansions of a compilation, in the order of their offsets.
#[derive(Debug, Clone, Default)]
pub struct Expansions {
    list: Vec<Expansion>,
}

/// A span of the file, and the uses of macros that led there, from the innermost to the outermost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin<'a> {
    pub span: Span,
    pub expanded_from: Vec<(Span, &'a str)>,
}

impl Expansions {
    /// Sets offsets aside for the expansion of a definition; how far its spans are to be moved. None when there are no
    /// more offsets.
    pub fn add(&mut self, definition: Span, call: Span, name: &str, text_end: u32) -> Option<i64> {
        let start = self.list.last().map_or(text_end, |last| last.end).checked_add(1)?;
        let end = start.checked_add(definition.end.saturating_sub(definition.start))?;
        self.list.push(Expansion { start, end, definition: definition.start, call, name: name.to_owned() });
        Some(i64::from(start) - i64::from(definition.start))
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn find(&self, offset: u32) -> Option<&Expansion> {
        let index = self.list.partition_point(|it| it.start <= offset).checked_sub(1)?;
        Some(&self.list[index])
    }

    /// The place in the file that a span stands for.
    pub fn place(&self, span: Span) -> Origin<'_> {
        let mut expanded_from = Vec::new();
        let mut around = self.find(self.within_one(span).start);
        while let Some(it) = around {
            expanded_from.push((self.in_file(it.call), it.name.as_str()));
            around = self.find(self.within_one(it.call).start);
        }
        Origin { span: self.in_file(span), expanded_from }
    }

    /// The span in the file without how it came there.
    pub fn in_file(&self, span: Span) -> Span {
        let span = self.within_one(span);
        self.find(span.start).map_or(span, |it| it.of_definition(span))
    }

    /// A span that begins and ends in different expansions, as the uses that hold it.
    fn within_one(&self, span: Span) -> Span {
        let Span { mut start, mut end } = span;
        loop {
            let (first, last) = (self.find(start), self.find(end));
            let start_of = |it: Option<&Expansion>| it.map_or(0, |it| it.start);
            // The later expansion is the inner one: what it replaced lies before it.
            match start_of(first).cmp(&start_of(last)) {
                std::cmp::Ordering::Equal => return Span { start: start.min(end), end: end.max(start) },
                // The end of a use may touch where its expansion begins, never lie behind it: this comes to an end.
                std::cmp::Ordering::Greater => start = first.map_or(0, |it| it.call.start.min(it.start - 1)),
                std::cmp::Ordering::Less => end = last.map_or(0, |it| it.call.end.min(it.start - 1)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_in_an_expansion_is_one_of_the_definition() {
        let mut all = Expansions::default();
        // A definition at 10..30, used at 50..55; one at 35..40, used within the first at 20..22.
        let outer = all.add(Span::new(10, 30), Span::new(50, 55), "outer", 100).expect("room") as usize;
        let call = Span::new(20 + outer, 22 + outer);
        let inner = all.add(Span::new(35, 40), call, "inner", 100).expect("room") as usize;
        let origin = all.place(Span::new(36 + inner, 38 + inner));
        assert_eq!(origin.span, Span::new(36, 38));
        assert_eq!(origin.expanded_from, [(Span::new(20, 22), "inner"), (Span::new(50, 55), "outer")]);
    }

    #[test]
    fn a_span_over_two_expansions_is_that_of_their_uses() {
        let mut all = Expansions::default();
        let first = all.add(Span::new(10, 30), Span::new(50, 55), "m", 100).expect("room") as usize;
        let second = all.add(Span::new(10, 30), Span::new(57, 60), "m", 100).expect("room") as usize;
        assert_eq!(all.in_file(Span::new(12 + first, 14 + second)), Span::new(50, 60));
        assert_eq!(all.in_file(Span::new(52, 14 + second)), Span::new(52, 60));
        assert_eq!(all.in_file(Span::new(3, 4)), Span::new(3, 4));
    }
}
