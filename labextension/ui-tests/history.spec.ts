import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import type { IObject } from '../src/client/objects';
import { HistoryModel } from '../src/models/history';
import { Bus, makeObject, until, trans } from './samples';
import type { IAsked } from './server';
import { TestServer } from './server';

const NAME = 'reports/a b%.ipynb';

let server: TestServer;
let bus: Bus;
let model: HistoryModel;
let stored: IObject[];

beforeEach(async () => {
  stored = [3, 2, 1].map(revision => makeRevision(revision));
  server = await TestServer.start();
  server.answer = answer;
  bus = new Bus();
  const client = new OmegaClient(server.settings, trans);
  model = new HistoryModel({ client, feed: bus.feed, store: 'jobs', name: NAME });
});

afterEach(async () => {
  model.dispose();
  await server.stop();
});

function makeRevision(revision: number, changes: Partial<IObject> = {}): IObject {
  const modified = new Date(Date.UTC(2026, 0, 1, 12, revision)).toISOString();
  return makeObject(NAME, { revision, modified, size: 1000 - revision, ...changes });
}

function answer({ method, path, query, body }: IAsked): { status?: number; json?: unknown } {
  const noun = path.split('/')[4];
  if (noun === 'content') {
    return { json: { cells: [], metadata: {}, at: Number(query.revision) } };
  }
  if (noun === 'tags') {
    const tag = method === 'PUT' ? (body as { tag: string }).tag : query.tag;
    const at = method === 'PUT' ? (body as { revision: number }).revision : null;
    stored = stored.map(item => ({
      ...item,
      tags: [...item.tags.filter(known => known !== tag), ...(item.revision === at ? [tag] : [])]
    }));
    return method === 'PUT' ? { json: stored[0] } : { status: 204 };
  }
  if (method === 'POST') {
    stored = [makeRevision(stored[0].revision + 1), ...stored];
    return { status: 201, json: stored[0] };
  }
  return { json: { items: stored.slice(0, Number(query.limit)), total: stored.length } };
}

const revisions = (): number[] => model.sorted.map(({ revision }) => revision);

test('the newest revision is looked at first, alone', async () => {
  await model.refresh();
  expect(server.last.path).toBe('/base/omega/api/revisions/jobs/reports/a%20b%25.ipynb');
  expect([model.selected?.revision, model.newest?.revision, model.base]).toEqual([3, 3, null]);
});

test('revisions are sorted by any column, by the same one again the other way round', async () => {
  stored[1] = makeRevision(2, { owner: 'zoe', size: 5000 });
  await model.refresh();
  expect(revisions()).toEqual([3, 2, 1]);
  model.setSort('revision');
  expect(revisions()).toEqual([1, 2, 3]);
  model.setSort('size');
  expect(revisions()).toEqual([2, 1, 3]);
  model.setSort('owner');
  expect(revisions()).toEqual([1, 3, 2]);
  model.setSort('modified');
  expect(revisions()).toEqual([3, 2, 1]);
  expect(model.newest?.revision).toBe(3);
});

test('older revisions are asked for page by page', async () => {
  stored = Array.from({ length: 70 }, (_, index) => makeRevision(70 - index));
  await model.refresh();
  expect([model.items.length, model.total]).toEqual([50, 70]);
  await model.more();
  expect(model.items.length).toBe(70);
});

test('what was looked at and is no longer there gives way to the newest', async () => {
  await model.refresh();
  model.select(1);
  model.compare(2);
  expect([model.selected?.revision, model.base?.revision]).toEqual([1, 2]);
  model.select(2);
  expect([model.selected?.revision, model.base]).toEqual([2, null]);
  stored = stored.slice(0, 1);
  await model.refresh();
  expect([model.selected?.revision, model.base]).toEqual([3, null]);
});

test('a revision is asked for once, for it never changes; after a failure again', async () => {
  const usual = server.answer;
  server.answer = () => ({ status: 503, json: { message: 'away', type: 'X' } });
  await expect(model.content(2)).rejects.toThrow('away');
  server.answer = usual;
  expect(await model.content(2)).toMatchObject({ at: 2 });
  const asked = server.asked.length;
  expect(await model.content(2)).toMatchObject({ at: 2 });
  expect(server.asked.length).toBe(asked);
  // But not all are kept for ever.
  await Promise.all([3, 4, 5, 6].map(revision => model.content(revision)));
  await model.content(2);
  expect(server.asked.length).toBe(asked + 5);
});

test('restoring makes a new revision, which is then looked at', async () => {
  await model.refresh();
  model.select(1);
  expect((await model.restore(1)).revision).toBe(4);
  expect(server.asked.find(({ method }) => method === 'POST')?.body).toEqual({ restore: 1 });
  expect([model.selected?.revision, model.total]).toEqual([4, 4]);
});

test('a tag is given, moves, and is taken away', async () => {
  await model.refresh();
  await model.tag('for ada', 1);
  expect(model.items[2].tags).toEqual(['for ada']);
  await model.tag('for ada', 2);
  expect(model.items.map(({ tags }) => tags.length)).toEqual([0, 1, 0]);
  await model.untag('for ada');
  expect(model.items.every(({ tags }) => tags.length === 0)).toBe(true);
});

test('a save elsewhere is shown without being asked for, and a rename is followed', async () => {
  await model.refresh();
  stored = [makeRevision(4), ...stored];
  bus.object('jobs', 'other.ipynb');
  bus.object('datasets', NAME);
  bus.object('jobs', NAME);
  await until(() => model.items.length === 4);
  bus.object('jobs', 'archive', 'renamed', 'reports');
  await until(() => server.last.path.endsWith('/jobs/archive/a%20b%25.ipynb'));
  expect(model.name).toBe('archive/a b%.ipynb');
});

test('of another bucket all is asked for there, and only what happens there is heard', async () => {
  const client = new OmegaClient(server.settings, trans);
  const other = new HistoryModel({
    client,
    feed: bus.feed,
    store: 'jobs',
    name: NAME,
    bucket: 'team'
  });
  await other.refresh();
  await other.restore(1);
  await other.tag('final', 1);
  await other.untag('final');
  await other.content(1);
  expect(server.asked.every(({ query }) => query.bucket === 'team')).toBe(true);
  expect(other.url(1)).toContain('bucket=team');
  bus.file({ name: 'reports', previous: 'x', change: 'renamed' });
  bus.file({ name: 'ours', previous: 'reports', change: 'renamed', bucket: 'team' });
  expect(other.name).toBe('ours/a b%.ipynb');
  other.dispose();
});

test('what is too large is not even asked for', async () => {
  const large = makeRevision(1, { kind: 'file', name: 'a.csv', size: 60_000_000 });
  expect(await model.file(large)).toEqual({ form: 'large' });
  expect(server.asked).toEqual([]);
});
