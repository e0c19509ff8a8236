import { expect, test } from 'vitest';

import type { IGroup, IGroupRow } from '../src/client/groups';
import { countFailed, GroupsClient } from '../src/client/groups';
import type { IParameter } from '../src/client/parameters';
import { ParametersForm } from '../src/models/form';
import { GroupForm } from '../src/models/groupform';
import { GroupModel, GroupsModel } from '../src/models/groups';
import { Bus, trans } from './samples';

const PARAMETERS: IParameter[] = [
  { name: 'x', type: 'int', default: 1, help: '' },
  { name: 'y', type: 'str', default: 'a', help: '' },
  { name: 'z', type: 'bool', default: false, help: '' },
  { name: 'j', type: 'any', default: null, help: '' }
];

function makeGroup(changes: Partial<IGroup> = {}): IGroup {
  return {
    id: 'g',
    title: 'flights',
    jobs: ['flights.ipynb'],
    job_paths: ['flights.ipynb'],
    count: 4,
    created_at: '2026-01-01T12:00:00+00:00',
    owner: 'ada',
    varied: ['x'],
    at_once: null,
    tags: [],
    rounds: 0,
    cancel_requested: false,
    counts: { queued: 4 },
    unfinished: 4,
    ...changes
  };
}

function makeRow(place: number, changes: Partial<IGroupRow> = {}): IGroupRow {
  return {
    place,
    run: `run${place}`,
    job: 'flights.ipynb',
    status: 'succeeded',
    parameters: {},
    recorded: {},
    seconds: null,
    cells: '',
    attempt: 1,
    error: null,
    result: null,
    result_path: null,
    ...changes
  };
}

test('a parameter that is varied has a value a line', () => {
  const form = new ParametersForm(PARAMETERS, trans);
  expect([form.count, form.grid()]).toEqual([1, {}]);
  form.vary('x', true);
  form.set('x', '1\n\n 2 \n3');
  form.vary('y', true);
  form.set('y', 'a, b\n c');
  form.vary('z', true);
  form.vary('j', true);
  form.set('j', '[1]\n"t"');
  expect(form.valid).toBe(true);
  expect(form.grid()).toEqual({
    x: [1, 2, 3],
    y: ['a, b', ' c'],
    z: [true, false],
    j: [[1], 't']
  });
  expect(form.count).toBe(24);
  expect(form.values()).toEqual({});
});

test('each line is checked, and there must be one', () => {
  const form = new ParametersForm(PARAMETERS, trans);
  form.vary('x', true);
  form.set('x', '1\ntwo');
  expect(form.valid).toBe(false);
  form.set('x', '\n');
  expect(form.fields[0].error).toContain('a value a line');
  form.vary('z', true);
  form.set('z', 'true\nmaybe');
  expect(form.fields[2].error).toContain('true or false');
});

test('what is varied no more keeps its first value', () => {
  const form = new ParametersForm(PARAMETERS, trans);
  form.vary('x', true);
  form.set('x', '\n7\n8');
  form.vary('x', false);
  expect([form.fields[0].text, form.values(), form.count]).toEqual(['7', { x: 7 }, 1]);
  form.vary('x', true);
  form.reset('x');
  expect([form.fields[0].varied, form.fields[0].text]).toEqual([false, '1']);
});

test.each<[string, boolean, number | null]>([
  ['', true, null],
  [' 3 ', true, 3],
  ['0', false, null],
  ['a', false, null],
  ['1.5', false, null]
])('at once, %j', (text, valid, number) => {
  const form = new GroupForm();
  form.set(text);
  expect([form.valid, form.atOnce]).toEqual([valid, number]);
});

test('what has ended without success is counted', () => {
  const counts = { succeeded: 2, failed: 1, running: 1 };
  const group = makeGroup({ counts, unfinished: 1 });
  expect(countFailed(group)).toBe(1);
});

test('the table is sorted by values as people read them, nothing last', async () => {
  const rows = [
    makeRow(0, { parameters: { x: 10 }, recorded: { m: 'a10' } }),
    makeRow(1, { parameters: { x: 9 }, recorded: { m: 'a9' } }),
    makeRow(2, { recorded: { m: null } })
  ];
  const columns = { parameters: ['x'], recorded: ['m'], about: [] };
  const table = { group: makeGroup(), columns, rows };
  const client = { table: () => Promise.resolve(table) };
  const feed = new Bus().feed;
  const model = new GroupModel({ client: client as never, feed }, 'g');
  await model.refresh();
  const places = (): (number | null)[] => model.rows.map(row => row.place);
  expect(places()).toEqual([0, 1, 2]);
  model.sortBy('p:x');
  expect(places()).toEqual([1, 0, 2]);
  model.sortBy('p:x');
  expect(places()).toEqual([0, 1, 2]);
  model.sortBy('r:m');
  expect(places()).toEqual([1, 0, 2]);
  model.dispose();
});

test('that all runs of a group have ended is told once, listed or not', async () => {
  class Answers extends GroupsClient {
    stored = [makeGroup()];

    override list(): Promise<{ items: IGroup[]; total: number }> {
      return Promise.resolve({ items: this.stored.slice(0, 1), total: this.stored.length });
    }

    override start(): Promise<IGroup> {
      this.stored.push(makeGroup({ id: 'mine' }));
      return Promise.resolve(this.stored[1]);
    }

    override get(id: string): Promise<IGroup> {
      return Promise.resolve(this.stored.find(group => group.id === id) as IGroup);
    }
  }
  const client = new Answers(null as never);
  const model = new GroupsModel({ client, feed: new Bus().feed });
  const ended: string[] = [];
  model.ended.connect((_, { id }) => ended.push(id));
  await model.refresh();
  await model.run({ path: 'flights.ipynb' }, {}, {});
  expect([ended, model.startedHere('mine'), model.startedHere('g')]).toEqual([[], true, false]);
  client.stored = client.stored.map(({ id }) =>
    makeGroup({ id, counts: { succeeded: 3, failed: 1 }, unfinished: 0 })
  );
  await model.refresh();
  await model.refresh();
  expect(ended).toEqual(['g', 'mine']);
});
