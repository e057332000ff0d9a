/**
 * The paths of Pipes: `$.a.b[0].c`, `$.list[*]`. Names have letters, digits, `_`, `-` and `/`. Source: user guide,
 * "EventBridge Pipes input transformation", and the pattern of JsonPath in the API model.
 */
const STEP = /\.([\w/-]+)|\[(\d+|\*)\]/y;

export function isJsonPath(text: string): boolean {
  return /^\$(?:\.[\w/-]+(?:\[(?:\d+|\*)\])*)*$/.test(text);
}

/** Undefined where there is nothing. With a wildcard: the list of all there is. */
export function valueAt(path: string, root: unknown): unknown {
  let found: unknown[] = [root];
  let isList = false;
  STEP.lastIndex = 1;
  for (let match = STEP.exec(path); match !== null; match = STEP.exec(path)) {
    const [, name, index] = match;
    isList ||= index === '*';
    found = found.flatMap((value) => step(value, name, index));
  }
  return isList ? found : found[0];
}

function step(value: unknown, name: string | undefined, index: string | undefined): unknown[] {
  if (index === '*') return Array.isArray(value) ? value : [];
  const key = index ?? name!;
  const isHeld = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return isHeld ? [(value as Readonly<Record<string, unknown>>)[key]] : [];
}
