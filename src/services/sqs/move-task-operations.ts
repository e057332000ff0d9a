import { AwsError } from '../../core/errors.ts';
import type { MoveTask, MoveTasks } from './move-tasks.ts';
import { MAX_LISTED, MAX_PER_SECOND } from './move-tasks.ts';
import type { Queue } from './queue.ts';
import type { SqsContext, SqsOperations } from './sqs-context.ts';
import { required } from './sqs-context.ts';
import { invalidParameter, invalidValue } from './sqs-errors.ts';

type MoveTaskOperations = 'StartMessageMoveTask' | 'ListMessageMoveTasks' | 'CancelMessageMoveTask';

/** Answers and errors as recorded for "move_task". */
export function moveTaskOperations(
  { queues, broker }: SqsContext,
  tasks: MoveTasks,
): Required<Pick<SqsOperations, MoveTaskOperations>> {
  const queueNamed = (arn: string, parameter: string): Queue => {
    const queue = queues.findByArn(arn);
    if (queue === undefined) {
      throw new AwsError(
        'ResourceNotFoundException',
        `The resource that you specified for the ${parameter} parameter doesn't exist.`,
      );
    }
    return queue;
  };

  return {
    async StartMessageMoveTask(input) {
      const sourceArn = required(input.SourceArn, 'SourceArn');
      const source = queueNamed(sourceArn, 'SourceArn');
      const { DestinationArn: destinationArn, MaxNumberOfMessagesPerSecond: perSecond } = input;
      if (perSecond !== undefined && (perSecond < 1 || perSecond > MAX_PER_SECOND)) {
        throw invalidValue(
          perSecond,
          'MaxNumberOfMessagesPerSecond',
          `MaxNumberOfMessagesPerSecond must be an integer between 1 and ${MAX_PER_SECOND}.`,
        );
      }
      if (![...queues.all()].some(({ settings }) => settings.redrive?.deadLetterTargetArn === sourceArn)) {
        throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
      }
      if (destinationArn !== undefined) {
        const destination = queueNamed(destinationArn, 'DestinationArn');
        if (destination.settings.isFifo !== source.settings.isFifo) {
          throw invalidParameter('The source and the destination queue must be of the same type.');
        }
      }
      if (tasks.list(sourceArn).some(({ status }) => status === 'RUNNING')) {
        throw invalidParameter(
          'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
        );
      }
      broker.expect(source);
      const task = await tasks.start(
        {
          sourceArn,
          ...(destinationArn === undefined ? {} : { destinationArn }),
          ...(perSecond === undefined ? {} : { perSecond }),
        },
        source,
      );
      return { TaskHandle: taskHandle(task) };
    },

    async ListMessageMoveTasks(input) {
      const sourceArn = required(input.SourceArn, 'SourceArn');
      queueNamed(sourceArn, 'SourceArn');
      const max = input.MaxResults ?? 1;
      if (max < 1 || max > MAX_LISTED) {
        throw invalidValue(max, 'MaxResults', `MaxResults must be an integer between 1 and ${MAX_LISTED}.`);
      }
      return { Results: tasks.list(sourceArn).slice(0, max).map(described) };
    },

    async CancelMessageMoveTask(input) {
      const handle = required(input.TaskHandle, 'TaskHandle');
      const { id, sourceArn } = decodedHandle(handle);
      queueNamed(sourceArn, 'SourceArn');
      const task = tasks.find(id);
      if (task === undefined) throw new AwsError('ResourceNotFoundException', 'Task does not exist.');
      if (task.status !== 'RUNNING') throw invalidParameter('Only active tasks can be cancelled.');
      await tasks.cancel(task);
      return { ApproximateNumberOfMessagesMoved: task.moved };
    },
  };
}

function described(task: MoveTask) {
  return {
    ...(task.status === 'RUNNING' ? { TaskHandle: taskHandle(task) } : {}),
    Status: task.status,
    SourceArn: task.sourceArn,
    ...(task.destinationArn === undefined ? {} : { DestinationArn: task.destinationArn }),
    ...(task.perSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: task.perSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failureReason === undefined ? {} : { FailureReason: task.failureReason }),
    StartedTimestamp: task.startedMs,
  };
}

function taskHandle({ id, sourceArn }: MoveTask): string {
  return Buffer.from(JSON.stringify({ taskId: id, sourceArn })).toString('base64');
}

/** Throws SQS's error for a handle that is none of ours. */
export function decodedHandle(handle: string): { readonly id: string; readonly sourceArn: string } {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(handle, 'base64').toString());
    if (typeof decoded === 'object' && decoded !== null && 'taskId' in decoded && 'sourceArn' in decoded) {
      return { id: String(decoded.taskId), sourceArn: String(decoded.sourceArn) };
    }
  } catch {
    // Falls through: not a handle of ours.
  }
  throw invalidValue(handle, 'TaskHandle', 'The task handle is not valid.');
}
