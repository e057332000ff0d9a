/** `AttributeUpdates` as an update. Source as of `legacy-conditions.ts`. */
import type { AttributeValueUpdate } from '@aws-sdk/client-dynamodb';
import { checkedValue } from '../attribute-values.ts';
import { invalidValues, typeOf } from '../engine/item-checks.ts';
import type { Update, UpdateAction } from './parsed.ts';

const SETS: readonly string[] = ['SS', 'NS', 'BS'];
const ADDED: readonly string[] = [...SETS, 'N', 'L'];

/** Throws `ValidationException`. */
export function updateOfAttributes(updates: Readonly<Record<string, AttributeValueUpdate>>): Update {
  return {
    actions: Object.entries(updates).map(([name, update]) => actionOf([name], update)),
    isLegacy: true,
  };
}

function actionOf(
  path: readonly string[],
  { Action: action = 'PUT', Value: given }: AttributeValueUpdate,
): UpdateAction {
  const value = given && checkedValue(given);
  if (value === undefined) {
    if (action === 'DELETE') return { kind: 'remove', path };
    throw invalidValues('Only DELETE action is allowed when no attribute value is specified');
  }
  const type = typeOf(value);
  switch (action) {
    case 'PUT':
      return { kind: 'set', path, value: { kind: 'value', value } };
    case 'DELETE':
      if (SETS.includes(type)) return { kind: 'delete', path, value };
      throw invalidValues(`DELETE action with value is not supported for the type ${type}`);
    default:
      if (ADDED.includes(type)) return { kind: 'add', path, value };
      throw invalidValues(`ADD action is not supported for the type ${type}`);
  }
}
