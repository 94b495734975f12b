//! Arguments that take a call's effect away: `shutdown(wait=False)`, `acquire(blocking=False)`, `put(x, block=False)`, `join(timeout=0)`.

use super::{Hop, Node, Search};
use crate::effects::{Effect, Kind};
use crate::module::Call;
use crate::module::ir::{ExprId, ExprKind};
use crate::program::origins::argument;

impl Search<'_> {
    /// Whether the arguments of a call take its effect away. The effect is `None` where only the method's name is known.
    pub(super) fn is_harmless(&self, node: Node, path: &[Hop], call: Call<'_>, name: &str, effect: Option<Effect>) -> bool {
        let module = self.program.module(node.function.module);
        let method = name.rsplit('.').next().unwrap_or_default();
        let is_false = |arg: ExprId| self.is_false(node, path, arg);
        let positional = |position| call.positional(position).is_some_and(is_false);
        let keyword = |name: &str| call.keyword(name).is_some_and(|arg| is_false(arg.value));
        let is_zero = |arg: ExprId| matches!(module.kind(arg), ExprKind::Int(Some(0)));
        let blocks = effect.is_some_and(|effect| effect.kind == Kind::Blocking);
        if blocks && call.keyword("timeout").is_some_and(|timeout| is_zero(timeout.value)) {
            return true;
        }
        match method {
            "shutdown" if blocks || effect.is_none() => keyword("wait") || positional(0),
            "join" | "result" | "exception" if blocks => call.positional(0).is_some_and(is_zero),
            "kill" | "killone" | "killall" if blocks => keyword("block"),
            "acquire" => keyword("blocking") || keyword("block") || positional(0),
            "get" => keyword("block") || positional(0),
            "put" => keyword("block") || positional(1),
            _ => false,
        }
    }

    /// Whether an argument is `False`: as a literal, or as a parameter of the function around for which the call on the way passes that, or
    /// nothing where that is the default.
    fn is_false(&self, node: Node, path: &[Hop], arg: ExprId) -> bool {
        let module = self.program.module(node.function.module);
        let ExprKind::Name(name) = module.kind(arg) else { return matches!(module.kind(arg), ExprKind::Bool(false)) };
        let function = module.function(node.function.id);
        let is_own = module.binding_scope(module.expr(arg).scope, name) == Some(function.scope)
            && module.scope(function.scope).bindings.get(name).is_some_and(|bindings| bindings.len() == 1);
        let Some((index, param)) = function.params.iter().enumerate().find(|(_, param)| is_own && param.name == *name) else {
            return false;
        };
        let default = || param.default.is_some_and(|default| matches!(module.kind(default), ExprKind::Bool(false)));
        let Some(hop) = path.last() else { return default() };
        let caller = self.program.module(hop.caller.function.module);
        let calls = caller.code(hop.caller.function.id).calls.iter().filter_map(|call| caller.call(*call));
        let Some(call) = calls.into_iter().find(|call| caller.expr(call.id).range == hop.range) else { return false };
        let bound = usize::from(node.this.is_some() && function.class.is_some());
        match index.checked_sub(bound).and_then(|position| argument(call, position, param)) {
            Some(given) => matches!(caller.kind(given), ExprKind::Bool(false)),
            None => !call.has_star() && default(),
        }
    }
}
