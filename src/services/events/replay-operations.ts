import { parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { ArchiveRecord } from './archive-record.ts';
import { archiveArn } from './archive-record.ts';
import { busArn, busKey } from './bus-record.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { busOf } from './events-context.ts';
import { alreadyExists, invalid, limitExceeded, resourceNotFound } from './events-errors.ts';
import { pageOf } from './page.ts';
import type { ReplayRecord } from './replay-record.ts';
import { isActive, replayArn, replayKey } from './replay-record.ts';

/** Under way at once, per account and region. Source: "Amazon EventBridge quotas"; error as recorded. */
const MAX_ACTIVE = 10;

type ReplayOperations = Required<
  Pick<EventsOperations, 'StartReplay' | 'CancelReplay' | 'DescribeReplay' | 'ListReplays'>
>;

export function replayOperations(events: EventsContext): ReplayOperations {
  const { replays, clock } = events;
  const keyOf = (name: string | undefined, { accountId, region }: RequestContext) =>
    replayKey({ bus: { accountId, region }, name: name! });
  return {
    async StartReplay(input, caller) {
      const [fromMs, untilMs] = [input.EventStartTime!.getTime(), input.EventEndTime!.getTime()];
      if (fromMs >= untilMs) throw refused('EventEndTime', 'EventStartTime must be before EventEndTime.');
      const archive = archiveNamed(events, input.EventSourceArn!);
      const bus = busOf(events, input.Destination!.Arn, caller);
      if (busKey(bus) !== busKey(archive.bus))
        throw refused('Destination.Arn', 'Cross event bus replay is not permitted.');
      const replay: ReplayRecord = {
        bus: archive.bus,
        archiveName: archive.name,
        archiveId: archive.id,
        name: input.ReplayName!,
        fromMs,
        untilMs,
        state: 'STARTING',
        startedMs: clock.now(),
        ...(input.Description === undefined ? {} : { description: input.Description }),
        ...(input.Destination!.FilterArns === undefined ? {} : { ruleArns: input.Destination!.FilterArns }),
      };
      await replays.start(replay, (known) => {
        if (known !== undefined) throw alreadyExists(`Replay ${replay.name}`);
        if (replays.of(caller).filter(isActive).length >= MAX_ACTIVE) throw limitExceeded();
      });
      return {
        ReplayArn: replayArn(replay),
        State: replay.state,
        ReplayStartTime: new Date(replay.startedMs),
      };
    },

    async CancelReplay(input, caller) {
      const name = input.ReplayName!;
      const replay = await replays.update(keyOf(name, caller), name, (known) => {
        if (known.state !== 'STARTING' && known.state !== 'RUNNING')
          throw new AwsError(
            'IllegalStatusException',
            `Replay ${name} is not in a valid state for this operation.`,
          );
        return { ...known, state: 'CANCELLING' };
      });
      return { ReplayArn: replayArn(replay), State: replay.state };
    },

    async DescribeReplay(input, caller) {
      const replay = replays.find(keyOf(input.ReplayName, caller));
      if (replay === undefined) throw resourceNotFound(`Replay ${input.ReplayName}`);
      const { description, ruleArns } = replay;
      return {
        ...shown(replay),
        ReplayArn: replayArn(replay),
        Destination: {
          Arn: busArn(replay.bus),
          ...(ruleArns === undefined ? {} : { FilterArns: [...ruleArns] }),
        },
        ...(description === undefined ? {} : { Description: description }),
      };
    },

    async ListReplays(input, caller) {
      const found = replays
        .of(caller)
        .filter(({ name }) => name.startsWith(input.NamePrefix ?? ''))
        .filter(({ state }) => input.State === undefined || state === input.State)
        .filter((replay) => input.EventSourceArn === undefined || sourceArn(replay) === input.EventSourceArn);
      const { items, ...next } = pageOf(found, input, ({ name }) => name);
      return { Replays: items.map(shown), ...next };
    },
  };
}

function archiveNamed({ archives }: EventsContext, text: string): ArchiveRecord {
  const arn = parseArn(text);
  const name = /^archive\/(.+)$/.exec(arn?.resource ?? '')?.[1];
  if (arn?.service !== 'events' || name === undefined)
    throw refused('EventSourceArn', 'Must contain an archive ARN.');
  const archive = archives.find({ accountId: arn.accountId, region: arn.region, name });
  if (archive === undefined) throw refused('EventSourceArn', `Archive ${name} does not exist.`);
  return archive;
}

/** The words that users quote from AWS. */
function refused(name: string, reason: string): AwsError {
  return invalid(`Parameter ${name} is not valid. Reason: ${reason}`);
}

function sourceArn({ bus: { accountId, region }, archiveName: name }: ReplayRecord): string {
  return archiveArn({ accountId, region, name });
}

function shown(replay: ReplayRecord) {
  const { name, state, startedMs, endedMs, position, fromMs, untilMs } = replay;
  return {
    ReplayName: name,
    EventSourceArn: sourceArn(replay),
    State: state,
    EventStartTime: new Date(fromMs),
    EventEndTime: new Date(untilMs),
    ReplayStartTime: new Date(startedMs),
    ...(endedMs === undefined ? {} : { ReplayEndTime: new Date(endedMs) }),
    ...(position === undefined ? {} : { EventLastReplayedTime: new Date(position.dueMs) }),
  };
}
