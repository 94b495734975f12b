//! Constants and the flow of values: which values may arrive at an expression, and what they fold to.

use rustc_hash::FxHashSet;

use super::{ModuleId, Program, Type, Value};
use crate::module::Module;
use crate::module::ir::{BinOp, Binding, BoundValue, CmpOp, ExprId, ExprKind, Name, ScopeKind, UnaryOp};

/// How many steps a value is followed.
const MAX_STEPS: usize = 12;
/// How many sources of one expression are kept.
const MAX_SOURCES: usize = 32;

/// A value known before the program runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Int(i128),
    /// An integer that is too large to be followed (a literal beyond 64 bits, a result beyond 128); whether it is negative.
    Huge(bool),
    Bool(bool),
    Float(f64),
    Str(Box<str>),
    None,
}

impl Constant {
    /// The integer that it is for Python (booleans are 0 and 1).
    pub(crate) fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Bool(value) => Some(i128::from(*value)),
            _ => None,
        }
    }

    /// Whether a condition takes it for true.
    pub(crate) fn truth(&self) -> bool {
        match self {
            Self::Int(value) => *value != 0,
            Self::Huge(_) => true,
            Self::Bool(value) => *value,
            Self::Float(value) => *value != 0.0,
            Self::Str(value) => !value.is_empty(),
            Self::None => false,
        }
    }
}

/// Exit codes of `sysexits.h` as the `os` module names them.
const EXIT_NAMES: &[(&str, i128)] = &[
    ("EX_OK", 0),
    ("EX_USAGE", 64),
    ("EX_DATAERR", 65),
    ("EX_NOINPUT", 66),
    ("EX_NOUSER", 67),
    ("EX_NOHOST", 68),
    ("EX_UNAVAILABLE", 69),
    ("EX_SOFTWARE", 70),
    ("EX_OSERR", 71),
    ("EX_OSFILE", 72),
    ("EX_CANTCREAT", 73),
    ("EX_IOERR", 74),
    ("EX_TEMPFAIL", 75),
    ("EX_PROTOCOL", 76),
    ("EX_NOPERM", 77),
    ("EX_CONFIG", 78),
];

/// An expression whose value may arrive at another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) module: ModuleId,
    pub(crate) expr: ExprId,
    /// Whether an augmented assignment changed it on the way.
    pub(crate) augmented: bool,
}

impl Program {
    /// What an expression folds to, where all that may arrive there is one constant.
    pub(crate) fn constant(&self, module: ModuleId, expr: ExprId) -> Option<Constant> {
        self.fold(module, expr, 0)
    }

    fn fold(&self, id: ModuleId, expr: ExprId, steps: usize) -> Option<Constant> {
        if steps > MAX_STEPS {
            return None;
        }
        let module = self.module(id);
        let inner = |expr| self.fold(id, expr, steps + 1);
        match module.kind(expr) {
            ExprKind::Int(Some(value)) => Some(Constant::Int(i128::from(*value))),
            ExprKind::Int(None) => Some(Constant::Huge(false)),
            ExprKind::Bool(value) => Some(Constant::Bool(*value)),
            ExprKind::Float(value) => Some(Constant::Float(*value)),
            ExprKind::Str(text) => Some(Constant::Str(text.clone())),
            ExprKind::None => Some(Constant::None),
            ExprKind::Unary { op, operand } => fold_unary(*op, &inner(*operand)?),
            ExprKind::BinOp { left, op, right } => fold_binary(&inner(*left)?, *op, &inner(*right)?),
            ExprKind::Named { value, .. } => inner(*value),
            ExprKind::Name(name) => {
                let scope = module.binding_scope(module.expr(expr).scope, name)?;
                let bindings = &module.scope(scope).bindings[name];
                let only = match bindings.as_slice() {
                    [only] => only.clone(),
                    _ => match self.reaching(id, expr, name).as_slice() {
                        [only] => (*only).clone(),
                        _ => return None,
                    },
                };
                match &only.value {
                    BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => inner(*value),
                    BoundValue::Imported { module, level: 0, name } => external_constant(&format!("{module}.{name}")),
                    _ => None,
                }
            }
            ExprKind::Attribute { value, attr, .. } => self.fold_attribute(id, *value, attr, steps),
            _ => None,
        }
    }

