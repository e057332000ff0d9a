/** An archive must not write outside of the folder it is unpacked to. */
export function checkedPath(path: string): string {
  if (path.startsWith('/') || path.split('/').includes('..'))
    throw new RangeError(`${path} leaves the archive`);
  return path;
}
