import type { Target } from '@aws-sdk/client-eventbridge';
import { parseArn } from '../../core/arn.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { ruleOf } from './events-context.ts';
import { invalid, limitExceeded, notImplemented } from './events-errors.ts';
import { pageOf } from './page.ts';
import type { RuleTarget } from './rule-record.ts';
import { checkTargetArn } from './target-delivery.ts';
import { checkInput } from './target-input.ts';
import { isApiDestination, needsRole } from './target-role.ts';

/** Source: "Amazon EventBridge quotas". */
const MAX_TARGETS = 5;

/** Of targets that there is no server for here; kept, they would do nothing. */
const REFUSED = [
  'RunCommandParameters',
  'EcsParameters',
  'BatchParameters',
  'RedshiftDataParameters',
  'SageMakerPipelineParameters',
  'AppSyncParameters',
] as const;

export function targetOperations(
  events: EventsContext,
): Required<Pick<EventsOperations, 'PutTargets' | 'RemoveTargets' | 'ListTargetsByRule'>> {
  const { rules } = events;
  return {
    async PutTargets(input, caller) {
      const rule = ruleOf(events, input, input.Rule, caller);
      const given = (input.Targets ?? []).map(checkedTarget);
      await rules.update(rule, (known) => {
        const targets = new Map(known.targets.map((target) => [target.Id, target]));
        for (const target of given) targets.set(target.Id, target);
        if (targets.size > MAX_TARGETS) throw limitExceeded();
        return { ...known, targets: [...targets.values()] };
      });
      return { FailedEntryCount: 0, FailedEntries: [] };
    },

    async RemoveTargets(input, caller) {
      const rule = ruleOf(events, input, input.Rule, caller);
      const ids = new Set(input.Ids);
      await rules.update(rule, (known) => ({
        ...known,
        targets: known.targets.filter(({ Id }) => !ids.has(Id)),
      }));
      return { FailedEntryCount: 0, FailedEntries: [] };
    },

    async ListTargetsByRule(input, caller) {
      const rule = ruleOf(events, input, input.Rule, caller);
      const sorted = [...rule.targets].sort((a, b) => (a.Id < b.Id ? -1 : 1));
      const { items, ...next } = pageOf(sorted, input, ({ Id }) => Id);
      return { Targets: [...items], ...next };
    },
  };
}

/** Throws `ValidationException`, `NotImplemented` for what is not done here. */
function checkedTarget(given: Target): RuleTarget {
  const target = given as RuleTarget;
  const { Id: id, Arn: arn } = target;
  checkTargetArn(arn);
  for (const name of REFUSED) if (target[name] !== undefined) throw notImplemented(`${name} of a target`);
  checkInput(target);
  const service = parseArn(arn)?.service;
  const isFifo = service === 'sqs' && arn.endsWith('.fifo');
  if (isFifo && target.SqsParameters?.MessageGroupId === undefined)
    throw invalid(`Parameter(s) SqsParameters must be specified for target: ${id}.`);
  if (!isFifo && target.SqsParameters !== undefined)
    throw invalid(`Parameter(s) SqsParameters is not valid for target: ${id}.`);
  if (service !== 'kinesis' && target.KinesisParameters !== undefined)
    throw invalid(`Parameter(s) KinesisParameters is not valid for target: ${id}.`);
  if (!isApiDestination(arn) && target.HttpParameters !== undefined)
    throw invalid(`Parameter(s) HttpParameters is not valid for target: ${id}.`);
  if (needsRole(arn) && target.RoleArn === undefined) throw invalid(`RoleArn is required for target ${arn}.`);
  return target;
}
