import { expect, test } from 'vitest';

import { ApiError } from '../src/client/connection';
import type { IComparedRun, IComparison, IValue } from '../src/client/experiments';
import { ExperimentsClient } from '../src/client/experiments';
import { ExperimentModel, MOST_LINES } from '../src/models/experiment';
import { ExperimentsModel } from '../src/models/experiments';
import { formatMetric } from '../src/views/format';
import { Bus } from './samples';

function makeRun(run: string, changes: Partial<IComparedRun> = {}): IComparedRun {
  return {
    run,
    status: 'succeeded',
    kind: 'local',
    job: 'train.ipynb',
    revision: 1,
    owner: 'ada',
    started_at: `2026-01-01T12:00:0${run}+00:00`,
    duration: 1,
    parameters: {},
    metrics: {},
    logged: {},
    tags: {},
    artifacts: {},
    ...changes
  };
}

const ABOUT = {
  name: 'tuning',
  bucket: 'default',
  runs: 3,
  going: 0,
  created_at: '2026-01-01T12:00:00+00:00',
  modified_at: '2026-01-01T12:00:00+00:00'
};

class Answers extends ExperimentsClient {
  asked: string[] = [];
  runs: IComparedRun[] = [];
  logged: IValue[] = [];

  forgotten = false;

  override get(): Promise<IComparison> {
    if (this.forgotten) {
      return Promise.reject(new ApiError('no', 'ExperimentNotFoundError', 404));
    }
    return Promise.resolve({ ...ABOUT, items: this.runs, total: this.runs.length });
  }

  override values(
    _: string,
    metric: string,
    run: string
  ): Promise<{ items: IValue[]; total: number }> {
    this.asked.push(`${metric} of ${run}`);
    const items = this.logged.filter(value => value.metric === metric && value.run === run);
    return Promise.resolve({ items, total: items.length });
  }
}

async function opened(
  runs: IComparedRun[],
  logged: IValue[] = []
): Promise<{ model: ExperimentModel; client: Answers }> {
  const client = new Answers(null as never);
  client.runs = runs;
  client.logged = logged;
  const model = new ExperimentModel({ client, feed: new Bus().feed }, 'tuning');
  await model.refresh();
  return { model, client };
}

function logged(run: string, metric: string, ...values: IValue['value'][]): IValue[] {
  return values.map((value, step) => ({ run, metric, step, value, at: '' }));
}

test('runs are sorted by a metric, and what has none comes last', async () => {
  const { model } = await opened([
    makeRun('1', { metrics: { loss: 0.3 } }),
    makeRun('2', { metrics: { loss: 'NaN' } }),
    makeRun('3', { metrics: { loss: 0.1 } }),
    makeRun('4', { metrics: { loss: 'Infinity' } }),
    makeRun('5')
  ]);
  const order = (): string => model.rows.map(({ run }) => run).join('');
  expect(order()).toBe('54321');
  model.sortBy('m:loss');
  expect(order()).toBe('31425');
  model.sortBy('m:loss');
  expect(order()).toBe('41325');
});

test('the best of many is found, though only the first ones are shown', async () => {
  const many = Array.from({ length: 250 }, (_, index) =>
    makeRun(`r${index}`, { metrics: { loss: index } })
  ).reverse();
  const { model } = await opened(many);
  expect([model.rows.length, model.total]).toEqual([100, 250]);
  model.sortBy('m:loss');
  expect(model.rows[0].run).toBe('r0');
  model.more();
  model.more();
  expect(model.rows.length).toBe(250);
});

test('what is compared is told where it differs, and can be shown alone', async () => {
  const { model } = await opened([
    makeRun('1', { parameters: { depth: 3, data: 'a' } }),
    makeRun('2', { parameters: { depth: 5, data: 'a' } }),
    makeRun('3', { parameters: { depth: 3, data: 'b' } })
  ]);
  expect(model.columns.parameters).toEqual(['depth', 'data']);
  model.pick('1', true);
  model.narrow(true);
  expect([model.compared.length, model.rows.length, model.differs('p:depth')]).toEqual([
    0,
    3,
    false
  ]);
  model.pick('2', true);
  expect(model.rows.map(({ run }) => run)).toEqual(['2', '1']);
  expect([model.differs('p:depth'), model.differs('p:data')]).toEqual([true, false]);
  model.pick('2', false);
  expect(model.rows.length).toBe(3);
});

test('the course of a metric is drawn for a few runs, without what is no number', async () => {
  const many = Array.from({ length: 9 }, (_, index) =>
    makeRun(String(index), { metrics: { loss: 1 } })
  );
  many[0].metrics = { acc: 1, loss: 1 };
  const { model, client } = await opened(many, [
    ...many.flatMap(({ run }) => logged(run, 'loss', 3, 'NaN', 1).reverse()),
    ...logged('1', 'acc', 1)
  ]);
  expect([model.metric, model.lines.length]).toEqual(['acc', 0]);
  await model.draw('loss');
  expect(client.asked.length).toBe(1 + MOST_LINES);
  expect(model.lines.length).toBe(MOST_LINES);
  model.sortBy('job');
  expect(model.lines[0].run.run).toBe('0');
  expect(model.lines[0].points).toEqual([
    { step: 0, value: 3 },
    { step: 2, value: 1 }
  ]);
  model.pick('7', true);
  model.pick('8', true);
  await model.refresh();
  expect(model.lines.map(({ run }) => run.run)).toEqual(['7', '8']);
});

test('experiments are listed in pages, by their newest run or by name', async () => {
  const client = new Answers(null as never);
  const names = Array.from({ length: 40 }, (_, index) => `e${40 - index}`);
  client.list = () =>
    Promise.resolve({ items: names.map(name => ({ ...ABOUT, name })), total: 40 });
  const model = new ExperimentsModel({ client, feed: new Bus().feed });
  await model.refresh();
  expect([model.items.length, model.total, model.items[0].name]).toEqual([30, 40, 'e40']);
  await model.more();
  expect(model.items.length).toBe(40);
  await model.setSort('name');
  expect([model.items[0].name, model.items[1].name]).toEqual(['e1', 'e2']);
});

test('numbers are short', () => {
  const shown = [0.1234567, 100, 1e-9, 'NaN' as const, undefined].map(formatMetric);
  expect(shown).toEqual(['0.123457', '100', '1e-9', 'NaN', '']);
});

test('a metric that has a course is drawn at first, and then what was chosen', async () => {
  const final = { metrics: { accuracy: 0.9 }, logged: { accuracy: 1 } };
  const { model, client } = await opened([makeRun('1', final)]);
  expect(model.metric).toBe('accuracy');
  client.runs = [
    makeRun('2', final),
    makeRun('1', { metrics: { accuracy: 0.9, loss: 0.1 }, logged: { accuracy: 1, loss: 20 } })
  ];
  await model.refresh();
  expect(model.metric).toBe('loss');
  await model.draw('accuracy');
  await model.refresh();
  expect(model.metric).toBe('accuracy');
});

test('one that was forgotten is told as missing, and is back when a run logs to it', async () => {
  const { model, client } = await opened([makeRun('1')]);
  client.forgotten = true;
  await model.refresh();
  expect([model.missing, model.comparison, model.error, model.rows]).toEqual([
    true,
    null,
    null,
    []
  ]);
  client.forgotten = false;
  await model.refresh();
  expect([model.missing, model.rows.length]).toEqual([false, 1]);
});
