/**
 * Faults that are injected by rule, for people who test how their functions and callers take them. They are made to
 * happen where the real ones do, so that logs, metrics and retries show them as such. Rules last until they are
 * removed or the server stops.
 */
import { PlatformError } from '../../core/errors.ts';
import { SeededRandom } from '../../core/seeded-random.ts';

export const FAULTS = {
  throttle: 'the invocation is refused with 429',
  slowStart: 'an environment starts later, by the delay in real time',
  failedStart: 'an environment is killed while it starts',
  timeout: 'the answer of the function is held back until its time-out',
  crash: 'the environment is killed when the function would answer',
  duplicateDelivery: 'an asynchronous event is run twice',
  delayedDelivery: 'an asynchronous event is run later, by the delay in service time',
} as const;

export type Fault = keyof typeof FAULTS;

const DELAYED: readonly Fault[] = ['slowStart', 'delayedDelivery'];

export interface FaultSettings {
  readonly fault: Fault;
  /** Default: all functions. */
  readonly functionName?: string;
  /** Of each occasion, above 0 and at most 1. Default 1. */
  readonly probability?: number;
  /** A whole number; the same one strikes the same occasions. Default: chosen, and shown in the rule. */
  readonly seed?: number;
  /** For the faults that delay: more than 0. */
  readonly delaySeconds?: number;
}

export interface FaultRule extends FaultSettings {
  readonly id: string;
  readonly probability: number;
  readonly seed: number;
  /** How often it has struck. */
  readonly struck: number;
}

interface HeldRule {
  readonly settings: Omit<FaultRule, 'struck'>;
  readonly random: SeededRandom;
  struck: number;
}

export class Faults {
  private readonly rules: HeldRule[] = [];
  private readonly chooseSeed: () => number;
  private added = 0;

  /** `chooseSeed` gives whole numbers. */
  constructor(chooseSeed: () => number) {
    this.chooseSeed = chooseSeed;
  }

  /** Throws `PlatformError` for settings that mean nothing. */
  add(settings: FaultSettings): FaultRule {
    checkSettings(settings);
    this.added += 1;
    const seed = settings.seed ?? this.chooseSeed();
    const rule: HeldRule = {
      settings: { ...settings, id: String(this.added), probability: settings.probability ?? 1, seed },
      random: new SeededRandom(seed),
      struck: 0,
    };
    this.rules.push(rule);
    return shown(rule);
  }

  list(): FaultRule[] {
    return this.rules.map(shown);
  }

  /** False where there is no such rule. */
  remove(id: string): boolean {
    const index = this.rules.findIndex(({ settings }) => settings.id === id);
    if (index >= 0) this.rules.splice(index, 1);
    return index >= 0;
  }

  clear(): void {
    this.rules.length = 0;
  }

  /** The rule that strikes on this occasion, the first of them; each that could draws its chance. */
  strike(fault: Fault, functionName: string): FaultRule | undefined {
    if (this.rules.length === 0) return undefined;
    let striking: HeldRule | undefined;
    for (const rule of this.rules) {
      const { settings } = rule;
      if (settings.fault !== fault || (settings.functionName ?? functionName) !== functionName) continue;
      if (rule.random.next() < settings.probability) striking ??= rule;
    }
    if (striking === undefined) return undefined;
    striking.struck += 1;
    return shown(striking);
  }

  /** Milliseconds by which a fault delays this occasion; 0 where none does. */
  delayMs(fault: Fault, functionName: string): number {
    return (this.strike(fault, functionName)?.delaySeconds ?? 0) * 1_000;
  }
}

function shown({ settings, struck }: HeldRule): FaultRule {
  return { ...settings, struck };
}

function checkSettings({ fault, functionName, probability, seed, delaySeconds }: FaultSettings): void {
  if (!Object.hasOwn(FAULTS, fault)) {
    throw new PlatformError(
      `The fault ${JSON.stringify(fault)} is unknown.`,
      `Choose one of ${Object.keys(FAULTS).join(', ')}.`,
    );
  }
  if (functionName !== undefined && (typeof functionName !== 'string' || functionName === '')) {
    throw new PlatformError(
      `functionName is ${JSON.stringify(functionName)}.`,
      'Give the name of a function, or leave it out for all.',
    );
  }
  if (
    probability !== undefined &&
    !(typeof probability === 'number' && probability > 0 && probability <= 1)
  ) {
    throw new PlatformError(
      `probability is ${JSON.stringify(probability)}.`,
      'Give a number above 0 and at most 1.',
    );
  }
  if (seed !== undefined && !Number.isInteger(seed))
    throw new PlatformError(`seed is ${JSON.stringify(seed)}.`, 'Give a whole number.');
  const isDelay = DELAYED.includes(fault);
  const isDelayed = typeof delaySeconds === 'number' && Number.isFinite(delaySeconds) && delaySeconds > 0;
  if (isDelay !== isDelayed || (!isDelay && delaySeconds !== undefined)) {
    throw new PlatformError(
      `delaySeconds is ${JSON.stringify(delaySeconds)} for the fault ${fault}.`,
      isDelay ? 'Give a number of seconds above 0.' : 'Leave it out: this fault does not delay.',
    );
  }
}
