import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

/** The server understood, and refused: its words, the error's type and the HTTP status. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly type: string,
    readonly status: number
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** One page of a listing, and how many entries there are in all. */
export interface IListing<T> {
  items: T[];
  total: number;
}

/** What may stand in a query string; undefined is left out. */
export type Query = Record<string, string | number | boolean | undefined>;

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The way to Omega's REST API on this server, signed in as Jupyter is. */
export class Connection {
  constructor(
    readonly settings: ServerConnection.ISettings,
    private readonly _trans: TranslationBundle
  ) {}

  /** Milliseconds that the server's clock is ahead of ours, as its last answer told. */
  get skew(): number {
    return this._skew;
  }

  /**
   * Ask, and return the answer's JSON.
   *
   * @throws ApiError when the server refuses, ServerConnection.NetworkError when it is away.
   */
  async request<T>(method: Method, path: string[], query: Query = {}, body?: object): Promise<T> {
    const init: RequestInit = { method };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
    }
    const response = await this._ask(path, query, init);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** Ask for what is no JSON; it refuses as `request` does. */
  async bytes(path: string[], query: Query = {}): Promise<ArrayBuffer> {
    return (await this._ask(path, query, { method: 'GET' })).arrayBuffer();
  }

  /** Where something is, for the browser to fetch it by itself. */
  url(path: string[], query: Query = {}): string {
    const parts = path.map(part => part.split('/').map(encodeURIComponent).join('/'));
    const url = URLExt.join(this.settings.baseUrl, 'omega/api', ...parts);
    return url + queryString(query);
  }

  /** Let Jupyter's own API keep that the user of this server trusts the notebook at a path. */
  async trust(path: string): Promise<void> {
    const { baseUrl } = this.settings;
    const url = URLExt.join(baseUrl, 'api/contents', URLExt.encodeParts(path), 'trust');
    await this._send(url, { method: 'POST' });
  }

  private _ask(path: string[], query: Query, init: RequestInit): Promise<Response> {
    return this._send(this.url(path, query), init);
  }

  private async _send(url: string, init: RequestInit): Promise<Response> {
    const response = await this._reach(url, init);
    this._readClock(response);
    if (!response.ok) {
      throw await refusal(response);
    }
    return response;
  }

  private async _reach(url: string, init: RequestInit): Promise<Response> {
    try {
      return await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      if (error instanceof ServerConnection.NetworkError) {
        // Browsers say "Failed to fetch", each its own.
        error.message = this._trans.__('The Jupyter server is not reached.');
      }
      throw error;
    }
  }

  private _readClock(response: Response): void {
    const date = Date.parse(response.headers.get('Date') ?? '');
    // The header counts whole seconds: less than that is no difference.
    if (!Number.isNaN(date)) {
      const skew = date + 500 - Date.now();
      this._skew = Math.abs(skew) < 1500 ? 0 : skew;
    }
  }

  private _skew = 0;
}

/** Tell any error in words that can be shown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function queryString(query: Query): string {
  const pairs = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) {
      pairs.set(key, typeof value === 'boolean' ? (value ? '1' : '0') : String(value));
    }
  }
  const text = pairs.toString();
  return text && `?${text}`;
}

async function refusal(response: Response): Promise<ApiError> {
  let message = `${response.status} ${response.statusText}`.trim();
  let type = 'HTTPError';
  try {
    const said = (await response.json()) as { message?: unknown; type?: unknown };
    if (typeof said.message === 'string' && said.message) {
      message = said.message;
    }
    if (typeof said.type === 'string') {
      type = said.type;
    }
  } catch {
    // A proxy answered, not our server: the status has to do.
  }
  return new ApiError(message, type, response.status);
}
