//! Exit calls: everything in a module that ends the process or raises `SystemExit`.

use ruff_text_size::TextRange;

use super::{FunctionRef, ModuleId, Program, Value};
use crate::module::Module;
use crate::module::ir::{ArgKind, Binding, BoundValue, ExprId, ExprKind, Name, ParamKind, StmtId, StmtKind};

/// What ends the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitKind {
    /// `sys.exit(code)`
    SysExit,
    /// `raise SystemExit(code)`
    SystemExit,
    /// `os._exit(code)`
    OsExit,
    /// `exit(code)`, `quit(code)`: put into the builtins by `site`.
    Site,
    /// `raise typer.Exit(code)`, `raise click.exceptions.Exit(code)`, `ctx.exit(code)`.
    Framework,
    /// A function of the program that forwards its argument to an exit call.
    Helper(FunctionRef),
}

/// The code of an exit call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// No argument: 0.
    Absent,
    Expr(ExprId),
    /// Hidden by `*args`, or several arguments.
    Unknown,
}

/// An exit call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    pub(crate) kind: ExitKind,
    pub(crate) stmt: StmtId,
    /// The call, or the whole exception of a `raise`.
    pub(crate) expr: ExprId,
    /// The callee: `sys.exit`, `SystemExit`.
    pub(crate) func: ExprId,
    pub(crate) code: Code,
    pub(crate) range: TextRange,
}

impl Exit {
    /// The expression of the code.
    pub(crate) fn code_expr(&self) -> Option<ExprId> {
        match self.code {
            Code::Expr(expr) => Some(expr),
            Code::Absent | Code::Unknown => None,
        }
    }
}

/// Every exit call of a module that can run, in the order of the text.
pub(crate) fn exits(program: &Program, id: ModuleId) -> Vec<Exit> {
    program.scanning(EXIT_TEXTS, || all_exits(program, id))
}

fn all_exits(program: &Program, id: ModuleId) -> Vec<Exit> {
    let module = program.module(id);
    let raised = raised(module);
    let mut found = Vec::new();
    let helpers = own_helpers(program, id);
    for call in module.calls() {
        if !may_exit(program, id, call.func, &helpers) {
            continue;
        }
        let Some((kind, code_name)) = callee(program, id, call.func) else { continue };
        let is_raised = raised.iter().find(|(exc, _)| *exc == call.id);
        // `SystemExit(2)` that nobody raises is a value.
        if matches!(kind, ExitKind::SystemExit) && is_raised.is_none() {
            continue;
        }
        if !program.is_live(id, call.id) {
            continue;
        }
        let code = match kind {
            ExitKind::Helper(function) => helper_code(program, id, function, |index, name| call.argument(index, name), call.has_star()),
            _ if call.args.iter().any(|arg| matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar)) => Code::Unknown,
            _ => match call.args {
                [] => Code::Absent,
                [arg] if arg.kind == ArgKind::Positional => Code::Expr(arg.value),
                [arg] if matches!(&arg.kind, ArgKind::Keyword(name) if name == code_name) => Code::Expr(arg.value),
                _ => Code::Unknown,
            },
        };
        let stmt = module.expr(call.id).stmt;
        let range = module.expr(call.id).range;
        found.push(Exit { kind, stmt, expr: call.id, func: call.func, code, range });
    }
    // `raise SystemExit` without a call.
    for (exc, stmt) in raised {
        if module.call(exc).is_none()
            && let Some((kind @ (ExitKind::SystemExit | ExitKind::Framework), _)) = callee(program, id, exc)
            && !program.is_dead(id, stmt)
        {
            found.push(Exit { kind, stmt, expr: exc, func: exc, code: Code::Absent, range: module.expr(exc).range });
        }
    }
    found.sort_by_key(|exit| (exit.range.start(), exit.range.end()));
    found
}

