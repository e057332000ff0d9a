/** The policy of a layer version: which other accounts may use it. */
import type { AddLayerVersionPermissionRequest } from '@aws-sdk/client-lambda';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { LayerVersionIdentifier } from '../records/layer-identifier.ts';
import { layerVersionArn, parseLayerIdentifier } from '../records/layer-identifier.ts';
import type { LayerPolicy, LayerStatement, LayerVersionRecord } from '../records/layer-version-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { MAX_POLICY_BYTES } from './control-limits.ts';
import { conflict, notFound } from './lambda-errors.ts';
import { rootOf } from './layer-access.ts';
import { layerVersionNotFound, policyPreconditionFailed } from './layer-errors.ts';
import { checkOwner, versionOf } from './layer-operations.ts';

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
        if (statements.some(({ Sid }) => Sid === statement.Sid)) {
          throw conflict(
            `The statement id (${statement.Sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
          );
        }
        const policy = { revisionId, statements: [...statements, statement] };
        checkLength(policy);
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
        if (statements.length === policy.statements.length)
          throw notFound(`Statement ${input.StatementId} is not found in resource policy.`);
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
  if (revisionId !== undefined && revisionId !== policy?.revisionId) throw policyPreconditionFailed();
}

function checkLength(policy: LayerPolicy): void {
  const size = Buffer.byteLength(policyText(policy));
  if (size <= MAX_POLICY_BYTES) return;
  throw new AwsError(
    'PolicyLengthExceededException',
    `The final policy size (${size}) is bigger than the limit (${MAX_POLICY_BYTES}).`,
    { Type: 'User' },
  );
}

function policyText({ statements }: LayerPolicy): string {
  return JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: statements });
}

function noPolicy(): AwsError {
  return notFound('No policy is associated with the given resource.');
}
