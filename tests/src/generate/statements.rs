//! Statements: assignments, maps, branches, loops, and prints of what they made.

use super::numbers::{arithmetic, common};
use super::values::{INT64, Type, Value, wrap};
use super::{Expr, Generator, Name};

/// How deep expressions are.
const DEPTH: usize = 3;

impl Generator {
    pub fn statements(&mut self, count: usize) {
        for _ in 0..count {
            match self.random.below(15) {
                0 | 1 => self.assign(),
                2 => self.declare(),
                3 => self.print_any(),
                4 => self.update(),
                5 => self.step(),
                6 => self.keyed_map(),
                7 => self.scalar_map(),
                8 if self.indent < 3 => self.branch(),
                9 if self.indent < 3 => self.range(),
                10 => self.format(),
                11 => self.merge(),
                12 => self.counters(),
                13 => self.address(),
                _ => self.print_any(),
            }
        }
    }

    fn print(&mut self, expr: &Expr) {
        self.line(&format!("print({});", expr.text));
        // A map as a whole is printed with its name.
        let is_map =
            expr.text.starts_with('@') && expr.text.bytes().all(|byte| byte == b'@' || byte.is_ascii_alphanumeric());
        let name = if is_map { format!("{}: ", expr.text) } else { String::new() };
        self.expect(format!("{name}{}", expr.ty.show(&expr.value)));
    }

    fn expect(&mut self, line: String) {
        if !self.dead {
            self.lines.push(line);
        }
    }

    fn print_any(&mut self) {
        let expr = self.any(DEPTH);
        self.print(&expr);
    }

    fn format(&mut self) {
        let (number, text, any) = (self.int(DEPTH), self.string(1), self.any(2));
        // %d is 32 bits of the number, %lld all.
        let narrow = wrap(number.value.number(), 4, true);
        let wide = wrap(number.value.number(), 8, true);
        let arguments = [&number.text, &number.text, &text.text, &any.text].map(String::as_str).join(", ");
        self.line(&format!("printf(\"%d %lld %s %s|\\n\", {arguments});"));
        let line = format!("{narrow} {wide} {} {}|", text.ty.show(&text.value), any.ty.show(&any.value));
        self.expect(line);
    }

    fn add(&mut self, text: String, ty: Type, value: Value, pinned: bool) {
        self.names.push(Name { text, ty, value, pinned });
    }

    /// A value that keeps its type where it is stored.
    fn storable(&mut self) -> Expr {
        let expr = self.any(DEPTH);
        if !expr.literal {
            return expr;
        }
        let ty = self.int_type();
        let value = Value::Int(wrap(expr.value.number(), ty.bytes(), ty.is_signed()));
        Expr {
            text: format!("({})({} + $zero)", ty.name(), wrap(expr.value.number(), 8, true)),
            ty,
            value,
            literal: false,
        }
    }

    fn assign(&mut self) {
        let expr = self.storable();
        let name = self.fresh("$");
        self.line(&format!("{name} = {};", expr.text));
        self.add(name, expr.ty, expr.value, false);
    }

    /// Two assignments to one name, whose type holds both.
    fn merge(&mut self) {
        let (first, second) = (self.storable(), self.storable());
        let second = if merged(&first, &second).is_some() { second } else { first.clone() };
        let Some(ty) = merged(&first, &second) else { return };
        let sigil = self.random.choose(&["$", "@"]);
        let name = self.fresh(sigil);
        self.line(&format!("{name} = {};", first.text));
        self.line(&format!("{name} = {};", second.text));
        let value = convert(&second.value, &ty);
        self.add(name, ty, value, false);
    }