/// Whether a callee is worth resolving. Most are not: an attribute whose name is neither an exit's nor a helper's, a builtin
/// other than the exits, a class of the module, a function of another module whose body does not exit.
fn may_exit(program: &Program, id: ModuleId, func: ExprId, helpers: &[Name]) -> bool {
    let module = program.module(id);
    match module.kind(func) {
        ExprKind::Attribute { value, attr, .. } => {
            EXIT_ATTRIBUTES.contains(&attr.as_str())
                || helpers.contains(attr)
                || bindings(module, *value).iter().any(|binding| member_may_exit(program, id, &binding.value, attr))
        }
        ExprKind::Name(name) if module.binding_scope(module.expr(func).scope, name).is_none() => {
            EXIT_ATTRIBUTES.contains(&name.as_str()) || !module.star_imports().is_empty()
        }
        ExprKind::Name(_) => bindings(module, func).iter().any(|binding| match &binding.value {
            BoundValue::Class(_) | BoundValue::Module(_) => false,
            BoundValue::Imported { module, level, name } => {
                EXIT_ATTRIBUTES.contains(&name.as_str()) || program.function_may_hold(id, *level, module, name, EXIT_TEXTS)
            }
            _ => true,
        }),
        _ => true,
    }
}

/// The bindings of the name that an expression is.
fn bindings(module: &Module, expr: ExprId) -> &[Binding] {
    let ExprKind::Name(name) = module.kind(expr) else { return &[] };
    let scope = module.binding_scope(module.expr(expr).scope, name);
    scope.and_then(|scope| module.scope(scope).bindings.get(name)).map(smallvec::SmallVec::as_slice).unwrap_or_default()
}

/// Whether a function that hangs on an imported module may exit.
fn member_may_exit(program: &Program, id: ModuleId, value: &BoundValue, attr: &str) -> bool {
    match value {
        BoundValue::Module(module) => program.function_may_hold(id, 0, module, attr, EXIT_TEXTS),
        BoundValue::Imported { module, level, name } => {
            let full = if module.is_empty() { name.to_string() } else { format!("{module}.{name}") };
            program.function_may_hold(id, *level, &full, attr, EXIT_TEXTS)
        }
        _ => false,
    }
}

/// The names of exits as attributes (`sys.exit`, `os._exit`, `typer.Exit`, `builtins.quit`).
const EXIT_ATTRIBUTES: &[&str] = &["exit", "_exit", "Exit", "SystemExit", "quit"];

/// The texts without which no module defines a helper that exits.
pub(crate) const EXIT_TEXTS: &[&str] = &["sys.exit", "SystemExit", "exit(", "import exit", "Exit("];

/// The exceptions that the module raises, with their statements.
fn raised(module: &Module) -> Vec<(ExprId, StmtId)> {
    module
        .stmts()
        .filter_map(|(id, stmt)| match stmt.kind {
            StmtKind::Raise { exc: Some(exc), .. } => Some((exc, id)),
            _ => None,
        })
        .collect()
}

/// What a callee is, with the name of the parameter that takes the code.
fn callee(program: &Program, id: ModuleId, func: ExprId) -> Option<(ExitKind, &'static str)> {
    let module = program.module(id);
    // Most callees cannot be exits; their last word tells, unless the name is a local alias.
    let kind = program.resolver(id).values(func).iter().find_map(|value| match value {
        Value::External(name) => match name.as_str() {
            "sys.exit" => Some((ExitKind::SysExit, "status")),
            "builtins.SystemExit" => Some((ExitKind::SystemExit, "code")),
            "os._exit" => Some((ExitKind::OsExit, "status")),
            "builtins.exit" | "builtins.quit" => Some((ExitKind::Site, "code")),
            "typer.Exit" | "click.exceptions.Exit" => Some((ExitKind::Framework, "code")),
            _ => None,
        },
        Value::ExternalMethod(class, method) if method == "exit" => {
            matches!(class.as_str(), "click.Context" | "typer.Context" | "click.core.Context").then_some((ExitKind::Framework, "code"))
        }
        Value::Function(function) | Value::Method(function, _) => program.exit_helper(*function).map(|_| (ExitKind::Helper(*function), "")),
        _ => None,
    });
    kind.or_else(|| is_click_context(module, func).then_some((ExitKind::Framework, "code")))
}

/// `ctx.exit` where `ctx` is a parameter of a function that click passes its context to.
fn is_click_context(module: &Module, func: ExprId) -> bool {
    let ExprKind::Attribute { value, attr, .. } = module.kind(func) else { return false };
    let ExprKind::Name(name) = module.kind(*value) else { return false };
    let Some(function) = module.expr(func).function else { return false };
    attr == "exit"
        && (name == "ctx" || name == "context")
        && module.function(function).params.iter().any(|param| param.name == *name)
        && module.function(function).decorators.iter().any(|decorator| {
            let func = module.call(*decorator).map_or(*decorator, |call| call.func);
            module.dotted(func).is_some_and(|parts| matches!(parts.last(), Some(&("command" | "group" | "pass_context"))))
        })
}

