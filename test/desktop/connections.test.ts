import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { run } from '../support/programs.js';
import { echoServer, freePort, serve } from '../support/sockets.js';
import { address, assertEcho, connected, request } from '../support/socks.js';

test('the live log', { skip: unlessDesktop() }, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  await app.show('Connections');
  await app.sees(/Nothing yet: connections appear here/);
  const table = app.page.getByRole('grid', { name: 'Connections' });
  const row = (text: string) => table.getByRole('row').filter({ hasText: text });

  const echo = await echoServer(t);
  const client = await connected(t, port, echo);
  await assertEcho(client, 'x'.repeat(1000));
  await row(`127.0.0.1:${echo}`).getByText('open').waitFor();
  await row(`127.0.0.1:${echo}`).getByText('1.0 kB').first().waitFor();

  const nowhere = await freePort(t);
  const refused = await request(t, port, 1, address('127.0.0.1', nowhere));
  assert.equal(refused.reply.reply, 5);
  await row(`127.0.0.1:${nowhere}`).getByText('failed', { exact: true }).waitFor();
  await row(`127.0.0.1:${nowhere}`)
    .getByText('the destination could not be reached (unreachable): connection refused')
    .waitFor();

  const formula = await request(t, port, 1, address('=1+1', 80));
  assert.notEqual(formula.reply.reply, 0);
  await row('=1+1:80').waitFor();

  const other = await serve(t, (socket) => socket.end('bye'));
  const short = await connected(t, port, other);
  await short.read(3);
  short.socket.end();
  await row(`127.0.0.1:${other}`).getByText('closed').waitFor();

  await app.page.getByLabel('Filter connections').fill(`:${nowhere}`);
  await app.sees('1 of 4 rows');
  assert.equal(await table.getByRole('row').count(), 2);
  await app.page.getByLabel('Filter connections').fill('');
  await app.page.getByLabel('State').selectOption('open');
  await app.sees('1 of 4 rows');
  await app.page.getByLabel('State').selectOption('');
  await app.sees(/^4 rows/);

  await app.button('Pause').click();
  const unseen = await connected(t, port, echo);
  await assertEcho(unseen);
  await app.page.waitForTimeout(300);
  assert.equal(await table.getByRole('row').count(), 5);
  await app.button('Pause').click();
  await app.sees(/^5 rows/);
  unseen.socket.destroy();

  const out = join(session.home, 'log');
  const saveAs = (file: string) =>
    app.electron.evaluate(({ dialog }, path) => {
      dialog.showSaveDialog = async () => ({ canceled: false, filePath: path });
    }, file);
  await saveAs(out);
  await app.button('Export CSV').click();
  await app.sees(/were written to .*log/);
  const [head = '', ...lines] = readFileSync(out, 'utf8').trim().split('\r\n');
  assert.match(head, /^id,time,client,user,/);
  assert.equal(lines.length, 5);
  assert.match(lines[2] ?? '', /,'=1\+1:80,/);
  await saveAs(`${out}.json`);
  await app.button('Export JSON').click();
  await app.sees(/were written to .*log\.json/);
  const objects = readFileSync(`${out}.json`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(objects[1].destination, `127.0.0.1:${nowhere}`);
  assert.equal(objects[1].state, 'failed');

  await row(`127.0.0.1:${echo}`).first().click();
  await app.button('Disconnect').click();
  await client.readAll();
  await row('disconnected').waitFor();
  await app.button('Clear').click();
  await app.sees(/Nothing yet/);
  assert.deepEqual(app.console, []);
});

test('connections are found, put together, added up and ended', {
  skip: unlessDesktop('curl'),
}, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  await app.addUser('alice', 'secret');
  await app.show('Settings');
  await app.page.getByRole('checkbox', { name: 'Anonymous access' }).check();
  await app.show('Connections');
  const { page } = app;
  const grid = page.getByRole('grid', { name: 'Connections' });
  const row = (text: string | RegExp) => page.getByRole('row').filter({ hasText: text });
  const filter = app.field('Filter connections');

  const endless = await serve(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const more = setInterval(() => socket.write(Buffer.alloc(20_000)), 50);
    socket.on('close', () => clearInterval(more)).on('error', () => {});
  });
  const proxy = `socks5h://alice:secret@127.0.0.1:${port}`;
  const curl = run(t, 'curl', [
    ...['-s', '-o', '/dev/null', '--noproxy', '', '-x', proxy, `http://localhost:${endless}/`],
  ]);
  // Which program it is, and how fast: a real one of another process.
  await row('alice').getByText('curl', { exact: true }).waitFor();
  const echo = await echoServer(t);
  const client = await connected(t, port, echo);
  await assertEcho(client, 'x'.repeat(3000));
  await request(t, port, 1, address('127.0.0.1', await freePort(t)));

  await row('alice')
    .getByText(/kB\/s$/)
    .first()
    .waitFor();

  await page.keyboard.press('Control+F');
  await page.locator('input.filter:focus').waitFor();
  await filter.fill('user:alice state:open host:local* >1kB program:curl');
  await app.sees('1 of 3 rows');
  await filter.fill('usr:alice state:failed');
  await app.sees('There is no field “usr”');
  assert.equal(await filter.getAttribute('aria-invalid'), 'true');
  await app.sees('1 of 3 rows');
  await filter.press('Escape');
  await app.sees(/^3 rows/);
  await app.button('How to filter').click();
  await app.sees('Fields: user, group, program');
  await page.keyboard.press('Escape');

  // Several rows, as text.
  await row('failed').click();
  await page.getByRole('complementary', { name: 'Details' }).waitFor();
  await app.button('Jump to newest').waitFor();
  await row('alice').click({ modifiers: ['Control'] });
  assert.equal(await grid.getByRole('row', { selected: true }).count(), 2);
  await page.keyboard.press('Control+C');
  await app.sees('2 rows copied.');
  const copied = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
  assert.match(copied, /^Time\tClient\tProgram\t.*\n.*\tcurl\talice\t.*\n.*\tfailed\t/);
  await row('alice').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Copy details' }).waitFor();
  await page.keyboard.press('Escape');

  // All of this outlives a visit to another view.
  await page.getByLabel('Group by').selectOption('By user');
  const tree = page.getByRole('treegrid', { name: 'Connections' });
  await tree.getByRole('row', { name: /^alice 1 connection, 1 open/, expanded: true }).click();
  await tree.getByRole('row', { name: /^alice/, expanded: false }).waitFor();
  await app.show('Overview');
  await app.sees('the destination could not be reached (unreachable)');
  await app.show('Connections');
  await tree.getByRole('row', { name: /^alice/, expanded: false }).waitFor();
  await page.getByLabel('Group by').selectOption('No groups');
  await app.button('Jump to newest').click();
  await page.locator('[aria-label=Follow][aria-pressed=true]').waitFor();

  // What they come to.
  await page.getByRole('tab', { name: 'Top' }).click();
  await page.getByRole('img', { name: 'Those that moved the most' }).waitFor();
  await page
    .getByRole('table', { name: 'Hosts' })
    .getByRole('row', { name: /^localhost 1 1/ })
    .waitFor();
  await app.button('Programs').click();
  await page
    .getByRole('table', { name: 'Programs' })
    .getByRole('row', { name: /^curl 1 1/ })
    .waitFor();
  await app.button('Show these connections: curl').click();
  await app.sees('1 of 3 rows');
  assert.equal(await filter.inputValue(), 'program:curl');

  // All that match, once the user says so.
  await app.button('Disconnect all that match').click();
  const question = page.getByRole('dialog', { name: 'Disconnect 1 connection?' });
  await question.getByRole('button', { name: 'Cancel' }).click();
  await question.waitFor({ state: 'detached' });
  await app.button('Disconnect all that match').click();
  await question.getByRole('button', { name: 'Disconnect 1 connection' }).click();
  await curl;
  await row('disconnected here (disconnected)').waitFor();
  await assertEcho(client);
  assert.deepEqual(app.console, []);

  // Columns are kept, and so is how large all is.
  await page.getByRole('columnheader', { name: 'Time' }).click({ button: 'right' });
  await page.getByRole('menuitemcheckbox', { name: 'Process', checked: false }).click();
  await page.getByRole('columnheader', { name: 'Process' }).waitFor();
  await page.keyboard.press('Control+=');
  await app.until('devicePixelRatio > 1.05');
  await page.keyboard.press('Control+0');
  await app.until('devicePixelRatio === 1');
  await page.keyboard.press('Control+-');
  await app.until('devicePixelRatio < 0.95');
  await app.close();
  const again = await DesktopApp.start(session);
  await again.until('devicePixelRatio < 0.95');
  await again.show('Connections');
  await again.page.getByRole('columnheader', { name: 'Process' }).waitFor();

  // Whatever is looked for in the palette.
  const palette = async (letters: string, title: string) => {
    await again.page.keyboard.press('Control+Shift+P');
    await again.page.keyboard.type(letters);
    await again.page.getByRole('option', { name: title }).waitFor();
    await again.page.keyboard.press('Enter');
  };
  await palette('idle', 'Setting: Timeouts, Idle timeout');
  await again.page.locator('[id^=setting-]:focus').waitFor();
  await palette('useralice', 'User: alice');
  const password = again.field('Password');
  await password.fill('typed');
  assert.equal(await password.getAttribute('type'), 'password');
  await again.button('Show the password').click();
  assert.equal(await password.getAttribute('type'), 'text');
  await again.button('Make a password').click();
  assert.match(await password.inputValue(), /^[a-zA-Z2-9]{20}$/);
  await again.button('Save').click();
  await again.button('Start server').click();
  await again.status('Running');
  await again.button('Copy the address of alice').click();
  await again.sees(`socks5h://alice@127.0.0.1:${port} copied.`);
});
