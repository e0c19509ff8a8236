import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import type { IDropped } from '../src/client/trash';
import { TrashModel } from '../src/models/trash';
import { Bus, makeObject, until, trans } from './samples';
import { TestServer } from './server';

let server: TestServer;
let bus: Bus;
let model: TrashModel;
let stored: IDropped[];

beforeEach(async () => {
  stored = [makeDropped('2', 'a.ipynb'), makeDropped('1', 'a.ipynb'), makeDropped('0', 'b')];
  server = await TestServer.start();
  server.answer = ({ method, path, body, query }) => {
    if (method === 'POST') {
      const { id, name } = body as { id: string; name?: string };
      const found = stored.find(item => item.id === id);
      if (found?.name === 'b' && !name) {
        return { status: 409, json: { message: 'b is taken', type: 'ObjectExistsError' } };
      }
      stored = stored.filter(item => item !== found);
      return { status: 201, json: makeObject(name ?? found?.name ?? '') };
    }
    const items = path.endsWith('/jobs') && !query.bucket ? stored : [];
    return { json: { items: items.slice(0, Number(query.limit ?? 100)), total: items.length } };
  };
  bus = new Bus();
  model = new TrashModel({
    client: new OmegaClient(server.settings, trans).trash,
    feed: bus.feed
  });
});

afterEach(async () => {
  model.dispose();
  await server.stop();
});

function makeDropped(id: string, name: string): IDropped {
  const dropped = '2026-01-01T12:00:00+00:00';
  return {
    id,
    name,
    kind: 'notebook',
    size: 9,
    revision: 3,
    dropped,
    dropped_by: 'ada',
    path: name
  };
}

test('each store has its own trash', async () => {
  await model.refresh();
  expect(model.items.length).toBe(3);
  await model.open('models');
  expect([model.items.length, model.store]).toEqual([0, 'models']);
});

test('each bucket has its own trash', async () => {
  await model.open('jobs', 'team');
  expect([model.items.length, model.bucket]).toEqual([0, 'team']);
  bus.object('jobs', 'c', 'dropped');
  await model.open('jobs');
  expect([model.items.length, model.bucket]).toEqual([3, undefined]);
  await model.restore({ store: 'jobs', bucket: 'team' }, '2');
  const asked = server.asked.find(({ method }) => method === 'POST');
  expect(asked?.query.bucket).toBe('team');
});

test('what is put back is no longer listed', async () => {
  await model.refresh();
  expect((await model.restore({ store: 'jobs' }, '1')).name).toBe('a.ipynb');
  expect(model.items.map(({ id }) => id)).toEqual(['2', '0']);
});

test('a name that is taken is refused, and another one can be given', async () => {
  await expect(model.restore({ store: 'jobs' }, '0')).rejects.toMatchObject({ status: 409 });
  expect((await model.restore({ store: 'jobs' }, '0', 'c')).name).toBe('c');
  expect(stored.map(({ id }) => id)).toEqual(['2', '1']);
});

test('of what had one name, the one that was dropped last is found', async () => {
  expect((await model.latest('jobs', 'a.ipynb'))?.id).toBe('2');
  expect(await model.latest('jobs', 'nowhere')).toBeNull();
});

test('what is dropped elsewhere appears without being asked for', async () => {
  await model.refresh();
  stored = [makeDropped('3', 'c'), ...stored];
  bus.object('jobs', 'c', 'dropped');
  await until(() => model.items.length === 4);
});

test('the server is asked only while somebody looks', async () => {
  model.seen = false;
  model.start();
  bus.object('jobs', 'c', 'dropped');
  await model.refresh();
  await new Promise(resolve => setTimeout(resolve, 700)); // longer than changes are gathered
  expect([server.asked.length, model.loading]).toEqual([0, true]);
  model.seen = true;
  await until(() => model.items.length === 3);
  stored = stored.slice(1);
  model.seen = false;
  model.seen = true;
  await until(() => model.items.length === 2);
});
