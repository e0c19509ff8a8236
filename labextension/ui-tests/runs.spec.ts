import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import type { IRun } from '../src/client/runs';
import { elapsedSeconds, hasEnded, supersedes } from '../src/models/progress';
import { RunLogModel } from '../src/models/runlog';
import { RunsModel } from '../src/models/runs';
import { Bus, makeRun, until, trans } from './samples';
import { TestServer } from './server';

let server: TestServer;
let bus: Bus;
let model: RunsModel;
let stored: IRun[];
let ended: string[];

beforeEach(async () => {
  stored = [];
  ended = [];
  server = await TestServer.start();
  server.answer = ({ method, path, query }) => {
    const id = path.split('/')[5];
    if (method === 'POST' && !id) {
      return { status: 201, json: makeRun('new', 50) };
    }
    if (id) {
      const found = stored.find(run => run.id === id);
      return found ? { json: found } : { status: 404, json: { message: 'no', type: 'X' } };
    }
    const all = stored.filter(run => !query.status || run.status === query.status);
    return { json: { items: all.slice(0, Number(query.limit)), total: all.length } };
  };
  bus = new Bus();
  model = new RunsModel({
    client: new OmegaClient(server.settings, trans).runs,
    feed: bus.feed
  });
  model.ended.connect((_, run) => ended.push(run.id));
});

afterEach(async () => {
  model.dispose();
  await server.stop();
});

const ids = (): string[] => model.items.map(run => run.id);

test('nothing is known before the first answer', async () => {
  expect(model.loading).toBe(true);
  await model.refresh();
  expect(model.loading).toBe(false);
  expect(model.items).toEqual([]);
});

test('runs go along with a notebook that is renamed', async () => {
  stored = [makeRun('a', 1, { job_path: 'old/a.ipynb' })];
  await model.refresh();
  stored = [makeRun('a', 1, { job_path: 'new/a.ipynb' })];
  bus.file({ change: 'renamed', path: 'new', previous_path: 'old' });
  await until(() => model.items[0].job_path === 'new/a.ipynb');
});

test('what is pushed is shown, newest first', async () => {
  stored = [makeRun('b', 2), makeRun('a', 1)];
  await model.refresh();
  bus.run(makeRun('c', 3));
  bus.run(makeRun('a', 1, { status: 'running' }));
  expect(ids()).toEqual(['c', 'b', 'a']);
  expect(model.items[2].status).toBe('running');
  expect(model.total).toBe(3);
});

test('events of others on the bus are none of ours', async () => {
  await model.refresh();
  bus.other();
  expect(model.items).toEqual([]);
});

test('an answer that was overtaken by an event does not win', async () => {
  stored = [makeRun('a', 1, { status: 'running', progress: { done: 1, total: 9, current: 1 } })];
  await model.refresh();
  bus.run(makeRun('a', 1, { status: 'succeeded' }));
  await model.refresh();
  expect(model.items[0].status).toBe('succeeded');
  expect(ended).toEqual(['a']);
});

test('only the newest question is answered', async () => {
  stored = [makeRun('a', 1, { status: 'failed' }), makeRun('b')];
  const slow = model.refresh();
  await model.setFilter({ status: 'failed' });
  await slow;
  expect(ids()).toEqual(['a']);
});

test('with a filter, runs come and go as they come to match', async () => {
  stored = [makeRun('a', 1, { status: 'running' })];
  await model.setFilter({ status: 'running' });
  expect(ids()).toEqual(['a']);
  bus.run(makeRun('b', 2));
  expect(ids()).toEqual(['a']);
  bus.run(makeRun('b', 2, { status: 'running' }));
  bus.run(makeRun('a', 1, { status: 'succeeded' }));
  expect(ids()).toEqual(['b']);
  expect(model.total).toBe(1);
  expect(ended).toEqual(['a']);
});

test('runs further down than what is shown stay there', async () => {
  stored = Array.from({ length: 40 }, (_, index) => makeRun(`r${40 - index}`, 40 - index));
  await model.refresh();
  expect(model.items.length).toBe(30);
  bus.run(makeRun('r1', 1, { status: 'running' }));
  expect(model.items.length).toBe(30);
  expect(model.total).toBe(40);
  await model.more();
  expect(model.items.length).toBe(40);
});

