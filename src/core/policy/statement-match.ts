/** Whether a statement is about a request. */
import type { ConditionContext } from './condition-context.ts';
import type { ConditionOperator } from './condition-operators.ts';
import { conditionOperator } from './condition-operators.ts';
import { matches, patternFor, plainPattern } from './pattern.ts';
import type { ConditionBlock, PolicyDocument, Statement } from './policy-document.ts';
import { POLICY_VERSION } from './policy-document.ts';
import type { Naming, Principal } from './principal.ts';
import { namingOf } from './principal.ts';

export interface AccessRequest {
  readonly principal: Principal;
  /** For example `lambda:InvokeFunction`. */
  readonly action: string;
  /** An ARN, or `*` for an action that has no resource. */
  readonly resource: string;
  readonly context: ConditionContext;
}

const NO_FACTS: ConditionContext = new Map();

/** Action, resource and conditions; the principal is asked for by `principalNaming`. */
export function statementApplies(
  { version }: PolicyDocument,
  statement: Statement,
  { action, resource, context }: AccessRequest,
): boolean {
  const { effect, actions, notActions, resources, notResources, conditions } = statement;
  // Policies of 2008 know no variables: `${` is text in them.
  const facts = version === POLICY_VERSION ? context : undefined;
  // Services differ in what they let into their policies. A statement that names no actions never grants any.
  if (actions === undefined && notActions === undefined && effect === 'Allow') return false;
  return (
    (actions === undefined || anyAction(actions, action)) &&
    (notActions === undefined || !anyAction(notActions, action)) &&
    (resources === undefined || anyResource(resources, resource, facts)) &&
    (notResources === undefined || !anyResource(notResources, resource, facts)) &&
    (conditions === undefined || conditionsHold(conditions, context, facts ?? NO_FACTS))
  );
}

/** How closely a statement names the caller; undefined where it is about others. */
export function principalNaming(
  { principal: named, notPrincipal }: Statement,
  principal: Principal,
): Naming | undefined {
  if (notPrincipal !== undefined) {
    // To exempt an account exempts none of its users and roles.
    const naming = namingOf(notPrincipal, principal);
    return naming === undefined || naming === 'account' ? 'base' : undefined;
  }
  return named === undefined ? undefined : namingOf(named, principal);
}

function anyAction(patterns: readonly string[], action: string): boolean {
  const lower = action.toLowerCase();
  return patterns.some((pattern) => matches(plainPattern(pattern.toLowerCase()), lower));
}

function anyResource(
  patterns: readonly string[],
  resource: string,
  facts: ConditionContext | undefined,
): boolean {
  return patterns.some((text) => {
    const pattern = facts === undefined ? plainPattern(text) : patternFor(text, facts);
    return pattern !== undefined && matches(pattern, resource);
  });
}

function conditionsHold(block: ConditionBlock, context: ConditionContext, facts: ConditionContext): boolean {
  for (const name of Object.keys(block)) {
    const operator = conditionOperator(name);
    if (operator === undefined) return false;
    for (const [key, wanted] of Object.entries(block[name]!))
      if (!conditionHolds(operator, context.get(key.toLowerCase()), wanted, facts)) return false;
  }
  return true;
}

function conditionHolds(
  operator: ConditionOperator,
  actual: readonly string[] | undefined,
  wanted: readonly string[],
  facts: ConditionContext,
): boolean {
  const { compare, negated, ifExists, set, isNull } = operator;
  const isAbsent = actual === undefined || actual.length === 0;
  if (isNull) return wanted.some((value) => (value.toLowerCase() === 'true') === isAbsent);
  if (isAbsent) return set === 'ForAllValues' || (set === undefined && negated) || ifExists;
  const meetsOne = (value: string): boolean => wanted.some((text) => compare(value, text, facts));
  if (set === 'ForAllValues') return actual.every((value) => meetsOne(value) !== negated);
  if (set === 'ForAnyValue') return actual.some((value) => meetsOne(value) !== negated);
  return actual.some(meetsOne) !== negated;
}
