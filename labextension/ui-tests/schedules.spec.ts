import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import type { IRun } from '../src/client/runs';
import type { ISchedule, IScheduleSettings } from '../src/client/schedules';
import { RunsModel } from '../src/models/runs';
import { SchedulesModel } from '../src/models/schedules';
import { Bus, makeRun, makeSchedule, until, trans } from './samples';
import type { IAsked } from './server';
import { TestServer } from './server';

let server: TestServer;
let bus: Bus;
let runs: RunsModel;
let model: SchedulesModel;
let stored: ISchedule[];
let storedRuns: IRun[];

beforeEach(async () => {
  stored = [makeSchedule('a'), makeSchedule('b')];
  storedRuns = [];
  server = await TestServer.start();
  server.answer = asked => (asked.path.includes('/runs') ? answerRuns(asked) : answer(asked));
  bus = new Bus();
  const client = new OmegaClient(server.settings, trans);
  runs = new RunsModel({ client: client.runs, feed: bus.feed });
  model = new SchedulesModel({ client: client.schedules, runs, feed: bus.feed });
});

afterEach(async () => {
  model.dispose();
  runs.dispose();
  await server.stop();
});

function answer({ method, path, query, body }: IAsked): { status?: number; json?: unknown } {
  const [, , , , , id, verb] = path.split('/');
  const found = stored.find(schedule => schedule.id === id);
  if (!id) {
    return method === 'POST'
      ? { status: 201, json: makeSchedule('new', body as Partial<ISchedule>) }
      : { json: { items: stored.slice(0, Number(query.limit)), total: stored.length } };
  }
  if (!found) {
    return { status: 404, json: { message: `no ${id}`, type: 'ScheduleNotFoundError' } };
  }
  if (method === 'DELETE') {
    stored = stored.filter(schedule => schedule !== found);
    return { status: 204 };
  }
  if (verb === 'run') {
    return { status: 201, json: makeRun('now', 9, { schedule: id }) };
  }
  const paused = verb ? verb === 'pause' : found.paused;
  const changed = { ...found, ...(body as Partial<ISchedule>), paused };
  stored = stored.map(schedule => (schedule === found ? changed : schedule));
  return { json: changed };
}

function answerRuns({ path }: IAsked): { status?: number; json?: unknown } {
  const id = path.split('/')[5];
  const found = storedRuns.find(run => run.id === id);
  return id
    ? found
      ? { json: found }
      : { status: 404, json: { message: 'no', type: 'X' } }
    : { json: { items: storedRuns, total: storedRuns.length } };
}

const lists = (): number =>
  server.asked.filter(({ method, path }) => method === 'GET' && path.endsWith('/schedules'))
    .length;

test('the next due is listed first, unless another order is asked for', async () => {
  expect(model.loading).toBe(true);
  await model.refresh();
  expect(model.loading).toBe(false);
  expect(server.last).toMatchObject({
    path: '/base/omega/api/schedules',
    query: { sort: 'next_due', limit: '30' }
  });
  await model.setSort('job');
  expect(server.last.query).toMatchObject({ sort: 'job' });
});

test('more of them are asked for page by page', async () => {
  stored = Array.from({ length: 40 }, (_, index) => makeSchedule(`s${index}`));
  await model.refresh();
  expect([model.items.length, model.total]).toEqual([30, 40]);
  await model.more();
  expect(model.items.length).toBe(40);
});

test('a schedule is made of a notebook, words and a time zone', async () => {
  const settings: IScheduleSettings = {
    when: 'every hour',
    timezone: 'UTC',
    starts_at: null,
    ends_at: '2027-01-01T00:00',
    label: 'gpu',
    overlap: 'queue',
    misfire: 'skip',
    publish: true,
    limits: { timeout: '10 min' },
    pinned: 'prod',
    jitter: '5 min',
    keep: 3,
    experiment: '',
    parameters: { month: 2 }
  };
  const made = await model.add({ path: 'x.ipynb' }, settings);
  expect(made.id).toBe('new');
  expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/base/omega/api/schedules' });
  expect(server.asked[0].body).toEqual({ path: 'x.ipynb', ...settings });
});

test('pausing, resuming and editing are shown at once', async () => {
  await model.refresh();
  await model.pause('b');
  expect(model.items.map(({ paused }) => paused)).toEqual([false, true]);
  await model.resume('b');
  expect(model.items[1].paused).toBe(false);
  await model.edit('b', { when: 'every hour' });
  expect(model.items[1].when).toBe('every hour');
  const patched = server.asked.filter(({ method }) => method === 'PATCH');
  expect(patched).toMatchObject([
    { path: '/base/omega/api/schedules/b', body: { when: 'every hour' } }
  ]);
});

test('what is dropped is gone', async () => {
  await model.refresh();
  await model.drop('a');
  expect(model.items.map(({ id }) => id)).toEqual(['b']);
  await expect(model.find('a')).rejects.toThrow('no a');
});

