/** Operations as the API and the function see them. */
import type { Operation } from '@aws-sdk/client-lambda';
import type { DurableOperation } from './durable-execution.ts';

export function shownOperation(operation: DurableOperation, input: string | undefined): Operation {
  const { id, parentId, name, type, subType, startMs, endMs, status } = operation;
  return {
    Id: id,
    ...(parentId === undefined ? {} : { ParentId: parentId }),
    ...(name === undefined ? {} : { Name: name }),
    Type: type,
    ...(subType === undefined ? {} : { SubType: subType }),
    StartTimestamp: new Date(startMs),
    ...(endMs === undefined ? {} : { EndTimestamp: new Date(endMs) }),
    Status: status,
    ...details(operation, input),
  };
}

function details(operation: DurableOperation, input: string | undefined): Partial<Operation> {
  const { type, result, error, attempt, dueMs, replayChildren, callback } = operation;
  const outcome = {
    ...(result === undefined ? {} : { Result: result }),
    ...(error === undefined ? {} : { Error: { ...error } }),
  };
  switch (type) {
    case 'EXECUTION':
      return { ExecutionDetails: input === undefined ? {} : { InputPayload: input } };
    case 'CONTEXT':
      return {
        ContextDetails: {
          ...(replayChildren === undefined ? {} : { ReplayChildren: replayChildren }),
          ...outcome,
        },
      };
    case 'STEP':
      return {
        StepDetails: {
          Attempt: attempt ?? 0,
          ...(dueMs === undefined ? {} : { NextAttemptTimestamp: new Date(dueMs) }),
          ...outcome,
        },
      };
    case 'WAIT':
      return { WaitDetails: dueMs === undefined ? {} : { ScheduledEndTimestamp: new Date(dueMs) } };
    case 'CALLBACK':
      return { CallbackDetails: { CallbackId: callback?.callbackId, ...outcome } };
    case 'CHAINED_INVOKE':
      return { ChainedInvokeDetails: outcome };
  }
}

/**
 * What a replay needs, in the order of beginning: what was within a context that has ended is left out,
 * unless the context said that its children are to be replayed.
 */
export function replayed(operations: ReadonlyMap<string, DurableOperation>): DurableOperation[] {
  const isHidden = ({ parentId }: DurableOperation): boolean => {
    const parent = parentId === undefined ? undefined : operations.get(parentId);
    if (parent === undefined) return false;
    const hides = parent.endMs !== undefined && parent.replayChildren !== true;
    return hides || isHidden(parent);
  };
  return [...operations.values()]
    .filter((operation) => !isHidden(operation))
    .sort((a, b) => a.sequence - b.sequence);
}
