import type { Connection } from './connection';

/** A process that performs runs. */
export interface IWorker {
  id: string;
  host: string;
  pid: number;
  label: string;
  concurrency: number;
  started_at: string;
  heartbeat_at: string;
  busy: number;
  /** Whether it installs what notebooks require; null, as below, when it does not tell. */
  environments: 'install' | 'refuse' | null;
  kernels: string[] | null;
}

export type BucketAccess = 'read' | 'write';

/** What of the services runs, and how it feels. */
export interface IStatus {
  version: string;
  /** Whose is what is saved through this server. */
  owner?: string;
  /** Where Jupyter's contents show the user's bucket, null if nowhere. */
  mount: string | null;
  /** The folders of Jupyter's root that show something else. */
  beside: string[];
  /** Other buckets, each in the folder of its name, and what may be done there. */
  buckets: Record<string, BucketAccess>;
  /** Sentences about what these folders hide. */
  hidden?: string[];
  repository: { address: string; bucket: string };
  broker: { address: string; healthy: boolean; message: string };
  workers: IWorker[];
  /** The process that makes what is due, null when none is alive. */
  scheduler: { id: string; host: string; pid: number } | null;
}

export class StatusClient {
  constructor(private readonly _connection: Connection) {}

  get(): Promise<IStatus> {
    return this._connection.request('GET', ['status']);
  }
}
