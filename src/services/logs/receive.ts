/** Takes events that other services write to log groups: EventBridge, whose targets may be groups. */
import { createHash } from 'node:crypto';
import type { Arn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import { policyAllowsService } from '../../core/policy/service-access.ts';
import type { Delivery, Receive } from '../../ports/delivery.ts';
import { groupNotFound, type LogGroupRecord } from './groups.ts';
import type { LogsContext } from './logs-context.ts';
import { streamArn } from './names.ts';

const PUT = 'logs:PutLogEvents';
/** In whose name services write to groups besides their own; policies for EventBridge name both. */
const DELIVERY_PRINCIPAL = 'delivery.logs.amazonaws.com';

/** Throws `AccessDeniedException` where no resource policy of the account lets the service in. */
export function receiveDelivery(logs: LogsContext): Receive {
  return async (target, delivery) => {
    const group = targetGroup(logs, target);
    const stream = streamOf(delivery);
    checkAccess(logs, group, stream, delivery);
    const nowMs = logs.clock.now();
    await logs.ingest(group, stream, nowMs, [{ timestampMs: nowMs, message: delivery.body }]);
  };
}

function targetGroup({ groups }: LogsContext, { region, accountId, resource }: Arn): LogGroupRecord {
  const [, name] = /^log-group:([^:]+)(?::\*)?$/.exec(resource) ?? [];
  if (name === undefined) throw groupNotFound();
  return groups.get({ region, accountId }, name);
}

/** One for each source; AWS names them by ids of its own. */
function streamOf({ sourceArn }: Delivery): string {
  const hex = createHash('sha256').update(sourceArn).digest('hex');
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function checkAccess(
  { policies }: LogsContext,
  group: LogGroupRecord,
  stream: string,
  { principal, sourceArn, sourceAccount }: Delivery,
): void {
  const document = policies.document(group);
  const resource = streamArn(group, stream);
  const isAllowed = [principal, DELIVERY_PRINCIPAL].some((service) =>
    policyAllowsService(document, { service, action: PUT, resource, sourceArn, sourceAccount }),
  );
  if (isAllowed) return;
  throw new AwsError(
    'AccessDeniedException',
    `User: ${principal} is not authorized to perform: ${PUT} on resource: ${resource} because no resource-based policy allows the ${PUT} action`,
  );
}
