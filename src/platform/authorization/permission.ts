import type { ConditionFacts } from '../../core/policy/condition-context.ts';

/** Something that the caller of an operation must be allowed. */
export interface Permission {
  /** For example `lambda:InvokeFunction`. */
  readonly action: string;
  /** An ARN, or `*` for an action that has no resource. */
  readonly resource: string;
  readonly facts: ConditionFacts;
}
