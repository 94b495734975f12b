//! The flow of values into an expression, with the way that each took: through names and what changed them, through attributes of
//! `self`, parts of unpacked results, defaults of parameters, and what functions of the program return.
//!
//! [`Program::sources`] answers the plain question; this keeps what the rules about exit codes tell their stories with.

use rustc_hash::FxHashSet;

use super::{FunctionRef, ModuleId, Program, Type, Value};
use crate::module::ir::{BinOp, BoundValue, ExprId, ExprKind, FunctionBody, Name, StmtId};

/// How many steps a value is followed.
const MAX_STEPS: usize = 16;
/// How many arrivals of one expression are kept.
const MAX_ARRIVALS: usize = 48;

/// A value that came out of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Returned {
    pub(crate) function: FunctionRef,
    /// The expression of the `return`, in the function's module.
    pub(crate) value: ExprId,
}

/// An augmented assignment on a value's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The variable that it changes.
    pub(crate) name: Option<Name>,
    pub(crate) op: BinOp,
    pub(crate) value: ExprId,
    pub(crate) stmt: StmtId,
    /// Whether another function than the one that uses the variable does it.
    pub(crate) elsewhere: bool,
}

/// An expression whose value may arrive at another, and how.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) module: ModuleId,
    pub(crate) expr: ExprId,
    /// Which part of the expression's value it is, where that was unpacked.
    pub(crate) part: Option<u32>,
    /// The functions that returned it, the outermost first.
    pub(crate) returned: Vec<Returned>,
    /// The variables that held it, the last first.
    pub(crate) names: Vec<Name>,
    /// What changed the variables that held it.
    pub(crate) changes: Vec<Change>,
    /// Whether it came as the default of a parameter.
    pub(crate) by_default: bool,
    /// Whether it is itself what an augmented assignment added.
    pub(crate) added: bool,
}

impl Program {
    /// What may arrive at an expression.
    pub(crate) fn arrivals(&self, module: ModuleId, expr: ExprId) -> Vec<Arrival> {
        let start = Arrival {
            module,
            expr,
            part: None,
            returned: Vec::new(),
            names: Vec::new(),
            changes: Vec::new(),
            by_default: false,
            added: false,
        };
        let mut walk = Walk { program: self, seen: FxHashSet::default(), found: Vec::new() };
        walk.follow(&start, 0);
        walk.found
    }
}

struct Walk<'a> {
    program: &'a Program,
    seen: FxHashSet<(ModuleId, ExprId)>,
    found: Vec<Arrival>,
}

