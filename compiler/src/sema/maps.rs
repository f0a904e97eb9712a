//! Maps: found by name, keyed or not, with the types that all uses agree on.

use std::collections::HashMap;

use crate::diagnostic::Diagnostic;
use crate::hir::{self, Eviction, MapDef};
use crate::manifest::MapId;
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{AddressSpace, Aggregate, Type};

use super::evidence::Evidence;
use super::typer::{Slot, Typer};

/// The kinds that `let @m = kind(n)` knows.
const KINDS: &[&str] = &["hash", "lruhash", "percpuhash", "percpulruhash"];

/// A map of the script.
#[derive(Debug, Clone)]
pub struct MapState {
    pub name: String,
    /// Where it is first used.
    pub span: Span,
    pub key: Slot,
    pub value: Slot,
    pub declaration: Option<Declaration>,
    /// The first use without a key, and the first with one.
    pub scalar: Option<Span>,
    pub keyed: Option<Span>,
    /// Something is stored in it, even if that could not be typed.
    pub assigned: bool,
    pub used: bool,
}

/// What `let @m = kind(n)` said.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    pub span: Span,
    pub entries: u32,
    pub per_cpu: bool,
    pub lru: bool,
}

/// All maps, in the order of their first use.
#[derive(Debug, Clone, Default)]
pub struct Maps {
    list: Vec<MapState>,
    by_name: HashMap<String, usize>,
}

impl Maps {
    pub fn iter(&self) -> impl Iterator<Item = &MapState> {
        self.list.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut MapState> {
        self.list.iter_mut()
    }

    pub fn get(&self, id: MapId) -> &MapState {
        &self.list[id.index()]
    }

    pub fn get_mut(&mut self, id: MapId) -> &mut MapState {
        &mut self.list[id.index()]
    }

    /// The map of that name; its id is its place in the order of first uses.
    pub fn named(&mut self, name: &ast::Ident) -> MapId {
        let next = self.list.len();
        let index = *self.by_name.entry(name.name.clone()).or_insert(next);
        if index == next {
            self.list.push(MapState {
                name: name.name.clone(),
                span: name.span,
                key: Slot::default(),
                value: Slot::default(),
                declaration: None,
                scalar: None,
                keyed: None,
                assigned: false,
                used: false,
            });
        }
        MapId(index as u32)
    }
}

impl Typer<'_> {
    pub fn declare_map(&mut self, declaration: &ast::MapDeclaration) {
        let kind = declaration.kind.name.as_str();
        if !KINDS.contains(&kind) {
            let message = format!("Invalid bpf map type: {kind}");
            let diagnostic = Diagnostic::error("unknown-map-kind", declaration.kind.span, message)
                .with_suggestion(kind, KINDS.iter().copied())
                .with_help(format!("Map types are {}", KINDS.join(", ")));
            return self.report(diagnostic);
        }
        let Ok(entries @ 1..) = u32::try_from(declaration.entries) else {
            return self.report(Diagnostic::error(
                "bad-map-size",
                declaration.span,
                format!("The number of entries of {} must be from 1 to {}", declaration.map.name, u32::MAX),
            ));
        };
        let id = self.maps.named(&declaration.map);
        let map = self.maps.get_mut(id);
        let it = Declaration {
            span: declaration.span,
            entries,
            per_cpu: kind.starts_with("percpu"),
            lru: kind.contains("lru"),
        };
        match map.declaration {
            Some(first) if first.span != declaration.span => {
                let message = format!("Map {} is declared twice", declaration.map.name);
                self.report(
                    Diagnostic::error("map-declared-twice", declaration.span, message)
                        .with_label(first.span, "the first declaration"),
                );
            }
            _ => map.declaration = Some(it),
        }
    }

    /// A use of a map as a whole: `print(@m)`, `clear(@m)`.
    pub fn map_as_whole(&mut self, name: &ast::Ident) -> MapId {
        let id = self.maps.named(name);
        self.maps.get_mut(id).used = true;
        id
    }

    /// A use of a map with this key; the key, typed. Several expressions are a tuple.
    pub fn map_access(
        &mut self,
        name: &ast::Ident,
        key: &[ast::Expr],
        span: Span,
    ) -> Option<(MapId, Option<hir::Expr>)> {
        let id = self.map_as_whole(name);
        if key.is_empty() {
            let in_type = self.in_type > 0;
            let map = self.maps.get_mut(id);
            if in_type {
                return Some((id, None));
            }
            map.scalar.get_or_insert(span);
            return match map.keyed {
                Some(keyed) => self.mixed_use(id, span, keyed, false),
                None => Some((id, None)),
            };
        }
        let in_type = self.in_type > 0;
        let map = self.maps.get_mut(id);
        if !in_type {
            map.keyed.get_or_insert(span);
        }
        if let Some(scalar) = map.scalar {
            self.mixed_use::<()>(id, span, scalar, true);
            return None;
        }
        let key = match key {
            [single] => self.operand(single)?,
            several => self.tuple(several, several[0].span.to(several[several.len() - 1].span))?,
        };
        let key = self.map_key(id, key)?;
        Some((id, Some(key)))
    }