    /// A class's constant, an enumeration's member, `os.EX_OK`.
    fn fold_attribute(&self, id: ModuleId, value: ExprId, attr: &Name, steps: usize) -> Option<Constant> {
        let resolver = self.resolver(id);
        for owner in resolver.values(value) {
            match owner {
                Value::External(name) => {
                    if let Some(known) = external_constant(&format!("{name}.{attr}")) {
                        return Some(known);
                    }
                }
                Value::Class(class) | Value::Instance(Type::Class(class)) if attr != "value" => {
                    for entry in self.mro(class) {
                        let Type::Class(entry) = entry else { continue };
                        let there = self.module(entry.module);
                        if there.assigns(entry.id, attr) {
                            return None;
                        }
                        let scope = there.scope(there.class(entry.id).scope);
                        let Some(bindings) = scope.bindings.get(attr) else { continue };
                        return match bindings.as_slice() {
                            [Binding { value: BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. }, .. }] => {
                                self.fold(entry.module, *value, steps + 1)
                            }
                            _ => None,
                        };
                    }
                }
                _ => {}
            }
        }
        // `Member.value` is what the member was assigned.
        (attr == "value" && matches!(self.module(id).kind(value), ExprKind::Attribute { .. }))
            .then(|| self.fold(id, value, steps + 1))
            .flatten()
    }

    /// Whether a condition is true or false in every run, `sys.version_info` and `TYPE_CHECKING` included.
    pub(crate) fn condition(&self, id: ModuleId, test: ExprId) -> Option<bool> {
        let module = self.module(id);
        match module.kind(test) {
            ExprKind::Unary { op: UnaryOp::Not, operand } => Some(!self.condition(id, *operand)?),
            ExprKind::BoolOp { is_and, values } => {
                let parts: Vec<_> = values.iter().map(|value| self.condition(id, *value)).collect();
                if parts.contains(&Some(!is_and)) { Some(!is_and) } else { parts.iter().all(Option::is_some).then_some(*is_and) }
            }
            ExprKind::Compare { left, rest } if rest.len() == 1 => self.version_test(id, *left, rest[0].0, rest[0].1),
            ExprKind::Name(name) if name == "TYPE_CHECKING" => Some(false),
            ExprKind::Attribute { attr, .. } if attr == "TYPE_CHECKING" => Some(false),
            ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::None => self.constant(id, test).map(|value| value.truth()),
            ExprKind::Name(name) => {
                // Only a module's constant that nothing rebinds, not even through `global`.
                let scope = module.binding_scope(module.expr(test).scope, name)?;
                let bindings = &module.scope(scope).bindings[name];
                let constant = bindings.len() == 1 && matches!(module.scope(scope).kind, ScopeKind::Module);
                constant.then(|| self.constant(id, test)).flatten().map(|value| value.truth())
            }
            _ => None,
        }
    }

    /// `sys.version_info >= (3, 9)`, `sys.version_info[0] == 2`, `sys.version_info.major < 3` against the target version.
    fn version_test(&self, id: ModuleId, left: ExprId, op: CmpOp, right: ExprId) -> Option<bool> {
        let module = self.module(id);
        let is_info = |expr| module.dotted(expr).is_some_and(|parts| parts.last() == Some(&"version_info"));
        let target = (i128::from(self.target_version.major), i128::from(self.target_version.minor));
        let int = |expr| self.constant(id, expr).and_then(|value| value.as_int());
        let major_only = match module.kind(left) {
            ExprKind::Attribute { value, attr, .. } => attr == "major" && is_info(*value),
            ExprKind::Subscript { value, slice } => is_info(*value) && matches!(module.kind(*slice), ExprKind::Int(Some(0))),
            _ => false,
        };
        let wanted = if major_only {
            (int(right)?, 0)
        } else {
            let whole = match module.kind(left) {
                ExprKind::Subscript { value, slice } => is_info(*value) && matches!(module.kind(*slice), ExprKind::Slice),
                _ => is_info(left),
            };
            let ExprKind::Tuple(parts) = module.kind(right) else { return None };
            if !whole {
                return None;
            }
            (int(*parts.first()?)?, parts.get(1).map_or(Some(0), |minor| int(*minor))?)
        };
        // The code runs on the target version and on all later ones of Python 3.
        match op {
            CmpOp::GtE if target >= wanted => Some(true),
            CmpOp::Gt if target > wanted || major_only && target.0 > wanted.0 => Some(true),
            CmpOp::Lt if target >= wanted => Some(false),
            CmpOp::Gt | CmpOp::GtE if wanted.0 > 3 => Some(false),
            CmpOp::Eq if major_only => Some(wanted.0 == 3),
            CmpOp::NotEq if major_only => Some(wanted.0 != 3),
            CmpOp::LtE | CmpOp::Eq if wanted < target => Some(false),
            CmpOp::NotEq if wanted < target => Some(true),
            _ => None,
        }
    }

    /// The expressions whose values may arrive at an expression: through names (by the definitions that reach), the arms of
    /// conditionals, `and` and `or`, assignment expressions, `await`, defaults of parameters, and what functions of the program return.
    pub(crate) fn sources(&self, module: ModuleId, expr: ExprId) -> Vec<Source> {
        let mut found = Vec::new();
        self.follow(&Source { module, expr, augmented: false }, 0, &mut FxHashSet::default(), &mut found);
        found
    }

    fn follow(&self, at: &Source, steps: usize, seen: &mut FxHashSet<(ModuleId, ExprId)>, found: &mut Vec<Source>) {
        if steps > MAX_STEPS || found.len() >= MAX_SOURCES || !seen.insert((at.module, at.expr)) {
            return;
        }
        let module = self.module(at.module);
        let mut go = |expr, augmented| {
            self.follow(&Source { module: at.module, expr, augmented: at.augmented || augmented }, steps + 1, seen, found);
        };
        match module.kind(at.expr) {
            ExprKind::If { body, orelse, .. } => {
                go(*body, false);
                go(*orelse, false);
            }
            // The value of `a and b` is `a` only where that is false: as an exit code, 0.
            ExprKind::BoolOp { is_and: true, values } => values.iter().skip(1).for_each(|value| go(*value, false)),
            ExprKind::BoolOp { is_and: false, values } => values.iter().for_each(|value| go(*value, false)),
            ExprKind::Named { value, .. } | ExprKind::Await(value) => go(*value, false),
            ExprKind::Name(name) => {
                let reaching: Vec<BoundValue> =
                    self.reaching(at.module, at.expr, name).into_iter().map(|binding| binding.value.clone()).collect();
                let augmented = reaching.iter().any(|value| matches!(value, BoundValue::Augmented { .. }));
                let mut leaf = reaching.is_empty();
                for value in reaching {
                    match value {
                        BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => go(value, augmented),
                        BoundValue::Param(function, index) => {
                            match module.function(function).params.get(index as usize).and_then(|param| param.default) {
                                Some(default) => go(default, augmented),
                                None => leaf = true,
                            }
                        }
                        BoundValue::Augmented { .. } => {}
                        _ => leaf = true,
                    }
                }
                if leaf {
                    found.push(at.clone());
                }
            }
            ExprKind::Call { func, .. } => {
                let functions: Vec<_> = self.resolver(at.module).values(*func).into_iter().collect();
                let mut leaf = functions.is_empty();
                for value in functions {
                    match value {
                        Value::Function(function) | Value::Method(function, _) if !self.is_generator(function) => {
                            let returns = self.code(function).returns.clone();
                            for returned in returns.into_iter().flatten() {
                                self.follow(&Source { module: function.module, expr: returned, augmented: false }, steps + 1, seen, found);
                            }
                            // The call itself stays a source: what it returns may be more than what could be followed.
                            leaf = true;
                        }
                        _ => leaf = true,
                    }
                }
                if leaf {
                    found.push(at.clone());
                }
            }
            _ => found.push(at.clone()),
        }
    }
}