test('an end is told once, and not of what ended before', async () => {
  stored = [makeRun('old', 1, { status: 'succeeded' }), makeRun('a', 0, { status: 'running' })];
  await model.refresh();
  const end = makeRun('a', 0, { status: 'failed' });
  bus.run(end);
  bus.run(end);
  stored = [stored[0], end];
  await model.refresh();
  expect(ended).toEqual(['a']);
});

test('the end of an own run that is not listed is learned from the server', async () => {
  stored = [makeRun('other', 0, { status: 'running' })];
  await model.refresh();
  await model.run({ path: 'x.ipynb' });
  stored = [makeRun('new', 50, { status: 'succeeded' })];
  await model.setFilter({ status: 'failed' });
  expect(model.items).toEqual([]);
  expect(ended).toEqual(['new']);
  // Of the runs of others only what is pushed and listed is known.
  expect(server.asked.some(({ path }) => path.endsWith('/other'))).toBe(false);
});

test('a run of somebody else that is not listed is forgotten', async () => {
  bus.run(makeRun('far', 0, { status: 'running' }));
  await model.refresh();
  bus.run(makeRun('far', 0, { status: 'failed' }));
  expect(ended).toEqual([]);
});

test('the server is asked for what an event does not tell', async () => {
  const { parameters, owner, error, worker, notice, ...change } = makeRun('a');
  stored = [{ ...change, parameters: { x: 1 }, owner, error, worker, notice }];
  const told: IRun[] = [];
  const pushed = new Bus(id => new OmegaClient(server.settings, trans).runs.get(id));
  pushed.feed.runChanged.connect((_, run) => told.push(run));
  pushed.run(change);
  await until(() => told.length === 1);
  expect(told[0].parameters).toEqual({ x: 1 });

  stored = [{ ...stored[0], status: 'running' }];
  pushed.run({ ...change, status: 'running' });
  await until(() => told.length === 2);
  const asked = server.asked.length;
  pushed.run({ ...change, status: 'running', progress: { done: 1, total: 2, current: 1 } });
  await until(() => told.length === 3);
  expect(told[2]).toMatchObject({ parameters: { x: 1 }, progress: { done: 1 } });
  expect(server.asked.length).toBe(asked);

  stored = [{ ...stored[0], notice: 'It installs.' }];
  pushed.run({ ...change, status: 'running', noticed: true });
  await until(() => told.length === 4);
  expect(told[3].notice).toBe('It installs.');
  stored = [{ ...stored[0], notice: null }];
  pushed.run({ ...change, status: 'running', noticed: false });
  await until(() => told.length === 5);
  expect(told[4].notice).toBe(null);

  stored = []; // and where the server does not tell, the event has to do
  pushed.run({ ...change, status: 'failed' });
  await until(() => told.length === 6);
  expect(told[5]).toMatchObject({ status: 'failed', parameters, error: null });
});

test('what is pushed while an answer is on its way is not lost', async () => {
  await model.refresh();
  let answer = (): void => undefined;
  const asked = new Promise<void>(resolve => {
    server.answer = () => {
      resolve();
      return new Promise(done => {
        answer = () => done({ json: { items: [], total: 0 } });
      });
    };
  });
  const refreshed = model.refresh();
  await asked;
  bus.run(makeRun('a'));
  answer();
  await refreshed;
  expect(ids()).toEqual(['a']);
  expect(model.total).toBe(1);
});

test('a run that ends before the answer to its start is told too', async () => {
  server.answer = () => ({ status: 201, json: makeRun('a', 0, { status: 'failed' }) });
  await model.run({ path: 'x.ipynb' });
  expect(ended).toEqual(['a']);
  expect(model.startedHere('a')).toBe(true);
  expect(model.startedHere('b')).toBe(false);
});

test('a run whose end is pushed before the answer to its start is told once', async () => {
  await model.refresh();
  const usual = server.answer;
  server.answer = asked => {
    if (asked.method === 'POST') {
      bus.run(makeRun('new', 50, { status: 'succeeded' }));
    }
    return usual(asked);
  };
  await model.run({ path: 'x.ipynb' });
  expect(model.items[0].status).toBe('succeeded');
  expect(ended).toEqual(['new']);
});

