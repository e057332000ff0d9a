/** Finds the operation of a REST request by method, path and query, without regular expressions. */
import type { OperationFile } from './model-file.ts';

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'label'; readonly name: string; readonly before: string; readonly after: string }
  | { readonly kind: 'greedy'; readonly name: string };

export interface Route {
  readonly operation: string;
  readonly segments: readonly Segment[];
  /** Query parameters that must be there, with their value where one is fixed. */
  readonly query: readonly (readonly [string, string | undefined])[];
}

export interface RouteMatch {
  readonly operation: string;
  readonly labels: Readonly<Record<string, string>>;
}

export class RouteTable {
  /** By method, then by the first literal segment (`*` where a label comes first). */
  private readonly routes = new Map<string, Map<string, Route[]>>();

  /** `requiredQuery` names query parameters that an operation cannot do without, besides those in its URI. */
  constructor(
    operations: Readonly<Record<string, OperationFile>>,
    requiredQuery: (operation: string) => readonly string[],
  ) {
    for (const [operation, { method, uri }] of Object.entries(operations)) {
      const route = parseRoute(operation, uri, requiredQuery(operation));
      const byFirst = this.routes.get(method) ?? new Map<string, Route[]>();
      this.routes.set(method, byFirst);
      const first = route.segments[0];
      const key = first?.kind === 'literal' ? first.text : '*';
      byFirst.set(key, [...(byFirst.get(key) ?? []), route]);
    }
    for (const byFirst of this.routes.values()) for (const list of byFirst.values()) list.sort(bySpecificity);
  }

  /** Labels are decoded. Operations that `refuse` names are passed over. */
  match(
    method: string,
    path: string,
    query: URLSearchParams | undefined,
    refuse?: (operation: string) => boolean,
  ): RouteMatch | undefined {
    const byFirst = this.routes.get(method);
    if (byFirst === undefined) return undefined;
    const parts = path.split('/');
    parts.shift();
    for (const list of [byFirst.get(parts[0] ?? ''), byFirst.get('*')]) {
      if (list === undefined) continue;
      for (const route of list) {
        if (refuse?.(route.operation) === true) continue;
        if (!queryMatches(route, query)) continue;
        const labels = matchSegments(route, parts);
        if (labels !== undefined) return { operation: route.operation, labels };
      }
    }
    return undefined;
  }
}

function parseRoute(operation: string, uri: string, required: readonly string[]): Route {
  const [path = '', queryText = ''] = uri.split('?');
  const texts = path.split('/').slice(1);
  if (texts.at(-1) === '') texts.pop();
  const query = queryText
    .split('&')
    .filter((pair) => pair !== '' && !pair.startsWith('x-id='))
    .map((pair) => {
      const [name = '', value] = pair.split('=');
      return [name, value === '' ? undefined : value] as [string, string | undefined];
    });
  const named = new Set(query.map(([name]) => name));
  for (const name of required) if (!named.has(name)) query.push([name, undefined]);
  return { operation, segments: texts.map(parseSegment), query };
}

function parseSegment(text: string): Segment {
  const open = text.indexOf('{');
  const close = text.indexOf('}');
  if (open < 0 || close < open) return { kind: 'literal', text };
  const name = text.slice(open + 1, close);
  if (name.endsWith('+')) return { kind: 'greedy', name: name.slice(0, -1) };
  return { kind: 'label', name, before: text.slice(0, open), after: text.slice(close + 1) };
}

function bySpecificity(a: Route, b: Route): number {
  if (a.query.length !== b.query.length) return b.query.length - a.query.length;
  const rank = { literal: 0, label: 1, greedy: 2 } as const;
  for (let index = 0; index < Math.max(a.segments.length, b.segments.length); index += 1) {
    const left = a.segments[index];
    const right = b.segments[index];
    // `{Name+}/policy` before `{Name+}`, which would take the policy for a part of the name.
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    if (left.kind !== right.kind) return rank[left.kind] - rank[right.kind];
  }
  return 0;
}

function queryMatches(route: Route, query: URLSearchParams | undefined): boolean {
  for (const [name, value] of route.query) {
    if (query === undefined || !query.has(name)) return false;
    if (value !== undefined && query.get(name) !== value) return false;
  }
  return true;
}

function matchSegments(route: Route, parts: readonly string[]): Record<string, string> | undefined {
  const { segments } = route;
  const labels: Record<string, string> = {};
  let at = 0;
  for (let index = 0; index < segments.length; index += 1, at += 1) {
    const segment = segments[index]!;
    const part = parts[at];
    if (part === undefined) return undefined;
    if (segment.kind === 'literal') {
      if (segment.text !== part) return undefined;
    } else if (segment.kind === 'label') {
      const inner = unwrapped(part, segment.before, segment.after);
      if (inner === undefined || inner === '') return undefined;
      labels[segment.name] = decode(inner);
    } else {
      const take = parts.length - at - (segments.length - index - 1);
      const text = parts.slice(at, at + take).join('/');
      if (take < 1 || text === '') return undefined;
      labels[segment.name] = decode(text);
      at += take - 1;
    }
  }
  // A slash at the end of the request is forgiven, as AWS's front ends do.
  const rest = parts.length - at;
  return rest === 0 || (rest === 1 && parts[at] === '') ? labels : undefined;
}

function unwrapped(part: string, before: string, after: string): string | undefined {
  if (!part.startsWith(before) || !part.endsWith(after)) return undefined;
  return part.slice(before.length, part.length - after.length);
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
