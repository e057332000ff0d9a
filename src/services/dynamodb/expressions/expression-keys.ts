/** What expressions must not do with the attributes of keys. */
import { invalidValues, partsOf, validationError } from '../engine/item-checks.ts';
import type { KeySchema } from '../engine/key-bytes.ts';
import type { DocumentPath } from './document-path.ts';
import type { Condition, Operand, Update } from './parsed.ts';

/** Throws `ValidationException` for an update that would change which item it is. */
export function checkKeysStay(update: Update | undefined, key: KeySchema): void {
  for (const [{ name }] of partsOf(key)) {
    if (update?.actions.some(({ path }) => path[0] === name) !== true) continue;
    throw invalidValues(`Cannot update attribute ${name}. This attribute is part of the key`);
  }
}

/** Throws `ValidationException` for a filter of a query by what its key condition is for. */
export function checkFilterKeys(filter: Condition | undefined, key: KeySchema, isExpression: boolean): void {
  if (filter === undefined) return;
  const names = new Set(partsOf(key).map(([{ name }]) => name));
  for (const [name] of pathsOf(filter)) {
    if (!names.has(name as string)) continue;
    throw validationError(
      `${isExpression ? 'Filter Expression' : 'QueryFilter'} can only contain non-primary key attributes: Primary key attribute: ${name}`,
    );
  }
}

function pathsOf(condition: Condition): DocumentPath[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.conditions.flatMap(pathsOf);
    case 'not':
      return pathsOf(condition.condition);
    case 'in':
      return [condition.operand, ...condition.choices].flatMap(pathOf);
    default:
      return condition.operands.flatMap(pathOf);
  }
}

function pathOf(operand: Operand): DocumentPath[] {
  if (operand.kind === 'path') return [operand.path];
  return operand.kind === 'size' ? pathOf(operand.of) : [];
}
