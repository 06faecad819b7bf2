import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { RewardAnswer, RewardItem, RewardResponse } from '../../shared/reward/protocol.ts';

export interface FakeRewards {
  readonly url: string;
  /** Called before request `n` (from 1, counted since it was set) is answered. */
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
  const server = createServer((request, response) => {
    void (async () => {
      const { items } = JSON.parse(await text(request)) as { readonly items: readonly RewardItem[] };
      requests += 1;
      await fake.onRequest(requests);
      const body: RewardResponse = {
        items: items.map(answerTo),
        usage: { promptTokens: 0, completionTokens: 0, calls: 0 },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeRewards = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jobs/test/v1/reward`,
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