test('what changes elsewhere is shown without being asked for', async () => {
  await model.refresh();
  stored = [...stored, makeSchedule('c')];
  bus.schedule('c');
  await until(() => model.items.length === 3);
  stored = stored.slice(1);
  bus.schedule('a', 'dropped');
  await until(() => model.items.length === 2);
});

test('many changes at once are one question', async () => {
  await model.refresh();
  const before = lists();
  for (let index = 0; index < 20; index += 1) {
    bus.schedule('a');
  }
  await new Promise(resolve => setTimeout(resolve, 1200));
  expect(lists() - before).toBeLessThanOrEqual(2);
  expect(lists() - before).toBeGreaterThan(0);
});

test('how the last run went is learned from the server, and asked once', async () => {
  storedRuns = [makeRun('r', 1, { status: 'failed', schedule: 'a' })];
  stored = [makeSchedule('a', { last_run: 'r' }), makeSchedule('b', { last_run: 'gone' })];
  await model.refresh();
  expect(model.lastRun(stored[0])?.status).toBe('failed');
  expect(model.lastRun(stored[1])).toBeNull();
  expect(model.error).toBeNull();
  await model.refresh();
  expect(server.asked.filter(({ path }) => path.endsWith('/runs/r')).length).toBe(1);
});

test('a run that is pushed is the last one of its schedule, unless it is older', async () => {
  await model.refresh();
  bus.run(makeRun('new', 5, { schedule: 'a' }));
  expect(model.lastRun(stored[0])?.id).toBe('new');
  bus.run(makeRun('new', 5, { schedule: 'a', status: 'running' }));
  bus.run(makeRun('old', 1, { schedule: 'a', status: 'failed' }));
  bus.run(makeRun('other', 9));
  expect(model.lastRun(stored[0])).toMatchObject({ id: 'new', status: 'running' });
  expect(model.lastRun(stored[1])).toBeNull();
});

test('a run that begins tells that its schedule is due later, once', async () => {
  await model.refresh();
  const before = lists();
  stored = [makeSchedule('a', { next_due: '2026-01-03T05:00:00+00:00' }), stored[1]];
  bus.run(makeRun('r', 1, { schedule: 'a' }));
  await until(() => model.items[0].next_due === '2026-01-03T05:00:00+00:00');
  for (let done = 0; done < 5; done += 1) {
    const progress = { done, total: 5, current: done };
    bus.run(makeRun('r', 1, { schedule: 'a', status: 'running', progress }));
  }
  await new Promise(resolve => setTimeout(resolve, 700));
  expect(lists() - before).toBe(1);
});

test('run now starts a run whose end is told', async () => {
  const ended: string[] = [];
  runs.ended.connect((_, run) => ended.push(run.id));
  await model.refresh();
  await model.runNow('a');
  expect(runs.startedHere('now')).toBe(true);
  expect(model.lastRun(stored[0])?.id).toBe('now');
  bus.run(makeRun('now', 9, { schedule: 'a', status: 'succeeded' }));
  expect(ended).toEqual(['now']);
});

test('an error is told, and a later answer mends it', async () => {
  const before = server.answer;
  server.answer = () => ({ status: 503, json: { message: 'away', type: 'X' } });
  await model.refresh();
  expect([model.error, model.loading]).toEqual(['away', false]);
  server.answer = before;
  await model.refresh();
  expect(model.error).toBeNull();
});

test('after its end it listens to nothing', async () => {
  model.dispose();
  bus.schedule('a');
  bus.run(makeRun('r', 1, { schedule: 'a' }));
  await new Promise(resolve => setTimeout(resolve, 700));
  expect(server.asked).toEqual([]);
  expect(model.isDisposed).toBe(true);
});

test('it asks again when a notebook of a schedule goes, and when any may have come back', async () => {
  await model.refresh();
  const asked = lists();
  bus.object('jobs', 'other.ipynb', 'dropped');
  bus.object('jobs', 'reports/flights.ipynb', 'put');
  stored = [makeSchedule('a', { unable: 'It is in the trash.', trash: 'x' })];
  bus.object('jobs', 'reports/flights.ipynb', 'dropped');
  await until(() => model.items.length === 1);
  expect(lists()).toBe(asked + 1);
  stored = [makeSchedule('a')];
  bus.object('jobs', 'elsewhere.ipynb', 'put');
  await until(() => model.items[0].unable === null);
});

test('those of what is at a path or below it are found, unless they cannot run', async () => {
  stored = [
    makeSchedule('a', { job_path: 'reports/flights.ipynb' }),
    makeSchedule('b', { job_path: 'reports and more/a.ipynb' }),
    makeSchedule('c', { job_path: null }),
    makeSchedule('d', { job_path: 'reports/gone.ipynb', unable: 'It is in the trash.' })
  ];
  const found = async (...paths: string[]): Promise<string[]> =>
    (await model.at(paths)).map(({ id }) => id);
  expect(await found('reports')).toEqual(['a']);
  expect(await found('reports/flights.ipynb', 'reports and more')).toEqual(['a', 'b']);
  expect(await found('report')).toEqual([]);
});