    fn mixed_use<T>(&mut self, id: MapId, span: Span, other: Span, keyed: bool) -> Option<T> {
        // Both uses lead here; the later one is the mistake.
        if span.start < other.start {
            return None;
        }
        let name = self.maps.get(id).name.clone();
        let (message, label) = if keyed {
            (
                format!("{name} used as a map with a key, but it is used without one elsewhere"),
                "used without a key here",
            )
        } else {
            (format!("{name} used as a map without a key, but it is used with one elsewhere"), "used with a key here")
        };
        let diagnostic = Diagnostic::error("scalar-and-keyed", span, message).with_label(other, label);
        self.fail(match keyed {
            true => diagnostic,
            false => diagnostic.with_help(format!("For one of its entries write {name}[key]")),
        })
    }

    /// Notes what a key expression says about the map's keys, and brings it to their type.
    pub fn map_key(&mut self, id: MapId, key: hir::Expr) -> Option<hir::Expr> {
        if !self.storable(&key, "the key of a map") || self.is_context(&key) || self.is_uncast(&key) {
            return None;
        }
        self.maps.get_mut(id).key.learn(Evidence::of(&key));
        let to = self.maps.get(id).key.ty()?;
        let (span, from) = (key.span, key.ty.clone());
        match self.convert(key, &to) {
            Some(key) => Some(key),
            None => {
                let name = &self.maps.get(id).name;
                let message = format!(
                    "Argument mismatch for {name}: trying to access with arguments: '{from}' when map expects arguments: '{to}'"
                );
                self.error_with("map-key-type", span, message, "Use another map for keys of another type")
            }
        }
    }

    /// Whether a value of this type may be kept in a map or variable.
    pub fn storable(&mut self, value: &hir::Expr, place: &str) -> bool {
        if value.ty == Type::Void {
            self.error::<()>("no-value", value.span, format!("An expression without a value cannot be {place}"));
            return false;
        }
        if value.ty.size() == 0 && !matches!(value.ty, Type::Tuple(_) | Type::Record(_) | Type::Aggregate(_)) {
            self.error::<()>("no-value", value.span, format!("A value of type '{}' cannot be {place}", value.ty));
            return false;
        }
        true
    }

    /// Reports a value that is a pointer to the context, which is gone when the probe ends.
    fn is_context(&mut self, value: &hir::Expr) -> bool {
        let found = matches!(&value.ty, Type::Pointer { space: AddressSpace::Trusted, .. })
            || value.ty.parts().iter().any(|part| matches!(part, Type::Pointer { space: AddressSpace::Trusted, .. }));
        if found {
            let message = "A pointer to the context or to a variable cannot be kept in a map: it is valid only while the probe runs";
            let diagnostic = Diagnostic::error("context-in-map", value.span, message)
                .with_help("Keep what it points to: *p, or a field");
            self.report(diagnostic);
        }
        found
    }

    /// Reports an aggregation that is copied into a map as it is: whether its number is meant has to be said.
    fn is_uncast(&mut self, value: &hir::Expr) -> bool {
        let Some(map) = self.read_aggregation(value) else { return false };
        let map = self.maps.get(map);
        let Some(ty) = map.value.ty() else { return false };
        let signed = super::statements::read_type(&ty).is_none_or(|number| number.is_signed());
        let message = format!("{} holds '{ty}', which cannot be copied into a map", map.name);
        let help = format!("For its number write a cast: ({}){}", if signed { "int64" } else { "uint64" }, map.name);
        self.report(Diagnostic::error("aggregation-misuse", value.span, message).with_help(help));
        true
    }

    /// Notes what is stored in a map, and brings it to the type of the map's values.
    pub fn map_value(&mut self, id: MapId, value: hir::Expr) -> Option<hir::Expr> {
        if !self.storable(&value, "the value of a map") || self.is_context(&value) || self.is_uncast(&value) {
            return None;
        }
        let map = self.maps.get_mut(id);
        map.assigned = true;
        map.value.learn(Evidence::of(&value));
        let to = map.value.ty()?;
        self.store(value, &to, false, |typer, from| {
            format!(
                "Type mismatch for {}: trying to assign value of type '{from}' when map already has a type '{to}'",
                typer.maps.get(id).name
            )
        })
    }

    /// Notes an aggregation that is stored in a map; None where it does not fit what the map holds.
    pub fn map_aggregate(&mut self, id: MapId, aggregate: Aggregate, span: Span) -> Option<()> {
        let map = self.maps.get_mut(id);
        map.assigned = true;
        map.value.learn(Evidence::Other(Type::Aggregate(aggregate)));
        let settled = map.value.ty()?;
        let fits = Evidence::of_type(&settled).merge(Evidence::Other(Type::Aggregate(aggregate)));
        if fits.is_ok() {
            return Some(());
        }
        let name = map.name.clone();
        let new = Type::Aggregate(aggregate);
        if let Type::Aggregate(old) = settled
            && std::mem::discriminant(&old) == std::mem::discriminant(&aggregate)
        {
            let message = format!("{name}: all calls of {} for one map need the same parameters", function_name(old));
            return self.error("aggregation-parameters", span, message);
        }
        let message = format!(
            "Type mismatch for {name}: trying to assign value of type '{new}' when map already has a type '{settled}'"
        );
        let diagnostic =
            Diagnostic::error("type-mismatch", span, message).with_help("Use another map for values of another type");
        self.fail(diagnostic)
    }

