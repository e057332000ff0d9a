import { typeOf } from '../engine/item-checks.ts';
import type { Operand } from './parsed.ts';

/** The type that an operand has whatever the item is; undefined for a path. */
export function operandType(operand: Operand): string | undefined {
  if (operand.kind === 'size') return 'N';
  return operand.kind === 'value' ? typeOf(operand.value) : undefined;
}