impl Walk<'_> {
    /// Whether nothing further is kept.
    fn is_full(&self) -> bool {
        self.found.len() >= MAX_ARRIVALS
    }

    fn follow(&mut self, at: &Arrival, steps: usize) {
        if steps > MAX_STEPS || self.is_full() || !self.seen.insert((at.module, at.expr)) {
            return;
        }
        let program = self.program;
        let module = program.module(at.module);
        let to = |expr: ExprId| Arrival { expr, ..at.clone() };
        match module.kind(at.expr) {
            ExprKind::If { body, orelse, .. } => {
                self.follow(&to(*body), steps + 1);
                self.follow(&to(*orelse), steps + 1);
            }
            // Where an earlier part is the value of an `and`, that is false: as an exit code, 0.
            ExprKind::BoolOp { is_and: true, values } => values.last().into_iter().for_each(|value| self.follow(&to(*value), steps + 1)),
            ExprKind::BoolOp { is_and: false, values } => values.iter().for_each(|value| self.follow(&to(*value), steps + 1)),
            ExprKind::Named { value, .. } | ExprKind::Await(value) => self.follow(&to(*value), steps + 1),
            ExprKind::Name(name) => self.name(at, name, steps),
            ExprKind::Attribute { value, attr, .. } => self.attribute(at, *value, attr, steps),
            ExprKind::Call { func, args } => {
                let values = program.resolver(at.module).values(*func);
                let runs = |value: &Value| match value {
                    Value::External(name) => name == "asyncio.run",
                    Value::ExternalMethod(_, method) => method == "run_until_complete",
                    Value::Unresolved(_) => {
                        matches!(module.kind(*func), ExprKind::Attribute { attr, .. } if attr == "run_until_complete")
                    }
                    _ => false,
                };
                let functions: Vec<FunctionRef> = values
                    .iter()
                    .filter_map(|value| match value {
                        Value::Function(function) | Value::Method(function, _) => Some(*function),
                        _ => None,
                    })
                    .filter(|function| !program.is_generator(*function))
                    .collect();
                if values.iter().any(runs)
                    && let Some(arg) = args.first()
                {
                    self.follow(&to(arg.value), steps + 1);
                } else if functions.is_empty() {
                    self.found.push(at.clone());
                } else {
                    for function in functions {
                        self.returns(at, function, steps);
                    }
                }
            }
            _ => self.found.push(at.clone()),
        }
    }

    fn returns(&mut self, at: &Arrival, function: FunctionRef, steps: usize) {
        let code = self.program.code(function);
        let values: Vec<ExprId> = match code.body {
            FunctionBody::Lambda(value) => vec![value],
            FunctionBody::Block(_) => code.returns.iter().flatten().copied().collect(),
        };
        for value in values {
            if self.program.is_live(function.module, value) {
                let mut next = Arrival { module: function.module, expr: value, ..at.clone() };
                next.returned.push(Returned { function, value });
                self.follow(&next, steps + 1);
            }
        }
    }

    fn name(&mut self, at: &Arrival, name: &Name, steps: usize) {
        let bindings: Vec<(BoundValue, StmtId)> =
            self.program.reaching(at.module, at.expr, name).into_iter().map(|binding| (binding.value.clone(), binding.stmt)).collect();
        let mut next = at.clone();
        next.names.push(name.clone());
        self.bound(&next, at.module, bindings, steps);
    }

    /// `self.x`, as the methods of its class assign it. A class's constant is left to [`Program::constant`].
    fn attribute(&mut self, at: &Arrival, value: ExprId, attr: &Name, steps: usize) {
        let program = self.program;
        let resolver = program.resolver(at.module);
        if let Some((getter, _)) = resolver.property(value, attr) {
            self.returns(at, getter, steps);
            return;
        }
        let mut followed = false;
        for owner in resolver.values(value) {
            let Value::Instance(Type::Class(class)) = owner else { continue };
            for entry in program.mro(class) {
                let Type::Class(entry) = entry else { continue };
                let bindings = program.module(entry.module).attribute(entry.id, attr);
                if bindings.is_empty() {
                    continue;
                }
                let bindings = bindings.iter().map(|binding| (binding.value.clone(), binding.stmt)).collect();
                let mut next = at.clone();
                next.names.push(attr.clone());
                self.bound(&next, entry.module, bindings, steps);
                followed = true;
            }
        }
        if !followed {
            self.found.push(at.clone());
        }
    }

    /// Goes on with what a name or an attribute is bound to in the module `home`.
    fn bound(&mut self, at: &Arrival, home: ModuleId, bindings: Vec<(BoundValue, StmtId)>, steps: usize) {
        let program = self.program;
        let module = program.module(home);
        let user = (at.module, program.module(at.module).expr(at.expr).function);
        let mut base = Arrival { module: home, ..at.clone() };
        // `n = n + 1` is `n += 1`.
        let bindings: Vec<(BoundValue, StmtId)> =
            bindings.into_iter().map(|(value, stmt)| (self.in_place(&base, &value).unwrap_or(value), stmt)).collect();
        for (value, stmt) in &bindings {
            if let BoundValue::Augmented { op, value } = value {
                let elsewhere = (home, module.stmt(*stmt).function) != user;
                base.changes.push(Change { name: at.names.last().cloned(), op: *op, value: *value, stmt: *stmt, elsewhere });
            }
        }
        let mut leaf = bindings.is_empty();
        for (value, stmt) in bindings {
            if program.is_dead(home, stmt) && !matches!(value, BoundValue::Param(..)) {
                continue;
            }
            match value {
                // Each step would take a copy of all changes.
                BoundValue::Expr(_) | BoundValue::Annotated { value: Some(_), .. } | BoundValue::Augmented { .. } if self.is_full() => {}
                BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => {
                    self.follow(&Arrival { expr: value, ..base.clone() }, steps + 1);
                }
                BoundValue::Augmented { value, .. } => {
                    self.follow(&Arrival { expr: value, added: true, ..base.clone() }, steps + 1);
                }
                BoundValue::Unpacked(value, index) => match module.kind(value) {
                    ExprKind::Tuple(parts) if parts.iter().all(|part| !matches!(module.kind(*part), ExprKind::Starred(_))) => {
                        if let Some(part) = parts.get(index as usize) {
                            self.follow(&Arrival { expr: *part, ..base.clone() }, steps + 1);
                        }
                    }
                    _ => self.unpacked(&base, value, index, steps),
                },
                BoundValue::Param(function, index) => {
                    match module.function(function).params.get(index as usize).and_then(|param| param.default) {
                        Some(default) => self.follow(&Arrival { expr: default, by_default: true, ..base.clone() }, steps + 1),
                        None => leaf = true,
                    }
                }
                _ => leaf = true,
            }
        }
        if leaf {
            self.found.push(Arrival { module: at.module, ..base });
        }
    }

    /// The n-th part of what a call returns: of the tuples that a function of the program returns, where all are written down.
    fn unpacked(&mut self, at: &Arrival, value: ExprId, index: u32, steps: usize) {
        let program = self.program;
        let function =
            program.module(at.module).call(value).and_then(|call| match program.resolver(at.module).values(call.func).as_slice() {
                [Value::Function(function) | Value::Method(function, _)] => Some(*function),
                _ => None,
            });
        let parts = function.filter(|function| !program.is_generator(*function)).and_then(|function| {
            let module = program.module(function.module);
            let part = |returned: &Option<ExprId>| match module.kind((*returned)?) {
                ExprKind::Tuple(parts) => Some(Returned { function, value: *parts.get(index as usize)? }),
                _ => None,
            };
            program.code(function).returns.iter().map(part).collect::<Option<Vec<_>>>()
        });
        match parts {
            Some(parts) if !parts.is_empty() => {
                for part in parts {
                    let mut next = Arrival { module: part.function.module, expr: part.value, ..at.clone() };
                    next.returned.push(part);
                    self.follow(&next, steps + 1);
                }
            }
            _ => self.found.push(Arrival { expr: value, part: Some(index), ..at.clone() }),
        }
    }

    /// An assignment that computes a name's new value from its old one, as an augmented assignment.
    fn in_place(&self, at: &Arrival, value: &BoundValue) -> Option<BoundValue> {
        let BoundValue::Expr(value) = value else { return None };
        let module = self.program.module(at.module);
        let ExprKind::BinOp { left, op, right } = module.kind(*value) else { return None };
        let same = |expr: ExprId| match module.kind(expr) {
            ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => at.names.last() == Some(name),
            _ => false,
        };
        let commutes = matches!(op, BinOp::Add | BinOp::Mult | BinOp::BitOr | BinOp::BitAnd | BinOp::BitXor);
        if same(*left) {
            Some(BoundValue::Augmented { op: *op, value: *right })
        } else if commutes && same(*right) {
            Some(BoundValue::Augmented { op: *op, value: *left })
        } else {
            None
        }
    }
}
