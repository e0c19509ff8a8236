import { afterEach, beforeEach, expect, test } from 'vitest';

import { OmegaClient } from '../src/client';
import type { ISchedule } from '../src/client/schedules';
import { ParametersForm } from '../src/models/form';
import { ScheduleForm } from '../src/models/scheduleform';
import { knownZone, ownZone, ZONES } from '../src/models/zones';
import { formatInZone, formatUntil } from '../src/views/format';
import { makeSchedule, trans, until } from './samples';
import { TestServer } from './server';

const PARAMETERS = [
  { name: 'carrier', type: 'str', default: 'UA', help: '' },
  { name: 'month', type: 'int', default: 1, help: '' }
] as const;

let server: TestServer;
let form: ScheduleForm;

beforeEach(async () => {
  server = await TestServer.start();
  server.answer = ({ body }) => {
    const { when } = body as { when: string };
    return when.includes('dayly')
      ? { status: 400, json: { message: 'did you mean daily?', type: 'InvalidScheduleError' } }
      : { json: { cron: '0 6 * * *', words: `it is ${when}`, times: [] } };
  };
  form = formOf();
});

afterEach(async () => {
  form.dispose();
  await server.stop();
});

function formOf(schedule?: ISchedule): ScheduleForm {
  return new ScheduleForm({
    client: new OmegaClient(server.settings, trans).schedules,
    trans,
    parameters: new ParametersForm(PARAMETERS, trans, schedule?.parameters),
    schedule
  });
}

test('a new one begins with nothing said, in the zone of the browser', () => {
  expect(form.blocked).toBe(true);
  expect(form.problem).toBeNull();
  expect(form.settings).toEqual({
    when: '',
    timezone: ownZone(),
    starts_at: null,
    ends_at: null,
    label: null,
    overlap: 'skip',
    misfire: 'run once',
    publish: false,
    limits: {},
    pinned: '',
    jitter: '',
    keep: null,
    experiment: '',
    parameters: {}
  });
});

test('what was typed is asked about once typing pauses', async () => {
  for (const when of ['d', 'da', 'daily at 6:00']) {
    form.choose({ when, timezone: 'Asia/Tokyo' });
  }
  expect([form.checking, form.blocked]).toEqual([true, false]);
  await until(() => form.preview !== null);
  expect(form.preview?.words).toBe('it is daily at 6:00');
  expect(server.asked).toMatchObject([
    {
      method: 'POST',
      path: '/base/omega/api/schedules/preview',
      body: { when: 'daily at 6:00', timezone: 'Asia/Tokyo' }
    }
  ]);
});

test('what is not understood is told in the words of the server, and blocks', async () => {
  form.choose({ when: 'dayly' });
  await until(() => form.problem !== null);
  expect(form.problem).toBe('did you mean daily?');
  expect([form.blocked, form.preview]).toEqual([true, null]);
  expect(await form.check()).toBe(false);
  form.choose({ when: 'daily at 6:00' });
  expect(form.problem).toBeNull();
  expect(await form.check()).toBe(true);
});

test('submitting asks at once, and does not wait for a pause', async () => {
  form.choose({ when: 'dayly' });
  expect(await form.check()).toBe(false);
  expect(form.problem).toBe('did you mean daily?');
});

test('an answer about what was typed before is not shown', async () => {
  let answered = (): void => undefined;
  const held = new Promise<void>(resolve => (answered = resolve));
  const answer = server.answer;
  server.answer = async asked => {
    if ((asked.body as { when: string }).when === 'slow') {
      await held;
    }
    return answer(asked);
  };
  form.choose({ when: 'slow' });
  const slow = form.check();
  form.choose({ when: 'quick' });
  expect(await form.check()).toBe(true);
  answered();
  expect(await slow).toBe(true);
  expect(form.preview?.words).toBe('it is quick');
});

test('that the server is away is no fault of the words', async () => {
  server.answer = () => ({ status: 503, json: { message: 'away', type: 'X' } });
  form.choose({ when: 'daily at 6:00' });
  await form.check();
  expect([form.problem, form.refusal, form.blocked]).toEqual([null, 'away', false]);
});

test('a time zone that is none blocks, and nobody is asked', async () => {
  form.choose({ when: 'daily at 6:00', timezone: 'Mars/Olympus' });
  expect(form.zoneProblem).toMatch(/\w/);
  expect(await form.check()).toBe(false);
  expect(server.asked).toEqual([]);
  form.choose({ timezone: ' europe/zurich ' });
  expect(form.settings.timezone).toBe('Europe/Zurich');
  expect(await form.check()).toBe(true);
});

test('a parameter that is wrong blocks', () => {
  form.choose({ when: 'daily at 6:00' });
  let told = 0;
  form.changed.connect(() => (told += 1));
  form.parameters?.set('month', 'x');
  expect([form.blocked, told]).toEqual([true, 1]);
  form.parameters?.set('month', '2');
  expect([form.blocked, form.settings.parameters]).toEqual([false, { month: 2 }]);
});

