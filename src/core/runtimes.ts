/** AWS's runtime identifiers. Source: Lambda developer guide, "Lambda runtimes". */
export type RuntimeFamily = 'nodejs' | 'python' | 'java' | 'dotnet' | 'ruby' | 'go' | 'provided';

export interface RuntimeIdentifier {
  readonly name: string;
  readonly family: RuntimeFamily;
  /** The interpreter's version as far as the name gives it: `24`, `3.13`. */
  readonly version: string;
  /** Functions can no longer be created or updated with it. */
  readonly blocked: boolean;
}

/** Past AWS's date "block function create", or refused by AWS when it was asked. */
const BLOCKED = new Set([
  'nodejs',
  'nodejs4.3',
  'nodejs4.3-edge',
  'nodejs6.10',
  'nodejs8.10',
  'nodejs10.x',
  'nodejs12.x',
  'nodejs14.x',
  'nodejs16.x',
  'java8',
  'python2.7',
  'python3.6',
  'python3.7',
  'dotnetcore1.0',
  'dotnetcore2.0',
  'dotnetcore2.1',
  'dotnetcore3.1',
  'go1.x',
  'ruby2.5',
  'ruby2.7',
  'provided',
]);

const FAMILIES: readonly [prefix: string, family: RuntimeFamily][] = [
  ['nodejs', 'nodejs'],
  ['python', 'python'],
  ['java', 'java'],
  ['dotnetcore', 'dotnet'],
  ['dotnet', 'dotnet'],
  ['ruby', 'ruby'],
  ['go', 'go'],
  ['provided', 'provided'],
];

/** Undefined when no AWS runtime family has such names. */
export function runtimeIdentifier(name: string): RuntimeIdentifier | undefined {
  const found = FAMILIES.find(([prefix]) => name.startsWith(prefix));
  if (found === undefined) return undefined;
  const [prefix, family] = found;
  // `java11.al2023` is Java 11 on another operating system; of `provided.al2023` that is all there is.
  const noVersion = family === 'provided' ? /\.x$/ : /\.(x|al2|al2023)$/;
  return {
    name,
    family,
    version: name.slice(prefix.length).replace(noVersion, ''),
    blocked: BLOCKED.has(name),
  };
}

/** Runtimes that functions can be created with and that this program can run where the host allows. */
export const RUNNABLE_RUNTIMES = [
  'nodejs20.x',
  'nodejs22.x',
  'nodejs24.x',
  'nodejs26.x',
  'python3.10',
  'python3.11',
  'python3.12',
  'python3.13',
  'python3.14',
  'python3.15',
  'ruby3.2',
  'ruby3.3',
  'ruby3.4',
  'java11',
  'java17',
  'java21',
  'java25',
  'provided.al2',
  'provided.al2023',
] as const;
