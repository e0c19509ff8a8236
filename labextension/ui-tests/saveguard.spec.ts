import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import { RestContentProvider } from '@jupyterlab/services';
import type { CommandRegistry } from '@lumino/commands';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import { AskedSaves } from '../src/models/askedsaves';
import { areSame, copyPath } from '../src/models/conflict';
import { OpenedDocuments } from '../src/models/opened';
import type { IRefusedSave, SaveOptions } from '../src/models/saveguard';
import { SaveGuard } from '../src/models/saveguard';
import { trans } from './samples';
import type { IAnswer, IAsked } from './server';
import { TestServer } from './server';

const PATH = 'a b/100% √.txt';
const LOOK = { content: false, hash: true };
const READ: Contents.IFetchOptions = { type: 'file', format: 'text', content: true, hash: true };

let server: TestServer;
let documents: OpenedDocuments;
let guard: SaveGuard;
let algorithm: string;
let stored: string;
let refused: IRefusedSave[];
let settle: (refused: IRefusedSave) => Promise<Contents.IModel>;

beforeEach(async () => {
  [algorithm, stored, refused] = ['omega-sha256', 'start', []];
  server = await TestServer.start();
  server.answer = answer;
  documents = new OpenedDocuments();
  settle = () => Promise.reject(new Error('nobody is asked'));
  const serverSettings = server.settings;
  guard = new SaveGuard({
    rest: new RestContentProvider({ apiEndpoint: 'api/contents', serverSettings }),
    documents,
    settle: one => {
      refused.push(one);
      return settle(one);
    },
    trust: path => new OmegaClient(serverSettings, trans).trust(path)
  });
});

afterEach(() => server.stop());

/** What a server answers: the hash of a text is the text. */
function answer({ method, body }: IAsked): IAnswer {
  if (method === 'PUT') {
    const { content, expect: expected } = body as { content: string; expect?: string };
    if (expected !== undefined && expected !== stored) {
      return { status: 409, json: { message: 'not what was opened' } };
    }
    stored = content;
  }
  return { json: modelOf(method === 'GET' ? stored : null) };
}

function modelOf(content: string | null): Contents.IModel {
  return {
    ...{ name: '100% √.txt', path: PATH, type: 'file', writable: true },
    ...{ created: '2026-01-01T00:00:00Z', last_modified: '2026-01-01T00:00:00Z' },
    ...{ mimetype: 'text/plain', format: 'text', content },
    ...{ hash: stored, hash_algorithm: algorithm }
  };
}

/** A document that is open at `PATH`. */
function open(path = PATH): DocumentRegistry.Context {
  const context = { path, localPath: path, contentsModel: null };
  const disposed = new Signal(context);
  const opened = { ...context, disposed } as unknown as DocumentRegistry.Context;
  documents.add({ context: opened, factory: 'Editor', type: 'file', format: 'text' });
  return opened;
}

function text(content: string): SaveOptions {
  return { type: 'file', format: 'text', content };
}

const asked = (): string[] => server.asked.map(({ method }) => method);

test('a save says what it expects, and is the only thing that is asked', async () => {
  open();
  await guard.get(PATH, READ);
  const before = await guard.get(PATH, LOOK);
  expect([before.hash, Date.parse(before.last_modified)]).toEqual([undefined, 0]);
  await guard.save(PATH, text('mine'));
  expect((await guard.get(PATH, LOOK)).hash).toBe('mine');
  expect(asked()).toEqual(['GET', 'PUT']);
  expect(server.last.body).toMatchObject({ content: 'mine', expect: 'start' });
  await guard.save(PATH, text('mine too'));
  expect(server.last.body).toMatchObject({ expect: 'mine' });
});

test('a notebook that is read-only is trusted without being saved', async () => {
  const notebook = (trusted: boolean, name: string, source = '1'): object => ({
    metadata: { kernelspec: { name, display_name: name }, ...{ language_info: { name } } },
    cells: [
      { cell_type: 'markdown', source: ['a\n', 'b'], metadata: {} },
      { cell_type: 'code', source, metadata: { trusted }, outputs: [] }
    ]
  });
  const there = { ...modelOf(null), type: 'notebook', content: notebook(false, 'py') };
  server.answer = ({ method }) =>
    method === 'PUT' ? { status: 403, json: { message: 'read-only' } } : { json: there };
  const contentsModel = { ...there, writable: false };
  const context = { path: PATH, localPath: PATH, contentsModel };
  const opened = { ...context, disposed: new Signal(context) };
  documents.add({
    context: opened as unknown as DocumentRegistry.Context,
    ...{ factory: 'Notebook', type: 'notebook', format: 'json' }
  });
  const save = (content: object): Promise<Contents.IModel> =>
    guard.save(PATH, { type: 'notebook', format: 'json', content });
  await save(notebook(true, 'Python 3 (ipykernel)'));
  expect(asked()).toEqual(['GET', 'POST']);
  expect(server.last.path).toBe(`/base/api/contents/${encodeURI(PATH)}/trust`);
  // What is changed, or trusted in parts, is a save as any other.
  await expect(save(notebook(true, 'py', '2'))).rejects.toThrow();
  await expect(save(notebook(false, 'py'))).rejects.toThrow();
  expect(asked().filter(method => method === 'POST').length).toBe(1);
});

