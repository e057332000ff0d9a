import type { RuntimeListing } from '../../ports/environment.ts';
import type { Finding } from './finding.ts';

/** A host without any Python, say, serves all the same: what is missing is worth a word only. */
export function checkInterpreters(listings: readonly RuntimeListing[]): Finding[] {
  return ['nodejs', 'python'].map((family): Finding => {
    const ofFamily = listings.filter(({ runtime }) => runtime.startsWith(family));
    const here = ofFamily.filter(({ resolution }) => resolution.available).map(({ runtime }) => runtime);
    const later = ofFamily.filter(({ fetchable }) => fetchable).map(({ runtime }) => runtime);
    const fetched = later.length === 0 ? '' : `; fetched at first use: ${later.join(', ')}`;
    const subject = family === 'nodejs' ? 'Node.js runtimes' : 'Python runtimes';
    if (here.length > 0) return { subject, status: 'ok', finding: `${here.join(', ')}${fetched}` };
    return {
      subject,
      status: 'warn',
      finding: `None is on this host${fetched}.`,
      remedy:
        'Install an interpreter, or name one with --runtime; `selfsame runtimes` says why each is missing.',
    };
  });
}
