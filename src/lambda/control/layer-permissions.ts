/** The policy of a layer version: which other accounts may use it. */
import type { AddLayerVersionPermissionRequest } from '@aws-sdk/client-lambda';
import type { RequestContext } from '../../ports/service.ts';
import type { LayerVersionIdentifier } from '../records/layer-identifier.ts';
import { layerVersionArn, parseLayerIdentifier } from '../records/layer-identifier.ts';
import type { LayerPolicy, LayerStatement, LayerVersionRecord } from '../records/layer-version-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { revisionMismatch } from './lambda-errors.ts';
import { rootOf } from './layer-access.ts';
import { layerVersionNotFound } from './layer-errors.ts';
import { checkOwner, versionOf } from './layer-operations.ts';
import { checkPolicyLength, duplicateStatement, noPolicy, statementNotFound } from './policy-errors.ts';

type LayerPermissions = Required<
  Pick<
    LambdaOperations,
    'AddLayerVersionPermission' | 'GetLayerVersionPolicy' | 'RemoveLayerVersionPermission'
  >
>;

interface LayerVersionRequest {
  readonly LayerName?: string | undefined;
  readonly VersionNumber?: number | undefined;
}

export function layerPermissions(context: ControlContext): LayerPermissions {
  const { layers, ids } = context;
  return {
    async AddLayerVersionPermission(input, caller) {
      const identifier = identify('AddLayerVersionPermission', input, caller);
      const statement = statementOf(identifier, input);
      const revisionId = ids.uuid();
      await layers.change(identifier, () => {
        const record = existing(context, identifier);
        checkRevision(record, input.RevisionId);
        const statements = record.policy?.statements ?? [];
        if (statements.some(({ Sid }) => Sid === statement.Sid)) throw duplicateStatement(statement.Sid);
        const policy = { revisionId, statements: [...statements, statement] };
        checkPolicyLength(policyText(policy));
        return { put: { ...record, policy } };
      });
      return { Statement: JSON.stringify(statement), RevisionId: revisionId };
    },

    async GetLayerVersionPolicy(input, caller) {
      const { policy } = existing(context, identify('GetLayerVersionPolicy', input, caller));
      if (policy === undefined) throw noPolicy();
      return { Policy: policyText(policy), RevisionId: policy.revisionId };
    },

    async RemoveLayerVersionPermission(input, caller) {
      const identifier = identify('RemoveLayerVersionPermission', input, caller);
      await layers.change(identifier, () => {
        const { policy, ...record } = existing(context, identifier);
        if (policy === undefined) throw noPolicy();
        const statements = policy.statements.filter(({ Sid }) => Sid !== input.StatementId);
        if (statements.length === policy.statements.length) throw statementNotFound(input.StatementId);
        checkRevision({ policy }, input.RevisionId);
        return {
          put:
            statements.length === 0 ? record : { ...record, policy: { revisionId: ids.uuid(), statements } },
        };
      });
      return {};
    },
  };
}

function identify(
  operation: string,
  request: LayerVersionRequest,
  caller: RequestContext,
): LayerVersionIdentifier {
  const layer = parseLayerIdentifier(request.LayerName ?? '', caller);
  checkOwner(operation, layer, caller);
  return { ...layer, version: versionOf(request) };
}

function existing({ layers }: ControlContext, identifier: LayerVersionIdentifier): LayerVersionRecord {
  const record = layers.find(identifier);
  if (record === undefined) throw layerVersionNotFound(identifier);
  return record;
}

function statementOf(
  identifier: LayerVersionIdentifier,
  { StatementId, Action, Principal, OrganizationId }: AddLayerVersionPermissionRequest,
): LayerStatement {
  return {
    Sid: StatementId!,
    Effect: 'Allow',
    Principal:
      Principal === '*' ? '*' : { AWS: /^\d{12}$/.test(Principal!) ? rootOf(Principal!) : Principal! },
    Action: Action!,
    Resource: layerVersionArn(identifier),
    ...(OrganizationId === undefined
      ? {}
      : { Condition: { StringEquals: { 'aws:PrincipalOrgID': OrganizationId } } }),
  };
}

function checkRevision({ policy }: Pick<LayerVersionRecord, 'policy'>, revisionId: string | undefined): void {
  if (revisionId !== undefined && revisionId !== policy?.revisionId) throw revisionMismatch('GetLayerPolicy');
}

function policyText({ statements }: LayerPolicy): string {
  return JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: statements });
}
