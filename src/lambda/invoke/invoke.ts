/** The Invoke operation: from the request to the outcome, as AWS answers it. */
import type { InvokeCommandInput, InvokeCommandOutput } from '@aws-sdk/client-lambda';
import { AwsError, invariant, PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Operation, RequestContext } from '../../ports/service.ts';
import { invalidParameter, notImplemented } from '../control/lambda-errors.ts';
import type { AliasDirectory } from '../records/alias-table.ts';
import { functionArn, parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';
import { isManaged } from '../records/managed-record.ts';
import type { Concurrency } from './concurrency.ts';
import type { Faults } from './faults.ts';
import type { Invocation } from './in-flight-invocation.ts';
import type { InvocationMetrics } from './invocation-metrics.ts';
import { checkTenant, clientContextOf, payloadOf, refuseMissingParts } from './invoke-checks.ts';
import { MAX_DELIVERIES } from './invoke-limits.ts';
import type { ManagedInstances } from './managed-instances.ts';
import type { InvocationOutcome, InvocationResult } from './outcome.ts';
import type { Placement } from './placement.ts';
import type { ProvisionedConcurrency } from './provisioned-concurrency.ts';
import type { ResponseStream } from './response-stream.ts';
import { countedTrace, traceHeader } from './trace-header.ts';
import { VersionFinder } from './version-finder.ts';

export interface InvokeDependencies {
  readonly directory: FunctionDirectory;
  readonly aliases: AliasDirectory;
  readonly concurrency: Concurrency;
  readonly faults: Faults;
  readonly provisioned: Pick<ProvisionedConcurrency, 'take'>;
  readonly placement: Pick<Placement, 'acquire'>;
  readonly managed: Pick<ManagedInstances, 'invoke'>;
  readonly durable: DurableFunctions;
  readonly metrics: Pick<InvocationMetrics, 'invoked'>;
  readonly log: Log;
  /** Whether the function is allowed to be called in a loop. */
  mayLoop(record: FunctionRecord): boolean;
}

/** How functions that are durable are invoked. */
export interface DurableFunctions {
  invoke(
    record: FunctionRecord,
    event: CheckedEvent,
    input: InvokeCommandInput,
    caller: Pick<RequestContext, 'accountId' | 'region'>,
  ): Promise<{ readonly durableExecutionArn: string; readonly outcome?: InvocationResult }>;
  run(
    record: FunctionRecord,
    target: InternalTarget,
    event: InternalEvent,
    name: string | undefined,
  ): Promise<InvocationResult>;
  /** Resolves when the execution is on disk. */
  start(record: FunctionRecord, qualifier: string | undefined, event: InternalEvent): Promise<unknown>;
}

type InvokeOutput = Omit<InvokeCommandOutput, '$metadata'>;

/** What Invoke and InvokeWithResponseStream have in common. */
type InvokeInput = Omit<InvokeCommandInput, 'InvocationType' | 'DurableExecutionName'>;

/** An event that no request of the wire has brought; whoever brings it has checked what AWS checks of it. */
export interface InternalEvent {
  /** The same on every attempt. */
  readonly requestId: string;
  /** JSON text. */
  readonly payload: Buffer;
  /** X-Ray's trace header. */
  readonly traceId: string;
  /** Decoded JSON text. */
  readonly clientContext?: string | undefined;
  readonly tenantId?: string | undefined;
  /** Gets what a streaming function writes, as it is written. The caller ends it. */
  readonly stream?: ResponseStream;
}

export type CheckedEvent = InternalEvent & Pick<Invocation, 'clientContext' | 'tenantId'>;

/** Whose function an event is for. */
export interface InternalTarget {
  readonly accountId: string;
  readonly region: string;
  /** Name or ARN. */
  readonly functionName: string;
  /** Version or alias; without it `$LATEST`. */
  readonly qualifier?: string;
}

/** An invocation under way. */
export interface Invoking {
  readonly executedVersion: string;
  /** Rejects with what keeps the function from being run at all. */
  readonly outcome: Promise<InvocationOutcome>;
}

export class Invoker {
  private readonly deps: InvokeDependencies;
  private readonly versions: VersionFinder;

  constructor(deps: InvokeDependencies) {
    this.deps = deps;
    this.versions = new VersionFinder(deps.directory, deps.aliases);
  }

  readonly invoke: Operation<InvokeCommandInput, InvokeOutput> = async (input, context) => {
    const record = await this.find(input, context);
    const type = input.InvocationType ?? 'RequestResponse';
    if (type === 'DryRun') return { StatusCode: 204 };
    if (record.durableConfig !== undefined) return this.invokeDurable(record, input, context);
    if (input.DurableExecutionName !== undefined) throw notDurable();
    invariant(type !== 'Event', 'an event that is to be queued came to be run at once');
    const outcome = await this.begin(record, input, context).outcome;
    return {
      StatusCode: 200,
      ExecutedVersion: record.version,
      ...(outcome.functionError === undefined ? {} : { FunctionError: outcome.functionError }),
      ...(outcome.logTail === undefined ? {} : { LogResult: outcome.logTail.toString('base64') }),
      // The SDK's type has methods that only its own client adds; on the wire a payload is bytes.
      Payload: outcome.payload as unknown as NonNullable<InvokeOutput['Payload']>,
    };
  };

  private async invokeDurable(
    record: FunctionRecord,
    input: InvokeCommandInput,
    context: RequestContext,
  ): Promise<InvokeOutput> {
    const event = this.check(record, input, context, 'Invoke');
    context.answerHeaders['x-amzn-trace-id'] = event.traceId;
    const { durableExecutionArn, outcome } = await this.deps.durable.invoke(record, event, input, context);
    const named = { ExecutedVersion: record.version, DurableExecutionArn: durableExecutionArn };
    if (outcome === undefined) return { StatusCode: 202, ...named };
    return {
      StatusCode: 200,
      ...named,
      ...(outcome.functionError === undefined ? {} : { FunctionError: outcome.functionError }),
      Payload: outcome.payload as unknown as NonNullable<InvokeOutput['Payload']>,
    };
  }

  /**
   * Runs an event that did not come over the wire, a durable function to its end; throws AWS's errors
   * where the function cannot be run.
   */
  async run(
    target: InternalTarget,
    event: InternalEvent,
    durableExecutionName?: string,
  ): Promise<{ readonly executedVersion: string; readonly outcome: InvocationResult }> {
    const input = { FunctionName: target.functionName, Qualifier: target.qualifier };
    const record = await this.find(input, target);
    const outcome =
      record.durableConfig === undefined
        ? await this.runVersion(record, target, event)
        : await this.deps.durable.run(record, target, event, durableExecutionName);
    return { executedVersion: record.version, outcome };
  }

  /** Starts an execution of a durable function; resolves when it is on disk. */
  async startDurable(record: FunctionRecord, input: InvokeInput, event: InternalEvent): Promise<void> {
    const { qualifier } = parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, record);
    await this.deps.durable.start(record, qualifier, event);
  }

  /** Runs an event by a version as it is: a durable one for the time of one invocation. */
  runVersion(
    record: FunctionRecord,
    target: InternalTarget,
    event: InternalEvent,
  ): Promise<InvocationOutcome> {
    const input = { FunctionName: target.functionName, Qualifier: target.qualifier };
    refuseMissingParts(record, 'Invoke');
    const invocation = {
      ...event,
      traceId: this.counted(record, event.traceId),
      invokedFunctionArn: invokedArn(record, input, target),
      clientContext: event.clientContext,
      cognitoIdentity: undefined,
      tenantId: event.tenantId,
      wantsLogTail: false,
    };
    return this.deliver(record, invocation);
  }

  /** Checks what was asked for and runs it; throws AWS's errors. */
  begin(
    record: FunctionRecord,
    input: InvokeInput,
    context: RequestContext,
    stream?: ResponseStream,
  ): Invoking {
    const operation = stream === undefined ? 'Invoke' : 'InvokeWithResponseStream';
    // An execution outlives the response that would be streamed.
    if (record.durableConfig !== undefined) throw notImplemented(operation, 'DurableConfig');
    const checked = this.check(record, input, context, operation);
    this.deps.concurrency.of(record).request();
    const event = {
      requestId: checked.requestId,
      payload: checked.payload,
      invokedFunctionArn: invokedArn(record, input, context),
      traceId: this.counted(record, checked.traceId),
      clientContext: checked.clientContext,
      cognitoIdentity: undefined,
      tenantId: checked.tenantId,
      wantsLogTail: input.LogType === 'Tail',
      ...(stream === undefined ? undefined : { stream }),
    };
    context.answerHeaders['x-amzn-trace-id'] = event.traceId;
    const outcome = this.deliver(record, event);
    return { executedVersion: record.version, outcome };
  }

  /** What a request asks for, as it can be run now or later; throws AWS's errors for what cannot be. */
  check(
    record: FunctionRecord,
    input: InvokeInput,
    context: RequestContext,
    operation: string,
  ): CheckedEvent {
    const payload = payloadOf(input);
    refuseMissingParts(record, operation);
    checkTenant(record, input.TenantId);
    return {
      requestId: context.requestId,
      traceId: traceHeader(context),
      clientContext: clientContextOf(input),
      tenantId: input.TenantId,
      payload,
    };
  }

  private counted(record: FunctionRecord, traceId: string): string {
    return countedTrace(traceId, record, () => this.deps.mayLoop(record));
  }

  /** Gives the event to another environment where one had ended before it got there. */
  private async deliver(record: FunctionRecord, event: Invocation): Promise<InvocationOutcome> {
    let outcome = await this.execute(record, event);
    for (let deliveries = 1; outcome.undelivered && deliveries < MAX_DELIVERIES; deliveries += 1)
      outcome = await this.execute(await this.versions.findAgain(record), event);
    this.deps.metrics.invoked(record, outcome);
    return outcome;
  }

  private async execute(record: FunctionRecord, event: Invocation): Promise<InvocationOutcome> {
    if (this.deps.faults.strike('throttle', record.functionName) !== undefined)
      throw this.deps.concurrency.throttled(record, 'ConcurrentInvocationLimitExceeded');
    if (isManaged(record)) return this.deps.managed.invoke(record, event);
    const provisioned = event.tenantId === undefined ? this.deps.provisioned.take(record) : undefined;
    const use = this.deps.concurrency.of(record);
    if (provisioned === undefined) use.begin();
    try {
      const acquired = provisioned ?? this.deps.placement.acquire(record, event.tenantId);
      const environment = acquired instanceof Promise ? await acquired : acquired;
      return await environment.invoke(event);
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      this.deps.log.error({ functionName: record.functionName, remedy: error.remedy }, error.message);
      throw new AwsError('ServiceException', `${error.message} ${error.remedy}`, { Type: 'Service' });
    } finally {
      if (provisioned === undefined) use.end();
    }
  }

  /** The version that is meant, once it can be run. */
  find(input: InvokeInput, caller: Pick<RequestContext, 'accountId' | 'region'>): Promise<FunctionRecord> {
    return this.versions.find(input.FunctionName ?? '', input.Qualifier, caller);
  }
}

function notDurable(): AwsError {
  return invalidParameter('You cannot specify a durable execution name for a function that is not durable.');
}

/** As the caller named it: an alias stays one. */
function invokedArn(
  record: FunctionRecord,
  input: InvokeInput,
  context: Pick<RequestContext, 'accountId' | 'region'>,
): string {
  const { accountId, region, functionName } = record;
  // Only a name with a colon can have a qualifier; most invocations are of a bare name.
  const isBare = input.Qualifier === undefined && input.FunctionName?.includes(':') !== true;
  if (isBare) return functionArn({ accountId, region, functionName, qualifier: undefined });
  return functionArn(parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, context));
}
