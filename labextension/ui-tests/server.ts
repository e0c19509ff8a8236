import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { ServerConnection } from '@jupyterlab/services';

/** What was asked of the server. */
export interface IAsked {
  method: string;
  path: string;
  query: Record<string, string>;
  body: unknown;
}

export interface IAnswer {
  status?: number;
  json?: unknown;
  text?: string;
}

/** A real HTTP server on loopback that answers as a test says, and remembers what was asked. */
export class TestServer {
  readonly asked: IAsked[] = [];
  answer: (asked: IAsked) => IAnswer | Promise<IAnswer> = () => ({ json: {} });

  static async start(): Promise<TestServer> {
    const server = new TestServer();
    await new Promise<void>(resolve => server._http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get settings(): ServerConnection.ISettings {
    const { port } = this._http.address() as AddressInfo;
    return ServerConnection.makeSettings({
      baseUrl: `http://127.0.0.1:${port}/base/`,
      appendToken: false,
      fetch,
      Request,
      Headers
    });
  }

  get last(): IAsked {
    return this.asked[this.asked.length - 1];
  }

  async stop(): Promise<void> {
    this._http.closeAllConnections();
    await new Promise(resolve => this._http.close(resolve));
  }

  private readonly _http: Server = createServer((request, response) => {
    void (async () => {
      const asked = await readRequest(request);
      this.asked.push(asked);
      const { status = 200, json, text } = await this.answer(asked);
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(status === 204 ? undefined : (text ?? JSON.stringify(json)));
    })();
  });
}

async function readRequest(request: IncomingMessage): Promise<IAsked> {
  let text = '';
  for await (const piece of request) {
    text += String(piece);
  }
  const url = new URL(request.url ?? '', 'http://localhost');
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    body: text ? (JSON.parse(text) as unknown) : undefined
  };
}