test('a begin is told once for each status', async () => {
  const begun: string[] = [];
  model.started.connect((_, run) => begun.push(run.status));
  await model.refresh();
  bus.run(makeRun('a', 1));
  bus.run(makeRun('a', 1, { status: 'running' }));
  bus.run(makeRun('a', 1, { status: 'running', progress: { done: 1, total: 2, current: 1 } }));
  expect(begun).toEqual(['queued', 'running']);
});

test('a lost run has not ended while attempts are left', async () => {
  await model.refresh();
  bus.run(makeRun('a', 1, { status: 'running' }));
  bus.run(makeRun('a', 1, { status: 'lost' }));
  expect(ended).toEqual([]);
  bus.run(makeRun('a', 1, { status: 'queued' }));
  expect(model.items[0].status).toBe('queued');
  bus.run(makeRun('a', 1, { status: 'running', attempt: 3 }));
  bus.run(makeRun('a', 1, { status: 'lost', attempt: 3 }));
  expect(ended).toEqual(['a']);
});

test('an error is kept until the server answers again, and what was known stays', async () => {
  stored = [makeRun('a')];
  await model.refresh();
  const answer = server.answer;
  server.answer = () => ({ status: 503, json: { message: 'MongoDB is away', type: 'X' } });
  await model.refresh();
  expect(model.error).toBe('MongoDB is away');
  expect(ids()).toEqual(['a']);
  server.answer = answer;
  await model.refresh();
  expect(model.error).toBeNull();
});

test('a model that is disposed hears nothing', async () => {
  await model.refresh();
  model.dispose();
  bus.run(makeRun('a'));
  expect(model.items).toEqual([]);
});

test('what is later is known by attempt, status and progress', () => {
  const at = (done: number) =>
    makeRun('a', 0, { status: 'running', progress: { done, total: 9, current: done } });
  expect(supersedes(at(2), at(1))).toBe(true);
  expect(supersedes(at(1), at(2))).toBe(false);
  expect(supersedes(makeRun('a'), at(1))).toBe(false);
  expect(supersedes(makeRun('a', 0, { attempt: 2 }), at(5))).toBe(true);
  expect(supersedes(at(5), makeRun('a', 0, { status: 'failed' }))).toBe(false);
});

test('time elapses from start to end, or to now', () => {
  const started_at = '2026-01-01T12:00:00Z';
  const now = Date.parse('2026-01-01T12:00:09Z');
  expect(elapsedSeconds(makeRun('a'), now)).toBeNull();
  expect(elapsedSeconds(makeRun('a', 0, { started_at }), now)).toBe(9);
  const ended_at = '2026-01-01T12:00:04Z';
  expect(elapsedSeconds(makeRun('a', 0, { started_at, ended_at }), now)).toBe(4);
  expect(hasEnded(makeRun('a', 0, { status: 'cancelled' }))).toBe(true);
});

test('local runs are asked for and shown by themselves', async () => {
  await model.refresh();
  expect(server.last.query).toMatchObject({ local: '0', alone: '1' });
  bus.run(makeRun('here', 90, { kind: 'local' }));
  expect(model.items.some(({ id }) => id === 'here')).toBe(false);
  await model.setFilter({ local: true });
  expect(server.last.query).toMatchObject({ local: '1', alone: '0' });
  bus.run(makeRun('there', 91, { kind: 'local' }));
  bus.run(makeRun('cluster', 92));
  await until(() => model.items.some(({ id }) => id === 'there'));
  expect(model.items.some(({ id }) => id === 'cluster')).toBe(false);
});

test('the log of a run is asked for again while it goes, and when it ends', async () => {
  stored = [makeRun('a', 1, { status: 'running', log: 'one' })];
  const log = new RunLogModel(
    { client: new OmegaClient(server.settings, trans).runs, feed: bus.feed },
    'a'
  );
  await log.refresh();
  expect([log.run?.log, log.error]).toEqual(['one', null]);
  stored = [makeRun('a', 1, { status: 'failed', log: 'one and two' })];
  bus.run(makeRun('b', 2, { status: 'failed' }));
  bus.run(stored[0]);
  await until(() => log.run?.log === 'one and two');
  expect(log.error).toBe(null);
  log.dispose();
});
