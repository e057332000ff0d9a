/** Requests of awsQuery and ec2Query: form fields whose names are paths into the input. */
import type { Member, Shape } from '../model/shape.ts';
import { scalarFromText } from './xml-codec.ts';

interface Node {
  text: string | undefined;
  readonly children: Map<string, Node>;
}

/** The deepest path a form may have; no AWS input comes near it. */
const MAX_PATH_PARTS = 64;

export type QueryDialect = 'awsQuery' | 'ec2Query';

export function decodeQuery(
  shape: Shape,
  form: URLSearchParams,
  dialect: QueryDialect,
): Record<string, unknown> {
  const root: Node = { text: undefined, children: new Map() };
  for (const [name, value] of form) {
    let node = root;
    for (const part of name.split('.', MAX_PATH_PARTS)) {
      let child = node.children.get(part);
      if (child === undefined) {
        child = { text: undefined, children: new Map() };
        node.children.set(part, child);
      }
      node = child;
    }
    node.text = value;
  }
  return decodeStructure(shape, root, dialect);
}

function decodeStructure(shape: Shape, node: Node, dialect: QueryDialect): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    const value = decodeMember(member, node, dialect);
    if (value !== undefined) result[member.name] = value;
  }
  return result;
}

function decodeMember(member: Member, parent: Node, dialect: QueryDialect): unknown {
  const inner = member.shape.type === 'list' ? member.shape.member : undefined;
  if (dialect === 'awsQuery' && member.flattened && inner?.traits.locationName !== undefined) {
    // The items' own name takes the place of the list's; some clients send the list's all the same.
    const node = parent.children.get(inner.traits.locationName) ?? parent.children.get(member.wireName);
    return node === undefined ? undefined : decodeNode(member.shape, node, true, dialect);
  }
  const node = parent.children.get(fieldName(member, dialect));
  return node === undefined ? undefined : decodeNode(member.shape, node, member.flattened, dialect);
}

function fieldName(member: Member, dialect: QueryDialect): string {
  if (dialect === 'awsQuery') return member.wireName;
  const { queryName, locationName } = member.traits;
  if (queryName !== undefined) return queryName;
  const name = locationName ?? member.name;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function decodeNode(shape: Shape, node: Node, flattened: boolean, dialect: QueryDialect): unknown {
  switch (shape.type) {
    case 'structure':
      return decodeStructure(shape, node, dialect);
    case 'list': {
      const items =
        flattened || dialect === 'ec2Query'
          ? node
          : (node.children.get(shape.member!.traits.locationName ?? 'member') ?? node.children.get('member'));
      // An empty list is sent as the bare name.
      if (items === undefined) return node.text === '' ? [] : undefined;
      return numbered(items).map((item) => decodeNode(shape.member!.shape, item, false, dialect));
    }
    case 'map': {
      const entries = flattened ? node : node.children.get('entry');
      if (entries === undefined) return node.text === '' ? {} : undefined;
      const result: Record<string, unknown> = {};
      for (const entry of numbered(entries)) {
        const key = entry.children.get(shape.key!.traits.locationName ?? 'key')?.text;
        const value = entry.children.get(shape.value!.traits.locationName ?? 'value');
        if (key !== undefined && value !== undefined) {
          result[key] = decodeNode(shape.value!.shape, value, false, dialect);
        }
      }
      return result;
    }
    default:
      return node.text === undefined ? undefined : scalarFromText(shape, node.text);
  }
}

/** Children `1`, `2`, … in numerical order; gaps are closed. */
function numbered(node: Node): Node[] {
  return [...node.children]
    .filter(([key]) => /^\d+$/.test(key))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, child]) => child);
}
