import { ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import { ApiError, messageOf } from '../src/client/connection';
import { isResumable } from '../src/client/runs';
import { makeRun, trans } from './samples';
import { TestServer } from './server';

let server: TestServer;
let client: OmegaClient;

beforeEach(async () => {
  server = await TestServer.start();
  client = new OmegaClient(server.settings, trans);
});

afterEach(() => server.stop());

test('runs are listed by notebook and status', async () => {
  server.answer = () => ({ json: { items: [makeRun('a')], total: 7 } });
  const page = await client.runs.list({ path: 'repo/a b.ipynb', status: 'failed', limit: 3 });
  expect(page.total).toBe(7);
  expect(page.items[0].id).toBe('a');
  expect(server.last).toMatchObject({
    method: 'GET',
    path: '/base/omega/api/runs',
    query: { path: 'repo/a b.ipynb', status: 'failed', limit: '3' }
  });
});

test('a run is started with parameters and the choices of its report', async () => {
  server.answer = () => ({ status: 201, json: makeRun('a') });
  const report = { access: 'signed-in', hide_code: true, live: false } as const;
  const limits = { timeout: '10 min' };
  await client.runs.start(
    { path: 'x.ipynb' },
    { carrier: 'UA' },
    { publish: report, limits, label: 'gpu' }
  );
  expect(server.last.body).toEqual({
    path: 'x.ipynb',
    parameters: { carrier: 'UA' },
    publish: report,
    limits: { timeout: '10 min' },
    label: 'gpu'
  });
});

test('running again keeps the parameters unless others are given', async () => {
  server.answer = () => ({ status: 201, json: makeRun('b') });
  await client.runs.rerun('a');
  expect(server.last).toMatchObject({ path: '/base/omega/api/runs/a/rerun', body: {} });
  await client.runs.rerun('a', { month: 2 });
  expect(server.last.body).toEqual({ parameters: { month: 2 } });
});

test('a run is resumed as long as its kernel is kept, by one only', async () => {
  server.answer = () => ({ status: 201, json: makeRun('b') });
  await client.runs.resume('a');
  expect(server.last).toMatchObject({ path: '/base/omega/api/runs/a/resume', body: {} });
  const run = makeRun('a', 0, { status: 'failed', kept_until: '2026-01-01T00:10:00+00:00' });
  const now = Date.parse('2026-01-01T00:09:00+00:00');
  expect(isResumable(run, now)).toBe(true);
  expect(isResumable(run, now + 60_000)).toBe(false);
  expect(isResumable({ ...run, resumed_by: 'b' }, now)).toBe(false);
  expect(isResumable({ ...run, kept_until: null }, now)).toBe(false);
});

test('names are data: every character reaches the server as it is', async () => {
  server.answer = () => ({ status: 204 });
  await client.objects.drop('jobs', 'a b/ü?#%/100%.ipynb', true);
  expect(decodeURIComponent(server.last.path)).toBe(
    '/base/omega/api/objects/jobs/a b/ü?#%/100%.ipynb'
  );
  expect(server.last.query).toMatchObject({ recursive: '1' });
});

test('a refusal carries the words, the type and the status of the server', async () => {
  server.answer = () => ({
    status: 409,
    json: { message: 'x is at revision 3', type: 'ConflictError' }
  });
  const refused = client.runs.get('x');
  await expect(refused).rejects.toBeInstanceOf(ApiError);
  await expect(refused).rejects.toMatchObject({
    message: 'x is at revision 3',
    type: 'ConflictError',
    status: 409
  });
});

test('a refusal that is no JSON is told by its status', async () => {
  server.answer = () => ({ status: 502, text: '<html>' });
  await expect(client.status.get()).rejects.toThrow('502 Bad Gateway');
});

test("that the server is away is told in the reader's words, not in those of the browser", async () => {
  const translated = { ...trans, __: (text: string) => `(${text})` };
  const away = new OmegaClient(server.settings, translated);
  await server.stop();
  const error = await away.status.get().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ServerConnection.NetworkError);
  expect(messageOf(error)).toBe('(The Jupyter server is not reached.)');
  expect(messageOf(new TypeError('a bug'))).toBe('a bug');
  server = await TestServer.start();
});
