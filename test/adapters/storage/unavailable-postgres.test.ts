/** A PostgreSQL server that is stopped and started, that ends connections, and a network that loses answers: an agent waits, goes on when it is cured, and nothing is lost or there twice. */
import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openPostgresStorage } from '../../../src/adapters/storage/postgres-storage.ts';
import { openSqliteStorage } from '../../../src/adapters/storage/sqlite-storage.ts';
import { postgresFolder, startPostgres, type PostgresServer } from '../../support/postgres.ts';
import { runSteadyAgent, storedOf, type SteadyRun } from '../../support/steady-agent.ts';

const bin = postgresFolder();

describe.skipIf(bin === undefined)('on a PostgreSQL server of its own', () => {
  let server: PostgresServer;
  let undisturbed: SteadyRun;
  let expected: unknown;
  beforeAll(async () => {
    server = startPostgres(bin!);
    const storage = await openSqliteStorage(':memory:');
    undisturbed = await runSteadyAgent(storage);
    expected = await storedOf(storage);
    await storage.close();
  });
  afterAll(() => server.stop());

  test('stopped and started again, in the middle of a run', async () => {
    const storage = await openPostgresStorage({ url: server.url, schema: 'stopped' });
    const disturbed = await runSteadyAgent(storage, {
      onTurn(turn) {
        if (turn === 1 || turn === 4) server.halt('fast');
      },
      onStorage({ type }) {
        if (type === 'unavailable') server.start();
      },
    });
    expect(disturbed).toEqual({ ...undisturbed, news: disturbed.news });
    expect(disturbed.news.map(({ type }) => type)).toEqual([
      'unavailable',
      'available',
      'unavailable',
      'available',
    ]);
    expect(await storedOf(storage)).toEqual(expected);
    await storage.close();
  });

  test('with connections that are ended at every turn', async () => {
    const storage = await openPostgresStorage({ url: server.url, schema: 'ended' });
    const admin = new Client({ connectionString: server.url });
    await admin.connect();
    const disturbed = await runSteadyAgent(storage, {
      onTurn: async () =>
        void (await admin.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
        )),
    });
    await admin.end();
    expect(disturbed).toEqual({ ...undisturbed, news: disturbed.news });
    expect(await storedOf(storage)).toEqual(expected);
    await storage.close();
  });

  test('behind a network that hangs, before a statement arrives or before its answer does, that of a commit too', async () => {
    const hung = async (hangs: 'requests' | 'answers' | 'commits'): Promise<void> => {
      const network = await Network.to(join(server.folder, '.s.PGSQL.5432'));
      const storage = await openPostgresStorage({
        url: network.url,
        schema: `hung_${hangs}`,
        timeLimitMs: 1_000,
      });
      const disturbed = await runSteadyAgent(storage, {
        onTurn(turn) {
          if (turn === 2) network.hanging = hangs;
        },
        onStorage({ type, message }) {
          network.hanging = undefined;
          if (type === 'unavailable') expect(message).toMatch(/^storage postgresql:.*timeout/);
        },
      });
      expect(disturbed).toEqual({ ...undisturbed, news: disturbed.news });
      expect(disturbed.news.length).toBeGreaterThan(0);
      expect(await storedOf(storage)).toEqual(expected);
      await storage.close();
      network.close();
    };
    await Promise.all([hung('requests'), hung('answers'), hung('commits')]);
  });

  test('whose URL asks for another schema and other levels', async () => {
    const url = `${server.url}&options=${encodeURIComponent('-c search_path=public -c synchronous_commit=off')}`;
    const storage = await openPostgresStorage({ url, schema: 'own', sync: 'full' });
    await storage.remember({
      identity: { run: 'r1', branch: 'main', pid: 1 as never, n: 1, index: 0 },
      scope: 's',
      text: 'cold cache',
      atUs: 1,
    });
    const { database } = storage as unknown as {
      readonly database: {
        readonly pool: { query: (text: string) => Promise<{ readonly rows: unknown[] }> };
      };
    };
    const shown = await database.pool.query(
      "select current_setting('search_path') as path, current_setting('synchronous_commit') as level, (select count(*)::int from own.memories) as memories",
    );
    expect(shown.rows).toEqual([{ path: 'own', level: 'on', memories: 1 }]);
    await storage.close();
  });
});

/** What lies between a program and its server: a port of this machine. */
class Network {
  /** What does not get through, though no connection ends; `commits`: their answers. */
  hanging: 'requests' | 'answers' | 'commits' | undefined;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  static async to(path: string): Promise<Network> {
    const network = new Network(path);
    await new Promise<void>((resolve) => network.server.listen(0, '127.0.0.1', resolve));
    return network;
  }

  private constructor(path: string) {
    this.server = createServer((near) => {
      const far = connect(path);
      this.relay(near, far, 'requests');
      this.relay(far, near, 'answers');
    });
  }

  get url(): string {
    return `postgresql://postgres@127.0.0.1:${(this.server.address() as AddressInfo).port}/postgres`;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private relay(from: Socket, to: Socket, what: 'requests' | 'answers'): void {
    this.sockets.add(from);
    // What has hung once is lost.
    let isLost = false;
    from.on('data', (bytes) => {
      if (this.hanging === 'commits' && bytes.includes('commit')) this.hanging = 'answers';
      isLost ||= this.hanging === what;
      if (!isLost) to.write(bytes);
    });
    from.on('error', () => {});
    from.on('close', () => to.end());
  }
}
