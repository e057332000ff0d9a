/** What an update must not be although its syntax is right, in the order in which DynamoDB looks. */
import { typeOf } from '../engine/item-checks.ts';
import { CONDITION_FUNCTIONS, checkCount } from './condition-checks.ts';
import { checkReserved } from './expression-scope.ts';
import type { UpdateAction, UpdateOperand } from './parsed.ts';
import type { OperandSyntax, UpdateActionSyntax, UpdateSyntax } from './syntax.ts';
import { withinOperand } from './syntax.ts';

type Refuse = (reason: string) => Error;

const OPERATORS: readonly string[] = ['+', '-'];
const FUNCTIONS: readonly string[] = ['if_not_exists', 'list_append', ...OPERATORS];
const TYPE_NAMES: Readonly<Record<string, string>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  NULL: 'NULL',
  BOOL: 'BOOLEAN',
  L: 'LIST',
  M: 'MAP',
};

/** Paths, values and calls in the order in which they stand. */
export function operandsOfAction(action: UpdateActionSyntax): OperandSyntax[] {
  return action.kind === 'REMOVE' ? [action.path] : [action.path, ...withinOperand(action.value)];
}

export function checkNamesAndSections({ sections, actions }: UpdateSyntax, refuse: Refuse): void {
  const operands = actions.flatMap(operandsOfAction);
  for (const operand of operands) if (operand.kind === 'path') checkReserved(operand, refuse);
  for (const operand of operands) {
    if (operand.kind !== 'call' || FUNCTIONS.includes(operand.name)) continue;
    throw refuse(
      Object.hasOwn(CONDITION_FUNCTIONS, operand.name)
        ? `The function is not allowed in an update expression; function: ${operand.name}`
        : `Invalid function name; function: ${operand.name}`,
    );
  }
  const twice = sections.find((section, place) => sections.indexOf(section) < place);
  if (twice === undefined) return;
  throw refuse(`The "${twice}" section can only be used once in an update expression;`);
}

/** `ADD` takes numbers and sets, `DELETE` sets. */
export function checkActionType(action: UpdateAction, refuse: Refuse): void {
  if (action.kind !== 'add' && action.kind !== 'delete') return;
  const type = typeOf(action.value);
  const name = TYPE_NAMES[type];
  if (name === undefined || (action.kind === 'add' && type === 'N')) return;
  throw refuse(
    `Incorrect operand type for operator or function; operator: ${action.kind.toUpperCase()}, operand type: ${name}`,
  );
}

/** Counts and types of the operands of functions. */
export function checkCall(name: string, operands: readonly UpdateOperand[], refuse: Refuse): void {
  checkCount(name, operands.length, 2, refuse);
  if (name === 'if_not_exists') {
    if (operands[0]!.kind === 'path') return;
    throw refuse(`Operator or function requires a document path; operator or function: ${name}`);
  }
  const expected = name === 'list_append' ? 'L' : 'N';
  for (const operand of operands) {
    const type = valueType(operand);
    if (type === undefined || type === expected) continue;
    throw refuse(
      `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
    );
  }
}

function valueType(operand: UpdateOperand): string | undefined {
  if (operand.kind === 'value') return typeOf(operand.value);
  if (operand.kind === 'list_append') return 'L';
  return operand.kind === '+' || operand.kind === '-' ? 'N' : undefined;
}
