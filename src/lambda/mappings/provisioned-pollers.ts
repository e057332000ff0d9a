/** Provisioned mode: how many pollers of a source are kept ready, and how many there may be. */
import type { ProvisionedPollerConfig } from '@aws-sdk/client-lambda';
import { invalidParameter } from '../control/lambda-errors.ts';
import type { ProvisionedPollers } from '../records/mapping-table.ts';

interface PollerRange {
  readonly least: number;
  readonly most: number;
  readonly unlessSet: number;
}

/** What a kind of source may set, in pollers. */
export interface PollerLimits {
  /** As AWS's documents call it. */
  readonly source: string;
  readonly minimum: PollerRange;
  readonly maximum: PollerRange;
}

/** Source: API reference, ProvisionedPollerConfig. */
export const QUEUE_POLLERS: PollerLimits = {
  source: 'Amazon SQS',
  minimum: { least: 2, most: 200, unlessSet: 2 },
  maximum: { least: 2, most: 10_000, unlessSet: 200 },
};

/** The pollers before, with what the request changes of them; an empty configuration is how a request takes them away. */
export function changedPollers(
  before: ProvisionedPollers | undefined,
  config: ProvisionedPollerConfig | undefined,
  { source, minimum, maximum }: PollerLimits,
): ProvisionedPollers | undefined {
  if (config === undefined) return before;
  const { MinimumPollers, MaximumPollers, PollerGroupName } = config;
  if (PollerGroupName !== undefined) {
    throw invalidParameter(`PollerGroupName is not supported for ${source} event source mappings.`);
  }
  if (MinimumPollers === undefined && MaximumPollers === undefined) return undefined;
  const pollers = {
    minimum: MinimumPollers ?? Math.min(minimum.unlessSet, MaximumPollers ?? minimum.unlessSet),
    maximum: MaximumPollers ?? maximum.unlessSet,
  };
  // That AWS refuses these is documented; the words are not known.
  requireWithin('MinimumPollers', pollers.minimum, minimum, source);
  requireWithin('MaximumPollers', pollers.maximum, maximum, source);
  if (pollers.minimum > pollers.maximum) {
    throw invalidParameter(
      `MinimumPollers (${pollers.minimum}) must be less than or equal to MaximumPollers (${pollers.maximum}).`,
    );
  }
  return pollers;
}

/** As the API tells of them; nothing where there are none. */
export function pollerMembers(pollers: ProvisionedPollers | undefined): {
  readonly ProvisionedPollerConfig?: ProvisionedPollerConfig;
} {
  if (pollers === undefined) return {};
  const { minimum: MinimumPollers, maximum: MaximumPollers } = pollers;
  return { ProvisionedPollerConfig: { MinimumPollers, MaximumPollers } };
}

function requireWithin(member: string, value: number, { least, most }: PollerRange, source: string): void {
  if (value >= least && value <= most) return;
  throw invalidParameter(
    `${member} must be between ${least} and ${most} for ${source} event source mappings.`,
  );
}