test('what somebody saves between two looks is not replaced', async () => {
  open();
  await guard.get(PATH, READ);
  await guard.get(PATH, LOOK);
  stored = 'theirs';
  settle = () => Promise.resolve({ ...modelOf(null), hash: 'settled' });
  const model = await guard.save(PATH, text('mine'));
  expect([stored, model.hash]).toEqual(['theirs', 'settled']);
  expect(refused.map(({ path, options }) => [path, options.content as unknown])).toEqual([
    [PATH, 'mine']
  ]);
  stored = 'settled';
  await guard.save(PATH, text('mine'));
  expect(server.last.body).toMatchObject({ expect: 'settled' });
});

test('what stays unsettled is asked again by the next save', async () => {
  open();
  await guard.get(PATH, READ);
  stored = 'theirs';
  await expect(guard.save(PATH, text('mine'))).rejects.toThrow('nobody is asked');
  await expect(guard.save(PATH, text('mine'))).rejects.toThrow('nobody is asked');
  expect([refused.length, stored]).toEqual([2, 'theirs']);
});

test('two saves of one document at once are no conflict', async () => {
  open();
  await guard.get(PATH, READ);
  await Promise.all([guard.save(PATH, text('one')), guard.save(PATH, text('two'))]);
  expect([stored, refused]).toEqual(['two', []]);
});

test('while somebody is being asked, nobody is asked the same', async () => {
  open();
  await guard.get(PATH, READ);
  stored = 'theirs';
  const answered = new PromiseDelegate<Contents.IModel>();
  settle = () => answered.promise;
  const saving = guard.save(PATH, text('mine'));
  await expect.poll(() => refused.length).toBe(1);
  await expect(guard.save(PATH, text('mine'))).rejects.toMatchObject({
    name: 'ModalDuplicateError'
  });
  answered.resolve(modelOf(null));
  await saving;
});

test('what a save sent that was not answered is remembered', async () => {
  const context = open();
  await guard.get(PATH, READ);
  await server.stop();
  await expect(guard.save(PATH, text('lost'))).rejects.toThrow();
  expect(documents.all()).toMatchObject([{ context, hash: 'start', unsure: 'lost' }]);
});

test('a document of the disk is saved as JupyterLab does', async () => {
  algorithm = 'sha256';
  open();
  await guard.get(PATH, READ);
  expect((await guard.get(PATH, LOOK)).hash).toBe('start');
  await guard.save(PATH, text('mine'));
  expect(server.last.body).toEqual(text('mine'));
  expect(asked()).toEqual(['GET', 'GET', 'PUT']);
});

test('the same file open as text and as bytes is two documents', async () => {
  open();
  const context = open();
  documents.add({ context, factory: 'Image', type: 'file', format: 'base64' });
  await guard.get(PATH, READ);
  expect(documents.find(PATH, 'file', 'base64')).toBeUndefined();
  expect(documents.find(PATH, 'file', 'text')?.hash).toBe('start');
});

test('notebooks are the same whatever a browser makes of them', () => {
  const cell = { cell_type: 'code', metadata: { trusted: true }, source: 'a\nb', outputs: [] };
  const notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] };
  const completed = { language_info: { name: '' } };
  const other = {
    ...notebook,
    metadata: completed,
    cells: [{ ...cell, metadata: {}, source: ['a\n', 'b'] }]
  };
  expect(areSame(notebook, other)).toBe(true);
  expect(areSame(notebook, { ...other, cells: [] })).toBe(false);
  expect([areSame('a', 'a'), areSame('a', 'b'), areSame('a', null)]).toEqual([true, false, false]);
});

test('a copy has a name of its own', () => {
  expect(copyPath('a.b/c.ipynb', 1)).toBe('a.b/c-Copy1.ipynb');
  expect(copyPath('a.b/Makefile', 2)).toBe('a.b/Makefile-Copy2');
  expect(copyPath('.env', 1)).toBe('.env-Copy1');
});

test('only what a command or a dialog asked for is asked for', async () => {
  const emitter = {} as CommandRegistry;
  const commandExecuted = new Signal<CommandRegistry, CommandRegistry.ICommandExecutedArgs>(
    emitter
  );
  const [here, there] = [open('a'), open('b')];
  let now = 0;
  const saves = new AskedSaves({
    commands: { commandExecuted },
    current: () => here,
    now: () => now
  });
  const done = new PromiseDelegate<void>();
  expect(saves.isFor(here)).toBe(false);
  commandExecuted.emit({ id: 'docmanager:save', args: {}, result: done.promise });
  expect([saves.isFor(here), saves.isFor(there)]).toEqual([true, false]);
  done.resolve();
  await expect.poll(() => saves.isFor(here)).toBe(false);
  saves.answered();
  expect(saves.isFor(there)).toBe(true);
  now = 5000;
  expect(saves.isFor(there)).toBe(false);
});

test('what is typed while a document is read again is kept, and its save asks', async () => {
  const contentChanged = new Signal<object, void>({});
  Object.assign(open(), { model: { contentChanged } });
  await guard.get(PATH, READ);
  const [opened] = documents.at(PATH);
  stored = 'theirs';
  await guard.renew(opened, async isKept => {
    const reading = guard.get(PATH, READ);
    contentChanged.emit();
    expect([(await reading).content, isKept()]).toEqual([null, true]);
  });
  settle = () => Promise.resolve({ ...modelOf(null), hash: 'settled' });
  await guard.save(PATH, text('mine'));
  expect(refused.length).toBe(1);
  await guard.renew(opened, async isKept => {
    expect([(await guard.get(PATH, READ)).content, isKept()]).toEqual(['theirs', false]);
  });
});
