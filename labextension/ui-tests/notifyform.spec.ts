import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import { ApiError } from '../src/client/connection';
import type { RecipientsClient } from '../src/client/recipients';
import { NotifyForm } from '../src/models/notifyform';
import { trans } from './samples';
import { TestServer } from './server';

let server: TestServer;
let client: RecipientsClient;

beforeEach(async () => {
  server = await TestServer.start();
  client = new OmegaClient(server.settings, trans).recipients;
});

afterEach(() => server.stop());

const ann = {
  id: 'r1',
  channel: 'lab',
  address: 'ann',
  on: 'end',
  job: 'a.ipynb',
  schedule: null
};

test('who is told is shown, added to and taken away', async () => {
  server.answer = () => ({ json: { items: [ann], total: 1 } });
  const form = await NotifyForm.of(client, { path: 'a.ipynb' });
  expect(server.last.query).toMatchObject({ path: 'a.ipynb' });
  expect(form?.known.map(({ address }) => address)).toEqual(['ann']);
  expect(form?.idle).toBe(true);
  form?.drop('r1');
  form?.set(' bob@example.org ');
  form?.choose('change');
  expect([form?.known, form?.idle]).toEqual([[], false]);
  // Somebody else has taken it away already.
  server.answer = ({ method }) =>
    method === 'DELETE' ? { status: 404, json: { message: 'gone' } } : { json: {} };
  await form?.apply({ schedule: 's' });
  expect(server.asked.slice(1).map(({ method, path }) => [method, path])).toEqual([
    ['DELETE', '/base/omega/api/recipients/r1'],
    ['POST', '/base/omega/api/recipients']
  ]);
  expect(server.last.body).toEqual({ to: 'bob@example.org', on: 'change', schedule: 's' });
});

test('a wrong address is refused in the words of the server', async () => {
  const form = new NotifyForm(client);
  form.set('nowhere');
  server.answer = () => ({ status: 400, json: { message: 'no channel', type: 'Invalid' } });
  await expect(form.apply({ job: 'a' })).rejects.toThrow('no channel');
  await expect(form.apply({ job: 'a' })).rejects.toBeInstanceOf(ApiError);
});

test('a wrong address is marked before anything is asked for, until it is typed anew', async () => {
  const form = new NotifyForm(client);
  await form.check();
  expect(server.asked).toEqual([]); // nobody is to be told
  form.set(' nowhere ');
  server.answer = () => ({ status: 400, json: { message: 'no channel', type: 'Invalid' } });
  await expect(form.check()).rejects.toThrow('no channel');
  expect(server.last.body).toEqual({ to: 'nowhere', on: 'failure', check: true });
  expect(form.refused).toBe('no channel');
  form.set('ann@example.org');
  expect(form.refused).toBeNull();
  server.answer = () => ({ status: 204 });
  await form.check();
  expect(form.refused).toBeNull();
});

test('where nobody may know who is told, the form does without', async () => {
  server.answer = () => ({ status: 403, json: { message: 'no' } });
  expect(await NotifyForm.of(client, { path: 'a.ipynb' })).toBeNull();
});