/// The names of a module's helpers.
fn own_helpers(program: &Program, id: ModuleId) -> Vec<Name> {
    let functions = program.module(id).functions();
    let helpers = functions.filter(|(function, _)| program.exit_helper(FunctionRef { module: id, id: *function }).is_some());
    helpers.map(|(_, data)| data.name.clone()).collect()
}

impl Program {
    /// Every exit call of a module that can run; kept.
    pub(crate) fn exits_of(&self, id: ModuleId) -> std::rc::Rc<[Exit]> {
        if let Some(known) = self.exits.borrow().get(&id) {
            return std::rc::Rc::clone(known);
        }
        let found: std::rc::Rc<[Exit]> = exits(self, id).into();
        self.exits.borrow_mut().insert(id, std::rc::Rc::clone(&found));
        found
    }

    /// The parameter that a function forwards to an exit call as its last act, if it does no more than that.
    pub(crate) fn exit_helper(&self, function: FunctionRef) -> Option<usize> {
        if let Some(known) = self.exit_helpers.borrow().get(&function) {
            return *known;
        }
        // Functions that call each other in a circle are none.
        self.exit_helpers.borrow_mut().insert(function, None);
        let found = self.forwards_to_exit(function);
        self.exit_helpers.borrow_mut().insert(function, found);
        found
    }

    fn forwards_to_exit(&self, function: FunctionRef) -> Option<usize> {
        let module = self.module(function.module);
        let data = module.function(function.id);
        if data.params.is_empty() || data.is_async || module.is_generator(function.id) {
            return None;
        }
        let block = module.function_block(function.id);
        let exc = match module.stmt(*block.last()?).kind {
            StmtKind::Expr(value) | StmtKind::Return(Some(value)) => value,
            StmtKind::Raise { exc: Some(exc), .. } => exc,
            _ => return None,
        };
        let call = module.call(exc)?;
        // The body of the helper decides nothing itself.
        let simple = block.iter().all(|stmt| {
            matches!(
                module.stmt(*stmt).kind,
                StmtKind::Expr(_)
                    | StmtKind::Raise { .. }
                    | StmtKind::Return(_)
                    | StmtKind::Import(_)
                    | StmtKind::ImportFrom { .. }
                    | StmtKind::If { .. }
            )
        });
        let ExprKind::Name(name) = module.kind(call.positional(0)?) else { return None };
        let index = data.params.iter().position(|param| param.name == *name && param.kind != ParamKind::Star)?;
        let bound_once = module.scope(data.scope).bindings.get(name).is_some_and(|bindings| bindings.len() == 1);
        let exits = |last: &str| EXIT_ATTRIBUTES.contains(&last);
        if !simple || !bound_once || !module.may_be_called(call.func, exits) {
            return None;
        }
        matches!(callee(self, function.module, call.func), Some((kind, _)) if !matches!(kind, ExitKind::Helper(_))).then_some(index)
    }
}

/// The code that a call of a helper passes.
fn helper_code(
    program: &Program,
    caller: ModuleId,
    function: FunctionRef,
    argument: impl Fn(usize, &str) -> Option<ExprId>,
    has_star: bool,
) -> Code {
    if has_star {
        return Code::Unknown;
    }
    let Some(index) = program.exit_helper(function) else { return Code::Unknown };
    let data = program.function(function);
    let param = &data.params[index];
    // A method's `self` is not among the arguments.
    let bound = data.class.is_some() && !program.resolver(function.module).has_decorator(function.id, &["builtins.staticmethod"]);
    let position = index - usize::from(bound && index > 0);
    // The default of another module's function is no expression of this one.
    let default = param.default.filter(|_| function.module == caller);
    argument(position, &param.name).or(default).map_or(Code::Unknown, Code::Expr)
}

/// The binding that a name use refers to is a parameter of the function around it.
pub(crate) fn is_parameter(module: &Module, expr: ExprId) -> bool {
    let ExprKind::Name(name) = module.kind(expr) else { return false };
    let Some(scope) = module.binding_scope(module.expr(expr).scope, name) else { return false };
    module.scope(scope).bindings[name].iter().any(|binding| matches!(binding.value, BoundValue::Param(..)))
}
