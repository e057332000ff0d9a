/** Whose bridge it is: written into its alias, so that what a killed server left can be told from what is in use. */
import { processNamespace, processStart } from '../process-identity.ts';

export function ownerMark(): string {
  return `selfsame ${process.pid} ${processStart(process.pid)} ${processNamespace()}`;
}

/** True where the mark is that of a process of our namespace which is gone; others cannot be judged from here. */
export function isAbandoned(mark: string | undefined): boolean {
  const [word, pid, begun, namespace] = (mark ?? '').split(' ');
  if (word !== 'selfsame' || pid === undefined || namespace !== processNamespace()) return false;
  return processStart(Number(pid)) !== begun;
}
