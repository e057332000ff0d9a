/** A recorded scenario: calls in order, and what AWS answered. See the README beside the records. */
import { recordedJson } from '../kit/recorded.ts';

export interface ScenarioStep {
  readonly phase: 'setup' | 'call' | 'teardown';
  /** As botocore names it, for example `lambda`. */
  readonly service: string;
  readonly operation: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly bind?: readonly Binding[];
  /** By a label of the recorder's own. */
  readonly expect_aws?: Readonly<Record<string, unknown>>;
}

/** The value of `param` comes from an earlier answer; with `contains`, only that part of it does. */
export interface Binding {
  readonly param: string;
  readonly from_step: number;
  readonly response_path: string;
  readonly contains?: string;
}

/** What the recorder made of the answers up to and with call number `after_step`, counted from 1. */
export interface DerivedMatch {
  readonly key: string;
  readonly after_step: number;
  readonly expect_aws: unknown;
}

export interface Scenario {
  readonly steps: readonly ScenarioStep[];
  readonly derived_matches: readonly DerivedMatch[];
}

interface RecordedError {
  /** `file.py::Class::test`. */
  readonly test: string;
  readonly key: string;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly other: Readonly<Record<string, unknown>>;
}

/** The scenarios by name, each with the answers that only the collection of errors has. */
export function lambdaScenarios(): Record<string, Scenario> {
  const errors = recordedJson<RecordedError[]>('lambda', 'errors.json');
  const scenarios = Object.entries(recordedJson<Record<string, Scenario>>('lambda', 'scenarios.json'));
  return Object.fromEntries(scenarios.map(([name, scenario]) => [name, withErrors(name, scenario, errors)]));
}

/** Where a scenario is one call of Lambda and has no answer, the one error of its test is the answer. */
function withErrors(name: string, scenario: Scenario, errors: readonly RecordedError[]): Scenario {
  const { steps, derived_matches } = scenario;
  const isAnswered = derived_matches.length > 0 || steps.some(({ expect_aws }) => expect_aws !== undefined);
  if (isAnswered || steps.filter(({ service }) => service === 'lambda').length !== 1) return scenario;
  const [error, ...others] = errors.filter(({ test }) => test.endsWith(`.py::${name}`));
  if (error === undefined || others.length > 0) return scenario;
  const { code, message, status, other, key } = error;
  const answer = {
    ...other,
    Error: { Code: code, Message: message },
    ResponseMetadata: { HTTPHeaders: {}, HTTPStatusCode: status },
  };
  return {
    ...scenario,
    steps: steps.map((step) =>
      step.service === 'lambda' ? { ...step, expect_aws: { [key]: answer } } : step,
    ),
  };
}
