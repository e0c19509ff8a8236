import type { Contents } from '@jupyterlab/services';
import { ContentsManager, Drive, ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { IMove } from '../src/models/fileguard';
import { FileGuard } from '../src/models/fileguard';
import { TestServer } from './server';

/** The steps of JupyterLab's document manager, which needs a browser. */
class Documents {
  constructor(private readonly _contents: Contents.IManager) {}

  rename(from: string, to: string): Promise<Contents.IModel> {
    return this._contents.rename(from, to);
  }

  deleteFile(path: string): Promise<void> {
    return this._contents.delete(path);
  }

  async overwrite(from: string, to: string): Promise<Contents.IModel> {
    await this.rename(from, `${to}.tmp`);
    await this.deleteFile(to);
    return this.rename(`${to}.tmp`, to);
  }
}

let server: TestServer;
let contents: ContentsManager;
let documents: Documents;
let files: Map<string, string>;
let asked: string[];
let goes: (question: string) => boolean;

beforeEach(async () => {
  files = new Map([
    ['plan', 'here'],
    ['disk/plan', 'there']
  ]);
  [asked, goes] = [[], () => true];
  server = await TestServer.start();
  server.answer = ({ method, path, body }) => {
    const name = path.replace('/base/api/contents/', '');
    const unread = { mimetype: null, content: null, format: null };
    const times = { created: '2026-01-01T00:00:00Z', last_modified: '2026-01-01T00:00:00Z' };
    const [text, to] = [files.get(name), (body as { path?: string } | undefined)?.path ?? name];
    if (text === undefined) {
      return { status: 404, json: { message: `no ${name}` } };
    }
    if (method !== 'GET') {
      if (method === 'PATCH' && files.has(to)) {
        return { status: 409, json: { message: 'taken' } };
      }
      files.delete(name);
      if (method === 'DELETE') {
        return { status: 204 };
      }
      files.set(to, text);
    }
    return { json: { path: to, name: to, type: 'file', writable: true, ...times, ...unread } };
  };
  const serverSettings = server.settings;
  contents = new ContentsManager({ serverSettings, defaultDrive: new Drive({ serverSettings }) });
  documents = new Documents(contents);
  const ask = (question: string): Promise<boolean> => {
    asked.push(question);
    return Promise.resolve(goes(question));
  };
  new FileGuard(documents, contents, {
    mayMove: all => ask(all.map(({ from, to }) => `${from} to ${to}`).join(', ')),
    mayDelete: all => ask(`drop ${all.join(', ')}`),
    mayReplace: path => ask(`replace ${path}`),
    stays: ({ from }: IMove) =>
      new ServerConnection.ResponseError(new Response(null, { status: 400 }), `${from} stays`)
  });
});

afterEach(() => server.stop());

const untouched = [
  ['plan', 'here'],
  ['disk/plan', 'there']
];

test('an overwrite is asked about once, though it takes three steps', async () => {
  await expect(documents.rename('plan', 'disk/plan')).rejects.toThrow('taken');
  expect((await documents.overwrite('plan', 'disk/plan')).path).toBe('disk/plan');
  expect(asked).toEqual(['plan to disk/plan', 'replace disk/plan']);
  expect([...files]).toEqual([['disk/plan', 'here']]);
});

test.each(['plan to disk/plan', 'replace disk/plan'])(
  'an overwrite that is declined touches nothing: %s',
  async declined => {
    goes = question => question !== declined;
    expect((await documents.overwrite('plan', 'disk/plan')).path).toBe('plan');
    expect(asked[asked.length - 1]).toBe(declined);
    expect([...files]).toEqual(untouched);
  }
);

test('what was agreed to is asked again at the next time', async () => {
  await expect(documents.rename('plan', 'disk/plan')).rejects.toThrow('taken');
  await documents.overwrite('plan', 'disk/plan');
  files.set('plan', 'anew');
  goes = () => false;
  await documents.overwrite('plan', 'disk/plan');
  expect([...files]).toEqual([
    ['disk/plan', 'here'],
    ['plan', 'anew']
  ]);
});

test('who moves something on their own is told that it stays', async () => {
  goes = () => false;
  const refused: unknown = await contents.rename('plan', 'disk/other').catch((e: unknown) => e);
  expect(refused).toBeInstanceOf(ServerConnection.ResponseError);
  expect(String(refused)).toContain('plan stays');
  // JupyterLab's own overwriting stops at the first step.
  await expect(contents.overwrite('plan', 'disk/plan')).rejects.toThrow('plan stays');
  expect([...files]).toEqual(untouched);
});

test('the document manager answers with where it still is, for that is no error', async () => {
  goes = () => false;
  expect((await documents.rename('plan', 'disk/other')).path).toBe('plan');
  await documents.deleteFile('disk/plan');
  expect([...files]).toEqual(untouched);
});

test('what is moved together is one question', async () => {
  await Promise.all(['plan', 'disk/plan'].map(path => documents.rename(path, `${path}2`)));
  expect(asked).toEqual(['plan to plan2, disk/plan to disk/plan2']);
  await documents.deleteFile('plan2');
  expect([...files.keys()]).toEqual(['disk/plan2']);
});
