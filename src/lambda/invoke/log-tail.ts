import { LOG_TAIL_BYTES } from './invoke-limits.ts';

/** Keeps the last 4 KB of one invocation's log lines for `X-Amz-Log-Result`. */
export class LogTail {
  private readonly lines: string[] = [];
  private bytes = 0;

  add(line: string): void {
    this.lines.push(line);
    this.bytes += Buffer.byteLength(line) + 1;
    while (this.lines.length > 1 && this.bytes - Buffer.byteLength(this.lines[0]!) - 1 >= LOG_TAIL_BYTES) {
      this.bytes -= Buffer.byteLength(this.lines.shift()!) + 1;
    }
  }

  /** At most 4,096 bytes, cut at the front. */
  toBuffer(): Buffer {
    const whole = Buffer.from(this.lines.map((line) => (line.endsWith('\n') ? line : `${line}\n`)).join(''));
    return whole.length > LOG_TAIL_BYTES ? whole.subarray(whole.length - LOG_TAIL_BYTES) : whole;
  }
}
