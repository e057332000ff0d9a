// Loaded before the program: notes every module that the process loads, and ends it once it serves.
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

registerHooks({
  load(url, context, nextLoad) {
    appendFileSync(process.env.LOADED_MODULES_FILE, `${url}\n`);
    return nextLoad(url, context);
  },
});

if (isMainThread) {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text, ...rest) => {
    // The last line that `start` prints.
    if (String(text).includes('runtimes ')) process.kill(process.pid, 'SIGTERM');
    return write(text, ...rest);
  };
}
