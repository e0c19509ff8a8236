import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import { TabMemory } from '../src/models/memory';
import { Publication } from '../src/models/publication';
import { ReportsModel } from '../src/models/reports';
import { RunsModel } from '../src/models/runs';
import { StatusModel } from '../src/models/status';
import { formatDuration, formatSize, shortPath } from '../src/views/format';
import { Bus, makeRun, trans, until } from './samples';
import { TestServer } from './server';

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.start();
});

afterEach(() => server.stop());

const REPORT = {
  name: 'flights',
  job: 'flights.ipynb',
  job_path: 'flights.ipynb',
  run: 'r',
  created: '',
  modified: '',
  access: 'signed-in',
  hide_code: true,
  live: false,
  url: '/omega/reports/flights'
} as const;

test('coming back after being away is told', async () => {
  const model = new StatusModel({ client: new OmegaClient(server.settings, trans).status });
  let back = 0;
  model.reconnected.connect(() => (back += 1));
  await model.refresh();
  expect(back).toBe(0);
  server.answer = () => ({ status: 502, text: '' });
  await model.refresh();
  expect(model.error).toContain('502');
  server.answer = () => ({ json: { workers: [] } });
  await model.refresh();
  await model.refresh();
  expect([back, model.error]).toEqual([1, null]);
  model.dispose();
});

test('a server that cannot reach its database is not away', async () => {
  const model = new StatusModel({ client: new OmegaClient(server.settings, trans).status });
  server.answer = () => ({ status: 503, json: { message: 'MongoDB is away', type: 'X' } });
  await model.refresh();
  expect([model.reached, model.error]).toEqual([true, 'MongoDB is away']);
  await server.stop();
  await model.refresh();
  expect(model.reached).toBe(false);
  server = await TestServer.start();
  model.dispose();
});

test('a run that publishes brings its report, a little after its end', async () => {
  const client = new OmegaClient(server.settings, trans);
  const bus = new Bus();
  let items: object[] = [];
  server.answer = () => ({ json: { items, total: items.length } });
  const runs = new RunsModel({ client: client.runs, feed: bus.feed });
  const reports = new ReportsModel({ client: client.reports, runs, feed: bus.feed });
  const published: string[] = [];
  reports.published.connect((_, report) => published.push(report.name));
  bus.run(makeRun('r', 0, { publish: true }));
  bus.run(makeRun('r', 0, { publish: true, job: 'flights.ipynb', status: 'succeeded' }));
  await new Promise(resolve => setTimeout(resolve, 300));
  expect([published, server.asked.length]).toEqual([[], 0]);
  items = [REPORT];
  bus.report('flights');
  await until(() => published.length === 1);
  expect(server.asked.length).toBe(1);
  bus.report('flights');
  await until(() => server.asked.length === 2);
  expect(published).toEqual(['flights']);
  expect(reports.ofJob('flights.ipynb')?.url).toBe('/omega/reports/flights');
  expect(reports.ofJob('other.ipynb')).toBeNull();
  reports.dispose();
  runs.dispose();
});

test('a run that publishes brings its report, though nobody tells of it', async () => {
  const client = new OmegaClient(server.settings, trans);
  const bus = new Bus();
  server.answer = () => ({ json: { items: [REPORT], total: 1 } });
  const runs = new RunsModel({ client: client.runs, feed: bus.feed });
  const reports = new ReportsModel({ client: client.reports, runs, feed: bus.feed });
  let told = 0;
  reports.published.connect(() => (told += 1));
  bus.run(makeRun('r', 0, { publish: true }));
  bus.run(makeRun('r', 0, { publish: true, job: 'flights.ipynb', status: 'succeeded' }));
  await until(() => told === 1, 4000);
  reports.dispose();
  runs.dispose();
});

test('a job may have a report until the server has said that it has none', async () => {
  const client = new OmegaClient(server.settings, trans);
  const { feed } = new Bus();
  const runs = new RunsModel({ client: client.runs, feed });
  const reports = new ReportsModel({ client: client.reports, runs, feed });
  server.answer = () => ({ status: 502, text: '' });
  await reports.refresh();
  expect(reports.mayHave('other.ipynb')).toBe(true);
  server.answer = () => ({ json: { items: [REPORT], total: 1 } });
  await reports.refresh();
  expect(['flights.ipynb', 'other.ipynb'].map(job => reports.mayHave(job))).toEqual([true, false]);
  reports.dispose();
  runs.dispose();
});

test('publishing begins with what was chosen last, and with the least at first', () => {
  expect(new Publication(REPORT, true).options).toEqual({
    access: 'signed-in',
    hide_code: true,
    live: false
  });
  const first = new Publication(null, false);
  expect(first.options.access).toBe('signed-in');
  first.refuse('no');
  first.choose({ live: true });
  expect(first.options).toEqual({ access: 'signed-in', hide_code: false, live: true });
  expect(first.refusal).toBeNull();
});

test('what was started is remembered over a reload, and only the newest of it', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value)
  } as Storage;
  for (let index = 0; index < 201; index += 1) {
    new TabMemory('runs', storage).add(`r${index}`);
  }
  const after = new TabMemory('runs', storage);
  expect([after.has('r0'), after.has('r1'), after.has('r200')]).toEqual([false, true, true]);
  kept.set('runs', 'not JSON');
  expect(after.has('r1')).toBe(false);
});

test('sizes and durations are short', () => {
  expect([0, 999, 1000, 123_456, 5_400_000].map(formatSize)).toEqual([
    '0 B',
    '999 B',
    '1.0 KB',
    '123 KB',
    '5.4 MB'
  ]);
  const durations = [0.42, 22.4, 59.9, 65, 3723].map(seconds => formatDuration(seconds, trans));
  expect(durations).toEqual(['0.4 s', '22 s', '59 s', '1:05', '1:02:03']);
});

test('of a long path the end is told', () => {
  expect(shortPath('reports/flights.ipynb')).toBe('reports/flights.ipynb');
  const long = `${'folder/'.repeat(20)}flights.ipynb`;
  expect(shortPath(long)).toMatch(/^….*\/flights\.ipynb$/);
  expect(shortPath(long).length).toBe(60);
  expect(Array.from(shortPath('😀'.repeat(90)))).toEqual(['…', ...Array<string>(59).fill('😀')]);
});
