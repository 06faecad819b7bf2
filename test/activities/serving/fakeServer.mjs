// A fake model server: answers /health, lists the model that it was told to serve (--served), answers questions as it,
// and says on any other path which process, arguments and environment it is.
// FAKE_SERVER=broken ends at once; hung accepts connections and never answers; slow answers /health after a second of
// 503; other serves another model than it was told.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const args = process.argv.slice(2);
const port = Number(args[args.indexOf('--port') + 1]);
const mode = process.env.FAKE_SERVER ?? 'good';
const served = mode === 'other' ? 'another' : args[args.indexOf('--served') + 1];
appendFileSync(process.env.FAKE_STARTS, `${process.pid} ${port}\n`);
if (mode === 'broken') process.exit(3);
const since = Date.now();
createServer((request, response) => {
  if (mode === 'hung') return;
  response.statusCode = mode === 'slow' && Date.now() - since < 1_000 ? 503 : 200;
  if (args.includes('--served') && request.url === '/v1/models')
    response.end(JSON.stringify({ object: 'list', data: [{ id: served, object: 'model' }] }));
  else if (request.url === '/v1/chat/completions')
    response.end(
      JSON.stringify({
        object: 'chat.completion',
        model: served,
        choices: [{ index: 0, message: { role: 'assistant', content: '2' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1 },
      }),
    );
  else response.end(JSON.stringify({ pid: process.pid, args }));
}).listen(port, '127.0.0.1');
