/** Who may use a layer version: its own account, and whom its policy names. */
import type { LayerVersionIdentifier } from '../records/layer-identifier.ts';
import { layerVersionArn } from '../records/layer-identifier.ts';
import type { LayerStatement, LayerVersionRecord } from '../records/layer-version-record.ts';
import type { ControlContext } from './control-context.ts';
import { layerAccessDenied } from './layer-errors.ts';

/** The version, undefined where its own account has none; throws AWS's error for those who may not know. */
export function readableLayerVersion(
  { layers }: ControlContext,
  identifier: LayerVersionIdentifier,
  accountId: string,
): LayerVersionRecord | undefined {
  const record = layers.find(identifier);
  if (identifier.accountId === accountId) return record;
  const statements = record?.policy?.statements ?? [];
  if (!statements.some((statement) => allows(statement, accountId)))
    throw layerAccessDenied('GetLayerVersion', layerVersionArn(identifier), accountId);
  return record;
}

function allows({ Principal, Condition }: LayerStatement, accountId: string): boolean {
  // No account is in an organization here, so what is for the members of one is for nobody.
  if (Condition !== undefined) return false;
  return Principal === '*' || (typeof Principal === 'object' && Principal.AWS === rootOf(accountId));
}

export function rootOf(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}