/// Whether [`Program::condition`] may know a condition of this form.
pub(super) fn may_be_known(module: &Module, test: ExprId) -> bool {
    match module.kind(test) {
        ExprKind::Unary { op: UnaryOp::Not, operand } => may_be_known(module, *operand),
        ExprKind::BoolOp { values, .. } => values.iter().any(|value| may_be_known(module, *value)),
        ExprKind::Compare { left, rest } if rest.len() == 1 => {
            let is_part = match module.kind(*left) {
                ExprKind::Attribute { attr, .. } => attr == "major",
                ExprKind::Subscript { slice, .. } => matches!(module.kind(*slice), ExprKind::Int(Some(0))),
                _ => false,
            };
            is_part || matches!(module.kind(rest[0].1), ExprKind::Tuple(_))
        }
        ExprKind::Attribute { attr, .. } => attr == "TYPE_CHECKING",
        ExprKind::Name(_) | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::None => true,
        _ => false,
    }
}

fn external_constant(name: &str) -> Option<Constant> {
    let code = name.strip_prefix("os.")?;
    EXIT_NAMES.iter().find(|(known, _)| *known == code).map(|(_, value)| Constant::Int(*value))
}

fn fold_unary(op: UnaryOp, operand: &Constant) -> Option<Constant> {
    match (op, operand) {
        (UnaryOp::Not, value) => Some(Constant::Bool(!value.truth())),
        (UnaryOp::Minus, Constant::Huge(negative)) => Some(Constant::Huge(!negative)),
        (UnaryOp::Minus, Constant::Float(value)) => Some(Constant::Float(-value)),
        (UnaryOp::Minus, value) => value.as_int()?.checked_neg().map(Constant::Int),
        (UnaryOp::Plus, value) => value.as_int().map(Constant::Int),
        (UnaryOp::Invert, value) => value.as_int().map(|value| Constant::Int(!value)),
    }
}

