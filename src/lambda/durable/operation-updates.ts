/** What the updates of a checkpoint do to the operations, once they have been found valid. */
import type { OperationUpdate } from '@aws-sdk/client-lambda';
import type { DurableOperation, ErrorObject, OperationType } from './durable-execution.ts';
import type { ExecutionDraft } from './execution-draft.ts';
import { endExecution } from './execution-end.ts';
import { encodeCallbackId } from './execution-token.ts';

const MS_PER_SECOND = 1_000;

/** `secret` makes the id of a callback one that cannot be guessed. */
export function applyUpdate(draft: ExecutionDraft, update: OperationUpdate, secret: string): void {
  switch (update.Type as OperationType) {
    case 'EXECUTION':
      endExecution(
        draft,
        update.Action === 'SUCCEED' ? 'SUCCEEDED' : 'FAILED',
        update.Payload,
        errorOf(update),
      );
      return;
    case 'CONTEXT':
      applyToContext(draft, update);
      return;
    case 'STEP':
      applyToStep(draft, update);
      return;
    case 'WAIT':
      applyToWait(draft, update);
      return;
    case 'CALLBACK':
      applyToCallback(draft, update, secret);
      return;
    case 'CHAINED_INVOKE':
      applyToChainedInvoke(draft, update);
  }
}

/** The operation of an update; a step or context may end without having been started. */
function operationOf(draft: ExecutionDraft, update: OperationUpdate): DurableOperation {
  const { Id, ParentId, Name, Type, SubType } = update;
  return (
    draft.operation(Id!) ??
    draft.begin({
      id: Id!,
      type: Type as OperationType,
      status: 'STARTED',
      ...(ParentId === undefined ? {} : { parentId: ParentId }),
      ...(Name === undefined ? {} : { name: Name }),
      ...(SubType === undefined ? {} : { subType: SubType }),
    })
  );
}

function applyToContext(draft: ExecutionDraft, update: OperationUpdate): void {
  const operation = operationOf(draft, update);
  if (update.Action === 'START') {
    draft.recordOf(operation, { EventType: 'ContextStarted', ContextStartedDetails: {} });
    return;
  }
  const replayChildren = update.ContextOptions?.ReplayChildren;
  const replay = replayChildren === undefined ? {} : { replayChildren };
  if (update.Action === 'SUCCEED') {
    draft.close(operation, { status: 'SUCCEEDED', ...resultOf(update), ...replay });
    draft.recordOf(operation, {
      EventType: 'ContextSucceeded',
      ContextSucceededDetails: { Result: payloadOf(update) },
    });
    return;
  }
  const error = errorOf(update);
  draft.close(operation, { status: 'FAILED', error, ...replay });
  draft.recordOf(operation, {
    EventType: 'ContextFailed',
    ContextFailedDetails: { Error: { Payload: error } },
  });
}

function applyToStep(draft: ExecutionDraft, update: OperationUpdate): void {
  const operation = operationOf(draft, update);
  const attempt = (operation.attempt ?? 0) + 1;
  const delaySeconds = update.StepOptions?.NextAttemptDelaySeconds;
  const RetryDetails = {
    CurrentAttempt: attempt,
    ...(delaySeconds === undefined ? {} : { NextAttemptDelaySeconds: delaySeconds }),
  };
  switch (update.Action) {
    case 'START':
      draft.put({ ...operation, status: 'STARTED' });
      draft.recordOf(operation, { EventType: 'StepStarted', StepStartedDetails: {} });
      return;
    case 'SUCCEED':
      draft.close(operation, { status: 'SUCCEEDED', attempt, ...resultOf(update) });
      break;
    case 'FAIL':
      draft.close(operation, { status: 'FAILED', attempt, error: errorOf(update) });
      break;
    default:
      draft.put({
        ...operation,
        status: 'PENDING',
        attempt,
        dueMs: draft.nowMs + (delaySeconds ?? 0) * MS_PER_SECOND,
        ...resultOf(update),
        ...(update.Error === undefined ? {} : { error: errorOf(update) }),
      });
  }
  // A retry is seen in the history as what the attempt was: a failure, or a result that is not the last.
  const isFailure = update.Action === 'FAIL' || update.Error !== undefined;
  draft.recordOf(
    operation,
    isFailure
      ? { EventType: 'StepFailed', StepFailedDetails: { Error: { Payload: errorOf(update) }, RetryDetails } }
      : { EventType: 'StepSucceeded', StepSucceededDetails: { Result: payloadOf(update), RetryDetails } },
  );
}

