/** Hands messages of subscriptions to functions, Kinesis streams and delivery streams of Firehose. */
import type { Arn } from '../../core/arn.ts';
import { formatArn, parseArn } from '../../core/arn.ts';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import { policyAllowsService } from '../../core/policy/service-access.ts';
import type { Call, RequireOfRole } from '../../ports/call.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { LogGroupRecord } from './groups.ts';
import { groupArn } from './names.ts';
import type { Destinations } from './subscription-destinations.ts';
import { cannotInvoke, cannotReach, unknownVendor } from './subscription-errors.ts';
import type { SubscriptionMessage } from './subscription-message.ts';
import { controlMessage } from './subscription-message.ts';
import type { SubscriptionRecord } from './subscription-record.ts';

export interface SubscriptionDeliveryDependencies {
  readonly destinations: Destinations;
  readonly deliver: Deliver;
  readonly call: Call;
  readonly requireOfRole: RequireOfRole;
  readonly clock: Clock;
  readonly ids: Ids;
}

const VENDORS: Readonly<Record<string, string>> = { kinesis: 'Kinesis', firehose: 'Firehose' };
const INVOKE = 'lambda:InvokeFunction';
/** Whom the roles of subscriptions trust, and the session in which it takes them. */
const PRINCIPAL = 'logs.amazonaws.com';
const SESSION = 'CloudWatchLogs';

interface Target {
  readonly arn: Arn;
  readonly roleArn: string | undefined;
}

export class SubscriptionDelivery {
  readonly #deps: SubscriptionDeliveryDependencies;

  constructor(deps: SubscriptionDeliveryDependencies) {
    this.#deps = deps;
  }

  /** Throws in AWS's words what keeps a filter of `group` from delivering to `destinationArn`. */
  async check(group: LogGroupRecord, destinationArn: string, roleArn: string | undefined): Promise<void> {
    const arn = parseArn(destinationArn);
    const vendor = arn?.service ?? '';
    if (vendor === 'lambda') return this.#checkFunction(group, destinationArn);
    if (vendor !== 'logs' && VENDORS[vendor] === undefined) throw unknownVendor(vendor);
    const target = this.#targetOf(destinationArn, roleArn);
    const name = target && VENDORS[target.arn.service];
    if (target === undefined || name === undefined) throw cannotReach(vendor);
    try {
      await this.#put(target, await controlMessage(name, this.#deps.clock.now()), this.#deps.ids.uuid());
    } catch (error) {
      if (error instanceof AwsError && error.code !== 'NotImplemented') throw cannotReach(vendor);
      throw error;
    }
  }

  /** Rejects where it was not taken. */
  async deliver(
    group: LogGroupRecord,
    filter: SubscriptionRecord,
    { stream, compressed }: SubscriptionMessage,
  ): Promise<void> {
    const target = this.#targetOf(filter.destinationArn, filter.roleArn);
    if (target === undefined) throw new AwsError('ResourceNotFoundException', 'The destination is gone.');
    if (target.arn.service === 'lambda') return this.#invoke(group, filter.destinationArn, compressed);
    const key = filter.distribution === 'Random' ? this.#deps.ids.uuid() : stream;
    await this.#put(target, compressed, key);
  }

  /** What a destination stands for, with its own role; anything else stands for itself. */
  #targetOf(destinationArn: string, roleArn: string | undefined): Target | undefined {
    const destination = this.#deps.destinations.findByArn(destinationArn);
    const arn = parseArn(destination?.targetArn ?? destinationArn);
    // One that is gone stands for nothing.
    if (arn === undefined || arn.service === 'logs') return undefined;
    return { arn, roleArn: destination?.roleArn ?? roleArn };
  }

  async #put({ arn, roleArn }: Target, data: Uint8Array, key: string): Promise<void> {
    const { service, region, accountId, resource } = arn;
    const name = resource.slice(resource.indexOf('/') + 1);
    const caller = { region, accountId };
    if (roleArn !== undefined) {
      const role = { ...caller, roleArn, principal: PRINCIPAL, sessionName: SESSION };
      await this.#deps.requireOfRole(role, `${service}:PutRecord`, formatArn(arn));
    }
    if (service === 'kinesis') {
      const record = { StreamName: name, Data: data, PartitionKey: partitionKey(key) };
      await this.#deps.call(caller, 'kinesis', 'PutRecord', record);
    } else {
      const record = { DeliveryStreamName: name, Record: { Data: data } };
      await this.#deps.call(caller, 'firehose', 'PutRecord', record);
    }
  }

  async #invoke(group: LogGroupRecord, functionArn: string, compressed: Uint8Array): Promise<void> {
    const body = JSON.stringify({ awslogs: { data: Buffer.from(compressed).toString('base64') } });
    const sourceArn = sourceOf(group);
    const [regional, global] = principals(group);
    await this.#deps
      .deliver(functionArn, { body, sourceArn, principal: regional })
      .catch((error: unknown) => {
        if (!(error instanceof AwsError) || error.code !== 'AccessDeniedException') throw error;
        return this.#deps.deliver(functionArn, { body, sourceArn, principal: global });
      });
  }

  async #checkFunction(group: LogGroupRecord, functionArn: string): Promise<void> {
    const policy = await this.#deps
      .call(group, 'lambda', 'GetPolicy', { FunctionName: functionArn })
      .catch((error: unknown) => {
        // No function, or one that lets nobody in.
        if (error instanceof AwsError && error.code !== 'NotImplemented') throw cannotInvoke();
        throw error;
      });
    const document = parsePolicy((policy as { readonly Policy: string }).Policy);
    const isAllowed = principals(group).some((service) =>
      policyAllowsService(document, {
        service,
        action: INVOKE,
        resource: functionArn,
        sourceArn: sourceOf(group),
      }),
    );
    if (!isAllowed) throw cannotInvoke();
  }
}

/** Both are in use: the user guide's walk-through names the second, its older versions and the console the first. */
function principals({ region }: LogGroupRecord): [regional: string, global: string] {
  return [`logs.${region}.amazonaws.com`, 'logs.amazonaws.com'];
}

function sourceOf(group: LogGroupRecord): string {
  return `${groupArn(group)}:*`;
}

/** Characters of a partition key, from the API reference of Kinesis PutRecord. */
const MAX_PARTITION_KEY = 256;

/** Names of log streams may be longer. */
function partitionKey(key: string): string {
  return key.slice(0, MAX_PARTITION_KEY);
}
