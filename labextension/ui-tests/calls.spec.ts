import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import type { IRun } from '../src/client/runs';
import { titleOf } from '../src/client/runs';
import { runOf } from '../src/models/origin';
import type { RunChoice } from '../src/models/runs';
import { RunsModel } from '../src/models/runs';
import { formatGiven } from '../src/views/format';
import { Bus, makeRun, trans } from './samples';
import { TestServer } from './server';

const fit: Partial<IRun> = {
  kind: 'model',
  job: 'flights-model',
  job_path: null,
  call: { method: 'fit', args: ['flights[x]', '[1, 2]'], kwargs: { weight: '2' } }
};
const job = makeRun('job', 1, { parameters: { month: 6, carrier: 'UA' } });
const call = makeRun('call', 2, fit);

let server: TestServer;
let bus: Bus;
let model: RunsModel;
let kept: RunChoice[];

beforeEach(async () => {
  kept = [];
  server = await TestServer.start();
  server.answer = ({ query }) => {
    const items = [call, job].filter(
      run => query.calls === undefined || (run === call) === (query.calls === '1')
    );
    return { json: { items, total: items.length } };
  };
  bus = new Bus();
  model = new RunsModel({
    client: new OmegaClient(server.settings, trans).runs,
    feed: bus.feed,
    keep: chosen => kept.push(chosen)
  });
  await model.refresh();
});

afterEach(async () => {
  model.dispose();
  await server.stop();
});

const ids = (): string[] => model.items.map(run => run.id);

test('a run says what was executed, and with what', () => {
  expect([titleOf(job), formatGiven(job)]).toEqual([
    'reports/flights.ipynb',
    'month=6, carrier="UA"'
  ]);
  expect([titleOf(call), formatGiven(call)]).toEqual([
    'fit flights-model',
    'flights[x], [1, 2], weight=2'
  ]);
  expect(runOf({ run: 'r', job: 'a' })).toBe('r');
  expect([runOf(undefined), runOf({ run: 3 })]).toEqual([null, null]);
});

test('notebooks, calls or both are listed, by the server and as they come', async () => {
  expect(ids()).toEqual(['call', 'job']);
  await model.showCalls(false);
  expect(ids()).toEqual(['job']);
  bus.run(makeRun('another call', 3, fit));
  bus.run(makeRun('another job', 4));
  expect(ids()).toEqual(['another job', 'job']);
  await model.showCalls(true);
  expect(ids()).toEqual(['call']);
  await model.showCalls(undefined);
  expect(server.last.query.calls).toBeUndefined();
  expect(kept.map(({ calls }) => calls)).toEqual([false, true, undefined]);
});

test('a status that is chosen is kept, and a job that is looked for stays so', async () => {
  await model.showAlike(job);
  await model.showStatus({ status: 'failed' });
  expect(server.last.query).toMatchObject({ job: 'reports/flights.ipynb', status: 'failed' });
  await model.showCalls(true);
  await model.showStatus({ local: true });
  expect(kept).toEqual([
    { status: 'failed' },
    { status: 'failed', calls: true },
    { local: true, calls: true }
  ]);
});

test('a job that is looked for stays so with other statuses, not with other kinds', async () => {
  await model.showAlike(call);
  expect(server.last.query).toMatchObject({ job: 'flights-model', calls: '1' });
  await model.showAlike(job);
  expect(server.last.query).toMatchObject({ job: 'reports/flights.ipynb' });
  expect(server.last.query.calls).toBeUndefined();
  await model.showCalls(true);
  expect(server.last.query.job).toBeUndefined();
});

test('those of a renamed notebook are looked for by its name of now, which another may have had', async () => {
  const run = makeRun('renamed', 3, { job: 'a.ipynb', job_now: 'b.ipynb', job_path: 'b.ipynb' });
  expect(titleOf(run)).toBe('b.ipynb');
  await model.showAlike(run);
  expect(server.last.query).toMatchObject({ job: 'b.ipynb' });
});

test('a run that is to be shown is, whatever was looked for', async () => {
  await model.showCalls(false);
  await model.lookAt(call);
  expect(ids()).toContain('call');
  expect(kept).toHaveLength(1);
});
