import { readFile } from 'node:fs/promises';

/** A name of the time since the host started; undefined where the system has none. Source: random(4). */
export async function hostBootId(): Promise<string | undefined> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return text.trim() === '' ? undefined : text.trim();
}