    /// The type of a map's values, once something says it. Reports a map that nothing is ever stored in.
    pub fn map_value_type(&mut self, id: MapId, span: Span) -> Option<Type> {
        let map = self.maps.get(id);
        if map.value.ty().is_none() && !map.assigned {
            let name = map.name.clone();
            if self.names.is_reported(&name) {
                return None;
            }
            let names: Vec<String> =
                self.maps.iter().filter(|other| other.assigned).map(|other| other.name.clone()).collect();
            let diagnostic = Diagnostic::error("undefined-map", span, format!("Undefined map: {name}"))
                .with_suggestion(&name, names.iter().map(String::as_str));
            return self.fail(diagnostic);
        }
        map.value.ty()
    }

    /// The maps of the program after the last pass; None where one has no type.
    pub fn finish_maps(&mut self) -> Option<Vec<MapDef>> {
        let maps: Vec<MapState> = self.maps.iter().cloned().collect();
        let mut all = Some(Vec::new());
        for map in maps {
            if let (Some(declaration), false) = (map.declaration, map.used) {
                self.warn("unused-map", declaration.span, format!("Unused map: {}", map.name));
                // Nothing refers to it, but ids are positions: keep a smallest one.
                if let Some(all) = &mut all {
                    all.push(unused(&map));
                }
                continue;
            }
            let definition = self.finish_map(&map);
            match (definition, &mut all) {
                (Some(definition), Some(all)) => all.push(definition),
                _ => all = None,
            }
        }
        self.check_map_memory(all.as_deref().unwrap_or_default());
        all
    }

    fn finish_map(&mut self, map: &MapState) -> Option<MapDef> {
        let key = if map.keyed.is_some() { map.key.ty().map(Some) } else { Some(None) };
        let (Some(value), Some(key)) = (map.value.ty(), key) else {
            if self.diagnostics.has_errors() || self.names.is_reported(&map.name) {
                return None;
            }
            let message = format!("The type of {} is not known: its only values are made of itself", map.name);
            return self.error("type-does-not-settle", map.span, message);
        };
        if let Some(declaration) = map.declaration {
            if declaration.per_cpu && !matches!(value, Type::Aggregate(_)) {
                let message = format!("{}: a per-CPU map holds aggregations only, not '{value}'", map.name);
                return self.error("per-cpu-map", declaration.span, message);
            }
            if key.is_none() && declaration.entries != 1 {
                let message =
                    format!("{} is declared with {} entries, but is used without a key", map.name, declaration.entries);
                return self.error("scalar-and-keyed", declaration.span, message);
            }
        }
        let declared = map.declaration;
        Some(MapDef {
            name: map.name.clone(),
            max_entries: match (&key, declared) {
                (None, _) => 1,
                (_, Some(declaration)) => declaration.entries,
                (_, None) => self.config.max_map_keys,
            },
            eviction: if declared.is_some_and(|it| it.lru) { Eviction::LeastRecentlyUsed } else { Eviction::None },
            key,
            value,
            span: map.span,
        })
    }

    /// Refuses maps that together could take more kernel memory than allowed.
    fn check_map_memory(&mut self, maps: &[MapDef]) {
        let cpus = u64::from(self.kernel.possible_cpus());
        let bytes = |map: &MapDef| {
            let key = map.key.as_ref().map_or(0, |key| u64::from(key.size()));
            // What a hash entry takes beside its key and value.
            let overhead = 48;
            let value = match &map.value {
                Type::Aggregate(aggregate) => crate::aggregations::cell_size(aggregate) as u64 * cpus,
                value => u64::from(value.size()),
            };
            u64::from(map.max_entries).saturating_mul(key + value + overhead)
        };
        let total = maps.iter().map(bytes).fold(0, u64::saturating_add);
        let limit = self.options.limits.max_map_bytes;
        if let (true, Some(largest)) = (total > limit, maps.iter().max_by_key(|map| bytes(map))) {
            let message = format!(
                "The maps may need {} MiB of kernel memory, more than the {} MiB that are allowed; {} is the largest",
                total >> 20,
                limit >> 20,
                largest.name
            );
            let diagnostic = Diagnostic::error("map-memory", largest.span, message)
                .with_help(format!("Declare it smaller: let {} = hash(1000);", largest.name));
            self.report(diagnostic);
        }
    }
}

fn unused(map: &MapState) -> MapDef {
    MapDef {
        name: map.name.clone(),
        key: None,
        value: Type::INT64,
        max_entries: 1,
        eviction: Eviction::None,
        span: map.span,
    }
}

fn function_name(aggregate: Aggregate) -> &'static str {
    match aggregate {
        Aggregate::Hist { .. } => "hist()",
        Aggregate::LinearHist { .. } => "lhist()",
        Aggregate::TimeSeries { .. } => "tseries()",
        _ => "it",
    }
}
