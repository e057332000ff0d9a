/** Asynchronous invocation: events are taken, kept on disk, run until they are done with, and their records delivered. */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type {
  InvokeAsyncCommandInput,
  InvokeAsyncCommandOutput,
  InvokeCommandInput,
  InvokeCommandOutput,
} from '@aws-sdk/client-lambda';
import type { Arn } from '../../core/arn.ts';
import { formatArn } from '../../core/arn.ts';
import type { WorkClock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { checkDeliveryAccess } from '../../core/policy/service-access.ts';
import type { Delivery } from '../../ports/delivery.ts';
import type { EventQueue } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { Operation } from '../../ports/service.ts';
import type { Faults } from '../invoke/faults.ts';
import type { CheckedEvent, Invoker } from '../invoke/invoke.ts';
import { newTraceHeader } from '../invoke/trace-header.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn, parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionPolicyTable } from '../records/function-policy-table.ts';
import type { EventAttributes } from './asynchronous-event.ts';
import { queueName } from './asynchronous-event.ts';
import { MAX_EVENT_PAYLOAD_BYTES } from './event-limits.ts';
import type { EventMetrics } from './event-metrics.ts';
import type { EventRunner } from './event-run.ts';
import { FunctionQueue } from './function-queue.ts';

export interface AsynchronousInvocationDependencies {
  readonly queue: EventQueue;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: EventMetrics;
  readonly invoker: Pick<Invoker, 'find' | 'check' | 'invoke' | 'startDurable'>;
  readonly runner: EventRunner;
  readonly faults: Faults;
  readonly policies: Pick<FunctionPolicyTable, 'documentOf'>;
}

type InvokeOutput = Omit<InvokeCommandOutput, '$metadata'>;
type InvokeAsyncOutput = Omit<InvokeAsyncCommandOutput, '$metadata'>;

const ACCEPTED = 202;
/** As long as clients that wait for an answer have when the server ends, milliseconds. */
const CLOSE_DEADLINE_MS = 10_000;

export class AsynchronousInvocation {
  private readonly deps: AsynchronousInvocationDependencies;
  private readonly queues = new Map<string, FunctionQueue>();
  private isClosed = false;
  private giveUp = (): void => {};
  private readonly givenUp = new Promise<void>((resolve) => {
    this.giveUp = resolve;
  });

  constructor(deps: AsynchronousInvocationDependencies) {
    this.deps = deps;
  }

  /** Invoke in all its types; what is not `Event` goes to the invoker. */
  readonly invoke: Operation<InvokeCommandInput, InvokeOutput> = async (input, context) => {
    const { invoker } = this.deps;
    if (input.InvocationType !== 'Event') return invoker.invoke(input, context);
    const record = await invoker.find(input, context);
    // Before anything is said of what it holds.
    checkSize((input.Payload as Uint8Array | undefined)?.length ?? 0);
    // A durable execution is on disk by itself, and repeats what must be repeated.
    if (record.durableConfig !== undefined) return invoker.invoke(input, context);
    const event = invoker.check(record, input, context, 'Invoke');
    context.answerHeaders['x-amzn-trace-id'] = event.traceId;
    await this.accept(parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, context), event);
    return { StatusCode: ACCEPTED };
  };

  /** The deprecated way to do the same. */
  readonly invokeAsync: Operation<InvokeAsyncCommandInput, InvokeAsyncOutput> = async (input, context) => {
    // The model streams this payload, however small it must be; the wire gives a stream of bytes.
    const Payload = await buffer(input.InvokeArgs as Readable);
    await this.invoke({ FunctionName: input.FunctionName, InvocationType: 'Event', Payload }, context);
    return { Status: ACCEPTED };
  };

  /** An event that another service, or another function's destination, delivers. */
  async receive(target: Arn, delivery: Delivery): Promise<void> {
    const { body, traceHeader } = delivery;
    const { region, accountId } = target;
    const input = { FunctionName: formatArn(target) };
    const record = await this.deps.invoker.find(input, { region, accountId });
    const identifier = parseFunctionIdentifier(input.FunctionName, undefined, { region, accountId });
    this.checkAccess(identifier, delivery);
    const payload = Buffer.from(body);
    checkSize(payload.length);
    const requestId = this.deps.ids.uuid();
    const event = { requestId, traceId: traceHeader ?? newTraceHeader(requestId), payload };
    if (record.durableConfig !== undefined) await this.deps.invoker.startDurable(record, input, event);
    else await this.accept(identifier, event);
  }

  private checkAccess(identifier: FunctionIdentifier, delivery: Delivery): void {
    const { principal: service, sourceArn, sourceAccount, byRole } = delivery;
    const resource = functionArn(identifier);
    const access = { service, action: 'lambda:InvokeFunction', resource, sourceArn, sourceAccount, byRole };
    checkDeliveryAccess(this.deps.policies.documentOf(identifier), access, 'AccessDeniedException');
  }

  /** Goes on with the events of earlier processes. */
  async resume(): Promise<void> {
    for (const { queue } of await this.deps.queue.waiting()) this.queueOf(queue).resume();
  }

  /** Begins nothing more; what is under way may end within a while, and is left to the next start beyond that. */
  async close(): Promise<void> {
    this.isClosed = true;
    const queues = [...this.queues.values()];
    const timer = setTimeout(() => {
      this.deps.runner.close();
      for (const queue of queues) queue.abandon();
      this.giveUp();
    }, CLOSE_DEADLINE_MS);
    await Promise.race([Promise.all(queues.map((queue) => queue.close())), this.givenUp]);
    clearTimeout(timer);
  }

  /** Resolves when the event is on disk. */
  private async accept(
    target: FunctionIdentifier,
    event: Pick<CheckedEvent, 'requestId' | 'traceId' | 'payload'> &
      Partial<Pick<CheckedEvent, 'clientContext' | 'tenantId'>>,
  ): Promise<void> {
    const { clock, metrics } = this.deps;
    const { payload, ...rest } = event;
    const known: EventAttributes = {
      ...rest,
      accountId: target.accountId,
      region: target.region,
      functionName: target.functionName,
      ...(target.qualifier === undefined ? {} : { qualifier: target.qualifier }),
      acceptedMs: clock.now(),
    };
    const attributes = JSON.stringify(known);
    const queue = this.queueOf(queueName(known));
    const dueMs = queue.nextDueMs(this.deps.faults.delayMs('delayedDelivery', target.functionName));
    const id = await this.deps.queue.append({ queue: queue.name, dueMs, attributes, payload });
    metrics.count('AsyncEventsReceived', known);
    if (!this.isClosed) queue.accept({ id, dueMs, attributes, payload, note: '' });
  }

  private queueOf(name: string): FunctionQueue {
    const known = this.queues.get(name);
    if (known !== undefined) return known;
    const { clock, log, runner, queue } = this.deps;
    const made = new FunctionQueue(name, { clock, log, queue, run: (event) => runner.run(event) });
    this.queues.set(name, made);
    return made;
  }
}

/** Words of AWS; the limit in them was 262144 until October 2025. */
function checkSize(bytes: number): void {
  if (bytes <= MAX_EVENT_PAYLOAD_BYTES) return;
  throw new AwsError(
    'RequestTooLargeException',
    `${bytes} byte payload is too large for the Event invocation type (limit ${MAX_EVENT_PAYLOAD_BYTES} bytes)`,
    { Type: 'User' },
  );
}
