/** The condition keys that a document asks for, by its conditions and variables. */
import type { PolicyDocument } from './policy-document.ts';

const VARIABLE = /\$\{\s*([A-Za-z][^},\s]*)\s*(?:,[^}]*)?\}/g;

/** As written, each once, in the order of their first mention. */
export function contextKeysOf({ statements }: PolicyDocument): string[] {
  const keys = new Map<string, string>();
  const add = (key: string): void => {
    if (!keys.has(key.toLowerCase())) keys.set(key.toLowerCase(), key);
  };
  for (const { resources = [], notResources = [], conditions = {} } of statements) {
    const values = Object.values(conditions).flatMap((block) => {
      for (const key of Object.keys(block)) add(key);
      return Object.values(block).flat();
    });
    for (const text of [...resources, ...notResources, ...values])
      for (const [, key] of text.matchAll(VARIABLE)) add(key!);
  }
  return [...keys.values()];
}
