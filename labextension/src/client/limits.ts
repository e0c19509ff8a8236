/** What a run may take: numbers of attempts, of seconds, and of bytes; null where it is free. */
export interface ILimits {
  retries: number | null;
  retry_wait: number | null;
  timeout: number | null;
  cell_timeout: number | null;
  memory: number | null;
  /** Seconds that the kernel is kept of a run in which a cell failed. */
  keep_kernel: number | null;
  /** 0 to 9; those with more go first. */
  priority: number | null;
}

export type LimitName = keyof ILimits;

/** Limits as they are asked for: the server reads texts such as `10 min` and `2 GB`. */
export type AskedLimits = Partial<Record<LimitName, string | number>>;

/** What an attempt has used; memory in bytes. */
export interface IUsage {
  cpu_seconds: number;
  memory_peak: number;
}

/** An attempt that was followed by another one. */
export interface IAttempt {
  number: number;
  status: 'failed' | 'lost';
  started_at: string | null;
  ended_at: string | null;
  error: { name: string; message: string } | null;
  usage: IUsage | null;
}
