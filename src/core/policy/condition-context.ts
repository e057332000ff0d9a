/** The facts of one request that conditions and policy variables ask for. */

/** Values by condition key in lower case: names of keys are not distinguished by case. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>;

export type ConditionFacts = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Later facts replace earlier ones of the same key; undefined ones are left out. */
export function conditionContext(...facts: readonly (ConditionFacts | undefined)[]): ConditionContext {
  const context = new Map<string, readonly string[]>();
  for (const group of facts)
    for (const [key, value] of Object.entries(group ?? {}))
      if (value !== undefined) context.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
  return context;
}