    /// Aggregations that are read as numbers, and updates of entries.
    fn counters(&mut self) {
        let (name, key) = (self.fresh("@"), self.storable());
        let (a, b) = (self.random.below(2000) as i128 - 1000, self.random.below(2000) as i128 - 1000);
        let samples = format!("({a} + $zero)); {name}[{key}] =", key = key.text);
        let (function, value) = match self.random.below(4) {
            0 => ("sum", a + b),
            1 => ("min", a.min(b)),
            2 => ("max", a.max(b)),
            _ => ("avg", (a + b) / 2),
        };
        self.line(&format!("{name}[{}] = {function}({samples} {function}({b} + $zero);", key.text));
        self.print(&Expr {
            text: format!("((int64){name}[{}])", key.text),
            ty: INT64,
            value: Value::Int(value),
            literal: false,
        });
        let (name, by) = (self.fresh("@"), self.int(1));
        let left = Expr { text: String::new(), ty: INT64, value: Value::Int(a), literal: false };
        let (ty, sum) = arithmetic("+", &left, &by);
        self.line(&format!("{name}[{key}] = (int64)({a} + $zero); {name}[{key}] += {}; ", by.text, key = key.text));
        self.print(&Expr { text: format!("{name}[{}]", key.text), ty, value: sum.clone(), literal: false });
        let stepped = Value::Int(wrap(sum.number() - 1, 8, true));
        self.print(&Expr { text: format!("--{name}[{}]", key.text), ty: INT64, value: stepped, literal: false });
    }

    /// A value through a pointer to the variable that holds it.
    fn address(&mut self) {
        let (expr, name, pointer) = (self.storable(), self.fresh("$"), self.fresh("$"));
        self.line(&format!("{name} = {}; {pointer} = &{name};", expr.text));
        self.print(&Expr { text: format!("(*{pointer})"), ..expr.clone() });
        self.add(name, expr.ty, expr.value, false);
    }

    fn declare(&mut self) {
        let expr = self.int(DEPTH);
        let (name, ty) = (self.fresh("$"), self.int_type());
        let value = Value::Int(wrap(expr.value.number(), ty.bytes(), ty.is_signed()));
        self.line(&format!("let {name} : {} = ({}){};", ty.name(), ty.name(), expr.text));
        self.add(name, ty, value, true);
    }

    fn pinned(&mut self) -> Option<usize> {
        let pinned: Vec<usize> = (0..self.names.len()).filter(|at| self.names[*at].pinned).collect();
        if pinned.is_empty() { None } else { Some(self.random.choose(&pinned)) }
    }

    fn set(&mut self, at: usize, value: i128) {
        let name = &mut self.names[at];
        name.value = Value::Int(wrap(value, name.ty.bytes(), name.ty.is_signed()));
    }

    /// `$x op= e`
    fn update(&mut self) {
        let Some(at) = self.pinned() else { return self.declare() };
        let target = self.names[at].clone();
        let left = Expr { text: target.text, ty: target.ty, value: target.value, literal: false };
        let right = self.int(DEPTH);
        let operator = self.random.choose(&["+", "-", "*", "&", "|", "^"]);
        let (_, value) = arithmetic(operator, &left, &right);
        self.line(&format!("{} {operator}= {};", left.text, right.text));
        self.set(at, value.number());
    }

    fn step(&mut self) {
        let Some(at) = self.pinned() else { return self.declare() };
        let target = self.names[at].clone();
        let old = target.value.number();
        let (by, symbol) = if self.random.one_in(2) { (1, "++") } else { (-1, "--") };
        self.set(at, old + by);
        let new = self.names[at].value.clone();
        let is_prefix = self.random.one_in(2);
        let text = if is_prefix { format!("{symbol}{}", target.text) } else { format!("{}{symbol}", target.text) };
        let value = if is_prefix { new } else { target.value };
        self.print(&Expr { text, ty: target.ty, value, literal: false });
    }

    fn scalar_map(&mut self) {
        let expr = self.storable();
        let name = self.fresh("@");
        self.line(&format!("{name} = {};", expr.text));
        self.add(name, expr.ty, expr.value, false);
    }

