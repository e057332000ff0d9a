/** The Invoke operation: from the request to the outcome, as AWS answers it. */
import type { InvokeCommandInput, InvokeCommandOutput } from '@aws-sdk/client-lambda';
import { AwsError, PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { BodyLimit, Operation, RequestContext } from '../../ports/service.ts';
import type { AliasDirectory } from '../records/alias-table.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn, functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';
import { LATEST, LATEST_PUBLISHED } from '../records/function-record.ts';
import { isManaged } from '../records/managed-record.ts';
import type { Concurrency } from './concurrency.ts';
import type { Invocation } from './environment.ts';
import type { Faults } from './faults.ts';
import { MAX_DELIVERIES, MAX_REQUEST_PAYLOAD_BYTES, PENDING_WAIT_MS } from './invoke-limits.ts';
import { jsonProblem } from './json-payload.ts';
import type { ManagedInstances } from './managed-instances.ts';
import type { InvocationOutcome, InvocationResult } from './outcome.ts';
import type { Placement } from './placement.ts';
import type { ProvisionedConcurrency } from './provisioned-concurrency.ts';
import { RecordWaiters } from './record-waiters.ts';
import type { ResponseStream } from './response-stream.ts';
import { countedTrace, traceHeader } from './trace-header.ts';

export interface InvokeDependencies {
  readonly directory: FunctionDirectory;
  readonly aliases: AliasDirectory;
  readonly concurrency: Concurrency;
  readonly faults: Faults;
  readonly provisioned: Pick<ProvisionedConcurrency, 'take'>;
  readonly placement: Pick<Placement, 'acquire'>;
  readonly managed: Pick<ManagedInstances, 'invoke'>;
  readonly durable: DurableFunctions;
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

const NO_PAYLOAD = Buffer.alloc(0);
/** What a function gets when the request had no body. */
const EMPTY_EVENT = Buffer.from('{}');

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
  private readonly waiters: RecordWaiters;

  constructor(deps: InvokeDependencies) {
    this.deps = deps;
    this.waiters = new RecordWaiters(deps.directory);
  }

  readonly invoke: Operation<InvokeCommandInput, InvokeOutput> = async (input, context) => {
    const record = await this.find(input, context);
    const type = input.InvocationType ?? 'RequestResponse';
    if (type === 'DryRun') return { StatusCode: 204 };
    if (record.durableConfig !== undefined) return this.invokeDurable(record, input, context);
    if (input.DurableExecutionName !== undefined) throw notDurable();
    if (type === 'Event') throw notImplemented('Invoke', 'InvocationType Event (asynchronous invocation)');
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
    const checked = this.check(
      record,
      input,
      context,
      stream === undefined ? 'Invoke' : 'InvokeWithResponseStream',
    );
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
    const payload = bytesOf(input.Payload);
    checkPayload(payload);
    refuseMissingParts(record, operation);
    checkTenant(record, input.TenantId);
    return {
      requestId: context.requestId,
      traceId: traceHeader(context),
      clientContext: decodeClientContext(input.ClientContext),
      tenantId: input.TenantId,
      payload: payload.length === 0 ? EMPTY_EVENT : payload,
    };
  }

  private counted(record: FunctionRecord, traceId: string): string {
    return countedTrace(traceId, record, () => this.deps.mayLoop(record));
  }

  /** Gives the event to another environment where one had ended before it got there. */
  private async deliver(record: FunctionRecord, event: Invocation): Promise<InvocationOutcome> {
    let outcome = await this.execute(record, event);
    for (let deliveries = 1; outcome.undelivered && deliveries < MAX_DELIVERIES; deliveries += 1)
      outcome = await this.execute(await this.findAgain(record), event);
    return outcome;
  }

  private async execute(record: FunctionRecord, event: Invocation): Promise<InvocationOutcome> {
    if (this.deps.faults.strike('throttle', record.functionName) !== undefined)
      throw this.deps.concurrency.throttled(record, 'ConcurrentInvocationLimitExceeded');
    if (isManaged(record)) return this.deps.managed.invoke(record, { ...event, cognitoIdentity: undefined });
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
  async find(
    input: InvokeInput,
    context: Pick<RequestContext, 'accountId' | 'region'>,
  ): Promise<FunctionRecord> {
    const identifier = parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, context);
    const { accountId, region, functionName } = identifier;
    const version = identifier.qualifier ?? '$LATEST';
    const record =
      this.deps.directory.find(accountId, region, functionName, version) ?? this.aliased(identifier);
    if (record !== undefined && isManaged(record) && record.version === LATEST)
      return this.publishedOf(identifier);
    if (record !== undefined && isSettled(record)) return record;
    // Recorded: Invoke names the version, also where the caller named none.
    return this.untilSettled(record, { ...identifier, qualifier: version });
  }

  /** "When you invoke a Lambda Managed Instances function using an unqualified ARN, Lambda implicitly invokes the $LATEST.PUBLISHED version". */
  private publishedOf(identifier: FunctionIdentifier): Promise<FunctionRecord> {
    if (identifier.qualifier !== undefined) throw notInvocable('ActiveNonInvocable');
    const { accountId, region, functionName } = identifier;
    const record = this.deps.directory.find(accountId, region, functionName, LATEST_PUBLISHED);
    return this.untilSettled(record, { ...identifier, qualifier: LATEST_PUBLISHED });
  }

  private aliased(identifier: FunctionIdentifier): FunctionRecord | undefined {
    const { accountId, region, functionName, qualifier } = identifier;
    if (qualifier === undefined) return undefined;
    const version = this.deps.aliases.chooseVersion(identifier, qualifier);
    if (version === undefined) return undefined;
    return this.deps.directory.find(accountId, region, functionName, version);
  }

  /** The same version as it is now: its alias may point elsewhere, and the answer has named the version. */
  private findAgain({ accountId, region, functionName, version }: FunctionRecord): Promise<FunctionRecord> {
    const record = this.deps.directory.find(accountId, region, functionName, version);
    return this.untilSettled(record, { accountId, region, functionName, qualifier: version });
  }

  private async untilSettled(
    record: FunctionRecord | undefined,
    named: FunctionIdentifier,
  ): Promise<FunctionRecord> {
    if (record === undefined) throw functionNotFound(named);
    if (isSettled(record)) return record;
    // On AWS a function is Pending for seconds and refuses invocations until then; here it is for
    // milliseconds unless a runtime is being fetched, so a client that invokes at once is served.
    const settled = await this.waiters.wait(record, isSettled, PENDING_WAIT_MS);
    if (settled === undefined) throw functionNotFound(named);
    if (settled.state === 'Active' || settled.state === 'Inactive') return settled;
    throw notInvocable(settled.state);
  }
}

function notInvocable(state: string): AwsError {
  return new AwsError(
    'ResourceConflictException',
    `The operation cannot be performed at this time. The function is currently in the following state: ${state}`,
    { Type: 'User' },
  );
}

/** The wire decodes a payload to a buffer of its own; nothing is copied. */
function bytesOf(payload: InvokeCommandInput['Payload']): Buffer {
  if (payload === undefined) return NO_PAYLOAD;
  return Buffer.isBuffer(payload) ? payload : Buffer.from(payload as Uint8Array);
}

function isSettled(record: FunctionRecord): boolean {
  return record.state === 'Active' && record.lastUpdateStatus !== 'InProgress';
}

/** The error for a body beyond the limit, checked before it is read. */
export const invokeBodyLimit: BodyLimit = {
  maxBytes: MAX_REQUEST_PAYLOAD_BYTES,
  error: () =>
    new AwsError(
      'RequestTooLargeException',
      `Request must be smaller than ${MAX_REQUEST_PAYLOAD_BYTES} bytes for the InvokeFunction operation`,
      { Type: 'User' },
    ),
};

function checkPayload(payload: Buffer): void {
  if (payload.length === 0) return;
  const problem = jsonProblem(payload);
  if (problem === undefined) return;
  throw new AwsError(
    'InvalidRequestContentException',
    `Could not parse request body into json: Could not parse payload into json: ${problem}`,
    { Type: 'User' },
  );
}

/** Words of the Lambda developer guide, "Invoking Lambda functions with tenant isolation". */
function checkTenant(record: FunctionRecord, tenantId: string | undefined): void {
  const isTenantIsolated = record.tenantIsolationMode !== undefined;
  if (isTenantIsolated === (tenantId !== undefined)) return;
  throw new AwsError(
    'InvalidParameterValueException',
    isTenantIsolated
      ? 'The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.'
      : 'The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request and try again.',
    { Type: 'User' },
  );
}

/** Settings that are stored but whose effect does not exist yet must not be ignored silently. */
function refuseMissingParts(record: FunctionRecord, operation: string): void {
  if (record.vpcConfig !== undefined && record.vpcConfig.subnetIds.length > 0)
    throw notImplemented(operation, 'VpcConfig');
  if (record.fileSystemConfigs !== undefined && record.fileSystemConfigs.length > 0) {
    throw notImplemented(operation, 'FileSystemConfigs');
  }
}

function notImplemented(operation: string, part: string): AwsError {
  return new AwsError('NotImplemented', `lambda:${operation} does not implement ${part} yet.`, {}, 501);
}

function notDurable(): AwsError {
  return new AwsError(
    'InvalidParameterValueException',
    'You cannot specify a durable execution name for a function that is not durable.',
    { Type: 'User' },
  );
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

/** Base64 JSON in a header; AWS refuses what is not. */
function decodeClientContext(encoded: string | undefined): string | undefined {
  if (encoded === undefined || encoded === '') return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  try {
    JSON.parse(text);
  } catch {
    throw new AwsError(
      'InvalidRequestContentException',
      'Client context must be a valid Base64-encoded JSON object.',
      { Type: 'User' },
    );
  }
  return text;
}
