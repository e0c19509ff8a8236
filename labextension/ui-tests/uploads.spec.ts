import type { Contents } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import { UploadMarks } from '../src/models/uploads';

interface ISent {
  path: string;
  chunk?: number;
  upload?: string;
}

/** A drive that notes what is saved, and fails on command. */
class NotingDrive {
  readonly sent: ISent[] = [];
  fails = false;

  save = (path: string, options: Partial<Contents.IModel> = {}): Promise<Contents.IModel> => {
    this.sent.push({ path, ...options });
    return this.fails
      ? Promise.reject(new Error('no'))
      : Promise.resolve({ path } as Contents.IModel);
  };

  /** Save as JupyterLab does a piece. */
  async piece(path: string, chunk: number): Promise<string | undefined> {
    await this.save(path, { chunk });
    return this.sent[this.sent.length - 1].upload;
  }
}

function marked(): { drive: NotingDrive; clock: { now: number } } {
  const drive = new NotingDrive();
  const clock = { now: 0 };
  let count = 0;
  new UploadMarks({
    newMark: () => `mark ${++count}`,
    refusal: path => `${path} is being uploaded`,
    now: () => clock.now
  }).mark(drive);
  return { drive, clock };
}

describe('UploadMarks', () => {
  it('gives the pieces of each upload a mark of its own', async () => {
    const { drive } = marked();
    const first = await drive.piece('a.bin', 1);
    const other = await drive.piece('b.bin', 1);
    expect(first).toBeTruthy();
    expect(other).not.toBe(first);
    expect(await drive.piece('a.bin', 2)).toBe(first);
    expect(await drive.piece('a.bin', -1)).toBe(first);
    expect(await drive.piece('a.bin', 1)).not.toBe(first);
    expect(await drive.piece('b.bin', -1)).toBe(other);
  });

  it('leaves what is saved whole as it is', async () => {
    const { drive } = marked();
    await drive.save('a.ipynb', { content: 'x' });
    expect(drive.sent).toEqual([{ path: 'a.ipynb', content: 'x' }]);
  });

  it('refuses a second upload to a path in one tab until the first has ended', async () => {
    const { drive, clock } = marked();
    await drive.piece('a.bin', 1);
    await expect(drive.piece('a.bin', 1)).rejects.toThrow('a.bin is being uploaded');
    expect(drive.sent.length).toBe(1);
    clock.now += 60_000; // it was given up
    await drive.piece('a.bin', 1);
    drive.fails = true;
    await expect(drive.piece('a.bin', 2)).rejects.toThrow('no');
    drive.fails = false;
    await drive.piece('a.bin', 1); // what failed has ended
    expect(drive.sent.length).toBe(4);
  });
});