    /// An entry that is there, one that is not, and a loop over all.
    fn keyed_map(&mut self) {
        let (name, key, value) = (self.fresh("@"), self.storable(), self.storable());
        let is_list = matches!(key.ty, Type::Tuple(_)) && key.text.starts_with('(') && self.random.one_in(2);
        let inner =
            if is_list { key.text[1..key.text.len() - 1].trim_end_matches(',').to_owned() } else { key.text.clone() };
        let inner = if is_list && key.value.parts().len() == 1 { key.text.clone() } else { inner };
        self.line(&format!("{name}[{inner}] = {};", value.text));
        let read = |text: String, value: Value, ty: &Type| Expr { text, ty: ty.clone(), value, literal: false };
        let there = read(format!("{name}[{}]", key.text), value.value.clone(), &value.ty);
        self.print(&there);
        self.line(&format!("print(has_key({name}, {}));", key.text));
        self.expect("true".to_owned());
        self.line(&format!("for ($kv : {name}) {{ print($kv.0); print($kv.1); print($kv); }}"));
        let pair = Type::Tuple(vec![key.ty.clone(), value.ty.clone()]);
        self.expect(key.ty.show(&key.value));
        self.expect(value.ty.show(&value.value));
        self.expect(pair.show(&Value::Parts(vec![key.value.clone(), value.value.clone()])));
        self.line(&format!("print(delete({name}, {}));", key.text));
        self.expect("true".to_owned());
        self.print(&read(format!("{name}[{}]", key.text), value.ty.zero(), &value.ty));
    }

    fn branch(&mut self) {
        let condition = self.truth(DEPTH);
        self.line(&format!("if ({}) {{", condition.text));
        let taken = condition.value == Value::Bool(true);
        self.block(taken);
        self.line("} else {");
        self.block(!taken);
        self.line("}");
    }

    /// A block whose names end with it.
    fn block(&mut self, taken: bool) {
        let (names, dead) = (self.names.clone(), self.dead);
        self.dead |= !taken;
        self.indent += 1;
        let count = 1 + self.random.below(3);
        self.statements(count);
        self.indent -= 1;
        self.dead = dead;
        // What the block changed stays changed if it was executed.
        let after: Vec<Name> = self.names.drain(..).take(names.len()).collect();
        self.names = if taken { after } else { names };
    }

    /// A loop of one pass: its variable is known.
    fn range(&mut self) {
        let start = self.random.below(1000) as i128 - 500;
        let name = self.fresh("$");
        let end = if self.random.one_in(2) { format!("({} + $zero)", start + 1) } else { format!("({})", start + 1) };
        self.line(&format!("for ({name} : ({start})..{end}) {{"));
        let (of_the_probe, names): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.names).into_iter().partition(Name::is_of_the_probe);
        self.names = names;
        let outer = self.names.len();
        self.add(name, INT64, Value::Int(start), false);
        self.indent += 1;
        let count = 1 + self.random.below(3);
        self.statements(count);
        self.indent -= 1;
        self.line("}");
        self.names.truncate(outer);
        self.names.splice(0..0, of_the_probe);
    }
}

/// The type of a place that holds both values; None where there is none.
fn merged(left: &Expr, right: &Expr) -> Option<Type> {
    let part = |whole: &Expr, at: usize, ty: &Type| Expr {
        text: String::new(),
        ty: ty.clone(),
        value: whole.value.parts()[at].clone(),
        literal: false,
    };
    match (&left.ty, &right.ty) {
        (a, b) if a == b => Some(a.clone()),
        (a, b) if a.is_int() && b.is_int() => Some(common(left, right)),
        (Type::Text(a), Type::Text(b)) => Some(Type::Text(*a.max(b))),
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
            let parts = (0..a.len()).map(|at| merged(&part(left, at, &a[at]), &part(right, at, &b[at])));
            Some(Type::Tuple(parts.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// A value as one of a wider type.
fn convert(value: &Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Parts(values), Type::Tuple(types)) => {
            Value::Parts(values.iter().zip(types).map(|(value, ty)| convert(value, ty)).collect())
        }
        (Value::Int(_) | Value::Bool(_), Type::Int { bytes, signed }) => {
            Value::Int(wrap(value.number(), *bytes, *signed))
        }
        _ => value.clone(),
    }
}
