/** The arguments that Lambda starts Node.js with, except `--expose-gc`, which costs every start 2 ms. */

/** Of a function's memory, the part for V8's young objects. Source of all figures: AWS's own bootstrap. */
const YOUNG_SPACE_DIVISOR = 10;

/** V8 has three semi-spaces in its young generation; half of that space is left for buffers outside of the heap. */
const SEMI_SPACE_DIVISOR = 6;

/**
 * Experimental features that Lambda turns off unless NODE_OPTIONS turns them on. Source: Lambda developer guide,
 * "Building Lambda functions with Node.js"; deployed functions of nodejs22.x and nodejs26.x were seen with them.
 */
const SWITCHED_OFF: readonly [feature: string, firstMajor: number][] = [
  ['experimental-require-module', 20],
  ['experimental-detect-module', 22],
];

/** `version` is the interpreter's, `nodeOptions` the function's own NODE_OPTIONS. */
export function nodeArguments(
  version: string | undefined,
  memoryMb: number,
  nodeOptions: string | undefined,
): string[] {
  const major = Number.parseInt(version ?? '', 10);
  const own = (nodeOptions ?? '').replaceAll('_', '-');
  const flags = SWITCHED_OFF.filter(
    ([feature, firstMajor]) => major >= firstMajor && !own.includes(`--${feature}`),
  ).map(([feature]) => `--no-${feature}`);
  // Whoever sets one of the two gets V8's own default for the other.
  if (own.includes('--max-semi-space-size') || own.includes('--max-old-space-size')) return flags;
  const youngMb = Math.floor(memoryMb / YOUNG_SPACE_DIVISOR);
  return [
    ...flags,
    `--max-semi-space-size=${Math.floor(youngMb / SEMI_SPACE_DIVISOR)}`,
    `--max-old-space-size=${memoryMb - youngMb}`,
  ];
}
