import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { validationError } from '../engine/item-checks.ts';

/** Lists and maps within each other. Source: service quotas, "Nested attribute depth". */
export const MAX_DEPTH = 32;

/** Throws `ValidationException` for a value that lies too deep. */
export function checkDepth(value: AttributeValue | undefined, depth = 0): void {
  if (depth > MAX_DEPTH) throw validationError('Nesting Levels have exceeded supported limits');
  const inner = value?.L ?? (value?.M === undefined ? [] : Object.values(value.M));
  for (const member of inner) checkDepth(member, depth + 1);
}
