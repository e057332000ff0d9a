import type { RuntimeListing } from '../../ports/environment.ts';
import type { Finding } from './finding.ts';

const FAMILIES = [
  ['nodejs', 'Node.js runtimes'],
  ['python', 'Python runtimes'],
  ['ruby', 'Ruby runtimes'],
  ['java', 'Java runtimes'],
] as const;

/** A host without any Python, say, serves all the same: what is missing is worth a word only. */
export function checkInterpreters(listings: readonly RuntimeListing[]): Finding[] {
  return FAMILIES.map(([family, subject]): Finding => {
    const ofFamily = listings.filter(({ runtime }) => runtime.startsWith(family));
    const here = ofFamily.filter(({ resolution }) => resolution.available).map(({ runtime }) => runtime);
    const later = ofFamily.filter(({ fetchable }) => fetchable).map(({ runtime }) => runtime);
    const fetched = later.length === 0 ? [] : [`fetched at first use: ${later.join(', ')}`];
    if (here.length > 0 || later.length > 0) {
      const parts = here.length > 0 ? [here.join(', '), ...fetched] : fetched;
      return { subject, status: 'ok', finding: parts.join('; ') };
    }
    return {
      subject,
      status: 'warn',
      finding: 'None is on this host.',
      remedy:
        'Install an interpreter, or name one with --runtime; `selfsame runtimes` says why each is missing.',
    };
  });
}
