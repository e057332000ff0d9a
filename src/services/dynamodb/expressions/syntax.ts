/** Expressions as they are written, with what is not looked up yet. */

export type PathPart = { readonly name: string } | { readonly alias: string } | { readonly index: number };

export interface PathSyntax {
  readonly kind: 'path';
  readonly parts: readonly PathPart[];
}

export interface ValueSyntax {
  readonly kind: 'value';
  /** With its colon. */
  readonly key: string;
}

/** A function, or `+` and `-` in updates. */
export interface CallSyntax {
  readonly kind: 'call';
  readonly name: string;
  readonly operands: readonly OperandSyntax[];
}

export type OperandSyntax = PathSyntax | ValueSyntax | CallSyntax;

export interface ComparisonSyntax {
  readonly kind: 'compare' | 'between' | 'in';
  /** As DynamoDB names it: a comparator, `BETWEEN` or `IN`. */
  readonly operator: string;
  readonly operands: readonly OperandSyntax[];
}

export type ConditionSyntax =
  | CallSyntax
  | ComparisonSyntax
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly [ConditionSyntax, ConditionSyntax] }
  | { readonly kind: 'not'; readonly conditions: readonly [ConditionSyntax] };

export type UpdateActionSyntax =
  | { readonly kind: 'SET'; readonly path: PathSyntax; readonly value: OperandSyntax }
  | { readonly kind: 'REMOVE'; readonly path: PathSyntax }
  | { readonly kind: 'ADD' | 'DELETE'; readonly path: PathSyntax; readonly value: ValueSyntax };

export interface UpdateSyntax {
  readonly sections: readonly UpdateActionSyntax['kind'][];
  readonly actions: readonly UpdateActionSyntax[];
}

/** An operand and all that are within it, the innermost first, as DynamoDB checks them. */
export function* withinOperand(operand: OperandSyntax): IterableIterator<OperandSyntax> {
  if (operand.kind === 'call') for (const inner of operand.operands) yield* withinOperand(inner);
  yield operand;
}

/** The conditions of which a condition is made, without those that hold others. */
export function* simpleConditions(
  condition: ConditionSyntax,
): IterableIterator<CallSyntax | ComparisonSyntax> {
  if ('conditions' in condition) {
    for (const inner of condition.conditions) yield* simpleConditions(inner);
  } else yield condition;
}

export function operandsOf(condition: CallSyntax | ComparisonSyntax): Iterable<OperandSyntax> {
  return condition.kind === 'call' ? [condition] : condition.operands;
}
