/** Rotation by a function of Lambda. */
import { AwsError } from '../../core/errors.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import { policyAllowsService } from '../../core/policy/service-access.ts';
import type { Call } from '../../ports/call.ts';
import { nextRotation, rulesOf } from './rotation-rules.ts';
import type { Rotation, SecretRecord } from './secret-record.ts';
import { CURRENT, named, PENDING, secretArn, staged } from './secret-record.ts';
import { requireToken } from './secret-values.ts';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { liveSecret, requireLive } from './secrets-context.ts';
import { invalidParameter, invalidRequest, notImplemented } from './secrets-errors.ts';

const PRINCIPAL = 'secretsmanager.amazonaws.com';

type Names = 'RotateSecret' | 'CancelRotateSecret';
type RotateInput = Parameters<NonNullable<SecretsOperations['RotateSecret']>>[0];

export function rotationOperations(
  context: SecretsContext,
  call: Call,
): Required<Pick<SecretsOperations, Names>> {
  const { secrets, rotations, clock } = context;
  return {
    async RotateSecret(input, caller) {
      const token = requireToken(input);
      const isImmediate = input.RotateImmediately ?? true;
      const known = liveSecret(context, input.SecretId!, caller);
      // The same request again.
      if (known.rotation?.pending?.versionId === token) return { ...named(known), VersionId: token };
      refuseUnfinished(context, known);
      const functionArn = functionOf(known, input);
      await checkFunction(call, known, functionArn);
      const record = await secrets.change(input.SecretId!, caller, (secret) => {
        const rotation = changedRotation(requireLive(secret), functionArn, input, clock.now());
        return rotations.begun({ ...secret, changedMs: clock.now() }, rotation, token);
      });
      if (isImmediate) rotations.attemptNow(record);
      else rotations.testNow(record, record.rotation!.pending!);
      return { ...named(record), ...(isImmediate ? { VersionId: token } : {}) };
    },

    async CancelRotateSecret(input, caller) {
      const record = await secrets.change(input.SecretId!, caller, (known) => {
        const { rotation } = requireLive(known);
        if (rotation === undefined) return known;
        const { nextMs: _next, pending: _pending, ...rest } = rotation;
        return { ...known, rotation: { ...rest, isEnabled: false } };
      });
      rotations.follow(record);
      const pending = staged(record, PENDING);
      return { ...named(record), ...(pending === undefined ? {} : { VersionId: pending.id }) };
    },
  };
}

/** Words as users quote them; and what they say is done. */
function refuseUnfinished({ rotations }: SecretsContext, record: SecretRecord): void {
  const pending = staged(record, PENDING);
  if (pending === undefined || pending.stages.includes(CURRENT)) return;
  if (record.rotation?.pending !== undefined) rotations.attemptNow(record);
  throw invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
}

function functionOf({ rotation }: SecretRecord, input: RotateInput): string {
  if (input.ExternalSecretRotationMetadata !== undefined || input.ExternalSecretRotationRoleArn !== undefined)
    throw notImplemented('rotation of managed external secrets');
  const functionArn = input.RotationLambdaARN || rotation?.functionArn;
  if (functionArn === undefined)
    throw invalidRequest('No Lambda rotation function ARN is associated with this secret.');
  return functionArn;
}

function changedRotation(
  { rotation }: SecretRecord,
  functionArn: string,
  { RotationRules }: RotateInput,
  nowMs: number,
): Rotation {
  const rules = RotationRules === undefined ? rotation?.rules : rulesOf(RotationRules);
  if (rules === undefined)
    throw invalidParameter('You must specify either AutomaticallyAfterDays or ScheduleExpression.');
  const nextMs = nextRotation(rules, nowMs);
  const { lastMs } = rotation ?? {};
  return {
    isEnabled: true,
    functionArn,
    rules,
    ...(lastMs === undefined ? {} : { lastMs }),
    ...(nextMs === undefined ? {} : { nextMs }),
  };
}

/** Words of the console and of users who met them. */
async function checkFunction(call: Call, record: SecretRecord, functionArn: string): Promise<void> {
  const { accountId, region } = record;
  const answer = (await call({ accountId, region }, 'lambda', 'GetPolicy', {
    FunctionName: functionArn,
  }).catch((error: unknown) => {
    // No function, or one that lets nobody in.
    if (error instanceof AwsError) return undefined;
    throw error;
  })) as { readonly Policy: string } | undefined;
  const isAllowed =
    answer !== undefined &&
    policyAllowsService(parsePolicy(answer.Policy), {
      service: PRINCIPAL,
      action: 'lambda:InvokeFunction',
      resource: functionArn,
      sourceArn: secretArn(record),
    });
  if (isAllowed) return;
  throw new AwsError(
    'AccessDeniedException',
    `Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal ${PRINCIPAL}.`,
    {},
    400,
  );
}
