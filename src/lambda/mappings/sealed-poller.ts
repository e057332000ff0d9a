/** A poller whose filters are encrypted: it begins as soon as KMS opens them, and takes nothing before. */
import type { BackOff } from '../../core/back-off.ts';
import { backOffMs } from '../../core/back-off.ts';
import type { Clock } from '../../core/clock.ts';
import { Rests } from '../../polling/rests.ts';
import type { Log } from '../../ports/log.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import type { FilterCipher } from './filter-cipher.ts';
import type { MappingPoller } from './poller.ts';

export interface SealedPollerDependencies {
  readonly cipher: FilterCipher;
  readonly clock: Clock;
  readonly log: Log;
}

/** Between two attempts to have the filters opened. */
const REST: BackOff = { firstMs: 1_000, maxMs: 60_000 };

export class SealedPoller implements MappingPoller {
  private readonly deps: SealedPollerDependencies;
  private readonly mapping: MappingRecord;
  private readonly make: (opened: MappingRecord) => MappingPoller | undefined;
  private readonly rests: Rests;
  private readonly tried = Promise.withResolvers<void>();
  private opening: Promise<void> = Promise.resolve();
  private poller: MappingPoller | undefined;
  private isStopped = false;

  constructor(
    deps: SealedPollerDependencies,
    mapping: MappingRecord,
    make: (opened: MappingRecord) => MappingPoller | undefined,
  ) {
    this.deps = deps;
    this.mapping = mapping;
    this.make = make;
    this.rests = new Rests(deps.clock);
  }

  start(): void {
    this.opening = this.open();
  }

  /** Resolves at the first refusal too: a mapping may have to wait for its key for ever. */
  async begun(): Promise<void> {
    await this.tried.promise;
    await this.poller?.begun?.();
  }

  async stop(): Promise<void> {
    await this.ended();
    await this.poller?.stop();
  }

  async abandon(): Promise<void> {
    await this.ended();
    await this.poller?.abandon();
  }

  private async ended(): Promise<void> {
    this.isStopped = true;
    this.rests.endAll();
    await this.opening;
  }

  private async open(): Promise<void> {
    const { cipher, log } = this.deps;
    for (let failures = 1; !this.isStopped; failures += 1) {
      try {
        const opened = await cipher.opened(this.mapping);
        if (!this.isStopped) {
          this.poller = this.make(opened);
          this.poller?.start();
        }
        break;
      } catch (error) {
        const { uuid, functionName } = this.mapping;
        log.warn(
          { uuid, functionName, error: String(error) },
          'The filters of a mapping cannot be decrypted.',
        );
        this.tried.resolve();
        await this.rests.rest(backOffMs(REST, failures));
      }
    }
    this.tried.resolve();
  }
}
