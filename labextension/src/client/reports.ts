import type { Connection, IListing } from './connection';
import type { Target } from './targets';

export type Access = 'anyone' | 'signed-in';

/** A published job. `url` starts with the server's base URL, or is absolute. */
export interface IReport {
  name: string;
  job: string;
  job_path: string | null;
  run: string;
  created: string;
  modified: string;
  access: Access;
  hide_code: boolean;
  live: boolean;
  url: string;
}

/** What its author chooses about a report. */
export interface IReportOptions {
  access: Access;
  hide_code: boolean;
  live: boolean;
}

export class ReportsClient {
  constructor(private readonly _connection: Connection) {}

  list(query: { path?: string } = {}): Promise<IListing<IReport>> {
    return this._connection.request('GET', ['reports'], query);
  }

  publish(target: Target, options: IReportOptions): Promise<IReport> {
    return this._connection.request('POST', ['reports'], {}, { ...target, ...options });
  }

  async unpublish(name: string): Promise<void> {
    await this._connection.request<void>('DELETE', ['reports', name]);
  }
}

/** Where people who are signed in find it live; null when it is not published so. */
export function liveLinkOf(report: IReport): string | null {
  const url = report.url.replace('/omega/reports/', '/omega/live/');
  return report.live ? new URL(url, window.location.origin).href : null;
}

/** The link to send to somebody. */
export function linkOf(report: IReport): string {
  return new URL(report.url, window.location.origin).href;
}

/** Whether a link leads to the machine that it is opened on, whichever that is. */
export function isOfThisMachine(link: string): boolean {
  const { hostname } = new URL(link);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
