/**
 * `npm run bench [-- --json] [-- --only NAME]`: measures the server beside its reference in one run,
 * in turns, and prints ratios. Figures vary with the machine; a ratio of medians varies least.
 */
import { parseArgs } from 'node:util';
import { asyncAccept } from './asynchronous.ts';
import { asyncBacklog } from './backlog.ts';
import { listTime } from './listings.ts';
import { boot, httpRuntime, warmLatency, warmThroughput } from './measures.ts';
import { objectMemory, objectThroughput } from './objects.ts';
import { idleMappings, queueLatency, queueThroughput, queueToFunction } from './queues.ts';
import { recordThroughput } from './records.ts';
import { restore } from './restores.ts';
import { burst, coldStart, density, pooledStart, thaw } from './starts.ts';
import { streamFirstByte } from './streaming.ts';
import { streamToFunction } from './streams.ts';
import { tableThroughput } from './tables.ts';

/** Each measure with the figures it gives; `aim` is what the project holds itself to. */
const MEASURES = [
  { figures: ['warm_throughput_ratio'], aim: 'at least 0.40', measure: warmThroughput },
  { figures: ['warm_latency_ratio'], aim: 'at most 2.0', measure: warmLatency },
  { figures: ['http_runtime_ratio'], aim: 'at least 0.20', measure: httpRuntime },
  { figures: ['cold_start_ratio'], aim: 'at most 1.25', measure: coldStart },
  {
    figures: ['cold_start_node_pooled_ms', 'cold_start_python_pooled_ms'],
    aim: 'at most 10 ms and 8 ms',
    measure: pooledStart,
  },
  { figures: ['burst_cold_ratio'], aim: 'at most 1.3', measure: burst },
  { figures: ['restore_ratio'], aim: 'at most 0.1', measure: restore },
  { figures: ['thaw_ms'], aim: 'at most 1 ms', measure: thaw },
  {
    figures: ['stream_first_byte_ms'],
    aim: 'at most 5 ms over the warm latency',
    measure: streamFirstByte,
  },
  {
    figures: ['environments_max', 'environment_overhead_mb'],
    aim: 'at least 300, at most 5 MB each',
    measure: density,
  },
  {
    figures: ['async_accept_ratio', 'async_accept_vs_disk'],
    aim: 'at least 1.5 and 0.15',
    measure: asyncAccept,
  },
  {
    figures: ['async_backlog_ratio', 'async_backlog_mb'],
    aim: 'at least 0.8, at most 150 MB over idle',
    measure: asyncBacklog,
  },
  { figures: ['list_ratio'], aim: 'at most 1.5', measure: listTime },
  {
    figures: ['sqs_send_receive_delete_ratio'],
    aim: 'at least 0.3',
    measure: queueThroughput,
  },
  {
    figures: ['sqs_to_lambda_ratio', 'sqs_to_lambda_per_s'],
    aim: 'at least 0.8',
    measure: queueToFunction,
  },
  { figures: ['kinesis_put_ratio'], aim: 'at least 0.3', measure: recordThroughput },
  { figures: ['kinesis_to_lambda_ratio'], aim: 'at least 0.8', measure: streamToFunction },
  { figures: ['sqs_to_lambda_latency_ms'], aim: 'at most 10 ms', measure: queueLatency },
  { figures: ['mapping_idle_cpu_percent'], aim: 'under 1 %', measure: idleMappings },
  {
    figures: ['s3_put_1k_ratio', 's3_put_1m_ratio', 's3_get_1k_ratio', 's3_get_1m_ratio'],
    aim: 'at least 0.5',
    measure: objectThroughput,
  },
  { figures: ['s3_memory_mb'], aim: 'at most 60 MB over idle', measure: objectMemory },
  {
    figures: ['dynamodb_put_ratio', 'dynamodb_query_ratio'],
    aim: 'at least 5',
    measure: tableThroughput,
  },
  { figures: ['boot_ms', 'idle_rss_mb'], aim: '400 ms and 90 MB', measure: boot },
];

const { values: flags } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
});
for (const name of flags.only ?? []) {
  if (MEASURES.some(({ figures }) => figures.includes(name))) continue;
  const names = MEASURES.flatMap(({ figures }) => figures).join(', ');
  process.stderr.write(`There is no figure ${name}; choose of ${names}.\n`);
  process.exit(2);
}

const results: Record<string, number> = {};
for (const { figures, aim, measure } of MEASURES) {
  if (flags.only !== undefined && !figures.some((name) => flags.only!.includes(name))) continue;
  const measured = await measure();
  Object.assign(results, measured);
  if (flags.json) continue;
  const text = Object.entries(measured).map(([name, value]) => `${name.padEnd(32)}${value.toFixed(3)}`);
  process.stdout.write(`${text.join('\n')}\n${''.padEnd(32)}aim: ${aim}\n`);
}
if (flags.json) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
