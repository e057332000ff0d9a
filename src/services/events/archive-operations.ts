import type { ArchiveAddress, ArchiveRecord } from './archive-record.ts';
import { archiveAddress, archiveArn } from './archive-record.ts';
import { busArn } from './bus-record.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { busOf } from './events-context.ts';
import { alreadyExists, limitExceeded, notImplemented, resourceNotFound } from './events-errors.ts';
import { pageOf } from './page.ts';
import { compiledPattern } from './rule-operations.ts';

/** Source: "Amazon EventBridge quotas", per region. */
const MAX_ARCHIVES = 100;

type ArchiveOperations = Required<
  Pick<
    EventsOperations,
    'CreateArchive' | 'UpdateArchive' | 'DescribeArchive' | 'ListArchives' | 'DeleteArchive'
  >
>;

export function archiveOperations(events: EventsContext): ArchiveOperations {
  const { archives, clock, ids } = events;
  return {
    async CreateArchive(input, caller) {
      if (input.KmsKeyIdentifier !== undefined) throw notImplemented('KmsKeyIdentifier of archives');
      const { accountId, region, name: busName } = busOf(events, input.EventSourceArn, caller);
      if (input.EventPattern !== undefined) compiledPattern(input.EventPattern);
      const address = archiveOf(input.ArchiveName, caller);
      const made: ArchiveRecord = {
        bus: { accountId, region, name: busName },
        name: address.name,
        id: ids.uuid(),
        retentionDays: input.RetentionDays ?? 0,
        createdMs: clock.now(),
        ...(input.Description === undefined ? {} : { description: input.Description }),
        ...(input.EventPattern === undefined ? {} : { pattern: input.EventPattern }),
      };
      await archives.create(address, (known) => {
        if (known !== undefined) throw alreadyExists(`Archive ${address.name}`);
        if (archives.of(caller).length >= MAX_ARCHIVES) throw limitExceeded();
        return made;
      });
      return changed(made);
    },

    async UpdateArchive(input, caller) {
      if (input.KmsKeyIdentifier !== undefined) throw notImplemented('KmsKeyIdentifier of archives');
      if (input.EventPattern !== undefined) compiledPattern(input.EventPattern);
      const archive = await archives.update(archiveOf(input.ArchiveName, caller), (known) => ({
        ...known,
        ...(input.Description === undefined ? {} : { description: input.Description }),
        ...(input.EventPattern === undefined ? {} : { pattern: input.EventPattern }),
        ...(input.RetentionDays === undefined ? {} : { retentionDays: input.RetentionDays }),
      }));
      return changed(archive);
    },

    async DescribeArchive(input, caller) {
      const address = archiveOf(input.ArchiveName, caller);
      const archive = archives.find(address);
      if (archive === undefined) throw resourceNotFound(`Archive ${address.name}`);
      return {
        ArchiveArn: archiveArn(address),
        ...shown(archive),
        ...(archive.description === undefined ? {} : { Description: archive.description }),
        ...(archive.pattern === undefined ? {} : { EventPattern: archive.pattern }),
        ...(await archives.totals(archive)),
      };
    },

    async ListArchives(input, caller) {
      const source = input.EventSourceArn;
      // Recorded: of a bus that does not exist there is no list.
      const bus = source === undefined ? undefined : busArn(busOf(events, source, caller));
      const found = archives
        .of(caller)
        .filter((archive) => archive.name.startsWith(input.NamePrefix ?? ''))
        .filter((archive) => bus === undefined || busArn(archive.bus) === bus)
        .filter(() => input.State === undefined || input.State === 'ENABLED');
      const { items, ...next } = pageOf(found, input, ({ name }) => name);
      const Archives = await Promise.all(
        items.map(async (archive) => ({ ...shown(archive), ...(await archives.totals(archive)) })),
      );
      return { Archives, ...next };
    },

    async DeleteArchive(input, caller) {
      await archives.remove(archiveOf(input.ArchiveName, caller));
      return {};
    },
  };
}

function archiveOf(name: string | undefined, { accountId, region }: Omit<ArchiveAddress, 'name'>) {
  return { accountId, region, name: name! };
}

function changed(archive: ArchiveRecord) {
  return {
    ArchiveArn: archiveArn(archiveAddress(archive)),
    State: 'ENABLED' as const,
    CreationTime: new Date(archive.createdMs),
  };
}

function shown(archive: ArchiveRecord) {
  return {
    ArchiveName: archive.name,
    EventSourceArn: busArn(archive.bus),
    State: 'ENABLED' as const,
    RetentionDays: archive.retentionDays,
    CreationTime: new Date(archive.createdMs),
  };
}
