import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents, IContentProvider } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Elsewhere } from '../src/models/elsewhere';
import type { IOpened } from '../src/models/opened';
import { HASH_ALGORITHM, OpenedDocuments } from '../src/models/opened';
import { Bus, until } from './samples';

const PATH = 'team/a %+[1]{2}$.md';

let bus: Bus;
let documents: OpenedDocuments;
let elsewhere: Elsewhere;
let saving: Promise<void>;
let told: Contents.IChangedArgs[];
let renewed: string[];
let gone: string[];
let followed: string[];
let looked: string[];
let there: boolean;
let stored: string;

beforeEach(() => {
  bus = new Bus();
  documents = new OpenedDocuments();
  [told, renewed, gone, followed, looked] = [[], [], [], [], []];
  [there, stored, saving] = [false, 'new', Promise.resolve()];
  const fileChanged: Signal<IContentProvider, Contents.IChangedArgs> = new Signal({} as never);
  fileChanged.connect((_, change) => void told.push(change));
  elsewhere = new Elsewhere({
    feed: bus.feed,
    documents,
    guard: { fileChanged, settled: () => saving },
    rest: {
      get: () =>
        there
          ? Promise.resolve({ hash: stored } as Contents.IModel)
          : Promise.reject(new ServerConnection.ResponseError(new Response('', { status: 404 })))
    },
    changed: folder => void looked.push(folder),
    renamed: (old, now) => void followed.push(`${old} → ${now}`),
    dropped: path => void followed.push(path),
    reload: opened => {
      renewed.push(opened.context.path);
      return Promise.resolve();
    },
    gone: opened => void gone.push(opened.context.path)
  });
});

afterEach(() => elsewhere.dispose());

interface IState {
  dirty?: boolean;
  status?: string;
}

function open(path: string, hash: string, { dirty = false, status }: IState = {}): IOpened {
  const context = {
    path,
    isDisposed: false,
    model: { dirty },
    sessionContext: { session: { kernel: { status } } },
    disposed: new Signal({}),
    contentsModel: { hash, hash_algorithm: HASH_ALGORITHM }
  } as unknown as DocumentRegistry.Context;
  documents.add({ context, factory: 'Editor', type: 'file', format: 'text' });
  return documents.all()[documents.all().length - 1];
}

const wait = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 50));

test('the file browser is told once of what happens in a folder at a time', async () => {
  for (let index = 0; index < 20; index++) {
    bus.file({ path: `team/in/${index}` });
  }
  bus.file({ path: 'top' });
  bus.file({ path: 'team/in/x', change: 'annotated' });
  bus.file({ path: null, name: 'shown nowhere' });
  await until(() => looked.length > 0);
  expect(looked).toEqual(['team/in', '']);
});

test('a document shows what was saved elsewhere, unless it is worked on', async () => {
  there = true;
  open(PATH, 'old');
  open('team/mine.md', 'old', { dirty: true });
  open('team/busy.ipynb', 'old', { status: 'busy' });
  for (const path of [PATH, 'team/mine.md', 'team/busy.ipynb']) {
    bus.file({ path, hash: 'new' });
  }
  await wait();
  expect(renewed).toEqual([PATH]);
});

test('what this window saves is not read again', async () => {
  const opened = open(PATH, 'old');
  const saved = new PromiseDelegate<void>();
  saving = saved.promise;
  bus.file({ path: PATH, hash: 'mine' });
  await wait();
  opened.hash = 'mine';
  saved.resolve();
  await wait();
  expect(renewed).toEqual([]);
});

test('what is told late, of a state that this window has replaced, is not read again', async () => {
  [there, stored] = [true, 'second'];
  open(PATH, 'second');
  bus.file({ path: PATH, hash: 'first' });
  bus.file({ path: PATH, hash: null });
  await wait();
  expect(renewed).toEqual([]);
});

test('documents go along when a folder of any name is renamed', () => {
  open('team/a (1)/b.md', 'x');
  open('team/a (1)b.md', 'x');
  bus.file({ change: 'renamed', path: 'team/c[', previous_path: 'team/a (1)' });
  expect(told).toEqual([
    {
      type: 'rename',
      oldValue: { path: 'team/a (1)/b.md' },
      newValue: { path: 'team/c[/b.md', name: 'b.md' }
    }
  ]);
  bus.file({ change: 'dropped', path: 'team/c[' });
  expect(followed).toEqual(['team/a (1) → team/c[', 'team/c[']);
});

test('what was deleted is told of where it is open, unless it is there again', async () => {
  open('team/in/a.md', 'x');
  open('team/other.md', 'x');
  bus.file({ change: 'dropped', path: 'team/in' });
  await until(() => gone.length > 0, 3000);
  expect(gone).toEqual(['team/in/a.md']);
  there = true;
  bus.file({ change: 'dropped', path: 'team/other.md' });
  await new Promise(resolve => setTimeout(resolve, 1200));
  expect(gone.length).toBe(1);
});

test('what is to be done about a document that is closed is not done, nor kept', async () => {
  const opened = open(PATH, 'old');
  const saved = new PromiseDelegate<void>();
  saving = saved.promise;
  bus.file({ path: PATH, hash: 'one' });
  bus.file({ path: PATH, hash: 'two' });
  saved.resolve();
  await wait(); // it is to be looked at again in a while
  const looks = vi.fn();
  saving = { then: looks } as never;
  (opened.context.disposed as Signal<object, void>).emit();
  await new Promise(resolve => setTimeout(resolve, 1200));
  expect(looks).not.toHaveBeenCalled();
});