function applyToWait(draft: ExecutionDraft, update: OperationUpdate): void {
  const operation = operationOf(draft, update);
  if (update.Action === 'CANCEL') {
    draft.close(operation, { status: 'CANCELLED' });
    draft.recordOf(operation, { EventType: 'WaitCancelled', WaitCancelledDetails: {} });
    return;
  }
  const waitSeconds = update.WaitOptions!.WaitSeconds!;
  const dueMs = draft.nowMs + waitSeconds * MS_PER_SECOND;
  draft.put({ ...operation, waitSeconds, dueMs });
  draft.recordOf(operation, {
    EventType: 'WaitStarted',
    WaitStartedDetails: { Duration: waitSeconds, ScheduledEndTimestamp: new Date(dueMs) },
  });
}

function applyToCallback(draft: ExecutionDraft, update: OperationUpdate, secret: string): void {
  const operation = operationOf(draft, update);
  if (update.Action === 'CANCEL') {
    draft.close(operation, { status: 'CANCELLED' });
    return;
  }
  const { executionId } = draft.execution;
  const callbackId = encodeCallbackId({ executionId, operationId: operation.id }, secret);
  // Zero is no time-out, as where none is given.
  const timeout = update.CallbackOptions?.TimeoutSeconds || undefined;
  const heartbeat = update.CallbackOptions?.HeartbeatTimeoutSeconds || undefined;
  draft.put({
    ...operation,
    callback: {
      callbackId,
      ...(timeout === undefined ? {} : { timeoutMs: draft.nowMs + timeout * MS_PER_SECOND }),
      ...(heartbeat === undefined
        ? {}
        : { heartbeatSeconds: heartbeat, heartbeatMs: draft.nowMs + heartbeat * MS_PER_SECOND }),
    },
  });
  draft.recordOf(operation, {
    EventType: 'CallbackStarted',
    CallbackStartedDetails: {
      CallbackId: callbackId,
      ...(timeout === undefined ? {} : { Timeout: timeout }),
      ...(heartbeat === undefined ? {} : { HeartbeatTimeout: heartbeat }),
    },
  });
}

function applyToChainedInvoke(draft: ExecutionDraft, update: OperationUpdate): void {
  const operation = operationOf(draft, update);
  if (update.Action === 'CANCEL') {
    draft.close(operation, { status: 'CANCELLED' });
    return;
  }
  const { FunctionName, TenantId } = update.ChainedInvokeOptions!;
  draft.put({
    ...operation,
    chained: {
      functionName: FunctionName!,
      ...(TenantId === undefined ? {} : { tenantId: TenantId }),
      ...(update.Payload === undefined ? {} : { payload: update.Payload }),
    },
  });
  draft.recordOf(operation, {
    EventType: 'ChainedInvokeStarted',
    ChainedInvokeStartedDetails: {
      FunctionName,
      ...(TenantId === undefined ? {} : { TenantId }),
      Input: payloadOf(update),
    },
  });
}

function resultOf({ Payload }: OperationUpdate): Pick<DurableOperation, 'result'> {
  return Payload === undefined ? {} : { result: Payload };
}

function payloadOf({ Payload }: OperationUpdate): { Payload?: string } {
  return Payload === undefined ? {} : { Payload };
}

function errorOf({ Error: error }: OperationUpdate): ErrorObject {
  return error ?? {};
}
