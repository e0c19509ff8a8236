import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import type { IObject } from '../src/client/objects';
import { RepositoryModel } from '../src/models/repository';
import { Bus, makeObject, until, trans } from './samples';
import { TestServer } from './server';

let server: TestServer;
let bus: Bus;
let model: RepositoryModel;
let stored: IObject[];

beforeEach(async () => {
  stored = [makeObject('a.ipynb'), makeObject('b', { kind: 'folder', path: 'b' })];
  server = await TestServer.start();
  server.answer = ({ method, query }) =>
    method === 'DELETE'
      ? { status: 204 }
      : { json: { items: stored.slice(0, Number(query.limit)), total: stored.length } };
  bus = new Bus();
  model = new RepositoryModel({
    client: new OmegaClient(server.settings, trans).objects,
    feed: bus.feed
  });
});

afterEach(async () => {
  model.dispose();
  await server.stop();
});

test('a folder of a store is listed', async () => {
  await model.open('datasets', 'x/y');
  expect(server.last.path).toBe('/base/omega/api/objects/datasets');
  expect(server.last.query).toMatchObject({ folder: 'x/y', recursive: '0', sort: 'name' });
  expect(model.items.length).toBe(2);
});

test('a search goes below the folder, and ends when another place is opened', async () => {
  await model.open('jobs', 'x');
  await model.setSearch('fl.*');
  expect(server.last.query).toMatchObject({ folder: 'x', search: 'fl.*', recursive: '1' });
  await model.open('jobs', '');
  expect(server.last.query.search).toBeUndefined();
  expect(model.search).toBe('');
});

test('sorting by the same column again turns the order round', async () => {
  await model.setSort('size');
  expect(server.last.query).toMatchObject({ sort: 'size', descending: '1' });
  await model.setSort('size');
  expect(server.last.query).toMatchObject({ sort: 'size', descending: '0' });
  await model.setSort('name');
  expect(server.last.query).toMatchObject({ sort: 'name', descending: '0' });
});

test('more entries are asked for page by page', async () => {
  stored = Array.from({ length: 150 }, (_, index) => makeObject(`n${index}`));
  await model.refresh();
  expect([model.items.length, model.total]).toEqual([100, 150]);
  await model.more();
  expect([model.items.length, model.total]).toEqual([150, 150]);
});

test('what is selected stays so while it is there', async () => {
  await model.refresh();
  model.select('a.ipynb');
  await model.refresh();
  expect(model.selected?.name).toBe('a.ipynb');
  stored = stored.slice(1);
  await model.refresh();
  expect(model.selected).toBeNull();
});

test('a change in what is looked at is shown without being asked for', async () => {
  await model.refresh();
  stored = [...stored, makeObject('c.ipynb')];
  bus.object('jobs', 'c.ipynb');
  await until(() => model.items.length === 3);
});

test('what moves away is shown to be gone', async () => {
  await model.open('jobs', 'x');
  stored = [];
  bus.object('jobs', 'y/a.ipynb', 'renamed', 'x/a.ipynb');
  await until(() => model.items.length === 0);
});

test('a change elsewhere asks for nothing', async () => {
  await model.open('jobs', 'x');
  const before = server.asked.length;
  bus.object('jobs', 'xy/c.ipynb');
  bus.object('datasets', 'x/c');
  await new Promise(resolve => setTimeout(resolve, 700));
  expect(server.asked.length).toBe(before);
});

test('a folder is dropped with what is in it', async () => {
  await model.refresh();
  await model.drop(stored[1]);
  const dropped = server.asked.filter(({ method }) => method === 'DELETE');
  expect(dropped.length).toBe(1);
  expect(dropped[0].query).toMatchObject({ recursive: '1' });
});

test('an error is told, and a later answer mends it', async () => {
  const answer = server.answer;
  server.answer = () => ({ status: 503, json: { message: 'away', type: 'X' } });
  await model.refresh();
  expect([model.error, model.loading]).toEqual(['away', false]);
  server.answer = answer;
  await model.refresh();
  expect(model.error).toBeNull();
});
