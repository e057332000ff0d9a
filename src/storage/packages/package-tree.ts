/** The paths of a package as they come: none may leave it, none may be two things, no link may point out. */
import { posix } from 'node:path';
import { PackageRejected } from '../../ports/package-store.ts';

export type EntryKind = 'file' | 'directory' | 'link';

/** Longest target of a symbolic link, bytes. Source: Linux PATH_MAX. */
export const MAX_LINK_BYTES = 4_096;

/** Links that are followed in one path before it is none. Source: Linux MAXSYMLINKS. */
const MAX_LINKS_FOLLOWED = 40;

export class PackageTree {
  private readonly kinds = new Map<string, EntryKind>();
  private readonly targets = new Map<string, string>();

  /** The path below the package's root, `.` for the root itself. */
  add(name: string, kind: EntryKind): string {
    const path = safePath(name);
    if (path === '.') {
      if (kind !== 'directory') throw unsafe(name, 'has no name');
      return path;
    }
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
      this.put(path.slice(0, end), 'directory');
    }
    this.put(path, kind);
    return path;
  }

  /** A link's target, kept until all links are known. */
  link(path: string, target: string): void {
    if (target === '' || target.includes('\0') || Buffer.byteLength(target) > MAX_LINK_BYTES) {
      throw unsafe(path, 'is a link to nothing');
    }
    this.targets.set(path, target);
  }

  /** All links, once each is known to stay inside, also through other links. */
  links(): ReadonlyMap<string, string> {
    for (const [path, target] of this.targets) {
      if (this.leaves(path, target)) throw unsafe(path, 'is a link that leaves the package');
    }
    return this.targets;
  }

  /** The same file may come twice, and the later one counts; nothing else may. */
  private put(path: string, kind: EntryKind): void {
    const held = this.kinds.get(path);
    if (held !== undefined && (held !== kind || kind === 'link'))
      throw unsafe(path, `is ${held} and ${kind}`);
    this.kinds.set(path, kind);
  }

  private leaves(path: string, target: string): boolean {
    if (target.startsWith('/')) return true;
    const at = path.split('/').slice(0, -1);
    const steps = target.split('/');
    // One that goes round in a circle leads nowhere, and so not outside.
    for (let followed = 0; steps.length > 0 && followed <= MAX_LINKS_FOLLOWED; ) {
      const step = steps.shift()!;
      if (step === '' || step === '.') continue;
      if (step === '..') {
        if (at.pop() === undefined) return true;
        continue;
      }
      at.push(step);
      const next = this.targets.get(at.join('/'));
      if (next === undefined) continue;
      if (next.startsWith('/')) return true;
      followed += 1;
      at.pop();
      steps.unshift(...next.split('/'));
    }
    return false;
  }
}

/** A relative path without a step upwards, or refused. */
function safePath(name: string): string {
  const normal = posix.normalize(name.replaceAll('\\', '/')).replace(/\/$/, '');
  const isUnsafe =
    normal.startsWith('/') ||
    normal === '' ||
    normal === '..' ||
    normal.startsWith('../') ||
    name.includes('\0') ||
    /^[A-Za-z]:/.test(name);
  if (isUnsafe) throw unsafe(name, 'leaves the package');
  return normal;
}

function unsafe(name: string, problem: string): PackageRejected {
  return new PackageRejected('unsafe-path', `${JSON.stringify(name)} ${problem}`);
}
