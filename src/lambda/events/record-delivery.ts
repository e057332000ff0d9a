/**
 * Hands records to destinations: of events, and of batches of a stream that are given up. That is done in the execution
 * role of the function, which has to allow it. Source: Lambda developer guide, "Capturing records of Lambda asynchronous
 * invocations" and "Retain discarded batch records", permissions.
 */
import { parseArn } from '../../core/arn.ts';
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call, RequireOfRole } from '../../ports/call.ts';
import type { Deliver, Delivery } from '../../ports/delivery.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { FunctionName } from '../records/qualified-table.ts';

/** In whose name Lambda delivers. */
const PRINCIPAL = 'lambda.amazonaws.com';

const ACTIONS: Readonly<Record<string, string>> = {
  sqs: 'sqs:SendMessage',
  sns: 'sns:Publish',
  lambda: 'lambda:InvokeFunction',
  events: 'events:PutEvents',
  s3: 's3:PutObject',
};

export interface RecordDeliveryDependencies {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly call: Call;
  readonly deliver: Deliver;
  readonly requireOfRole: RequireOfRole;
}

/** The function whose record it is. */
export interface RecordOwner extends FunctionName {
  readonly qualifier?: string | undefined;
  /** ARN of its execution role; undefined where the function is gone. */
  readonly roleArn: string | undefined;
}

export interface DestinationRecord extends Pick<Delivery, 'body' | 'attributes' | 'traceHeader'> {
  /** Of the objects that are made in a bucket. */
  readonly folder: string;
  /** What such an object holds, where that is not the body. */
  readonly objectBody?: () => string;
}

/** Resolves when the destination has it; rejects where the role does not allow it, or the destination does not take it. */
export async function deliverRecord(
  { clock, ids, call, deliver, requireOfRole }: RecordDeliveryDependencies,
  { roleArn, ...owner }: RecordOwner,
  targetArn: string,
  { folder, objectBody, ...message }: DestinationRecord,
): Promise<void> {
  const { service = '', resource: Bucket = '' } = parseArn(targetArn) ?? {};
  const Key = `${folder}/${objectName(clock.now(), ids.uuid())}`;
  const action = ACTIONS[service];
  // Whoever receives it has the last word, and so where there is nothing to ask.
  if (roleArn !== undefined && action !== undefined) {
    const caller = { ...owner, roleArn, principal: PRINCIPAL, sessionName: owner.functionName };
    await requireOfRole(caller, action, service === 's3' ? `${targetArn}/${Key}` : targetArn);
  }
  if (service === 's3') {
    const Body = Buffer.from(objectBody?.() ?? message.body);
    await call(owner, 's3', 'PutObject', { Bucket, Key, Body });
    return;
  }
  const sourceArn = functionArn({ ...owner, qualifier: owner.qualifier });
  await deliver(targetArn, { ...message, principal: PRINCIPAL, sourceArn });
}

/** `2026/05/04/2026-05-04T10.30.00-<id>`, as the guide has it for both kinds of records. */
function objectName(nowMs: number, id: string): string {
  const [day = '', time = ''] = new Date(nowMs).toISOString().slice(0, -'.000Z'.length).split('T');
  return `${day.replaceAll('-', '/')}/${day}T${time.replaceAll(':', '.')}-${id}`;
}