fn fold_binary(left: &Constant, op: BinOp, right: &Constant) -> Option<Constant> {
    if let (Constant::Str(left), BinOp::Add, Constant::Str(right)) = (left, op, right) {
        return Some(Constant::Str(format!("{left}{right}").into()));
    }
    let (left, right) = (left.as_int()?, right.as_int()?);
    let small = u32::try_from(right).ok();
    let value = match op {
        BinOp::Add => left.checked_add(right),
        BinOp::Sub => left.checked_sub(right),
        BinOp::Mult => left.checked_mul(right),
        // Python rounds down, and the remainder has the divisor's sign.
        BinOp::FloorDiv if right != 0 => {
            let quotient = left.checked_div(right)?;
            let inexact = left.checked_rem(right)? != 0;
            Some(if inexact && (left < 0) != (right < 0) { quotient - 1 } else { quotient })
        }
        BinOp::Mod if right != 0 => {
            let rest = left.checked_rem(right)?;
            Some(if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest })
        }
        BinOp::Pow => small.and_then(|power| left.checked_pow(power)),
        BinOp::LShift => match small {
            Some(shift) if shift < 127 && left.unsigned_abs().leading_zeros() > shift + 1 => Some(left << shift),
            Some(_) if left != 0 => return Some(Constant::Huge(left < 0)),
            _ => None,
        },
        BinOp::RShift => small.map(|shift| left >> shift.min(127)),
        BinOp::BitOr => Some(left | right),
        BinOp::BitAnd => Some(left & right),
        BinOp::BitXor => Some(left ^ right),
        _ => return None,
    };
    match value {
        Some(value) => Some(Constant::Int(value)),
        None if matches!(op, BinOp::Pow | BinOp::Mult) && small.is_some() => {
            Some(Constant::Huge(left < 0 && (op == BinOp::Mult || right % 2 == 1)))
        }
        None => None,
    }
}
