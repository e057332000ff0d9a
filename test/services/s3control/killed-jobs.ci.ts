/** A server that is killed at random while a job is at work: each of its tasks comes to its end, and is reported once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateJobCommand, DescribeJobCommand, S3ControlClient } from '@aws-sdk/client-s3-control';
import { killedService } from '../../faults/killed-service.ts';
import { killUnder } from '../../faults/kills.ts';
import type { ReportManifest } from './batch-tester.ts';
import { ACCOUNT, BUCKET, controlSettings, jobInput } from './batch-tester.ts';

const KILLS = 10;
/** The server lives that long at most before it is killed, milliseconds. */
const LONGEST_LIFE_MS = 300;
const TASKS = 1_500;
const LOOK_AGAIN_MS = 100;

test(`a job loses no task over ${KILLS} kills`, async (context) => {
  const { server, random, settings } = await killedService(context);
  const control = new S3ControlClient(controlSettings(settings));
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  context.after(() => {
    control.destroy();
    s3.destroy();
  });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const keys = Array.from({ length: TASKS }, (_, index) => `key-${index}`);
  for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: '' }));
  const Body = keys.map((key) => `${BUCKET},${key}\n`).join('');
  const { ETag } = await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'manifest.csv', Body }));
  // Without a function, whose start takes as long as the server lives.
  const Operation = { S3PutObjectTagging: { TagSet: [{ Key: 'a', Value: 'b' }] } };
  const { JobId } = await control.send(new CreateJobCommand({ ...jobInput(ETag!), Operation }));

  const look = async () => {
    const { Job } = await control.send(new DescribeJobCommand({ AccountId: ACCOUNT, JobId }));
    return Job!;
  };
  const seen: number[] = [];
  const watch = async () => {
    const { NumberOfTasksSucceeded: done = 0 } = (await look()).ProgressSummary!;
    assert.ok(done >= (seen.at(-1) ?? 0), 'what has been told as done is lost');
    seen.push(done);
    await setTimeout(LOOK_AGAIN_MS / 10);
  };
  await killUnder(server, random, { count: KILLS, longestLifeMs: LONGEST_LIFE_MS }, [watch]);
  console.log(`${seen.at(-1)} tasks were done after ${KILLS} kills`);
  while ((await look()).Status !== 'Complete') await setTimeout(LOOK_AGAIN_MS);

  const text = async (Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    return Body!.transformToString();
  };
  const { Results } = JSON.parse(await text(`reports/job-${JobId}/manifest.json`)) as ReportManifest;
  assert.deepEqual(
    Results.map((file) => file.TaskExecutionStatus),
    ['succeeded'],
  );
  const lines = (await text(Results[0]!.Key)).trimEnd().split('\n');
  assert.deepEqual(
    lines,
    keys.map((key) => `${BUCKET},${key},,succeeded,200,,Successful`),
  );
  assert.ok(
    seen.some((done) => done > 0 && done < TASKS),
    'the job was at work when the server was killed',
  );
});
