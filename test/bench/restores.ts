/** SnapStart: a cold invocation of a version that is restored, beside one of the same function that is initialised. */
import { createSlowPython, invokeOnce } from './functions.ts';
import type { Figures } from './measures.ts';
import { median } from './measures.ts';
import { startSelfsame } from './processes.ts';

const STARTS = 7;

export async function restore(): Promise<Figures> {
  const server = await startSelfsame([]);
  try {
    const initialised: number[] = [];
    const restored: number[] = [];
    for (let index = 0; index < STARTS; index += 1) {
      const name = `slow-${index}`;
      await createSlowPython(server.port, name);
      initialised.push(await invokeOnce(server.port, name));
      restored.push(await invokeOnce(server.port, `${name}:1`));
    }
    const [init, restoration] = [median(initialised), median(restored)];
    return { restore_ratio: restoration / init, restore_ms: restoration };
  } finally {
    await server.stop();
  }
}
