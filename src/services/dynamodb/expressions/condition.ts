/** Conditions: of the syntax, with names and values put in. */
import {
  CONDITION_FUNCTIONS,
  checkCall,
  checkComparison,
  checkCount,
  checkDistinct,
  checkFunctionsAndNames,
  checkSize,
} from './condition-checks.ts';
import { conditionSyntax } from './condition-parser.ts';
import type { ExpressionScope } from './expression-scope.ts';
import type { Comparator, Condition, ConditionFunction, Operand } from './parsed.ts';
import type { CallSyntax, ComparisonSyntax, ConditionSyntax, OperandSyntax } from './syntax.ts';

type Refuse = (reason: string) => Error;

/** Throws what `refuse` makes of the reason. */
export function parsedCondition(text: string, scope: ExpressionScope, refuse: Refuse): Condition {
  const syntax = conditionSyntax(text, refuse);
  checkFunctionsAndNames(syntax, refuse);
  return resolved(syntax, scope, refuse);
}

function resolved(syntax: ConditionSyntax, scope: ExpressionScope, refuse: Refuse): Condition {
  switch (syntax.kind) {
    case 'not':
      return { kind: 'not', condition: resolved(syntax.conditions[0], scope, refuse) };
    case 'and':
    case 'or':
      return {
        kind: syntax.kind,
        conditions: syntax.conditions.map((inner) => resolved(inner, scope, refuse)),
      };
    case 'call':
      return resolvedCall(syntax, scope, refuse);
    default:
      return resolvedComparison(syntax, scope, refuse);
  }
}

function resolvedCall(syntax: CallSyntax, scope: ExpressionScope, refuse: Refuse): Condition {
  const name = syntax.name as ConditionFunction;
  const later: (() => void)[] = [];
  const operands = syntax.operands.map((operand) => resolvedOperand(operand, scope, refuse, later));
  checkCount(name, operands.length, CONDITION_FUNCTIONS[name], refuse);
  checkDistinct(name, operands, refuse);
  for (const check of later) check();
  checkCall(name, operands, refuse);
  return { kind: 'call', name, operands };
}

function resolvedComparison(syntax: ComparisonSyntax, scope: ExpressionScope, refuse: Refuse): Condition {
  const later: (() => void)[] = [];
  const operands = syntax.operands.map((operand) => resolvedOperand(operand, scope, refuse, later));
  checkDistinct(syntax.operator, operands, refuse);
  for (const check of later) check();
  const condition = comparisonOf(syntax, operands);
  checkComparison(condition, refuse);
  return condition;
}

function comparisonOf({ kind, operator }: ComparisonSyntax, operands: readonly Operand[]) {
  const [first, second, third] = operands as [Operand, Operand, Operand];
  if (kind === 'between') return { kind, operands: [first, second, third] } as const;
  if (kind === 'in') return { kind, operand: first, choices: operands.slice(1) } as const;
  return { kind, operator: operator as Comparator, operands: [first, second] } as const;
}

/** Checks of types come after those of names and counts, and are put into `later`. */
function resolvedOperand(
  operand: OperandSyntax,
  scope: ExpressionScope,
  refuse: Refuse,
  later: (() => void)[],
): Operand {
  if (operand.kind === 'path') return { kind: 'path', path: scope.path(operand, refuse) };
  if (operand.kind === 'value') return { kind: 'value', value: scope.value(operand.key, refuse) };
  const operands = operand.operands.map((inner) => resolvedOperand(inner, scope, refuse, later));
  checkCount('size', operands.length, CONDITION_FUNCTIONS.size, refuse);
  const [of] = operands as [Operand];
  later.push(() => checkSize(of, refuse));
  return { kind: 'size', of };
}
