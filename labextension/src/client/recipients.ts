import type { Connection, IListing } from './connection';

/** On what somebody is told; `never` lets what a wider rule says not count. */
export type Occasion = 'failure' | 'success' | 'change' | 'end' | 'never';

/** Somebody who is told of runs: of a job, of a schedule, or of all. */
export interface IRecipient {
  id: string;
  channel: string;
  /** Without what is secret in it. */
  address: string;
  on: Occasion;
  job: string | null;
  schedule: string | null;
}

/** Whose runs somebody is told of. */
export type Told = { path: string } | { job: string } | { schedule: string };

export class RecipientsClient {
  constructor(private readonly _connection: Connection) {}

  list(of: Told): Promise<IListing<IRecipient>> {
    return this._connection.request('GET', ['recipients'], { ...of });
  }

  /** Let somebody be told, as `ann@example.org` or `lab:ann`; who is told already, on this. */
  add(to: string, on: Occasion, of: Told): Promise<IRecipient> {
    return this._connection.request('POST', ['recipients'], {}, { to, on, ...of });
  }

  /** Fail where an address is one that `add` refuses; nothing is kept. */
  check(to: string, on: Occasion): Promise<void> {
    return this._connection.request('POST', ['recipients'], {}, { to, on, check: true });
  }

  drop(id: string): Promise<void> {
    return this._connection.request('DELETE', ['recipients', id]);
  }
}
