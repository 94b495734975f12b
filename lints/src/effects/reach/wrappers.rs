//! Decorators: what they put around a function runs when the function is called.

use ruff_text_size::TextRange;

use super::{Hop, Node, Search, Via};
use crate::module::ir::StmtId;
use crate::program::{FunctionRef, Program, Value};

impl Search<'_> {
    /// What the decorators of a function put around it: calling it runs that, too.
    pub(super) fn wrappers(&mut self, node: Node, path: &[Hop], function: FunctionRef, stmt: StmtId, range: TextRange) {
        let program = self.program;
        let module = program.module(function.module);
        for decorator in &program.function(function).decorators {
            // `@retry` is given the function; what `@retry(3)` returns is.
            let call = module.call(*decorator);
            let (named, made) = call.map_or((*decorator, false), |call| (call.func, true));
            for value in program.resolver(function.module).values(named) {
                let Value::Function(decorator) = value else { continue };
                let mut found = nested_returned(program, decorator);
                if made {
                    found = found.into_iter().flat_map(|inner| nested_returned(program, inner)).collect();
                }
                for wrapper in found {
                    self.edge(node, path, Node { function: wrapper, this: None }, Via::Call, stmt, range);
                }
            }
        }
    }
}

/// The functions inside a function that it returns.
fn nested_returned(program: &Program, function: FunctionRef) -> Vec<FunctionRef> {
    let returns = program.code(function).returns.iter().flatten();
    let values = returns.flat_map(|returned| program.resolver(function.module).values(*returned));
    let functions = values.filter_map(|value| if let Value::Function(inner) = value { Some(inner) } else { None });
    functions.filter(|inner| inner.module == function.module && program.function(*inner).outer == Some(function.id)).collect()
}
