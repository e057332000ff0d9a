/** What follows the table of an UPDATE: SET and REMOVE clauses. */
import { validationError } from '../engine/item-checks.ts';
import type { DocumentPath } from '../expressions/document-path.ts';
import { checkDistinctPaths } from '../expressions/document-path.ts';
import type { Update, UpdateAction, UpdateOperand } from '../expressions/parsed.ts';
import { checkCall } from '../expressions/update-checks.ts';
import { malformed } from './statement-tokens.ts';
import type { ValueParser } from './value-parser.ts';

const SET_FUNCTIONS: Readonly<Record<string, 'add' | 'delete'>> = { set_add: 'add', set_delete: 'delete' };

export function updateClauses(values: ValueParser): Update {
  const { tokens } = values;
  const actions: UpdateAction[] = [];
  while (tokens.isWord('SET', 'REMOVE')) {
    const isRemoval = tokens.next().text.toUpperCase() === 'REMOVE';
    do {
      const path = values.path();
      actions.push(isRemoval ? { kind: 'remove', path } : assignment(values, path));
    } while (tokens.takeSymbol(','));
  }
  if (actions.length === 0) throw malformed('Expected SET or REMOVE');
  checkDistinctPaths(
    actions.map(({ path }) => path),
    validationError,
  );
  return { actions };
}

function assignment(values: ValueParser, path: DocumentPath): UpdateAction {
  const { tokens } = values;
  tokens.expectSymbol('=', 'Expected =');
  const name = tokens.current.text.toLowerCase();
  if (tokens.isCall() && Object.hasOwn(SET_FUNCTIONS, name)) return setFunction(values, path, name);
  const left = operand(values);
  if (!tokens.isSymbol('+', '-')) return { kind: 'set', path, value: left };
  const kind = tokens.next().text as '+' | '-';
  const operands = [left, operand(values)] as const;
  checkCall(kind, operands, validationError);
  return { kind: 'set', path, value: { kind, operands } };
}

function setFunction(values: ValueParser, path: DocumentPath, name: string): UpdateAction {
  const operands = called(values);
  const shown = name.toUpperCase();
  const [first, second] = operands as [UpdateOperand, UpdateOperand];
  if (operands.length !== 2) throw validationError(`${shown} must have exactly two arguments`);
  if (first.kind !== 'path' || JSON.stringify(first.path) !== JSON.stringify(path)) {
    throw validationError(`The first argument to ${shown} must equal the assignment value`);
  }
  const { SS, NS, BS } = second.kind === 'value' ? second.value : {};
  if (second.kind !== 'value' || (SS ?? NS ?? BS) === undefined) {
    throw validationError(`The second argument to ${shown} must be a value with type SET`);
  }
  return { kind: SET_FUNCTIONS[name]!, path, value: second.value };
}

function operand(values: ValueParser): UpdateOperand {
  const { tokens } = values;
  if (tokens.isCall()) {
    const name = tokens.current.text.toLowerCase();
    if (name !== 'list_append' && name !== 'if_not_exists') {
      throw validationError(`Unrecognized function: ${name}`);
    }
    const operands = called(values);
    checkCall(name, operands, validationError);
    const [first, second] = operands as [UpdateOperand, UpdateOperand];
    if (name === 'list_append') return { kind: name, operands: [first, second] };
    return { kind: name, path: first.kind === 'path' ? first.path : [], otherwise: second };
  }
  if (values.isValue()) return { kind: 'value', value: values.value() };
  return { kind: 'path', path: values.path() };
}

function called(values: ValueParser): UpdateOperand[] {
  values.tokens.next();
  values.tokens.expectSymbol('(', 'Expected LEFT_PAREN');
  return values.tokens.listUntil(')', () => operand(values));
}
