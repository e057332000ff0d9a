/** What a checkpoint may ask for, given the operations there are. The words are those of AWS's own testing kit. */
import type { OperationUpdate } from '@aws-sdk/client-lambda';
import { invalidParameter } from '../control/lambda-errors.ts';
import type { DurableOperation, OperationStatus, OperationType } from './durable-execution.ts';
import { MAX_ERROR_BYTES } from './durable-limits.ts';

type Operations = ReadonlyMap<string, DurableOperation>;

/** Throws `InvalidParameterValueException` unless all of the updates can be applied, in their order. */
export function checkUpdates(updates: readonly OperationUpdate[], operations: Operations): void {
  checkExecutionUpdate(updates);
  checkOrder(updates, operations);
  const now = new Map<string, OperationStatus>();
  for (const update of updates) {
    const id = update.Id!;
    checkUpdate(update, now.get(id) ?? operations.get(id)?.status);
    if (update.Action === 'START') now.set(id, 'STARTED');
  }
}

function checkExecutionUpdate(updates: readonly OperationUpdate[]): void {
  const count = updates.filter(({ Type }) => Type === 'EXECUTION').length;
  if (count > 1) throw invalidParameter('Cannot checkpoint multiple EXECUTION updates.');
  if (count === 1 && updates.at(-1)!.Type !== 'EXECUTION')
    throw invalidParameter('EXECUTION checkpoint must be the last update.');
}

/** A parent is a context that began before; nothing is updated twice, but for a start and an end. */
function checkOrder(updates: readonly OperationUpdate[], operations: Operations): void {
  const seen = new Map<string, OperationUpdate>();
  const begun = new Map<string, string>();
  for (const update of updates) {
    const [id, parentId] = [update.Id!, update.ParentId];
    const before = seen.get(id);
    const closesWhatItBegan =
      (before?.Type === 'STEP' || before?.Type === 'CONTEXT') &&
      before.Action === 'START' &&
      update.Action !== 'START';
    if (before !== undefined && !closesWhatItBegan)
      throw invalidParameter('Cannot update the same operation twice in a single request.');
    if (parentId !== undefined && (begun.get(parentId) ?? operations.get(parentId)?.type) !== 'CONTEXT')
      throw invalidParameter('Invalid parent operation id.');
    if (update.Action === 'START') begun.set(id, update.Type!);
    seen.set(id, update);
  }
}

const ACTIONS: Readonly<Record<OperationType, readonly string[]>> = {
  EXECUTION: ['SUCCEED', 'FAIL'],
  CONTEXT: ['START', 'SUCCEED', 'FAIL'],
  STEP: ['START', 'SUCCEED', 'FAIL', 'RETRY'],
  WAIT: ['START', 'CANCEL'],
  CALLBACK: ['START', 'CANCEL'],
  CHAINED_INVOKE: ['START', 'CANCEL'],
};

function checkUpdate(update: OperationUpdate, status: OperationStatus | undefined): void {
  const type = update.Type as OperationType;
  if (update.Error !== undefined && Buffer.byteLength(JSON.stringify(update)) > MAX_ERROR_BYTES)
    throw invalidParameter(`Error object size must be less than ${MAX_ERROR_BYTES} bytes.`);
  if (!ACTIONS[type].includes(update.Action!))
    throw invalidParameter('Invalid action for the given operation type.');
  if (update.Action === 'FAIL' && update.Payload !== undefined)
    throw invalidParameter('Cannot provide a Payload for FAIL action.');
  if (update.Action === 'SUCCEED' && update.Error !== undefined)
    throw invalidParameter('Cannot provide an Error for SUCCEED action.');
  if (type === 'STEP') checkStep(update, status);
  else if (type === 'CONTEXT') checkContext(update, status);
  else if (type !== 'EXECUTION') checkWaiting(update, type, status);
}

function checkStep(update: OperationUpdate, status: OperationStatus | undefined): void {
  const isRunning = status === undefined || status === 'STARTED' || status === 'READY';
  switch (update.Action) {
    case 'START':
      if (status !== undefined && status !== 'READY')
        throw invalidParameter('Invalid current STEP state to start.');
      return;
    case 'RETRY':
      if (!isRunning) throw invalidParameter('Invalid current STEP state to re-attempt.');
      if (update.StepOptions === undefined)
        throw invalidParameter('Invalid StepOptions for the given action.');
      if (update.Error !== undefined && update.Payload !== undefined)
        throw invalidParameter('Cannot provide both error and payload to RETRY a STEP.');
      return;
    default:
      if (!isRunning) throw invalidParameter('Invalid current STEP state to close.');
  }
}

function checkContext(update: OperationUpdate, status: OperationStatus | undefined): void {
  if (update.Action === 'START' && status !== undefined)
    throw invalidParameter('Cannot start a CONTEXT that already exists.');
  if (update.Action !== 'START' && status !== undefined && status !== 'STARTED')
    throw invalidParameter('Invalid current CONTEXT state to close.');
}

function checkWaiting(
  update: OperationUpdate,
  type: OperationType,
  status: OperationStatus | undefined,
): void {
  if (update.Action === 'START' && status !== undefined)
    throw invalidParameter(`Cannot start a ${type} that already exists.`);
  if (update.Action === 'CANCEL' && status !== 'STARTED')
    throw invalidParameter(`Cannot cancel a ${type} that does not exist or has already completed.`);
  if (type === 'CHAINED_INVOKE' && update.Action === 'START' && update.ChainedInvokeOptions === undefined)
    throw invalidParameter('Invalid ChainedInvokeOptions for the given action.');
  if (type === 'WAIT' && update.Action === 'START' && update.WaitOptions?.WaitSeconds === undefined)
    throw invalidParameter('Invalid WaitOptions for the given action.');
}
