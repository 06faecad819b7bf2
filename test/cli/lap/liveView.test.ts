import { LiveView } from '../../../cli/lap/liveView.ts';

/** What a terminal of a size shows after these writes. */
function terminal(columns = 20, rows = 6) {
  let lines = [''];
  let at = 0;
  const out = {
    isTTY: true,
    columns,
    rows,
    write(text: string): boolean {
      const plain = text.replaceAll('\u001B[', '^');
      for (const [part = '', up, below] of plain.matchAll(/\^(\d+)A|\r(\^J)|\n|[^^\r\n]+/g)) {
        if (up !== undefined) at -= Number(up);
        else if (below !== undefined) lines = [...lines.slice(0, at), ''];
        else if (part === '\n') lines[(at += 1)] ??= '';
        else lines[at] += part;
      }
      return true;
    },
  };
  return { view: new LiveView(out as unknown as NodeJS.WriteStream), shown: () => lines };
}

test('lines that change take the place of those before, however many they are', () => {
  const { view, shown } = terminal();
  view.update('one\ntwo\nthree', 'a');
  expect(shown()).toEqual(['one', 'two', 'three']);
  view.update('four', 'b');
  expect(shown()).toEqual(['four']);
  view.update('five\nsix', 'c');
  view.say('what stays');
  expect(shown()).toEqual(['what stays', '']);
  view.update('seven', 'd');
  view.clear();
  expect(shown()).toEqual(['what stays', '']);
});

test('they are cut to the terminal, so that none wraps and none scrolls away', () => {
  const { view, shown } = terminal(20, 3);
  view.update(`${'long '.repeat(10)}\ntwo\nthree`, 'a');
  expect(shown()).toEqual(['long long long lon…', 'two']);
});

test('where there is no terminal they are one line', () => {
  const written: string[] = [];
  const out = { isTTY: false, write: (text: string) => written.push(text) };
  new LiveView(out as unknown as NodeJS.WriteStream).update('one\n  two', 'a');
  expect(written).toEqual(['one · two\n']);
});
