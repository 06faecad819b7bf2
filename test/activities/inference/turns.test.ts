import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { modelKey } from '../../../shared/records.ts';
import { openWorld, quiet, MODEL } from './world.ts';

test('two laps that ask one model from one worker get as many answers each, however many shards one has', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (asked.length < 400) asked.push(/small|large/.exec(body)?.[0] ?? 'none');
      setTimeout(() => {
        const message = { role: 'assistant', content: 'none' };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ model: modelKey(MODEL), choices: [{ message, finish_reason: 'stop' }] }));
      }, 5);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const world = await openWorld({ resolve: `http://127.0.0.1:${port}`, maxConcurrency: 8 });
  try {
    const ask = async (lap: 'small' | 'large', set: number) => {
      const setId = `${lap}/lap-0001/draft-${set}`;
      const rows = await world.rows(lap === 'small' ? 100 : 99, () => `A ${lap} proof.`);
      return world.sample({ setId, rows, seed: set }, quiet());
    };
    await Promise.all([...Array.from({ length: 16 }, (_, set) => ask('large', set)), ask('small', 16)]);
    // Of 1,684 calls; where no lap is told from another, it has about one in seventeen.
    const small = asked.filter((lap) => lap === 'small').length;
    expect(asked.slice(0, 200 + 8).filter((lap) => lap === 'small').length).toBeGreaterThan(75);
    expect(small).toBe(100);
  } finally {
    await world.close();
    server.close();
  }
});
