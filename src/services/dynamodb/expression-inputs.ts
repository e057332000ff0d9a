/** The expressions of a request, checked before anything is looked at. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { notImplemented } from './dynamodb-errors.ts';
import type { ExpressionInput } from './engine/requests.ts';

export type ExpressionKind = 'condition' | 'update' | 'projection' | 'filter';

const PARAMETERS = {
  condition: 'ConditionExpression',
  update: 'UpdateExpression',
  projection: 'ProjectionExpression',
  filter: 'FilterExpression',
} as const;

export interface ExpressionParameters {
  readonly ConditionExpression?: string | undefined;
  readonly UpdateExpression?: string | undefined;
  readonly ProjectionExpression?: string | undefined;
  readonly FilterExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue> | undefined;
}

export function expressionsOf(
  input: ExpressionParameters,
  kinds: readonly ExpressionKind[],
): Partial<Record<ExpressionKind, ExpressionInput>> {
  for (const kind of kinds) {
    if (input[PARAMETERS[kind]] !== undefined) throw notImplemented(`${PARAMETERS[kind]} of DynamoDB`);
  }
  return {};
}