test('editing begins with what there is, and is checked at once', async () => {
  form.dispose();
  const old = makeSchedule('a', {
    parameters: { month: 7 },
    label: 'gpu',
    overlap: 'replace',
    misfire: 'skip',
    publish: true,
    publish_options: { access: 'signed-in' },
    limits: {
      retries: 2,
      retry_wait: 90,
      timeout: 5400,
      cell_timeout: 7200,
      memory: 2e9,
      keep_kernel: 600,
      priority: 9
    },
    pinned: '3',
    jitter: 300,
    keep: 5,
    experiment: 'weekly',
    ends_at: '2026-02-01T00:00:00+00:00'
  });
  form = formOf(old);
  expect(form.settings).toEqual({
    when: 'daily at 6:00',
    timezone: 'Europe/Zurich',
    starts_at: null,
    ends_at: '2026-02-01T00:00:00+00:00',
    label: 'gpu',
    overlap: 'replace',
    misfire: 'skip',
    publish: { access: 'signed-in' },
    limits: {
      retries: '2',
      retry_wait: '90 s',
      timeout: '90 min',
      cell_timeout: '2 h',
      memory: '2 GB',
      keep_kernel: '10 min',
      priority: '9'
    },
    pinned: '3',
    jitter: '5 min',
    keep: 5,
    experiment: 'weekly',
    parameters: { month: 7 }
  });
  await until(() => form.preview !== null);
  expect(server.last.body).toMatchObject({ ends_at: '2026-02-01T00:00:00+00:00' });
});

test('what to keep is a number or nothing', () => {
  form.choose({ when: 'daily at 6:00' });
  for (const keep of ['0', '-1', '1.5', 'many']) {
    form.choose({ keep });
    expect([form.blocked, form.keepProblem]).toEqual([true, expect.stringMatching(/\w/)]);
  }
  form.choose({ keep: ' 4 ' });
  expect([form.blocked, form.keepProblem, form.settings.keep]).toEqual([false, null, 4]);
  form.choose({ keep: '' });
  expect(form.settings.keep).toBe(null);
});

test('parameters that cannot be asked for are not sent', () => {
  const client = new OmegaClient(server.settings, trans).schedules;
  const bare = new ScheduleForm({ client, trans, parameters: null });
  expect(bare.settings).not.toHaveProperty('parameters');
  bare.dispose();
});

test('what was refused is shown until something changes', () => {
  form.refuse('no');
  expect(form.refusal).toBe('no');
  form.choose({ publish: true });
  expect(form.refusal).toBeNull();
});

test('time zones are known by their names, old ones too', () => {
  expect(ZONES).toContain('Europe/Zurich');
  expect(ZONES[0]).toBe('UTC');
  expect(knownZone('america/new york')).toBe('America/New_York');
  expect(knownZone('utc')).toBe('UTC');
  expect(knownZone('Asia/Calcutta')).not.toBeNull();
  expect(knownZone('')).toBeNull();
});

test('a time to come is told in a unit that does not hide much', () => {
  const at = (seconds: number): string =>
    formatUntil(new Date(seconds * 1000).toISOString(), 0, trans);
  expect([-5, 0, 0.5].map(at)).toEqual(['now', 'now', 'now']);
  expect(at(59)).toMatch(/59\s*s/);
  expect(at(119)).toMatch(/\b119\s*s/);
  expect(at(3 * 60 + 59)).toMatch(/\b3\s*m/);
  expect(at(105 * 60)).toMatch(/\b105\s*m/);
  expect(at(3 * 3600 - 1)).toMatch(/\b2\s*h/);
  expect(at(47 * 3600)).toMatch(/\b47\s*h/);
  expect(at(59 * 86_400)).toMatch(/\b59\s*d/);
  expect(at(100 * 86_400)).toMatch(/\b3\s*mo/);
  expect(at(1500 * 86_400)).toMatch(/\b4\s*y/);
});

test('a time is told as the clocks of its zone show it', () => {
  const now = Date.UTC(2026, 0, 1);
  const winter = formatInZone('2026-01-02T05:00:00+00:00', 'Europe/Zurich', now);
  expect(winter).toMatch(/Fri.*Jan.*2.*6:00/);
  expect(winter).not.toContain('2026');
  expect(formatInZone('2028-07-01T05:00:00Z', 'Europe/Zurich', now)).toMatch(/2028.*7:00/);
  expect(formatInZone('2026-01-02T05:00:00Z', 'Mars/Olympus', now)).toMatch(/Jan/);
});

test('when it begins and ends is told in its time zone, and kept to the second', async () => {
  form.dispose();
  const starts_at = '2026-03-01T05:00:42+00:00';
  form = formOf(makeSchedule('a', { starts_at, timezone: 'Europe/Zurich' }));
  await until(() => form.preview !== null);
  expect([form.choices.starts, form.choices.ends]).toEqual(['2026-03-01T06:00', '']);
  expect(server.last.body).toMatchObject({ starts_at, ends_at: null });
  form.choose({ ends: '2026-04-01T00:00' });
  expect(await form.check()).toBe(true);
  expect(server.last.body).toMatchObject({ starts_at, ends_at: '2026-04-01T00:00' });
  // The same words on other clocks are another time.
  form.choose({ timezone: 'Asia/Tokyo' });
  expect(form.settings.starts_at).toBe('2026-03-01T06:00');
  form.choose({ starts: '' });
  expect(form.settings.starts_at).toBeNull();
});
