import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { RewardAnswer, RewardBatch, RewardItem } from '../../shared/reward/protocol.ts';

export interface FakeRewards {
  readonly url: string;
  /** Called before batch `n` (from 1, counted since it was set) is taken. */
  onRequest: (n: number) => void | Promise<void>;
  /** Counts from 1 again. */
  restart(): void;
  close(): Promise<void>;
}

/**
 * A fake reward service: no judges, a reward decided by the hash of the response; one in 32 is unscorable, so that such
 * items take part.
 */
export async function fakeRewards(): Promise<FakeRewards> {
  let requests = 0;
  const batches = new Map<string, readonly RewardItem[]>();
  const server = createServer((request, response) => {
    void (async () => {
      const reply = (status: number, { id, items }: Pick<RewardBatch, 'id' | 'items'>) => {
        const underWay = items.filter((answer) => answer === null).length;
        const body: RewardBatch = { id, items, underWay, progress: 0 };
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      if (request.method === 'GET') {
        const id = new URL(request.url ?? '', 'http://fake').pathname.split('/').at(-1) ?? '';
        return reply(200, { id, items: (batches.get(id) ?? []).map(answerTo) });
      }
      const body = await text(request);
      requests += 1;
      await fake.onRequest(requests);
      const id = createHash('sha256').update(body).digest('hex');
      const { items } = JSON.parse(body) as { readonly items: readonly RewardItem[] };
      batches.set(id, items);
      return reply(202, { id, items: items.map(() => null) });
    })().catch(() => request.destroy()); // whoever asked is gone
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeRewards = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jobs/test/v2/rewards`,
    onRequest: () => undefined,
    restart: () => {
      requests = 0;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return fake;
}

function answerTo({ itemId, response }: RewardItem): RewardAnswer {
  const [first = 0, second = 0] = createHash('sha256').update(response).digest();
  if (second % 32 === 0) return { itemId, status: 'unscorable', reason: 'the fake service says so' };
  return { itemId, status: 'scored', reward: (first % 5) / 4, components: { format: 1 }, imitatesVerdict: false };
}
