/** What an environment sees of the host, as data: each isolation level renders it in its own form. */

export type Mount =
  /** The host's `source`, read-only. */
  | { readonly kind: 'bind'; readonly source: string; readonly target: string }
  /** A symbolic link at `target`. */
  | { readonly kind: 'link'; readonly source: string; readonly target: string }
  /** An empty directory. */
  | { readonly kind: 'directory'; readonly target: string };

export function bind(source: string, target: string): Mount {
  return { kind: 'bind', source, target };
}

/** As arguments of bubblewrap. */
export function bubblewrapArguments(mounts: readonly Mount[]): string[] {
  return mounts.flatMap(argumentsOf);
}

function argumentsOf(mount: Mount): string[] {
  switch (mount.kind) {
    case 'bind':
      return ['--ro-bind', mount.source, mount.target];
    case 'link':
      return ['--symlink', mount.source, mount.target];
    case 'directory':
      return ['--dir', mount.target];
  }
}
