/** Invocations of durable functions: each starts an execution, and a caller who waits gets what it ends with. */
import type { InvokeCommandInput } from '@aws-sdk/client-lambda';
import type { RequestContext } from '../../ports/service.ts';
import type { CheckedEvent, DurableFunctions, InternalEvent, InternalTarget } from '../invoke/invoke.ts';
import type { InvocationResult } from '../invoke/outcome.ts';
import { parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { tooLongToWaitFor, unqualified } from './durable-errors.ts';
import type { DurableExecution } from './durable-execution.ts';
import { durableExecutionArn } from './durable-execution.ts';
import type { DurableExecutions } from './durable-executions.ts';
import { MAX_SYNCHRONOUS_EXECUTION_SECONDS } from './durable-limits.ts';

export interface DurableAnswer {
  readonly durableExecutionArn: string;
  /** Absent for an asynchronous invocation. */
  readonly outcome?: InvocationResult;
}

export class DurableInvocation implements DurableFunctions {
  private readonly executions: DurableExecutions;

  constructor(executions: DurableExecutions) {
    this.executions = executions;
  }

  /** For a request of the Invoke operation. */
  async invoke(
    record: FunctionRecord,
    event: CheckedEvent,
    input: Pick<InvokeCommandInput, 'FunctionName' | 'Qualifier' | 'InvocationType' | 'DurableExecutionName'>,
    caller: Pick<RequestContext, 'accountId' | 'region'>,
  ): Promise<DurableAnswer> {
    const { qualifier } = parseFunctionIdentifier(input.FunctionName!, input.Qualifier, caller);
    const isAsynchronous = input.InvocationType === 'Event';
    if (!isAsynchronous) requireShort(record);
    const execution = await this.start(record, qualifier, event, input.DurableExecutionName);
    const arn = durableExecutionArn(execution);
    if (isAsynchronous) return { durableExecutionArn: arn };
    return { durableExecutionArn: arn, outcome: outcomeOf(await this.executions.ended(execution)) };
  }

  /** For an event that came from elsewhere. */
  async run(
    record: FunctionRecord,
    target: InternalTarget,
    event: InternalEvent,
    name: string | undefined,
  ): Promise<InvocationResult> {
    const { qualifier } = parseFunctionIdentifier(target.functionName, target.qualifier, target);
    const execution = await this.start(record, qualifier, event, name);
    return outcomeOf(await this.executions.ended(execution));
  }

  /** `async`, so that what is wrong with the request rejects. */
  async start(
    record: FunctionRecord,
    qualifier: string | undefined,
    event: InternalEvent,
    name?: string,
  ): Promise<DurableExecution> {
    if (qualifier === undefined) throw unqualified();
    return this.executions.start({
      record,
      qualifier,
      name,
      input: event.payload.toString(),
      traceId: event.traceId,
      tenantId: event.tenantId,
    });
  }
}

function requireShort({ durableConfig }: FunctionRecord): void {
  if (durableConfig!.executionTimeoutSeconds > MAX_SYNCHRONOUS_EXECUTION_SECONDS) throw tooLongToWaitFor();
}

function outcomeOf({ status, result, error = {} }: DurableExecution): InvocationResult {
  if (status === 'SUCCEEDED') return { payload: Buffer.from(result ?? 'null') };
  const { ErrorMessage, ErrorType, ErrorData, StackTrace } = error;
  const payload = {
    errorMessage: ErrorMessage ?? '',
    errorType: ErrorType ?? 'Error',
    ...(ErrorData === undefined ? {} : { errorData: ErrorData }),
    ...(StackTrace === undefined ? {} : { stackTrace: StackTrace }),
  };
  return { payload: Buffer.from(JSON.stringify(payload)), functionError: 'Unhandled' };
}
