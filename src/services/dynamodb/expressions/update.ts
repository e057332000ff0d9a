/** Updates: of the syntax, with names and values put in. */
import { checkDistinctPaths } from './document-path.ts';
import type { ExpressionScope } from './expression-scope.ts';
import type { Update, UpdateAction, UpdateOperand } from './parsed.ts';
import type { OperandSyntax, UpdateActionSyntax } from './syntax.ts';
import { checkActionType, checkCall, checkNamesAndSections, operandsOfAction } from './update-checks.ts';
import { updateSyntax } from './update-parser.ts';

type Refuse = (reason: string) => Error;

/** Throws what `refuse` makes of the reason. */
export function parsedUpdate(text: string, scope: ExpressionScope, refuse: Refuse): Update {
  const syntax = updateSyntax(text, refuse);
  checkNamesAndSections(syntax, refuse);
  const operands = syntax.actions.flatMap(operandsOfAction);
  for (const operand of operands) if (operand.kind === 'path') scope.path(operand, refuse);
  for (const operand of operands) if (operand.kind === 'value') scope.value(operand.key, refuse);
  checkDistinctPaths(
    syntax.actions.map(({ path }) => scope.path(path, refuse)),
    refuse,
  );
  const calls: (() => void)[] = [];
  const actions = syntax.actions.map((action) => resolvedAction(action, scope, refuse, calls));
  for (const action of actions) checkActionType(action, refuse);
  for (const check of calls) check();
  return { actions };
}

function resolvedAction(
  action: UpdateActionSyntax,
  scope: ExpressionScope,
  refuse: Refuse,
  calls: (() => void)[],
): UpdateAction {
  const path = scope.path(action.path, refuse);
  switch (action.kind) {
    case 'REMOVE':
      return { kind: 'remove', path };
    case 'SET':
      return { kind: 'set', path, value: resolvedOperand(action.value, scope, refuse, calls) };
    case 'ADD':
      return { kind: 'add', path, value: scope.value(action.value.key, refuse) };
    case 'DELETE':
      return { kind: 'delete', path, value: scope.value(action.value.key, refuse) };
  }
}

/** Checks of calls come after those of all actions, and are put into `calls`. */
function resolvedOperand(
  operand: OperandSyntax,
  scope: ExpressionScope,
  refuse: Refuse,
  calls: (() => void)[],
): UpdateOperand {
  if (operand.kind === 'path') return { kind: 'path', path: scope.path(operand, refuse) };
  if (operand.kind === 'value') return { kind: 'value', value: scope.value(operand.key, refuse) };
  const operands = operand.operands.map((inner) => resolvedOperand(inner, scope, refuse, calls));
  calls.push(() => checkCall(operand.name, operands, refuse));
  const [first, second] = operands as [UpdateOperand, UpdateOperand];
  if (operand.name !== 'if_not_exists') {
    return { kind: operand.name as 'list_append' | '+' | '-', operands: [first, second] };
  }
  return { kind: 'if_not_exists', path: first.kind === 'path' ? first.path : [], otherwise: second };
}
